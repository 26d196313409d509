//! Events that follow each other in the order of time.

use crate::class::Catalog;
use crate::cursor::{Copied, Cursor};
use crate::event::Event;
use crate::loss::StreamKey;
use crate::range::TimeRange;
use crate::trace_set::TraceSet;
use crate::window::Allowance;

/// Consecutive events of all streams in time order, without a loss or fault between them.
/// [`TraceSet::fold_in_order`](crate::TraceSet::fold_in_order) passes it to `fold`.
pub struct Stretch<'a> {
    copied: &'a mut Copied,
    cursor: &'a mut Cursor,
    catalog: &'a Catalog,
}

impl Stretch<'_> {
    /// Calls `tell` with each event.
    pub fn for_each(self, tell: impl FnMut(Event<'_>)) {
        self.copied.for_each(self.cursor, self.catalog, tell);
    }
}

/// Events to decode, with their number among all.
pub(super) struct Job {
    pub(super) number: u64,
    pub(super) copied: Copied,
}

/// What was made of them.
pub(super) struct Made<T> {
    pub(super) job: Job,
    pub(super) value: T,
}

/// Decodes one stretch after the other.
pub(super) struct Decoder<'a> {
    catalog: &'a Catalog,
    cursor: Cursor,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(set: &'a TraceSet, range: TimeRange) -> Decoder<'a> {
        let allowance = Allowance::for_a_look();
        let cursor = Cursor::new(StreamKey(0), Vec::new(), &set.catalog, allowance, range);
        Decoder { catalog: &set.catalog, cursor }
    }

    pub(super) fn decode<T>(&mut self, mut job: Job, fold: impl Fn(Stretch<'_>) -> T) -> Made<T> {
        let (copied, cursor) = (&mut job.copied, &mut self.cursor);
        let value = fold(Stretch { copied, cursor, catalog: self.catalog });
        Made { job, value }
    }
}
