//! The session daemon found, started and ended, in worlds of their own.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use beamtap_ctl::daemons::{self, Lifetime};
use beamtap_ctl::{Buffers, Channel, DEFAULT_TIMEOUT, Lttng, Mode, Plan};
use beamtap_testkit::{Emitter, Inhabitant, Payload, Sandbox, babeltrace, in_sandbox, is_alive, wait_until};

const SHORT: Duration = Duration::from_secs(2);
/// Set for the process that [`holds_a_daemon`] is to be.
const HOLD: &str = "BEAMTAP_TEST_HOLD";

/// The names of the world's LTTng processes that run.
fn lttng_processes(world: &Sandbox) -> Vec<String> {
    let names = world
        .inhabitants()
        .into_iter()
        .filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).ok());
    names.filter(|name| name.starts_with("lttng-")).collect()
}

/// Makes a program that stands in for lttng-sessiond, and has it used in this process.
fn stand_in(world: &Sandbox, script: &str) -> PathBuf {
    let path = world.home().join("stand-in");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("the stand-in");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode");
    use_sessiond(&path);
    path
}

fn use_sessiond(path: &Path) {
    // SAFETY: this process was made for the one test that runs in it; no other thread reads the environment now.
    unsafe { env::set_var("LTTNG_SESSIOND_PATH", path) };
}

fn open_something(world: &Sandbox, lttng: &Lttng) {
    let buffers = Buffers { subbuf_size: 4096, subbuf_count: 2 };
    let plan = Plan::new("s", Mode::local(world.home().join("s")))
        .channel(Channel::new("c").buffers(buffers).event("emitter:*"));
    let mut session = lttng.open(&plan, DEFAULT_TIMEOUT).expect("the session opens");
    session.start(DEFAULT_TIMEOUT).expect("it starts");
}

#[test]
fn one_that_runs_is_used_and_left_alone() {
    in_sandbox(|world| {
        let theirs = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let sessiond = daemons::ensure(&lttng, Lifetime::WithProcess, DEFAULT_TIMEOUT).unwrap();
        assert_eq!(sessiond.started_by_us(), None);
        sessiond.stop(DEFAULT_TIMEOUT).unwrap();
        assert!(is_alive(theirs.pid()) && world.is_sessiond_answering());
    });
}

#[test]
fn one_that_we_start_works_and_ends_with_all_it_started() {
    in_sandbox(|world| {
        let lttng = Lttng::load().unwrap();
        let error = lttng.sessions(DEFAULT_TIMEOUT).unwrap_err();
        assert!(error.is_no_sessiond(), "{error}");

        let sessiond = daemons::ensure(&lttng, Lifetime::WithProcess, DEFAULT_TIMEOUT).unwrap();
        let pid = sessiond.started_by_us().unwrap();
        assert_eq!(fs::read_to_string(format!("/proc/{pid}/comm")).unwrap().trim(), "lttng-sessiond");
        open_something(world, &lttng);
        assert!(lttng_processes(world).iter().any(|name| name.trim() == "lttng-consumerd"));
        sessiond.stop(DEFAULT_TIMEOUT).unwrap();

        assert!(!is_alive(pid));
        assert!(
            wait_until(DEFAULT_TIMEOUT, || lttng_processes(world).is_empty()),
            "{:?}",
            lttng_processes(world)
        );
        assert!(!lttng.is_sessiond_alive(DEFAULT_TIMEOUT).unwrap());
        // And once more, where the first has been.
        daemons::ensure(&lttng, Lifetime::WithProcess, DEFAULT_TIMEOUT).unwrap();
        assert!(wait_until(DEFAULT_TIMEOUT, || lttng_processes(world).is_empty()), "dropping ends it, too");
    });
}

#[test]
fn one_that_we_start_keeps_none_of_our_files_open() {
    in_sandbox(|world| {
        let ours = fs::File::create(world.home().join("ours")).unwrap();
        // As the BEAM's descriptors are. SAFETY: fcntl with F_SETFD touches no memory.
        assert_eq!(unsafe { libc::fcntl(ours.as_raw_fd(), libc::F_SETFD, 0) }, 0);
        let lttng = Lttng::load().unwrap();
        let sessiond = daemons::ensure(&lttng, Lifetime::WithProcess, DEFAULT_TIMEOUT).unwrap();
        let pid = sessiond.started_by_us().unwrap();
        let open: Vec<PathBuf> = fs::read_dir(format!("/proc/{pid}/fd"))
            .unwrap()
            .flatten()
            .filter_map(|entry| fs::read_link(entry.path()).ok())
            .collect();
        assert!(!open.is_empty() && !open.contains(&world.home().join("ours")), "{open:?}");
    });
}

#[test]
fn one_of_ours_that_is_stopped_is_killed_with_its_children() {
    in_sandbox(|world| {
        let lttng = Lttng::load().unwrap();
        let sessiond = daemons::ensure(&lttng, Lifetime::WithProcess, DEFAULT_TIMEOUT).unwrap();
        open_something(world, &lttng);
        let pid = sessiond.started_by_us().unwrap();
        // SAFETY: kill has no memory preconditions.
        assert_eq!(unsafe { libc::kill(pid.try_into().unwrap(), libc::SIGSTOP) }, 0);

        let begin = Instant::now();
        sessiond.stop(SHORT).unwrap();
        assert!(begin.elapsed() < SHORT);
        assert!(
            wait_until(DEFAULT_TIMEOUT, || lttng_processes(world).is_empty()),
            "{:?}",
            lttng_processes(world)
        );
    });
}

#[test]
#[ignore = "no test of its own: the process that others start and kill"]
fn holds_a_daemon() {
    let lifetime = match env::var(HOLD).as_deref() {
        Ok("with") => Lifetime::WithProcess,
        Ok("independent") => Lifetime::Independent,
        other => panic!("{HOLD} is {other:?}"),
    };
    let lttng = Lttng::load().unwrap();
    let sessiond = daemons::ensure(&lttng, lifetime, DEFAULT_TIMEOUT).unwrap();
    println!("\nholds {}", sessiond.started_by_us().unwrap_or(0));
    loop {
        std::thread::park();
    }
}

/// A process that has started a daemon, or found one.
struct Holder {
    process: Inhabitant,
    stdout: BufReader<ChildStdout>,
}

impl Holder {
    fn start(world: &Sandbox, lifetime: &str) -> Self {
        let mut command = world.command(env::current_exe().expect("this program"));
        command.args(["holds_a_daemon", "--exact", "--ignored", "--nocapture"]);
        let mut process = world.spawn(command.env(HOLD, lifetime).stdout(Stdio::piped()));
        let stdout = BufReader::new(process.take_stdout().expect("stdout is piped"));
        Self { process, stdout }
    }

    /// The pid of the daemon that it started; 0 when it found one.
    fn daemon(&mut self) -> u32 {
        let mut lines = self.stdout.by_ref().lines().map_while(Result::ok);
        let pid = lines.find_map(|line| line.strip_prefix("holds ")?.parse().ok());
        pid.expect("the holder tells its daemon's pid")
    }
}

/// Has another process start a daemon, kills that process, and returns the daemon's pid.
fn daemon_of_a_killed_process(world: &Sandbox, lifetime: &str) -> u32 {
    let mut holder = Holder::start(world, lifetime);
    let pid = holder.daemon();
    assert!(is_alive(pid) && world.is_sessiond_answering());
    holder.process.kill();
    pid
}

#[test]
fn of_processes_that_start_one_at_the_same_time_one_owns_it() {
    in_sandbox(|world| {
        let mut holders: Vec<Holder> = (0..4).map(|_| Holder::start(world, "with")).collect();
        let pids: Vec<u32> = holders.iter_mut().map(Holder::daemon).collect();
        assert_eq!(pids.iter().filter(|pid| **pid != 0).count(), 1, "{pids:?}");
        assert!(world.is_sessiond_answering());
        assert_eq!(
            lttng_processes(world).iter().filter(|name| name.trim() == "lttng-sessiond").count(),
            1,
            "{:?}",
            lttng_processes(world)
        );
    });
}

#[test]
fn one_is_started_again_until_the_lock_of_one_on_its_way_out_is_free() {
    in_sandbox(|world| {
        let starts = world.home().join("starts");
        stand_in(world, &format!("echo >> {}; exec lttng-sessiond \"$@\"", starts.display()));
        // SAFETY: getuid has no preconditions.
        let run = match unsafe { libc::getuid() } {
            0 => PathBuf::from("/var/run/lttng"),
            _ => world.home().join(".lttng"),
        };
        fs::create_dir_all(&run).unwrap();
        let lock = fs::File::create(run.join("lttng-sessiond.lck")).unwrap();
        let whole = libc::flock { l_type: libc::F_WRLCK as _, l_whence: 0, l_start: 0, l_len: 0, l_pid: 0 };
        // SAFETY: fcntl with F_SETLK reads the structure, which outlives the call. Closing the file gives the lock back.
        assert_eq!(unsafe { libc::fcntl(lock.as_raw_fd(), libc::F_SETLK, &raw const whole) }, 0);
        let lttng = Lttng::load().unwrap();
        let is_started_twice = || fs::read(&starts).is_ok_and(|lines| lines.len() >= 2);
        thread::scope(|scope| {
            scope.spawn(move || {
                assert!(wait_until(DEFAULT_TIMEOUT, is_started_twice));
                drop(lock);
            });
            let sessiond = daemons::ensure(&lttng, Lifetime::WithProcess, DEFAULT_TIMEOUT).unwrap();
            assert!(sessiond.started_by_us().is_some() && world.is_sessiond_answering());
        });
    });
}

#[test]
fn a_daemon_bound_to_a_process_ends_when_that_is_killed() {
    in_sandbox(|world| {
        let pid = daemon_of_a_killed_process(world, "with");
        assert!(wait_until(DEFAULT_TIMEOUT, || !is_alive(pid)));
    });
}

#[test]
fn an_independent_daemon_survives_the_process_that_started_it() {
    in_sandbox(|world| {
        let pid = daemon_of_a_killed_process(world, "independent");
        let lttng = Lttng::load().unwrap();
        let found = daemons::ensure(&lttng, Lifetime::WithProcess, DEFAULT_TIMEOUT).unwrap();
        assert_eq!(found.started_by_us(), None);
        assert!(is_alive(pid));
    });
}

#[test]
fn without_the_program_the_error_names_the_package() {
    in_sandbox(|_| {
        use_sessiond(Path::new("/nonexistent/lttng-sessiond"));
        let lttng = Lttng::load().unwrap();
        let error = daemons::ensure(&lttng, Lifetime::WithProcess, DEFAULT_TIMEOUT).err().unwrap();
        assert!(error.is_no_sessiond());
        assert!(error.to_string().contains("lttng-sessiond is missing"), "{error}");
        assert!(error.remedy().contains("lttng-tools"));
    });
}

#[test]
fn a_daemon_that_ends_at_once_gives_its_reason() {
    in_sandbox(|world| {
        stand_in(world, "echo 'Error: no room' >&2; exit 1");
        let lttng = Lttng::load().unwrap();
        let error = daemons::ensure(&lttng, Lifetime::WithProcess, DEFAULT_TIMEOUT).err().unwrap();
        assert!(error.is_no_sessiond());
        assert_eq!(error.to_string(), "lttng-sessiond could not be started: Error: no room");
    });
}

#[test]
fn a_daemon_that_never_answers_is_ended_again() {
    in_sandbox(|world| {
        let path = stand_in(world, "exec sleep 1000");
        let lttng = Lttng::load().unwrap();
        let begin = Instant::now();
        let error = daemons::ensure(&lttng, Lifetime::WithProcess, SHORT).err().unwrap();
        assert!(error.is_timeout(), "{error}");
        assert!(begin.elapsed() < DEFAULT_TIMEOUT);
        // Nobody waits for its end.
        assert!(wait_until(DEFAULT_TIMEOUT, || world.inhabitants().is_empty()), "{} is left", path.display());
    });
}

#[test]
fn a_relay_daemon_of_ours_is_on_loopback_and_ends_when_told() {
    in_sandbox(|world| {
        let _sessiond = world.sessiond();
        let lttng = Lttng::load().unwrap();
        let output = world.home().join("relayd");
        let relayd = daemons::start_relayd(&lttng, &output, Lifetime::WithProcess, DEFAULT_TIMEOUT).unwrap();
        let pid = relayd.pid().unwrap();

        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        let listens =
            |address: &str| table.contains(&format!("{address}:{:04X} 00000000:0000 0A", relayd.live_port()));
        assert!(listens("0100007F") && !listens("00000000"));

        let mode = Mode::Live { url: relayd.url(), interval: Duration::from_millis(100) };
        let mut emitter = Emitter::start(world);
        let plan = Plan::new("live", mode).channel(Channel::new("events").event("emitter:*"));
        let mut session = lttng.open(&plan, DEFAULT_TIMEOUT).unwrap();
        session.start(DEFAULT_TIMEOUT).unwrap();
        emitter.wait_enabled(Payload::Loose);
        let emitted = emitter.burst(Payload::Loose, 50);
        session.stop(DEFAULT_TIMEOUT).unwrap();
        session.destroy(DEFAULT_TIMEOUT).unwrap();
        assert_eq!(babeltrace(&output).len() as u64, emitted);

        relayd.stop(DEFAULT_TIMEOUT).unwrap();
        assert!(!is_alive(pid));
        let dropped = daemons::start_relayd(&lttng, &output, Lifetime::WithProcess, DEFAULT_TIMEOUT).unwrap();
        let pid = dropped.pid().unwrap();
        drop(dropped);
        assert!(!is_alive(pid));
    });
}

#[test]
fn a_relay_daemon_that_cannot_start_gives_its_reason() {
    in_sandbox(|world| {
        let path = stand_in(world, "echo 'Error: no port' >&2; exit 1");
        // SAFETY: as in `use_sessiond`.
        unsafe { env::set_var("LTTNG_RELAYD_PATH", &path) };
        let lttng = Lttng::load().unwrap();
        let start = || daemons::start_relayd(&lttng, world.home(), Lifetime::WithProcess, DEFAULT_TIMEOUT);
        let error = start().err().unwrap();
        assert!(error.is_no_relayd());
        assert_eq!(error.to_string(), "lttng-relayd could not be started: Error: no port");

        fs::remove_file(&path).unwrap();
        let error = start().err().unwrap();
        assert!(error.is_no_relayd() && error.remedy().contains("lttng-tools"), "{error}");
    });
}
