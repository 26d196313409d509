//! The provider by itself: every event of the catalogue, emitted through the table, comes out of LTTng with its values.
//! Being listed is not enough: a provider linked without its section of tracepoints is listed and records nothing.

use beamtap_e2e::native;
use beamtap_schema::{CATALOGUE, EventInfo, PROVIDER, PROVIDER_SYMBOL, ProviderTable, SCHEMA_ID, WireType};
use beamtap_testkit::{Sandbox, babeltrace, in_sandbox, wait_until};
use std::collections::BTreeMap;
use std::ffi::{CString, c_void};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

fn open_provider() -> &'static ProviderTable {
    // SAFETY: loading the provider is the purpose of the test, and its constructors are LTTng's.
    let library =
        unsafe { libloading::Library::new(native("libbeamtap_provider.so")) }.expect("the provider loads");
    let library: &'static libloading::Library = Box::leak(Box::new(library));
    // SAFETY: the symbol has this type.
    let find = unsafe { library.get::<extern "C" fn() -> *const ProviderTable>(PROVIDER_SYMBOL.as_bytes()) };
    let table = find.expect("the provider has a table")();
    // SAFETY: the table is a static of a library that is never unloaded.
    unsafe { &*table }
}

/// The structure of an event as the rendered header lays it out, filled with values that differ in every field.
struct Sample {
    bytes: Vec<u64>,
    expected: BTreeMap<String, String>,
    _texts: Vec<CString>,
}

fn sample(event: &EventInfo) -> Sample {
    let (mut bytes, mut texts, mut expected) = (Vec::<u8>::new(), Vec::new(), BTreeMap::new());
    for (index, field) in event.fields.iter().enumerate() {
        let number = 10 * (event.kind as u64) + index as u64;
        let (value, shown) = match field.field_type.wire() {
            WireType::U8 => ((number as u8).to_ne_bytes().to_vec(), (number as u8).to_string()),
            WireType::U32 => {
                let value = u32::MAX - number as u32;
                (value.to_ne_bytes().to_vec(), value.to_string())
            }
            WireType::U64 => {
                let value = u64::MAX - number;
                (value.to_ne_bytes().to_vec(), value.to_string())
            }
            WireType::Text => {
                let text = CString::new(format!("tëxt \"{number}\"")).expect("no NUL");
                let pointer = (text.as_ptr() as usize).to_ne_bytes().to_vec();
                let shown = text.to_str().expect("UTF-8").to_owned();
                texts.push(text);
                (pointer, shown)
            }
        };
        // C's natural alignment.
        bytes.resize(bytes.len().next_multiple_of(value.len()), 0);
        bytes.extend(value);
        expected.insert(field.name.to_owned(), shown);
    }
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    let words =
        bytes.chunks_exact(8).map(|word| u64::from_ne_bytes(word.try_into().expect("8 bytes"))).collect();
    Sample { bytes: words, expected, _texts: texts }
}

fn emit(table: &ProviderTable, event: &EventInfo, sample: &Sample) {
    // SAFETY: the sample is laid out as the event's structure, which the schema id guarantees to be the library's too.
    unsafe { (table.emit[event.kind as usize])(sample.bytes.as_ptr().cast::<c_void>()) }
}

fn is_enabled(table: &ProviderTable, event: &EventInfo) -> bool {
    // SAFETY: the switch is a static of the library; LTTng writes it from another thread, so the read is volatile.
    unsafe { table.enabled[event.kind as usize].read_volatile() != 0 }
}

fn record(sandbox: &Sandbox, pattern: &str) {
    let output = format!("--output={}/trace", sandbox.home().display());
    sandbox.run("lttng", &["create", "all", &output]);
    sandbox.run("lttng", &["enable-event", "--userspace", pattern]);
    sandbox.run("lttng", &["start"]);
}

#[test]
fn every_event_is_recorded_with_the_values_emitted() {
    in_sandbox(|sandbox| {
        let _sessiond = sandbox.sessiond();
        let table = open_provider();
        assert_eq!(table.schema_id, SCHEMA_ID);
        record(sandbox, &format!("{PROVIDER}:*"));
        assert!(wait_until(PATIENCE, || CATALOGUE.iter().all(|event| is_enabled(table, event))));
        for event in &CATALOGUE {
            emit(table, event, &sample(event));
        }
        sandbox.run("lttng", &["destroy"]);
        let recorded = babeltrace(&sandbox.home().join("trace"));
        assert_eq!(recorded.len(), CATALOGUE.len());
        for (recorded, event) in recorded.iter().zip(&CATALOGUE) {
            assert_eq!(recorded.name, event.full_name());
            assert_eq!(recorded.fields, sample(event).expected, "{}", event.name);
        }
    });
}

#[test]
fn a_switch_shows_what_lttng_has_enabled() {
    in_sandbox(|sandbox| {
        let _sessiond = sandbox.sessiond();
        let table = open_provider();
        assert!(CATALOGUE.iter().all(|event| !is_enabled(table, event)));
        let one = &CATALOGUE[3];
        record(sandbox, &one.full_name());
        assert!(wait_until(PATIENCE, || is_enabled(table, one)));
        for event in &CATALOGUE {
            assert_eq!(is_enabled(table, event), event.kind == one.kind, "{}", event.name);
        }
        sandbox.run("lttng", &["destroy"]);
        assert!(wait_until(PATIENCE, || !is_enabled(table, one)));
    });
}
