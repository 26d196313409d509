//! What callbacks answer the VM.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Words of the VM that every event is compared with or answered by: 0, which no term is, until load.
struct Words {
    trace: AtomicU64,
    discard: AtomicU64,
    remove: AtomicU64,
    trace_status: AtomicU64,
}

#[cfg_attr(target_os = "linux", unsafe(link_section = ".data.beamtap_hot"))]
static WORDS: Words = Words {
    trace: AtomicU64::new(0),
    discard: AtomicU64::new(0),
    remove: AtomicU64::new(0),
    trace_status: AtomicU64::new(0),
};

/// Looks up, once, at load, what the callbacks compare with and answer.
pub(crate) fn prepare(make: impl Fn(&str) -> u64) {
    WORDS.trace.store(make("trace"), Relaxed);
    WORDS.discard.store(make("discard"), Relaxed);
    WORDS.remove.store(make("remove"), Relaxed);
    WORDS.trace_status.store(make("trace_status"), Relaxed);
}

/// The answer that stops nothing: "not this event".
#[inline]
pub(crate) fn discard() -> u64 {
    WORDS.discard.load(Relaxed)
}

/// The answer that has an event taken.
#[inline(always)]
pub(crate) fn trace() -> u64 {
    WORDS.trace.load(Relaxed)
}

/// The answer that has a tracer dropped.
#[inline(always)]
pub(crate) fn remove() -> u64 {
    WORDS.remove.load(Relaxed)
}

/// Whether the tag is that of the question whether to keep a tracer.
#[inline(always)]
pub(crate) fn is_trace_status(tag: u64) -> bool {
    tag == WORDS.trace_status.load(Relaxed)
}
