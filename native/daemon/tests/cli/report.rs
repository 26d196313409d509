//! `beamtapd report`.

use crate::program::{MICROSECOND, Trace, command, demo, done, json, run};
use crate::script::Script;
use serde_json::json;
use std::process::Stdio;

#[test]
fn json_has_the_times_of_every_function() {
    let trace = Trace::of(&demo());
    let report = json(&["report", "--json", trace.path()]);
    assert_eq!(report["format"], 1);
    assert_eq!(report["trace"], trace.path());
    assert_eq!((&report["lossy"], &report["faults"]), (&json!(false), &json!([])));
    assert_eq!(report["vms"][0]["node"], "demo@host");
    assert_eq!(report["residual"], 0);
    let functions = report["functions"].as_array().unwrap();
    assert_eq!(functions.len(), 2);
    let work = &functions[0];
    assert_eq!(work["function"], "demo:work/1");
    assert_eq!((&work["module"], &work["name"], &work["arity"]), (&json!("demo"), &json!("work"), &json!(1)));
    assert_eq!((&work["calls"], &work["raised"], &work["unfinished"]), (&json!(3), &json!(1), &json!(0)));
    assert_eq!(
        (&work["own_ns"], &work["gc_ns"], &work["total_ns"]),
        (&json!(110_000), &json!(10_000), &json!(120_000))
    );
    let handle = &functions[1];
    assert_eq!(handle["function"], "demo:handle/2");
    assert_eq!((&handle["calls"], &handle["unfinished"]), (&json!(4), &json!(1)));
    assert_eq!((&handle["own_ns"], &handle["total_ns"]), (&json!(54_000), &json!(174_000)));
    assert_eq!((&handle["p50_ns"], &handle["max_ns"]), (&json!(58_000), &json!(58_000)));
}

#[test]
fn json_has_what_every_process_did() {
    let trace = Trace::of(&demo());
    let report = json(&["report", "--json", "--processes", trace.path()]);
    assert!(report.get("functions").is_none());
    let processes = report["processes"].as_array().unwrap();
    assert_eq!(processes.len(), 2);
    let server = &processes[0];
    assert_eq!(server["process"], "<0.100.0> demo_server demo:handle/2");
    assert_eq!((&server["name"], &server["parent"]), (&json!("demo_server"), &json!("<0.1.0>")));
    assert_eq!(
        (&server["run_ns"], &server["slices"], &server["calls"]),
        (&json!(180_000), &json!(3), &json!(6))
    );
    assert_eq!((&server["gcs"], &server["gc_ns"]), (&json!(1), &json!(10_000)));
    assert_eq!(
        (&server["received"], &server["sent"], &server["ended"]),
        (&json!(3), &json!(0), &json!(false))
    );
    assert_eq!((&processes[1]["sent"], &processes[1]["calls"]), (&json!(3), &json!(1)));
}

#[test]
fn python_reads_the_json() {
    let trace = Trace::of(&demo());
    let mut report =
        command().args(["report", "--json", trace.path()]).stdout(Stdio::piped()).spawn().unwrap();
    let stdout = report.stdout.take().unwrap();
    let mut python = std::process::Command::new("python3");
    let python = python.args(["-m", "json.tool"]).stdin(stdout).output().expect("python3 is installed");
    let status = report.wait().unwrap();
    assert!(status.success());
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
}

#[test]
fn text_shows_both_tables_with_units() {
    let trace = Trace::of(&demo());
    let report = run(&["report", trace.path()]);
    assert_eq!((report.code, report.stderr.as_str()), (Some(0), ""));
    let text = report.stdout.replace(trace.path(), "TRACE");
    assert_eq!(
        text,
        "\
TRACE
demo@host · OTP 25 (ERTS 13.1.5) · 2 schedulers · 2023-11-14T22:13:20.000001Z · 499 µs · 27 events recorded · 6 definitions

Functions
174 µs in traced functions: 94 % own, 6 % collecting garbage. Most in demo:work/1: 69 %.
! Calls open at the end of the trace: 1. Their time is not counted.
function       calls      own   total       gc      p50      p99      max  raised  unfinished
demo:work/1        3   110 µs  120 µs  10.0 µs  40.0 µs  40.0 µs  40.0 µs       1           0
demo:handle/2      4  54.0 µs  174 µs        0  58.0 µs  58.0 µs  58.0 µs       0           1

Processes
process                              calls     run  slices  gcs       gc  received  sent
<0.100.0> demo_server demo:handle/2      6  180 µs       3    1  10.0 µs         3     0
<0.101.0>                                1       0       0    0        0         0     3
"
    );
}

#[test]
fn text_fits_the_width() {
    let trace = Trace::of(&demo());
    let text = run(&["report", "--width", "60", trace.path()]).stdout;
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert!(lines.iter().all(|line| line.chars().count() <= 60), "{text}");
    assert!(text.contains("(without max, raised, unfinished: the terminal is too\nnarrow)"), "{text}");
    assert_eq!(run(&["report", "--width", "0", trace.path()]).code, Some(2));
}

#[test]
fn a_trace_in_which_nothing_happened_says_what_to_look_for() {
    let trace = Trace::of(&Script::new().at(1000).define_vm(4711).define(11, "demo", "handle", 2));
    let report = run(&["report", trace.path()]);
    assert_eq!(report.code, Some(0), "{}", report.stderr);
    assert!(
        report.stdout.contains("\nNo traced events. Check that a traced process called the function"),
        "{}",
        report.stdout
    );
}

#[test]
fn top_and_sort_choose_the_rows() {
    let trace = Trace::of(&demo());
    let first = |arguments: &[&str]| {
        let arguments =
            [&["report", "--json", "--functions", "--top", "1"], arguments, &[trace.path()]].concat();
        let report = json(&arguments);
        let functions = report["functions"].as_array().unwrap();
        assert_eq!(functions.len(), 1);
        functions[0]["function"].as_str().unwrap().to_owned()
    };
    assert_eq!(first(&[]), "demo:work/1");
    assert_eq!(first(&["--sort", "own"]), "demo:work/1");
    assert_eq!(first(&["--sort", "total"]), "demo:handle/2");
    assert_eq!(first(&["--sort", "calls"]), "demo:handle/2");
    assert_eq!(first(&["--sort", "max_ns"]), "demo:handle/2");
    assert_eq!(first(&["--sort", "raised"]), "demo:work/1");
    let text = run(&["report", "--top", "1", trace.path()]).stdout;
    assert!(text.contains("Functions (first 1 of 2)"), "{text}");
    assert!(!text.contains("demo:handle/2      4"), "{text}");
}

#[test]
fn a_lossy_trace_says_so_before_anything_else() {
    let script = Script::new().at(10).call(1, 2).at(20).discarded(1234, 30).at(40).return_from(1, 2);
    let trace = Trace::of(&script);
    let report = json(&["report", "--json", trace.path()]);
    assert_eq!((&report["lossy"], &report["discarded"]), (&json!(true), &json!(1234)));
    assert_eq!(
        (&report["functions"][0]["own_ns"], &report["functions"][0]["interrupted"]),
        (&json!(null), &json!(1))
    );
    let text = run(&["report", trace.path()]).stdout;
    let third = text.lines().nth(2).unwrap();
    assert_eq!(third, "! INCOMPLETE: 1,234 events discarded (buffers full)");
}

#[test]
fn calls_without_returns_are_told_how_to_get_times() {
    let trace = Trace::of(&Script::new().at(10).call(1, 2).at(20).call(1, 2));
    let text = run(&["report", trace.path()]).stdout;
    assert!(text.contains("! No call has an end in the trace. To see times, add `return`"), "{text}");
}

#[test]
fn names_from_the_trace_cannot_steer_the_terminal() {
    let script = Script::new()
        .define(2, "evil\u{1b}]0;title\u{7}", "f\u{202e}\n", 0)
        .at(10)
        .call(1, 2)
        .at(20)
        .return_from(1, 2);
    let trace = Trace::of(&script);
    let text = run(&["report", trace.path()]).stdout;
    assert!(text.contains(r"'evil\e]0;title\007':'f\x{202E}\n'/0"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text}");
    let report = json(&["report", "--json", trace.path()]);
    assert_eq!(report["functions"][0]["name"], "f\u{202e}\n", "programs get the name as it is");
}

#[test]
fn a_trace_without_calls_has_an_empty_report() {
    let trace = Trace::of(&Script::new().at(10).other("lttng_ust_statedump:start"));
    let report = run(&["report", trace.path()]);
    assert_eq!(report.code, Some(0));
    assert!(report.stdout.contains("\nNo traced events."), "{}", report.stdout);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut script = Script::new();
    // More output than a pipe holds.
    for function in 1..4000 {
        script = script.at(function * 10).call(1, function).at(function * 10 + 5).return_from(1, function);
    }
    let trace = Trace::of(&script);
    let mut child = command()
        .args(["report", "--json", trace.path()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let report = done(child.wait_with_output().unwrap());
    assert_eq!((report.code, report.stderr.as_str()), (Some(0), ""));
}

#[test]
fn without_utf8_in_the_locale_its_own_words_are_ascii() {
    let trace = Trace::of(&demo());
    let report = done(command().args(["report", trace.path()]).env("LC_ALL", "C").output().unwrap());
    assert!(report.stdout.is_ascii(), "{}", report.stdout);
    assert!(report.stdout.contains(" 110 us ") && report.stdout.contains(" | OTP 25 "), "{}", report.stdout);
}

#[test]
fn processes_born_before_the_window_have_names() {
    let us = |n: u64| n * MICROSECOND;
    let script = Script::new()
        .at(us(1))
        .define_vm(4711)
        .define_atom(21, "my worker")
        .define(11, "demo", "init", 1)
        .at(us(10))
        .spawn(1, 300, 11)
        .at(us(11))
        .register(300, 21)
        .at(us(12))
        .spawn(1, 301, 11)
        .exit(301)
        .at(us(100))
        .receive(300)
        .at(us(200))
        .register(300, 22)
        .define_atom(22, "later");
    let trace = Trace::of(&script);
    let report = json(&["report", "--json", "--begin", "50us", "--end", "150us", trace.path()]);
    let processes = report["processes"].as_array().unwrap();
    assert_eq!(processes.len(), 1, "{processes:?}");
    let worker = &processes[0];
    assert_eq!(worker["process"], "<0.300.0> 'my worker' demo:init/1");
    assert_eq!((&worker["parent"], &worker["received"]), (&json!("<0.1.0>"), &json!(1)));
    assert_eq!((&worker["spawned"], &worker["ended"]), (&json!(0), &json!(false)));
}

#[test]
fn a_window_counts_only_what_is_in_it_and_knows_all_names() {
    let trace = Trace::of(&demo());
    // The second of three rounds; its names were defined long before.
    let arguments = ["report", "--json", "--begin", "105us", "--end", "205us", trace.path()];
    let report = json(&arguments);
    let functions = report["functions"].as_array().unwrap();
    assert_eq!(functions.len(), 2);
    assert_eq!((&functions[0]["function"], &functions[0]["calls"]), (&json!("demo:work/1"), &json!(1)));
    assert_eq!((&functions[0]["own_ns"], &functions[1]["own_ns"]), (&json!(40_000), &json!(18_000)));
    assert_eq!(report["processes"][0]["run_ns"], 60_000);
    assert_eq!(report["span"]["duration_ns"], 65_000, "from the edge to the last event inside");
    assert_eq!(report["emitted"], json!(null));
    let note = "Only events from 2023-11-14T22:13:20.000106Z to 2023-11-14T22:13:20.000206Z and all definitions are \
                counted.";
    assert_eq!(report["notes"], json!([note]));
    let text =
        run(&["report", "--begin", "105us", "--end", "2023-11-14T22:13:20.000206Z", trace.path()]).stdout;
    assert_eq!(text.lines().nth(2).unwrap(), note);
    let wrong = run(&["report", "--begin", "noon", trace.path()]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("expected a time after the start of the trace"), "{}", wrong.stderr);
}

#[test]
fn a_trace_without_counters_says_that_nobody_knows_what_is_missing() {
    let trace = Trace::of(&Script::new().at(10).call(1, 2).at(20).return_from(1, 2));
    let text = run(&["report", trace.path()]).stdout;
    assert_eq!(
        text.lines().nth(2).unwrap(),
        "! The number of emitted events is unknown: the trace has no counters."
    );
}

/// Their processes and functions have the same numbers.
#[test]
fn a_trace_of_two_vms_is_refused_with_the_reason() {
    let trace = Trace::of(&Script::new().at(1).define_vm(1).call(1, 2).at(2).define_vm(2).call(1, 2));
    let refused = run(&["report", trace.path()]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert_eq!(
        refused.stderr,
        "beamtapd: demo@host (process 1) and demo@host (process 2) both recorded into this trace: a report would \
         mix them up, because each VM numbers processes and functions by itself. Record each VM in its own session, or \
         use `lttng enable-channel --buffers-pid`. To see the events, use `beamtapd read`\n"
    );
    let read = run(&["read", trace.path()]);
    assert_eq!((read.code, read.stdout.lines().count()), (Some(0), 4));
}

#[test]
fn an_empty_report_says_how_long_the_tap_recorded_and_why_it_ended() {
    let trace = Trace::of(&Script::new().at(1).define(2, "m", "f", 0).at(9).ended("s", "owner", 3_000_000));
    let text = run(&["report", trace.path()]).stdout;
    assert!(
        text.contains("The tap recorded for 3.00 ms, until the process that started it exited."),
        "{text}"
    );
}

#[test]
fn watch_says_once_that_names_are_of_several_vms() {
    let mut script = Script::new().at(1).define_vm(1).call(1, 2).at(2).define_vm(2).call(1, 2).define_vm(1);
    script = script.define_vm(2).call(1, 2);
    let trace = Trace::of(&script);
    let watched = command().args(["watch", "--while-input", trace.path()]).stdin(Stdio::null()).output();
    let shown = done(watched.expect("beamtapd runs")).stdout;
    assert_eq!(shown.matches("several VMs record into this session").count(), 1, "{shown}");
    assert_eq!(shown.lines().count(), 4, "{shown}");
}
