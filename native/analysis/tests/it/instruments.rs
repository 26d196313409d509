//! What no trace flag makes: the system monitor, and samples.

use crate::script::{Script, Value, rows};
use beamtap_schema::EventKind;

const P: u64 = 100;
const Q: u64 = 200;
const MS: u64 = 1_000_000;

fn put<const N: usize>(script: Script, kind: EventKind, values: [u64; N]) -> Script {
    script.event(kind, values.map(Value::Number).to_vec())
}

#[test]
fn silence_is_no_table() {
    let script = Script::new().at(1).call(P, 1);
    assert!(script.tables(&["system_monitor", "schedulers", "allocators"]).is_empty());
}

#[test]
fn the_system_monitor_tells_who_did_what_how_often() {
    let script = Script::new().at(1).define_atom(7, "hog").define_process(P, 0, 7, 0).define(3, "m", "f", 1);
    let script = put(script.at(2), EventKind::LongGc, [P, 60 * MS, 10, 100, 20, 200, 1, 2]);
    let script = put(script.at(3), EventKind::LongGc, [P, 50 * MS, 10, 400, 20, 0, 1, 2]);
    let script = put(script.at(4), EventKind::LongGc, [Q, 70 * MS, 1, 1, 1, 1, 1, 1]);
    let script = put(script.at(5), EventKind::LargeHeap, [P, 10, 500, 20, 500, 1, 2]);
    let script = put(script.at(6), EventKind::LongSchedule, [P, 9 * MS, 0, 3]);
    let script = put(script.at(7), EventKind::LongSchedule, [P, 8 * MS, 0, 0]);
    let script = put(script.at(8), EventKind::PortLongSchedule, [5, 9 * MS, 7]);
    let script = put(script.at(9), EventKind::LongMessageQueue, [Q, 1]);
    // Short again.
    let script = put(script.at(10), EventKind::LongMessageQueue, [Q, 0]);
    let tables = script.tables(&["system_monitor"]);
    assert_eq!(
        rows(&tables[0], &["event", "who", "times", "longest", "heap_words", "function"]),
        [
            "long_gc | <0.100.0> hog | 2 | 60000000 | 400 | -",
            "long_schedule | <0.100.0> hog | 2 | 9000000 | - | m:f/1",
            "long_gc | <0.200.0> | 1 | 70000000 | 2 | -",
            "large_heap | <0.100.0> hog | 1 | - | 1000 | -",
            "port_long_schedule | #Port<0.5> | 1 | 9000000 | - | -",
            "long_message_queue | <0.200.0> | 1 | - | - | -",
        ]
    );
}

#[test]
fn utilisation_is_weighed_by_the_length_of_samples() {
    let mut script = Script::new();
    for (ns, busy, length, waiting) in [(1, 100 * MS, 1000 * MS, 0), (2, 90 * MS, 100 * MS, 4)] {
        script = put(script.at(ns), EventKind::SchedulerLoad, [0, 1, busy, length]);
        script =
            put(script, EventKind::SchedulerStates, [0, 1, busy, MS, 2 * MS, 3 * MS, 4 * MS, 5 * MS, 6 * MS]);
        script = put(script, EventKind::RunQueue, [0, 1, waiting]);
        script = put(script, EventKind::SchedulerLoad, [1, 1, 0, length]);
        script = put(script, EventKind::RunQueue, [1, 0, waiting / 2]);
        script = put(script, EventKind::RunQueue, [2, 0, 0]);
    }
    let tables = script.tables(&["schedulers"]);
    assert_eq!(
        rows(
            &tables[0],
            &[
                "scheduler",
                "samples",
                "busy",
                "mean_percent",
                "max_percent",
                "gc",
                "aux",
                "sleep",
                "max_waiting"
            ]
        ),
        [
            "scheduler 1 | 2 | 190000000 | 17 | 90 | 4000000 | 8000000 | 12000000 | 4",
            "dirty cpu, all | - | - | - | - | - | - | - | 2",
            "dirty cpu 1 | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 0",
        ]
    );
}

#[test]
fn allocators_are_the_sum_of_their_instances() {
    let script = Script::new().at(1).define_atom(1, "eheap_alloc").define_atom(2, "ets_alloc");
    let sample = |script: Script, ns, allocator, instance, bytes, done: [u64; 2]| {
        let values = [allocator, instance, 1, bytes, 9, bytes / 2, 1, 10, 2, 90, 50, done[0], done[1], 0];
        put(script.at(ns), EventKind::Allocator, values)
    };
    let script = sample(script, 2, 1, 0, 1000, [10, 5]);
    let script = sample(script, 3, 1, 1, 3000, [20, 5]);
    let script = sample(script, 4, 2, 0, 100, [1, 0]);
    let script = sample(script, 5, 1, 0, 500, [13, 7]);
    let script = sample(script, 6, 1, 1, 500, [20, 6]);
    let tables = script.tables(&["allocators"]);
    assert_eq!(
        rows(
            &tables[0],
            &[
                "allocator",
                "carriers",
                "carriers_bytes",
                "blocks_bytes",
                "used_percent",
                "max_carriers_bytes",
                "created",
                "destroyed"
            ]
        ),
        ["eheap_alloc | 8 | 1200 | 600 | 50 | 4200 | 3 | 3", "ets_alloc | 4 | 200 | 100 | 50 | 200 | 0 | 0"]
    );
}
