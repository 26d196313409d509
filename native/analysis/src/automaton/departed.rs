//! Processes that have exited: those whose last events may still come, and those of whom only the pid is remembered.

use std::collections::VecDeque;

/// Exited processes that wait for their last events. Behind so many further exits the oldest is taken for gone.
const MAX_WAITING: usize = 1 << 12;

/// Pids remembered; a power of two. The VM gives out pids one after the other, so they fill a ring.
const REMEMBERED: usize = 1 << 16;

/// No process has this pid.
const NOBODY: u64 = u64::MAX;

/// What is known of processes that have exited. Its memory is bounded.
#[derive(Debug, Default)]
pub(super) struct Departed {
    /// Slots of those that wait, each with the time of its exit, which tells it from the slot's next process.
    waiting: VecDeque<(u32, u64)>,
    /// The pids of those that are gone, each at a place of its own number.
    gone: Vec<u64>,
}

impl Departed {
    /// Has a process wait for its last events. Answers with one that has waited long enough, if there is one.
    pub(super) fn wait(&mut self, slot: u32, exit_ns: u64) -> Option<(u32, u64)> {
        self.waiting.push_back((slot, exit_ns));
        if self.waiting.len() > MAX_WAITING { self.waiting.pop_front() } else { None }
    }

    /// Remembers the pid of a process that is gone.
    pub(super) fn remember(&mut self, pid: u64) {
        if self.gone.is_empty() {
            self.gone.resize(REMEMBERED, NOBODY);
        }
        self.gone[place(pid)] = pid;
    }

    /// Whether the last process with this pid is gone.
    pub(super) fn is_gone(&self, pid: u64) -> bool {
        self.gone.get(place(pid)) == Some(&pid)
    }

    /// A new process has this pid.
    pub(super) fn forget(&mut self, pid: u64) {
        if self.is_gone(pid) {
            self.gone[place(pid)] = NOBODY;
        }
    }
}

const fn place(pid: u64) -> usize {
    pid as usize & (REMEMBERED - 1)
}
