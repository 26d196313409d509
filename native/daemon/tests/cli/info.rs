//! `beamtapd info`.

use crate::program::{Trace, demo, json, run};
use crate::script::Script;
use beamtap_schema::{EventKind, Phase};
use serde_json::{Value, json};

#[test]
fn json_has_the_terms_of_the_sum_law() {
    let trace = Trace::of(&demo());
    let info = json(&["info", "--json", trace.path()]);
    let terms = ["emitted", "read", "discarded", "lost", "gap", "residual", "outside", "counters"];
    let values: Vec<&Value> = terms.iter().map(|term| &info[term]).collect();
    // 27 by the counters, and 6 that were written before the counting began.
    assert_eq!(
        values,
        [&json!(33), &json!(33), &json!(0), &json!(0), &json!(0), &json!(0), &json!(6), &json!(28)]
    );
    assert_eq!(info["lossy"], false);
    assert_eq!(info["span"]["canary"], "00000000000012340000000000005678");
    assert_eq!(info["span"]["duration_ns"], 499_000);
    assert_eq!(info["vms"][0]["os_pid"], 4711);
    let call = info["events"].as_array().unwrap().iter().find(|event| event["event"] == "call").unwrap();
    assert_eq!((&call["read"], &call["emitted"], &call["flag"]), (&json!(7), &json!(7), &json!("call")));
    let cpus: Vec<&Value> = info["streams"].as_array().unwrap().iter().map(|stream| &stream["cpu"]).collect();
    assert_eq!(cpus, [0, 0, 1], "definitions, and two streams of events");
    assert_eq!(info["losses"].as_array().unwrap().len(), 6);
}

#[test]
fn discarded_and_lost_are_told_apart() {
    let script = Script::new()
        .at(1)
        .counters(Phase::Begin, EventKind::Call, 0)
        .at(2)
        .call(1, 2)
        .at(3)
        .discarded(20, 4)
        .at(5)
        .call(1, 2)
        .at(6)
        .lost_packets(3, 7)
        .at(8)
        .call(1, 2)
        .at(9)
        .counters(Phase::End, EventKind::Call, 100);
    let trace = Trace::of(&script);
    let info = json(&["info", "--json", trace.path()]);
    let terms =
        ["emitted", "read", "discarded", "lost", "residual", "lost_packets"].map(|term| info[term].clone());
    assert_eq!(terms, [100, 3, 20, 77, 0, 3].map(|n: i64| json!(n)));
    let text = run(&["info", trace.path()]).stdout;
    assert!(
        text.contains(
            "! INCOMPLETE: 20 events discarded because the buffers were full; 3 packets lost with 77 events\n"
        ),
        "{text}"
    );
}

#[test]
fn a_residual_is_shown_and_not_hidden() {
    let script =
        Script::new().at(1).counters(Phase::Begin, EventKind::Call, 0).at(2).call(1, 2).at(9).counters(
            Phase::End,
            EventKind::Call,
            5,
        );
    let trace = Trace::of(&script);
    assert_eq!(json(&["info", "--json", trace.path()])["residual"], 4);
    let text = run(&["info", trace.path()]).stdout;
    assert!(text.contains("! INCOMPLETE: 4 events missing without a name\n"), "{text}");
    assert!(text.contains("! The sum does not come out"), "{text}");
}

#[test]
fn without_the_end_counters_emitted_is_null_and_a_note_says_why() {
    let script = Script::new()
        .at(1)
        .counters(Phase::Begin, EventKind::Call, 0)
        .at(2)
        .call(1, 2)
        .at(3)
        .counters(Phase::Running, EventKind::Call, 1)
        .at(4)
        .call(1, 2);
    let trace = Trace::of(&script);
    let info = json(&["info", "--json", trace.path()]);
    assert_eq!(
        (&info["emitted"], &info["residual"], &info["emitted_at_least"]),
        (&json!(null), &json!(null), &json!(2))
    );
    assert_eq!(info["notes"], json!(["What the VM emitted is not known: counters of the end are missing."]));
}

#[test]
fn text_lists_events_streams_and_the_sum() {
    let trace = Trace::of(&demo());
    let info = run(&["info", trace.path()]);
    assert_eq!((info.code, info.stderr.as_str()), (Some(0), ""));
    for line in [
        "emitted       33",
        "residual       0",
        "canary    00000000000012340000000000005678",
        "call            call                   7        7",
    ] {
        assert!(info.stdout.lines().any(|shown| shown == line), "{line:?} in\n{}", info.stdout);
    }
    assert!(info.stdout.contains("Losses: none"), "{}", info.stdout);
}
