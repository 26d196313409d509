//! What is in a trace, and whether the sum comes out.

use crate::script::{Script, fact, rows};
use beamtap_schema::{EventKind, Phase};

const P: u64 = 100;
const F: u64 = 1;

const SUM: &[&str] = &["emitted", "read", "discarded", "lost", "gap", "residual", "outside"];

fn sum(script: &Script) -> String {
    let tables = script.tables(&["overview"]);
    assert_eq!(tables[0].id, "sum");
    SUM.iter().map(|name| fact(&tables[0], name)).collect::<Vec<_>>().join(" ")
}

fn calls(mut script: Script, count: u64) -> Script {
    for _ in 0..count {
        script = script.call(P, F);
    }
    script
}

#[test]
fn five_emitted_five_read_and_nothing_left_over() {
    let script = Script::new().at(10).counters(Phase::Begin, EventKind::Call, 1000);
    let script = calls(script.at(20), 5).at(30).counters(Phase::End, EventKind::Call, 1005);
    assert_eq!(sum(&script), "5 5 0 0 0 0 0");
}

/// What another recording got before is none of this one's; in the other one's trace nothing begins anew.
#[test]
fn a_kind_that_joins_counts_from_then_on() {
    let script = Script::new().at(10).counters(Phase::Begin, EventKind::Call, 1000);
    let script = script.at(20).counters(Phase::Joined, EventKind::Call, 1700);
    let script = calls(script.at(30), 5).at(40).counters(Phase::End, EventKind::Call, 1705);
    assert_eq!(sum(&script), "5 5 0 0 0 0 0");
    let script = Script::new().at(10).counters(Phase::Begin, EventKind::Call, 1000);
    let script = calls(script.at(20), 5).discarded(2, 30);
    let script = script.at(40).counters(Phase::Joined, EventKind::Call, 1007);
    let script = calls(script.at(50), 1).at(60).counters(Phase::End, EventKind::Call, 1008);
    assert_eq!(sum(&script), "8 6 2 0 0 0 0");
}

#[test]
fn two_of_seven_discarded() {
    let script = Script::new().at(10).counters(Phase::Begin, EventKind::Call, 0);
    let script = calls(script.at(20), 5).discarded(2, 30).at(40).counters(Phase::End, EventKind::Call, 7);
    assert_eq!(sum(&script), "7 5 2 0 0 0 0");
}

#[test]
fn lost_packets_held_what_the_counters_say_is_missing() {
    let script = Script::new().at(10).counters(Phase::Begin, EventKind::Call, 0);
    let script = calls(script.at(20), 5).lost_packets(3, 30).discarded(1, 30).at(40).counters(
        Phase::End,
        EventKind::Call,
        100,
    );
    // The counters alone tell what the packets held: they prove nothing about other losses.
    assert_eq!(sum(&script), "100 5 1 94 0 - 0");
    assert_eq!(
        script.tables(&["overview"])[0].notes,
        ["`lost` is what the counters leave over. It would also contain events lost for an unknown reason."]
    );
}

#[test]
fn one_missing_without_a_name_is_the_residual() {
    let script = Script::new().at(10).counters(Phase::Begin, EventKind::Call, 0);
    let script = calls(script.at(20), 5).at(40).counters(Phase::End, EventKind::Call, 6);
    assert_eq!(sum(&script), "6 5 0 0 0 1 0");
}

#[test]
fn definitions_written_before_the_counting_are_in_the_sum_all_the_same() {
    let script = Script::new()
        .at(5)
        .define(F, "m", "f", 0)
        .at(10)
        .counters(Phase::Begin, EventKind::Call, 0)
        .counters(Phase::Begin, EventKind::DefFunction, 1);
    let script = calls(script.at(20), 2)
        .define(9, "m", "g", 0)
        .at(40)
        .counters(Phase::End, EventKind::Call, 2)
        .counters(Phase::End, EventKind::DefFunction, 2);
    assert_eq!(sum(&script), "4 4 0 0 0 0 1");
}

#[test]
fn what_was_emitted_between_two_recordings_is_a_gap() {
    let script = Script::new().at(10).counters(Phase::Begin, EventKind::Call, 0);
    let script = calls(script.at(20), 2).at(30).counters(Phase::End, EventKind::Call, 2).at(50).counters(
        Phase::Begin,
        EventKind::Call,
        12,
    );
    let script = calls(script.at(60), 3).at(70).counters(Phase::End, EventKind::Call, 15);
    assert_eq!(sum(&script), "15 5 0 0 10 0 0");
}

#[test]
fn without_the_end_what_was_emitted_is_only_known_at_the_least() {
    let script = Script::new().at(10).counters(Phase::Begin, EventKind::Call, 0);
    let script = calls(script.at(20), 5).at(30).counters(Phase::Running, EventKind::Call, 5);
    let script = calls(script.at(40), 2);
    assert_eq!(sum(&script), "- 7 0 0 0 - 2");
    let tables = script.tables(&["overview"]);
    assert_eq!(fact(&tables[0], "emitted_at_least"), "7");
    assert_eq!(
        tables[0].notes,
        [
            "The number of emitted events is unknown: the counters from the end are missing. The tap still records, or its VM was killed."
        ]
    );
}

#[test]
fn an_interruption_is_a_gap_as_large_as_what_has_no_other_name() {
    let begin = |script: Script, calls, gaps| {
        script.counters(Phase::Begin, EventKind::Call, calls).counters(Phase::Begin, EventKind::Gap, gaps)
    };
    let script = calls(begin(Script::new().at(10), 0, 0).at(20), 5).discarded(1, 25).at(40);
    let script = begin(script.gap("s", 10, 9, 20), 20, 1);
    let open = calls(script.at(50), 3);
    let end = |script: Script, calls, gaps| {
        script.counters(Phase::End, EventKind::Call, calls).counters(Phase::End, EventKind::Gap, gaps)
    };
    let once = end(open.clone().at(60), 23, 1);
    assert_eq!(sum(&once), "24 9 1 0 14 0 0");
    // Twice in a row: what was discarded before the first belongs to the first.
    let again = begin(open.at(60).gap("s", 10, 9, 30), 30, 2);
    assert_eq!(sum(&end(again.at(70), 30, 2)), "32 10 1 0 21 0 0");
}

#[test]
fn without_the_beginning_nothing_is_known_of_what_was_emitted() {
    let script = calls(Script::new().at(20), 5).at(30).counters(Phase::End, EventKind::Call, 5);
    assert_eq!(sum(&script), "- 5 0 0 0 - 5");
    let script = calls(Script::new().at(20), 5);
    assert_eq!(sum(&script), "- 5 0 0 0 - 5");
}

#[test]
fn two_vms_have_no_common_sum() {
    let script = Script::new().define_vm(1).define_vm(1).at(10).counters(Phase::Begin, EventKind::Call, 0);
    let script = calls(script.at(20), 5).at(30).counters(Phase::End, EventKind::Call, 5);
    let one =
        script.clone().counters(Phase::Begin, EventKind::DefVm, 2).counters(Phase::End, EventKind::DefVm, 2);
    assert_eq!(sum(&one), "7 7 0 0 0 0 2");
    assert!(sum(&script.define_vm(2)).starts_with("- "));
}

#[test]
fn events_streams_and_span_are_counted() {
    let script = Script::new()
        .at(100)
        .cpu(0)
        .call(P, F)
        .at(200)
        .cpu(3)
        .call(P, F)
        .at(300)
        .return_from(P, F)
        .discarded(4, 350)
        .at(400)
        .cpu(0)
        .other("lttng_ust_statedump:start")
        .other("beamtap:of_tomorrow");
    let tables = script.tables(&["overview"]);
    let table = |id: &str| tables.iter().find(|table| table.id == id).unwrap();
    assert!(tables.iter().all(|table| table.lossy));
    assert_eq!(fact(table("span"), "begin"), "100");
    assert_eq!(fact(table("span"), "duration"), "300");
    assert_eq!(fact(table("span"), "canary"), "-");
    assert_eq!(
        rows(table("events"), &["event", "flag", "read"]),
        ["call | call | 2", "return_from | call | 1"]
    );
    assert_eq!(
        rows(table("streams"), &["stream", "cpu", "events", "discarded"]),
        ["0 | 0 | 3 | 0", "1 | - | 0 | 0", "2 | - | 0 | 0", "3 | 3 | 2 | 4"]
    );
    assert_eq!(
        rows(table("other"), &["event", "read"]),
        ["beamtap:of_tomorrow | 1", "lttng_ust_statedump:start | 1"]
    );
    assert_eq!(rows(table("losses"), &["loss", "count"])[3], "discarded | 4");
}

#[test]
fn the_vm_and_its_canary_are_told() {
    let script = Script::new()
        .define_vm(4711)
        .event(EventKind::Canary, vec![1.into(), 2.into()])
        .event(EventKind::Canary, vec![1.into(), 2.into()])
        .event(EventKind::DefThread, vec![77.into(), 0.into(), 3.into(), "erts_sched_3".into()])
        .event(EventKind::DefThread, vec![78.into(), 9.into(), 0.into(), "aux".into()]);
    let tables = script.tables(&["overview"]);
    let table = |id: &str| tables.iter().find(|table| table.id == id).unwrap();
    assert_eq!(fact(table("span"), "canary"), "00000000000000010000000000000002");
    assert_eq!(
        rows(table("vms"), &["node", "os_pid", "otp_release", "erts", "schedulers"]),
        ["demo@host | 4711 | 25 | 13.1.5 | 2"]
    );
    assert_eq!(
        rows(table("threads"), &["thread", "kind", "scheduler", "name"]),
        ["77 | scheduler | 3 | erts_sched_3", "78 | - | - | aux"]
    );
}

#[test]
fn more_read_than_emitted_is_told_also_where_packets_were_lost() {
    let script = Script::new().at(10).counters(Phase::Begin, EventKind::Call, 0);
    let script = calls(script.at(20), 5).lost_packets(3, 30).at(40).counters(Phase::End, EventKind::Call, 4);
    assert_eq!(sum(&script), "4 5 0 0 0 -1 0");
}

/// The buffers that held the first counters were lost with the consumer daemon: 1 canary and 2 calls of 20 events were
/// written, and 3 were discarded.
#[test]
fn a_beginning_that_was_lost_is_in_the_gap() {
    let script = Script::new().at(5).event(EventKind::Canary, vec![1.into(), 2.into()]);
    let script = calls(script.at(10), 2).discarded(3, 20).at(40).gap("s", 10, 9, 20);
    let script = script.counters(Phase::Begin, EventKind::Call, 15).counters(Phase::Begin, EventKind::Gap, 1);
    let script = calls(script.at(50), 4).at(60).counters(Phase::End, EventKind::Call, 19);
    let script = script.counters(Phase::End, EventKind::Gap, 1);
    let script =
        script.counters(Phase::Begin, EventKind::Canary, 1).counters(Phase::End, EventKind::Canary, 1);
    // 20 counted and the canary before the gap, the gap, 4 calls after it; 20 - 2 read - 3 discarded are missing.
    assert_eq!(sum(&script), "26 8 3 0 15 0 4");
    assert!(script.tables(&["overview"])[0].lossy);
    // A gap of another tap's recording says nothing of this one.
    let others = &script.tables_of(&["beamtap-t"], &["overview"])[0];
    assert_eq!([fact(others, "gap"), fact(others, "gaps")], ["0", "0"]);
    let own = &script.tables_of(&["s-2"], &["overview"])[0];
    assert_eq!([fact(own, "gap"), fact(own, "gaps"), fact(own, "gap_time")], ["15", "1", "10"]);
}

#[test]
fn counters_that_go_back_are_not_of_one_vm() {
    let script = Script::new().at(10).counters(Phase::Begin, EventKind::Call, 9000);
    let script = calls(script, 3).at(20).counters(Phase::End, EventKind::Call, 9003);
    let script = calls(script.at(30).counters(Phase::Begin, EventKind::Call, 0), 2);
    let script = script.at(40).counters(Phase::End, EventKind::Call, 2);
    let sum = &script.tables(&["overview"])[0];
    assert_eq!(
        ["emitted", "read", "gap", "residual", "emitted_at_least"].map(|name| fact(sum, name)),
        ["-", "5", "-", "-", "-"]
    );
    assert_eq!(sum.notes, ["The number of emitted events is unknown: several VMs recorded into the trace."]);
}

#[test]
fn a_snapshot_says_that_it_is_one() {
    let script = calls(Script::new().at(10), 5).at(20).counters(Phase::Snapshot, EventKind::Call, 9000);
    let sum = &calls(script, 1).tables(&["overview"])[0];
    assert_eq!(fact(sum, "emitted"), "-");
    assert_eq!(
        sum.notes,
        [
            "This is a snapshot of a flight recorder. It has the events that were in the buffers; overwritten events \
          are not counted."
        ]
    );
}

#[test]
fn definitions_are_counted_apart() {
    let script = calls(Script::new().at(5).define(F, "m", "f", 0).define_vm(1), 3);
    let sum = &script.tables(&["overview"])[0];
    assert_eq!([fact(sum, "read"), fact(sum, "definitions")], ["5", "2"]);
}

#[test]
fn why_and_after_how_long_a_tap_ended_is_told() {
    let script = Script::new().at(5).ended("s", "owner", 77);
    let span = &script.tables(&["overview"])[1];
    assert_eq!([fact(span, "ended_by"), fact(span, "recorded")], ["owner", "77"]);
    let others = &script.tables_of(&["beamtap-t"], &["overview"])[1];
    assert_eq!(fact(others, "ended_by"), "-");
}

#[test]
fn a_caveat_is_told_once_whoever_repeats_it() {
    let script =
        Script::new().at(1).caveat("m was loaded").at(2).caveat("m was loaded").at(3).caveat("n was loaded");
    let sum = &script.tables(&["overview"])[0];
    assert_eq!(sum.notes[..2], ["m was loaded", "n was loaded"]);
}

/// A packet tells how many events were discarded since the packet before, not when: of 9 discarded around the moment at
/// which the recording goes on, some were before it, some after.
#[test]
fn what_was_discarded_while_a_recording_is_taken_up_is_in_no_residual() {
    let part = |emitted, discarded_before: bool| {
        let script = calls(Script::new().at(10).counters(Phase::Begin, EventKind::Call, 0).at(20), 5).at(30);
        let script = if discarded_before { script.discarded(9, 60) } else { script };
        let script = script.counters(Phase::Begin, EventKind::Gap, 0).at(40).gap("s", 10, 9, 20);
        let script =
            script.counters(Phase::Begin, EventKind::Call, 20).counters(Phase::Begin, EventKind::Gap, 1);
        let script = if discarded_before { script } else { script.at(39).discarded(9, 60).at(41) };
        let script = calls(script, 3).at(70).counters(Phase::End, EventKind::Call, emitted);
        script.counters(Phase::End, EventKind::Gap, 1)
    };
    for discarded_before in [true, false] {
        // 4 of the 9 after it, none, or all: 15 to 6 are missing before it.
        for (emitted, gap) in [(27, 10), (23, 6), (32, 15)] {
            let sum = sum(&part(emitted, discarded_before));
            assert_eq!(sum, format!("{} 9 9 0 {gap} 0 0", emitted + 1), "{discarded_before}");
        }
        // More than that has no name.
        assert!(sum(&part(34, discarded_before)).contains(" 15 2 "));
        assert!(sum(&part(22, discarded_before)).contains(" 6 -1 "));
    }
}
