//! Times per function.

use crate::script::{Script, rows};
use beamtap_analysis::Table;
use beamtap_schema::EventKind;

const P: u64 = 100;
const Q: u64 = 200;
const F: u64 = 1;
const G: u64 = 2;
const H: u64 = 3;

fn named(script: Script) -> Script {
    script.define(F, "m", "f", 0).define(G, "m", "g", 1).define(H, "Elixir.M", "h", 2)
}

fn answer(script: &Script, columns: &[&str]) -> Vec<String> {
    rows(&script.tables(&["functions"])[0], columns)
}

const TIMES: &[&str] = &["function", "calls", "own", "total", "gc", "out"];

#[test]
fn one_call_takes_50() {
    let script = named(Script::new()).at(100).call(P, F).at(150).return_from(P, F);
    assert_eq!(answer(&script, TIMES), ["m:f/0 | 1 | 50 | 50 | 0 | 0"]);
}

#[test]
fn f_has_30_of_its_own_and_g_20_and_h_10() {
    let script = named(Script::new())
        .at(100)
        .call(P, F)
        .at(110)
        .call(P, G)
        .at(115)
        .call(P, H)
        .at(125)
        .return_from(P, H)
        .at(140)
        .return_from(P, G)
        .at(160)
        .return_from(P, F);
    assert_eq!(
        answer(&script, TIMES),
        ["m:f/0 | 1 | 30 | 60 | 0 | 0", "m:g/1 | 1 | 20 | 30 | 0 | 0", "M.h/2 | 1 | 10 | 10 | 0 | 0"]
    );
}

#[test]
fn body_recursion_of_three_calls_counts_its_total_of_60_once() {
    let script = named(Script::new())
        .at(0)
        .call(P, F)
        .at(10)
        .call(P, F)
        .at(20)
        .call(P, F)
        .at(30)
        .return_from(P, F)
        .at(45)
        .return_from(P, F)
        .at(60)
        .return_from(P, F);
    assert_eq!(
        answer(&script, &["function", "calls", "own", "total", "p50", "max"]),
        ["m:f/0 | 3 | 60 | 60 | 35 | 60"]
    );
}

#[test]
fn mutual_recursion_counts_the_total_of_each_once() {
    let script = named(Script::new())
        .at(0)
        .call(P, F)
        .at(10)
        .call(P, G)
        .at(20)
        .call(P, F)
        .at(30)
        .call(P, G)
        .at(40)
        .return_from(P, G)
        .at(50)
        .return_from(P, F)
        .at(60)
        .return_from(P, G)
        .at(70)
        .return_from(P, F);
    assert_eq!(answer(&script, TIMES), ["m:f/0 | 2 | 40 | 70 | 0 | 0", "m:g/1 | 2 | 30 | 50 | 0 | 0"]);
}

#[test]
fn tail_recursion_of_three_calls_ends_all_three_with_one_return_to() {
    let script = named(Script::new())
        .at(0)
        .call(P, G)
        .at(5)
        .call(P, F)
        .at(10)
        .call(P, F)
        .at(20)
        .call(P, F)
        .at(30)
        .return_to(P, G)
        .at(50)
        .return_to(P, 0);
    assert_eq!(
        answer(&script, &["function", "calls", "own", "total", "implied", "unfinished"]),
        ["m:f/0 | 3 | 25 | 25 | 2 | 0", "m:g/1 | 1 | 25 | 50 | 0 | 0"]
    );
}

#[test]
fn a_tail_called_g_is_part_of_f_when_only_f_returns() {
    let script = named(Script::new()).at(0).call(P, F).at(10).call(P, G).at(30).return_from(P, F);
    assert_eq!(
        answer(&script, &["function", "own", "total", "implied"]),
        ["m:g/1 | 20 | 20 | 1", "m:f/0 | 10 | 30 | 0"]
    );
}

#[test]
fn an_exception_through_three_frames_ends_three_calls() {
    let script = named(Script::new())
        .at(0)
        .call(P, F)
        .at(10)
        .call(P, G)
        .at(20)
        .call(P, H)
        .at(30)
        .exception_from(P, H)
        .exception_from(P, G)
        .exception_from(P, F);
    assert_eq!(
        answer(&script, &["function", "own", "total", "raised"]),
        ["M.h/2 | 10 | 10 | 1", "m:f/0 | 10 | 30 | 1", "m:g/1 | 10 | 20 | 1"]
    );
}

#[test]
fn an_exception_caught_in_f_leaves_f_to_return() {
    let script = named(Script::new())
        .at(0)
        .call(P, F)
        .at(10)
        .call(P, G)
        .at(20)
        .exception_from(P, G)
        .at(50)
        .return_from(P, F);
    assert_eq!(
        answer(&script, &["function", "own", "total", "raised"]),
        ["m:f/0 | 40 | 50 | 0", "m:g/1 | 10 | 10 | 1"]
    );
}

#[test]
fn scheduled_out_for_40_inside_g_is_nobodys_own_time() {
    let script = named(Script::new())
        .at(0)
        .goes_in(P)
        .call(P, F)
        .at(10)
        .call(P, G)
        .at(20)
        .goes_out(P)
        .at(60)
        .goes_in(P)
        .at(70)
        .return_from(P, G)
        .at(80)
        .return_from(P, F);
    assert_eq!(answer(&script, TIMES), ["m:f/0 | 1 | 20 | 80 | 0 | 0", "m:g/1 | 1 | 20 | 60 | 0 | 40"]);
}

#[test]
fn calls_whose_stack_is_thrown_away_by_hibernate_end_there() {
    for (module, name) in [("erlang", "hibernate"), ("erts_internal", "run_process")] {
        let mut script = named(Script::new()).define(9, module, name, 3).at(0).goes_in(P);
        for turn in 0..3 {
            let begin = 1000 * turn;
            script = script
                .at(begin)
                .goes_in(P)
                .call(P, F)
                .at(begin + 10)
                .call(P, G)
                .at(begin + 30)
                .goes_out_in(P, 9);
        }
        assert_eq!(
            answer(&script, &["function", "calls", "own", "total", "out", "p50", "max", "implied"]),
            ["m:g/1 | 3 | 60 | 60 | 0 | 20 | 20 | 3", "m:f/0 | 3 | 30 | 90 | 0 | 30 | 30 | 3"]
        );
    }
}

#[test]
fn hibernate_without_arguments_keeps_the_stack() {
    let script = named(Script::new())
        .define(9, "erlang", "hibernate", 0)
        .at(0)
        .goes_in(P)
        .call(P, F)
        .at(10)
        .goes_out_in(P, 9)
        .at(50)
        .goes_in(P)
        .at(55)
        .return_from(P, F);
    assert_eq!(answer(&script, TIMES), ["m:f/0 | 1 | 15 | 55 | 0 | 40"]);
}

#[test]
fn collecting_for_15_inside_f_is_gc_and_not_own() {
    let script = named(Script::new())
        .at(0)
        .call(P, F)
        .at(10)
        .gc(EventKind::GcMinorStart, P)
        .at(20)
        .gc(EventKind::GcMinorEnd, P)
        .at(25)
        .gc(EventKind::GcMajorStart, P)
        .at(30)
        .gc(EventKind::GcMajorEnd, P)
        .at(40)
        .return_from(P, F);
    assert_eq!(answer(&script, TIMES), ["m:f/0 | 1 | 25 | 40 | 15 | 0"]);
}

#[test]
fn collecting_for_10_of_which_5_scheduled_out_is_10_of_gc() {
    let script = named(Script::new())
        .at(0)
        .goes_in(P)
        .call(P, F)
        .at(10)
        .gc(EventKind::GcMajorStart, P)
        .at(12)
        .goes_out(P)
        .at(17)
        .goes_in(P)
        .at(20)
        .gc(EventKind::GcMajorEnd, P)
        .at(30)
        .return_from(P, F);
    assert_eq!(answer(&script, TIMES), ["m:f/0 | 1 | 20 | 30 | 10 | 0"]);
}

#[test]
fn two_processes_interleaved_keep_their_own_stacks() {
    let script = named(Script::new())
        .at(0)
        .cpu(0)
        .call(P, F)
        .at(10)
        .cpu(1)
        .call(Q, G)
        .at(20)
        .cpu(0)
        .call(P, G)
        .at(30)
        .cpu(1)
        .return_from(Q, G)
        .at(50)
        .cpu(0)
        .return_from(P, G)
        .at(60)
        .cpu(0)
        .return_from(P, F);
    assert_eq!(
        answer(&script, &["function", "calls", "own", "total", "max"]),
        ["m:g/1 | 2 | 50 | 50 | 30", "m:f/0 | 1 | 30 | 60 | 60"]
    );
}

#[test]
fn definitions_after_use_name_the_function_all_the_same() {
    let script = named(Script::new().at(0).call(P, F).at(5).return_from(P, F).at(9));
    assert_eq!(answer(&script, &["function", "module", "name", "arity"]), ["m:f/0 | m | f | 0"]);
    let script = Script::new().at(0).call(P, F).at(5).return_from(P, F);
    assert_eq!(answer(&script, &["function", "module"]), ["function#1 | -"]);
}

#[test]
fn an_open_call_is_unfinished_and_has_no_time() {
    let script = named(Script::new()).at(0).call(P, F).call(P, G).at(10).return_from(P, G).at(90).call(Q, G);
    assert_eq!(
        answer(&script, &["function", "calls", "own", "total", "p99", "unfinished"]),
        ["m:g/1 | 2 | 10 | 10 | 10 | 1", "m:f/0 | 1 | - | - | - | 1"]
    );
}

#[test]
fn an_exit_ends_two_calls_after_30_and_20() {
    let script = named(Script::new()).at(0).call(P, F).at(10).call(P, G).at(30).exit(P);
    assert_eq!(
        answer(&script, &["function", "own", "total", "exited", "unfinished"]),
        ["m:g/1 | 20 | 20 | 1 | 0", "m:f/0 | 10 | 30 | 1 | 0"]
    );
}

#[test]
fn own_is_called_own_and_wait_where_nothing_tells_waiting() {
    let script = named(Script::new()).at(0).call(P, F).at(50).return_from(P, F).at(60);
    let calls = [EventKind::Call, EventKind::ReturnFrom];
    let all: Vec<EventKind> = beamtap_schema::CATALOGUE.iter().map(|event| event.kind).collect();
    let title = |table: &Table| table.columns[table.column("own_ns").unwrap()].title();
    let includes = |table: &Table| rows(table, &["own", "own_includes_waiting"]);
    // What the trace may hold tells, unless it may hold everything, as a session of LTTng's own does.
    for kinds in [&calls[..], &all[..]] {
        let table = &script.tables_declaring(&["functions"], kinds)[0];
        assert_eq!((title(table).as_str(), includes(table)), ("own+wait", vec!["50 | true".to_owned()]));
        assert!(table.notes[0].contains("also trace the class `running`"), "{:?}", table.notes);
    }
    let recorded = script.tables_declaring(&["functions"], &[EventKind::Call, EventKind::In]);
    let seen = script.goes_in(P).tables_declaring(&["functions"], &all);
    for table in [&recorded[0], &seen[0]] {
        assert_eq!((title(table).as_str(), includes(table)), ("own", vec!["50 | false".to_owned()]));
        assert_eq!(table.notes, [""; 0]);
    }
}

#[test]
fn a_crash_is_told_as_a_crash_and_not_as_a_loss() {
    let script = named(Script::new())
        .goes_in(P)
        .at(0)
        .call(P, F)
        .at(30)
        .exit_with(P, "{badmatch,_}")
        .call(Q, F)
        .at(40)
        .exit_with(Q, "{shutdown,_}");
    let table = &script.tables(&["functions"])[0];
    let columns = ["calls", "total", "exited", "crashed", "unfinished", "interrupted"];
    assert_eq!(rows(table, &columns), ["2 | 40 | 2 | 1 | 0 | 0"]);
    let told = "Calls that ended because their process crashed: 1. To see the classes of exceptions, add \
                `-> exception` to the functions' patterns.";
    assert_eq!(table.notes, [told]);
    // Where exceptions are recorded, there is nothing to add: this one was killed.
    let recorded = script.at(50).call(3, F).return_from(3, F);
    assert_eq!(
        recorded.tables(&["functions"])[0].notes,
        ["Calls that ended because their process crashed: 1."]
    );
}

#[test]
fn a_return_without_its_call_changes_nothing_and_is_told() {
    let script = named(Script::new())
        .at(0)
        .goes_in(P)
        .return_from(P, G)
        .at(10)
        .call(P, F)
        .at(20)
        .return_from(P, H)
        .at(30)
        .return_from(P, F);
    let table = &script.tables(&["functions"])[0];
    assert_eq!(rows(table, &["function", "own", "total"]), ["m:f/0 | 20 | 20"]);
    let told = "Returns of calls that are not in the trace: 2. They started before it, or were lost.";
    assert_eq!(table.notes, [told]);
}

#[test]
fn return_to_right_after_return_from_ends_nothing_more() {
    let script = named(Script::new())
        .at(0)
        .call(P, F)
        .at(10)
        .call(P, G)
        .at(20)
        .return_from(P, G)
        .return_to(P, F)
        .at(50)
        .return_from(P, F)
        .return_to(P, H);
    assert_eq!(
        answer(&script, &["function", "calls", "own", "total", "implied"]),
        ["m:f/0 | 1 | 40 | 50 | 0", "m:g/1 | 1 | 10 | 10 | 0"]
    );
}

#[test]
fn return_to_after_return_from_ends_the_frames_above_its_function() {
    let script = named(Script::new())
        .at(0)
        .call(P, F)
        .at(10)
        .call(P, G)
        .at(20)
        .call(P, H)
        .at(30)
        .return_from(P, H)
        .return_to(P, F)
        .at(40)
        .return_from(P, F);
    assert_eq!(
        answer(&script, &["function", "own", "total", "implied"]),
        ["m:f/0 | 20 | 40 | 0", "M.h/2 | 10 | 10 | 0", "m:g/1 | 10 | 20 | 1"]
    );
}

#[test]
fn return_to_the_same_function_ends_one_frame_of_it() {
    let script =
        named(Script::new()).at(0).call(P, F).at(10).call(P, F).at(30).return_to(P, F).at(40).return_to(P, 0);
    assert_eq!(answer(&script, &["function", "calls", "own", "p50", "max"]), ["m:f/0 | 2 | 40 | 20 | 40"]);
}

#[test]
fn return_to_an_untraced_function_ends_the_top_frame_only() {
    let script = named(Script::new())
        .at(0)
        .goes_in(P)
        .call(P, F)
        .at(10)
        .call(P, G)
        .at(30)
        .return_to(P, H)
        .at(40)
        .return_to(P, 0);
    let table = &script.tables(&["functions"])[0];
    assert_eq!(table.notes.len(), 1, "it is a guess: {:?}", table.notes);
    assert!(table.notes[0].starts_with("Returns to functions that are not traced: 1."), "{:?}", table.notes);
    assert_eq!(
        answer(&script, &["function", "own", "total", "implied"]),
        ["m:f/0 | 20 | 40 | 0", "m:g/1 | 20 | 20 | 0"]
    );
}

#[test]
fn a_call_proves_that_a_process_is_running_again() {
    let script = named(Script::new())
        .at(0)
        .goes_in(P)
        .call(P, F)
        .at(10)
        .goes_out(P)
        .at(30)
        .call(P, G)
        .at(40)
        .return_from(P, G)
        .at(50)
        .return_from(P, F);
    assert_eq!(
        answer(&script, &["function", "own", "out", "total"]),
        ["m:f/0 | 20 | 20 | 50", "m:g/1 | 10 | 0 | 10"]
    );
}

#[test]
fn percentiles_of_1_to_100_are_50_and_99() {
    let mut script = named(Script::new());
    for length in 1..=100 {
        let begin = 1000 * length;
        script = script.at(begin).call(P, F).at(begin + length).return_from(P, F);
    }
    assert_eq!(
        answer(&script, &["calls", "own", "total", "p50", "p99", "max"]),
        ["100 | 5050 | 5050 | 50 | 99 | 100"]
    );
}

#[test]
fn calls_without_returns_are_given_up_in_time() {
    // One more than may be open: the limit gives up all, and only the last one is open at the end.
    let limit = beamtap_analysis::Automaton::MAX_OPEN_CALLS as u64;
    let mut pass = beamtap_analysis::Pass::new(&["functions"]).unwrap();
    let call = Script::new().call(P, F);
    for _ in 0..=limit {
        call.feed(&mut pass);
    }
    let table = &pass.finish()[0];
    assert_eq!(
        rows(table, &["calls", "unfinished", "interrupted", "own"]),
        [format!("{} | 1 | {limit} | -", limit + 1)]
    );
    assert!(
        table.notes.iter().any(|note| note.contains("Check that returns are recorded")),
        "{:?}",
        table.notes
    );
}

#[test]
fn half_of_100_calls_took_50_us_and_99_took_99_us() {
    let mut script = named(Script::new());
    let mut now = 0;
    for microseconds in 1..=100 {
        script = script.at(now).call(P, F).at(now + microseconds * 1000).return_from(P, F);
        now += microseconds * 1000;
    }
    let tables = script.tables(&["functions"]);
    let cells = rows(&tables[0], &["p50", "p99", "max"]);
    let values: Vec<u64> = cells[0].split(" | ").map(|value| value.parse().unwrap()).collect();
    // The histogram keeps two digits.
    assert!(values[0].abs_diff(50_000) <= 500, "{cells:?}");
    assert!(values[1].abs_diff(99_000) <= 990, "{cells:?}");
    assert_eq!(values[2], 100_000);
}

/// F calls the loop G, which goes round three times in 30 and comes back to F, which works 60 more.
#[test]
fn a_loop_recorded_without_returns_takes_nothing_from_its_caller() {
    let script = named(Script::new())
        .at(1)
        .ends(G, 0)
        .at(100)
        .call(P, F)
        .at(110)
        .call(P, G)
        .at(120)
        .call(P, G)
        .at(130)
        .call(P, G)
        .at(200)
        .return_from(P, F);
    assert_eq!(answer(&script, TIMES), ["m:f/0 | 1 | 100 | 100 | 0 | 0", "m:g/1 | 3 | - | - | - | -"]);
    assert_eq!(answer(&script, &["function", "unfinished"]), ["m:f/0 | 0", "m:g/1 | 0"]);
}

#[test]
fn returns_that_are_recorded_again_count_again() {
    let script = named(Script::new())
        .at(1)
        .ends(F, 0)
        .at(10)
        .call(P, F)
        .at(20)
        .ends(F, 1)
        .at(30)
        .call(P, F)
        .at(37)
        .return_from(P, F);
    assert_eq!(answer(&script, TIMES), ["m:f/0 | 2 | 7 | 7 | 0 | 0"]);
}
