//! Input made to take time or memory: each case is answered soon, with the events that are there and a clear error.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod witness;

use std::fmt::Write as _;
use std::fs;

use witness::{Told, read_path, ticks};

/// Most processor time for a case, in ticks of 10 ms, without optimisation.
const LIMIT_TICKS: u64 = 500;

fn repeat(count: usize, part: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for i in 0..count {
        write!(text, "{}", part(i)).unwrap();
    }
    text
}

fn read_trace(metadata: &[u8], stream: &[u8]) -> Told {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("metadata"), metadata).unwrap();
    fs::write(dir.path().join("stream"), stream).unwrap();
    let start = ticks("thread-self");
    let told = read_path(dir.path());
    let took = ticks("thread-self") - start;
    assert!(took < LIMIT_TICKS, "took {took} ticks: {:?}", told.errors);
    told
}

fn tsdl(declarations: &str) -> Vec<u8> {
    format!("/* CTF 1.8 */ trace {{ major = 1; minor = 8; byte_order = le; }};\n{declarations}").into_bytes()
}

fn event(fields: &str) -> Vec<u8> {
    tsdl(&format!("event {{ name = e; fields := struct {{ {fields} }}; }};"))
}

/// Asserts that so many events are read and then one error that says `what`.
fn assert_refused(told: &Told, events: usize, what: &str) {
    assert_eq!(told.lines.len(), events, "{:?}", told.errors);
    assert_eq!(told.errors.len(), 1, "{:?}", told.errors);
    assert!(told.errors[0].to_string().contains(what), "{}", told.errors[0]);
}

const BYTE: &str = "integer { size = 8; }";

#[test]
fn elements_without_bits_are_limited() {
    let told = read_trace(&event(&format!("{BYTE} x; struct {{}} a[1152921504606846976];")), &[0; 100]);
    assert_refused(&told, 0, "too many elements without any bits");
    let nested = format!("{BYTE} n; struct {{ struct {{ struct {{}} a[200]; }} b[200]; }} c[n];");
    assert_refused(&read_trace(&event(&nested), &[255; 1000]), 0, "too many elements without any bits");
    let told = read_trace(&event("integer { size = 64; } n; struct {} a[n];"), &[0xff; 800]);
    assert_refused(&told, 0, "18446744073709551615 array elements");
    let variant =
        "enum : integer { size = 8; } { A = 0 ... 255 } t; variant <t> { struct {} A; } v[100000000];";
    assert_refused(&read_trace(&event(variant), &[255; 100]), 0, "100000000 array elements");
    let few = read_trace(&event(&format!("{BYTE} n; struct {{}} a[n];")), &[3, 0, 255]);
    assert_eq!(few.lines[0], "e: { n = 3, a = [ [0] = { }, [1] = { }, [2] = { } ] }");
    assert_eq!(few.lines.len(), 3);
}

#[test]
fn records_without_bits_do_not_repeat() {
    assert_refused(&read_trace(&event(""), &[0; 100]), 0, "0 bits");
    assert_refused(&read_trace(&tsdl("event { name = e; };"), &[0; 100]), 0, "0 bits");
}

#[test]
fn lengths_beyond_the_packet_are_refused() {
    let sequence = event("integer { size = 64; } n; integer { size = 8; } a[n];");
    let mut stream = 2u64.to_le_bytes().to_vec();
    stream.extend([7, 8]);
    stream.extend((1u64 << 63).to_le_bytes());
    stream.extend([0; 100]);
    assert_refused(&read_trace(&sequence, &stream), 1, "byte 10: a field reaches past the end");
}

#[test]
fn packets_that_lie_about_their_size_are_refused() {
    let metadata = tsdl(
        "stream { packet.context := struct { integer { size = 64; } packet_size; integer { size = 64; } content_size; }; };
         event { name = e; fields := struct { integer { size = 8; } x; }; };",
    );
    let packet = |packet: u64, content: u64| {
        let mut bytes = [packet.to_le_bytes(), content.to_le_bytes()].concat();
        bytes.extend([1, 2]);
        bytes
    };
    assert_eq!(read_trace(&metadata, &packet(144, 144)).lines.len(), 2);
    assert_refused(&read_trace(&metadata, &packet(0, 0)), 0, "not made of bytes");
    assert_refused(&read_trace(&metadata, &packet(143, 143)), 0, "not made of bytes");
    assert_refused(&read_trace(&metadata, &packet(64, 64)), 0, "smaller than its own header");
    assert_refused(&read_trace(&metadata, &packet(144, 152)), 0, "more than the packet's");
    assert_refused(&read_trace(&metadata, &packet(144, 8)), 0, "less than the header's");
    assert_refused(
        &read_trace(&metadata, &packet(u64::MAX - 7, u64::MAX - 7)),
        2,
        "the file ends in the middle",
    );
}

#[test]
fn metadata_that_grows_when_it_is_read_is_refused() {
    let doubling = repeat(60, |i| match i {
        0 => format!("struct a0 {{ {BYTE} x; }};\n"),
        i => format!("struct a{i} {{ struct a{} x; struct a{} y; }};\n", i - 1, i - 1),
    });
    assert_refused(&read_trace(&tsdl(&doubling), &[]), 0, "more types than this reader keeps");
    let deep = format!("typealias {BYTE} := t0;") + &repeat(2000, |i| format!("typedef t{i} t{}[1];", i + 1));
    assert_refused(&read_trace(&tsdl(&deep), &[]), 0, "nested too deeply");
    let braces = "struct {".repeat(5000);
    assert_refused(&read_trace(&event(&braces), &[]), 0, "nested too deeply");
    let labels = repeat(200_000, |i| format!("a{i},"));
    let told =
        read_trace(&tsdl(&format!("typealias enum : integer {{ size = 32; }} {{ {labels} }} := e;")), &[]);
    assert_refused(&told, 0, "more types than this reader keeps");
    let entries = repeat(200_000, |i| format!("a{i} = 1;"));
    assert_refused(&read_trace(&tsdl(&format!("env {{ {entries} }};")), &[]), 0, "too many entries");
    assert_refused(&read_trace(&vec![b' '; (16 << 20) + 1], &[]), 0, "larger than 16777216 bytes");
    let list = format!("\x1e{{\"type\":\"preamble\",\"x\":[{}0]}}\n", "0,".repeat(400_000));
    assert_refused(&read_trace(list.as_bytes(), &[]), 0, "a fragment of the metadata is larger");
    assert_refused(
        &read_trace(format!("\x1e{}\n", "[".repeat(10_000)).as_bytes(), &[]),
        0,
        "recursion limit",
    );
}

#[test]
fn many_references_take_little_time() {
    let sequences = event(&format!("{BYTE} n; {}", repeat(20_000, |i| format!("{BYTE} a{i}[n];"))));
    let told = read_trace(&sequences, &[0; 3]);
    assert!(told.lines.len() == 3 || told.errors[0].is_metadata(), "{:?}", told.errors);
    let labels = repeat(4000, |i| format!("a{i},"));
    let options = repeat(4000, |i| format!("{BYTE} a{i};"));
    let variant =
        event(&format!("enum : integer {{ size = 16; }} {{ {labels} }} t; variant <t> {{ {options} }} v;"));
    let stream: Vec<u8> = (0..4000u16).flat_map(|i| [i as u8, (i >> 8) as u8, 9]).collect();
    let told = read_trace(&variant, &stream);
    assert_eq!(told.lines.len(), 4000);
    assert_eq!(told.lines[3999], "e: { t = ( \"a3999\" : container = 3999 ), v = { 9 } }");
}
