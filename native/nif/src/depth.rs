//! How deep a process is in traced calls: the `depth` of OTP's function events, which OTP leaves at 0.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// Processes followed at once; one whose place is taken by another begins anew.
const PROCESSES: usize = 1 << 14;

/// A process is run by one thread at a time, so only a collision of two makes a place change hands.
struct Depth {
    pid: AtomicU64,
    /// Calls that have not returned.
    open: AtomicU32,
    /// Whether a traced call of the process has ever returned. Where none does, the calls' returns are not traced, and
    /// what is open says nothing about depth.
    returns: AtomicU32,
}

static DEPTHS: [Depth; PROCESSES] =
    [const { Depth { pid: AtomicU64::new(u64::MAX), open: AtomicU32::new(0), returns: AtomicU32::new(0) } };
        PROCESSES];

fn of(pid: u64) -> &'static Depth {
    let depth = &DEPTHS[pid as usize % PROCESSES];
    if depth.pid.load(Relaxed) != pid {
        depth.pid.store(pid, Relaxed);
        depth.open.store(0, Relaxed);
        depth.returns.store(0, Relaxed);
    }
    depth
}

/// A call begins: how many traced calls it is inside. 0 until the first return of the process shows that returns are
/// traced.
pub(crate) fn enter(pid: u64) -> u32 {
    let depth = of(pid);
    let open = depth.open.load(Relaxed);
    depth.open.store(open.saturating_add(1), Relaxed);
    if depth.returns.load(Relaxed) == 0 { 0 } else { open }
}

/// A call ends: how many traced calls it was inside.
pub(crate) fn leave(pid: u64) -> u32 {
    let depth = of(pid);
    let open = depth.open.load(Relaxed).saturating_sub(1);
    depth.open.store(open, Relaxed);
    depth.returns.store(1, Relaxed);
    open
}

/// How many traced calls the process is inside.
pub(crate) fn now(pid: u64) -> u32 {
    of(pid).open.load(Relaxed)
}
