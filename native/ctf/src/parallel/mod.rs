//! Decoding on several threads.

mod in_order;
mod packet_reader;
mod schedule;
mod stretch;
mod stretches;
mod team;

use std::ops::ControlFlow;

use crate::error::Error;
use crate::loss::{Loss, StreamKey};
use crate::packets::Packet;
use crate::range::TimeRange;
use crate::trace_set::TraceSet;
use in_order::InOrder;
use schedule::{Schedule, Unit};
use stretch::Decoder;
use stretches::Stretches;
use team::{Team, Worker};

pub use packet_reader::PacketReader;
pub use stretch::Stretch;

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

/// What [`TraceSet::fold_in_order`] hands over.
#[derive(Debug, Clone, Copy)]
pub enum Ordered<T> {
    /// What was made of events that follow each other.
    Events(T),
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
                    Err(error) => sink(Err(error)),
                };
                if flow.is_break() {
                    return;
                }
            }
            return;
        }
        std::thread::scope(|scope| {
            let team = Team::start(scope, threads, || {
                let (mut worker, fold) = (Worker::new(self, range), &fold);
                move |unit: Unit| worker.decode(unit, fold)
            });
            in_order.run(&mut schedule, &team, threads, &mut sink);
        });
    }

    /// Reads the trace in the order that [`Reader`](crate::Reader) has, lets `fold` make something of the events on
    /// `threads` other threads, some thousand of them at a time, and gives what it made to `sink` on this one, in order,
    /// with losses and faults where they are. `sink` may stop the reading by returning [`ControlFlow::Break`].
    ///
    /// Every trace can be read so, and nothing comes otherwise than a reader gives it. This thread finds out where events
    /// begin and copies them; that takes a third of the time of making text of them, which is what others do. On one
    /// thread, a reader's own [`for_each`](crate::Reader::for_each) is faster. Memory is bounded: what a reader has, and
    /// for each thread some copies of 64 KiB with what was made of them.
    ///
    /// # Example: all events as text
    ///
    /// ```no_run
    /// use std::io::Write;
    /// use std::ops::ControlFlow;
    ///
    /// use beamtap_ctf::{Ordered, Stretch, TimeRange, TraceSet};
    ///
    /// let set = TraceSet::open("/tmp/my-session".as_ref())?;
    /// let fold = |stretch: Stretch<'_>| {
    ///     let mut lines = Vec::new();
    ///     stretch.for_each(|event| {
    ///         event.write_text(&mut lines);
    ///         lines.push(b'\n');
    ///     });
    ///     lines
    /// };
    /// set.fold_in_order(2, TimeRange::default(), fold, |told| {
    ///     match told {
    ///         Ok(Ordered::Events(lines)) if std::io::stdout().write_all(&lines).is_err() => {
    ///             return ControlFlow::Break(());
    ///         }
    ///         Ok(Ordered::Events(_)) => {}
    ///         Ok(Ordered::Discarded(loss) | Ordered::LostPackets(loss)) => eprintln!("{} lost", loss.count),
    ///         Err(error) => eprintln!("{error}"),
    ///     }
    ///     ControlFlow::Continue(())
    /// });
    /// # Ok::<(), beamtap_ctf::Error>(())
    /// ```
    pub fn fold_in_order<T, F, S>(&self, threads: usize, range: TimeRange, fold: F, sink: S)
    where
        T: Send,
        F: Fn(Stretch<'_>) -> T + Sync,
        S: FnMut(Result<Ordered<T>, Error>) -> ControlFlow<()>,
    {
        std::thread::scope(|scope| {
            let team = Team::start(scope, threads.max(1), || {
                let (mut decoder, fold) = (Decoder::new(self, range), &fold);
                move |job| decoder.decode(job, fold)
            });
            let _ = Stretches::new(&team, threads.max(1), sink).run(&mut self.reader_of(range));
        });
    }
}
