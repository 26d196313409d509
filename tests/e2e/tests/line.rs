//! The whole line: a stock VM, recorded through LTTng, read by beamtap and by babeltrace2, reported by beamtapd.

use beamtap_ctf::{Event, Item, TraceSet, Value};
use beamtap_e2e::{beamtapd, erl};
use beamtap_testkit::{Sandbox, WitnessEvent, babeltrace, in_sandbox};
use std::path::{Path, PathBuf};

/// What `workload:fib(20)` takes: 2 * fib(20) - 1 calls with fib(0) = fib(1) = 1.
const FIB_CALLS: u64 = 21_891;
const EVERY_CLASS: &str = "[call, return_to, send, 'receive', procs, running, exiting, garbage_collection]";

fn record(sandbox: &Sandbox, classes: &str, options: &str) -> PathBuf {
    let trace = sandbox.home().join("trace");
    let expression = format!("workload:record(\"{}\", {classes}, {options})", trace.display());
    erl(sandbox, &expression);
    trace
}

/// Our reader's event, written as babeltrace2 writes it.
fn as_witnessed(event: &Event<'_>) -> WitnessEvent {
    let text = |value: Value<'_>| match value {
        Value::Unsigned(number) => number.to_string(),
        Value::Signed(number) => number.to_string(),
        Value::Str(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => panic!("beamtap records no {other:?}"),
    };
    WitnessEvent {
        timestamp_ns: event.timestamp_ns(),
        name: event.name().to_owned(),
        cpu_id: event.cpu_id(),
        fields: event.fields().map(|(name, value)| (name.to_owned(), text(value))).collect(),
        context: event.common_context().map(|(name, value)| (name.to_owned(), text(value))).collect(),
    }
}

/// Every event our reader finds, and how many were discarded.
fn read(trace: &Path) -> (Vec<WitnessEvent>, u64) {
    let mut reader = TraceSet::open(trace).expect("the trace opens").reader();
    let (mut events, mut discarded) = (Vec::new(), 0);
    while let Some(item) = reader.next().expect("the trace reads") {
        match item {
            Item::Event(event) => events.push(as_witnessed(&event)),
            Item::Discarded(loss) => discarded += loss.count,
            Item::LostPackets(loss) => panic!("packets lost from a session that discards: {loss:?}"),
        }
    }
    (events, discarded)
}

/// Events of one time stamp come from different streams, where either order is right.
fn in_one_order(mut events: Vec<WitnessEvent>) -> Vec<WitnessEvent> {
    events.sort_by(|a, b| {
        (a.timestamp_ns, a.cpu_id, &a.name, &a.fields).cmp(&(b.timestamp_ns, b.cpu_id, &b.name, &b.fields))
    });
    events
}

#[test]
fn reader_and_babeltrace_agree_on_every_value() {
    in_sandbox(|sandbox| {
        let trace = record(sandbox, EVERY_CLASS, "#{}");
        let (ours, discarded) = read(&trace);
        assert_eq!(discarded, 0);
        assert!(ours.is_sorted_by_key(|event| event.timestamp_ns));
        let calls = ours.iter().filter(|event| event.name == "beamtap:call").count() as u64;
        assert_eq!(calls, FIB_CALLS + 100);
        let (ours, witness) = (in_one_order(ours), in_one_order(babeltrace(&trace)));
        assert_eq!(ours.len(), witness.len());
        for (ours, witness) in ours.iter().zip(&witness) {
            assert_eq!(ours, witness);
        }
    });
}

#[test]
fn nothing_is_lost_unseen() {
    in_sandbox(|sandbox| {
        let trace = record(sandbox, EVERY_CLASS, "#{}");
        let info = beamtapd(&["info", "--json", trace.to_str().expect("UTF-8")]);
        assert_eq!(
            (&info["discarded"], &info["lost"], &info["residual"]),
            (&0.into(), &0.into(), &0.into()),
            "{info}"
        );
        assert_eq!(info["emitted"], info["read"], "{info}");
        assert_eq!(info["read"].as_u64().expect("a number"), counted_by_witness(&trace), "{info}");
    });
}

#[test]
fn the_sum_law_holds_when_buffers_overflow() {
    in_sandbox(|sandbox| {
        let trace = record(sandbox, EVERY_CLASS, "#{subbuf_size => 4096, num_subbuf => 2}");
        let info = beamtapd(&["info", "--json", trace.to_str().expect("UTF-8")]);
        let number = |name: &str| info[name].as_u64().unwrap_or_else(|| panic!("{name} in {info}"));
        assert!(number("discarded") > 0, "the buffers were meant to overflow: {info}");
        assert_eq!(number("emitted"), number("read") + number("discarded") + number("lost"), "{info}");
        assert_eq!(info["residual"], 0, "{info}");
        assert_eq!(number("read"), counted_by_witness(&trace), "{info}");
    });
}

/// Events babeltrace2 sees, without the counters, which do not count themselves.
fn counted_by_witness(trace: &Path) -> u64 {
    babeltrace(trace).iter().filter(|event| event.name != "beamtap:counters").count() as u64
}

#[test]
fn the_report_knows_what_the_program_did() {
    in_sandbox(|sandbox| {
        let trace = record(sandbox, "[call, running, procs, garbage_collection, send, 'receive']", "#{}");
        let report = beamtapd(&["report", "--json", trace.to_str().expect("UTF-8")]);
        let function = |name: &str| {
            let all = report["functions"].as_array().expect("functions");
            all.iter().find(|row| row["function"] == name).unwrap_or_else(|| panic!("{name} in {report}"))
        };
        let number = |row: &serde_json::Value, column: &str| {
            row[column].as_u64().unwrap_or_else(|| panic!("{column} in {row}"))
        };
        let fib = function("workload:fib/1");
        assert_eq!(
            (number(fib, "calls"), number(fib, "raised"), number(fib, "unfinished")),
            (FIB_CALLS, 0, 0)
        );
        // Recursion is counted once: the one call from outside contains all others.
        assert!(number(fib, "max_ns") <= number(fib, "total_ns"), "{fib}");
        assert!(number(fib, "own_ns") <= number(fib, "total_ns"), "{fib}");
        assert!(number(fib, "p50_ns") <= number(fib, "p99_ns"), "{fib}");
        let thrower = function("workload:thrower/1");
        assert_eq!((number(thrower, "calls"), number(thrower, "raised")), (100, 75));
        let processes = report["processes"].as_array().expect("processes");
        let total = |column: &str| processes.iter().map(|row| number(row, column)).sum::<u64>();
        assert_eq!(total("calls"), FIB_CALLS + 100);
        // 20 workers and one server; each worker ends, and the server is told to.
        assert_eq!(total("spawned"), 21);
        assert!(total("run_ns") > 0 && total("gcs") > 0);
        // The server got 50 requests and the stop, and replied to each request.
        let is_server = |row: &&serde_json::Value| (number(row, "received"), number(row, "sent")) == (51, 50);
        assert_eq!(processes.iter().filter(is_server).count(), 1, "{report}");
    });
}
