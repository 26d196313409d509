//! How much memory reading takes at most, whatever the trace: the kernel's own figure.

use crate::mock_relay::{DATA, FURTHER, Plan, Say, relay};
use crate::program::{Trace, done};
use crate::script::Script;
use crate::writer::{Header, StreamWriter, TraceSpec};
use std::path::Path;
use std::process::Command;

const LIMIT_KB: u64 = 64 << 10;
/// More than twice the limit.
const TRACE_BYTES: usize = 160 << 20;

const SPEC: TraceSpec<'static> = TraceSpec {
    uuid: *b"beamtap large id",
    hostname: "large",
    header: Header::Large,
    events: &[("large:text", "string s;"), ("large:bytes", "uint32_t n; uint8_t b[n];")],
};

/// The most memory that the program had, in KB, and its lines of output. Python is between: the kernel counts what the
/// process that starts a program has as the program's, and this one holds traces.
fn peak_kb(arguments: &[&str]) -> (u64, u64) {
    const WATCH: &str = "import resource, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
lines = sum(piece.count(b'\\n') for piece in iter(lambda: child.stdout.read(65536), b''))
assert child.wait() == 0, child.returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, lines)";
    let beamtapd = env!("CARGO_BIN_EXE_beamtapd");
    let mut watch = Command::new("python3");
    let told = done(watch.args(["-c", WATCH, beamtapd]).args(arguments).output().expect("python3 runs"));
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""));
    let numbers: Vec<u64> =
        told.stdout.split_whitespace().map(|number| number.parse().expect("a number")).collect();
    (numbers[0], numbers[1])
}

/// A stream of events that carry so many bytes of text each.
fn fill(stream: &mut StreamWriter, bytes: usize, text: usize) -> u64 {
    let payload = [vec![b'x'; text], vec![0]].concat();
    let events = bytes / (payload.len() + 6);
    (0..events).for_each(|event| stream.event(0, event as u64 * 1000, &payload));
    stream.end_file();
    events as u64
}

fn assert_bounded(trace: &Path, events: u64) {
    let trace = trace.to_str().expect("UTF-8");
    let commands = [
        &["read", "--threads", "1", trace][..],
        &["read", "--threads", "8", trace],
        &["read", "--json", trace],
        &["info", trace],
        &["report", trace],
    ];
    for arguments in commands {
        let (kb, lines) = peak_kb(arguments);
        assert!(kb < LIMIT_KB, "{arguments:?}: {kb} KB");
        assert!(arguments[0] != "read" || lines == events, "{arguments:?}: {lines} of {events} lines");
    }
}

#[test]
fn one_packet_of_many_megabytes() {
    let dir = tempfile::tempdir().expect("a directory");
    SPEC.create(dir.path());
    let mut stream = SPEC.stream(dir.path(), "c_0", 0, TRACE_BYTES + (1 << 20));
    let events = fill(&mut stream, TRACE_BYTES, 4000);
    assert_bounded(dir.path(), events);
}

#[test]
fn many_small_packets() {
    let dir = tempfile::tempdir().expect("a directory");
    SPEC.create(dir.path());
    // An index of 23 MB, too.
    let mut stream = SPEC.stream(dir.path(), "c_0", 0, 512);
    let events = fill(&mut stream, TRACE_BYTES / 2, 300);
    assert_bounded(dir.path(), events);
}

#[test]
fn many_streams() {
    let dir = tempfile::tempdir().expect("a directory");
    SPEC.create(dir.path());
    let events = (0..500).map(|cpu| {
        fill(&mut SPEC.stream(dir.path(), &format!("c_{cpu}"), cpu, 128 << 10), TRACE_BYTES / 500, 2000)
    });
    assert_bounded(dir.path(), events.sum());
}

/// What a report keeps is for processes and functions, not for events: 64 bytes of each would be too many.
#[test]
fn a_report_of_many_events_of_few_processes() {
    const ROUNDS: u64 = 300_000;
    let script = (0..ROUNDS).fold(Script::new(), |script, round| {
        let (at, pid) = (round * 4000, 131 + round % 2);
        let script = script.at(at).goes_in(pid).at(at + 1000).call(pid, 2);
        script.at(at + 2000).return_from(pid, 2).at(at + 3000).goes_out(pid)
    });
    let trace = Trace::of(&script);
    let (kb, lines) = peak_kb(&["report", trace.path()]);
    assert!(lines > 4, "{lines} lines");
    assert!(kb < LIMIT_KB, "{kb} KB");
}

#[test]
fn a_live_session_with_large_buffers_on_many_cpus() {
    const PACKET: usize = 8 << 20;
    const STREAMS: u64 = 50;
    let dir = tempfile::tempdir().expect("a directory");
    SPEC.create(dir.path());
    let per_stream = [1, 0].map(|cpu| {
        fill(&mut SPEC.stream(dir.path(), &format!("c_{cpu}"), cpu, PACKET), PACKET - 10_000, 2000)
    });
    let streams = [DATA].into_iter().chain(FURTHER..FURTHER + STREAMS);
    let script = streams.flat_map(|of| [(of, Say::Packet(0, 0)), (of, Say::HangUp)]).collect();
    let (url, relay) =
        relay(vec![Plan { trace: dir.path().to_owned(), has_late: false, ..Plan::new(15, script) }]);
    let (kb, lines) = peak_kb(&["read", &url.to_string()]);
    relay.join().expect("the relay daemon's part was good");
    assert_eq!(lines, per_stream[0] + STREAMS * per_stream[1]);
    assert!(kb < LIMIT_KB, "{kb} KB");
}

#[test]
fn an_event_larger_than_may_be_held_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    SPEC.create(dir.path());
    let mut stream = SPEC.stream(dir.path(), "c_0", 0, TRACE_BYTES);
    let length = u32::try_from(TRACE_BYTES - 1000).expect("fits");
    stream.event(0, 1, b"before\0");
    stream.event(1, 2, &[&length.to_le_bytes()[..], &vec![7; TRACE_BYTES - 1000]].concat());
    stream.end_file();
    // Told with its place, after what comes before it.
    let trace = dir.path().to_str().expect("UTF-8");
    let watched = format!("ulimit -d {LIMIT_KB}; exec '{}' read '{trace}'", env!("CARGO_BIN_EXE_beamtapd"));
    let told = done(Command::new("sh").args(["-c", &watched]).output().expect("a shell runs"));
    assert_eq!((told.code, told.stdout.lines().count()), (Some(1), 1), "{}", told.stderr);
    assert!(told.stderr.contains("c_0: packet 0, byte "), "{}", told.stderr);
}

/// Most streams, and most traces, that are read together.
const STREAMS: u32 = 1 << 14;
const TRACES: u32 = 1 << 12;

#[test]
fn as_many_streams_as_are_read_and_one_more() {
    let dir = tempfile::tempdir().expect("a directory");
    SPEC.create(dir.path());
    let add = |cpu: u32| {
        let mut stream = SPEC.stream(dir.path(), &format!("c_{cpu}"), cpu, 256);
        // All streams are open at the same time.
        stream.event(0, cpu.into(), b"first\0");
        stream.event(0, u64::from(STREAMS + cpu), b"last\0");
        stream.end_file();
    };
    (0..STREAMS).for_each(add);
    assert_bounded(dir.path(), 2 * u64::from(STREAMS));
    add(STREAMS);
    assert_refused(dir.path(), "more than 16384 streams");
}

#[test]
fn as_many_traces_as_are_read_and_one_more() {
    let dir = tempfile::tempdir().expect("a directory");
    let add = |trace: u32| {
        let mut uuid = *b"beamtap one of  ";
        uuid[12..].copy_from_slice(&trace.to_le_bytes());
        let (spec, place) = (TraceSpec { uuid, ..SPEC }, dir.path().join(format!("t{trace}")));
        spec.create(&place);
        let mut stream = spec.stream(&place, "c_0", 0, 256);
        stream.event(0, trace.into(), b"only\0");
        stream.end_file();
    };
    (0..TRACES).for_each(add);
    assert_bounded(dir.path(), TRACES.into());
    add(TRACES);
    assert_refused(dir.path(), "more than 4096 traces");
}

fn assert_refused(trace: &Path, what: &str) {
    let told =
        done(Command::new(env!("CARGO_BIN_EXE_beamtapd")).arg("info").arg(trace).output().expect("it runs"));
    assert_eq!(
        (told.code, told.stdout.as_str(), told.stderr.lines().count()),
        (Some(1), "", 1),
        "{}",
        told.stderr
    );
    assert!(told.stderr.contains(what) && told.stderr.contains("one by one"), "{}", told.stderr);
}

#[test]
fn an_event_of_more_text_than_memory_is_cut_and_told() {
    const ELEMENTS: usize = 8_000_000;
    let dir = tempfile::tempdir().expect("a directory");
    SPEC.create(dir.path());
    let mut stream = SPEC.stream(dir.path(), "c_0", 0, ELEMENTS + (1 << 20));
    let length = u32::try_from(ELEMENTS).expect("fits");
    stream.event(1, 1, &[&length.to_le_bytes()[..], &vec![7; ELEMENTS]].concat());
    stream.event(0, 2, &[&vec![1; ELEMENTS / 16][..], b"\0"].concat());
    stream.event(0, 3, b"behind\0");
    stream.end_file();
    let trace = dir.path().to_str().expect("UTF-8");
    for arguments in
        [&["--threads", "1"][..], &["--threads", "4"], &["--json", "--threads", "1"], &["--json"]]
    {
        let watched = format!(
            "ulimit -d {LIMIT_KB}; exec '{}' read {} '{trace}'",
            env!("CARGO_BIN_EXE_beamtapd"),
            arguments.join(" ")
        );
        let told = done(Command::new("sh").args(["-c", &watched]).output().expect("a shell runs"));
        let lines: Vec<&str> = told.stdout.lines().collect();
        assert_eq!(lines.len(), 3, "{arguments:?}: {}", told.stderr);
        assert!(lines[2].contains("behind"), "{arguments:?}");
        if arguments[0] == "--json" {
            // Two bytes an element are not too many.
            assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""), "{arguments:?}");
            assert!(lines.iter().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
            continue;
        }
        assert_eq!(told.code, Some(1), "{arguments:?}: {}", told.stderr);
        assert_eq!(told.stderr, "beamtapd: warning: events cut because they are larger than 16 MiB: 1\n");
        assert!(
            lines[0].ends_with("= 7, ... ] }") && lines[0].len() < 17 << 20,
            "{arguments:?}: {}",
            lines[0].len()
        );
        assert!(lines[1].ends_with("\\x01\" }"), "{arguments:?}");
    }
}
