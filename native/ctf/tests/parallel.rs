//! Many threads must give what one gives, in the same order.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod witness;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use beamtap_ctf::{Merged, TimeRange, TraceSet};
use witness::{Told, copy, corpus, fixture, line, read};

fn read_parallel(set: &TraceSet, threads: usize, range: TimeRange) -> Told {
    let mut told = Told::default();
    set.map_parallel(
        threads,
        range,
        |event| Some(line(&event)),
        |item| {
            match item {
                Ok(Merged::Event { value, .. }) => told.lines.push(value),
                Ok(Merged::Discarded(loss)) => told.discarded.push(loss),
                Ok(Merged::LostPackets(loss)) => told.lost_packets.push(loss),
                Err(error) => told.errors.push(error),
            }
            ControlFlow::Continue(())
        },
    );
    told
}

fn assert_same(path: &Path) {
    let set = TraceSet::open(path).unwrap();
    let range = TimeRange::default();
    let alone = read(set.reader());
    for threads in [1, 2, 3, 8] {
        let together = read_parallel(&set, threads, range);
        witness::assert_same(&together.lines, &alone.lines, &format!("{} on {threads}", path.display()));
        assert_eq!(together.discarded, alone.discarded, "{} on {threads}", path.display());
        assert_eq!(together.lost_packets, alone.lost_packets, "{} on {threads}", path.display());
        let texts = |told: &Told| told.errors.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(texts(&together), texts(&alone), "{} on {threads}", path.display());
    }
}

#[test]
fn threads_do_not_change_what_is_read() {
    assert_same(&fixture("ust-mixed"));
    let Some(corpus) = corpus() else { return };
    for name in [
        "succeed/multi-domains",
        "succeed/lttng-tracefile-rotation",
        "succeed/session-rotation",
        "succeed/trace-with-index",
        "succeed/smalltrace",
        "succeed/wk-heartbeat-u",
        "succeed/sequence",
        "packet-seq-num/2-streams-lost-in-2",
        "fail/invalid-packet-size/trace",
        "fail/valid-events-then-invalid-events/trace",
    ] {
        assert_same(&corpus.join(name));
    }
}

#[test]
fn a_fault_ends_its_file_only() {
    let dir = tempfile::tempdir().unwrap();
    copy(&fixture("ust-mixed"), dir.path());
    let file = dir.path().join("c_1");
    let whole = fs::read(&file).unwrap();
    for at in [90, 4096 + 1000, 4096 + 20, 8192 + 84] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        fs::write(&file, bytes).unwrap();
        assert_same(dir.path());
    }
}

#[test]
fn the_sink_can_stop() {
    let set = TraceSet::open(&fixture("ust-mixed")).unwrap();
    for threads in [1, 4] {
        let mut seen = 0;
        set.map_parallel(
            threads,
            TimeRange::default(),
            |_| Some(()),
            |_| {
                seen += 1;
                if seen == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        assert_eq!(seen, 5);
    }
}

#[test]
#[should_panic(expected = "a scoped thread panicked")]
fn a_panic_of_the_mapping_function_is_not_swallowed() {
    let set = TraceSet::open(&fixture("ust-mixed")).unwrap();
    set.map_parallel(
        2,
        TimeRange::default(),
        |_| -> Option<()> { panic!("on purpose") },
        |_| ControlFlow::Continue(()),
    );
}
