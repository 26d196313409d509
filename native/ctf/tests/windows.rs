//! Reading a stretch of time, with an index and without.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod witness;
mod writer;

use std::fs;
use std::path::Path;

use beamtap_ctf::{StreamKey, TimeRange, TraceSet};
use witness::{copy, corpus, fixture, read, read_path};

fn time_of(line: &str) -> i64 {
    let (s, ns) = line[1..].split_once(']').unwrap().0.split_once('.').unwrap();
    s.parse::<i64>().unwrap() * 1_000_000_000 + ns.parse::<i64>().unwrap()
}

/// Asserts for many ranges that what is read is what filtering all events gives.
fn assert_ranges_equal_filtering(path: &Path) {
    let whole = read_path(path).lines;
    let times: Vec<i64> = whole.iter().map(|l| time_of(l)).collect();
    let set = TraceSet::open(path).unwrap();
    let n = times.len();
    for (first, last) in [(0, n - 1), (n / 3, n / 2), (n / 2, n / 2), (n - 1, n - 1), (0, 0), (n / 4, n - 2)]
    {
        let range = TimeRange { begin_ns: times[first], end_ns: times[last] };
        let expected: Vec<_> = whole
            .iter()
            .zip(&times)
            .filter(|(_, t)| (range.begin_ns..=range.end_ns).contains(t))
            .map(|(line, _)| line.clone())
            .collect();
        let told = read(set.reader_of(range));
        witness::assert_same(&told.lines, &expected, &format!("{} {range:?}", path.display()));
        assert!(told.errors.is_empty());
    }
    let after = TimeRange { begin_ns: times[n - 1] + 1, end_ns: i64::MAX };
    assert!(read(set.reader_of(after)).lines.is_empty());
}

#[test]
fn a_range_gives_what_filtering_gives() {
    assert_ranges_equal_filtering(&fixture("ust-mixed"));
    let dir = tempfile::tempdir().unwrap();
    writer::two_traces(dir.path());
    assert_ranges_equal_filtering(dir.path());
}

#[test]
#[ignore = "needs babeltrace's test traces: make test-corpus"]
fn a_range_of_the_corpus_gives_what_filtering_gives() {
    for name in ["trace-with-index", "multi-domains", "lttng-tracefile-rotation", "session-rotation"] {
        assert_ranges_equal_filtering(&corpus().join("succeed").join(name));
    }
}

#[test]
fn an_index_that_lies_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    copy(&fixture("ust-mixed"), dir.path());
    let index = dir.path().join("index/c_1.idx");
    let bytes = fs::read(&index).unwrap();
    for at in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x41;
        fs::write(&index, bytes).unwrap();
        assert_eq!(read_path(dir.path()).lines.len(), 60, "byte {at}");
        let set = TraceSet::open(dir.path()).unwrap();
        let whole = read_path(dir.path()).lines;
        let range = TimeRange { begin_ns: time_of(&whole[40]), end_ns: i64::MAX };
        let told = read(set.reader_of(range));
        assert!(told.errors.is_empty(), "byte {at}: {:?}", told.errors);
        // A wrong end time in the index can hide packets: no check can tell. Everything else must be right.
        assert!(
            told.lines.len() <= 20 && told.lines.iter().all(|line| whole[40..].contains(line)),
            "byte {at}"
        );
    }
}

#[test]
fn packets_are_the_same_from_the_index_and_from_headers() {
    let dir = tempfile::tempdir().unwrap();
    copy(&fixture("ust-mixed"), dir.path());
    let list = || {
        let set = TraceSet::open(dir.path()).unwrap();
        let keys = (0..set.streams().len()).filter_map(|i| set.stream_key(i));
        keys.flat_map(|key: StreamKey| {
            set.packets(key)
                .map(|p| p.unwrap())
                .map(|p| (p.file, p.offset, p.index, p.content_bits, p.begin_ns, p.end_ns))
                .collect::<Vec<_>>()
        })
        .collect::<Vec<_>>()
    };
    let with_index = list();
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    assert_eq!(list(), with_index);
    assert_eq!(with_index.len(), 4);
    assert_eq!(with_index.iter().map(|p| p.1).collect::<Vec<_>>(), [0, 0, 4096, 8192]);
}
