//! Packets decoded on several threads.

mod in_order;
mod merge;
mod packet_reader;
mod schedule;
mod team;

use std::ops::ControlFlow;

use crate::error::Error;
use crate::event::{Event, Item};
use crate::loss::{Loss, StreamKey};
use crate::packets::Packet;
use crate::range::TimeRange;
use crate::trace_set::TraceSet;
use in_order::InOrder;
use merge::{Items, Merge};
use schedule::Schedule;
use team::{Team, Worker};

pub use packet_reader::PacketReader;

/// What [`TraceSet::fold_packets`] made of a packet.
#[derive(Debug, Clone)]
pub struct Folded<T> {
    /// The stream that the packet is of.
    pub stream: StreamKey,
    /// Where the packet is and what time it covers.
    pub packet: Packet,
    /// What the folding function gave.
    pub value: T,
}

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

impl TraceSet {
    /// Decodes packets on `threads` threads, lets `fold` make something of each packet's events there, and gives what it
    /// made to `sink` on this thread, one packet after the other in the order of the time at which they begin.
    /// `sink` may stop the reading by returning [`ControlFlow::Break`].
    ///
    /// This is the fastest way through a trace, on one thread as well, where what is wanted can be put together from
    /// parts: packets of different streams overlap in time, and their events are not merged. A fault in a packet comes
    /// right after what was made of the events before it, and ends that file. At most a few results for each thread
    /// are in memory at a time.
    ///
    /// # Example: the events of each second
    ///
    /// ```no_run
    /// use std::collections::BTreeMap;
    /// use std::ops::ControlFlow;
    ///
    /// use beamtap_ctf::{Item, PacketReader, TimeRange, TraceSet};
    ///
    /// let set = TraceSet::open("/tmp/my-session".as_ref())?;
    /// let threads = std::thread::available_parallelism()?.get();
    /// let fold = |packet: &mut PacketReader<'_>| {
    ///     let mut seconds = BTreeMap::<i64, u64>::new();
    ///     while let Some(item) = packet.next() {
    ///         if let Item::Event(event) = item {
    ///             *seconds.entry(event.timestamp_ns() / 1_000_000_000).or_default() += 1;
    ///         }
    ///     }
    ///     seconds
    /// };
    /// let mut total = BTreeMap::<i64, u64>::new();
    /// set.fold_packets(threads, TimeRange::default(), fold, |folded| {
    ///     match folded {
    ///         Ok(folded) => folded.value.iter().for_each(|(s, n)| *total.entry(*s).or_default() += n),
    ///         Err(error) => eprintln!("{error}"),
    ///     }
    ///     ControlFlow::Continue(())
    /// });
    /// println!("{total:?}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fold_packets<T, F, S>(&self, threads: usize, range: TimeRange, fold: F, mut sink: S)
    where
        T: Send,
        F: Fn(&mut PacketReader<'_>) -> T + Sync,
        S: FnMut(Result<Folded<T>, Error>) -> ControlFlow<()>,
    {
        let mut schedule = Schedule::new(self, range);
        let mut in_order = InOrder::new(self.streams.len());
        if threads < 2 {
            let mut worker = Worker::new(self, range);
            while let Some(taken) = schedule.take() {
                let flow = match taken {
                    Ok(unit) => in_order.tell(worker.decode(unit, &fold), &mut sink),
                    Err((_, _, error)) => sink(Err(error)),
                };
                if flow.is_break() {
                    return;
                }
            }
            return;
        }
        std::thread::scope(|scope| {
            let team = Team::start(scope, self, threads, range, &fold);
            in_order.run(&mut schedule, &team, threads, &mut sink);
        });
    }

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
        let fold = |packet: &mut PacketReader<'_>| {
            let (mut items, stream) = (Items::new(), packet.stream());
            while let Some(item) = packet.next() {
                let item = match item {
                    Item::Event(event) => match map(event) {
                        Some(value) => Merged::Event { timestamp_ns: event.timestamp_ns(), stream, value },
                        None => continue,
                    },
                    Item::Discarded(loss) => Merged::Discarded(loss),
                    Item::LostPackets(loss) => Merged::LostPackets(loss),
                };
                items.push_back((packet.time_ns(), item));
            }
            items
        };
        std::thread::scope(|scope| {
            let team = Team::start(scope, self, threads, range, &fold);
            Merge::new(self.streams.len(), threads).run(&mut schedule, &team, &mut sink);
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
