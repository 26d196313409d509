//! How busy each scheduler was, from samples.

use super::{Analysis, Step};
use crate::automaton::Automaton;
use crate::item::Item;
use crate::table::{Cell, Column, Shape, Table, TableInfo};
use beamtap_schema::{Event, ThreadKind, event};
use std::collections::BTreeMap;

/// Most schedulers that are told apart; a VM has at most 1024 of each kind.
const MAX_SCHEDULERS: usize = 1 << 13;

pub(super) const TABLE: TableInfo = TableInfo {
    id: "schedulers",
    title: "Schedulers",
    doc: "How busy each scheduler was, from samples",
    shape: Shape::Rows,
    columns: COLUMNS,
    absent: Some("the trace has no samples of schedulers"),
};

/// When a scheduler has no samples.
const SHARED: &str = "the row is the run queue that all schedulers of a kind share";

const COLUMNS: &[Column] = &[
    Column::text("scheduler", "Kind and number of the scheduler, or `all` for a shared run queue"),
    Column::count("samples", "Number of samples").unknown(SHARED),
    Column::duration("busy", "Time busy, over all samples").unknown(SHARED),
    Column::percent("mean_percent", "Share of the time it was busy").unknown(SHARED),
    Column::percent("max_percent", "Share of the time it was busy in the busiest sample").unknown(SHARED),
    Column::duration("emulator", "Time running Erlang code and native functions").unknown(SHARED),
    Column::duration("port", "Time running ports").unknown(SHARED),
    Column::duration("gc", "Time in garbage collection").unknown(SHARED),
    Column::duration("aux", "Time in auxiliary work").unknown(SHARED),
    Column::count("max_waiting", "Longest run queue in any sample, in processes and ports"),
    Column::duration("check_io", "Time checking for input and output").detail().unknown(SHARED),
    Column::duration("other", "Time in anything else, such as looking for work").detail().unknown(SHARED),
    Column::duration("sleep", "Time asleep").detail().unknown(SHARED),
    Column::duration("length", "Time that all samples cover together").detail().unknown(SHARED),
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
        let mut table = Table::new(&TABLE);
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
