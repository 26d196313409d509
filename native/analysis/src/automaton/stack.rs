//! The traced calls that one process is in.
//!
//! The rules, in the order in which a process meets them:
//!
//! - `call` puts a frame on top.
//! - `return_from` and `exception_from` of F take frames off down to the topmost F, that one included. Frames that
//!   were above it end at the same moment: they were left by a tail call, or their own event was not recorded.
//!   Where no F is on the stack, nothing changes and the event counts as unmatched.
//! - `return_to` F takes off at least the top frame, and then as many as it takes to have F on top; when F is on
//!   no frame below the top, the top frame only; when there is nothing to return to (F = 0), all. Right after a
//!   `return_from` or `exception_from`, which took its frame off already, it takes off only what is above the
//!   topmost F.
//!
//! Where only `return_to` is recorded, a frame left by a tail call stays until execution returns to a frame below it:
//! the VM tells neither when a tail call is made nor how many were.

use super::change::{Change, EndedCall, Ending};
use foldhash::HashMap;

/// What the time that passes is charged to, in the topmost frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    Running,
    Collecting,
    ScheduledOut,
}

#[derive(Debug)]
struct Frame {
    function: u32,
    /// The next frame of the same function below this one.
    below: Option<u32>,
    entered_ns: u64,
    own_ns: u64,
    gc_ns: u64,
    out_ns: u64,
    /// Time in calls of the same function made from within this one, those inside each other counted once.
    recursion_ns: u64,
}

#[derive(Debug, Default)]
pub(super) struct Stack {
    frames: Vec<Frame>,
    /// The topmost frame of each function that has one.
    topmost: HashMap<u32, u32>,
    /// The moment up to which time has been charged.
    charged_ns: u64,
    /// The last thing that changed the stack was a `return_from` or `exception_from`.
    after_return: bool,
}

/// Where frames that end are reported to, and as whose.
pub(super) struct Sink<'a> {
    pub(super) slot: u32,
    pub(super) ns: u64,
    pub(super) changes: &'a mut Vec<Change>,
}

impl Stack {
    /// Number of frames.
    pub(super) fn depth(&self) -> usize {
        self.frames.len()
    }

    /// Charges the time since the last call of this to the topmost frame.
    #[inline]
    pub(super) fn charge(&mut self, ns: u64, doing: Doing) {
        if let Some(top) = self.frames.last_mut() {
            let passed = ns.saturating_sub(self.charged_ns);
            match doing {
                Doing::Running => top.own_ns += passed,
                Doing::Collecting => top.gc_ns += passed,
                Doing::ScheduledOut => top.out_ns += passed,
            }
        }
        self.charged_ns = self.charged_ns.max(ns);
    }

    /// A `call`.
    #[inline]
    pub(super) fn call(&mut self, ns: u64, function: u32) {
        // A stack is cleared long before it has 2^32 frames.
        let below = self.topmost.insert(function, self.frames.len() as u32);
        self.frames.push(Frame {
            function,
            below,
            entered_ns: ns,
            own_ns: 0,
            gc_ns: 0,
            out_ns: 0,
            recursion_ns: 0,
        });
        self.after_return = false;
    }

    /// A `return_from` or `exception_from`; false when it matches no frame.
    #[inline]
    pub(super) fn return_from(&mut self, function: u32, how: Ending, sink: &mut Sink<'_>) -> bool {
        self.after_return = true;
        let Some(&index) = self.topmost.get(&function) else { return false };
        self.pop_to(index as usize + 1, Ending::Implied, sink);
        self.pop(how, sink);
        true
    }

    /// A `return_to`; false when there was nothing to return from.
    pub(super) fn return_to(&mut self, function: u32, sink: &mut Sink<'_>) -> bool {
        let after_return = std::mem::replace(&mut self.after_return, false);
        let depth = self.frames.len();
        if function == 0 {
            self.end_top(after_return, sink);
            self.pop_to(0, Ending::Implied, sink);
            return after_return || depth > 0;
        }
        let topmost = self.topmost.get(&function).copied();
        if after_return {
            self.pop_to(topmost.map_or(depth, |index| index as usize + 1), Ending::Implied, sink);
            return true;
        }
        let below_top = match topmost {
            Some(index) if index as usize + 1 == depth => self.frames[index as usize].below,
            other => other,
        };
        self.end_top(false, sink);
        if let Some(index) = below_top {
            self.pop_to(index as usize + 1, Ending::Implied, sink);
        }
        depth > 0
    }

    /// Ends the topmost frame as returned, unless its own event did so already.
    fn end_top(&mut self, after_return: bool, sink: &mut Sink<'_>) {
        if !after_return {
            self.pop(Ending::Returned, sink);
        }
    }

    /// Ends every frame.
    pub(super) fn clear(&mut self, how: Ending, sink: &mut Sink<'_>) {
        self.pop_to(0, how, sink);
        self.after_return = false;
    }

    fn pop_to(&mut self, depth: usize, how: Ending, sink: &mut Sink<'_>) {
        while self.frames.len() > depth {
            self.pop(how, sink);
        }
    }

    #[inline]
    fn pop(&mut self, how: Ending, sink: &mut Sink<'_>) {
        let Some(frame) = self.frames.pop() else { return };
        let total_ns = sink.ns.saturating_sub(frame.entered_ns);
        let mut covered_ns = if how.is_complete() { total_ns } else { frame.recursion_ns };
        match frame.below {
            Some(below) => {
                self.frames[below as usize].recursion_ns += covered_ns;
                covered_ns = 0;
                self.topmost.insert(frame.function, below);
            }
            None => {
                self.topmost.remove(&frame.function);
            }
        }
        sink.changes.push(Change::Call(EndedCall {
            slot: sink.slot,
            function: frame.function,
            how,
            total_ns,
            covered_ns,
            own_ns: frame.own_ns,
            gc_ns: frame.gc_ns,
            out_ns: frame.out_ns,
        }));
    }
}
