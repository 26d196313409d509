//! `beamtapd read --named`, and which events are chosen.

use crate::program::{Trace, command, demo, done, run};
use crate::script::Script;
use std::path::Path;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/stock_vm");

fn named(trace: &str, arguments: &[&str]) -> Vec<String> {
    let mut asked = command();
    asked.args(["read", "--named"]).args(arguments).arg(trace).env("TZ", "UTC");
    let answer = done(asked.output().expect("beamtapd can be started"));
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    answer.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn lines_with_names_are_those_of_watch() {
    let watched = std::fs::read_to_string(Path::new(GOLDEN).join("watch.txt")).unwrap();
    let watched: Vec<&str> = watched.lines().collect();
    let trace = format!("{GOLDEN}/trace");
    assert_eq!(named(&trace, &[]), watched);
    assert_eq!(named(&trace, &["--last", "7"]), watched[watched.len() - 7..]);
    let watched = std::fs::read_to_string(Path::new(GOLDEN).join("watch_elixir.txt")).unwrap();
    assert_eq!(named(&trace, &["--syntax", "elixir"]), watched.lines().collect::<Vec<_>>());
}

#[test]
fn names_are_known_whatever_is_chosen() {
    let trace = Trace::of(&demo());
    let all = named(trace.path(), &[]);
    let calls = named(trace.path(), &["--event", "call"]);
    assert_eq!(calls.len(), 7, "{all:?}");
    assert!(
        calls.iter().all(|line| line.contains("demo:handle/2") || line.contains("demo:work/1")),
        "{calls:?}"
    );
    assert_eq!(named(trace.path(), &["--event", "beamtap:call"]), calls);
    // Long after the names were told.
    let late = named(trace.path(), &["--begin", "300us"]);
    assert_eq!(late, all[all.len() - 1..], "{all:?}");
    assert!(late[0].ends_with("<0.101.0> demo:handle/2"), "{late:?}");
    assert_eq!(named(trace.path(), &["--around", "399us", "--within", "10us"]), late);
    assert_eq!(named(trace.path(), &["--around", "398us", "--within", "100ns"]), [""; 0]);
    let time = &late[0][..15];
    assert_eq!(named(trace.path(), &["--around", time, "--within", "1us"]), late, "as lines have it");
    assert_eq!(named(trace.path(), &["--last", "2", "--event", "call"]), calls[5..]);
    assert_eq!(named(trace.path(), &["--last", "101us"]), late, "until the last packet's end");
}

#[test]
fn events_of_a_process_are_its_own_and_those_that_name_it() {
    let trace = Trace::of(&demo());
    let count = |arguments: &[&str]| {
        let mut all = vec!["read"];
        all.extend(arguments);
        all.push(trace.path());
        let told = run(&all);
        assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""));
        told.stdout.lines().count()
    };
    let client = count(&["--pid", "<0.101.0>", "--event", "call"]);
    assert_eq!(client, 1);
    let messages = count(&["--pid", "#PID<0.101.0>", "--event", "send"]);
    assert_eq!(messages, 3);
    let server = count(&["--pid", "<0.100.0>", "--event", "send"]);
    assert_eq!(server, 3, "they were sent to it");
    assert_eq!(count(&["--pid", "<0.100.0>", "--pid", "<0.101.0>", "--event", "call"]), 7);
    assert_eq!(count(&["--json", "--pid", "<0.100.0>", "--event", "call", "--last", "4"]), 4);
    let told = run(&["read", "--pid", "<0.102.0>", trace.path()]);
    assert_eq!((told.code, told.stdout.as_str()), (Some(0), ""));
    assert_eq!(told.stderr, "beamtapd: warning: no event names the process <0.102.0>\n");
}

/// A stream that ends with a line that something could still complete holds no others up.
#[test]
fn many_lines_behind_an_open_one_are_all_printed_in_bounded_memory() {
    let mut script = Script::new().at(1).cpu(1).call(1, 2);
    for call in 0..5000 {
        script = script.at(2 + call).cpu(0).call(3, 4);
    }
    let trace = Trace::of(&script);
    assert_eq!(named(trace.path(), &[]).len(), 5001);
}

#[test]
fn what_cannot_be_chosen_is_refused() {
    let trace = Trace::of(&demo());
    let refused = |arguments: &[&str]| {
        let told = run(&[arguments, &[trace.path()]].concat());
        assert_eq!((told.code, told.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", told.stderr);
        told.stderr
    };
    assert!(refused(&["read", "--follow", "--last", "5"]).contains("--last is not possible here"));
    assert!(refused(&["read", "--pid", "101"]).contains("<0.87.0>"));
    assert!(refused(&["read", "--last", "soon"]).contains("such as 100, or a duration"));
    assert!(refused(&["read", "--begin", "noon"]).contains("12:41:49.7"));
    refused(&["read", "--named", "--json"]);
    refused(&["read", "--within", "1s"]);
    refused(&["read", "--around", "1s", "--begin", "1s"]);
}
