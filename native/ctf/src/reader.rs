//! Streams merged by time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::class::{Catalog, EventClass};
use crate::cursor::{Cursor, Head, TimeRange};
use crate::error::Error;
use crate::event::{Event, Item};
use crate::loss::StreamKey;
use crate::trace_set::{Stream, TraceSet};
use crate::window::Allowance;

/// Reads the streams of a [`TraceSet`] as one flow, ordered by time; what has the same time comes in the order of the
/// streams, and in a stream's own order within it.
///
/// Memory is bounded whatever the size of the trace: each stream has a window of at most 256 KiB, less when there are
/// many, and records that are larger share 24 MiB.
pub struct Reader {
    catalog: Arc<Catalog>,
    streams: Vec<Stream>,
    cursors: Vec<Cursor>,
    /// Streams other than the current one that have something, the earliest on top.
    waiting: BinaryHeap<Reverse<(i64, u32)>>,
    current: Option<u32>,
    is_started: bool,
}

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
            current: None,
            is_started: false,
        }
    }

    /// Event classes known by now.
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
    /// A fault in a stream comes at the time of the last event before it, once; the rest of that file is left out.
    /// Call again to read the other files and streams on.
    #[allow(clippy::should_implement_trait, reason = "what it gives borrows from the reader")]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, Error> {
        if let Some(current) = self.current
            && let Some(cursor) = self.cursors.get_mut(current as usize)
        {
            let is_event = cursor.advance_in_memory(&self.catalog);
            let key = (cursor.time_ns(), current);
            if is_event && self.waiting.peek().is_none_or(|first| key < first.0) {
                return Ok(Some(Item::Event(Event::new(&self.cursors[current as usize], &self.catalog))));
            }
            self.choose(current, is_event);
        } else {
            self.choose_first();
        }
        self.tell()
    }

    /// Gives the head of the current stream.
    fn tell(&mut self) -> Result<Option<Item<'_>>, Error> {
        let Some(current) = self.current else { return Ok(None) };
        if let Some(error) = self.cursors[current as usize].take_fault() {
            return Err(error);
        }
        let cursor = &self.cursors[current as usize];
        Ok(match cursor.head() {
            Head::Event => Some(Item::Event(Event::new(cursor, &self.catalog))),
            Head::Discarded(loss) => Some(Item::Discarded(*loss)),
            Head::LostPackets(loss) => Some(Item::LostPackets(*loss)),
            Head::Fault(_) | Head::Taken | Head::Idle | Head::End => None,
        })
    }

    /// Makes current the stream that is next, once `current` was moved on.
    #[inline(never)]
    fn choose(&mut self, current: u32, is_event: bool) {
        let cursor = &mut self.cursors[current as usize];
        if !is_event {
            cursor.advance_slowly(&self.catalog);
        }
        if matches!(cursor.head(), Head::End) {
            return self.choose_first();
        }
        let key = (cursor.time_ns(), current);
        if let Some(mut first) = self.waiting.peek_mut()
            && first.0 < key
        {
            self.current = Some(first.0.1);
            *first = Reverse(key);
        }
    }

    fn choose_first(&mut self) {
        if !self.is_started {
            self.start();
        }
        self.current = self.waiting.pop().map(|Reverse((_, stream))| stream);
    }

    fn start(&mut self) {
        self.is_started = true;
        for (i, cursor) in self.cursors.iter_mut().enumerate() {
            cursor.advance(&self.catalog);
            if !matches!(cursor.head(), Head::End) {
                self.waiting.push(Reverse((cursor.time_ns(), i as u32)));
            }
        }
    }
}
