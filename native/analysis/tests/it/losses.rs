//! Events missing in the middle.

use crate::script::{Script, fact, rows};

const P: u64 = 100;
const F: u64 = 1;
const G: u64 = 2;
const COLUMNS: &[&str] = &["calls", "own", "total", "unfinished", "interrupted"];

fn answer(script: &Script) -> Vec<String> {
    let table = &script.tables(&["functions"])[0];
    assert!(table.lossy);
    rows(table, COLUMNS)
}

#[test]
fn a_call_open_when_events_are_lost_is_interrupted() {
    let script = Script::new()
        .at(0)
        .call(P, F)
        .at(10)
        .discarded(3, 20)
        .at(30)
        .return_from(P, F)
        .at(40)
        .call(P, F)
        .at(45)
        .return_from(P, F);
    assert_eq!(answer(&script), ["2 | 5 | 5 | 0 | 1"]);
}

#[test]
fn a_call_open_when_the_stretch_with_losses_ends_is_interrupted() {
    let script = Script::new().at(10).discarded(3, 50).at(20).call(P, F).at(60).return_from(P, F);
    assert_eq!(answer(&script), ["1 | - | - | 0 | 1"]);
}

#[test]
fn a_call_with_both_ends_in_the_stretch_with_losses_counts() {
    let script = Script::new()
        .at(10)
        .lost_packets(1, 50)
        .at(20)
        .call(P, F)
        .at(30)
        .return_from(P, F)
        .at(60)
        .call(P, G)
        .at(70)
        .return_from(P, G);
    assert_eq!(answer(&script), ["1 | 10 | 10 | 0 | 0", "1 | 10 | 10 | 0 | 0"]);
}

#[test]
fn a_call_interrupted_and_never_met_again_is_not_unfinished() {
    let script = Script::new().at(0).call(P, F).at(10).discarded(1, 20);
    assert_eq!(answer(&script), ["1 | - | - | 0 | 1"]);
}

#[test]
fn whether_a_process_runs_is_unknown_after_a_loss() {
    let script = Script::new()
        .at(0)
        .goes_in(P)
        .at(10)
        .goes_out(P)
        .at(20)
        .discarded(1, 30)
        .at(40)
        .goes_out(P)
        .at(50)
        .goes_in(P)
        .at(57)
        .goes_out(P);
    let table = &script.tables(&["processes"])[0];
    assert!(table.lossy);
    assert_eq!(rows(table, &["run", "slices"]), ["17 | 2"]);
}

#[test]
fn a_call_open_when_the_recording_was_interrupted_is_interrupted() {
    let script = Script::new()
        .at(0)
        .call(P, F)
        .goes_in(P)
        .at(10)
        .goes_out(P)
        .at(50)
        .gap("s", 30, 9, 20)
        .at(60)
        .goes_out(P)
        .return_from(P, F)
        .at(70)
        .call(P, G)
        .at(75)
        .return_from(P, G);
    assert_eq!(answer(&script), ["1 | 5 | 5 | 0 | 0", "1 | - | - | 0 | 1"]);
    assert_eq!(rows(&script.tables(&["processes"])[0], &["run", "slices"]), ["10 | 1"]);
}

/// A call open at the pause, one open at its end, and a time on a scheduler across it.
#[test]
fn a_pause_is_not_bridged() {
    let script = Script::new()
        .at(0)
        .goes_in(P)
        .call(P, F)
        .at(10)
        .pause("s")
        .at(15)
        .call(P, G)
        .at(100)
        .resume("s", 90)
        .at(110)
        .return_from(P, F)
        .goes_out(P)
        .at(120)
        .goes_in(P)
        .at(123)
        .goes_out(P);
    let tables = script.tables(&["functions", "processes", "overview"]);
    assert_eq!(rows(&tables[0], COLUMNS), ["1 | - | - | 0 | 1", "1 | - | - | 0 | 1"]);
    assert_eq!(rows(&tables[1], &["run", "slices"]), ["3 | 1"]);
    // It was on purpose: nothing got lost.
    assert!(!tables[2].lossy);
    assert_eq!([fact(&tables[2], "pauses"), fact(&tables[2], "paused")], ["1", "90"]);
}

/// An event does not say which processes are its tap's: another's pause interrupts, but is not this tap's.
#[test]
fn a_pause_of_another_tap_interrupts_all_the_same() {
    let script = Script::new().at(0).call(P, F).at(10).pause("beamtap-a").at(20).resume("beamtap-a", 10);
    let script = script.at(30).return_from(P, F);
    for (sessions, pauses) in [
        (&["beamtap-a"][..], "1"),
        (&["beamtap-a-2"], "1"),
        (&["beamtap-ab"], "0"),
        (&["beamtap-b"], "0"),
        (&["beamtap-b", "beamtap-a"], "1"),
        (&["my-session"], "1"),
        (&[], "1"),
    ] {
        let tables = script.tables_of(sessions, &["functions", "overview"]);
        assert_eq!(rows(&tables[0], COLUMNS), ["1 | - | - | 0 | 1"]);
        assert_eq!(fact(&tables[1], "pauses"), pauses, "{sessions:?}");
    }
}

#[test]
fn a_pause_that_lasts_counts_up_to_the_last_event() {
    let script =
        Script::new().at(0).call(P, F).at(10).pause("s").at(20).pause("s").at(35).define(F, "m", "f", 0);
    let tables = script.tables(&["functions", "overview"]);
    assert_eq!(rows(&tables[0], COLUMNS), ["1 | - | - | 0 | 1"]);
    assert_eq!([fact(&tables[1], "pauses"), fact(&tables[1], "paused")], ["1", "25"]);
}

/// The beginning of the pause was not recorded, as when LTTng's daemons had died.
#[test]
fn a_resume_tells_how_long_the_pause_was() {
    let tables = Script::new().at(10).call(P, F).at(20).resume("s", 7).tables(&["overview"]);
    assert_eq!([fact(&tables[0], "pauses"), fact(&tables[0], "paused")], ["1", "7"]);
}
