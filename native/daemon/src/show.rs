//! Who is shown events while they are read.

use beamtap_ctf::{Event, Loss, Trace};
use std::io;
use std::path::Path;

/// What kind of thing is missing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Missing {
    Events,
    Packets,
}

/// Takes events and what is missing between them, in the order of time.
pub(crate) trait Show {
    /// Shows an event, if it is wanted. Where its trace was not introduced before, that must come next.
    fn event(&mut self, event: Event<'_>) -> io::Result<()>;

    /// Index of the trace that is to be introduced, where the last event's was not.
    fn stranger(&self) -> Option<usize> {
        None
    }

    /// Says what is known of a trace.
    fn introduce(&mut self, _index: usize, _trace: &Trace) {}

    /// Tells what is missing from a stream.
    fn loss(&mut self, missing: Missing, loss: &Loss, stream: Option<&Path>) -> io::Result<()>;

    /// Tells a stretch of time of which it is not known what happened in it.
    fn gap(&mut self, begin_ns: i64, end_ns: i64) -> io::Result<()>;

    /// Tells what is at fault.
    fn fault(&mut self, fault: &str) -> io::Result<()>;

    /// There is nothing more for now: what was taken is to be seen.
    fn flush(&mut self) -> io::Result<()>;
}
