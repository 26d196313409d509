//! Sessions against a real session daemon, each test in a world of its own; babeltrace2 is the witness.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use beamtap_ctl::{
    Buffers, Channel, DEFAULT_TIMEOUT, Host, Listener, Losses, Lttng, Mode, OnFull, Plan, Rule, Session,
};
use beamtap_testkit::{
    Emitter, FrozenThread, Payload, Sandbox, SandboxOptions, babeltrace, cannot_run, in_sandbox,
    in_sandbox_with, stream_files, wait_until,
};

const TINY: Buffers = Buffers { subbuf_size: 4096, subbuf_count: 2 };

fn plan(world: &Sandbox, name: &str, buffers: Buffers) -> Plan {
    Plan::new(name, Mode::local(world.home().join(name)))
        .channel(Channel::new("events").buffers(buffers).event("emitter:*"))
}

fn started(lttng: &Lttng, plan: &Plan) -> Session {
    let mut session = lttng.open(plan, DEFAULT_TIMEOUT).expect("the session opens");
    session.start(DEFAULT_TIMEOUT).expect("the session starts");
    session
}

/// Events read on each CPU.
fn read_by_cpu(trace: &Path) -> BTreeMap<u32, u64> {
    let mut read = BTreeMap::new();
    for event in babeltrace(trace) {
        *read.entry(event.cpu_id.expect("UST streams tell their CPU")).or_default() += 1;
    }
    read
}

/// emitted = read + discarded, on each stream, and LTTng's own count is the streams' sum.
fn assert_sum_law(trace: &Path, emitted_per_cpu: u64, losses: &Losses) {
    let read = read_by_cpu(trace);
    let mut discarded = 0;
    for file in stream_files(trace) {
        let cpu = file.packets[0].cpu_id;
        assert_eq!(
            emitted_per_cpu,
            read.get(&cpu).copied().unwrap_or(0) + file.events_discarded(),
            "CPU {cpu}: {:?}",
            file.packets.last()
        );
        discarded += file.events_discarded();
    }
    assert!(losses.is_final);
    assert_eq!(losses.discarded_events(), discarded);
}

#[test]
fn records_what_the_tracked_process_emits_and_nothing_else() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let (mut ours, mut other) = (Emitter::start(world), Emitter::start(world));
        let plan = plan(world, "one", Buffers::DEFAULT)
            .channel(Channel::new("defs").buffers(TINY).event("nobody:*"))
            .track_vpid(ours.process().inner_pid().try_into().unwrap());
        let mut session = started(&lttng, &plan);

        ours.wait_enabled(Payload::Loose);
        other.burst(Payload::Loose, 1000);
        let emitted = ours.burst(Payload::Loose, 500);
        let losses = session.stop(DEFAULT_TIMEOUT).unwrap();
        let trace = session.path().unwrap().to_owned();
        session.destroy(DEFAULT_TIMEOUT).unwrap();

        assert!(losses.is_final);
        assert_eq!((losses.discarded_events(), losses.lost_packets()), (0, 0));
        let mut channels: Vec<&str> = losses.channels.iter().map(|losses| &*losses.channel).collect();
        channels.sort_unstable();
        assert_eq!(channels, ["defs", "events"]);
        assert_eq!(babeltrace(&trace).len() as u64, emitted);
    });
}

#[test]
fn emitted_is_read_plus_discarded_in_every_run() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut emitter = Emitter::start(world);
        let mut discarded = 0;
        for run in 0..20 {
            let payload = if run % 2 == 0 { Payload::Exact } else { Payload::Loose };
            let mut session = started(&lttng, &plan(world, &format!("run{run}"), TINY));
            emitter.wait_enabled(payload);
            emitter.burst(payload, 20_000);
            let losses = session.stop(DEFAULT_TIMEOUT).unwrap();
            let trace = session.path().unwrap().to_owned();
            session.destroy(DEFAULT_TIMEOUT).unwrap();
            assert_sum_law(&trace, 20_000, &losses);
            discarded += losses.discarded_events();
        }
        assert!(discarded > 0, "nothing was discarded: the buffers were not small enough");
    });
}

#[test]
fn the_last_count_survives_a_consumer_that_cannot_keep_up() {
    in_sandbox(|world| {
        let sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut emitter = Emitter::start(world);
        let mut session = started(&lttng, &plan(world, "slow", TINY));
        emitter.wait_enabled(Payload::Exact);
        let Some(writer) = FrozenThread::that_writes(&sessiond, || {
            emitter.burst(Payload::Exact, 1000);
        }) else {
            return cannot_run("no right to stop a thread of the consumer daemon");
        };
        // The buffers fill to the last byte, and nobody reads them: the first stop finds no room for the counts.
        emitter.burst(Payload::Exact, 20_000);
        let (session, losses) = std::thread::scope(|scope| {
            let stopping = scope.spawn(move || {
                let losses = session.stop(Duration::from_secs(30)).unwrap();
                (session, losses)
            });
            let is_stopped = || !lttng.sessions(DEFAULT_TIMEOUT).unwrap()[0].is_active;
            assert!(wait_until(DEFAULT_TIMEOUT, is_stopped));
            drop(writer);
            stopping.join().unwrap()
        });
        let trace = session.path().unwrap().to_owned();
        session.destroy(DEFAULT_TIMEOUT).unwrap();
        assert_sum_law(&trace, 21_000, &losses);
    });
}

#[test]
fn overwriting_loses_packets_and_discards_nothing() {
    in_sandbox(|world| {
        let sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut emitter = Emitter::start(world);
        let plan = Plan::new("ring", Mode::local(world.home().join("ring")))
            .channel(Channel::new("events").buffers(TINY).on_full(OnFull::Overwrite).event("emitter:*"));
        let mut session = started(&lttng, &plan);
        emitter.wait_enabled(Payload::Loose);
        let Some(writer) = FrozenThread::that_writes(&sessiond, || {
            emitter.burst(Payload::Loose, 1000);
        }) else {
            return cannot_run("no right to stop a thread of the consumer daemon");
        };
        emitter.burst(Payload::Loose, 20_000);
        drop(writer);
        let losses = session.stop(DEFAULT_TIMEOUT).unwrap();
        assert_eq!(losses.discarded_events(), 0);
        assert!(losses.lost_packets() > 0);
    });
}

#[test]
fn rules_change_while_it_runs() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut emitter = Emitter::start(world);
        let plan = Plan::new("rules", Mode::local(world.home().join("rules")))
            .channel(Channel::new("events").event(Payload::Exact.event()));
        let mut session = started(&lttng, &plan);
        emitter.wait_enabled(Payload::Exact);

        emitter.burst(Payload::Loose, 100);
        session.enable("events", &Rule::new(Payload::Loose.event()), DEFAULT_TIMEOUT).unwrap();
        emitter.wait_enabled(Payload::Loose);
        let loose = emitter.burst(Payload::Loose, 10);
        session.disable("events", Payload::Exact.event(), DEFAULT_TIMEOUT).unwrap();
        let error = session.disable("events", "emitter:never", DEFAULT_TIMEOUT).unwrap_err();
        assert!(error.lttng_code().is_some(), "{error}");

        session.stop(DEFAULT_TIMEOUT).unwrap();
        let trace = session.path().unwrap().to_owned();
        drop(session);
        assert_eq!(babeltrace(&trace).len() as u64, loose);
    });
}

#[test]
fn dropping_destroys_and_leaves_the_trace() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let plan = plan(world, "dropped", Buffers::DEFAULT);
        let mut emitter = Emitter::start(world);
        let mut session = started(&lttng, &plan);
        emitter.wait_enabled(Payload::Loose);
        let emitted = emitter.burst(Payload::Loose, 100);

        let error = lttng.open(&plan, DEFAULT_TIMEOUT).err().unwrap();
        assert!(error.is_session_exists(), "{error}");
        assert_eq!(error.to_string(), "the LTTng session dropped already exists");
        let listed = lttng.sessions(DEFAULT_TIMEOUT).unwrap();
        assert_eq!(listed.len(), 1, "the session that failed to open did not destroy its namesake");
        assert_eq!((&*listed[0].name, listed[0].is_active), ("dropped", true));
        assert_eq!(Path::new(&listed[0].path), session.path().unwrap());

        session.stop(DEFAULT_TIMEOUT).unwrap();
        drop(session);
        assert_eq!(lttng.sessions(DEFAULT_TIMEOUT).unwrap(), []);
        assert_eq!(babeltrace(&world.home().join("dropped")).len() as u64, emitted);
    });
}

#[test]
fn a_session_destroyed_by_somebody_else_is_told_and_destroyed_without_complaint() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut session = lttng.open(&plan(world, "theirs", TINY), DEFAULT_TIMEOUT).unwrap();
        lttng.destroy("theirs", DEFAULT_TIMEOUT).unwrap();

        let error = session.start(DEFAULT_TIMEOUT).unwrap_err();
        assert!(error.is_no_such_session(), "{error}");
        session.destroy(DEFAULT_TIMEOUT).unwrap();
        assert!(lttng.destroy("theirs", DEFAULT_TIMEOUT).unwrap_err().is_no_such_session());
    });
}

#[test]
fn a_step_that_fails_takes_the_session_with_it() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        // LTTng refuses to enable an event twice: the last step.
        let plan = plan(world, "half", TINY).channel(Channel::new("defs").event("a:b").event("a:b"));
        let error = lttng.open(&plan, DEFAULT_TIMEOUT).err().unwrap();
        assert_eq!(error.lttng_code(), Some(55), "{error}");
        assert_eq!(lttng.sessions(DEFAULT_TIMEOUT).unwrap(), []);
    });
}

#[test]
fn a_session_without_a_process_or_stopped_twice_is_no_error() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut session = lttng.open(&plan(world, "idle", TINY), DEFAULT_TIMEOUT).unwrap();
        assert!(session.stop(DEFAULT_TIMEOUT).unwrap().is_final, "never started");
        session.start(DEFAULT_TIMEOUT).unwrap();
        session.start(DEFAULT_TIMEOUT).unwrap();
        assert!(session.is_active());
        for _ in 0..2 {
            let losses = session.stop(DEFAULT_TIMEOUT).unwrap();
            assert_eq!((losses.discarded_events(), losses.is_final), (0, true));
        }
        assert!(!session.is_active());
        session.destroy(DEFAULT_TIMEOUT).unwrap();
    });
}

#[test]
fn shared_memory_that_is_too_small_is_refused_before_anything_is_made() {
    in_sandbox_with(&SandboxOptions { shm_size: 1 << 20 }, |world| {
        if !world.is_private() {
            return cannot_run("a private /dev/shm needs root");
        }
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let error = lttng.open(&plan(world, "big", Buffers::DEFAULT), DEFAULT_TIMEOUT).err().unwrap();
        assert!(error.is_shm_too_small(), "{error}");
        assert!(error.remedy().contains("/dev/shm"));
        assert_eq!(lttng.sessions(DEFAULT_TIMEOUT).unwrap(), []);
    });
}

#[test]
fn the_memory_computed_is_what_lttng_takes() {
    in_sandbox(|world| {
        if !world.is_private() {
            return cannot_run("a private /dev/shm needs root");
        }
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut emitter = Emitter::start(world);
        let shm = Path::new("/dev/shm");
        let before = Host::look(shm).unwrap();
        let plan = Plan::new("memory", Mode::local(world.home().join("memory")))
            .channel(Channel::new("events").event("emitter:*"))
            .channel(Channel::new("ring").on_full(OnFull::Overwrite).event("emitter:*"));
        let session = started(&lttng, &plan);
        emitter.wait_enabled(Payload::Loose);

        let computed = plan.memory(&before);
        let taken = before.shm_free - Host::look(shm).unwrap().shm_free;
        assert!(taken >= computed, "{taken} taken, {computed} computed");
        // Bookkeeping: less than 16 pages for each of the 2 × CPUs buffers, and the metadata's.
        let slack = 16 * before.page_size * u64::from(2 * before.possible_cpus + 1);
        assert!(taken - computed < slack, "{taken} taken, {computed} computed");
        drop(session);
    });
}

#[test]
fn cycles_leave_no_descriptor_thread_shared_memory_or_session() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut emitter = Emitter::start(world);
        let count = |dir: &str| std::fs::read_dir(dir).unwrap().count();
        let left = || (count("/proc/self/fd"), count("/proc/self/task"), count("/dev/shm"));
        let mut cycle = |number: u32| {
            let mut session = started(&lttng, &plan(world, &format!("cycle{number}"), TINY));
            emitter.wait_enabled(Payload::Loose);
            emitter.burst(Payload::Loose, 10);
            session.stop(DEFAULT_TIMEOUT).unwrap();
            session.destroy(DEFAULT_TIMEOUT).unwrap();
        };
        cycle(0);
        let before = left();
        (1..=30).for_each(&mut cycle);
        // The consumer daemon frees its buffers after the session's destruction was reported.
        assert!(wait_until(DEFAULT_TIMEOUT, || left() == before), "{before:?} became {:?}", left());
        assert_eq!(lttng.sessions(DEFAULT_TIMEOUT).unwrap(), []);
    });
}

#[test]
fn the_audience_of_a_provider_is_whoever_has_it_enabled_under_any_pattern() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let session = started(&lttng, &plan(world, "ours", TINY));
        for (name, event, more) in [
            ("theirs", "emit*", ""),
            ("idle", "emitter:*", ""),
            ("deaf", "other:*", ""),
            ("off", "emitter:*", ""),
            ("elsewhere", "emitter:*", ""),
            ("recorder", "emitter:strict", "--snapshot"),
        ] {
            let output = world.home().join(name);
            let mut words = vec!["create", name, "--output", output.to_str().unwrap()];
            words.extend((!more.is_empty()).then_some(more));
            world.run("lttng", &words);
            world.run("lttng", &["enable-event", "-u", event, "-s", name]);
            if name == "elsewhere" {
                world.run("lttng", &["track", "-u", "--vpid", "1", "-s", name]);
            }
            if name != "idle" {
                world.run("lttng", &["start", name]);
            }
        }
        world.run("lttng", &["disable-event", "-u", "emitter:*", "-s", "off"]);
        world.run("lttng", &["create", "empty", "--output", world.home().join("empty").to_str().unwrap()]);

        let mut audience = lttng.audience(&["emitter"], DEFAULT_TIMEOUT).unwrap();
        audience.sort_unstable_by(|a, b| a.session.name.cmp(&b.session.name));
        let found: Vec<_> = audience
            .iter()
            .map(|Listener { session, events }| {
                (&*session.name, session.is_active, Path::new(&session.path), events.concat())
            })
            .collect();
        let path = |name: &str| world.home().join(name);
        assert_eq!(
            found,
            [
                ("idle", false, &*path("idle"), "emitter:*".into()),
                ("ours", true, &*path("ours"), "emitter:*".into()),
                ("recorder", true, &*path("recorder"), "emitter:strict".into()),
                ("theirs", true, &*path("theirs"), "emit*".into()),
            ]
        );
        drop(session);
    });
}
