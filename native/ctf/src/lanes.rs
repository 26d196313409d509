//! Streams that grow while they are read: what may be told without running ahead of a stream that is behind.

use crate::class::Catalog;
use crate::cursor::{Cursor, Head};
use crate::error::Error;
use crate::event::{Event, Item};

/// The next item of a trace that is still being written.
#[derive(Debug, Clone, Copy)]
pub enum Poll<'a> {
    /// An event or a loss.
    Item(Item<'a>),
    /// Nothing for now: try again later.
    Idle,
    /// The trace has ended.
    End,
}

/// The streams of a growing trace set, merged by time as far as that is sure.
#[derive(Default)]
pub(crate) struct Lanes {
    pub(crate) catalog: Catalog,
    pub(crate) lanes: Vec<Lane>,
    /// Lane whose head was told last.
    told: Option<usize>,
    last_ns: i64,
    late: u64,
}

pub(crate) struct Lane {
    pub(crate) cursor: Cursor,
    /// Nothing earlier is to come in this stream.
    pub(crate) frontier_ns: i64,
    /// The stream has ended.
    pub(crate) is_closed: bool,
    has_head: bool,
}

impl Lane {
    pub(crate) fn new(cursor: Cursor) -> Lane {
        Lane { cursor, frontier_ns: i64::MIN, is_closed: false, has_head: false }
    }

    /// The stream has nothing that could be told now.
    pub(crate) fn is_idle(&self) -> bool {
        !self.has_head && !self.is_closed
    }

    /// Looks for the next head.
    pub(crate) fn advance(&mut self, catalog: &Catalog) {
        self.cursor.advance(catalog);
        self.has_head = !matches!(self.cursor.head(), Head::Idle | Head::End | Head::Taken);
        self.is_closed |= matches!(self.cursor.head(), Head::End);
        if let Some(frontier) = self.cursor.frontier_ns() {
            let known = if self.has_head { self.cursor.time_ns() } else { frontier };
            self.frontier_ns = self.frontier_ns.max(known);
        }
    }
}

impl Lanes {
    pub(crate) fn late(&self) -> u64 {
        self.late
    }

    /// Moves on the lane that was told last; it is idle when it has nothing more.
    pub(crate) fn move_on(&mut self) {
        if let Some(told) = self.told.take() {
            self.lanes[told].advance(&self.catalog);
        }
    }

    /// The lane whose head is next. None when there is none, or when a stream without a head may still have something
    /// earlier that is later than `settled_ns`.
    pub(crate) fn choose(&mut self, settled_ns: i64) -> Option<usize> {
        let mut best: Option<(i64, usize)> = None;
        // What comes at the frontier itself is still told before a later lane's of the same time.
        let mut frontier = (i64::MAX, usize::MAX);
        for (i, lane) in self.lanes.iter().enumerate() {
            if lane.has_head {
                let key = (lane.cursor.time_ns(), i);
                best = Some(best.map_or(key, |b| b.min(key)));
            } else if !lane.is_closed {
                frontier = frontier.min((lane.frontier_ns, i));
            }
        }
        let (time, lane) = best?;
        if (time, lane) > frontier && time > settled_ns {
            return None;
        }
        Some(lane)
    }

    /// Tells the head of a lane.
    pub(crate) fn tell(&mut self, lane: usize) -> Result<Poll<'_>, Error> {
        self.told = Some(lane);
        let cursor = &mut self.lanes[lane].cursor;
        if let Some(error) = cursor.take_fault() {
            return Err(error);
        }
        if cursor.time_ns() < self.last_ns {
            self.late += 1;
        }
        self.last_ns = self.last_ns.max(cursor.time_ns());
        let cursor = &self.lanes[lane].cursor;
        Ok(match cursor.head() {
            Head::Event => Poll::Item(Item::Event(Event::new(cursor, &self.catalog))),
            Head::Discarded(loss) => Poll::Item(Item::Discarded(*loss)),
            Head::LostPackets(loss) => Poll::Item(Item::LostPackets(*loss)),
            Head::Fault(_) | Head::Taken | Head::Idle | Head::End => Poll::Idle,
        })
    }

    /// True when nothing more comes for any stream; what is there may still be to be told.
    pub(crate) fn are_closed(&self) -> bool {
        self.lanes.iter().all(|lane| lane.is_closed)
    }

    /// True when no stream will have anything any more.
    pub(crate) fn all_closed(&self) -> bool {
        self.lanes.iter().all(|lane| lane.is_closed && !lane.has_head)
    }
}
