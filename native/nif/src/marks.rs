//! What the application itself says on the timeline: `beamtap:mark/1` and `beamtap:span/2`.

use crate::atoms;
use crate::block::{self, Outcome};
use crate::board;
use crate::gate;
use crate::layout;
use crate::provider;
use crate::sys::{CallEnv, word_of};
use crate::writer::Text;
use beamtap_schema::{EventKind, SpanOutcome, WireEvent, wire};
use rustler::{Atom, Encoder, Env, Term};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Longest text of a mark and name of a span, in bytes.
const TEXT_BYTES: usize = 1024;
/// A text, the byte that tells it was cut, and its end.
const ROOM: usize = TEXT_BYTES + 2;

/// Spans begun. 0 is the number of one that nobody records.
static SPANS: AtomicU64 = AtomicU64::new(0);

mod outcomes {
    rustler::atoms! {
        error = "error",
        exit = "exit",
        throw = "throw",
    }
}

#[rustler::nif]
fn mark(env: Env, text: Term) -> Atom {
    if let Some(pid) = caller(env, EventKind::Mark) {
        let (text, is_truncated) = characters(env, text);
        emit(&wire::Mark { pid, is_truncated: is_truncated.into(), text: text.as_ptr() }, is_truncated);
    }
    atoms::ok()
}

/// Whether a mark made now would be recorded.
#[rustler::nif]
fn records_marks() -> bool {
    board::is_enabled(EventKind::Mark) && gate::is_open_unbound()
}

/// The number of the span begun; 0 where nobody records it.
#[rustler::nif]
fn span_begin(env: Env, name: Term) -> u64 {
    let Some(pid) = caller(env, EventKind::SpanBegin) else { return 0 };
    let span = SPANS.fetch_add(1, Relaxed) + 1;
    let (name, is_truncated) = characters(env, name);
    emit(
        &wire::SpanBegin { pid, span, is_truncated: is_truncated.into(), name: name.as_ptr() },
        is_truncated,
    );
    span
}

#[rustler::nif]
fn span_end(env: Env, span: u64, outcome: Atom) -> Atom {
    if let Some(pid) = caller(env, EventKind::SpanEnd) {
        let outcome = match outcome {
            outcome if outcome == outcomes::error() => SpanOutcome::Error,
            outcome if outcome == outcomes::exit() => SpanOutcome::Exit,
            outcome if outcome == outcomes::throw() => SpanOutcome::Throw,
            _ => SpanOutcome::Returned,
        };
        emit(&wire::SpanEnd { pid, span, outcome: outcome.to_wire() }, false);
    }
    atoms::ok()
}

/// The calling process, where somebody records the event.
fn caller(env: Env, kind: EventKind) -> Option<u64> {
    if !board::is_enabled(kind) {
        return None;
    }
    layout::pid(word_of(env.pid().encode(env).as_c_arg()))
}

fn characters(env: Env, term: Term) -> (Text<ROOM>, bool) {
    // SAFETY: the environment is that of the call in progress, which this frame does not outlive.
    let call = unsafe { CallEnv::new(env.as_c_arg()) };
    Text::bounded(TEXT_BYTES, |text| text.characters(call, word_of(term.as_c_arg())))
}

fn emit<E: WireEvent>(event: &E, is_truncated: bool) {
    let Some(block) = block::mine() else { return block::overflowed(E::KIND) };
    block.enter();
    if gate::is_open_unbound() {
        provider::emit(event);
        block.count(E::KIND, Outcome::Emitted);
        if is_truncated {
            block.count(E::KIND, Outcome::Truncated);
        }
    } else {
        block.count(E::KIND, Outcome::Suppressed);
    }
    block.leave();
}
