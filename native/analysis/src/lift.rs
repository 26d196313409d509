//! From the trace format to the schema: the one place where the two meet.

use crate::bindings::Bindings;
use crate::error::Error;
use crate::item::{Item, Lost};
use beamtap_ctf::{Loss, Reader, TraceSet};
use beamtap_schema::EventKind;
use std::ops::ControlFlow;

/// Reads a trace as events of the catalogue, in time order.
///
/// Event classes and their fields are matched with the catalogue by name. Fields may be in another order, and there
/// may be more of them.
///
/// # Example: count calls
///
/// ```no_run
/// use beamtap_analysis::{Item, Lift};
/// use beamtap_schema::Event;
///
/// let set = beamtap_ctf::TraceSet::open("/tmp/my-session".as_ref())?;
/// let mut lift = Lift::new(&set);
/// let mut calls = 0;
/// while let Some(item) = lift.next()? {
///     calls += u64::from(matches!(item, Item::Event(_, Event::Call(_))));
/// }
/// println!("{calls} calls");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Lift {
    reader: Reader,
    bindings: Bindings,
}

impl Lift {
    /// Starts to read a trace.
    pub fn new(set: &TraceSet) -> Lift {
        Lift::of(set.reader())
    }

    /// Starts to read from a reader.
    pub fn of(reader: Reader) -> Lift {
        Lift { bindings: Bindings::of(reader.classes().iter()), reader }
    }

    /// The kinds of events among the event classes known so far.
    pub fn kinds(&self) -> Vec<EventKind> {
        self.bindings.kinds()
    }

    /// The next item; `None` at the end of the trace.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_trace`] is true when a stream cannot be read on: it is at its end with
    /// that, and the others go on. Returns one for which [`Error::is_mismatch`] is true at the first event that has
    /// the name of one in the catalogue, but not its fields; further ones of that name come as [`Item::Other`].
    /// In both cases, calling again reads on.
    #[expect(
        clippy::should_implement_trait,
        reason = "an item borrows from the reader, which Iterator cannot say"
    )]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, Error> {
        match self.reader.next()? {
            None => Ok(None),
            Some(beamtap_ctf::Item::Discarded(loss)) => Ok(Some(Item::Discarded(lost(&loss)))),
            Some(beamtap_ctf::Item::LostPackets(loss)) => Ok(Some(Item::LostPackets(lost(&loss)))),
            Some(beamtap_ctf::Item::Event(event)) => self.bindings.lift(event).map(Some),
        }
    }

    /// Calls `tell` with each item from the next on, until it breaks or the trace ends. Faster than
    /// [`next`](Lift::next). Errors come between the items.
    #[inline]
    pub fn for_each(
        &mut self,
        mut tell: impl FnMut(Result<Item<'_>, Error>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let bindings = &mut self.bindings;
        self.reader.for_each(|item| {
            tell(match item {
                Ok(beamtap_ctf::Item::Event(event)) => bindings.lift(event),
                Ok(beamtap_ctf::Item::Discarded(loss)) => Ok(Item::Discarded(lost(&loss))),
                Ok(beamtap_ctf::Item::LostPackets(loss)) => Ok(Item::LostPackets(lost(&loss))),
                Err(error) => Err(error.into()),
            })
        })
    }
}

pub(crate) fn nanoseconds(since_epoch: i64) -> u64 {
    u64::try_from(since_epoch).unwrap_or(0)
}

fn lost(loss: &Loss) -> Lost {
    Lost {
        stream: loss.stream.index() as u32,
        count: loss.count,
        begin_ns: nanoseconds(loss.begin_ns),
        end_ns: nanoseconds(loss.end_ns),
    }
}

impl std::fmt::Debug for Lift {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lift").field("bindings", &self.bindings).finish_non_exhaustive()
    }
}
