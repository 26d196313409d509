//! `beamtapd read --follow` and `beamtapd watch` of directories that LTTng writes to.

use crate::program::{Trace, command, demo, done};
use beamtap_testkit::{Emitter, Inhabitant, Payload, Sandbox, in_sandbox, wait_until};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(60);

/// A session with two channels, whose buffers are switched ten times a second.
struct Session<'a> {
    world: &'a Sandbox,
    _sessiond: Inhabitant,
    emitter: Emitter,
}

impl<'a> Session<'a> {
    fn start(world: &'a Sandbox) -> Session<'a> {
        let sessiond = world.sessiond();
        let output = format!("--output={}", world.home().join("trace").display());
        world.run("lttng", &["create", "followed", &output]);
        for (channel, event) in [("c", Payload::Loose), ("d", Payload::Exact)] {
            let channel = ["-u", "-c", channel];
            world.run(
                "lttng",
                &["enable-channel", "-u", channel[2], "--switch-timer=100000", "--subbuf-size=16384"],
            );
            world.run("lttng", &[&["enable-event"][..], &channel, &[event.event()]].concat());
        }
        world.run("lttng", &["start"]);
        let mut emitter = Emitter::start(world);
        emitter.wait_enabled(Payload::Loose);
        // LTTng writes metadata out when its buffer is full, and when a session stops.
        world.run("lttng", &["stop", "followed"]);
        world.run("lttng", &["start", "followed"]);
        emitter.wait_enabled(Payload::Loose);
        emitter.wait_enabled(Payload::Exact);
        Session { world, _sessiond: sessiond, emitter }
    }

    fn directory(&self) -> PathBuf {
        self.world.home().join("trace")
    }
}

/// `beamtapd read --follow` or `watch`, whose lines are counted.
struct Reader {
    child: Child,
    counting: JoinHandle<()>,
    lines: Arc<AtomicU64>,
    stderr: PathBuf,
}

impl Reader {
    fn start(session: &Session<'_>, arguments: &[&str]) -> Reader {
        let stderr = session.world.home().join(format!("stderr-{}", arguments[0]));
        let mut child = command()
            .args(arguments)
            .arg(session.directory())
            .stdout(Stdio::piped())
            .stderr(File::create(&stderr).expect("a file"))
            .spawn()
            .expect("beamtapd can be started");
        let lines = Arc::new(AtomicU64::new(0));
        let (output, counted) = (BufReader::new(child.stdout.take().expect("piped")), lines.clone());
        let counting = thread::spawn(move || {
            for line in output.lines() {
                let is_event = line.expect("UTF-8").contains("emitter:");
                counted.fetch_add(u64::from(is_event), Ordering::Relaxed);
            }
        });
        Reader { child, counting, lines, stderr }
    }

    fn lines(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }

    fn signal(&self, signal: libc::c_int) {
        let pid = libc::pid_t::try_from(self.child.id()).expect("a process id");
        // SAFETY: kill has no memory preconditions; the child is not reaped yet.
        unsafe { libc::kill(pid, signal) };
    }

    /// Waits for the end; gives the exit code, the lines and what was said.
    fn end(mut self) -> (Option<i32>, u64, String) {
        if !wait_until(SOON, || self.child.try_wait().is_ok_and(|status| status.is_some())) {
            self.child.kill().expect("ours");
            panic!("it does not end: {}", fs::read_to_string(&self.stderr).unwrap_or_default());
        }
        self.counting.join().expect("lines of text");
        let stderr = fs::read_to_string(&self.stderr).expect("UTF-8");
        (self.child.wait().expect("ours").code(), self.lines.load(Ordering::Relaxed), stderr)
    }

    fn interrupt(self) -> (Option<i32>, u64, String) {
        self.signal(libc::SIGINT);
        self.end()
    }
}

#[test]
fn lines_come_with_the_switch_of_the_buffers_whatever_other_streams_do() {
    in_sandbox(|world| {
        let mut session = Session::start(world);
        // The other channel has something once, and then is silent.
        let mut emitted = session.emitter.burst(Payload::Exact, 1);
        let reader = Reader::start(&session, &["read", "--follow"]);
        for _ in 0..3 {
            emitted += session.emitter.burst(Payload::Loose, 5);
            let begin = Instant::now();
            assert!(wait_until(SOON, || reader.lines() == emitted), "{} of {emitted}", reader.lines());
            // A tenth of a second until the switch, and a second; the rest is for a busy machine.
            let took = begin.elapsed();
            assert!(took < Duration::from_secs(4), "after {took:?}");
        }
        let (code, lines, stderr) = reader.interrupt();
        assert_eq!((code, lines, stderr.as_str()), (Some(130), emitted, "beamtapd: interrupted\n"));
    });
}

#[test]
fn every_line_comes_once_while_chunks_come_and_go() {
    in_sandbox(|world| {
        let mut session = Session::start(world);
        let readers = [
            Reader::start(&session, &["read", "--follow", "--json"]),
            Reader::start(&session, &["watch", "--lines", "100000000"]),
        ];
        let archives = session.directory().join("archives");
        let is_over = AtomicBool::new(false);
        let (emitted, chunks) = thread::scope(|scope| {
            let rotating = scope.spawn(|| {
                let mut chunks = 0;
                while !is_over.load(Ordering::Relaxed) {
                    world.run("lttng", &["rotate", "followed"]);
                    chunks += 1;
                    // All but the last two are pruned.
                    let mut names: Vec<PathBuf> =
                        fs::read_dir(&archives).into_iter().flatten().flatten().map(|e| e.path()).collect();
                    names.sort_by_key(|path| path.metadata().and_then(|meta| meta.created()).ok());
                    names.iter().rev().skip(2).for_each(|path| fs::remove_dir_all(path).expect("a chunk"));
                }
                chunks
            });
            let emitted = session.emitter.pace(Payload::Loose, 40_000, 8_000);
            is_over.store(true, Ordering::Relaxed);
            (emitted, rotating.join().expect("rotations"))
        });
        assert!(chunks > 4, "{chunks} rotations");
        world.run("lttng", &["stop", "followed"]);
        for reader in &readers {
            assert!(wait_until(SOON, || reader.lines() >= emitted), "{} of {emitted}", reader.lines());
        }
        world.run("lttng", &["destroy", "followed"]);
        let [read, watch] = readers;
        let (code, lines, stderr) = read.interrupt();
        assert_eq!((code, lines, stderr.as_str()), (Some(130), emitted, "beamtapd: interrupted\n"));
        // It ends with the recording.
        let (code, lines, stderr) = watch.end();
        assert_eq!((code, lines, stderr.as_str()), (Some(0), emitted, ""));
        println!("{emitted} events in {chunks} chunks");
    });
}

#[test]
fn a_chunk_that_was_removed_before_it_was_read_is_told() {
    in_sandbox(|world| {
        let mut session = Session::start(world);
        let reader = Reader::start(&session, &["read", "--follow"]);
        let first = session.emitter.burst(Payload::Loose, 100);
        assert!(wait_until(SOON, || reader.lines() == first), "{} of {first}", reader.lines());
        let archives = session.directory().join("archives");
        reader.signal(libc::SIGSTOP);
        world.run("lttng", &["rotate", "followed"]);
        let unread = session.emitter.burst(Payload::Loose, 3000);
        world.run("lttng", &["rotate", "followed"]);
        fs::remove_dir_all(&archives).expect("chunks");
        let last = session.emitter.burst(Payload::Loose, 100);
        reader.signal(libc::SIGCONT);
        assert!(
            wait_until(SOON, || reader.lines() == first + last),
            "{} of {}",
            reader.lines(),
            first + last
        );
        let (code, lines, stderr) = reader.interrupt();
        assert_eq!((code, lines), (Some(130), first + last), "{unread} were removed: {stderr}");
        assert!(stderr.contains("packets lost"), "{stderr}");
        assert!(stderr.contains("removed before it was read"), "{stderr}");
    });
}

#[test]
fn watch_of_a_finished_trace_ends() {
    let trace = Trace::of(&demo());
    let begin = Instant::now();
    let told = done(command().args(["watch", trace.path()]).output().expect("beamtapd can be started"));
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""));
    assert!(begin.elapsed() < Duration::from_secs(20), "after {:?}", begin.elapsed());
    let all =
        done(command().args(["read", "--named", trace.path()]).output().expect("beamtapd can be started"));
    assert_eq!(told.stdout, all.stdout);
    let last = done(
        command().args(["watch", "--last", "2", trace.path()]).output().expect("beamtapd can be started"),
    );
    assert_eq!(last.code, Some(0), "{}", last.stderr);
    assert!(all.stdout.ends_with(&last.stdout) && last.stdout.lines().count() == 2, "{}", last.stdout);
}
