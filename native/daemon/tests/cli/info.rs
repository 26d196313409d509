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
    assert_eq!(terms, [json!(100), json!(3), json!(20), json!(77), json!(null), json!(3)]);
    let text = run(&["info", trace.path()]).stdout;
    assert!(
        text.contains("! INCOMPLETE: 20 events discarded (buffers full); 3 packets lost with 77 events\n"),
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
    assert!(text.contains("! INCOMPLETE: 4 events missing for no known reason\n"), "{text}");
    assert!(text.contains("! The sum law does not hold"), "{text}");
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
    let note = "The number of emitted events is unknown: the counters from the end are missing. The tap still records, or its VM was killed.";
    assert_eq!(info["notes"], json!([note]));
    // Nothing is known to be missing, and nothing proves that all is there.
    assert_eq!(info["lossy"], json!(null));
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

/// A daemon was killed, with the first counters in its buffers.
#[test]
fn a_gap_is_named_in_text_and_json() {
    let script = Script::new().at(1).call(1, 2).at(2000).gap("s", 1500, 3, 4);
    let script = script.counters(Phase::Begin, EventKind::Call, 4).counters(Phase::Begin, EventKind::Gap, 1);
    let script = script.at(3000).call(1, 2).at(4000).counters(Phase::End, EventKind::Call, 5);
    let trace = Trace::of(&script.counters(Phase::End, EventKind::Gap, 1));
    let line = "! INCOMPLETE: recording interrupted once, for 1.50 µs, losing at least 3 events";
    for command in ["info", "report"] {
        let answer = json(&[command, "--json", trace.path()]);
        let terms = ["emitted", "read", "gap", "residual", "gaps", "gap_time_ns", "lossy"];
        let expected = [json!(6), json!(3), json!(3), json!(0), json!(1), json!(1500), json!(true)];
        assert_eq!(terms.map(|term| answer[term].clone()), expected, "{command}");
        let text = run(&[command, trace.path()]).stdout;
        assert!(text.lines().any(|shown| shown == line), "{text}");
    }
}

#[test]
fn a_pause_is_named_in_text_and_json() {
    let script = Script::new().at(1000).call(1, 2).pause("s").at(9000).resume("s", 8000);
    let trace = Trace::of(&script);
    let line = "! The tap was paused once, for 8.00 µs. Calls and times that span a pause are not counted.";
    for command in ["info", "report"] {
        let answer = json(&[command, "--json", trace.path()]);
        assert_eq!([&answer["pauses"], &answer["paused_ns"]], [&json!(1), &json!(8000)]);
        let text = run(&[command, trace.path()]).stdout;
        assert!(text.lines().any(|shown| shown == line), "{text}");
    }
    // Only what is in the stretch.
    for (from, to, pauses, paused) in
        [("0us", "5us", 1, 5000), ("6us", "9us", 1, 2000), ("9us", "20us", 0, 0), ("2us", "3us", 1, 1000)]
    {
        let answer = json(&["report", "--json", "--begin", from, "--end", to, trace.path()]);
        assert_eq!(
            [&answer["pauses"], &answer["paused_ns"]],
            [&json!(pauses), &json!(paused)],
            "{from} to {to}"
        );
    }
}

#[test]
fn two_vms_have_no_sum() {
    let vm = |script: Script, calls| script.counters(Phase::Begin, EventKind::Call, calls);
    let script = vm(Script::new().at(1).define_vm(1).call(1, 2), 18_000_000_000);
    let trace = Trace::of(&vm(script.at(2).define_vm(2), 5).at(3).counters(Phase::End, EventKind::Call, 9));
    let info = json(&["info", "--json", trace.path()]);
    let terms = ["emitted", "gap", "residual", "lossy"].map(|term| info[term].clone());
    assert_eq!(terms, [json!(null), json!(null), json!(null), json!(null)]);
    let gap = info["losses"].as_array().unwrap().iter().find(|loss| loss["loss"] == "gap").unwrap();
    assert_eq!(gap["count"], json!(null));
}
