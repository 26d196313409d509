//! Events missing in the middle.

use crate::script::{Script, rows};

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
