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

/// The result for one packet, from [`TraceSet::fold_packets`].
#[derive(Debug, Clone)]
pub struct Folded<T> {
    /// The stream of the packet.
    pub stream: StreamKey,
    /// The position of the packet and the time it covers.
    pub packet: Packet,
    /// The result of the folding function.
    pub value: T,
}

/// An item from [`TraceSet::fold_in_order`].
#[derive(Debug, Clone, Copy)]
pub enum Ordered<T> {
    /// The result for consecutive events.
    Events(T),
    /// Events that the tracer discarded because its buffers were full.
    Discarded(Loss),
    /// Packets that were overwritten before they were saved.
    LostPackets(Loss),
}

impl TraceSet {
    /// Calls `fold` for each packet on `threads` threads, and `sink` on this thread with the results, in the order in
    /// which packets start. To stop reading, `sink` returns [`ControlFlow::Break`].
    ///
    /// This is the fastest way to read a trace, also on one thread. Use it for results that can be merged from parts:
    /// packets of different streams overlap in time, and their events are not merged. A fault in a packet comes after
    /// the result for the events before it, and ends that file. At most a few results for each thread are in memory.
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

    /// Reads the trace in the order of [`Reader`](crate::Reader). Calls `fold` with some thousand events at a time on
    /// `threads` other threads, and `sink` on this thread with the results, losses and faults in order. To stop
    /// reading, `sink` returns [`ControlFlow::Break`].
    ///
    /// It works with every trace, and gives the same items as a reader. This thread finds where events start and
    /// copies them, which takes a third of the time of formatting them as text. For one thread,
    /// [`for_each`](crate::Reader::for_each) of a reader is faster. It uses the memory of a reader, and for each
    /// thread some copies of 64 KiB with their results.
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
