//! CTF 2: LTTng writes the same packets under either metadata, so one trace read with both must give one answer.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod witness;

use std::fs;
use std::path::Path;

use beamtap_ctf::{TraceSet, Value};
use witness::{copy, fixture, read_path};

/// The metadata of `ust-mixed` as CTF 2, in the shape that lttng-tools 2.15 gives it.
fn metadata() -> Vec<String> {
    let uint = |bits: u32, roles: &str| {
        let roles = if roles.is_empty() { String::new() } else { format!(r#","roles":["{roles}"]"#) };
        format!(
            r#"{{"type":"fixed-length-unsigned-integer","length":{bits},"byte-order":"little-endian","alignment":8{roles}}}"#
        )
    };
    let sint = |bits: u32| {
        format!(
            r#"{{"type":"fixed-length-signed-integer","length":{bits},"byte-order":"little-endian","alignment":8}}"#
        )
    };
    let float = |bits: u32| {
        format!(
            r#"{{"type":"fixed-length-floating-point-number","length":{bits},"byte-order":"little-endian","alignment":8}}"#
        )
    };
    let structure = |members: &[(&str, String)]| {
        let members: Vec<_> = members
            .iter()
            .map(|(name, class)| format!(r#"{{"name":"{name}","field-class":{class}}}"#))
            .collect();
        format!(r#"{{"type":"structure","member-classes":[{}]}}"#, members.join(","))
    };
    let sized = |kind: &str, origin: &str, length: &str, rest: &str| {
        format!(
            r#"{{"type":"{kind}","length-field-location":{{"origin":"{origin}","path":["{length}"]}}{rest}}}"#
        )
    };
    let payload = "event-record-payload";
    let header = structure(&[
        ("magic", uint(32, "packet-magic-number")),
        ("uuid", r#"{"type":"static-length-blob","length":16,"roles":["metadata-stream-uuid"]}"#.into()),
        ("stream_id", uint(32, "data-stream-class-id")),
        ("stream_instance_id", uint(64, "data-stream-id")),
    ]);
    let context = structure(&[
        ("timestamp_begin", uint(64, "default-clock-timestamp")),
        ("timestamp_end", uint(64, "packet-end-default-clock-timestamp")),
        ("content_size", uint(64, "packet-content-length")),
        ("packet_size", uint(64, "packet-total-length")),
        ("packet_seq_num", uint(64, "packet-sequence-number")),
        ("events_discarded", uint(64, "discarded-event-record-counter-snapshot")),
        ("cpu_id", uint(32, "")),
    ]);
    let large = structure(&[
        ("id", uint(16, "event-record-class-id")),
        (
            "v",
            format!(
                r#"{{"type":"variant","selector-field-location":{{"origin":"event-record-header","path":["id"]}},"options":[
                {{"name":"compact","selector-field-ranges":[[0,65534]],"field-class":{}}},
                {{"name":"extended","selector-field-ranges":[[65535,65535]],"field-class":{}}}]}}"#,
                structure(&[("timestamp", uint(32, "default-clock-timestamp"))]),
                structure(&[
                    ("id", uint(32, "event-record-class-id")),
                    ("timestamp", uint(64, "default-clock-timestamp"))
                ]),
            ),
        ),
    ]);
    let common = structure(&[
        ("vtid", sint(32)),
        ("vpid", sint(32)),
        ("procname", r#"{"type":"static-length-string","length":17}"#.into()),
    ]);
    let hex = uint(16, "").replace("\"alignment\"", "\"preferred-display-base\":16,\"alignment\"");
    let color = sint(32)
        .replace("\"alignment\"", r#""mappings":{"RED":[0],"GREEN":[[1,3]],"BLUE":[[-7,-7]]},"alignment""#);
    let element = |class: String| format!(r#","element-field-class":{class}"#);
    let fields = structure(&[
        ("i8", sint(8)),
        ("hex", hex),
        ("net", uint(32, "").replace("little", "big")),
        ("d", float(64)),
        ("f", float(32)),
        ("s", r#"{"type":"null-terminated-string"}"#.into()),
        ("arr", r#"{"type":"static-length-array","length":3,"element-field-class":"word"}"#.into()),
        ("_seq_length", uint(64, "")),
        ("seq", sized("dynamic-length-array", payload, "_seq_length", &element("\"word\"".into()))),
        ("atext", r#"{"type":"static-length-string","length":4}"#.into()),
        ("_stext_length", uint(16, "")),
        ("stext", sized("dynamic-length-string", payload, "_stext_length", "")),
        ("color", color),
        ("_bytes_length", uint(8, "")),
        ("bytes", sized("dynamic-length-array", payload, "_bytes_length", &element(uint(8, "")))),
        ("last", uint(64, "")),
    ]);
    vec![
        r#"{"type":"preamble","version":2,"uuid":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]}"#.into(),
        format!(r#"{{"type":"field-class-alias","name":"word","field-class":{}}}"#, sint(32)),
        format!(
            r#"{{"type":"trace-class","namespace":"lttng.org,2009","name":"s","environment":{{"hostname":"vm","tracer_major":2}},
            "packet-header-field-class":{header}}}"#
        ),
        r#"{"type":"clock-class","id":"default","name":"monotonic","frequency":1000000000,"origin":"unix-epoch",
            "offset-from-origin":{"seconds":1795432615,"cycles":515534230}}"#
            .into(),
        format!(
            r#"{{"type":"data-stream-class","id":0,"default-clock-class-id":"default","packet-context-field-class":{context},
            "event-record-header-field-class":{large},"event-record-common-context-field-class":{common}}}"#
        ),
        format!(
            r#"{{"type":"event-record-class","id":2,"data-stream-class-id":0,"name":"ctftest:mixed",
            "payload-field-class":{fields},"attributes":{{"lttng.org,2009":{{"log-level":13}}}}}}"#
        ),
    ]
}

fn write(directory: &Path, fragments: &[String]) {
    let text: String = fragments.iter().map(|f| format!("\x1e{f}\n")).collect();
    fs::write(directory.join("metadata"), text).unwrap();
}

#[test]
fn the_same_packets_read_alike_with_either_metadata() {
    let dir = tempfile::tempdir().unwrap();
    copy(&fixture("ust-mixed"), dir.path());
    let with_tsdl = read_path(dir.path());
    write(dir.path(), &metadata());
    let with_json = read_path(dir.path());
    assert!(with_json.errors.is_empty(), "{:?}", with_json.errors);
    assert_eq!(with_json.lines.len(), 60);
    witness::assert_same(&with_json.lines, &with_tsdl.lines, "JSON");
    let set = TraceSet::open(dir.path()).unwrap();
    assert_eq!(set.classes()[0].log_level(), Some(13));
    assert_eq!(set.environment().find(|(n, _)| *n == "hostname").unwrap().1.as_str(), Some("vm"));
}

/// What LTTng 2.16 itself wrote.
#[test]
fn a_trace_of_newer_lttng_reads_as_babeltrace2_reads_it() {
    let told = read_path(&fixture("ust-ctf2"));
    assert!(told.errors.is_empty(), "{:?}", told.errors);
    assert_eq!(told.lines.len(), 294);
    assert_eq!(told.discarded.iter().map(|loss| loss.count).sum::<u64>(), 14);
    if let Some(theirs) = witness::newer_babeltrace2(&fixture("ust-ctf2")) {
        witness::assert_agree(&told.lines, &theirs, "ust-ctf2");
    }
}

#[test]
fn optional_fields_and_blobs_are_there_when_their_selector_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let byte =
        r#"{"type":"fixed-length-unsigned-integer","length":8,"byte-order":"big-endian","alignment":8}"#;
    let boolean = r#"{"type":"fixed-length-boolean","length":8,"byte-order":"big-endian","alignment":8}"#;
    let fields = format!(
        r#"{{"type":"structure","member-classes":[
            {{"name":"has","field-class":{boolean}}},
            {{"name":"extra","field-class":{{"type":"optional","selector-field-location":{{"path":["has"]}},"field-class":{byte}}}}},
            {{"name":"blob","field-class":{{"type":"dynamic-length-blob","length-field-location":{{"path":["has"]}}}}}}]}}"#
    );
    write(
        dir.path(),
        &[
            r#"{"type":"preamble","version":2}"#.into(),
            r#"{"type":"trace-class"}"#.into(),
            r#"{"type":"data-stream-class"}"#.into(),
            format!(r#"{{"type":"event-record-class","name":"e","payload-field-class":{fields}}}"#),
        ],
    );
    fs::write(dir.path().join("stream"), [0, 2, 7, 8, 9, 0]).unwrap();
    let set = TraceSet::open(dir.path()).unwrap();
    let mut reader = set.reader();
    let mut seen = Vec::new();
    while let Some(beamtap_ctf::Item::Event(event)) = reader.next().unwrap() {
        let extra = match event.value(1).unwrap() {
            Value::Unsigned(v) => Some(v),
            Value::Absent => None,
            other => panic!("{other:?}"),
        };
        let Some(Value::Array(blob)) = event.value(2) else { panic!("a blob") };
        seen.push((event.u64(0), extra, blob.as_bytes().unwrap().to_vec()));
    }
    assert_eq!(seen, [(0, None, vec![]), (2, Some(7), vec![8, 9]), (0, None, vec![])]);
}

#[test]
fn faults_say_the_line_of_the_fragment() {
    let cases: [(usize, &str, &str); 7] = [
        (0, "\"version\":2", "\"version\":3"),
        (1, "\"length\":32", "\"length\":65"),
        (2, "packet-magic-number\"]", "packet-magic-number\"],,"),
        (3, "1000000000", "0"),
        (4, "\"default-clock-class-id\":\"default\"", "\"default-clock-class-id\":\"none\""),
        (5, "\"path\":[\"_seq_length\"]", "\"path\":[\"nowhere\"]"),
        (5, "\"type\":\"null-terminated-string\"", "\"type\":\"variable-length-unsigned-integer\""),
    ];
    for (fragment, from, to) in cases {
        let dir = tempfile::tempdir().unwrap();
        let mut fragments = metadata();
        assert!(fragments[fragment].contains(from), "{from}");
        let line: usize =
            1 + fragments[..fragment].iter().map(|f| 1 + f.matches('\n').count()).sum::<usize>();
        let last = line + fragments[fragment].matches('\n').count();
        fragments[fragment] = fragments[fragment].replacen(from, to, 1);
        write(dir.path(), &fragments);
        let Err(error) = TraceSet::open(dir.path()) else { panic!("accepted {to}") };
        assert!(error.is_metadata(), "{error}");
        let at = error.line_column().unwrap().0 as usize;
        assert!((line..=last).contains(&at), "{to}: {error} (fragment at {line})");
    }
}
