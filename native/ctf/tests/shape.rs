//! Structures made at random of every kind of field, alignment, byte order and nesting: what is read is what was written,
//! and what babeltrace2 reads.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod shapes;
mod witness;

use std::collections::HashMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use beamtap_ctf::{Item, Ordered, TimeRange, TraceSet};
use shapes::{Bits, Known, Maker, Random, Shape, assert_known};

/// Event classes of a trace, and records of each.
const CLASSES: u64 = 40;
const ROUNDS: u64 = 6;

/// A trace without a clock: one packet, whose events are known.
struct Made {
    is_big: bool,
    common: Shape,
    /// Specific context and payload of each class.
    classes: Vec<(Option<Shape>, Shape)>,
    stream: Vec<u8>,
    /// Class, common context, specific context and payload of each event.
    events: Vec<(usize, Known, Option<Known>, Known)>,
}

impl Made {
    /// With `is_for_witness` nothing is made that babeltrace2 2.0 gets wrong: it stops with an assertion at a reference
    /// in a specific context, and shows an empty text as the one that was there before.
    fn new(seed: u64, is_for_witness: bool) -> Made {
        let mut random = Random::new(seed);
        let is_big = random.is_one_in(2);
        let least_text = u64::from(is_for_witness);
        let mut maker = Maker::new(&mut random, is_big, least_text);
        let common = maker.structure(1, 3);
        let mut class = |i: u64| {
            maker.has_references = !is_for_witness;
            let specific = i.is_multiple_of(3).then(|| maker.structure(1, 2));
            maker.has_references = true;
            (specific, maker.structure(3, 8))
        };
        let classes: Vec<_> = (0..CLASSES).map(&mut class).collect();
        let (mut bits, mut events) = (Bits::new(is_big, least_text), Vec::new());
        // Content and packet size come first, and are known last.
        bits.number(0, 64, is_big);
        bits.number(0, 64, is_big);
        for _ in 0..ROUNDS * CLASSES {
            let class = random.below(CLASSES) as usize;
            bits.align(8, &mut random);
            bits.number(class as u64, 16, is_big);
            let numbers = &mut HashMap::new();
            let (specific, payload) = &classes[class];
            let common = bits.value(&common, &mut random, numbers);
            let specific = specific.as_ref().map(|shape| bits.value(shape, &mut random, numbers));
            let payload = bits.value(payload, &mut random, numbers);
            events.push((class, common, specific, payload));
        }
        let content = bits.length;
        bits.align(8, &mut random);
        let mut sizes = Bits::new(is_big, 0);
        sizes.number(content, 64, is_big);
        sizes.number(bits.length, 64, is_big);
        bits.bytes[..16].copy_from_slice(&sizes.bytes);
        Made { is_big, common, classes, stream: bits.bytes, events }
    }

    fn tsdl(&self) -> String {
        let order = if self.is_big { "be" } else { "le" };
        let mut text = format!(
            "/* CTF 1.8 */\ntypealias integer {{ size = 64; align = 8; }} := size_t;
trace {{ major = 1; minor = 8; byte_order = {order}; }};
stream {{ packet.context := struct {{ size_t content_size; size_t packet_size; }};
event.header := struct {{ integer {{ size = 16; align = 8; }} id; }}; event.context := {}; }};\n",
            self.common.tsdl("")
        );
        for (id, (specific, payload)) in self.classes.iter().enumerate() {
            text += &format!("event {{ name = \"e{id}\"; id = {id};");
            if let Some(specific) = specific {
                text += &format!(" context := {};", specific.tsdl(""));
            }
            text += &format!(" fields := {}; }};\n", payload.tsdl(""));
        }
        text
    }

    fn json(&self) -> String {
        let order = if self.is_big { "big-endian" } else { "little-endian" };
        let uint = |name: &str, bits: u32, role: &str| {
            format!(
                r#"{{"name":"{name}","field-class":{{"type":"fixed-length-unsigned-integer","length":{bits},
                "alignment":8,"byte-order":"{order}","roles":["{role}"]}}}}"#
            )
        };
        let structure = |members: &[String]| {
            format!(r#"{{"type":"structure","member-classes":[{}]}}"#, members.join(","))
        };
        let context = structure(&[
            uint("content_size", 64, "packet-content-length"),
            uint("packet_size", 64, "packet-total-length"),
        ]);
        let mut fragments = vec![
            r#"{"type":"preamble","version":2}"#.to_owned(),
            r#"{"type":"trace-class"}"#.to_owned(),
            format!(
                r#"{{"type":"data-stream-class","packet-context-field-class":{context},
                "event-record-header-field-class":{},"event-record-common-context-field-class":{}}}"#,
                structure(&[uint("id", 16, "event-record-class-id")]),
                self.common.json()
            ),
        ];
        for (id, (specific, payload)) in self.classes.iter().enumerate() {
            let specific = specific
                .as_ref()
                .map(|shape| format!(r#""specific-context-field-class":{},"#, shape.json()))
                .unwrap_or_default();
            fragments.push(format!(
                r#"{{"type":"event-record-class","id":{id},"name":"e{id}",{specific}"payload-field-class":{}}}"#,
                payload.json()
            ));
        }
        fragments.iter().map(|fragment| format!("\x1e{fragment}\n")).collect()
    }

    /// Asserts that what is read is what was written; gives the lines.
    fn assert_read(&self, directory: &Path, case: &str) -> Vec<String> {
        let set = TraceSet::open(directory).unwrap_or_else(|error| panic!("{case}: {error}"));
        let (mut reader, mut lines) = (set.reader(), Vec::new());
        while let Some(item) = reader
            .next()
            .unwrap_or_else(|error| panic!("{case}: {error}, not {:?}", self.events[lines.len()]))
        {
            let Item::Event(event) = item else { panic!("{case}: {item:?}") };
            let (class, common, specific, payload) = &self.events[lines.len()];
            let case = format!("{case}, event {} of class {class}", lines.len());
            assert_eq!(event.name(), format!("e{class}"), "{case}");
            let scopes = [
                (event.common_context().collect::<Vec<_>>(), Some(common)),
                (event.specific_context().collect(), specific.as_ref()),
                (event.fields().collect(), Some(payload)),
            ];
            for (is, was) in scopes {
                let Some(Known::Struct(was)) = was else {
                    assert!(is.is_empty(), "{case}: {is:?}");
                    continue;
                };
                assert_eq!(is.len(), was.len(), "{case}");
                for ((name, value), (_, known)) in is.into_iter().zip(was) {
                    assert_known(value, known, &format!("{case}: {name}"));
                }
            }
            lines.push(witness::line(&event));
        }
        assert_eq!(lines.len(), self.events.len(), "{case}");
        // Copied and decoded elsewhere, it is the same.
        let mut copied = Vec::new();
        set.fold_in_order(
            2,
            TimeRange::default(),
            |stretch| {
                let mut lines = Vec::new();
                stretch.for_each(|event| lines.push(witness::line(&event)));
                lines
            },
            |told| {
                match told {
                    Ok(Ordered::Events(lines)) => copied.extend(lines),
                    other => panic!("{case}: {other:?}"),
                }
                ControlFlow::Continue(())
            },
        );
        witness::assert_same(&copied, &lines, case);
        lines
    }
}

/// A directory for a trace; the one that is asked for, to look at it.
fn place() -> tempfile::TempDir {
    tempfile::Builder::new().disable_cleanup(std::env::var_os("SHAPE_KEEP").is_some()).tempdir().unwrap()
}

fn seeds() -> std::ops::Range<u64> {
    let count = std::env::var("SHAPE_SEEDS").ok().and_then(|count| count.parse().ok());
    0..count.unwrap_or(20)
}

/// Reads what is made with one seed; gives the lines.
fn read(made: &Made, metadata: String, dir: &Path, case: &str) -> Vec<String> {
    fs::write(dir.join("metadata"), metadata).unwrap();
    fs::write(dir.join("stream"), &made.stream).unwrap();
    made.assert_read(dir, case)
}

#[test]
fn ctf_1_8_is_read_as_babeltrace2_reads_it() {
    for seed in seeds() {
        let (made, dir, case) = (Made::new(seed, true), place(), format!("seed {seed}"));
        let lines = read(&made, made.tsdl(), dir.path(), &case);
        let theirs = witness::babeltrace2(dir.path());
        witness::assert_agree(&lines, &theirs, &case);
    }
}

#[test]
fn both_languages_are_read_as_they_were_written() {
    for seed in seeds() {
        let (made, dir) = (Made::new(seed, false), place());
        let of_tsdl = read(&made, made.tsdl(), dir.path(), &format!("seed {seed}, CTF 1.8"));
        let of_json = read(&made, made.json(), dir.path(), &format!("seed {seed}, CTF 2"));
        witness::assert_same(&of_json, &of_tsdl, &format!("seed {seed}"));
    }
}

#[test]
fn a_number_behind_a_text_is_where_its_alignment_puts_it() {
    let dir = place();
    let int = |bits: u32| format!("integer {{ size = {bits}; align = {bits}; }}");
    let metadata = format!(
        "/* CTF 1.8 */ trace {{ major = 1; minor = 8; byte_order = le; }};
event {{ name = e; fields := struct {{ string s; {} flags; {} mode; }}; }};",
        int(32),
        int(16)
    );
    fs::write(dir.path().join("metadata"), metadata).unwrap();
    // The first text ends at its byte 5, the second at a multiple of 4.
    let bytes = b"abcd\0\xee\xee\xee\x00\x00\x08\x00\xb6\x01\xee\xeeabc\0\x07\x00\x00\x00\x05\x00";
    fs::write(dir.path().join("stream"), bytes).unwrap();
    let set = TraceSet::open(dir.path()).unwrap();
    let mut lines = Vec::new();
    let _ = set.reader().for_each(|item| {
        if let Ok(Item::Event(event)) = item {
            lines.push((event.str(0).into_owned(), event.u64(1), event.u64(2)));
        }
        ControlFlow::Continue(())
    });
    assert_eq!(lines, [("abcd".to_owned(), 0x80000, 0o666), ("abc".to_owned(), 7, 5)]);
}
