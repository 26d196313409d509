//! The slow path: an event or a question that the shortest way is not for. A panic here is caught and counted.

use crate::answer;
use crate::block::{self, Outcome};
use crate::board;
use crate::emitter::Emitter;
use crate::family::{self, Family};
use crate::gate;
use crate::quick_otp;
use crate::sequence;
use crate::term;
use crate::traced::{Given, Traced};
use beamtap_schema::EventKind;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A panic answers `discard`: anything unexpected would make the VM drop the tracer.
#[cold]
#[inline(never)]
pub(crate) fn answer(family: Family, &[tag, state, tracee]: &[u64; 3]) -> u64 {
    match catch_unwind(|| enabled(family, tag, state, tracee)) {
        Ok(word) => word,
        Err(_) => {
            gate::panicked();
            answer::discard()
        }
    }
}

/// Answers an `enabled` question with `trace`, `discard`, or, for `trace_status` alone, `remove`.
#[inline(always)]
fn enabled(family: Family, tag: u64, state: u64, tracee: u64) -> u64 {
    if answer::is_trace_status(tag) {
        return if gate::is_alive(state) || gate::is_floor(state) {
            answer::trace()
        } else {
            answer::remove()
        };
    }
    let Some(kind) = family::kind_of(family, tag, tracee) else { return answer::discard() };
    if !board::is_wanted(kind) {
        return answer::discard();
    }
    if gate::is_open(state) {
        return answer::trace();
    }
    suppressed(kind);
    answer::discard()
}

/// Takes one event that the shortest way is not for. A panic is counted.
#[inline(never)]
pub(crate) fn take(family: Family, given: Given<'_>) -> u64 {
    if !quick_otp::trace(given) {
        // The tracer's state behind the closure is atomics only, which a panic cannot leave half written.
        if catch_unwind(AssertUnwindSafe(|| trace(family, given))).is_err() {
            if let Some(block) = block::mine() {
                block.leave_by_panic();
            }
            gate::panicked();
        }
    }
    answer::discard()
}

/// Emits one event of the family, unless the gate or a limit says no.
fn trace(family: Family, given: Given<'_>) {
    let (tag, state, traced) = (given.tag(), given.state(), &given.traced());
    let Some(kind) = family::kind_of(family, tag, traced.tracee) else { return };
    let Some(kind) = kind_by_term(kind, traced) else { return unreadable(kind) };
    // Returns and exceptions come without having been asked about, and the switch may have changed since the question.
    let (is_typed, is_otp) = (board::is_enabled(kind), board::is_otp_enabled(kind));
    if !is_typed && !is_otp {
        return;
    }
    let Some(block) = block::mine() else { return block::overflowed(kind) };
    if block.is_to_be_timed(kind) {
        return block.time(kind, |given| trace(family, given), given);
    }
    block.enter();
    if gate::is_open(state) && gate::spend(block, state) {
        let emitter = Emitter { block, traced };
        let is_read =
            (!is_typed || emitter.emit(kind).is_some()) && (!is_otp || emitter.emit_as_otp(kind).is_some());
        let payloads = gate::payloads(state);
        if !is_read {
            block.count(kind, Outcome::Unreadable);
        } else if is_typed && !payloads.is_none() {
            emitter.emit_payload(kind, payloads);
        }
    } else {
        block.count(kind, Outcome::Suppressed);
    }
    block.leave();
}

/// The kind where one tag stands for several and the term says which; nothing where it cannot be read.
fn kind_by_term(kind: EventKind, traced: &Traced<'_>) -> Option<EventKind> {
    match kind {
        EventKind::SeqSend => sequence::kind(traced),
        EventKind::Receive if term::is_timeout(traced.term) => Some(EventKind::ReceiveTimeout),
        kind => Some(kind),
    }
}

#[cold]
fn suppressed(kind: EventKind) {
    match block::mine() {
        Some(block) => block.count(kind, Outcome::Suppressed),
        None => block::overflowed(kind),
    }
}

#[cold]
fn unreadable(kind: EventKind) {
    match block::mine() {
        Some(block) => block.count(kind, Outcome::Unreadable),
        None => block::overflowed(kind),
    }
}
