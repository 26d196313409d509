//! babeltrace's own test traces, which are not part of this repository: `make test-corpus` runs these tests.

mod witness;

use witness::{assert_agree, babeltrace2, copy, corpus, read_path};

/// Number of events that each trace of `succeed` holds, as babeltrace2 2.0.4 and 2.1 read them.
const SUCCEED: [(&str, usize); 30] = [
    ("2packets", 2),
    ("array-align-elem", 1),
    ("barectf-event-before-packet", 2),
    ("crlf-metadata", 5),
    ("debug-info", 4),
    ("env-warning", 7809),
    ("ev-disc-no-ts-begin-end", 3),
    ("lf-metadata", 5),
    ("lttng-crash", 400),
    ("lttng-event-after-packet", 2),
    ("lttng-tracefile-rotation", 12305),
    ("meta-ctx-sequence", 0),
    ("meta-variant-no-underscore", 1),
    ("meta-variant-one-underscore", 1),
    ("meta-variant-reserved-keywords", 1),
    ("meta-variant-same-with-underscore", 1),
    ("meta-variant-two-underscores", 1),
    ("multi-domains", 4272),
    ("no-packet-context", 3),
    ("sequence", 10),
    ("session-rotation", 266),
    ("smalltrace", 2),
    ("struct-array-align-elem", 1),
    ("succeed1", 7809),
    ("succeed2", 7809),
    ("succeed3", 7809),
    ("succeed4", 0),
    ("trace-with-index", 4000),
    ("warnings", 7809),
    ("wk-heartbeat-u", 20),
];

#[test]
#[ignore = "needs babeltrace's test traces: make test-corpus"]
fn succeed_has_the_witness_values() {
    let corpus = corpus();
    let mut cases: Vec<_> = corpus
        .join("succeed")
        .read_dir()
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    cases.sort();
    assert_eq!(cases, SUCCEED.map(|(name, _)| name), "every trace of the corpus has a count");
    for (name, count) in SUCCEED {
        let path = corpus.join("succeed").join(name);
        let told = read_path(&path);
        assert!(told.errors.is_empty(), "{name}: {:?}", told.errors);
        assert_eq!(told.lines.len(), count, "{name}");
        assert_agree(&told.lines, &babeltrace2(&path), name);
    }
}

#[test]
#[ignore = "needs babeltrace's test traces: make test-corpus"]
fn fail_is_rejected_after_every_good_event() {
    let corpus = corpus();
    // Name, events before the fault, and a part of what the error must say.
    let cases = [
        ("fail1", 0, "metadata:15:2: the major version"),
        ("fail2", 0, "metadata:6:2: the major version"),
        ("integer-range", 0, "metadata:7:10: 23452397"),
        (
            "invalid-packet-size/trace",
            10,
            "channel0_3: packet 0, byte 2533: the file ends before the last packet",
        ),
        ("invalid-sequence-length-field-class", 0, "metadata:23:13: the field \"len\" is not an integer"),
        (
            "invalid-variant-selector-field-class",
            0,
            "metadata:23:11: the field \"selector\" is not an integer",
        ),
        ("lttng-modules-2.0-pre1", 0, "of CTF is not supported"),
        ("metadata-syntax-error", 0, "metadata:3:58: expected a name"),
        ("packet-based-metadata", 0, "of CTF is not supported"),
        ("smalltrace", 0, "metadata:6:2: the major version"),
        ("valid-events-then-invalid-events/trace", 2, "dummystream: packet 0, byte 2: event class id 255"),
    ];
    assert_eq!(corpus.join("fail").read_dir().unwrap().count(), cases.len());
    for (name, count, message) in cases {
        let told = read_path(&corpus.join("fail").join(name));
        assert_eq!(told.lines.len(), count, "{name}");
        assert_eq!(told.errors.len(), 1, "{name}: {:?}", told.errors);
        let error = told.errors[0].to_string();
        assert!(error.contains(message), "{name}: {error}");
    }
}

#[test]
#[ignore = "needs babeltrace's test traces: make test-corpus"]
fn what_is_good_in_fail_has_the_witness_values() {
    let corpus = corpus();
    let invalid = corpus.join("fail/valid-events-then-invalid-events/trace");
    assert_agree(&read_path(&invalid).lines, &babeltrace2(&invalid), "valid-events-then-invalid-events");
    // The witness reads nothing of a packet that is cut off after its content: it gets the padding.
    let cut = corpus.join("fail/invalid-packet-size/trace");
    let dir = tempfile::tempdir().unwrap();
    let padded = dir.path().join("trace");
    copy(&cut, &padded);
    let stream = padded.join("channel0_3");
    let mut bytes = std::fs::read(&stream).unwrap();
    bytes.resize(4096, 0);
    std::fs::remove_file(&stream).unwrap();
    std::fs::write(&stream, bytes).unwrap();
    assert_agree(&read_path(&cut).lines, &babeltrace2(&padded), "invalid-packet-size");
}

#[test]
#[ignore = "needs babeltrace's test traces: make test-corpus"]
fn packet_seq_num_tells_lost_packets() {
    let corpus = corpus();
    let cases: [(&str, usize, &[u64]); 6] = [
        ("2-lost-before-last", 3, &[2]),
        ("2-streams-lost-in-1", 8, &[2]),
        ("2-streams-lost-in-2", 8, &[2, 3, 1]),
        ("7-lost-between-2-with-index", 2, &[7]),
        ("no-lost", 3, &[]),
        ("no-lost-not-starting-at-0", 3, &[]),
    ];
    for (name, count, lost) in cases {
        let path = corpus.join("packet-seq-num").join(name);
        let told = read_path(&path);
        assert_eq!(told.lines.len(), count, "{name}");
        assert_agree(&told.lines, &babeltrace2(&path), name);
        assert!(told.errors.is_empty(), "{name}: {:?}", told.errors);
        assert_eq!(told.lost_packets.iter().map(|l| l.count).collect::<Vec<_>>(), lost, "{name}");
    }
    let told = read_path(&corpus.join("packet-seq-num/7-lost-between-2-with-index"));
    assert_eq!((told.lost_packets[0].begin_ns, told.lost_packets[0].end_ns), (20, 121));
}

#[test]
#[ignore = "needs babeltrace's test traces: make test-corpus"]
fn intersection_and_live_traces_are_read_whole() {
    let corpus = corpus();
    let cases = [
        ("intersection/3eventsintersect", 8),
        ("intersection/3eventsintersectreverse", 8),
        ("intersection/nointersect", 6),
        ("intersection/nostream", 0),
        ("intersection/onestream", 3),
        ("live/split-metadata", 3),
    ];
    for (name, count) in cases {
        let path = corpus.join(name);
        let told = read_path(&path);
        assert!(told.errors.is_empty(), "{name}: {:?}", told.errors);
        assert_eq!(told.lines.len(), count, "{name}");
        assert_agree(&told.lines, &babeltrace2(&path), name);
    }
}

#[test]
#[ignore = "needs babeltrace's test traces: make test-corpus"]
fn deterministic_ordering_takes_the_first_of_equal_packets() {
    let corpus = corpus();
    // Three copies of one trace with one packet: a and c go wrong after two events, b is whole.
    let read = |names: &[&str]| {
        let dir = tempfile::tempdir().unwrap();
        for name in names {
            copy(&corpus.join("deterministic-ordering").join(name), &dir.path().join(name));
        }
        read_path(dir.path())
    };
    let told = read(&["a-corrupted", "b-not-corrupted"]);
    assert_eq!((told.lines.len(), told.errors.len()), (2, 1), "{:?}", told.errors);
    assert!(
        told.errors[0].is_corrupt() && told.errors[0].path().unwrap().ends_with("a-corrupted/dummystream")
    );
    let told = read(&["b-not-corrupted", "c-corrupted"]);
    assert_eq!((told.lines.len(), told.errors.len()), (3, 0), "{:?}", told.errors);
    // One by one, they have the witness's values.
    for name in ["a-corrupted", "b-not-corrupted", "c-corrupted"] {
        let path = corpus.join("deterministic-ordering").join(name);
        let told = read_path(&path);
        assert_eq!(told.errors.len(), usize::from(name != "b-not-corrupted"), "{name}");
        assert_agree(&told.lines, &babeltrace2(&path), name);
    }
}

#[test]
#[ignore = "needs babeltrace's test traces: make test-corpus"]
fn discarded_events_are_told_once_with_their_time() {
    let corpus = corpus();
    let told = read_path(&corpus.join("succeed/multi-domains"));
    assert_eq!(told.discarded.len(), 1);
    let loss = told.discarded[0];
    assert_eq!(
        (loss.count, loss.begin_ns, loss.end_ns),
        (728, 1565032562352676346, 1565032593426663981),
        "as babeltrace2 warns"
    );
}
