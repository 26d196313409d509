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
//! - An `out` in `erlang:hibernate/3` takes off all frames: the VM throws the stack away. Without the flag `running` that
//!   is not told, and the frames stay until the process exits.
//!
//! Where only `return_to` is recorded, times are not exact: the VM tells neither that a call is a tail call nor how
//! many frames a `return_to` ends. While callers are traced it follows from where execution returns to. When that is
//! a function that is not traced, a frame left by a tail call may stay until execution returns to a frame below it,
//! and is charged what passes until then. Such returns are counted ([`Matched::Guessed`]).

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

/// How well a return fits the calls before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Matched {
    /// It says which calls it ends.
    Told,
    /// It went to a function that is not traced, and there were calls below the one that it surely ended.
    Guessed,
    /// It ends no call that is known.
    Nothing,
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

    /// A `return_from` or `exception_from`.
    #[inline]
    pub(super) fn return_from(&mut self, function: u32, how: Ending, sink: &mut Sink<'_>) -> Matched {
        self.after_return = true;
        let Some(&index) = self.topmost.get(&function) else { return Matched::Nothing };
        self.pop_to(index as usize + 1, Ending::Implied, sink);
        self.pop(how, sink);
        Matched::Told
    }

    /// A `return_to`.
    pub(super) fn return_to(&mut self, function: u32, sink: &mut Sink<'_>) -> Matched {
        let after_return = std::mem::replace(&mut self.after_return, false);
        let depth = self.frames.len();
        let topmost = self.topmost.get(&function).map(|&index| index as usize);
        if after_return {
            let keep = if function == 0 { 0 } else { topmost.map_or(depth, |index| index + 1) };
            self.pop_to(keep, Ending::Implied, sink);
            return Matched::Told;
        }
        if depth == 0 {
            return Matched::Nothing;
        }
        let below_top = match topmost {
            Some(index) if index + 1 == depth => self.frames[index].below.map(|index| index as usize),
            other => other,
        };
        self.pop(Ending::Returned, sink);
        match below_top {
            _ if function == 0 => self.pop_to(0, Ending::Implied, sink),
            Some(index) => self.pop_to(index + 1, Ending::Implied, sink),
            None if depth > 1 => return Matched::Guessed,
            None => {}
        }
        Matched::Told
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
