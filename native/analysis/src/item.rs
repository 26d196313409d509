//! What a trace is made of once it is lifted: catalogue events, losses, and events of others.

use beamtap_schema::Event;

/// When and where an event was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Nanoseconds since the Unix epoch, by the trace's monotonic clock.
    pub ns: u64,
    /// The stream's index in the trace set.
    pub stream: u32,
    /// The CPU it was recorded on; `None` if the trace does not have it.
    pub cpu: Option<u32>,
}

/// A time range of one stream in which events or packets are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The stream's index in the trace set.
    pub stream: u32,
    /// How many events (when discarded) or packets (when lost) are missing.
    pub count: u64,
    /// Start of the range, in nanoseconds since the Unix epoch.
    pub begin_ns: u64,
    /// End of the range, in nanoseconds since the Unix epoch.
    pub end_ns: u64,
}

/// One item of a trace, in the order of time.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// An event of the catalogue.
    Event(Stamp, Event<'a>),
    /// LTTng dropped events because its buffers were full.
    Discarded(Lost),
    /// Whole packets are missing; how many events they held is not known.
    LostPackets(Lost),
    /// An event that the catalogue does not have, by its full name: another provider's, or a newer beamtap's.
    Other(Stamp, &'a str),
}
