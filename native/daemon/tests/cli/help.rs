//! `--help`: whatever JSON holds, the help of its command describes.

use crate::program::{Trace, demo, json, run};
use crate::script::Script;
use serde_json::Value;
use std::collections::BTreeSet;

/// The first words of the help's lines, without the mark of what is in the JSON only.
fn described(command: &str) -> BTreeSet<String> {
    let help = run(&[command, "--help"]).stdout;
    help.lines()
        .filter_map(|line| Some(line.split_whitespace().next()?.trim_end_matches(['*', ':']).to_owned()))
        .collect()
}

/// The keys of an answer, of the objects in it, and of those in its lists.
fn keys(answer: &Value) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (key, value) in answer.as_object().into_iter().flatten() {
        keys.insert(key.clone());
        let members = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        keys.extend(members.iter().filter_map(Value::as_object).flat_map(|member| member.keys().cloned()));
    }
    keys
}

fn assert_described(command: &str, answer: &Value) {
    let described = described(command);
    let missing: Vec<String> = keys(answer).into_iter().filter(|key| !described.contains(key)).collect();
    assert!(missing.is_empty(), "{command} --help does not describe {missing:?}");
}

#[test]
fn help_describes_every_key_of_json() {
    let trace = Trace::of(&demo());
    for command in ["report", "info"] {
        let answer = json(&[command, "--json", trace.path()]);
        assert!(keys(&answer).len() > 30, "{answer}");
        assert_described(command, &answer);
    }
    assert_described("traces", &json(&["traces", "--json", trace.path()]));
    let doctor = run(&["doctor", "--json"]);
    assert_described("doctor", &serde_json::from_str(&doctor.stdout).expect("JSON"));
}

#[test]
fn help_of_report_has_the_tables_that_a_trace_may_lack() {
    let described = described("report");
    for table in ["functions", "processes", "spans", "system_monitor", "schedulers", "allocators"] {
        assert!(described.contains(table), "{table}");
    }
}

#[test]
fn help_describes_every_key_of_a_line_of_json() {
    let described = described("read");
    let trace = Trace::of(&Script::new().at(10).call(1, 2).at(20).discarded(3, 4).at(30).call(1, 2));
    let lines = run(&["read", "--json", trace.path()]).stdout;
    let (mut events, mut losses) = (0, 0);
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let line = line.as_object().expect("an object");
        *if line.contains_key("loss") { &mut losses } else { &mut events } += 1;
        // What is in an event's own objects is the trace's.
        assert!(line.keys().all(|key| described.contains(key)), "{line:?}");
    }
    assert_eq!((events, losses), (2, 1), "{lines}");
}
