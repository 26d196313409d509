//! What is in the trace, and what is missing.

mod law;
mod tables;

use super::{Analysis, Step};
use crate::automaton::Automaton;
use crate::item::{Item, Lost, Stamp};
use crate::table::Table;
use beamtap_schema::{EVENT_COUNT, Event};
use law::{Discarded, Law};
use std::collections::BTreeMap;

/// Most caveats that are told apart.
const MAX_CAVEATS: usize = 64;

/// Most names of foreign events that are counted apart.
const MAX_OTHER: usize = 1 << 10;

#[derive(Clone, Copy, Default)]
struct Stream {
    cpu: Option<u32>,
    events: u64,
    discarded: u64,
    lost_packets: u64,
}

/// Events by kind, the time span, streams, losses, the VM, and the sum law.
struct Overview {
    kinds: [u64; EVENT_COUNT],
    streams: Vec<Stream>,
    /// The last of each stream.
    last_discarded: Vec<Lost>,
    span: Option<(u64, u64)>,
    canaries: Vec<u128>,
    /// Why, and after how long, the tap ended.
    ended: Option<(Box<str>, u64)>,
    other: BTreeMap<String, u64>,
    others: u64,
    caveats: Vec<String>,
    more_caveats: u64,
    law: Law,
}

pub(super) use tables::TABLES;

pub(super) fn start() -> Box<dyn Analysis> {
    Box::new(Overview {
        kinds: [0; EVENT_COUNT],
        streams: Vec::new(),
        last_discarded: Vec::new(),
        span: None,
        canaries: Vec::new(),
        ended: None,
        other: BTreeMap::new(),
        others: 0,
        caveats: Vec::new(),
        more_caveats: 0,
        law: Law::default(),
    })
}

impl Overview {
    /// Canaries that are told apart.
    const MAX_CANARIES: usize = 64;

    fn stream(&mut self, index: u32) -> &mut Stream {
        // A trace set numbers its streams from 0, one per file.
        let index = index as usize;
        if index >= self.streams.len() {
            self.streams.resize(index + 1, Stream::default());
        }
        &mut self.streams[index]
    }

    #[inline]
    fn at(&mut self, stamp: &Stamp) {
        let stream = self.stream(stamp.stream);
        stream.events += 1;
        stream.cpu = stamp.cpu;
        let (begin, end) = self.span.unwrap_or((stamp.ns, stamp.ns));
        self.span = Some((begin.min(stamp.ns), end.max(stamp.ns)));
    }

    fn other(&mut self, name: &str) {
        self.others += 1;
        if let Some(count) = self.other.get_mut(name) {
            *count += 1;
        } else if self.other.len() < MAX_OTHER {
            self.other.insert(name.to_owned(), 1);
        }
    }

    fn caveat(&mut self, text: &str) {
        if self.caveats.iter().any(|known| known == text) {
            return;
        }
        if self.caveats.len() < MAX_CAVEATS {
            self.caveats.push(text.to_owned());
        } else {
            self.more_caveats += 1;
        }
    }

    fn total(&self, of: impl Fn(&Stream) -> u64) -> u64 {
        law::total(self.streams.iter().map(of))
    }
}

impl Analysis for Overview {
    #[inline]
    fn observe(&mut self, step: &Step<'_, '_>) {
        match step.item {
            Some(Item::Event(stamp, event)) => {
                self.at(stamp);
                self.kinds[event.kind() as usize] += 1;
                match event {
                    Event::CountersOf(counters) => {
                        let discarded =
                            Discarded { total: self.total(|s| s.discarded), last: &self.last_discarded };
                        self.law.count(counters, stamp.ns, &self.kinds, &discarded);
                    }
                    Event::Gap(gap) => {
                        let is_own = step.state.interruptions().is_own(gap.session);
                        self.law.interrupt(gap, is_own, &self.kinds);
                    }
                    Event::Ended(ended) if step.state.interruptions().is_own(ended.session) => {
                        self.ended = Some((ended.ended_by.into(), ended.length_ns));
                    }
                    Event::Caveat(caveat) => self.caveat(caveat.text),
                    Event::Canary(canary) if self.canaries.len() < Self::MAX_CANARIES => {
                        let nonce = u128::from(canary.nonce_high) << 64 | u128::from(canary.nonce_low);
                        if !self.canaries.contains(&nonce) {
                            self.canaries.push(nonce);
                        }
                    }
                    _ => {}
                }
            }
            Some(Item::Discarded(lost)) => {
                let stream = self.stream(lost.stream);
                stream.discarded = stream.discarded.saturating_add(lost.count);
                self.last_discarded.retain(|last| last.stream != lost.stream);
                self.last_discarded.push(*lost);
                self.law.discard(lost);
            }
            Some(Item::LostPackets(Lost { stream, count, .. })) => {
                let stream = self.stream(*stream);
                stream.lost_packets = stream.lost_packets.saturating_add(*count);
            }
            Some(Item::Other(stamp, name)) => {
                self.at(stamp);
                self.other(name);
            }
            None => {}
        }
    }

    fn finish(self: Box<Self>, state: &Automaton) -> Vec<Table> {
        let (discarded, lost_packets) = (self.total(|s| s.discarded), self.total(|s| s.lost_packets));
        let is_one_vm = state.names().vms().len() <= 1;
        let end_ns = self.span.map_or(0, |(_, end)| end);
        let sum = self.law.sum(&self.kinds, &state.declared(), discarded, lost_packets, is_one_vm, end_ns);
        let mut caveats = self.caveats;
        if self.more_caveats > 0 {
            caveats.push(format!("{} more caveats of the tap are not shown.", self.more_caveats));
        }
        let mut tables = vec![
            tables::sum(&sum, self.others, state.interruptions(), end_ns, caveats),
            tables::span(self.span, &self.canaries, self.ended),
            tables::vms(state.names().vms()),
            tables::events(&self.kinds, &sum),
            tables::losses(&sum),
            tables::streams(&self.streams),
            tables::threads(state.names()),
            tables::other(&self.other, self.others),
        ];
        let is_short = sum.gap.is_some_and(|gap| gap > 0) || sum.residual.is_some_and(|rest| rest != 0);
        for table in &mut tables {
            table.lossy = state.is_lossy() || is_short;
        }
        tables
    }
}
