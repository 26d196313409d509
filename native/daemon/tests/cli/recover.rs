//! `beamtapd recover`.

use crate::program::{done, run};
use beamtap_testkit::{Emitter, Inhabitant, Payload, Sandbox, babeltrace, wait_until};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A session with its buffers in a directory, and a process that has recorded in it.
struct Recording {
    world: Sandbox,
    sessiond: Inhabitant,
    emitter: Emitter,
    emitted: u64,
}

impl Recording {
    fn new() -> Self {
        let world = Sandbox::new();
        let sessiond = world.sessiond();
        let path = |name: &str| world.home().join(name).display().to_string();
        let shm = format!("--shm-path={}", path("shm"));
        let output = format!("--output={}", path("trace"));
        world.run("lttng", &["create", "crashed", &output, &shm]);
        world.run("lttng", &["enable-channel", "-u", "c", "--subbuf-size=4096", "--num-subbuf=4"]);
        world.run("lttng", &["enable-event", "-u", "-c", "c", "emitter:*"]);
        world.run("lttng", &["start"]);
        let mut emitter = Emitter::start(&world);
        emitter.wait_enabled(Payload::Loose);
        // Each CPU fills a packet, which is written, and begins one, which is not.
        let emitted = emitter.burst(Payload::Loose, 400);
        Self { world, sessiond, emitter, emitted }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.world.home().join(name)
    }

    /// Kills everybody who could still write anything.
    fn crash(&mut self) {
        for pid in self.sessiond.children() {
            // SAFETY: kill has no memory preconditions.
            unsafe { libc::kill(pid.cast_signed(), libc::SIGKILL) };
        }
        self.sessiond.kill();
        self.emitter.kill();
    }

    /// Runs the program in the recording's world.
    fn recover(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = self.world.command(env!("CARGO_BIN_EXE_beamtapd"));
        command.arg("recover").arg(self.path("shm")).args(arguments);
        let done = done(command.output().expect("beamtapd can be started"));
        (done.code, done.stdout, done.stderr)
    }
}

fn is_empty(directory: &Path) -> bool {
    directory.read_dir().is_ok_and(|mut entries| entries.next().is_none())
}

#[test]
fn after_a_crash_the_trace_and_what_is_recovered_hold_every_event() {
    let mut recording = Recording::new();
    recording.crash();
    let trace = recording.path("trace");
    let output = trace.to_str().expect("UTF-8");
    let (code, stdout, stderr) = recording.recover(&["--output", output, "--json", "--remove"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let answer: Value = serde_json::from_str(&stdout).expect("JSON");
    let [one] = &answer["recovered"].as_array().expect("an array")[..] else { panic!("{answer}") };
    assert_eq!(one["read"], recording.emitted);
    assert_eq!(one["output"], output);
    let recovered = babeltrace(Path::new(one["trace"].as_str().expect("a path"))).len() as u64;
    assert!(recovered > 0 && recovered < recording.emitted, "the rest had been written: {recovered}");
    assert_eq!((&one["events"], &one["removed"]), (&recovered.into(), &true.into()));
    assert_eq!(babeltrace(&trace).len() as u64, recording.emitted, "babeltrace2 reads them as one, too");
    assert!(is_empty(&recording.path("shm")), "the buffers are removed");

    let (code, _, stderr) = recording.recover(&[]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("no buffers of a session in"), "{stderr}");
}

#[test]
fn a_trace_that_has_no_metadata_gets_it() {
    let mut recording = Recording::new();
    recording.crash();
    let trace = recording.path("trace");
    let metadata: Vec<PathBuf> = beamtap_testkit::stream_files(&trace)
        .iter()
        .map(|stream| stream.path.with_file_name("metadata"))
        .collect();
    // As LTTng leaves it when it is killed before it wrote any.
    std::fs::write(&metadata[0], "").expect("the metadata");
    let (code, stdout, stderr) = recording.recover(&["--output", trace.to_str().expect("UTF-8")]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(stdout.contains(&format!("now holds {} events", recording.emitted)), "{stdout}");
    assert!(!is_empty(&recording.path("shm")), "the buffers stay unless told otherwise");
}

/// Every file below a directory, with its bytes.
fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in directory.read_dir().expect("a directory").flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files(&path)),
            path => found.push((path.clone(), std::fs::read(&path).expect("a file"))),
        }
    }
    found.sort();
    found
}

#[test]
fn a_finished_trace_is_refused_and_left_as_it_is() {
    let recording = Recording::new();
    recording.world.run("lttng", &["destroy", "crashed"]);
    let trace = recording.path("trace");
    let before = files(&trace);
    assert_eq!(babeltrace(&trace).len() as u64, recording.emitted);
    // The trace itself, and the folder of all traces.
    for path in [trace.as_path(), recording.world.home()] {
        let output = recording.path("output");
        for more in [&["--remove"][..], &["--remove", "--json"], &[]] {
            let mut command = recording.world.command(env!("CARGO_BIN_EXE_beamtapd"));
            command.arg("recover").arg(path).args(more).arg("--output").arg(&output);
            let told = done(command.output().expect("beamtapd can be started"));
            assert_eq!((told.code, told.stdout.as_str()), (Some(1), ""), "{}", told.stderr);
            assert!(told.stderr.contains("no LTTng buffers in"), "{}", told.stderr);
            assert!(told.stderr.contains("beamtapd info DIR"), "{}", told.stderr);
        }
        assert!(!output.exists(), "nothing is written");
    }
    assert!(files(&trace) == before, "nothing is removed and nothing changed");
}

/// What cannot be read back is no reason to throw away what it was made of.
#[test]
fn buffers_that_were_not_recovered_whole_stay() {
    let mut recording = Recording::new();
    recording.crash();
    let shm = recording.path("shm");
    let damaged = files(&shm).into_iter().find(|(path, _)| path.ends_with("c_0")).expect("a buffer").0;
    let bytes = std::fs::read(&damaged).expect("a buffer");
    // Cut in the middle of its sub-buffers.
    std::fs::write(&damaged, &bytes[..bytes.len() / 2]).expect("a buffer");
    let before = files(&shm);
    let (code, stdout, stderr) = recording.recover(&["--remove"]);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(files(&shm) == before, "{stdout}{stderr}");
}

#[test]
fn what_is_still_recorded_is_left_alone() {
    let mut recording = Recording::new();
    let refused = |(code, _, stderr): (Option<i32>, String, String)| {
        assert_eq!(code, Some(3));
        assert!(stderr.contains("still records in") && stderr.contains("lttng destroy"), "{stderr}");
    };
    refused(recording.recover(&[]));
    // The consumer daemon has what the killed process left, and writes it when its session ends.
    recording.emitter.kill();
    refused(recording.recover(&[]));
    recording.world.run("lttng", &["destroy", "crashed"]);
    assert_eq!(babeltrace(&recording.path("trace")).len() as u64, recording.emitted);
    assert!(wait_until(Duration::from_secs(30), || {
        recording.recover(&[]).2.contains("no buffers of a session in")
    }));
}

#[test]
fn a_path_that_is_not_there_is_named() {
    let told = run(&["recover", "/nonexistent/shm"]);
    assert_eq!(told.code, Some(1));
    assert!(told.stderr.contains("/nonexistent/shm"), "{}", told.stderr);
}
