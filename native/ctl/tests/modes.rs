//! Each mode of a session against real daemons: what is emitted arrives where the plan says.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use beamtap_ctl::{
    Buffers, Channel, DEFAULT_TIMEOUT, Files, Lttng, Mode, OnFull, Output, Plan, Rotation, Rule, Session,
    Sharing,
};
use beamtap_testkit::{Emitter, Payload, Relayd, babeltrace, in_sandbox, wait_until};

const LOOSE: Payload = Payload::Loose;

fn channel() -> Channel {
    Channel::new("events").event("emitter:*")
}

fn started(lttng: &Lttng, plan: &Plan) -> Session {
    let mut session = lttng.open(plan, DEFAULT_TIMEOUT).expect("the session opens");
    session.start(DEFAULT_TIMEOUT).expect("the session starts");
    session
}

fn finish(mut session: Session) {
    session.stop(DEFAULT_TIMEOUT).expect("the session stops");
    session.destroy(DEFAULT_TIMEOUT).expect("the session is destroyed");
}

fn url(relayd: &Relayd) -> String {
    format!("net://127.0.0.1:{}:{}", relayd.control_port, relayd.data_port)
}

fn events_in(trace: &Path) -> u64 {
    babeltrace(trace).len() as u64
}

/// Something was written to each of the channel's streams; whether whole packets cannot be asked while it is written.
fn has_data(dir: &Path) -> bool {
    let streams: Vec<u64> = stream_sizes(dir);
    !streams.is_empty() && streams.iter().all(|size| *size > 0)
}

fn stream_sizes(dir: &Path) -> Vec<u64> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    entries
        .flatten()
        .flat_map(|entry| {
            let (path, name) = (entry.path(), entry.file_name());
            if path.is_dir() {
                return if name == "index" { Vec::new() } else { stream_sizes(&path) };
            }
            let is_stream = name.to_string_lossy().starts_with("events_");
            entry.metadata().ok().filter(|_| is_stream).map(|meta| meta.len()).into_iter().collect()
        })
        .collect()
}

#[test]
fn a_net_session_arrives_at_the_relay_daemon() {
    in_sandbox(|world| {
        let (_sessiond, relayd) = (world.sessiond(), world.relayd());
        let lttng = Lttng::load().unwrap();
        let mut emitter = Emitter::start(world);
        let mode = Mode::Streaming { output: Output::Net(url(&relayd)) };
        let session = started(&lttng, &Plan::new("net", mode).channel(channel()));
        assert_eq!(session.path(), None);
        emitter.wait_enabled(LOOSE);
        let emitted = emitter.burst(LOOSE, 1000);
        finish(session);
        assert_eq!(events_in(relayd.output()), emitted);
    });
}

#[test]
fn without_a_relay_daemon_opening_says_so() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let relayd = world.relayd();
        let mode = Mode::Streaming { output: Output::Net(url(&relayd)) };
        drop(relayd);
        let error = lttng.open(&Plan::new("net", mode).channel(channel()), DEFAULT_TIMEOUT).err().unwrap();
        assert!(error.is_no_relayd(), "{error}");
        assert!(error.remedy().contains("lttng-relayd"));
        assert_eq!(lttng.sessions(DEFAULT_TIMEOUT).unwrap(), []);
    });
}

#[test]
fn a_live_session_hands_its_events_on_while_it_runs() {
    in_sandbox(|world| {
        let (_sessiond, relayd) = (world.sessiond(), world.relayd());
        let lttng = Lttng::load().unwrap();
        let mut emitter = Emitter::start(world);
        let interval = Duration::from_millis(50);
        let mode = Mode::Live { url: url(&relayd), interval };
        let session = started(&lttng, &Plan::new("live", mode).channel(channel()));
        let listed = lttng.sessions(DEFAULT_TIMEOUT).unwrap();
        assert_eq!(listed[0].live_interval, Some(interval));

        emitter.wait_enabled(LOOSE);
        let emitted = emitter.burst(LOOSE, 100);
        // The relay daemon writes what its viewers can see: nobody has stopped the session yet.
        assert!(wait_until(DEFAULT_TIMEOUT, || has_data(relayd.output())));
        finish(session);
        assert_eq!(events_in(relayd.output()), emitted);
    });
}

#[test]
fn a_flight_recorder_keeps_the_newest_and_gives_it_on_request() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut emitter = Emitter::start(world);
        let output = world.home().join("snapshots");
        let small = Buffers { subbuf_size: 4096, subbuf_count: 4 };
        let plan = Plan::new("recorder", Mode::Snapshot { output: Output::Local(output.clone()) })
            .channel(channel().buffers(small).on_full(OnFull::Overwrite));
        let mut session = started(&lttng, &plan);
        assert!(lttng.sessions(DEFAULT_TIMEOUT).unwrap()[0].is_snapshot);
        emitter.wait_enabled(LOOSE);
        emitter.burst(LOOSE, 50_000);

        let first = session.snapshot("alarm", DEFAULT_TIMEOUT).unwrap().unwrap();
        assert_eq!(first.parent(), Some(output.as_path()));
        let numbers: Vec<u64> =
            babeltrace(&first).iter().map(|event| event.fields["n"].parse().unwrap()).collect();
        assert_eq!(numbers.iter().max(), Some(&49_999), "the newest is there");
        assert!(numbers.len() < 5_000 && !numbers.contains(&0), "the oldest is not: {}", numbers.len());

        let second = session.snapshot("alarm", DEFAULT_TIMEOUT).unwrap().unwrap();
        assert_ne!(first, second);
        assert_eq!(fs::read_dir(&output).unwrap().count(), 2);
        let losses = session.stop(DEFAULT_TIMEOUT).unwrap();
        assert_eq!(losses.discarded_events(), 0);
        assert!(session.rotate(DEFAULT_TIMEOUT).is_err(), "a flight recorder does not rotate");
        session.destroy(DEFAULT_TIMEOUT).unwrap();
    });
}

#[test]
fn a_flight_recorder_outlives_a_killed_process() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut emitter = Emitter::start(world);
        let output = world.home().join("snapshots");
        let plan = Plan::new("recorder", Mode::Snapshot { output: Output::Local(output) })
            .channel(channel().on_full(OnFull::Overwrite));
        let session = started(&lttng, &plan);
        emitter.wait_enabled(LOOSE);
        let emitted = emitter.burst(LOOSE, 100);
        emitter.process().signal(libc::SIGKILL);
        drop(emitter);
        let snapshot = session.snapshot("after", DEFAULT_TIMEOUT).unwrap().unwrap();
        assert_eq!(events_in(&snapshot), emitted);
    });
}

#[test]
fn a_snapshot_can_go_to_a_relay_daemon() {
    in_sandbox(|world| {
        let (_sessiond, relayd) = (world.sessiond(), world.relayd());
        let lttng = Lttng::load().unwrap();
        let mut emitter = Emitter::start(world);
        let plan = Plan::new("recorder", Mode::Snapshot { output: Output::Net(url(&relayd)) })
            .channel(channel().on_full(OnFull::Overwrite));
        let session = started(&lttng, &plan);
        emitter.wait_enabled(LOOSE);
        let emitted = emitter.burst(LOOSE, 100);
        assert_eq!(session.snapshot("far", DEFAULT_TIMEOUT).unwrap(), None);
        assert_eq!(events_in(relayd.output()), emitted);
    });
}

#[test]
fn only_a_flight_recorder_gives_snapshots() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let plan = Plan::new("s", Mode::local(world.home().join("s"))).channel(channel());
        let session = started(&lttng, &plan);
        assert!(session.snapshot("x", DEFAULT_TIMEOUT).unwrap_err().is_bad_plan());
    });
}

#[test]
fn chunks_are_complete_traces_while_the_session_goes_on() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut emitter = Emitter::start(world);
        let trace = world.home().join("chunks");
        let session = started(&lttng, &Plan::new("chunks", Mode::local(&trace)).channel(channel()));
        emitter.wait_enabled(LOOSE);
        let mut chunks: Vec<PathBuf> = Vec::new();
        for count in [10, 20, 30] {
            let emitted = emitter.burst(LOOSE, count);
            let chunk = session.rotate(DEFAULT_TIMEOUT).unwrap().unwrap();
            assert!(chunk.starts_with(&trace));
            assert_eq!(events_in(&chunk), emitted);
            assert!(!chunks.contains(&chunk));
            chunks.push(chunk);
        }
        finish(session);
    });
}

#[test]
fn a_session_rotates_by_itself() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut emitter = Emitter::start(world);
        let trace = world.home().join("timed");
        let rotation = Rotation { period: Some(Duration::from_millis(200)), size: Some(1 << 30) };
        let plan = Plan::new("timed", Mode::local(&trace)).channel(channel()).rotation(rotation);
        let session = started(&lttng, &plan);
        emitter.wait_enabled(LOOSE);
        emitter.burst(LOOSE, 10);
        let chunks = || fs::read_dir(trace.join("archives")).map_or(0, Iterator::count);
        assert!(wait_until(DEFAULT_TIMEOUT, || chunks() >= 2));
        finish(session);
    });
}

#[test]
fn buffers_in_files_are_recovered_after_everything_was_killed() {
    in_sandbox(|world| {
        let mut sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut emitter = Emitter::start(world);
        let shm = world.home().join("shm");
        let plan =
            Plan::new("crash", Mode::local(world.home().join("crash"))).channel(channel()).shm_path(&shm);
        let session = started(&lttng, &plan);
        emitter.wait_enabled(LOOSE);
        let emitted = emitter.burst(LOOSE, 100);
        for pid in sessiond.children() {
            // SAFETY: kill has no memory preconditions.
            unsafe { libc::kill(pid.try_into().unwrap(), libc::SIGKILL) };
        }
        sessiond.kill();
        drop(session);

        let recovered = world.home().join("recovered");
        let (shm, to) = (shm.to_str().unwrap(), recovered.to_str().unwrap());
        world.run("lttng-crash", &["--extract", to, shm]);
        assert_eq!(events_in(&recovered), emitted);
    });
}

#[test]
fn a_filter_chooses_and_a_wrong_one_is_told() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut emitter = Emitter::start(world);
        let trace = world.home().join("filter");
        let plan = |name: &str, filter: &str| {
            Plan::new(name, Mode::local(&trace))
                .channel(Channel::new("events").rule(Rule::new(LOOSE.event()).filter(filter)))
        };
        let error = lttng.open(&plan("wrong", "n >"), DEFAULT_TIMEOUT).err().unwrap();
        assert!(error.is_bad_plan() && error.to_string().contains("\"n >\""), "{error}");

        let session = started(&lttng, &plan("right", "n >= 90"));
        emitter.wait_enabled(LOOSE);
        let emitted = emitter.burst(LOOSE, 100);
        finish(session);
        assert_eq!(events_in(&trace), emitted / 10);
    });
}

#[test]
fn a_switch_timer_writes_half_full_buffers_and_files_are_bounded() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut emitter = Emitter::start(world);
        let trace = world.home().join("timer");
        let small = Buffers { subbuf_size: 4096, subbuf_count: 64 };
        let plan = Plan::new("timer", Mode::local(&trace)).channel(
            channel()
                .buffers(small)
                .switch_timer(Duration::from_millis(20))
                .files(Files { size: 8192, count: 2 }),
        );
        let session = started(&lttng, &plan);
        emitter.wait_enabled(LOOSE);
        emitter.burst(LOOSE, 1);
        assert!(wait_until(DEFAULT_TIMEOUT, || has_data(&trace)), "nothing comes before the buffer is full");
        emitter.burst(LOOSE, 10_000);
        finish(session);
        let sizes = stream_sizes(&trace);
        assert!(!sizes.is_empty() && sizes.iter().all(|size| *size <= 8192), "{sizes:?}");
    });
}

#[test]
fn each_process_can_have_buffers_of_its_own() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let trace = world.home().join("trace");
        let channel = channel().rule(Rule::new("nobody:*"));
        let plan = Plan::new("s", Mode::local(&trace)).sharing(Sharing::PerPid).channel(channel);
        let mut session = started(&lttng, &plan);
        let mut emitters = [Emitter::start(world), Emitter::start(world)];
        let emitted: u64 = emitters
            .iter_mut()
            .map(|emitter| {
                emitter.wait_enabled(LOOSE);
                emitter.burst(LOOSE, 100)
            })
            .sum();
        session.disable("events", "nobody:*", DEFAULT_TIMEOUT).unwrap();
        let losses = session.stop(DEFAULT_TIMEOUT).unwrap();
        session.destroy(DEFAULT_TIMEOUT).unwrap();

        assert!(losses.is_final);
        assert_eq!(events_in(&trace), emitted);
        assert_eq!(fs::read_dir(trace.join("ust/pid")).unwrap().count(), emitters.len());
    });
}
