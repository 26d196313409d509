//! Many threads must give what one gives, in the same order.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod witness;
mod writer;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use beamtap_ctf::{Item, Ordered, PacketReader, Stretch, TimeRange, TraceSet};
use witness::{Told, copy, corpus, fixture, line, read};

fn read_parallel(set: &TraceSet, threads: usize, range: TimeRange) -> Told {
    let mut told = Told::default();
    let fold = |stretch: Stretch<'_>| {
        let mut lines = Vec::new();
        stretch.for_each(|event| lines.push(line(&event)));
        lines
    };
    set.fold_in_order(threads, range, fold, |item| {
        match item {
            Ok(Ordered::Events(lines)) => told.lines.extend(lines),
            Ok(Ordered::Discarded(loss)) => told.discarded.push(loss),
            Ok(Ordered::LostPackets(loss)) => told.lost_packets.push(loss),
            Err(error) => told.errors.push(error),
        }
        ControlFlow::Continue(())
    });
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

/// Asserts that putting packets together per stream gives what filtering all events gives, and that packets come in the
/// order of time.
fn assert_folds(path: &Path) {
    let set = TraceSet::open(path).unwrap();
    let mut alone: Vec<Vec<String>> = vec![Vec::new(); set.streams().len()];
    let (mut discarded, mut lost, mut faults) = (0, 0, Vec::new());
    let mut reader = set.reader();
    loop {
        match reader.next() {
            Ok(Some(Item::Event(event))) => alone[event.stream().index()].push(line(&event)),
            Ok(Some(Item::Discarded(loss))) => discarded += loss.count,
            Ok(Some(Item::LostPackets(loss))) => lost += loss.count,
            Ok(None) => break,
            Err(error) => faults.push(error.to_string()),
        }
    }
    faults.sort();
    for threads in [1, 2, 5] {
        let fold = |packet: &mut PacketReader<'_>| {
            let (mut lines, mut losses) = (Vec::new(), [0, 0]);
            while let Some(item) = packet.next() {
                match item {
                    Item::Event(event) => lines.push(line(&event)),
                    Item::Discarded(loss) => losses[0] += loss.count,
                    Item::LostPackets(loss) => losses[1] += loss.count,
                }
            }
            (lines, losses)
        };
        let mut together: Vec<Vec<String>> = vec![Vec::new(); set.streams().len()];
        let (mut losses, mut told, mut begins) = ([0, 0], Vec::new(), Vec::new());
        set.fold_packets(threads, TimeRange::default(), fold, |folded| {
            match folded {
                Ok(folded) => {
                    begins.extend(folded.packet.begin_ns.filter(|_| folded.packet.lost_packets.is_none()));
                    together[folded.stream.index()].extend(folded.value.0);
                    (0..2).for_each(|i| losses[i] += folded.value.1[i]);
                }
                Err(error) => told.push(error.to_string()),
            }
            ControlFlow::Continue(())
        });
        told.sort();
        let case = format!("{} on {threads}", path.display());
        for (ours, theirs) in together.iter().zip(&alone) {
            witness::assert_same(ours, theirs, &case);
        }
        assert_eq!((losses, &told), ([discarded, lost], &faults), "{case}");
        assert!(begins.is_sorted() || lost > 0 || discarded > 0, "{case}");
    }
}

#[test]
fn packets_are_folded_as_they_are_read() {
    assert_folds(&fixture("ust-mixed"));
    let dir = tempfile::tempdir().unwrap();
    writer::two_traces(dir.path());
    assert_folds(dir.path());
}

#[test]
fn folding_can_stop_and_a_fold_need_not_read_all() {
    let set = TraceSet::open(&fixture("ust-mixed")).unwrap();
    for threads in [1, 3] {
        let mut firsts = 0;
        let first_only = |packet: &mut PacketReader<'_>| u64::from(packet.next().is_some());
        set.fold_packets(threads, TimeRange::default(), first_only, |folded| {
            firsts += folded.unwrap().value;
            ControlFlow::Continue(())
        });
        assert_eq!(firsts, 3, "packets with events, on {threads}");
        let mut seen = 0;
        set.fold_packets(
            threads,
            TimeRange::default(),
            |_| (),
            |_| {
                seen += 1;
                ControlFlow::Break(())
            },
        );
        assert_eq!(seen, 1, "on {threads}");
    }
}

#[test]
fn threads_do_not_change_what_is_read() {
    assert_same(&fixture("ust-mixed"));
    let dir = tempfile::tempdir().unwrap();
    writer::two_traces(dir.path());
    assert_same(dir.path());
}

#[test]
#[ignore = "needs babeltrace's test traces: make test-corpus"]
fn threads_do_not_change_the_corpus() {
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
        assert_same(&corpus().join(name));
        assert_folds(&corpus().join(name));
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
        set.fold_in_order(
            threads,
            TimeRange::default(),
            |_| (),
            |_| {
                seen += 1;
                ControlFlow::Break(())
            },
        );
        assert_eq!(seen, 1);
    }
}

#[test]
#[should_panic(expected = "a scoped thread panicked")]
fn a_panic_of_the_folding_function_is_not_swallowed() {
    let set = TraceSet::open(&fixture("ust-mixed")).unwrap();
    let fold = |_: Stretch<'_>| panic!("on purpose");
    set.fold_in_order(2, TimeRange::default(), fold, |_: Result<Ordered<()>, _>| ControlFlow::Continue(()));
}
