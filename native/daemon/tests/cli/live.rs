//! `beamtapd read` of a live session, with LTTng's own daemons.

use crate::program::command;
use beamtap_testkit::{Emitter, Payload, in_sandbox, wait_until};
use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

#[test]
fn a_live_session_is_printed_while_it_is_recorded() {
    in_sandbox(|world| {
        let (_sessiond, relayd) = (world.sessiond(), world.relayd());
        let lttng = |arguments: &[&str]| world.run("lttng", &[&["--no-sessiond"], arguments].concat());
        let target = format!("--set-url=net://127.0.0.1:{}:{}", relayd.control_port, relayd.data_port);
        lttng(&["create", "watched", "--live=100000", &target]);
        lttng(&["enable-event", "-u", Payload::Loose.event()]);
        lttng(&["start"]);
        let mut emitter = Emitter::start(world);
        emitter.wait_enabled(Payload::Loose);
        let emitted = emitter.burst(Payload::Loose, 100) as usize;

        let hostname = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        let url = format!("net://127.0.0.1:{}/host/{}/watched", relayd.live_port, hostname.trim());
        let printed = world.home().join("printed");
        let mut child = command()
            .args(["read", "--event", "emitter:*", &url])
            .stdout(File::create(&printed).unwrap())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let count = || fs::read_to_string(&printed).unwrap().lines().count();
        assert!(wait_until(SOON, || count() == emitted), "{} of {emitted}", count());
        let more = emitter.burst(Payload::Loose, 50) as usize;
        assert!(wait_until(SOON, || count() == emitted + more), "{} of {}", count(), emitted + more);

        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        let mut status = None;
        assert!(wait_until(SOON, || {
            status = child.try_wait().unwrap();
            status.is_some()
        }));
        assert_eq!(status.unwrap().code(), Some(130));

        // The same from the directory that the relay daemon wrote.
        lttng(&["stop"]);
        let output = relayd.output().to_str().unwrap();
        let recorded = command().args(["read", "--event", "emitter:*", output]).output().unwrap();
        assert_eq!(fs::read_to_string(&printed).unwrap(), String::from_utf8(recorded.stdout).unwrap());
        lttng(&["destroy", "watched"]);
    });
}
