//! A live session read while it is recorded gives what the relay daemon's directory holds afterwards: the same lines in
//! the same order, whenever the reader attaches and however slow it is.
//!
//! `scripts/soak-live` runs these at the size of a busy system and makes a table of what they say.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::program::command;
use beamtap_ctf::live_sessions;
use beamtap_testkit::{Emitter, Inhabitant, Payload, Relayd, Sandbox, babeltrace, in_sandbox, wait_until};
use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A reader may be that much behind when the session ends.
const SOON: Duration = Duration::from_secs(150);
/// Most memory that a reader may take.
const LIMIT_KB: u64 = 64 << 10;
/// Bytes of the event that is emitted, with its header.
const EVENT_BYTES: u64 = 14;
/// Most events that babeltrace2 is asked for, too.
const WITNESSED: u64 = 100_000;

const EVENT: Payload = Payload::Loose;

/// What is emitted while a reader reads.
struct Load {
    events: u64,
    /// Events a second.
    rate: u64,
}

impl Load {
    fn of_environment() -> Load {
        let number = |name: &str, default: u64| env::var(name).map_or(default, |text| text.parse().unwrap());
        let rate = number("BEAMTAP_SOAK_RATE", 20_000);
        Load { events: rate * number("BEAMTAP_SOAK_SECONDS", 2), rate }
    }
}

/// What `beamtapd read --json` printed.
#[derive(Default)]
struct Told {
    events: u64,
    discarded: u64,
    /// Lines that have an earlier time than one before them.
    late: u64,
    /// A digest of each line.
    lines: Vec<u64>,
    /// The same for each stream.
    streams: BTreeMap<u64, Vec<u64>>,
    peak_kb: u64,
    stderr: String,
}

impl Told {
    fn take(&mut self, line: &str, last_ns: &mut i64) {
        let number = |name: &str| {
            let (_, rest) = line.split_once(name).unwrap_or_else(|| panic!("no {name} in {line}"));
            rest[..rest.find([',', '}']).unwrap()].parse::<i64>().unwrap()
        };
        let is_event = line.starts_with("{\"time_ns\":");
        let ns = if is_event { number("\"time_ns\":") } else { number("\"begin_ns\":") };
        if is_event {
            self.events += 1;
        } else {
            assert!(line.starts_with("{\"loss\":\"discarded\""), "{line}");
            self.discarded += number("\"count\":") as u64;
        }
        self.late += u64::from(ns < *last_ns);
        *last_ns = ns.max(*last_ns);
        let mut hasher = DefaultHasher::new();
        line.hash(&mut hasher);
        let digest = hasher.finish();
        self.lines.push(digest);
        self.streams.entry(number("\"stream\":") as u64).or_default().push(digest);
    }
}

/// A running `beamtapd read --json`.
struct Reader {
    child: Child,
    printed: JoinHandle<Told>,
    /// Lines so far.
    count: Arc<AtomicU64>,
    /// Dropped, it lets a held reader print.
    hold: Option<Sender<()>>,
    stderr: PathBuf,
}

impl Reader {
    /// `hold`: nothing of what it prints is taken before [`let_go`](Reader::let_go).
    fn start(world: &Sandbox, source: &str, hold: bool) -> Reader {
        let stderr = world.home().join("stderr");
        let mut child = command()
            .args(["read", "--json", source])
            .stdout(Stdio::piped())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        let count = Arc::new(AtomicU64::new(0));
        let (sender, held) = channel();
        let (output, pid, counted) = (child.stdout.take().unwrap(), child.id(), count.clone());
        let printed =
            thread::spawn(move || digest(BufReader::with_capacity(1 << 20, output), pid, &held, &counted));
        Reader { child, printed, count, hold: hold.then_some(sender), stderr }
    }

    fn let_go(&mut self) {
        self.hold = None;
    }

    /// Waits for its end; gives the exit code and what it printed.
    fn end(mut self) -> (Option<i32>, Told) {
        self.let_go();
        let is_over = wait_until(SOON, || self.printed.is_finished());
        if !is_over {
            self.child.kill().unwrap();
        }
        let code = self.child.wait().unwrap().code();
        let mut told = self.printed.join().unwrap();
        told.stderr = fs::read_to_string(&self.stderr).unwrap();
        assert!(is_over, "it does not end: {} events read; {}", told.events, told.stderr);
        (code, told)
    }

    /// Presses Ctrl-C and waits for the end.
    fn interrupt(self) -> Told {
        let pid = libc::pid_t::try_from(self.child.id()).unwrap();
        // SAFETY: kill has no memory preconditions; the child is not reaped yet.
        unsafe { libc::kill(pid, libc::SIGINT) };
        let (code, told) = self.end();
        assert_eq!(code, Some(130), "{}", told.stderr);
        told
    }
}

fn digest(mut output: impl BufRead, pid: u32, held: &Receiver<()>, count: &AtomicU64) -> Told {
    let _ = held.recv();
    let (mut told, mut line, mut last_ns) = (Told::default(), String::new(), i64::MIN);
    loop {
        // The kernel's own figure, while there is a process to ask about.
        if told.lines.len().is_multiple_of(256) {
            told.peak_kb = peak_kb(pid).unwrap_or(told.peak_kb);
        }
        line.clear();
        if output.read_line(&mut line).unwrap() == 0 {
            return told;
        }
        told.take(&line, &mut last_ns);
        count.fetch_add(1, Ordering::Relaxed);
    }
}

fn peak_kb(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// A live session with LTTng's own daemons.
struct Session<'a> {
    world: &'a Sandbox,
    _sessiond: Inhabitant,
    relayd: Relayd,
    emitter: Emitter,
    load: Load,
}

/// What was emitted, and how many events a second that were.
struct Emitted {
    events: u64,
    rate: f64,
}

impl<'a> Session<'a> {
    /// Records the event in a channel of these options.
    fn start(world: &'a Sandbox, channel: &[&str]) -> Session<'a> {
        Session::with_interval(world, Duration::from_millis(100), channel)
    }

    /// The same, with the time between two hand-overs of buffers that are not full.
    fn with_interval(world: &'a Sandbox, interval: Duration, channel: &[&str]) -> Session<'a> {
        let (sessiond, relayd) = (world.sessiond(), world.relayd());
        let target = format!("--set-url=net://127.0.0.1:{}:{}", relayd.control_port, relayd.data_port);
        let emitter = Emitter::start(world);
        let mut session =
            Session { world, _sessiond: sessiond, relayd, emitter, load: Load::of_environment() };
        session.lttng(&["create", "soak", &format!("--live={}", interval.as_micros()), &target]);
        session.lttng(&[&["enable-channel", "-u", "events"], channel].concat());
        session.lttng(&["enable-event", "-u", "-c", "events", EVENT.event()]);
        session.lttng(&["start"]);
        session.emitter.wait_enabled(EVENT);
        session
    }

    fn lttng(&self, arguments: &[&str]) {
        self.world.run("lttng", &[&["--no-sessiond"], arguments].concat());
    }

    fn url(&self) -> String {
        let hostname = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        format!("net://127.0.0.1:{}/host/{}/soak", self.relayd.live_port, hostname.trim())
    }

    fn attach(&self) -> Reader {
        Reader::start(self.world, &self.url(), false)
    }

    /// Emits the load, and does something else meanwhile.
    fn emit<T>(&mut self, meanwhile: impl FnOnce(&Around) -> T) -> (Emitted, T) {
        let around =
            Around { world: self.world, url: self.url(), directory: self.relayd.output().to_owned() };
        let (emitter, load) = (&mut self.emitter, &self.load);
        thread::scope(|scope| {
            let emitting = scope.spawn(|| {
                let begin = Instant::now();
                let events = emitter.pace(EVENT, load.events, load.rate);
                Emitted { events, rate: events as f64 / begin.elapsed().as_secs_f64() }
            });
            let result = meanwhile(&around);
            (emitting.join().unwrap(), result)
        })
    }

    /// Ends the session, takes the rest of what the reader reads, and compares it with the directory.
    fn compare(self, name: &str, emitted: &Emitted, reader: Reader) -> (Told, Told) {
        // What of a session nobody has asked for when it is destroyed is not handed over any more.
        let url = self.url().parse().unwrap();
        let is_attached = || live_sessions(&url).unwrap().iter().any(|session| session.clients > 0);
        assert!(wait_until(SOON, is_attached), "the reader does not attach");
        self.lttng(&["stop"]);
        self.lttng(&["destroy", "soak"]);
        let (code, live) = reader.end();
        assert_eq!(code, Some(0), "{}", live.stderr);
        let directory = self.relayd.output();
        let (code, disk) = Reader::start(self.world, directory.to_str().unwrap(), false).end();
        assert_eq!(code, Some(0), "{}", disk.stderr);
        println!(
            "soak: {:<20} {:>10} {:>10.0} {:>10} {:>10} {:>6} {:>6} {:>7.1}",
            name,
            emitted.events,
            emitted.rate,
            live.events,
            live.discarded,
            disk.events.saturating_sub(live.events),
            live.late,
            live.peak_kb as f64 / 1024.0,
        );
        assert_eq!(disk.events + disk.discarded, emitted.events, "in the directory");
        if disk.events <= WITNESSED {
            assert_eq!(babeltrace(directory).len() as u64, disk.events);
        }
        assert_eq!((live.events, live.discarded), (disk.events, disk.discarded));
        for (stream, lines) in &disk.streams {
            assert_same(&live.streams[stream], lines, &format!("stream {stream}"));
        }
        assert_same(&live.lines, &disk.lines, "all streams");
        assert_eq!((live.late, disk.late), (0, 0));
        assert!(live.peak_kb < LIMIT_KB, "{} KB", live.peak_kb);
        (live, disk)
    }
}

/// What there is to do while events are emitted.
struct Around<'a> {
    world: &'a Sandbox,
    url: String,
    directory: PathBuf,
}

impl Around<'_> {
    fn attach(&self) -> Reader {
        Reader::start(self.world, &self.url, false)
    }

    /// Waits until the relay daemon has written so many events.
    fn wait_written(&self, events: u64) {
        assert!(wait_until(SOON, || stream_bytes(&self.directory) >= events * EVENT_BYTES));
    }
}

/// Bytes of all streams below a directory.
fn stream_bytes(directory: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let sizes = entries.flatten().map(|entry| {
        let is_stream = entry.file_name().to_string_lossy().starts_with("events_");
        match entry.metadata() {
            Ok(meta) if meta.is_dir() && entry.file_name() != "index" => stream_bytes(&entry.path()),
            Ok(meta) if meta.is_file() && is_stream => meta.len(),
            _ => 0,
        }
    });
    sizes.sum()
}

fn assert_same(live: &[u64], disk: &[u64], what: &str) {
    let differs = live.iter().zip(disk).position(|(a, b)| a != b);
    assert_eq!(differs, None, "{what}: first line that differs, of {} live and {}", live.len(), disk.len());
    assert_eq!(live.len(), disk.len(), "{what}");
}

#[test]
fn a_reader_that_attaches_early_misses_nothing() {
    in_sandbox(|world| {
        let mut session = Session::start(world, &[]);
        let reader = session.attach();
        let (emitted, ()) = session.emit(|_| ());
        session.compare("early", &emitted, reader);
    });
}

#[test]
fn a_reader_that_attaches_late_begins_at_the_beginning() {
    in_sandbox(|world| {
        let mut session = Session::start(world, &[]);
        let half = session.load.events / 2;
        let (emitted, reader) = session.emit(|around| {
            around.wait_written(half);
            around.attach()
        });
        session.compare("late", &emitted, reader);
    });
}

#[test]
fn a_reader_that_detaches_has_read_what_one_that_attaches_anew_reads() {
    in_sandbox(|world| {
        let mut session = Session::start(world, &[]);
        let quarter = session.load.events / 4;
        let (emitted, (first, second)) = session.emit(|around| {
            let first = around.attach();
            assert!(wait_until(SOON, || first.count.load(Ordering::Relaxed) >= quarter));
            let first = first.interrupt();
            (first, around.attach())
        });
        let (_, disk) = session.compare("twice", &emitted, second);
        assert!(
            first.events >= quarter && first.peak_kb < LIMIT_KB,
            "{}, {} KB",
            first.events,
            first.peak_kb
        );
        for (stream, lines) in &first.streams {
            assert_same(lines, &disk.streams[stream][..lines.len()], &format!("first, stream {stream}"));
        }
    });
}

#[test]
fn a_reader_that_stands_still_catches_up_and_takes_no_memory_for_it() {
    in_sandbox(|world| {
        let mut session = Session::start(world, &[]);
        let mut reader = Reader::start(world, &session.url(), true);
        let (emitted, ()) = session.emit(|_| ());
        assert_eq!(reader.count.load(Ordering::Relaxed), 0);
        reader.let_go();
        session.compare("stands still", &emitted, reader);
    });
}

#[test]
fn packets_larger_than_a_piece_are_read_whole() {
    in_sandbox(|world| {
        let interval = Duration::from_secs(2);
        let mut session = Session::with_interval(world, interval, &["--subbuf-size=4M", "--num-subbuf=2"]);
        session.load.events = session.load.events.max(400_000);
        // All at once: buffers are handed over because they are full, or when the session stops.
        session.load.rate = u64::from(u32::MAX);
        let reader = session.attach();
        let (emitted, ()) = session.emit(|_| ());
        session.compare("large packets", &emitted, reader);
    });
}

#[test]
fn what_lttng_discards_is_told_alike() {
    in_sandbox(|world| {
        let mut session = Session::start(world, &["--subbuf-size=4096", "--num-subbuf=2"]);
        let reader = session.attach();
        // Of its own accord the emitter is faster than anybody who takes full buffers away.
        session.load.rate = u64::from(u32::MAX);
        let (emitted, ()) = session.emit(|_| ());
        let (live, _) = session.compare("small buffers", &emitted, reader);
        assert!(live.discarded > 0);
    });
}
