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
    let theirs = fs::read_to_string(fixture("ust-ctf2.txt")).unwrap();
    let theirs: Vec<_> = theirs.lines().map(str::to_owned).collect();
    witness::assert_agree(&told.lines, &theirs, "ust-ctf2");
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
        (5, "\"type\":\"null-terminated-string\"", "\"type\":\"variable-length-number\""),
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

/// A trace whose only event class, `e`, has these fields; the lines of its events, or why it is refused.
fn read_fields(fields: &[(&str, &str)], stream: &[u8]) -> witness::Told {
    let members: Vec<_> =
        fields.iter().map(|(name, class)| format!(r#"{{"name":"{name}","field-class":{class}}}"#)).collect();
    let payload = format!(r#"{{"type":"structure","member-classes":[{}]}}"#, members.join(","));
    read_trace(
        &[
            r#"{"type":"preamble","version":2}"#.into(),
            r#"{"type":"trace-class"}"#.into(),
            r#"{"type":"data-stream-class"}"#.into(),
            format!(r#"{{"type":"event-record-class","name":"e","payload-field-class":{payload}}}"#),
        ],
        stream,
    )
}

fn read_trace(fragments: &[String], stream: &[u8]) -> witness::Told {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), fragments);
    fs::write(dir.path().join("stream"), stream).unwrap();
    read_path(dir.path())
}

fn number(kind: &str, bits: u32, rest: &str) -> String {
    format!(
        r#"{{"type":"fixed-length-{kind}","length":{bits},"byte-order":"little-endian","alignment":1{rest}}}"#
    )
}

fn variable(kind: &str) -> String {
    format!(r#"{{"type":"variable-length-{kind}-integer"}}"#)
}

fn assert_lines(told: &witness::Told, expected: &[&str]) {
    assert!(told.errors.is_empty(), "{:?}", told.errors);
    assert_eq!(told.lines, expected);
}

#[test]
fn integers_of_variable_length_are_values_lengths_and_selectors() {
    let (unsigned, signed) = (variable("unsigned"), variable("signed"));
    let named = r#"{"type":"variable-length-signed-integer","mappings":{"MINUS":[[-300,-200]],"NONE":[0]}}"#;
    let list = format!(
        r#"{{"type":"dynamic-length-array","length-field-location":{{"path":["n"]}},"element-field-class":{signed}}}"#
    );
    let option = format!(
        r#"{{"type":"optional","selector-field-location":{{"path":["name"]}},"selector-field-ranges":[[-300,-1]],"field-class":{unsigned}}}"#
    );
    let fields = [
        ("bit", number("unsigned-integer", 1, "").as_str()),
        ("n", unsigned.as_str()),
        ("list", list.as_str()),
        ("name", named),
        ("extra", option.as_str()),
        ("last", unsigned.as_str()),
    ]
    .map(|(name, class)| (name, class.to_owned()));
    let fields: Vec<_> = fields.iter().map(|(name, class)| (*name, class.as_str())).collect();
    let stream = [
        &[1, 2, 0x7f, 0xc0, 0x00, 0xfe, 0x7d, 0x80, 0x01, 0xff, 0xff, 0x03][..],
        &[0, 0, 0, 5],
        &[1, 1, 0x40, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    ]
    .concat();
    assert_lines(
        &read_fields(&fields, &stream),
        &[
            "e: { bit = 1, n = 2, list = [ [0] = -1, [1] = 64 ], name = ( \"MINUS\" : container = -258 ), extra = { 128 }, last = 65535 }",
            "e: { bit = 0, n = 0, list = [ ], name = ( \"NONE\" : container = 0 ), extra = { }, last = 5 }",
            "e: { bit = 1, n = 1, list = [ [0] = -64 ], name = ( \"NONE\" : container = 0 ), extra = { }, last = 18446744073709551615 }",
        ],
    );
    let long = [&[0xff; 9][..], &[2]].concat();
    let told = read_fields(&[("a", &unsigned)], &[&[7][..], &long].concat());
    assert_eq!(told.lines, ["e: { a = 7 }"]);
    assert!(told.errors[0].to_string().contains("byte 1: a variable-length integer has more than 64 bits"));
    let cut = read_fields(&[("a", &unsigned)], &[7, 0x80]);
    assert_eq!((cut.lines.len(), cut.errors.len()), (1, 1), "{:?}", cut.errors);
}

#[test]
fn a_header_of_integers_of_variable_length_gives_class_and_time() {
    let role = |role: &str| format!(r#"{{"type":"variable-length-unsigned-integer","roles":["{role}"]}}"#);
    let header = format!(
        r#"{{"type":"structure","member-classes":[{{"name":"i","field-class":{}}},{{"name":"t","field-class":{}}}]}}"#,
        role("event-record-class-id"),
        role("default-clock-timestamp")
    );
    let event = |id: u32| {
        format!(
            r#"{{"type":"event-record-class","id":{id},"name":"e{id}","payload-field-class":{{"type":"structure"}}}}"#
        )
    };
    let told = read_trace(
        &[
            r#"{"type":"preamble","version":2}"#.into(),
            r#"{"type":"trace-class"}"#.into(),
            r#"{"type":"clock-class","id":"c","frequency":1000000000,"origin":"unix-epoch"}"#.into(),
            format!(
                r#"{{"type":"data-stream-class","default-clock-class-id":"c","event-record-header-field-class":{header}}}"#
            ),
            event(5),
            event(300),
        ],
        // A time of seven bits continues the time before, over each of its turns.
        &[5, 100, 0xac, 0x02, 120, 5, 3, 5, 0x80, 0x08, 0xac, 0x02, 1],
    );
    assert_lines(
        &told,
        &[
            "[0.000000100] e5: { }",
            "[0.000000120] e300: { }",
            "[0.000000131] e5: { }",
            "[0.000001024] e5: { }",
            "[0.000001025] e300: { }",
        ],
    );
}

#[test]
fn bits_in_either_order_and_booleans() {
    let order = |bits: u32, kind: &str, bytes: &str, order: &str| {
        format!(
            r#"{{"type":"fixed-length-{kind}","length":{bits},"byte-order":"{bytes}-endian","bit-order":"{order}","alignment":8}}"#
        )
    };
    let fields = [
        ("a", order(16, "unsigned-integer", "little", "first-to-last")),
        ("b", order(16, "unsigned-integer", "little", "last-to-first")),
        ("c", order(16, "unsigned-integer", "big", "last-to-first")),
        ("d", order(16, "unsigned-integer", "big", "first-to-last")),
        ("e", order(5, "signed-integer", "little", "last-to-first")),
        ("f", order(32, "floating-point-number", "little", "last-to-first")),
        ("g", order(8, "boolean", "little", "last-to-first")),
        ("h", number("boolean", 3, "")),
        (
            "i",
            format!(
                r#"{{"type":"static-length-array","length":2,"element-field-class":{}}}"#,
                number("boolean", 1, "")
            ),
        ),
        ("j", order(8, "bit-array", "little", "last-to-first")),
        (
            "k",
            format!(
                r#"{{"type":"static-length-array","length":2,"element-field-class":{}}}"#,
                order(8, "unsigned-integer", "little", "last-to-first")
            ),
        ),
    ];
    let fields: Vec<_> = fields.iter().map(|(name, class)| (*name, class.as_str())).collect();
    let float: Vec<u8> = 1.5_f32.to_bits().reverse_bits().to_le_bytes().to_vec();
    let stream = [
        &[0x01, 0x80, 0x03, 0x80, 0x01, 0x80, 0x03, 0x80, 0b11010][..],
        &float,
        &[0x10, 0b11000, 0x0f, 1, 2],
    ]
    .concat();
    assert_lines(
        &read_fields(&fields, &stream),
        &["e: { a = 32769, b = 49153, c = 384, d = 448, e = 11, f = 1.5, g = true, h = false, \
           i = [ [0] = true, [1] = true ], j = 0xF0, k = [ [0] = 128, [1] = 64 ] }"],
    );
    let reversed = order(5, "signed-integer", "little", "last-to-first");
    let negative = read_fields(&[("e", &reversed), ("p", &number("bit-array", 3, ""))], &[0b101_00001]);
    assert_lines(&negative, &["e: { e = -16, p = 0x5 }"]);
}

#[test]
fn locations_lead_outwards_and_through_options() {
    let byte = number("unsigned-integer", 8, "").replace("\"alignment\":1", "\"alignment\":8");
    let structure = |members: &[(&str, &str)]| {
        let members: Vec<_> = members
            .iter()
            .map(|(name, class)| format!(r#"{{"name":"{name}","field-class":{class}}}"#))
            .collect();
        format!(r#"{{"type":"structure","member-classes":[{}]}}"#, members.join(","))
    };
    let blob = |location: &str| {
        format!(r#"{{"type":"dynamic-length-string","length-field-location":{{{location}}}}}"#)
    };
    let variant = |first: &str, second: &str| {
        format!(
            r#"{{"type":"variant","selector-field-location":{{"path":["tag"]}},"options":[
            {{"name":"A","selector-field-ranges":[[0,0]],"field-class":{first}}},
            {{"name":"B","selector-field-ranges":[[1,255]],"field-class":{second}}}]}}"#
        )
    };
    let first = structure(&[("len", &byte), ("pad", &byte)]);
    let second = structure(&[("pad", &byte), ("len", &byte)]);
    // `len` is two structures further out, in each option of the variant; other fields of that name are nearer.
    let inner = structure(&[("len", &byte), ("text", &blob(r#""path":[null,null,"v","len"]"#))]);
    let middle = structure(&[("len", &byte), ("inner", &inner)]);
    let fields = [
        ("tag", byte.clone()),
        ("v", variant(&first, &second)),
        ("middle", middle),
        ("same", blob(r#""path":["middle","inner",null,"len"]"#)),
        ("absolute", blob(r#""origin":"event-record-payload","path":["v","len"]"#)),
    ];
    let fields: Vec<_> = fields.iter().map(|(name, class)| (*name, class.as_str())).collect();
    let stream = [&[0, 2, 9, 1, 9][..], b"abxcd", &[1, 9, 3, 0, 9], b"abcdef"].concat();
    assert_lines(
        &read_fields(&fields, &stream),
        &[
            "e: { tag = 0, v = { { len = 2, pad = 9 } }, middle = { len = 1, inner = { len = 9, text = \"ab\" } }, same = \"x\", absolute = \"cd\" }",
            "e: { tag = 1, v = { { pad = 9, len = 3 } }, middle = { len = 0, inner = { len = 9, text = \"abc\" } }, same = \"\", absolute = \"def\" }",
        ],
    );
    let signed = byte.replace("unsigned", "signed");
    let without = structure(&[("pad", &byte)]);
    let odd = structure(&[("len", &signed)]);
    let optional = format!(
        r#"{{"type":"optional","selector-field-location":{{"path":["tag"]}},"field-class":{first}}}"#
    );
    for (class, location, what) in [
        (variant(&first, &without), r#""path":["v","len"]"#, "no field \"v.len\" comes before"),
        (variant(&first, &odd), r#""path":["v","len"]"#, "are not alike"),
        (optional, r#""path":["v","len"]"#, "is in an optional one"),
        (byte.clone(), r#""path":[null,"tag"]"#, "out of the outermost structure"),
        (byte.clone(), r#""path":["v",null]"#, "names no field"),
        (byte.clone(), r#""origin":"event-record-payload","path":[null,"tag"]"#, "leads out of its origin"),
        (byte.clone(), r#""path":["text"]"#, "does not come before"),
        (byte.clone(), r#""path":[1]"#, "names and null"),
    ] {
        let told = read_fields(&[("tag", &byte), ("v", &class), ("text", &blob(location))], &[0]);
        assert_eq!(told.errors.len(), 1, "{location}");
        let error = &told.errors[0];
        assert!(error.to_string().contains(what), "{location}: {error}");
        assert_eq!(error.line_column(), Some((4, 1)), "{location}: {error}");
    }
}

#[test]
fn what_is_not_supported_is_refused_with_its_place() {
    let string = |rest: &str| format!(r#"{{"type":"null-terminated-string"{rest}}}"#);
    let encoded = |kind: &str| format!(r#"{{"type":"{kind}","length":4,"encoding":"utf-16le"}}"#);
    assert_lines(&read_fields(&[("a", &string(r#","encoding":"utf-8""#))], b"x\0"), &["e: { a = \"x\" }"]);
    for (class, what) in [
        (string(r#","encoding":"utf-16be""#), "encoding \"utf-16be\" is not supported"),
        (string(r#","encoding":"utf-32le""#), "encoding \"utf-32le\" is not supported"),
        (encoded("static-length-string"), "encoding \"utf-16le\" is not supported"),
        (number("unsigned-integer", 8, r#","bit-order":"middle""#), "unknown bit order"),
        (number("floating-point-number", 16, ""), "32 or 64 bits"),
        (number("unsigned-integer", 8, r#","extensions":{"me":{"x":1}}"#), "needs an extension of \"me\""),
        (r#"{"type":"fixed-length-colour"}"#.into(), "are not supported"),
    ] {
        let told = read_fields(&[("a", &class)], &[0]);
        assert_eq!(told.errors.len(), 1, "{class}");
        assert!(told.errors[0].to_string().contains(what), "{class}: {}", told.errors[0]);
        assert_eq!(told.errors[0].line_column(), Some((4, 1)), "{class}");
    }
    let preamble = r#"{"type":"preamble","version":2,"extensions":{"my.org":{"a":{}}}}"#.to_owned();
    let told = read_trace(&[preamble], &[]);
    assert!(
        told.errors[0].to_string().contains("metadata:1:1: the metadata needs an extension of \"my.org\"")
    );
}
