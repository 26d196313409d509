//! Packets decoded on several threads, their events handed over in the order of time.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use crate::cursor::{Cursor, Head};
use crate::error::Error;
use crate::event::{Event, Item};
use crate::loss::{Loss, StreamKey};
use crate::packets::{Packet, Packets};
use crate::range::TimeRange;
use crate::trace_set::TraceSet;
use crate::window::Allowance;

/// What [`TraceSet::map_parallel`] hands over.
#[derive(Debug)]
pub enum Merged<T> {
    /// What was made of an event.
    Event {
        /// Time in nanoseconds since the Unix epoch.
        timestamp_ns: i64,
        /// The stream that the event was in.
        stream: StreamKey,
        /// What the mapping function gave.
        value: T,
    },
    /// Events that the tracer had no room for.
    Discarded(Loss),
    /// Packets that were written over before they were saved.
    LostPackets(Loss),
}

/// A packet to decode. Units are numbered in the order of the earliest time that something in them can have.
struct Unit {
    number: u64,
    stream: StreamKey,
    from_ns: i64,
    packet: Packet,
}

/// What is in a packet, and the fault that ended it.
struct Decoded<T> {
    unit: Unit,
    items: VecDeque<(i64, Merged<T>)>,
    fault: Option<Error>,
}

/// Decoded packets that may wait to be handed over for each thread.
const WAITING_PER_THREAD: usize = 4;

impl TraceSet {
    /// Decodes packets on `threads` threads, applies `map` to each event there, and gives what it returns to `sink` on
    /// this thread, in the order that [`Reader`](crate::Reader) has. Where `map` returns `None`, the event is left out.
    /// `sink` may stop the reading by returning [`ControlFlow::Break`].
    ///
    /// What `map` returns for some packets of each thread, and one of each stream, is in memory at a time. Events that
    /// a tracer timestamped before the begin of their own packet may come late. A trace whose packets do not say when
    /// they begin is read on one thread.
    pub fn map_parallel<T, M, S>(&self, threads: usize, range: TimeRange, map: M, mut sink: S)
    where
        T: Send,
        M: Fn(Event<'_>) -> Option<T> + Sync,
        S: FnMut(Result<Merged<T>, Error>) -> ControlFlow<()>,
    {
        let mut schedule = Schedule::new(self, range);
        if threads < 2 || !schedule.is_timed {
            return self.map_alone(range, map, sink);
        }
        let (to_workers, jobs) = channel();
        let (to_merge, results) = channel();
        let jobs = Mutex::new(jobs);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                let (jobs, map, to_merge) = (&jobs, &map, to_merge.clone());
                scope.spawn(move || work(self, range, jobs, &to_merge, map));
            }
            drop(to_merge);
            Merge::new(self.streams.len(), threads).run(&mut schedule, to_workers, &results, &mut sink);
        });
    }

    fn map_alone<T>(
        &self,
        range: TimeRange,
        map: impl Fn(Event<'_>) -> Option<T>,
        mut sink: impl FnMut(Result<Merged<T>, Error>) -> ControlFlow<()>,
    ) {
        let mut reader = self.reader_of(range);
        loop {
            let item = match reader.next() {
                Ok(None) => return,
                Ok(Some(Item::Event(event))) => {
                    let (timestamp_ns, stream) = (event.timestamp_ns(), event.stream());
                    match map(event) {
                        Some(value) => Ok(Merged::Event { timestamp_ns, stream, value }),
                        None => continue,
                    }
                }
                Ok(Some(Item::Discarded(loss))) => Ok(Merged::Discarded(loss)),
                Ok(Some(Item::LostPackets(loss))) => Ok(Merged::LostPackets(loss)),
                Err(error) => Err(error),
            };
            if sink(item).is_break() {
                return;
            }
        }
    }
}

/// Gives packets of all streams in the order of time.
struct Schedule<'a> {
    streams: Vec<Packets<'a>>,
    next: BinaryHeap<Reverse<(i64, u32)>>,
    heads: Vec<Option<Result<Packet, Error>>>,
    last_from: Vec<i64>,
    range: TimeRange,
    number: u64,
    /// Every stream's first packet says when it begins.
    is_timed: bool,
}

impl<'a> Schedule<'a> {
    fn new(set: &'a TraceSet, range: TimeRange) -> Schedule<'a> {
        let count = set.streams.len();
        let mut schedule = Schedule {
            streams: (0..count).map(|i| set.packets(StreamKey(i as u32))).collect(),
            next: BinaryHeap::new(),
            heads: (0..count).map(|_| None).collect(),
            last_from: vec![i64::MIN; count],
            range,
            number: 0,
            is_timed: true,
        };
        for i in 0..count {
            schedule.load(i);
        }
        schedule
    }

    /// Looks at the next packet of a stream that may have something in the range.
    fn load(&mut self, i: usize) {
        let head = self.streams[i].find(|packet| match packet {
            Ok(packet) => packet.end_ns.is_none_or(|end| end >= self.range.begin_ns),
            Err(_) => true,
        });
        if let Some(Ok(packet)) = &head {
            let loss_begin = |loss: Option<Loss>| loss.map_or(i64::MAX, |loss| loss.begin_ns);
            let Some(begin) = packet.begin_ns else {
                self.is_timed = false;
                return;
            };
            if begin > self.range.end_ns {
                return;
            }
            let from = begin.min(loss_begin(packet.discarded)).min(loss_begin(packet.lost_packets));
            self.last_from[i] = self.last_from[i].max(from);
        }
        if head.is_some() {
            self.next.push(Reverse((self.last_from[i], i as u32)));
        }
        self.heads[i] = head;
    }

    /// Earliest time and stream of what was not taken yet.
    fn earliest(&self) -> Option<(i64, u32)> {
        self.next.peek().map(|first| first.0)
    }

    fn take(&mut self) -> Option<Result<Unit, (u32, i64, Error)>> {
        let Reverse((from_ns, stream)) = self.next.pop()?;
        let head = self.heads[stream as usize].take()?;
        self.load(stream as usize);
        self.number += 1;
        Some(match head {
            Ok(packet) => Ok(Unit { number: self.number, stream: StreamKey(stream), from_ns, packet }),
            Err(error) => Err((stream, from_ns, error)),
        })
    }
}

/// Decodes packets until there are none.
fn work<T>(
    set: &TraceSet,
    range: TimeRange,
    jobs: &Mutex<Receiver<Unit>>,
    results: &Sender<Option<Decoded<T>>>,
    map: &impl Fn(Event<'_>) -> Option<T>,
) {
    /// Tells the merge that this thread is gone, should `map` panic: it would wait for ever otherwise.
    struct Farewell<'s, T>(&'s Sender<Option<Decoded<T>>>);
    impl<T> Drop for Farewell<'_, T> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                // The merge may be gone as well.
                let _ = self.0.send(None);
            }
        }
    }
    let _farewell = Farewell(results);
    let catalog = &*set.catalog;
    let allowance = Allowance::new(4, catalog.align_bytes);
    let mut cursor = Cursor::new(StreamKey(0), Vec::new(), catalog, allowance, range);
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(unit) = job else { return };
        let mut items = VecDeque::new();
        let mut fault = None;
        let file = &set.streams[unit.stream.index()].files[unit.packet.file];
        match cursor.go_to(unit.stream, file, &unit.packet) {
            Ok(()) => loop {
                cursor.advance(catalog);
                let item = match cursor.head() {
                    Head::Event => {
                        let event = Event::new(&cursor, catalog);
                        match map(event) {
                            Some(value) => {
                                let timestamp_ns = event.timestamp_ns();
                                Merged::Event { timestamp_ns, stream: unit.stream, value }
                            }
                            None => continue,
                        }
                    }
                    Head::Discarded(loss) => Merged::Discarded(*loss),
                    Head::LostPackets(loss) => Merged::LostPackets(*loss),
                    Head::Fault(_) => {
                        fault = cursor.take_fault();
                        break;
                    }
                    Head::Taken | Head::Idle | Head::End => break,
                };
                items.push_back((cursor.time_ns(), item));
            },
            Err(error) => fault = Some(error),
        }
        if results.send(Some(Decoded { unit, items, fault })).is_err() {
            return;
        }
    }
}

/// Puts decoded packets in order.
struct Merge<T> {
    threads: usize,
    /// Decoded packets of each stream, the first partly handed over.
    lanes: Vec<VecDeque<Decoded<T>>>,
    /// Packets of a stream that came before one that is still decoded.
    early: Vec<Vec<Decoded<T>>>,
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

impl<T> Merge<T> {
    fn new(streams: usize, threads: usize) -> Merge<T> {
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

    fn run(
        mut self,
        schedule: &mut Schedule<'_>,
        to_workers: Sender<Unit>,
        results: &Receiver<Option<Decoded<T>>>,
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
                        if to_workers.send(unit).is_err() {
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
            match results.recv() {
                Ok(Some(decoded)) => self.accept(decoded),
                // A thread is gone; leaving lets its panic show.
                Ok(None) | Err(_) => return,
            }
        }
    }

    fn accept(&mut self, decoded: Decoded<T>) {
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
            if is_broken || (first.items.is_empty() && first.fault.is_none()) {
                self.lanes[stream].pop_front();
                self.waiting -= 1;
                continue;
            }
            let time = first.items.front().map_or(self.last_time[stream], |(time, _)| *time);
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
                match first.items.front() {
                    Some((time, _)) if limit.is_some_and(|limit| (*time, stream) >= limit) => break,
                    Some(_) => {
                        if let Some((_, item)) = first.items.pop_front() {
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
