//! `beamtapd read` of a live session, with LTTng's own daemons.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::mock_relay::{DATA, Plan, Say, relay};
use crate::program::command;
use crate::writer::{Header, TraceSpec};
use beamtap_testkit::{Emitter, Payload, in_sandbox, wait_until};
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

/// A way to the relay daemon that can be cut.
struct Wire {
    port: u16,
    /// The near end of each connection; the far one follows it.
    ends: Arc<Mutex<Vec<TcpStream>>>,
}

impl Wire {
    fn to(target: u16) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let ends = Arc::new(Mutex::new(Vec::new()));
        let known = ends.clone();
        // It waits for connections until the test's process ends.
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let far = TcpStream::connect(("127.0.0.1", target)).unwrap();
                known.lock().unwrap().push(near.try_clone().unwrap());
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    thread::spawn(move || {
                        // A cut ends it, too.
                        let _ = io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
            }
        });
        Wire { port, ends }
    }

    /// Cuts every connection; says how many there were. New ones can be made.
    fn cut(&self) -> usize {
        let ends = std::mem::take(&mut *self.ends.lock().unwrap());
        ends.iter().filter(|end| end.shutdown(Shutdown::Both).is_ok()).count()
    }
}

/// Presses Ctrl-C and waits for the end; gives the exit code and what was said on standard error.
fn interrupt(mut child: Child) -> (Option<i32>, String) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut status = None;
    assert!(wait_until(SOON, || {
        status = child.try_wait().unwrap();
        status.is_some()
    }));
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (status.unwrap().code(), said)
}

#[test]
fn packets_that_cannot_be_had_without_end_are_told_a_hundred_times() {
    const SPEC: TraceSpec<'static> = TraceSpec {
        uuid: *b"beamtap bad ones",
        hostname: "vm",
        header: Header::Large,
        events: &[("a:b", "")],
    };
    let dir = tempfile::tempdir().unwrap();
    SPEC.create(dir.path());
    for cpu in 0..2 {
        SPEC.stream(dir.path(), &format!("c_{cpu}"), cpu, 4096).end_file();
    }
    // The last word stays: the packet is announced again and again.
    let script = vec![(DATA, Say::Announce(7))];
    let (url, relay) =
        relay(vec![Plan { trace: dir.path().to_owned(), has_late: false, ..Plan::new(13, script) }]);
    let mut child = command()
        .args(["read", &url.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    for _ in 0..100 {
        line.clear();
        stderr.read_line(&mut line).unwrap();
        assert!(line.contains("announces a packet of 7 bits"), "{line}");
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let rest: Vec<String> = stderr.lines().map(Result::unwrap).collect();
    assert!(child.wait().unwrap().code().is_some());
    relay.join().unwrap();
    let [.., more, last] = rest.as_slice() else { panic!("{rest:?}") };
    assert!(more.ends_with(" more faults are not listed") && last.contains("interrupted"), "{rest:?}");
    assert!(rest.len() <= 3, "{rest:?}");
}

#[test]
fn a_directory_is_followed_until_somebody_has_seen_enough() {
    let whole = fixture();
    let dir = tempfile::tempdir().unwrap();
    fs::copy(whole.join("metadata"), dir.path().join("metadata")).unwrap();
    let bytes = fs::read(whole.join("c_1")).unwrap();
    // A packet and a half, then the rest, then the other stream.
    fs::write(dir.path().join("c_1"), &bytes[..6000]).unwrap();
    let printed = dir.path().join("printed");
    let child = command()
        .args(["read", "--follow", dir.path().to_str().unwrap()])
        .stdout(File::create(&printed).unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let count = || fs::read_to_string(&printed).unwrap().lines().count();
    assert!(wait_until(SOON, || count() > 0));
    let first = count();
    fs::write(dir.path().join("c_1"), &bytes).unwrap();
    assert!(wait_until(SOON, || count() > first));
    fs::copy(whole.join("c_0"), dir.path().join("c_0")).unwrap();
    // What is there when Ctrl-C is pressed is printed.
    let (code, said) = interrupt(child);
    assert_eq!((code, said.as_str()), (Some(130), "beamtapd: interrupted\n"));
    let recorded = command().arg("read").arg(&whole).output().unwrap();
    let sorted = |text: &str| {
        // The other stream came late: lines are told in the order they came, and the time since the one before differs.
        let mut lines: Vec<String> =
            text.lines().map(|line| line.split_once(") ").unwrap().1.to_owned()).collect();
        lines.sort();
        lines
    };
    let printed = fs::read_to_string(&printed).unwrap();
    assert_eq!(sorted(&printed), sorted(&String::from_utf8(recorded.stdout).unwrap()));
}

fn fixture() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../ctf/tests/fixtures/ust-mixed")
}

#[test]
fn a_live_session_is_printed_while_it_is_recorded_over_a_broken_connection_too() {
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
        let wire = Wire::to(relayd.live_port);
        let url = format!("net://127.0.0.1:{}/host/{}/watched", wire.port, hostname.trim());
        let printed = world.home().join("printed");
        let child = command()
            .args(["read", "--event", "emitter:*", &url])
            .stdout(File::create(&printed).unwrap())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let count = || fs::read_to_string(&printed).unwrap().lines().count();
        assert!(wait_until(SOON, || count() == emitted), "{} of {emitted}", count());
        let more = emitter.burst(Payload::Loose, 50) as usize;
        assert!(wait_until(SOON, || count() == emitted + more), "{} of {}", count(), emitted + more);

        assert_eq!(wire.cut(), 1);
        let much_more = emitter.burst(Payload::Loose, 50) as usize;
        let all = emitted + more + much_more;
        assert!(wait_until(SOON, || count() == all), "{} of {all}", count());
        let (code, said) = interrupt(child);
        assert_eq!(code, Some(130), "{said}");
        assert!(
            said.contains("trying to attach again for 60 s")
                && said.contains("reading continues where it stopped"),
            "{said}"
        );

        // The same from the directory that the relay daemon wrote.
        lttng(&["stop"]);
        let output = relayd.output().to_str().unwrap();
        let recorded = command().args(["read", "--event", "emitter:*", output]).output().unwrap();
        assert_eq!(fs::read_to_string(&printed).unwrap(), String::from_utf8(recorded.stdout).unwrap());
        lttng(&["destroy", "watched"]);
    });
}
