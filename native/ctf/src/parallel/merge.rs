//! Decoded packets put in order.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use std::ops::ControlFlow;

use super::Merged;
use super::schedule::Schedule;
use super::team::{Decoded, Team};
use crate::error::Error;

/// What a packet's events and losses became, each with its time.
pub(super) type Items<T> = VecDeque<(i64, Merged<T>)>;

/// Decoded packets that may wait to be handed over for each thread.
const WAITING_PER_THREAD: usize = 4;

/// Puts decoded packets in order.
pub(super) struct Merge<T> {
    threads: usize,
    /// Decoded packets of each stream, the first partly handed over.
    lanes: Vec<VecDeque<Decoded<Items<T>>>>,
    /// Packets of a stream that came before one that is still decoded.
    early: Vec<Vec<Decoded<Items<T>>>>,
    /// Numbers of the units of each stream that are being decoded.
    pending: Vec<VecDeque<u64>>,
    /// Earliest times of the units that are being decoded.
    in_flight: BTreeSet<(i64, u32, u64)>,
    heads: BinaryHeap<Reverse<(i64, u32)>>,
    has_head: Vec<bool>,
    last_time: Vec<i64>,
    /// File of each stream in which a fault was found: nothing more of it is handed over.
    broken_file: Vec<Option<usize>>,
    waiting: usize,
}

impl<T: Send> Merge<T> {
    pub(super) fn new(streams: usize, threads: usize) -> Merge<T> {
        Merge {
            threads,
            lanes: (0..streams).map(|_| VecDeque::new()).collect(),
            early: (0..streams).map(|_| Vec::new()).collect(),
            pending: vec![VecDeque::new(); streams],
            in_flight: BTreeSet::new(),
            heads: BinaryHeap::new(),
            has_head: vec![false; streams],
            last_time: vec![i64::MIN; streams],
            broken_file: vec![None; streams],
            waiting: 0,
        }
    }

    pub(super) fn run(
        mut self,
        schedule: &mut Schedule<'_>,
        team: &Team<Items<T>>,
        sink: &mut impl FnMut(Result<Merged<T>, Error>) -> ControlFlow<()>,
    ) {
        loop {
            if self.hand_over(schedule, sink).is_break() {
                return;
            }
            // Where nothing is decoded, what is waiting waits for the next packet: then it must be taken.
            while self.in_flight.len() < 2 * self.threads
                && (self.waiting < WAITING_PER_THREAD * self.threads || self.in_flight.is_empty())
            {
                match schedule.take() {
                    Some(Ok(unit)) => {
                        let stream = unit.stream.index();
                        self.in_flight.insert((unit.from_ns, unit.stream.0, unit.number));
                        self.pending[stream].push_back(unit.number);
                        if !team.give(unit) {
                            return;
                        }
                    }
                    Some(Err((_, _, error))) => {
                        if sink(Err(error)).is_break() {
                            return;
                        }
                    }
                    None => break,
                }
            }
            if self.in_flight.is_empty() {
                if self.heads.is_empty() {
                    return;
                }
                continue;
            }
            match team.receive() {
                Some(decoded) => self.accept(decoded),
                None => return,
            }
        }
    }

    fn accept(&mut self, decoded: Decoded<Items<T>>) {
        let stream = decoded.unit.stream.index();
        self.in_flight.remove(&(decoded.unit.from_ns, decoded.unit.stream.0, decoded.unit.number));
        self.early[stream].push(decoded);
        self.waiting += 1;
        while let Some(&number) = self.pending[stream].front()
            && let Some(i) = self.early[stream].iter().position(|d| d.unit.number == number)
        {
            self.pending[stream].pop_front();
            let ready = self.early[stream].swap_remove(i);
            self.lanes[stream].push_back(ready);
        }
        self.show_head(stream);
    }

    /// Puts the first item of a stream, if it has one and it is not there yet, among the heads.
    fn show_head(&mut self, stream: usize) {
        if self.has_head[stream] {
            return;
        }
        while let Some(first) = self.lanes[stream].front() {
            let is_broken = self.broken_file[stream] == Some(first.unit.packet.file);
            if is_broken || (first.value.is_empty() && first.fault.is_none()) {
                self.lanes[stream].pop_front();
                self.waiting -= 1;
                continue;
            }
            let time = first.value.front().map_or(self.last_time[stream], |(time, _)| *time);
            self.last_time[stream] = time;
            self.has_head[stream] = true;
            self.heads.push(Reverse((time, stream as u32)));
            return;
        }
    }

    /// Gives the sink all that nothing earlier can come before.
    fn hand_over(
        &mut self,
        schedule: &Schedule<'_>,
        sink: &mut impl FnMut(Result<Merged<T>, Error>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let decoding = self.in_flight.first().map(|(time, stream, _)| (*time, *stream));
        let bound = match (decoding, schedule.earliest()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        while let Some(Reverse((time, stream))) = self.heads.peek().copied() {
            if bound.is_some_and(|bound| (time, stream) >= bound) {
                break;
            }
            self.heads.pop();
            let limit = self.heads.peek().map(|next| next.0).into_iter().chain(bound).min();
            let lane = stream as usize;
            self.has_head[lane] = false;
            // As many of this stream as come before all others.
            while let Some(first) = self.lanes[lane].front_mut() {
                match first.value.front() {
                    Some((time, _)) if limit.is_some_and(|limit| (*time, stream) >= limit) => break,
                    Some(_) => {
                        if let Some((_, item)) = first.value.pop_front() {
                            sink(Ok(item))?;
                        }
                    }
                    None => {
                        if let Some(fault) = first.fault.take() {
                            self.broken_file[lane] = Some(first.unit.packet.file);
                            sink(Err(fault))?;
                        }
                        break;
                    }
                }
            }
            self.show_head(lane);
        }
        ControlFlow::Continue(())
    }
}
