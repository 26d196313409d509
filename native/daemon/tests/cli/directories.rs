//! Directories that hold more than one readable trace.

use crate::program::{Done, demo, done, run};
use crate::trace_writer;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

/// Runs the program as somebody who may not read everything, also where the tests may.
fn run_as_nobody(home: &Path, arguments: &[&str]) -> Done {
    let program = home.join("beamtapd");
    if !program.exists() {
        // By another process: what a test has open for writing, others that it starts meanwhile may hold open.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_beamtapd")).arg(&program).status();
        assert!(copied.expect("cp can be started").success());
    }
    // SAFETY: geteuid has no preconditions.
    let mut command = if unsafe { libc::geteuid() } == 0 {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    done(command.args(arguments).output().expect("beamtapd can be started"))
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("ours");
}

#[test]
fn a_directory_that_cannot_be_read_is_named_and_the_rest_is_read() {
    let home = tempfile::tempdir().unwrap();
    let traces = home.path().join("traces");
    for trace in ["one", "two", "three"] {
        trace_writer::write(&demo(), &traces.join(trace).join("ust"));
    }
    allow(home.path(), 0o755);
    // One above its trace, and the trace itself.
    let closed = [traces.join("two"), traces.join("three/ust")];
    closed.iter().for_each(|path| allow(path, 0o000));
    let traces = traces.to_str().unwrap();
    for arguments in [&["info"][..], &["info", "--json"], &["report"], &["read"], &["read", "--named"]] {
        let told = run_as_nobody(home.path(), &[arguments, &[traces]].concat());
        assert_eq!(told.code, Some(1), "{arguments:?}: {}", told.stderr);
        for path in &closed {
            let line = told.stderr.lines().find(|line| line.contains(path.to_str().unwrap()));
            assert!(line.is_some_and(|line| line.contains("Permission denied")), "{path:?}: {}", told.stderr);
        }
        assert_eq!(told.stderr.lines().count(), 2, "{}", told.stderr);
        assert!(told.stdout.lines().count() > 3, "{arguments:?}: {}", told.stdout);
    }
    let told = run_as_nobody(home.path(), &["info", closed[0].to_str().unwrap()]);
    assert_eq!((told.code, told.stdout.as_str()), (Some(1), ""));
    assert!(told.stderr.contains("Permission denied"), "{}", told.stderr);
    closed.iter().for_each(|path| allow(path, 0o755));
}

#[test]
fn links_that_lead_back_show_nothing_twice() {
    let home = tempfile::tempdir().unwrap();
    trace_writer::write(&demo(), &home.path().join("one/ust"));
    let path = home.path().to_str().unwrap();
    let before = run(&["read", path]).stdout;
    for (link, target) in [("one/up", ".."), ("one/self", "."), ("again", "one"), ("circle", "circle")] {
        symlink(target, home.path().join(link)).unwrap();
    }
    let told = run(&["read", path]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""));
    assert!(told.stdout == before && before.lines().count() > 20);
}
