//! What each process did.

use crate::script::{Script, rows};
use beamtap_schema::EventKind;

const P: u64 = 100;
const Q: u64 = (7 << 32) + 200;

fn answer(script: &Script, columns: &[&str]) -> Vec<String> {
    rows(&script.tables(&["processes"])[0], columns)
}

#[test]
fn runs_20_percent_of_10s() {
    let mut script = Script::new();
    for second in 0..10 {
        let begin = second * 1_000_000_000;
        script = script.at(begin).goes_in(P).at(begin + 200_000_000).goes_out(P);
    }
    assert_eq!(answer(&script, &["process", "run", "slices"]), ["<0.100.0> | 2000000000 | 10"]);
}

#[test]
fn a_slice_open_at_either_end_of_the_trace_is_not_counted() {
    let script = Script::new()
        .at(5)
        .goes_out(P)
        .at(10)
        .goes_in(P)
        .at(30)
        .goes_out(P)
        .at(40)
        .goes_in(P)
        .at(90)
        .receive(P);
    assert_eq!(answer(&script, &["run", "slices"]), ["20 | 1"]);
}

#[test]
fn a_process_is_called_by_pid_name_and_initial_call() {
    let script = Script::new()
        .at(0)
        .define_process(P, 1, 31, 11)
        .define_process(9, 1, 0, 0)
        .at(1)
        .spawn(P, Q, 12)
        .at(2)
        .register(Q, 32)
        .at(3)
        .define_atom(31, "kernel_sup")
        .define_atom(32, "my_worker")
        .define(11, "supervisor", "init", 1)
        .define(12, "proc_lib", "init_p", 5);
    assert_eq!(
        answer(&script, &["process", "pid", "name", "initial_call", "parent", "spawned"]),
        [
            "<0.100.0> kernel_sup supervisor:init/1 | <0.100.0> | kernel_sup | supervisor:init/1 | <0.1.0> | 1",
            "<0.200.7> my_worker proc_lib:init_p/5 | <0.200.7> | my_worker | proc_lib:init_p/5 | <0.100.0> | 0",
        ]
    );
}

#[test]
fn two_collections_take_15_and_3_messages_go_2_ways() {
    let script = Script::new()
        .at(0)
        .gc(EventKind::GcMinorStart, P)
        .at(10)
        .gc(EventKind::GcMinorEnd, P)
        .at(20)
        .gc(EventKind::GcMajorStart, P)
        .at(25)
        .gc(EventKind::GcMajorEnd, P)
        .at(30)
        .send(P, Q)
        .send(P, Q)
        .at(40)
        .receive(Q)
        .receive(Q)
        .at(50)
        .send(Q, P);
    assert_eq!(
        answer(&script, &["pid", "gcs", "gc", "sent", "received"]),
        ["<0.100.0> | 2 | 15 | 2 | 0", "<0.200.7> | 0 | 0 | 1 | 2"]
    );
}

#[test]
fn an_after_that_fires_is_no_message() {
    let mut script = Script::new().at(1).receive(P);
    for _ in 0..3 {
        script = script.event(EventKind::ReceiveTimeout, vec![P.into()]);
    }
    assert_eq!(answer(&script, &["pid", "received", "timeouts"]), ["<0.100.0> | 1 | 3"]);
}

#[test]
fn a_pid_used_again_after_exit_is_another_process() {
    let script = Script::new()
        .at(0)
        .spawn(1, P, 11)
        .at(1)
        .call(P, 5)
        .at(2)
        .exit(P)
        .at(3)
        .spawn(1, P, 12)
        .at(4)
        .call(P, 5)
        .call(P, 5)
        .define(11, "m", "old", 0)
        .define(12, "m", "new", 0);
    assert_eq!(
        answer(&script, &["process", "calls", "ended"]),
        ["<0.100.0> m:new/0 | 2 | false", "<0.100.0> m:old/0 | 1 | true", "<0.1.0> | 0 | false"]
    );
}

#[test]
fn a_process_that_is_slow_to_exit_runs_until_it_is_out() {
    let script = Script::new()
        .at(0)
        .scheduled(EventKind::InExiting, Q)
        .scheduled(EventKind::OutExited, Q)
        .at(10)
        .goes_in(P)
        .at(20)
        .exit(P)
        .at(25)
        .scheduled(EventKind::OutExiting, P)
        .at(30)
        .scheduled(EventKind::InExiting, P)
        .at(34)
        .scheduled(EventKind::OutExited, P);
    assert_eq!(answer(&script, &["pid", "run", "ended"]), ["<0.100.0> | 19 | true", "<0.200.7> | 0 | false"]);
}

#[test]
fn the_first_process_that_exits_under_exiting_has_one_row() {
    let script = Script::new()
        .at(10)
        .goes_in(P)
        .at(20)
        .exit(P)
        .unregister(P, 31)
        .at(25)
        .scheduled(EventKind::OutExiting, P)
        .at(30)
        .scheduled(EventKind::InExiting, P)
        .at(34)
        .scheduled(EventKind::OutExited, P)
        // Nothing comes after this; if it did, it would be nobody's.
        .unregister(P, 31);
    assert_eq!(answer(&script, &["pid", "run", "slices", "ended"]), ["<0.100.0> | 19 | 2 | true"]);
}

#[test]
fn what_comes_after_an_exit_is_no_second_process() {
    let script = Script::new().at(10).goes_in(P).at(20).exit(P).at(21).unregister(P, 31).at(22).receive(Q);
    let recorded = [EventKind::In, EventKind::Exit, EventKind::Unregister, EventKind::Receive];
    let expected = ["<0.100.0> | 10 | true", "<0.200.7> | 0 | false"];
    // Whether the trace may hold events of the flag `exiting` or not.
    assert_eq!(answer(&script, &["pid", "run", "ended"]), expected);
    let table = &script.tables_declaring(&["processes"], &recorded)[0];
    assert_eq!(rows(table, &["pid", "run", "ended"]), expected);
}

#[test]
fn what_only_a_living_process_does_is_another_ones_after_an_exit() {
    let script = Script::new().at(10).call(P, 5).exit(P).at(20).call(P, 5).call(P, 5).at(30).exit(P);
    let expected = ["2 | true", "1 | true"];
    assert_eq!(answer(&script, &["calls", "ended"]), expected);
    let table = &script.tables_declaring(&["processes"], &[EventKind::Call, EventKind::Exit])[0];
    assert_eq!(rows(table, &["calls", "ended"]), expected);
}

#[test]
fn a_process_whose_last_events_are_lost_has_run_until_its_exit() {
    let exited = Script::new().at(10).goes_in(P).at(25).exit(P);
    let lost = exited.clone().at(30).discarded(3, 40).at(50).scheduled(EventKind::OutExited, P);
    let followed = exited.at(30).scheduled(EventKind::OutExited, P).at(31).discarded(3, 40);
    assert_eq!(answer(&lost, &["run", "slices", "ended"]), ["15 | 1 | true"]);
    assert_eq!(answer(&followed, &["run", "slices", "ended"]), ["20 | 1 | true"]);
}

#[test]
fn however_many_exit_meanwhile_a_slow_exit_makes_one_row() {
    let mut script = Script::new().at(10).goes_in(P).at(25).exit(P).at(30);
    for pid in 1000..6000 {
        script = script.exit(pid);
    }
    let script = script.at(40).unregister(P, 31).at(50).scheduled(EventKind::OutExited, P);
    let found = answer(&script, &["pid", "ended"]);
    assert_eq!(found.iter().filter(|row| row.starts_with("<0.100.0>")).count(), 1);
    assert_eq!(found.iter().filter(|row| row.ends_with("true")).count(), 5001);
}

#[test]
fn a_process_that_exits_has_run_until_its_exit() {
    let script = Script::new().at(10).goes_in(P).at(25).exit(P);
    assert_eq!(answer(&script, &["run", "slices", "ended"]), ["15 | 1 | true"]);
}

#[test]
fn the_short_lived_share_one_row_per_initial_call() {
    let mut script = Script::new().define(11, "m", "brief", 0);
    let processes = (1 << 16) + 1;
    for number in 0..processes {
        let pid = 1000 + number;
        script = script.at(number * 10).spawn(1, pid, 11);
        if number == 5 {
            script = script.at(number * 10 + 1).goes_in(pid).at(number * 10 + 5).goes_out(pid);
        }
        script = script.at(number * 10 + 6).call(pid, 3).exit(pid);
    }
    let table = &script.tables(&["processes"])[0];
    assert_eq!(
        rows(table, &["process", "calls", "run", "processes"])[..2],
        ["<0.1005.0> m:brief/0 | 1 | 4 | 1", "32768 ended processes m:brief/0 | 32768 | 0 | 32768"]
    );
    let total: u64 = rows(table, &["processes"]).iter().map(|count| count.parse::<u64>().unwrap()).sum();
    assert_eq!(total, processes + 1);
    // The one that spawned them lives, and has a row of its own, too.
    let told = "32768 short-lived processes share rows, one for each initial call. 32769 other ended processes have their own rows.";
    assert_eq!(table.notes, [told]);
    let calls: u64 = rows(table, &["calls"]).iter().map(|count| count.parse::<u64>().unwrap()).sum();
    assert_eq!(calls, processes);
}

#[test]
fn names_are_quoted_as_their_language_does() {
    let script = Script::new()
        .at(1)
        .define_process(P, 0, 31, 11)
        .define_process(Q, 0, 32, 12)
        .define_atom(31, "it's")
        .define_atom(32, "Elixir.My.Server")
        .define(11, "m", "end", 0)
        .define(12, "Elixir.My", "go on", 1)
        .at(2)
        .receive(P)
        .receive(Q);
    assert_eq!(
        answer(&script, &["process", "name"]),
        [r"<0.100.0> 'it\'s' m:'end'/0 | it's", "<0.200.7> My.Server My.\"go on\"/1 | Elixir.My.Server",]
    );
}
