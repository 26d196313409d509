//! What is true of one process now.

use super::change::{Change, Collection, Ending, Slice};
use super::stack::{Doing, Sink, Stack};

/// Who a process is, as far as the trace says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `serial << 32 | number` of `<0.Number.Serial>`.
    pub pid: u64,
    /// The process that spawned it; 0 when unknown.
    pub parent: u64,
    /// The last name it was registered as, interned; 0 when none was seen.
    pub name: u32,
    /// The function it started in, interned; 0 when unknown.
    pub function: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Running {
    /// No `in` or `out` seen since the beginning of the trace, or since events were lost.
    #[default]
    Unknown,
    In {
        thread: u32,
        since_ns: u64,
    },
    Out,
}

/// A process of the traced VM.
#[derive(Debug, Default)]
pub struct Process {
    identity: Identity,
    pub(super) stack: Stack,
    running: Running,
    collecting: Option<u64>,
    exit: Option<Exit>,
    /// The automaton's epoch that the rest of this belongs to; [`EXITED`] once its `exit` has been seen.
    pub(super) epoch: u32,
}

/// When a process exited.
#[derive(Clone, Copy, Debug)]
struct Exit {
    ns: u64,
    /// The automaton's epoch up to which its scheduling has been followed.
    epoch: u32,
}

/// An epoch that the automaton never has, so that whoever meets the process looks twice.
const EXITED: u32 = u32::MAX;

impl Process {
    pub(super) fn new(pid: u64, epoch: u32) -> Process {
        Process { identity: Identity { pid, ..Identity::default() }, epoch, ..Process::default() }
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Its `exit` has been seen.
    pub fn has_exited(&self) -> bool {
        self.exit.is_some()
    }

    pub(super) fn exit_ns(&self) -> Option<u64> {
        self.exit.map(|exit| exit.ns)
    }

    /// The thread it runs on, if known.
    pub fn thread(&self) -> Option<u32> {
        match self.running {
            Running::In { thread, .. } => Some(thread),
            Running::Unknown | Running::Out => None,
        }
    }

    /// Number of traced calls it is in.
    pub fn depth(&self) -> usize {
        self.stack.depth()
    }

    pub(super) fn identify(&mut self, parent: u64, name: u32, function: u32) {
        let known = &mut self.identity;
        for (known, told) in [(&mut known.name, name), (&mut known.function, function)] {
            if told != 0 {
                *known = told;
            }
        }
        if parent != 0 {
            known.parent = parent;
        }
    }

    #[inline]
    pub(super) fn charge(&mut self, ns: u64) {
        let doing = match (self.collecting, self.running) {
            (Some(_), _) => Doing::Collecting,
            (None, Running::Out) => Doing::ScheduledOut,
            (None, Running::In { .. } | Running::Unknown) => Doing::Running,
        };
        self.stack.charge(ns, doing);
    }

    /// Charges what passed, and takes note that the process is executing code, whatever was known of it.
    #[inline]
    pub(super) fn execute(&mut self, ns: u64) {
        self.charge(ns);
        if self.running == Running::Out {
            self.running = Running::Unknown;
        }
    }

    pub(super) fn schedule_in(&mut self, ns: u64, thread: u32) {
        self.charge(ns);
        self.running = Running::In { thread, since_ns: ns };
    }

    pub(super) fn schedule_out(&mut self, sink: &mut Sink<'_>) {
        self.charge(sink.ns);
        if let Running::In { thread, since_ns } = self.running {
            let run_ns = sink.ns.saturating_sub(since_ns);
            sink.changes.push(Change::Slice(Slice { slot: sink.slot, thread, run_ns }));
        }
        self.running = Running::Out;
    }

    pub(super) fn begin_collection(&mut self, ns: u64) {
        self.charge(ns);
        self.collecting = Some(ns);
    }

    pub(super) fn end_collection(&mut self, major: bool, sink: &mut Sink<'_>) {
        self.charge(sink.ns);
        if let Some(since_ns) = self.collecting.take() {
            let gc_ns = sink.ns.saturating_sub(since_ns);
            sink.changes.push(Change::Collection(Collection { slot: sink.slot, major, gc_ns }));
        }
    }

    /// An `exit`: ends every call. The process may go on to run until it is out.
    pub(super) fn exit(&mut self, how: Ending, epoch: u32, sink: &mut Sink<'_>) {
        self.charge(sink.ns);
        self.stack.clear(how, sink);
        self.exit = Some(Exit { ns: sink.ns, epoch });
        self.epoch = EXITED;
    }

    /// An event of a process that has exited.
    pub(super) fn go_on_exiting(&mut self, epoch: u32, slot: u32, changes: &mut Vec<Change>) {
        if self.exit.is_some_and(|exit| exit.epoch != epoch) {
            self.settle(slot, changes);
            self.exit.iter_mut().for_each(|exit| exit.epoch = epoch);
        }
    }

    /// Has a process that has exited run up to its exit, where nothing has told that it ran on.
    pub(super) fn settle(&mut self, slot: u32, changes: &mut Vec<Change>) {
        if let (Some(exit), Running::In { thread, since_ns }) = (self.exit, self.running) {
            if since_ns <= exit.ns {
                changes.push(Change::Slice(Slice { slot, thread, run_ns: exit.ns - since_ns }));
            }
            self.running = Running::Unknown;
        }
    }

    /// Ends every call: the stack is thrown away.
    pub(super) fn hibernate(&mut self, sink: &mut Sink<'_>) {
        self.charge(sink.ns);
        self.stack.clear(Ending::Implied, sink);
    }

    /// Forgets what cannot be relied on after events were lost.
    pub(super) fn interrupt(&mut self, epoch: u32, sink: &mut Sink<'_>) {
        self.settle(sink.slot, sink.changes);
        self.stack.clear(Ending::Interrupted, sink);
        self.running = Running::Unknown;
        self.collecting = None;
        self.epoch = epoch;
    }
}
