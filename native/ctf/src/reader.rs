//! Streams merged by time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::class::{Catalog, EventClass};
use crate::cursor::{Copied, Cursor, Head, Run};
use crate::error::Error;
use crate::event::{Event, Item};
use crate::loss::{Loss, StreamKey};
use crate::range::TimeRange;
use crate::trace_set::{Stream, TraceSet};
use crate::window::Allowance;

/// Reads the streams of a [`TraceSet`] merged by time. Items of the same time come in the order of the streams, and
/// within a stream as they were written.
///
/// Memory does not depend on the size of the trace: each stream has a buffer of at most 64 KiB, less if there are
/// many, and larger records share 24 MiB.
pub struct Reader {
    catalog: Arc<Catalog>,
    streams: Vec<Stream>,
    cursors: Vec<Cursor>,
    /// Streams other than the current one that have something, the earliest on top.
    waiting: BinaryHeap<Reverse<(i64, u32)>>,
    /// Index of the stream that the last item was of.
    current: usize,
    /// Latest time that an event of the current stream may have to come before all that is waiting.
    limit_ns: i64,
    is_started: bool,
}

/// What may come besides events.
enum Other {
    Discarded(Loss),
    LostPackets(Loss),
    Fault(Error),
    End,
}

/// No stream is current.
const NO_STREAM: usize = usize::MAX;

impl Reader {
    pub(crate) fn new(set: &TraceSet, range: TimeRange) -> Reader {
        let catalog = set.catalog.clone();
        let allowance = Allowance::new(set.streams.len(), catalog.align_bytes);
        let cursors = set.streams.iter().enumerate().map(|(i, stream)| {
            Cursor::new(StreamKey(i as u32), stream.files.clone(), &catalog, allowance.clone(), range)
        });
        Reader {
            cursors: cursors.collect(),
            streams: set.streams.clone(),
            catalog,
            waiting: BinaryHeap::new(),
            current: NO_STREAM,
            limit_ns: i64::MIN,
            is_started: false,
        }
    }

    /// Event classes known so far.
    pub fn classes(&self) -> &[EventClass] {
        &self.catalog.classes
    }

    /// The streams that are read, by their key.
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// The next event or loss; `None` at the end.
    ///
    /// # Errors
    ///
    /// A fault in a stream is returned once, at the time of the last event before it. The rest of that file is left
    /// out. Call again to continue with the other files and streams.
    #[allow(clippy::should_implement_trait, reason = "what it gives borrows from the reader")]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, Error> {
        let is_event = self.advance_current();
        let is_next = is_event && self.cursors[self.current].time_ns() <= self.limit_ns;
        if !is_next && !self.choose(is_event) {
            // An event and what else there may be come together here only, in registers.
            return match self.take_other() {
                Other::Discarded(loss) => Ok(Some(Item::Discarded(loss))),
                Other::LostPackets(loss) => Ok(Some(Item::LostPackets(loss))),
                Other::Fault(error) => Err(error),
                Other::End => Ok(None),
            };
        }
        Ok(Some(Item::Event(Event::new(&self.cursors[self.current], &self.catalog))))
    }

    /// Calls `tell` with each event or loss from the next on, until it breaks or the trace ends. Faster than
    /// [`next`](Reader::next). Faults come as errors between the items.
    pub fn for_each(
        &mut self,
        mut tell: impl FnMut(Result<Item<'_>, Error>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut is_event = self.advance_current();
        loop {
            let is_next = is_event && self.cursors[self.current].time_ns() <= self.limit_ns;
            let other = match is_next || self.choose(is_event) {
                true => None,
                false => match self.take_other() {
                    Other::Discarded(loss) => Some(Ok(Item::Discarded(loss))),
                    Other::LostPackets(loss) => Some(Ok(Item::LostPackets(loss))),
                    Other::Fault(error) => Some(Err(error)),
                    Other::End => return ControlFlow::Continue(()),
                },
            };
            let cursor = &mut self.cursors[self.current];
            is_event = match cursor.run(&self.catalog, self.limit_ns, other, &mut tell) {
                Run::Stopped => return ControlFlow::Break(()),
                Run::Later => true,
                Run::Over => cursor.advance_in_memory(&self.catalog),
            };
        }
    }

    /// Copies everything from the next event on, and gives what was copied to `tell`, which empties it, whenever that is
    /// enough or something other than an event follows.
    pub(crate) fn copy_all(
        &mut self,
        copied: &mut Copied,
        mut tell: impl FnMut(&mut Copied, Option<Result<Item<'static>, Error>>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut is_event = self.advance_current();
        loop {
            let is_next = is_event && self.cursors[self.current].time_ns() <= self.limit_ns;
            let ended = if is_next || self.choose(is_event) {
                let ended = self.cursors[self.current].copy_run(&self.catalog, self.limit_ns, copied);
                if copied.room_bits() == 0 {
                    tell(copied, None)?;
                }
                ended
            } else {
                let other = match self.take_other() {
                    Other::Discarded(loss) => Ok(Item::Discarded(loss)),
                    Other::LostPackets(loss) => Ok(Item::LostPackets(loss)),
                    Other::Fault(error) => Err(error),
                    Other::End => return tell(copied, None),
                };
                tell(copied, Some(other))?;
                Run::Over
            };
            is_event = ended == Run::Later || self.advance_current();
        }
    }

    #[inline]
    fn advance_current(&mut self) -> bool {
        self.cursors.get_mut(self.current).is_some_and(|cursor| cursor.advance_in_memory(&self.catalog))
    }

    /// The head of the current stream, where it is no event.
    #[inline(never)]
    fn take_other(&mut self) -> Other {
        let Some(cursor) = self.cursors.get_mut(self.current) else { return Other::End };
        if let Some(error) = cursor.take_fault() {
            return Other::Fault(error);
        }
        match cursor.head() {
            Head::Discarded(loss) => Other::Discarded(*loss),
            Head::LostPackets(loss) => Other::LostPackets(*loss),
            Head::Event | Head::Fault(_) | Head::Taken | Head::Idle | Head::End => Other::End,
        }
    }

    /// Makes current the stream that is next, once the current one was moved on; says whether an event is next.
    #[inline(never)]
    fn choose(&mut self, is_event: bool) -> bool {
        match self.cursors.get_mut(self.current) {
            None => {
                self.start();
                self.choose_first();
            }
            Some(cursor) => {
                if !is_event {
                    cursor.advance_slowly(&self.catalog);
                }
                let key = (cursor.time_ns(), self.current as u32);
                if matches!(cursor.head(), Head::End) {
                    self.choose_first();
                } else if let Some(mut first) = self.waiting.peek_mut()
                    && first.0 < key
                {
                    self.current = first.0.1 as usize;
                    *first = Reverse(key);
                }
            }
        }
        self.limit_ns = match self.waiting.peek() {
            // An earlier stream's event comes first at the same time.
            Some(Reverse((time_ns, stream))) if self.current > *stream as usize => time_ns.saturating_sub(1),
            Some(Reverse((time_ns, _))) => *time_ns,
            None => i64::MAX,
        };
        self.cursors.get(self.current).is_some_and(|cursor| matches!(cursor.head(), Head::Event))
    }

    fn choose_first(&mut self) {
        self.current = self.waiting.pop().map_or(NO_STREAM, |Reverse((_, stream))| stream as usize);
    }

    fn start(&mut self) {
        if std::mem::replace(&mut self.is_started, true) {
            return;
        }
        for (i, cursor) in self.cursors.iter_mut().enumerate() {
            cursor.advance(&self.catalog);
            if !matches!(cursor.head(), Head::End) {
                self.waiting.push(Reverse((cursor.time_ns(), i as u32)));
            }
        }
    }
}
