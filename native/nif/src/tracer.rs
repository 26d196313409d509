//! What the callbacks do: ask the gate, read the terms, hand over one event.

use crate::block::{self, Outcome};
use crate::board;
use crate::emitter::Emitter;
use crate::gate;
use crate::layout;
use crate::sequence;
use crate::sys::CallEnv;
use crate::term;
use beamtap_schema::EventKind;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The kinds one family of callbacks is asked about.
pub(crate) type Family = &'static [EventKind];

pub(crate) const CALL: Family = &[EventKind::Call];
pub(crate) const SEND: Family = &[EventKind::Send, EventKind::SendToNonExistingProcess];
pub(crate) const RECEIVE: Family = &[EventKind::Receive];
pub(crate) const PROCS: Family = &[
    EventKind::Spawn,
    EventKind::Spawned,
    EventKind::Exit,
    EventKind::Register,
    EventKind::Unregister,
    EventKind::Link,
    EventKind::Unlink,
    EventKind::GettingLinked,
    EventKind::GettingUnlinked,
];
pub(crate) const RUNNING_PROCS: Family =
    &[EventKind::In, EventKind::Out, EventKind::InExiting, EventKind::OutExiting, EventKind::OutExited];
pub(crate) const GARBAGE_COLLECTION: Family = &[
    EventKind::GcMinorStart,
    EventKind::GcMinorEnd,
    EventKind::GcMajorStart,
    EventKind::GcMajorEnd,
    EventKind::GcMaxHeapSize,
];
pub(crate) const PORTS: Family = &[
    EventKind::Open,
    EventKind::Closed,
    EventKind::PortRegister,
    EventKind::PortUnregister,
    EventKind::PortGettingLinked,
    EventKind::PortGettingUnlinked,
];
pub(crate) const RUNNING_PORTS: Family = &[EventKind::PortIn, EventKind::PortOut];
/// The kinds that come through `trace/5` because their own callbacks must not exist (the VM would call them with too
/// few arguments) or do not.
pub(crate) const DEFAULT: Family = &[
    EventKind::Call,
    EventKind::ReturnFrom,
    EventKind::ReturnTo,
    EventKind::ExceptionFrom,
    EventKind::Send,
    EventKind::SendToNonExistingProcess,
    EventKind::SeqSend,
];
/// What `enabled/3` is asked about where the VM finds no callback of the family's own: `seq_trace`, calls through a
/// meta-trace pattern, and, for every tracee now and then, `trace_status`.
pub(crate) const ALL: Family = &[
    EventKind::Call,
    EventKind::ReturnFrom,
    EventKind::ReturnTo,
    EventKind::ExceptionFrom,
    EventKind::Send,
    EventKind::SendToNonExistingProcess,
    EventKind::SeqSend,
];

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
pub(crate) fn prepare_words(make: impl Fn(&str) -> u64) {
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

#[inline(always)]
fn kind_of(family: Family, tag: u64, tracee: u64) -> Option<EventKind> {
    let kind = family.iter().copied().find(|&kind| board::is_tag(kind, tag))?;
    if kind == EventKind::Receive && layout::port(tracee).is_some() {
        return Some(EventKind::PortReceive);
    }
    Some(kind)
}

/// The kind where one tag stands for several and the term says which; nothing where it cannot be read.
fn kind_by_term(kind: EventKind, traced: &Traced<'_>) -> Option<EventKind> {
    match kind {
        EventKind::SeqSend => sequence::kind(traced),
        EventKind::Receive if term::is_timeout(traced.term) => Some(EventKind::ReceiveTimeout),
        kind => Some(kind),
    }
}

/// Whether anybody records this kind.
#[inline(always)]
fn is_wanted(kind: EventKind) -> bool {
    // The question comes before the term that says which kind it is.
    let is_other_wanted = || match kind {
        EventKind::SeqSend => {
            board::is_enabled(EventKind::SeqReceive) || board::is_enabled(EventKind::SeqPrint)
        }
        EventKind::Receive => board::is_enabled(EventKind::ReceiveTimeout),
        _ => false,
    };
    board::is_enabled(kind) || board::is_otp_enabled(kind) || is_other_wanted()
}

/// Answers an `enabled` question that needs no counting: its tag, the tracer's state, and the tracee.
#[inline(always)]
pub(crate) fn enabled_quickly(family: Family, &[tag, state, tracee]: &[u64; 3]) -> Option<u64> {
    // Asked of all alone; should the VM ask another, the slow way knows the answer.
    let is_of_all = matches!(family, [EventKind::Call, _, ..]);
    let is_so = if is_of_all && tag == WORDS.trace_status.load(Relaxed) {
        gate::is_alive(state)
    } else {
        let kind = kind_of(family, tag, tracee)?;
        if !is_wanted(kind) {
            return Some(if gate::is_floor(state) { WORDS.trace.load(Relaxed) } else { discard() });
        }
        gate::is_open(state)
    };
    is_so.then(|| WORDS.trace.load(Relaxed))
}

/// Answers an `enabled` question with `trace`, `discard`, or, for `trace_status` alone, `remove`.
#[inline(always)]
pub(crate) fn enabled(family: Family, tag: u64, state: u64, tracee: u64) -> u64 {
    if tag == WORDS.trace_status.load(Relaxed) {
        return if gate::is_alive(state) || gate::is_floor(state) {
            WORDS.trace.load(Relaxed)
        } else {
            WORDS.remove.load(Relaxed)
        };
    }
    let Some(kind) = kind_of(family, tag, tracee) else { return discard() };
    if !is_wanted(kind) {
        return discard();
    }
    if gate::is_open(state) {
        return WORDS.trace.load(Relaxed);
    }
    suppressed(kind);
    discard()
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

/// What the VM gives a callback that takes an event: the tag, the tracer's state, and the rest.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) env: CallEnv<'a>,
    pub(crate) words: &'a [u64; 5],
}

impl<'a> Given<'a> {
    #[inline(always)]
    pub(crate) const fn tag(self) -> u64 {
        self.words[0]
    }

    #[inline(always)]
    pub(crate) const fn state(self) -> u64 {
        self.words[1]
    }

    #[inline(always)]
    pub(crate) const fn traced(self) -> Traced<'a> {
        let &[_, _, tracee, term, options] = self.words;
        Traced { env: self.env, tracee, term, options }
    }
}

/// One traced event, as the VM hands it over.
#[derive(Clone, Copy)]
pub(crate) struct Traced<'a> {
    pub(crate) env: CallEnv<'a>,
    pub(crate) tracee: u64,
    pub(crate) term: u64,
    pub(crate) options: u64,
}

/// Emits one event of the family, unless the gate or a limit says no.
pub(crate) fn trace(family: Family, given: Given<'_>) {
    let (tag, state, traced) = (given.tag(), given.state(), &given.traced());
    let Some(kind) = kind_of(family, tag, traced.tracee) else { return };
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
