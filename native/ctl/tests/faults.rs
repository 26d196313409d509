//! What the caller sees when LTTng's parts fail: never a hang, and an error that names the part.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use beamtap_ctl::{Buffers, Channel, DEFAULT_TIMEOUT, Error, Lttng, Mode, Plan, Session};
use beamtap_testkit::{Emitter, Payload, Sandbox, babeltrace, cannot_run, in_sandbox, wait_until};

const SHORT: Duration = Duration::from_secs(1);
/// More than a call may take beyond its time on a busy machine; less than any wait of LTTng's own.
const SLACK: Duration = Duration::from_secs(2);

fn plan(world: &Sandbox, name: &str) -> Plan {
    let buffers = Buffers { subbuf_size: 4096, subbuf_count: 4 };
    Plan::new(name, Mode::local(world.home().join(name)))
        .channel(Channel::new("events").buffers(buffers).event("emitter:*"))
}

fn started(lttng: &Lttng, plan: &Plan) -> Session {
    let mut session = lttng.open(plan, DEFAULT_TIMEOUT).expect("the session opens");
    session.start(DEFAULT_TIMEOUT).expect("the session starts");
    session
}

/// Calls something that must give up after [`SHORT`].
fn times_out<T>(what: &str, call: impl FnOnce() -> Result<T, Error>) {
    let begin = Instant::now();
    let error = call().err().unwrap_or_else(|| panic!("{what} succeeded"));
    assert!(error.is_timeout(), "{what}: {error}");
    assert!(error.remedy().contains("lttng-sessiond"), "{what}");
    assert!(begin.elapsed() < SHORT + SLACK, "{what} took {:?}", begin.elapsed());
}

#[test]
fn a_stopped_sessiond_holds_nobody_and_serves_again_when_it_continues() {
    in_sandbox(|world| {
        let sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut emitter = Emitter::start(world);
        let mut session = started(&lttng, &plan(world, "before"));
        emitter.wait_enabled(Payload::Loose);
        let emitted = emitter.burst(Payload::Loose, 10);

        sessiond.signal(libc::SIGSTOP);
        assert!(lttng.is_sessiond_alive(SHORT).unwrap(), "its socket still accepts");
        times_out("listing", || lttng.sessions(SHORT));
        times_out("starting", || session.start(SHORT));
        times_out("counting", || session.losses(SHORT));
        times_out("stopping", || session.stop(SHORT));
        times_out("opening", || lttng.open(&plan(world, "during"), SHORT));
        times_out("destroying", || lttng.destroy("before", SHORT));

        sessiond.signal(libc::SIGCONT);
        // What was asked while it stood still may be done by now: `during` made, `before` destroyed. The next open
        // clears both away.
        let after = started(&lttng, &plan(world, "after"));
        let names: Vec<String> =
            lttng.sessions(DEFAULT_TIMEOUT).unwrap().into_iter().map(|session| session.name).collect();
        assert_eq!(names, ["after"]);
        drop((session, after));
        assert_eq!(lttng.sessions(DEFAULT_TIMEOUT).unwrap(), []);
        assert_eq!(babeltrace(&world.home().join("before")).len() as u64, emitted);
    });
}

#[test]
fn many_callers_of_a_stopped_sessiond_all_come_back() {
    in_sandbox(|world| {
        let sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        sessiond.signal(libc::SIGSTOP);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| times_out("listing", || lttng.sessions(SHORT)));
            }
        });
        sessiond.signal(libc::SIGCONT);
        assert_eq!(lttng.sessions(DEFAULT_TIMEOUT).unwrap(), []);
    });
}

#[test]
fn a_slow_caller_is_not_cut_off_by_an_impatient_one() {
    in_sandbox(|world| {
        let sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        sessiond.signal(libc::SIGSTOP);
        std::thread::scope(|scope| {
            let patient = scope.spawn(|| lttng.sessions(Duration::from_secs(60)));
            assert!(wait_until(DEFAULT_TIMEOUT, is_in_conversation));
            times_out("the impatient one", || lttng.sessions(SHORT));
            sessiond.signal(libc::SIGCONT);
            assert_eq!(patient.join().unwrap().unwrap(), []);
        });
    });
}

/// Some socket of this process is connected: the library's, for nothing else in this process has one.
fn is_in_conversation() -> bool {
    fs::read_dir("/proc/self/fd").expect("/proc/self/fd").flatten().any(|fd| {
        fs::read_link(fd.path()).is_ok_and(|target| target.to_string_lossy().starts_with("socket:"))
    })
}

#[test]
fn a_session_tells_whether_it_still_records() {
    in_sandbox(|world| {
        let mut sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let session = started(&lttng, &plan(world, "watched"));
        assert_eq!(session.check(DEFAULT_TIMEOUT), Ok(()));

        sessiond.signal(libc::SIGSTOP);
        assert_eq!(session.check_daemons(), Ok(()), "it stands still, but the recording goes on");
        times_out("checking", || session.check(SHORT));
        sessiond.signal(libc::SIGCONT);
        assert_eq!(session.check(DEFAULT_TIMEOUT), Ok(()));

        world.run("lttng", &["stop", "watched"]);
        assert!(session.check(DEFAULT_TIMEOUT).unwrap_err().is_session_stopped());
        world.run("lttng", &["destroy", "watched"]);
        assert!(session.check(DEFAULT_TIMEOUT).unwrap_err().is_no_such_session());
        assert_eq!(session.check_daemons(), Ok(()));

        sessiond.kill();
        assert!(session.check_daemons().unwrap_err().is_no_sessiond());
        let _next = world.sessiond();
        assert!(
            session.check_daemons().unwrap_err().is_no_sessiond(),
            "another one does not know the session"
        );
    });
}

#[test]
fn a_killed_sessiond_is_told_at_once() {
    in_sandbox(|world| {
        let mut sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut session = started(&lttng, &plan(world, "killed"));
        sessiond.kill();
        for error in [
            session.stop(DEFAULT_TIMEOUT).unwrap_err(),
            lttng.sessions(DEFAULT_TIMEOUT).unwrap_err(),
            lttng.open(&plan(world, "next"), DEFAULT_TIMEOUT).err().unwrap(),
            session.destroy(DEFAULT_TIMEOUT).unwrap_err(),
        ] {
            assert!(error.is_no_sessiond(), "{error}");
        }
        let _next = world.sessiond();
        drop(started(&lttng, &plan(world, "next")));
    });
}

#[test]
fn a_sessiond_that_lost_its_consumer_daemon_says_so() {
    in_sandbox(|world| {
        let sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let session = started(&lttng, &plan(world, "first"));
        let consumers: Vec<u32> = sessiond
            .children()
            .into_iter()
            .filter(|pid| {
                fs::read_to_string(format!("/proc/{pid}/comm"))
                    .is_ok_and(|comm| comm.trim() == "lttng-consumerd")
            })
            .collect();
        assert!(!consumers.is_empty());
        assert_eq!(session.check_daemons(), Ok(()));
        for pid in consumers {
            // SAFETY: kill has no memory preconditions.
            assert_eq!(unsafe { libc::kill(pid.try_into().unwrap(), libc::SIGKILL) }, 0);
        }
        assert!(wait_until(DEFAULT_TIMEOUT, || {
            session.check_daemons().is_err_and(|error| error.is_no_consumer())
        }));
        // In the first moments the daemon finds out, with an error of its own; from then on it knows.
        let mut number = 0;
        assert!(wait_until(DEFAULT_TIMEOUT, || {
            number += 1;
            let refusal = lttng.open(&plan(world, &format!("next{number}")), DEFAULT_TIMEOUT).err();
            refusal.is_some_and(|error| {
                error.is_no_consumer() && error.remedy().contains("restart lttng-sessiond")
            })
        }));
        drop(session);
    });
}

#[test]
fn an_output_that_cannot_be_written_is_told_at_start() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let mut session = lttng
            .open(
                &Plan::new("s", Mode::local("/proc/trace")).channel(Channel::new("c").event("a:b")),
                DEFAULT_TIMEOUT,
            )
            .unwrap();
        let error = session.start(DEFAULT_TIMEOUT).unwrap_err();
        assert!(error.is_output_unwritable(), "{error}");
        assert!(!session.is_active());
        assert!(session.stop(DEFAULT_TIMEOUT).unwrap().is_final);
        session.destroy(DEFAULT_TIMEOUT).unwrap();
    });
}

#[test]
fn a_broken_library_is_an_error_that_names_the_package() {
    in_sandbox(|world| {
        if !world.is_private() {
            return cannot_run("hiding the library needs root");
        }
        let installed =
            world.run("sh", &["-c", "ldconfig -p | sed -n 's/.*liblttng-ctl.so.0 .*=> //p' | head -n 1"]);
        let empty = world.home().join("empty");
        fs::write(&empty, "").unwrap();
        fs::set_permissions(&empty, fs::Permissions::from_mode(0o644)).unwrap();
        world.run("mount", &["--bind", empty.to_str().unwrap(), installed.trim()]);

        let error = Lttng::load().err().unwrap();
        assert!(error.is_no_library());
        assert!(error.to_string().contains("liblttng-ctl.so.0"), "{error}");
        assert!(error.remedy().contains("liblttng-ctl0"));

        world.run("umount", &[installed.trim()]);
        assert!(Lttng::load().is_ok(), "a later call looks again");
    });
}
