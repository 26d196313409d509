//! Streams whose every value is known: clocks that wrap, losses in the flow, files that follow each other, traces side
//! by side, and what is not read.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod witness;
mod writer;

use std::fs;
use std::path::Path;

use beamtap_ctf::{Item, Reader, TimeRange, TraceSet};
use writer::{EPOCH_NS, Header, StreamWriter, TraceSpec};

const SPEC: TraceSpec<'static> = TraceSpec {
    uuid: *b"a trace for test",
    hostname: "one",
    header: Header::Compact,
    events: &[("t:number", "uint64_t _n;"), ("t:text", "string _text; uint16_t _behind;")],
};

fn number(stream: &mut StreamWriter, ns: u64, n: u64) {
    stream.event(0, ns, &n.to_le_bytes());
}

/// What a reader gave, in words: `12 s0 #7` for number 7 of stream 0 at 12 ns.
fn flow(reader: Reader) -> Vec<String> {
    let mut reader = reader;
    let mut flow = Vec::new();
    loop {
        flow.push(match reader.next() {
            Ok(Some(Item::Event(event))) => {
                let (ns, stream) = (event.timestamp_ns() - EPOCH_NS, event.stream().index());
                assert_eq!(event.monotonic_ns(), ns as u64);
                match event.name() {
                    "t:number" => format!("{ns} s{stream} #{}", event.u64(0)),
                    _ => format!("{ns} s{stream} {}{}", event.str(0), event.u64(1)),
                }
            }
            Ok(Some(Item::Discarded(loss))) => {
                format!(
                    "discarded {} in {}..{}",
                    loss.count,
                    loss.begin_ns - EPOCH_NS,
                    loss.end_ns - EPOCH_NS
                )
            }
            Ok(Some(Item::LostPackets(loss))) => {
                format!("lost {} in {}..{}", loss.count, loss.begin_ns - EPOCH_NS, loss.end_ns - EPOCH_NS)
            }
            Ok(None) => return flow,
            Err(error) => format!("error: {error}"),
        });
    }
}

fn read(directory: &Path) -> Vec<String> {
    flow(TraceSet::open(directory).unwrap().reader())
}

#[test]
fn a_clock_of_which_27_or_32_bits_are_stored_wraps_as_often_as_it_likes() {
    for (header, bits) in [(Header::Compact, 27), (Header::Large, 32)] {
        let dir = tempfile::tempdir().unwrap();
        let spec = TraceSpec { header, ..SPEC };
        spec.create(dir.path());
        let mut stream = spec.stream(dir.path(), "c_0", 0, 4096);
        let turn = 1_u64 << bits;
        // Just below a turn is told by the low bits; a turn and more needs the whole clock.
        let steps = [0, 1, turn - 1, 0, turn, turn - 1, turn + 1, 5 * turn + 3, turn - 2, 7];
        let (mut ns, mut expected) = (turn - 5, Vec::new());
        for i in 0..2000 {
            ns += steps[i % steps.len()];
            number(&mut stream, ns, i as u64);
            expected.push(format!("{ns} s0 #{i}"));
        }
        stream.end_file();
        witness::assert_same(&read(dir.path()), &expected, &format!("{bits} bits"));
        let theirs = witness::babeltrace2(dir.path());
        let set = TraceSet::open(dir.path()).unwrap();
        witness::assert_agree(&witness::read(set.reader()).lines, &theirs, &format!("{bits} bits"));
    }
}

#[test]
fn losses_come_where_they_happened() {
    let dir = tempfile::tempdir().unwrap();
    SPEC.create(dir.path());
    let mut first = SPEC.stream(dir.path(), "c_0", 0, 4096);
    number(&mut first, 10, 1);
    first.end_packet(100);
    number(&mut first, 150, 2);
    first.discard(5);
    first.end_packet(200);
    first.lose_packets(3);
    number(&mut first, 300, 3);
    first.discard(2);
    first.end_packet(400);
    first.end_file();
    let mut second = SPEC.stream(dir.path(), "c_1", 1, 4096);
    for ns in [20, 120, 160, 250, 350] {
        number(&mut second, ns, ns);
    }
    second.end_file();
    let expected = [
        "10 s0 #1",
        "20 s1 #20",
        "discarded 5 in 100..200",
        "120 s1 #120",
        "150 s0 #2",
        "160 s1 #160",
        "discarded 2 in 200..400",
        "lost 3 in 200..300",
        "250 s1 #250",
        "300 s0 #3",
        "350 s1 #350",
    ];
    witness::assert_same(&read(dir.path()), &expected.map(str::to_owned), "losses");
    let overview = TraceSet::open(dir.path()).unwrap().overview(4);
    assert!(overview.faults.is_empty() && overview.packets == 4);
    assert_eq!(overview.bins[0].begin_ns, EPOCH_NS + 10);
    assert_eq!(
        overview
            .bins
            .iter()
            .map(|bin| (bin.discarded, bin.lost_packets))
            .fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)),
        (7, 3)
    );
    let bytes: u64 = overview.bins.iter().map(|bin| bin.content_bytes).sum();
    assert_eq!(bytes, 4 * writer::PREFIX as u64 + 8 * 12);
}

#[test]
fn events_of_one_time_come_in_the_order_of_the_streams() {
    let dir = tempfile::tempdir().unwrap();
    SPEC.create(dir.path());
    for cpu in [2, 0, 1] {
        let mut stream = SPEC.stream(dir.path(), &format!("c_{cpu}"), cpu, 4096);
        for ns in [5, 5, 7, 7, 9] {
            number(&mut stream, ns, cpu.into());
        }
        stream.end_file();
    }
    let expected: Vec<String> = [(5, 2), (7, 2), (9, 1)]
        .into_iter()
        .flat_map(|(ns, times)| {
            (0..3).flat_map(move |cpu| (0..times).map(move |_| format!("{ns} s{cpu} #{cpu}")))
        })
        .collect();
    witness::assert_same(&read(dir.path()), &expected, "equal times");
}

#[test]
fn the_files_of_a_rotating_stream_are_one_stream_oldest_first() {
    let dir = tempfile::tempdir().unwrap();
    SPEC.create(dir.path());
    // As with --tracefile-count=3: the file names go round, so that c_0_0 is the newest.
    let mut stream = SPEC.stream(dir.path(), "c_0_1", 0, 4096);
    let mut expected = Vec::new();
    for (i, name) in ["c_0_2", "c_0_0", ""].into_iter().enumerate() {
        for n in 0..400 {
            let ns = (i as u64 * 400 + n) * 10;
            number(&mut stream, ns, n);
            expected.push(format!("{ns} s0 #{n}"));
        }
        if !name.is_empty() {
            stream.next_file(dir.path(), name);
        }
    }
    stream.end_file();
    let set = TraceSet::open(dir.path()).unwrap();
    let [only] = set.streams() else { panic!("{} streams", set.streams().len()) };
    let names: Vec<_> = only.paths().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["c_0_1", "c_0_2", "c_0_0"]);
    witness::assert_same(&flow(set.reader()), &expected, "rotating files");
}

#[test]
fn the_chunks_of_a_rotated_session_are_one_trace() {
    let dir = tempfile::tempdir().unwrap();
    let chunk = |name: &str| dir.path().join(name).join("ust/uid/0/64-bit");
    let chunks = [
        chunk("archives/20260101T000000+0000-20260101T000001+0000-0"),
        chunk("archives/20260101T000001+0000-20260101T000002+0000-1"),
        dir.path().join("ust/uid/0/64-bit"),
    ];
    chunks.iter().for_each(|chunk| SPEC.create(chunk));
    let mut expected = Vec::new();
    let mut streams = [0, 1].map(|cpu| SPEC.stream(&chunks[0], &format!("c_{cpu}"), cpu, 4096));
    for (i, chunk) in chunks.iter().enumerate() {
        for n in 0..500 {
            let ns = (i as u64 * 500 + n) * 10;
            let cpu = (n % 2) as usize;
            number(&mut streams[cpu], ns, n);
            expected.push(format!("{ns} s{cpu} #{n}"));
        }
        for (cpu, stream) in streams.iter_mut().enumerate() {
            match chunks.get(i + 1) {
                Some(next) => stream.next_file(next, &format!("c_{cpu}")),
                None => stream.end_file(),
            }
        }
        assert!(chunk.join("c_0").is_file());
    }
    let set = TraceSet::open(dir.path()).unwrap();
    assert_eq!((set.traces().len(), set.streams().len()), (3, 2));
    witness::assert_same(&flow(set.reader()), &expected, "chunks");
}

#[test]
fn traces_of_several_hosts_and_tracers_are_merged_and_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let specs = [
        ("a/kernel", TraceSpec { uuid: [1; 16], header: Header::Large, ..SPEC }),
        ("a/ust/uid/0/64-bit", TraceSpec { uuid: [2; 16], ..SPEC }),
        ("b/ust/uid/0/64-bit", TraceSpec { uuid: [3; 16], hostname: "two", ..SPEC }),
    ];
    for (i, (path, spec)) in specs.iter().enumerate() {
        let path = dir.path().join(path);
        spec.create(&path);
        let mut stream = spec.stream(&path, "c_0", 0, 4096);
        (0..1000).for_each(|n| stream.event(1, n * 3 + i as u64, format!("text {n}\0\x07\0").as_bytes()));
        stream.end_file();
    }
    let set = TraceSet::open(dir.path()).unwrap();
    let hosts: Vec<_> = set
        .traces()
        .iter()
        .map(|trace| {
            let (_, host) = trace.environment().find(|(name, _)| *name == "hostname").unwrap();
            host.as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(hosts, ["one", "one", "two"]);
    let expected: Vec<String> = (0..3000).map(|ns| format!("{ns} s{} text {}7", ns % 3, ns / 3)).collect();
    witness::assert_same(&flow(set.reader()), &expected, "hosts");
    let mut reader = set.reader();
    while let Some(item) = reader.next().unwrap() {
        let Item::Event(event) = item else { panic!("{item:?}") };
        assert_eq!(event.trace(), event.stream().index());
        assert_eq!(event.definition().trace(), event.trace());
    }
}

#[test]
fn a_range_reads_no_packet_that_is_not_in_it() {
    let dir = tempfile::tempdir().unwrap();
    SPEC.create(dir.path());
    let mut stream = SPEC.stream(dir.path(), "c_0", 0, 4096);
    for n in 0..100_000 {
        number(&mut stream, n * 10, n);
    }
    stream.end_file();
    let set = TraceSet::open(dir.path()).unwrap();
    let (begin, end) = (500_000, 510_000);
    let range = TimeRange { begin_ns: EPOCH_NS + begin, end_ns: EPOCH_NS + end };
    let expected: Vec<String> = (begin / 10..=end / 10).map(|n| format!("{} s0 #{n}", n * 10)).collect();
    witness::assert_same(&flow(set.reader_of(range)), &expected, "whole file");
    // All but the first packet and those of the range become noise: whoever reads them, even their headers, falls.
    let file = dir.path().join("c_0");
    let mut bytes = fs::read(&file).unwrap();
    let key = set.stream_key(0).unwrap();
    let mut spoilt = 0;
    for packet in set.packets(key).map(Result::unwrap).skip(1) {
        let is_outside = packet.end_ns.unwrap() < range.begin_ns || packet.begin_ns.unwrap() > range.end_ns;
        // The one behind the range shows that the range is over.
        let is_next =
            packet.begin_ns.unwrap() > range.end_ns && packet.begin_ns.unwrap() < range.end_ns + 4000;
        if is_outside && !is_next {
            let at = packet.offset as usize;
            bytes[at..at + 4096].fill(0xa5);
            spoilt += 1;
        }
    }
    assert!(spoilt > 280, "{spoilt}");
    fs::write(&file, bytes).unwrap();
    witness::assert_same(&flow(set.reader_of(range)), &expected, "spoilt file");
}

#[test]
fn strings_and_numbers_lie_anywhere_in_a_window() {
    // Records of all lengths move over the ends of windows.
    let dir = tempfile::tempdir().unwrap();
    SPEC.create(dir.path());
    let mut stream = SPEC.stream(dir.path(), "c_0", 0, 1 << 20);
    let mut expected = Vec::new();
    for n in 0..20_000_u64 {
        let text = "x".repeat((n * n % 97) as usize);
        let behind = (n % 1000) as u16;
        let mut payload = format!("{text}\0").into_bytes();
        payload.extend_from_slice(&behind.to_le_bytes());
        stream.event(1, n, &payload);
        expected.push(format!("{n} s0 {text}{behind}"));
        if n % 5 == 0 {
            number(&mut stream, n, n);
            expected.push(format!("{n} s0 #{n}"));
        }
    }
    let long = "y".repeat(300_000);
    let mut payload = format!("{long}\0").into_bytes();
    payload.extend_from_slice(&[1, 0]);
    stream.event(1, 20_000, &payload);
    expected.push(format!("20000 s0 {long}1"));
    stream.end_file();
    witness::assert_same(&read(dir.path()), &expected, "all lengths");
}

#[test]
fn packets_that_say_only_when_they_end_follow_each_other() {
    const BITS: usize = 8 * (4 + 3 * 8 + 3 * 6);
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("metadata"),
        "/* CTF 1.8 */ typealias integer { size = 8; } := u8; typealias integer { size = 64; } := u64;
trace { major = 1; minor = 8; byte_order = le; packet.header := struct { integer { size = 32; } magic; }; };
clock { name = c; freq = 1000000000; offset = 0; };
stream { packet.context := struct { u64 packet_size; u64 content_size; u64 timestamp_end; };
event.header := struct { u8 id; integer { size = 32; map = clock.c.value; } timestamp; }; };
event { id = 0; name = e; fields := struct { u8 a; }; };",
    )
    .unwrap();
    let begins = [0x12_u64, 0x5_0000_0000, 0x5_ffff_fff0, 0x9_0000_0000];
    let (mut bytes, mut expected) = (Vec::new(), Vec::new());
    for (packet, begin) in (0_u8..).zip(begins) {
        bytes.extend_from_slice(&0xC1FC_1FC1_u32.to_le_bytes());
        // The second and the third end a turn of the short clock before the next begins.
        let end = begins.get(usize::from(packet) + 1).map_or(begin + 40, |next| next - 0x1000);
        for number in [BITS as u64, BITS as u64, end] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for event in 0..3 {
            let ns = begin + 16 * u64::from(event);
            bytes.push(0);
            bytes.extend_from_slice(&(ns as u32).to_le_bytes());
            bytes.push(event);
            expected.push(ns as i64);
        }
    }
    fs::write(dir.path().join("stream"), bytes).unwrap();
    let set = TraceSet::open(dir.path()).unwrap();
    let (mut reader, mut times) = (set.reader(), Vec::new());
    while let Some(item) = reader.next().unwrap() {
        if let Item::Event(event) = item {
            times.push(event.timestamp_ns());
        }
    }
    assert_eq!(times, expected);
    for threads in [1, 2] {
        let mut folded = Vec::new();
        let fold = |packet: &mut beamtap_ctf::PacketReader<'_>| {
            let mut times = Vec::new();
            while let Some(Item::Event(event)) = packet.next() {
                times.push(event.timestamp_ns());
            }
            times
        };
        set.fold_packets(threads, TimeRange::default(), fold, |packet| {
            folded.extend(packet.unwrap().value);
            std::ops::ControlFlow::Continue(())
        });
        assert_eq!(folded, expected, "{threads} threads");
    }
    let lines = witness::read(set.reader()).lines;
    witness::assert_agree(&lines, &witness::babeltrace2(dir.path()), "ends");
}
