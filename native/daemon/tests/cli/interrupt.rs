//! The first Ctrl-C ends the program, also where it is stuck.

use crate::program::{Trace, command};
use crate::script::Script;
use beamtap_testkit::wait_until;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Presses Ctrl-C once; gives the exit code and what was said.
fn interrupt(mut child: Child) -> (Option<i32>, String) {
    let pid = libc::pid_t::try_from(child.id()).expect("a process id");
    // SAFETY: kill has no memory preconditions; the child is not reaped yet.
    unsafe { libc::kill(pid, libc::SIGINT) };
    let begin = Instant::now();
    if !wait_until(Duration::from_secs(20), || child.try_wait().is_ok_and(|status| status.is_some())) {
        child.kill().expect("ours");
        panic!("it goes on for {:?}", begin.elapsed());
    }
    let mut stderr = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut stderr).expect("UTF-8");
    (child.wait().expect("ours").code(), stderr)
}

/// Bytes that wait in a pipe.
fn waiting(pipe: &impl AsRawFd) -> i32 {
    let mut bytes = 0;
    // SAFETY: FIONREAD writes one int.
    unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &raw mut bytes) };
    bytes
}

#[test]
fn while_a_pipe_that_nobody_reads_is_full() {
    let mut script = Script::new();
    for call in 0..10_000 {
        script = script.at(call).call(1, 2);
    }
    let trace = Trace::of(&script);
    let stream = trace.stream("beamtap-events_0");
    let packet = fs::read(&stream).expect("a stream");
    fs::write(&stream, packet.repeat(20)).expect("a stream");
    for arguments in
        [&["read"][..], &["read", "--named"], &["read", "--follow"], &["watch", "--lines", "9999999"]]
    {
        let mut child = command()
            .args(arguments)
            .arg(trace.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("beamtapd can be started");
        let pipe = child.stdout.take().expect("piped");
        assert!(wait_until(Duration::from_secs(30), || waiting(&pipe) >= 60_000), "{arguments:?}");
        assert_eq!(interrupt(child), (Some(130), "beamtapd: interrupted\n".to_owned()), "{arguments:?}");
    }
}

#[test]
fn while_a_relay_daemon_drips() {
    let relay = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("net://{}/host/h/s", relay.local_addr().expect("an address"));
    let child = command()
        .args(["read", &url])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("beamtapd can be started");
    let (mut wire, _) = relay.accept().expect("beamtapd connects");
    let mut asked = [0; 8];
    wire.read_exact(&mut asked).expect("a question");
    // A byte of the answer again and again, until nobody is there.
    let dripping = thread::spawn(move || {
        while wire.write_all(&[0]).is_ok() {
            thread::sleep(Duration::from_millis(400));
        }
    });
    assert_eq!(interrupt(child), (Some(130), "beamtapd: interrupted\n".to_owned()));
    dripping.join().expect("it ends");
}
