//! What the VM's allocators held, from samples.

use super::{Analysis, Step};
use crate::automaton::Automaton;
use crate::item::Item;
use crate::table::{Cell, Column, Shape, Table, TableInfo};
use beamtap_schema::{Event, event};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Most instances of allocators that are told apart; a VM has one of some ten for each scheduler.
const MAX_INSTANCES: usize = 1 << 15;

pub(super) const TABLE: TableInfo = TableInfo {
    id: "allocators",
    title: "Allocators",
    doc: "Memory that each of the VM's allocators held, from samples",
    shape: Shape::Rows,
    columns: COLUMNS,
    absent: Some("the trace has no samples of allocators"),
};

const COLUMNS: &[Column] = &[
    Column::text("allocator", "The allocator, all its instances together"),
    Column::count("carriers", "Carriers in the last sample, with those in the pool"),
    Column::bytes("carriers_bytes", "Size of those carriers"),
    Column::bytes("blocks_bytes", "Size of the blocks in use in them"),
    Column::percent("used_percent", "`blocks_bytes` as a share of `carriers_bytes`")
        .unknown("there are no carriers"),
    Column::bytes("max_carriers_bytes", "Largest size of the carriers in any sample"),
    Column::count("created", "Carriers allocated between the first and the last sample"),
    Column::count("destroyed", "Carriers freed between the first and the last sample"),
    Column::count("instances", "Number of instances of the allocator").detail(),
];

/// The place of `carriers_bytes` in [`COLUMNS`].
const CARRIERS_BYTES: usize = 2;

#[derive(Default)]
struct Instance {
    carriers: u64,
    carriers_bytes: u64,
    blocks_bytes: u64,
    /// Created and destroyed, at the first and at the last sample.
    first: (u64, u64),
    last: (u64, u64),
}

#[derive(Default)]
struct Held {
    instances: BTreeMap<u32, Instance>,
    /// Of all instances, as last sampled.
    carriers_bytes: u64,
    max_carriers_bytes: u64,
}

/// By allocator, an interned atom.
#[derive(Default)]
struct Allocators {
    held: BTreeMap<u32, Held>,
    instances: usize,
}

pub(super) fn start() -> Box<dyn Analysis> {
    Box::<Allocators>::default()
}

impl Allocators {
    fn sample(&mut self, e: &event::Allocator<'_>) {
        let held = self.held.entry(e.allocator).or_default();
        let done = (e.created, e.destroyed);
        let instance = match held.instances.entry(e.instance) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(_) if self.instances >= MAX_INSTANCES => return,
            Entry::Vacant(new) => {
                self.instances += 1;
                new.insert(Instance { first: done, ..Instance::default() })
            }
        };
        let before = instance.carriers_bytes;
        instance.carriers = total([e.mbc_carriers, e.pool_carriers, e.sbc_carriers]);
        instance.carriers_bytes = total([e.mbc_carriers_bytes, e.pool_carriers_bytes, e.sbc_carriers_bytes]);
        instance.blocks_bytes = total([e.mbc_blocks_bytes, e.sbc_blocks_bytes]);
        instance.last = done;
        held.carriers_bytes =
            held.carriers_bytes.saturating_sub(before).saturating_add(instance.carriers_bytes);
        held.max_carriers_bytes = held.max_carriers_bytes.max(held.carriers_bytes);
    }
}

/// What a damaged trace says need not fit.
fn total(parts: impl IntoIterator<Item = u64>) -> u64 {
    parts.into_iter().fold(0, u64::saturating_add)
}

impl Held {
    fn cells(&self, name: String) -> Vec<Cell> {
        let sum = |of: fn(&Instance) -> u64| total(self.instances.values().map(of));
        let blocks_bytes = sum(|i| i.blocks_bytes);
        let used = (u128::from(blocks_bytes) * 100).checked_div(u128::from(self.carriers_bytes));
        vec![
            Cell::Text(name),
            Cell::Count(sum(|i| i.carriers)),
            Cell::Count(self.carriers_bytes),
            Cell::Count(blocks_bytes),
            used.map_or(Cell::Unknown, |percent| Cell::Count(percent as u64)),
            Cell::Count(self.max_carriers_bytes),
            Cell::Count(sum(|i| i.last.0.saturating_sub(i.first.0))),
            Cell::Count(sum(|i| i.last.1.saturating_sub(i.first.1))),
            Cell::Count(self.instances.len() as u64),
        ]
    }
}

impl Analysis for Allocators {
    #[inline]
    fn observe(&mut self, step: &Step<'_, '_>) {
        if let Some(Item::Event(_, Event::Allocator(sample))) = step.item {
            self.sample(sample);
        }
    }

    /// No table where nothing was sampled.
    fn finish(self: Box<Self>, state: &Automaton) -> Vec<Table> {
        if self.held.is_empty() {
            return Vec::new();
        }
        let mut table = Table::new(&TABLE);
        let names = state.names();
        table.rows =
            self.held.iter().map(|(&allocator, held)| held.cells(names.atom_text(allocator))).collect();
        table.sort_by(0);
        table.sort_by(CARRIERS_BYTES);
        table.lossy = state.is_lossy();
        vec![table]
    }
}
