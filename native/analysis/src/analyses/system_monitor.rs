//! What the VM's system monitor told: what took long, what was large, what was busy.

use super::{Analysis, Step};
use crate::automaton::{Automaton, Identity};
use crate::item::Item;
use crate::table::{Cell, Column, Shape, Table, TableInfo};
use beamtap_schema::{Entity, EntityKind, Event, EventKind};
use foldhash::HashMap;

/// Most pairs of an event and a process or port that have a row of their own; further ones share one per event.
const MAX_ROWS: usize = 1 << 12;

pub(super) const TABLE: TableInfo = TableInfo {
    id: "system_monitor",
    title: "System monitor",
    doc: "Reports of the VM's system monitor: long garbage collections, large heaps, long slices, busy ports, long message queues",
    shape: Shape::Rows,
    columns: COLUMNS,
    absent: Some("the system monitor reported nothing, or was not traced"),
};

const COLUMNS: &[Column] = &[
    Column::text("event", "What the VM's system monitor reported, such as `long_gc`"),
    Column::text("who", "The process or port it is about, with its registered name"),
    Column::count("times", "Number of reports"),
    Column::duration("longest", "Longest garbage collection, or longest slice, that was reported")
        .unknown("the reports have no duration"),
    Column::words("heap_words", "Largest heap at a garbage collection, young and old together")
        .unknown("the reports have no heap size"),
    Column::text("function", "The function in which the process was scheduled out after its longest slice")
        .unknown("the reports have no function"),
    Column::text("pid", "The process or port").detail(),
    Column::text("name", "The last registered name of the process")
        .detail()
        .unknown("it has none, or it is a port"),
];

/// The place of `times` in [`COLUMNS`].
const TIMES: usize = 2;

#[derive(Default)]
struct Row {
    times: u64,
    longest_ns: Option<u64>,
    heap_words: Option<u64>,
    function: u32,
}

/// By event, and process or port; nobody in particular where there are too many.
#[derive(Default)]
struct SystemMonitor(HashMap<(EventKind, Option<Entity>), Row>);

pub(super) fn start() -> Box<dyn Analysis> {
    Box::<SystemMonitor>::default()
}

impl SystemMonitor {
    fn row(&mut self, kind: EventKind, who: Entity) -> &mut Row {
        let key = (kind, Some(who));
        let has_room = self.0.len() < MAX_ROWS || self.0.contains_key(&key);
        let row = self.0.entry(if has_room { key } else { (kind, None) }).or_default();
        row.times += 1;
        row
    }
}

const fn process(pid: u64) -> Entity {
    Entity { kind: EntityKind::Process, id: pid }
}

impl Analysis for SystemMonitor {
    #[inline]
    fn observe(&mut self, step: &Step<'_, '_>) {
        let Some(Item::Event(_, event)) = step.item else { return };
        let kind = event.kind();
        match event {
            Event::LongGc(e) => {
                let row = self.row(kind, process(e.pid));
                row.longest_ns = row.longest_ns.max(Some(e.duration_ns));
                row.heap_words =
                    row.heap_words.max(Some(e.heap_block_words.saturating_add(e.old_heap_block_words)));
            }
            Event::LargeHeap(e) => {
                let row = self.row(kind, process(e.pid));
                row.heap_words =
                    row.heap_words.max(Some(e.heap_block_words.saturating_add(e.old_heap_block_words)));
            }
            Event::LongSchedule(e) => {
                let row = self.row(kind, process(e.pid));
                if row.longest_ns < Some(e.duration_ns) {
                    (row.longest_ns, row.function) = (Some(e.duration_ns), e.out_function);
                }
            }
            Event::PortLongSchedule(e) => {
                let row = self.row(kind, Entity { kind: EntityKind::Port, id: e.port });
                row.longest_ns = row.longest_ns.max(Some(e.duration_ns));
            }
            Event::BusyPort(e) => {
                self.row(kind, process(e.pid));
            }
            Event::BusyDistPort(e) => {
                self.row(kind, process(e.pid));
            }
            Event::LongMessageQueue(e) if e.is_long != 0 => {
                self.row(kind, process(e.pid));
            }
            _ => {}
        }
    }

    /// No table where nothing was told.
    fn finish(self: Box<Self>, state: &Automaton) -> Vec<Table> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let known: HashMap<u64, Identity> = state
            .live_slots()
            .filter_map(|slot| state.process(slot))
            .map(|process| (process.identity().pid, *process.identity()))
            .collect();
        let names = state.names();
        let text = |text: String| if text.is_empty() { Cell::Unknown } else { Cell::Text(text) };
        let mut table = Table::new(&TABLE);
        let mut rows: Vec<_> = self.0.into_iter().collect();
        rows.sort_by_key(|((kind, who), _)| (*kind, who.map(|who| who.id)));
        for ((kind, who), row) in rows {
            let pid = who.map_or_else(|| "(others)".to_owned(), |who| who.to_string());
            let name = who
                .filter(|who| who.kind == EntityKind::Process)
                .and_then(|who| known.get(&who.id))
                .map_or_else(String::new, |identity| names.atom_text(identity.name));
            let label = if name.is_empty() { pid.clone() } else { format!("{pid} {name}") };
            table.rows.push(vec![
                Cell::Text(kind.info().name.to_owned()),
                Cell::Text(label),
                Cell::Count(row.times),
                row.longest_ns.map_or(Cell::Unknown, Cell::Duration),
                row.heap_words.map_or(Cell::Unknown, Cell::Count),
                text(names.function_text(row.function)),
                Cell::Text(pid),
                text(name),
            ]);
        }
        table.sort_by(TIMES);
        table.lossy = state.is_lossy();
        vec![table]
    }
}
