//! Laws that hold for every sequence of events, sensible or not.

use crate::script::Script;
use beamtap_analysis::{Automaton, Cell, Change};
use beamtap_schema::EventKind;
use proptest::prelude::*;

const HIBERNATE: u64 = 99;

#[derive(Clone, Copy, Debug)]
enum Act {
    Call(u64),
    Return(u64),
    Raise(u64),
    ReturnTo(u64),
    In,
    Out,
    Collect,
    Collected,
    Exit,
    OutExited,
    Hibernate,
    Lose(u64),
    Interrupt(u64),
    Pause,
    Resume,
}

fn acts() -> impl Strategy<Value = Vec<(u64, u64, Act)>> {
    let act = prop_oneof![
        8 => (1..5u64).prop_map(Act::Call),
        6 => (1..5u64).prop_map(Act::Return),
        1 => (1..5u64).prop_map(Act::Raise),
        2 => (0..5u64).prop_map(Act::ReturnTo),
        1 => Just(Act::In),
        1 => Just(Act::Out),
        1 => Just(Act::Collect),
        1 => Just(Act::Collected),
        1 => Just(Act::Exit),
        1 => Just(Act::OutExited),
        1 => Just(Act::Hibernate),
        1 => (0..30u64).prop_map(Act::Lose),
        1 => (0..30u64).prop_map(Act::Interrupt),
        1 => Just(Act::Pause),
        1 => Just(Act::Resume),
    ];
    prop::collection::vec((0..20u64, 1..4u64, act), 0..200)
}

fn script(acts: &[(u64, u64, Act)]) -> Script {
    let mut script = Script::new().define(HIBERNATE, "erlang", "hibernate", 3);
    let mut ns = 0;
    for &(passed, pid, act) in acts {
        ns += passed;
        script = script.at(ns);
        script = match act {
            Act::Call(function) => script.call(pid, function),
            Act::Return(function) => script.return_from(pid, function),
            Act::Raise(function) => script.exception_from(pid, function),
            Act::ReturnTo(function) => script.return_to(pid, function),
            Act::In => script.goes_in(pid),
            Act::Out => script.goes_out(pid),
            Act::Collect => script.gc(EventKind::GcMinorStart, pid),
            Act::Collected => script.gc(EventKind::GcMinorEnd, pid),
            Act::Exit => script.exit(pid),
            Act::OutExited => script.scheduled(EventKind::OutExited, pid),
            Act::Hibernate => script.goes_out_in(pid, HIBERNATE),
            Act::Lose(length) => script.discarded(1, ns + length),
            Act::Interrupt(length) => script.gap("s", length, 1, 1),
            Act::Pause => script.pause("s"),
            Act::Resume => script.resume("s", 1),
        };
    }
    script
}

fn count(cell: &Cell) -> u64 {
    match cell {
        Cell::Count(n) | Cell::Duration(n) => *n,
        Cell::Unknown => 0,
        other => panic!("{other:?} is no number"),
    }
}

proptest! {
    #[test]
    fn every_call_ends_once_and_own_times_fit_into_the_clock(acts in acts()) {
        let script = script(&acts);
        let table = &script.tables(&["functions"])[0];
        let sum = |name: &str| -> u64 {
            let place = table.column(name).unwrap();
            table.rows.iter().map(|row| count(&row[place])).sum()
        };
        let calls = acts.iter().filter(|(_, _, act)| matches!(act, Act::Call(_))).count() as u64;
        prop_assert_eq!(sum("calls"), calls);
        let processes = 3;
        let passed: u64 = acts.iter().map(|(passed, _, _)| passed).sum();
        prop_assert!(sum("own") + sum("gc") + sum("out") <= processes * passed);
        for row in &table.rows {
            let value = |name: &str| count(&row[table.column(name).unwrap()]);
            prop_assert!(value("unfinished") + value("interrupted") <= value("calls"));
            prop_assert!(value("p50") <= value("p99") && value("p99") <= value("max"));
            prop_assert!(value("max") <= value("total") && value("own") <= value("total"));
        }
    }

    #[test]
    fn a_calls_total_is_its_own_parts_and_its_callees(acts in acts()) {
        let script = script(&acts);
        let mut automaton = Automaton::default();
        let mut open: Vec<Vec<u64>> = vec![Vec::new(); 4];
        // What the callees of the frame at each depth took, for each process.
        for line in &script.lines {
            let mut changes = Vec::new();
            line.with_item(|item| automaton.apply(item, &mut changes));
            for change in &changes {
                let Change::Call(call) = change else { continue };
                let pid = automaton.process(call.slot).unwrap().identity().pid as usize;
                let callees = open[pid].pop().unwrap();
                if !call.how.is_complete() {
                    continue;
                }
                prop_assert_eq!(call.total_ns, call.own_ns + call.gc_ns + call.out_ns + callees);
                if let Some(caller) = open[pid].last_mut() {
                    *caller += call.total_ns;
                }
            }
            if let crate::script::Entry::Event { kind: EventKind::Call, values } = &line.entry {
                let crate::script::Value::Number(pid) = values[0] else { panic!("a pid is a number") };
                open[pid as usize].push(0);
            }
        }
        let mut changes = Vec::new();
        automaton.finish(&mut changes);
        let ended = changes.iter().filter_map(|change| match change {
            Change::Call(call) => Some(call.how),
            _ => None,
        });
        prop_assert!(ended.clone().all(|how| !how.is_complete()));
        prop_assert_eq!(ended.count(), open.iter().map(Vec::len).sum::<usize>());
    }
}
