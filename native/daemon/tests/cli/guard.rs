//! `beamtapd guard` beside a session daemon that is not its own.

use crate::program::done;
use beamtap_testkit::{Sandbox, wait_until};
use std::fs::{self, File};
use std::time::Duration;

const WITHIN: Duration = Duration::from_secs(60);

/// A flight recorder in somebody's session daemon.
fn record(world: &Sandbox) {
    let output = world.home().join("theirs");
    world.run("lttng", &["create", "theirs", "--snapshot", "--output", output.to_str().expect("UTF-8")]);
    world.run("lttng", &["enable-event", "--userspace", "any:event"]);
    world.run("lttng", &["start"]);
}

fn is_left_alone(world: &Sandbox) {
    assert!(world.run("lttng", &["list"]).contains("theirs"));
    assert!(!world.home().join("theirs").exists(), "it was written");
    // Root's run directory is the world's own.
    let told = "test ! -e /run/lttng/beamtap-flights && test ! -e \"$LTTNG_HOME/.lttng/beamtap-flights\"";
    world.run("sh", &["-c", told]);
}

#[test]
fn where_another_runs_it_refuses_to_start_one() {
    let world = Sandbox::new();
    let _theirs = world.sessiond();
    record(&world);
    let mut command = world.command(env!("CARGO_BIN_EXE_beamtapd"));
    // Its parent, by this, is gone already: what recorders hold would be written.
    let guard = done(command.args(["guard", "--parent", "1", "--", "lttng-sessiond"]).output().unwrap());
    assert_eq!((guard.code, guard.stdout.as_str()), (Some(1), ""), "{}", guard.stderr);
    assert_eq!(guard.stderr.lines().count(), 1, "{}", guard.stderr);
    assert!(guard.stderr.contains("is already running and not the guard's own"), "{}", guard.stderr);
    is_left_alone(&world);
}

#[test]
fn one_that_came_later_is_left_alone_when_the_parent_ends() {
    let world = Sandbox::new();
    let said = world.home().join("said");
    let mut shell = world.command("sh");
    // A daemon that never serves.
    shell.args(["-c", "\"$0\" guard --parent $$ -- sleep 1000 & wait", env!("CARGO_BIN_EXE_beamtapd")]);
    let mut parent = world.spawn(shell.stderr(File::create(&said).unwrap()));
    let is_started = || {
        let name = |pid| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        world.inhabitants().into_iter().any(|pid| name(pid).trim() == "sleep")
    };
    assert!(wait_until(WITHIN, is_started));
    let _theirs = world.sessiond();
    record(&world);
    parent.kill();
    let line = || fs::read_to_string(&said).unwrap();
    assert!(wait_until(WITHIN, || line().contains("not the guard's own")), "{}", line());
    assert_eq!(line().lines().count(), 1, "{}", line());
    is_left_alone(&world);
}
