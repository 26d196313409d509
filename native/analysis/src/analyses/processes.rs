//! What each process did.

use super::{Analysis, Step};
use crate::automaton::{Automaton, Change, Identity};
use crate::item::Item;
use crate::table::{Cell, Column, Shape, Table, TableInfo};
use beamtap_schema::{Entity, Event};
use foldhash::HashMap;

/// Most ended processes that have a row of their own. Beyond, the least busy half is folded into one row per initial
/// call; so is the next half when the limit is reached again.
const MAX_ENDED: usize = 1 << 16;

/// Most rows of folded processes; the processes of further initial calls share the row of the unknown one.
const MAX_FOLDED: usize = 1 << 12;

pub(super) const TABLE: TableInfo = TableInfo {
    id: "processes",
    title: "Processes",
    doc: "What each traced process did, most time on a scheduler first",
    shape: Shape::Rows,
    columns: COLUMNS,
    absent: None,
};

/// When a row does not stand for one process.
const FOLDED: &str = "the row stands for several processes";

const COLUMNS: &[Column] = &[
    Column::text("process", "The process id, its registered name and the function it started in"),
    Column::count("calls", "Calls of traced functions"),
    Column::duration(
        "run",
        "Time on a scheduler, garbage collection included. 0 without the class `running`. A slice that is cut \
         by the start or end of the trace or by lost events is not counted",
    ),
    Column::count("slices", "Slices: how often the process was scheduled in and out again"),
    Column::count("gcs", "Garbage collections"),
    Column::duration("gc", "Time in garbage collection"),
    Column::count("received", "Messages that arrived in the process's mailbox"),
    Column::count(
        "timeouts",
        "How often the `after` of a `receive` fired. A message that is the bare atom `timeout` counts, too",
    ),
    Column::count("sent", "Messages the process sent, to processes that do not exist, too"),
    Column::count("spawned", "Processes it spawned"),
    Column::claim("ended", "Whether the process exited while it was traced"),
    Column::count(
        "processes",
        "Number of processes the row stands for; above 1 for short-lived ones that share a row",
    )
    .detail(),
    Column::text("pid", "The process id").detail().unknown(FOLDED),
    Column::text("name", "The last registered name").detail().unknown("the trace has no name of the process"),
    Column::text("initial_call", "The function the process started in")
        .detail()
        .unknown("the trace does not have it"),
    Column::text("parent", "The process that spawned it").detail().unknown("the trace does not have it"),
];

/// The place of `run` in [`COLUMNS`].
const RUN: usize = 2;
/// The place of `calls` in [`COLUMNS`].
const CALLS: usize = 1;

#[derive(Clone, Copy, Default)]
struct Row {
    calls: u64,
    run_ns: u64,
    slices: u64,
    gcs: u64,
    gc_ns: u64,
    received: u64,
    timeouts: u64,
    sent: u64,
    spawned: u64,
    /// Some event of the trace flags told of it, not only a definition.
    seen: bool,
    ended: bool,
}

impl Row {
    fn add(&mut self, other: &Row) {
        self.calls += other.calls;
        self.run_ns += other.run_ns;
        self.slices += other.slices;
        self.gcs += other.gcs;
        self.gc_ns += other.gc_ns;
        self.received += other.received;
        self.timeouts += other.timeouts;
        self.sent += other.sent;
        self.spawned += other.spawned;
        self.ended |= other.ended;
    }

    fn cells(&self, process: String) -> Vec<Cell> {
        vec![
            Cell::Text(process),
            Cell::Count(self.calls),
            Cell::Duration(self.run_ns),
            Cell::Count(self.slices),
            Cell::Count(self.gcs),
            Cell::Duration(self.gc_ns),
            Cell::Count(self.received),
            Cell::Count(self.timeouts),
            Cell::Count(self.sent),
            Cell::Count(self.spawned),
            Cell::Claim(self.ended),
        ]
    }
}

#[derive(Default)]
struct Folded {
    processes: u64,
    row: Row,
}

/// Calls, run time, collections and messages, per process.
#[derive(Default)]
struct Processes {
    /// By the automaton's slot.
    live: Vec<Row>,
    ended: Vec<(Identity, Row)>,
    /// By initial call.
    folded: HashMap<u32, Folded>,
}

pub(super) fn start() -> Box<dyn Analysis> {
    Box::<Processes>::default()
}

impl Processes {
    #[inline]
    fn row(&mut self, slot: u32) -> &mut Row {
        let slot = slot as usize;
        if slot >= self.live.len() {
            self.live.resize(slot + 1, Row::default());
        }
        &mut self.live[slot]
    }

    fn end(&mut self, identity: &Identity, slot: u32) {
        let row = std::mem::take(self.row(slot));
        if !row.seen {
            return;
        }
        if self.ended.len() >= MAX_ENDED {
            self.fold();
        }
        self.ended.push((*identity, row));
    }

    /// Folds the less busy half of the ended processes.
    fn fold(&mut self) {
        let half = self.ended.len() / 2;
        self.ended.select_nth_unstable_by_key(half, |(_, row)| std::cmp::Reverse((row.run_ns, row.calls)));
        for (identity, row) in self.ended.drain(half..) {
            let has_room = self.folded.len() < MAX_FOLDED || self.folded.contains_key(&identity.function);
            let folded = self.folded.entry(if has_room { identity.function } else { 0 }).or_default();
            folded.processes += 1;
            folded.row.add(&row);
        }
    }
}

impl Analysis for Processes {
    #[inline]
    fn observe(&mut self, step: &Step<'_, '_>) {
        for change in step.changes {
            match change {
                Change::Slice(slice) => {
                    let row = self.row(slice.slot);
                    row.run_ns += slice.run_ns;
                    row.slices += 1;
                }
                Change::Collection(collection) => {
                    let row = self.row(collection.slot);
                    row.gcs += 1;
                    row.gc_ns += collection.gc_ns;
                }
                Change::Call(_) | Change::Gone { .. } => {}
            }
        }
        if let (Some(Item::Event(_, event)), Some(slot)) = (step.item, step.slot) {
            let row = self.row(slot);
            row.seen = true;
            match event {
                Event::Call(_) => row.calls += 1,
                Event::Send(_) | Event::SendToNonExistingProcess(_) => row.sent += 1,
                Event::Receive(_) => row.received += 1,
                Event::ReceiveTimeout(_) => row.timeouts += 1,
                Event::Spawn(_) => row.spawned += 1,
                Event::Exit(_) => row.ended = true,
                _ => {}
            }
        }
        // Last: the event that ends a process may count for it.
        for change in step.changes {
            if let Change::Gone { slot } = change
                && let Some(process) = step.state.process(*slot)
            {
                self.end(process.identity(), *slot);
            }
        }
    }

    fn finish(mut self: Box<Self>, state: &Automaton) -> Vec<Table> {
        let mut slots: Vec<u32> = state.live_slots().collect();
        slots.sort_unstable();
        let mut rows = std::mem::take(&mut self.ended);
        let ended_rows = rows.len();
        for slot in slots {
            let row = *self.row(slot);
            if let Some(process) = state.process(slot).filter(|_| row.seen) {
                rows.push((*process.identity(), row));
            }
        }
        rows.sort_by_key(|(identity, _)| identity.pid);
        let mut table = Table::new(&TABLE);
        let names = state.names();
        let text = |text: String| if text.is_empty() { Cell::Unknown } else { Cell::Text(text) };
        // Many processes begin in few functions.
        let mut functions: HashMap<u32, String> = HashMap::default();
        for (identity, row) in rows {
            let pid = process_text(identity.pid);
            let name = names.atom_text(identity.name);
            let function = functions
                .entry(identity.function)
                .or_insert_with(|| names.function_text(identity.function))
                .clone();
            let told = [&pid, &name, &function].map(String::as_str);
            let label = told.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
            let name = names.atom(identity.name).map(str::to_owned).unwrap_or(name);
            let mut cells = row.cells(label);
            let parent =
                if identity.parent == 0 { Cell::Unknown } else { Cell::Text(process_text(identity.parent)) };
            cells.extend([Cell::Count(1), Cell::Text(pid), text(name), text(function), parent]);
            table.rows.push(cells);
        }
        let mut folded_processes = 0;
        for (function, Folded { processes, row }) in self.folded {
            folded_processes += processes;
            let function = names.function_text(function);
            let mut cells = row.cells(format!("{processes} ended processes {function}"));
            cells.extend([
                Cell::Count(processes),
                Cell::Unknown,
                Cell::Unknown,
                text(function),
                Cell::Unknown,
            ]);
            table.rows.push(cells);
        }
        table.sort_by(CALLS);
        table.sort_by(RUN);
        table.lossy = state.is_lossy();
        if folded_processes > 0 {
            table.notes.push(format!(
                "{folded_processes} short-lived processes share rows, one for each initial call. {ended_rows} other ended processes have their own rows."
            ));
        }
        vec![table]
    }
}

fn process_text(pid: u64) -> String {
    Entity::process(pid as u32, (pid >> 32) as u32).to_string()
}
