//! The sandbox keeps its world apart and leaves nothing behind.

use std::fs;
use std::time::Duration;

use beamtap_testkit::{
    Emitter, Payload, Sandbox, SandboxOptions, babeltrace, cannot_run, in_sandbox, in_sandbox_with, is_alive,
    stream_files, wait_until,
};

const SOON: Duration = Duration::from_secs(30);

#[test]
fn two_worlds_do_not_see_each_other_and_end_with_their_values() {
    let (one, two) = (Sandbox::new(), Sandbox::new());
    let (first, second) = (one.sessiond(), two.sessiond());
    one.run("lttng", &["--no-sessiond", "create", "mine"]);

    assert!(one.run("lttng", &["--no-sessiond", "list"]).contains("mine"));
    assert!(!two.run("lttng", &["--no-sessiond", "list"]).contains("mine"));

    let pids = [first.pid(), second.pid()];
    let homes = [one.home().to_owned(), two.home().to_owned()];
    drop((one, two));
    for pid in pids {
        let is_gone =
            || fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "));
        assert!(wait_until(SOON, is_gone), "{pid} is left");
    }
    for home in homes {
        assert!(!home.exists(), "{} is left", home.display());
    }
}

#[test]
fn a_daemon_that_detaches_ends_with_the_world() {
    let world = Sandbox::new();
    world.run("lttng-sessiond", &["--daemonize", "--no-kernel"]);
    assert!(world.is_sessiond_answering());
    let inhabitants = world.inhabitants();
    assert!(inhabitants.len() >= 2, "the daemon and its helper: {inhabitants:?}");
    drop(world);
    for pid in inhabitants {
        assert!(wait_until(SOON, || !is_alive(pid)), "{pid} is left");
    }
}

#[test]
fn exit_statuses_and_arguments_pass_through() {
    let world = Sandbox::new();
    let status = world.command("sh").args(["-c", "exit $1", "sh", "7"]).status().unwrap();
    assert_eq!(status.code(), Some(7));
    let here = std::env::current_dir().unwrap();
    assert_eq!(world.run("pwd", &[]).trim_end(), here.to_str().unwrap());
}

#[test]
fn shared_memory_has_the_size_asked_for() {
    let options = SandboxOptions { shm_size: 8 << 20 };
    in_sandbox_with(&options, |world| {
        if !world.is_private() {
            return cannot_run("a private /dev/shm needs root");
        }
        let size = world.run("df", &["--block-size=1", "--output=size", "/dev/shm"]);
        assert_eq!(size.lines().last().unwrap().trim(), (8 << 20).to_string());
    });
}

#[test]
fn what_an_emitter_emits_the_witness_reads() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let trace = world.home().join("trace");
        for args in [
            &["create", "s", "--output", trace.to_str().unwrap()][..],
            &["enable-event", "--userspace", "emitter:*"],
            &["start"],
        ] {
            world.run("lttng", args);
        }
        let mut emitter = Emitter::start(world);
        emitter.wait_enabled(Payload::Exact);
        let emitted = emitter.burst(Payload::Exact, 100);
        world.run("lttng", &["destroy"]);

        let events = babeltrace(&trace);
        assert_eq!(events.len() as u64, emitted);
        assert!(events.is_sorted_by_key(|event| event.timestamp_ns));
        for event in &events {
            assert_eq!(
                (event.name.as_str(), &*event.fields["a"], &*event.fields["b"]),
                ("emitter:exact", "1", "2")
            );
        }
        for file in stream_files(&trace) {
            let cpu = file.packets[0].cpu_id;
            assert_eq!(file.channel(), "channel0");
            let seen: Vec<&str> = events
                .iter()
                .filter(|event| event.cpu_id == Some(cpu))
                .map(|event| &*event.fields["n"])
                .collect();
            let expected: Vec<String> = (0..100).map(|n| n.to_string()).collect();
            assert_eq!(seen, expected, "CPU {cpu}");
            let content: u64 = file.packets.iter().map(|packet| packet.content_size - 84).sum();
            assert!(content >= 100 * 17, "17 bytes an event");
        }
    });
}

#[test]
fn a_relay_daemon_listens_on_loopback_only() {
    let world = Sandbox::new();
    let relayd = world.relayd();
    let ports = [relayd.control_port, relayd.data_port, relayd.live_port];
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    for port in ports {
        assert!(table.contains(&format!("0100007F:{port:04X} 00000000:0000 0A")), "127.0.0.1:{port}");
        assert!(!table.contains(&format!("00000000:{port:04X} 00000000:0000 0A")), "0.0.0.0:{port}");
    }
}

#[test]
fn an_inhabitant_stops_and_continues() {
    let world = Sandbox::new();
    let mut sleeper = world.spawn(world.command("sleep").arg("1000"));
    let state = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next())
    };
    sleeper.signal(libc::SIGSTOP);
    assert_eq!(state(sleeper.pid()), Some('T'));
    sleeper.signal(libc::SIGCONT);
    assert!(wait_until(SOON, || state(sleeper.pid()) == Some('S')));
    sleeper.kill();
    assert!(!is_alive(sleeper.pid()));
}
