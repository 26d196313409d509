//! What one item of the trace ended.

/// Something that ended with the item just read. What starts is in the item itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A call ended, or is given up.
    Call(EndedCall),
    /// A process was scheduled out after it had been scheduled in.
    Slice(Slice),
    /// A garbage collection ended whose start was recorded.
    Collection(Collection),
    /// The slot's process is gone: nothing more will be said of it and the slot will be another's.
    Gone {
        /// The process's slot.
        slot: u32,
    },
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By `return_from`, or `return_to` its caller.
    Returned,
    /// By an exception.
    Raised,
    /// With a frame below it: by a tail call, or without an event of its own.
    Implied,
    /// With its process, which ended in order.
    Exited,
    /// With its process, which crashed or was killed.
    Crashed,
    /// Given up where events are missing, so its times mean nothing.
    Interrupted,
    /// Still open at the end of the trace, so its times mean nothing.
    Unfinished,
    /// Nobody knows: the function's calls alone are recorded, so it has no times.
    Unrecorded,
}

impl Ending {
    /// Number of endings.
    pub(crate) const COUNT: usize = Ending::Unrecorded as usize + 1;

    /// Whether the call ended in the trace, so that its times are right.
    pub const fn is_complete(self) -> bool {
        !matches!(self, Ending::Interrupted | Ending::Unfinished | Ending::Unrecorded)
    }
}

/// One call from start to end.
///
/// `total_ns` is the sum of `own_ns`, `gc_ns`, `out_ns` and the `total_ns` of the traced calls it made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedCall {
    /// The process's slot.
    pub slot: u32,
    /// The function, interned.
    pub function: u32,
    /// How it ended.
    pub how: Ending,
    /// Wall-clock time from call to end.
    pub total_ns: u64,
    /// Its part in the time that the function was on the process's stack. 0 for a call inside another call of the
    /// same function. For a call that was given up, the time of the complete calls inside it.
    pub covered_ns: u64,
    /// Time on top of the stack, running.
    pub own_ns: u64,
    /// Time on top of the stack in garbage collection.
    pub gc_ns: u64,
    /// Time on top of the stack, scheduled out.
    pub out_ns: u64,
}

impl EndedCall {
    pub(super) const fn unrecorded(slot: u32, function: u32) -> EndedCall {
        EndedCall {
            slot,
            function,
            how: Ending::Unrecorded,
            total_ns: 0,
            covered_ns: 0,
            own_ns: 0,
            gc_ns: 0,
            out_ns: 0,
        }
    }
}

/// A time in which a process was scheduled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The process's slot.
    pub slot: u32,
    /// The thread it ran on.
    pub thread: u32,
    /// How long it ran.
    pub run_ns: u64,
}

/// One garbage collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collection {
    /// The process's slot.
    pub slot: u32,
    /// A fullsweep, not only the young heap.
    pub major: bool,
    /// How long it took.
    pub gc_ns: u64,
}
