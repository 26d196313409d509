//! Rules every event of the catalogue keeps.

use beamtap_schema::{CATALOGUE, Channel, Class, Event, EventKind, FieldSource, FieldType, Unit, WireType};
use std::collections::HashSet;

#[test]
fn names_are_unique_and_lead_back_to_their_kind() {
    let mut seen = HashSet::new();
    for (index, event) in CATALOGUE.iter().enumerate() {
        assert_eq!(event.kind as usize, index);
        assert!(seen.insert(event.name), "{} stands twice", event.name);
        assert_eq!(EventKind::from_name(event.name), Some(event.kind));
    }
    assert_eq!(EventKind::from_name("no_such_event"), None);
}

#[test]
fn fields_are_unique_documented_and_carry_their_unit_in_the_name() {
    for event in &CATALOGUE {
        let names: HashSet<_> = event.fields.iter().map(|field| field.name).collect();
        assert_eq!(names.len(), event.fields.len(), "{}", event.name);
        assert!(!event.doc.trim().is_empty());
        for field in event.fields {
            assert!(!field.doc.trim().is_empty(), "{}.{}", event.name, field.name);
            let is_words = field.field_type.unit() == Unit::Words;
            assert_eq!(field.name.ends_with("_words"), is_words, "{}.{}", event.name, field.name);
            let is_bytes = field.field_type.unit() == Unit::Bytes;
            // A number of bytes per word is no size.
            let says_bytes = field.name.ends_with("bytes") && field.name != "word_bytes";
            assert_eq!(says_bytes, is_bytes, "{}.{}", event.name, field.name);
            let is_time = field.field_type.unit() == Unit::Nanoseconds;
            assert_eq!(field.name.ends_with("_ns"), is_time, "{}.{}", event.name, field.name);
        }
    }
}

#[test]
fn own_events_and_only_those_are_definitions() {
    for event in &CATALOGUE {
        assert_eq!(event.class == Class::Own, event.channel == Channel::Definitions, "{}", event.name);
    }
}

/// A source whose field `i` holds the number `100 + i`, and a text that says so.
struct Numbered(Vec<String>);

impl<'a> FieldSource<'a> for &'a Numbered {
    fn unsigned(&self, index: usize) -> u64 {
        100 + index as u64
    }
    fn text(&self, index: usize) -> &'a str {
        &self.0[index]
    }
}

#[test]
fn an_event_reads_its_fields_from_the_places_named() {
    let source = Numbered((0..20).map(|i| format!("text {i}")).collect());
    let Event::DefFunction(def) = Event::read(EventKind::DefFunction, &&source, &[3, 0, 2, 1]) else {
        panic!("another kind")
    };
    assert_eq!((def.function, def.module, def.name, def.arity), (103, "text 0", "text 2", 101));
    for event in &CATALOGUE {
        let places: Vec<usize> = (0..event.fields.len()).collect();
        assert_eq!(Event::read(event.kind, &&source, &places).kind(), event.kind);
    }
}

#[test]
fn a_call_is_small_on_the_wire() {
    let bytes: usize = EventKind::Call
        .info()
        .fields
        .iter()
        .map(|field| match field.field_type.wire() {
            WireType::U8 => 1,
            WireType::U32 => 4,
            WireType::U64 => 8,
            WireType::Text => panic!("a call carries no text"),
        })
        .sum();
    // LTTng's large event header is 6 bytes: id and the low half of the time stamp.
    assert_eq!(bytes + 6, 18);
    assert_eq!(FieldType::Pid.wire(), WireType::U64);
}
