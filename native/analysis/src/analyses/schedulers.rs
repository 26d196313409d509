//! How busy each scheduler was, from samples.

use super::{Analysis, Step};
use crate::automaton::Automaton;
use crate::item::Item;
use crate::table::{Cell, Column, Table};
use beamtap_schema::{Event, ThreadKind, event};
use std::collections::BTreeMap;

/// Most schedulers that are told apart; a VM has at most 1024 of each kind.
const MAX_SCHEDULERS: usize = 1 << 13;

pub(super) const COLUMNS: &[Column] = &[
    Column::text("scheduler", "The scheduler; all of a kind where they share a run queue"),
    Column::count("samples", "How often it was looked at"),
    Column::duration("busy", "Time it had something to do, all samples together"),
    Column::count("mean_percent", "Share of the time that it had something to do"),
    Column::count("max_percent", "The same in the busiest sample"),
    Column::duration("emulator", "Running Erlang and native functions"),
    Column::duration("port", "Running ports"),
    Column::duration("gc", "Collecting garbage"),
    Column::duration("aux", "Auxiliary work"),
    Column::count("max_waiting", "Most processes and ports that waited to be run when a sample was taken"),
    Column::duration("check_io", "Looking for input and output").detail(),
    Column::duration("other", "Anything else, such as looking for work").detail(),
    Column::duration("sleep", "Asleep").detail(),
    Column::duration("length", "From the first sample's beginning to the last one's end").detail(),
];

#[derive(Default)]
struct Row {
    samples: u64,
    busy_ns: u64,
    length_ns: u64,
    max_percent: u64,
    states_ns: [u64; STATES],
    max_waiting: u64,
}

/// Emulator, port, garbage collection, auxiliary work, input and output, other, asleep.
const STATES: usize = 7;

/// By kind and number.
#[derive(Default)]
struct Schedulers(BTreeMap<(u8, u32), Row>);

pub(super) fn start() -> Box<dyn Analysis> {
    Box::<Schedulers>::default()
}

fn percent(part: u64, whole: u64) -> u64 {
    (u128::from(part) * 100).checked_div(u128::from(whole)).unwrap_or(0) as u64
}

impl Schedulers {
    fn row(&mut self, kind: u8, scheduler: u32) -> Option<&mut Row> {
        let has_room = self.0.len() < MAX_SCHEDULERS || self.0.contains_key(&(kind, scheduler));
        has_room.then(|| self.0.entry((kind, scheduler)).or_default())
    }

    fn load(&mut self, load: &event::SchedulerLoad<'_>) {
        let Some(row) = self.row(load.kind, load.scheduler) else { return };
        row.samples += 1;
        row.busy_ns = row.busy_ns.saturating_add(load.busy_ns);
        row.length_ns = row.length_ns.saturating_add(load.length_ns);
        row.max_percent = row.max_percent.max(percent(load.busy_ns, load.length_ns));
    }

    fn states(&mut self, e: &event::SchedulerStates<'_>) {
        let Some(row) = self.row(e.kind, e.scheduler) else { return };
        let states = [e.emulator_ns, e.port_ns, e.gc_ns, e.aux_ns, e.check_io_ns, e.other_ns, e.sleep_ns];
        for (sum, ns) in row.states_ns.iter_mut().zip(states) {
            *sum = sum.saturating_add(ns);
        }
    }
}

fn name(kind: u8, scheduler: u32) -> String {
    let kind = ThreadKind::from_wire(kind).map_or("unknown", ThreadKind::as_str).replace('_', " ");
    match scheduler {
        0 => format!("{kind}, all"),
        scheduler => format!("{kind} {scheduler}"),
    }
}

impl Analysis for Schedulers {
    #[inline]
    fn observe(&mut self, step: &Step<'_, '_>) {
        match step.item {
            Some(Item::Event(_, Event::SchedulerLoad(load))) => self.load(load),
            Some(Item::Event(_, Event::SchedulerStates(states))) => self.states(states),
            Some(Item::Event(_, Event::RunQueue(queue))) => {
                if let Some(row) = self.row(queue.kind, queue.scheduler) {
                    row.max_waiting = row.max_waiting.max(queue.waiting);
                }
            }
            _ => {}
        }
    }

    /// No table where nothing was sampled.
    fn finish(self: Box<Self>, state: &Automaton) -> Vec<Table> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let mut table = Table::rows("schedulers", "Schedulers", COLUMNS);
        for ((kind, scheduler), row) in self.0 {
            let shared = row.samples == 0;
            if shared && row.max_waiting == 0 {
                continue;
            }
            let known = |cell| if shared { Cell::Unknown } else { cell };
            let mut cells = vec![
                Cell::Text(name(kind, scheduler)),
                known(Cell::Count(row.samples)),
                known(Cell::Duration(row.busy_ns)),
                known(Cell::Count(percent(row.busy_ns, row.length_ns))),
                known(Cell::Count(row.max_percent)),
            ];
            let [before @ .., check_io, other, sleep] = row.states_ns;
            cells.extend(before.map(|ns| known(Cell::Duration(ns))));
            cells.push(Cell::Count(row.max_waiting));
            cells.extend([check_io, other, sleep, row.length_ns].map(|ns| known(Cell::Duration(ns))));
            table.rows.push(cells);
        }
        table.lossy = state.is_lossy();
        vec![table]
    }
}
