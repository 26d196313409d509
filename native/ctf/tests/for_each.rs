//! Being handed everything one after the other, or on other threads, must be what asking for each gives, and may be broken
//! off anywhere.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod witness;
mod writer;

use std::ops::ControlFlow;
use std::path::Path;

use beamtap_ctf::{Error, Item, Ordered, PacketReader, Reader, Stretch, TimeRange, TraceSet};
use witness::{corpus, fixture, line};
use writer::{Header, TraceSpec};

fn told(item: Result<Item<'_>, Error>) -> String {
    match item {
        Ok(Item::Event(event)) => format!("{} {:?} {}", line(&event), event.stream(), event.cycles()),
        Ok(loss) => format!("{loss:?}"),
        Err(error) => error.to_string(),
    }
}

fn asked(mut reader: Reader) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(item) = reader.next().transpose() {
        all.push(told(item));
    }
    all
}

/// Is handed `length` at a time, and asks for one in between where that is wanted.
fn handed(mut reader: Reader, length: usize, asks: bool) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let enough = all.len() + length;
        let flow = reader.for_each(|item| {
            all.push(told(item));
            if all.len() < enough { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        if flow.is_continue() {
            assert!(reader.next().unwrap().is_none(), "nothing comes behind the end");
            return all;
        }
        if asks && let Some(item) = reader.next().transpose() {
            all.push(told(item));
        }
    }
}

/// Has the events made lines of on so many threads.
fn folded(set: &TraceSet, range: TimeRange, threads: usize) -> Vec<String> {
    let fold = |stretch: Stretch<'_>| {
        let mut lines = Vec::new();
        stretch.for_each(|event| lines.push(told(Ok(Item::Event(event)))));
        lines
    };
    let mut all = Vec::new();
    set.fold_in_order(threads, range, fold, |item| {
        match item {
            Ok(Ordered::Events(lines)) => all.extend(lines),
            Ok(Ordered::Discarded(loss)) => all.push(told(Ok(Item::Discarded(loss)))),
            Ok(Ordered::LostPackets(loss)) => all.push(told(Ok(Item::LostPackets(loss)))),
            Err(error) => all.push(told(Err(error))),
        }
        ControlFlow::Continue(())
    });
    all
}

fn assert_same(path: &Path) {
    // What has no metadata that can be read is told elsewhere.
    let Ok(set) = TraceSet::open(path) else { return };
    let mut times = Vec::new();
    let mut reader = set.reader();
    while let Some(item) = reader.next().transpose() {
        if let Ok(Item::Event(event)) = item {
            times.push(event.timestamp_ns());
        }
    }
    let at = |part: usize| times.get(times.len() * part / 4).copied().unwrap_or(0);
    for range in [TimeRange::default(), TimeRange { begin_ns: at(1), end_ns: at(3) }] {
        let expected = asked(set.reader_of(range));
        for (length, asks) in
            [(usize::MAX >> 1, false), (1, false), (1, true), (2, true), (7, false), (100, true)]
        {
            let case = format!("{} by {length}, {asks}", path.display());
            witness::assert_same(&handed(set.reader_of(range), length, asks), &expected, &case);
        }
        for threads in [1, 3] {
            let case = format!("{} on {threads} threads", path.display());
            witness::assert_same(&folded(&set, range, threads), &expected, &case);
        }
    }
    let by_packet = |fold: fn(&mut PacketReader<'_>) -> Vec<String>| {
        let mut all = Vec::new();
        set.fold_packets(1, TimeRange::default(), fold, |folded| {
            match folded {
                Ok(folded) => all.extend(folded.value),
                Err(error) => all.push(error.to_string()),
            }
            ControlFlow::Continue(())
        });
        all
    };
    let expected = by_packet(|packet| {
        let mut all = Vec::new();
        while let Some(item) = packet.next() {
            all.push(told(Ok(item)));
        }
        all
    });
    let handed = by_packet(|packet| {
        let mut all = Vec::new();
        let flow = packet.for_each(|item| {
            all.push(told(Ok(item)));
            if all.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if flow.is_break() {
            assert!(
                packet
                    .for_each(|item| {
                        all.push(told(Ok(item)));
                        ControlFlow::Continue(())
                    })
                    .is_continue()
            );
        }
        all
    });
    witness::assert_same(&handed, &expected, &format!("{} by packet", path.display()));
}

#[test]
#[ignore = "needs babeltrace's test traces: make test-corpus"]
fn the_corpus_is_the_same_handed_and_asked_for() {
    let corpus = corpus();
    let mut seen = 0;
    for kind in ["succeed", "fail"] {
        for entry in corpus.join(kind).read_dir().unwrap() {
            assert_same(&entry.unwrap().path());
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen}");
}

#[test]
fn streams_of_all_kinds_are_the_same_handed_and_asked_for() {
    assert_same(&fixture("ust-mixed"));
    assert_same(&fixture("ust-ctf2"));
}

#[test]
fn a_fault_in_the_first_packet_is_told() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("metadata"),
        "/* CTF 1.8 */ trace { major = 1; minor = 8; byte_order = le; };",
    )
    .unwrap();
    std::fs::write(dir.path().join("c_0"), [7; 100]).unwrap();
    let told = asked(TraceSet::open(dir.path()).unwrap().reader());
    assert_eq!(told.len(), 1, "{told:?}");
    assert_same(dir.path());
}

/// Ids that a compact header has no room for, and one that stands in it for that there is none.
#[test]
fn classes_with_ids_above_the_short_ones_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..40).map(|id| format!("t:{id}")).collect();
    let fields = |id: usize| if id.is_multiple_of(2) { "uint32_t _n;" } else { "uint64_t _n; string _s;" };
    let events: Vec<(&str, &str)> =
        names.iter().enumerate().map(|(id, name)| (name.as_str(), fields(id))).collect();
    let spec =
        TraceSpec { uuid: *b"a trace for test", hostname: "one", header: Header::Compact, events: &events };
    spec.create(dir.path());
    let mut expected = Vec::new();
    for cpu in 0..2 {
        let mut stream = spec.stream(dir.path(), &format!("c_{cpu}"), cpu, 4096);
        for n in 0..4000_u32 {
            // One stream has all classes in turn, the other one of each again and again.
            let id = if cpu == 0 { n % 40 } else { n / 100 };
            let mut payload = n.to_le_bytes().to_vec();
            if id % 2 == 1 {
                payload.extend_from_slice(b"\0\0\0\0text\0");
            }
            stream.event(id, u64::from(2 * n + cpu), &payload);
            expected.push((2 * n + cpu, format!("t:{id} {n}")));
        }
        stream.end_file();
    }
    expected.sort();
    let expected: Vec<String> = expected.into_iter().map(|(_, text)| text).collect();
    let mut found = Vec::new();
    let flow = TraceSet::open(dir.path()).unwrap().reader().for_each(|item| {
        if let Ok(Item::Event(event)) = item {
            found.push(format!("{} {}", event.name(), event.u64(0)));
        }
        ControlFlow::Continue(())
    });
    assert!(flow.is_continue());
    witness::assert_same(&found, &expected, "ids");
    assert_same(dir.path());
}

/// More than is copied at once, in packets and records of all sizes, with losses between.
#[test]
fn what_is_large_and_what_is_lost_is_the_same_on_other_threads() {
    let dir = tempfile::tempdir().unwrap();
    let events = [
        ("t:number", "uint64_t _n;"),
        ("t:text", "string _s; uint8_t _n;"),
        ("t:many", "uint32_t __b_length; uint8_t _b[ __b_length ];"),
        ("t:none", ""),
    ];
    for header in [Header::Compact, Header::Large] {
        let spec = TraceSpec { uuid: *b"a trace for test", hostname: "one", header, events: &events };
        spec.create(dir.path());
        for cpu in 0..3 {
            let mut stream = spec.stream(dir.path(), &format!("c_{cpu}"), cpu, 75_000 + (1000 << cpu));
            for n in 0..4000_u32 {
                let length = if n % 1000 == 999 { 70_000 } else { n % 50 };
                match (n + cpu) % 5 {
                    0 | 1 => stream.event(0, u64::from(n) * 10, &u64::from(n).to_le_bytes()),
                    2 => stream.event(
                        1,
                        u64::from(n) * 10,
                        &[&b"words\0"[usize::from(n as u8 % 6)..], &[7]].concat(),
                    ),
                    3 => {
                        let bytes = vec![n as u8; length as usize];
                        stream.event(2, u64::from(n) * 10, &[&length.to_le_bytes()[..], &bytes].concat());
                    }
                    _ => stream.event(3, u64::from(n) * 10 + u64::from(cpu), &[]),
                }
                if n % 1000 == 500 {
                    stream.discard(5);
                    stream.end_packet(u64::from(n) * 10 + 5);
                    stream.lose_packets(u64::from(n / 1000 % 2));
                }
            }
            stream.end_file();
        }
        let told = asked(TraceSet::open(dir.path()).unwrap().reader());
        let is_loss = |line: &&String| line.contains("Discarded(") || line.contains("LostPackets(");
        assert!(told.len() > 12_000 && told.iter().filter(is_loss).count() > 10, "{}", told.len());
        assert_same(dir.path());
    }
}
