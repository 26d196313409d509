//! Stream files that cannot be opened or read when their turn comes: each is told once, all others are read.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod witness;
mod writer;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use beamtap_ctf::{Error, Item, Ordered, PacketReader, TimeRange, TraceSet};
use writer::{EPOCH_NS, Header, TraceSpec};

const SPEC: TraceSpec<'static> = TraceSpec {
    uuid: *b"a trace for test",
    hostname: "one",
    header: Header::Compact,
    events: &[("t:number", "uint64_t _n;")],
};

/// Three streams; the second goes on in another file.
fn write(directory: &Path) {
    SPEC.create(directory);
    for cpu in 0..3 {
        let mut stream = SPEC.stream(directory, &format!("c_{cpu}"), cpu, 4096);
        for ns in 0..5 {
            stream.event(0, 10 * ns + u64::from(cpu), &ns.to_le_bytes());
        }
        if cpu == 1 {
            stream.next_file(directory, "c_1_later");
            stream.event(0, 100, &5_u64.to_le_bytes());
        }
        stream.end_file();
    }
}

/// What is wrong with a file once the trace was opened.
fn spoil(path: &Path, is_directory: bool) {
    fs::remove_file(path).unwrap();
    if is_directory {
        fs::create_dir(path).unwrap();
    }
}

/// Keeps the events and the faults; more than a few are without end.
#[derive(Default)]
struct Taken {
    times: Vec<i64>,
    faults: Vec<String>,
}

impl Taken {
    fn event(&mut self, ns: i64) {
        self.times.push(ns - EPOCH_NS);
    }

    fn fault(&mut self, error: &Error) {
        self.faults.push(error.to_string());
        assert!(self.faults.len() < 10, "faults without end: {error}");
    }

    fn assert_one_missing(mut self, way: &str) {
        self.times.sort_unstable();
        let expected = [0, 2, 10, 12, 20, 22, 30, 32, 40, 42, 100];
        assert_eq!(self.times, expected, "{way}: {:?}", self.faults);
        assert_eq!(self.faults.len(), 1, "{way}: {:?}", self.faults);
        assert!(self.faults[0].contains("c_1: "), "{way}: {:?}", self.faults);
    }
}

fn assert_told_once(set: &TraceSet) {
    let mut taken = Taken::default();
    let mut reader = set.reader();
    loop {
        match reader.next() {
            Ok(Some(Item::Event(event))) => taken.event(event.timestamp_ns()),
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => taken.fault(&error),
        }
    }
    taken.assert_one_missing("next");

    let mut taken = Taken::default();
    let _ = set.reader().for_each(|item| {
        match item {
            Ok(Item::Event(event)) => taken.event(event.timestamp_ns()),
            Ok(_) => {}
            Err(error) => taken.fault(&error),
        }
        ControlFlow::Continue(())
    });
    taken.assert_one_missing("for_each");

    let mut taken = Taken::default();
    let times = |stretch: beamtap_ctf::Stretch<'_>| {
        let mut times = Vec::new();
        stretch.for_each(|event| times.push(event.timestamp_ns()));
        times
    };
    set.fold_in_order(2, TimeRange::default(), times, |told| {
        match told {
            Ok(Ordered::Events(times)) => times.into_iter().for_each(|ns| taken.event(ns)),
            Ok(_) => {}
            Err(error) => taken.fault(&error),
        }
        ControlFlow::Continue(())
    });
    taken.assert_one_missing("fold_in_order");

    for threads in [1, 2] {
        let mut taken = Taken::default();
        let times = |packet: &mut PacketReader<'_>| {
            let mut times = Vec::new();
            while let Some(item) = packet.next() {
                if let Item::Event(event) = item {
                    times.push(event.timestamp_ns());
                }
            }
            times
        };
        set.fold_packets(threads, TimeRange::default(), times, |folded| {
            match folded {
                Ok(folded) => folded.value.into_iter().for_each(|ns| taken.event(ns)),
                Err(error) => taken.fault(&error),
            }
            ControlFlow::Continue(())
        });
        taken.assert_one_missing(&format!("fold_packets on {threads} threads"));
    }
    let overview = set.overview(3);
    assert_eq!((overview.packets, overview.faults.len()), (3, 1), "{:?}", overview.faults);
}

#[test]
fn a_file_that_cannot_be_opened_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path());
    let set = TraceSet::open(dir.path()).unwrap();
    spoil(&dir.path().join("c_1"), false);
    assert_told_once(&set);
}

#[test]
fn a_file_that_cannot_be_read_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path());
    let set = TraceSet::open(dir.path()).unwrap();
    spoil(&dir.path().join("c_1"), true);
    assert_told_once(&set);
}
