//! The shortest way of the most frequent events: where nothing has to be looked up, defined, refilled or told.
//!
//! Whatever needs more than that is left alone, untouched, to [`tracer::trace`](crate::tracer::trace). Nothing here can
//! panic: there is no catching around it.

use crate::block::{self, Block, Outcome};
use crate::board;
use crate::depth;
use crate::function_text;
use crate::gate;
use crate::intern::Key;
use crate::layout;
use crate::provider::{self, emit_otp};
use crate::term;
use crate::tracer::{Family, Traced};
use beamtap_schema::{EntityKind, EventKind, WireEvent, otp_wire, wire};

/// Emits an event that can be emitted as it is. Answers whether it did; where it did not, nothing has happened.
#[inline(always)]
pub(crate) fn trace(family: Family, tag: u64, state: u64, traced: Traced<'_>) -> bool {
    let is = |kind| board::is_tag(kind, tag);
    match family[0] {
        EventKind::Call if is(EventKind::Call) => call(state, traced),
        EventKind::Call if is(EventKind::ReturnFrom) => return_from(state, traced),
        EventKind::Call if is(EventKind::Send) => send(state, traced),
        EventKind::Receive if is(EventKind::Receive) => receive(state, traced),
        EventKind::In if is(EventKind::In) => scheduled_in(state, traced),
        EventKind::In if is(EventKind::Out) => scheduled_out(state, traced),
        _ => false,
    }
}

/// As [`trace`], for a call or a return that is recorded as OTP's own event alone, with texts written before.
#[inline(always)]
pub(crate) fn trace_as_otp(tag: u64, state: u64, traced: Traced<'_>) -> bool {
    let kind = match tag {
        _ if board::is_tag(EventKind::Call, tag) => EventKind::Call,
        _ if board::is_tag(EventKind::ReturnFrom, tag) => EventKind::ReturnFrom,
        _ => return false,
    };
    if !board::is_otp_enabled(kind) || board::is_enabled(kind) {
        return false;
    }
    let Some(block) = block::mine() else { return false };
    block.enter();
    let read = if gate::is_open(state) { process_and_function(block, traced) } else { None };
    let is_emitted = read.is_some_and(|(process, function)| {
        let texts = block.pids.known(traced.tracee).zip(function_text::known(function));
        texts.filter(|_| gate::spend_quickly(block, state)).is_some_and(|(pid, entry)| {
            if kind == EventKind::Call {
                emit_otp(&otp_wire::FunctionCall { pid, entry, depth: depth::enter(process) });
            } else {
                emit_otp(&otp_wire::FunctionReturn { pid, entry, depth: depth::leave(process) });
            }
            true
        })
    });
    block.leave();
    is_emitted
}

/// An event that may be emitted as far as the gate is concerned.
struct Open {
    block: &'static Block,
    state: u64,
    begin: u64,
}

impl Open {
    #[inline(always)]
    fn of(kind: EventKind, state: u64) -> Option<Open> {
        if !board::is_enabled(kind) || board::is_otp_enabled(kind) {
            return None;
        }
        let block = block::mine()?;
        block.enter();
        if !gate::is_open(state) {
            block.leave();
            return None;
        }
        Some(Open { block, state, begin: block.begin_sample(kind) })
    }

    /// Emits the event, where it could be read and the budget has it. Answers whether it did.
    #[inline(always)]
    fn close<E: WireEvent>(self, event: Option<E>) -> bool {
        let Open { block, state, begin } = self;
        let is_emitted = match event {
            Some(event) if gate::spend_quickly(block, state) => {
                provider::emit(&event);
                block.end_sample(begin);
                block.count(E::KIND, Outcome::Emitted);
                true
            }
            _ => false,
        };
        block.leave();
        is_emitted
    }
}

/// The process, and the number of a function that this thread has seen lately.
#[inline(always)]
fn process_and_function(block: &Block, traced: Traced<'_>) -> Option<(u64, u32)> {
    let &[module, name, arity] = traced.env.tuple_in_place(traced.term)? else { return None };
    let function = block.cached(Key::quickly(module, name, arity)?);
    let pid = block.pid(traced.tracee)?;
    (function != 0).then_some((pid, function))
}

#[inline(always)]
fn call(state: u64, traced: Traced<'_>) -> bool {
    let Some(open) = Open::of(EventKind::Call, state) else { return false };
    let read = process_and_function(open.block, traced);
    open.close(read.map(|(pid, function)| wire::Call { pid, function }))
}

#[inline(always)]
fn return_from(state: u64, traced: Traced<'_>) -> bool {
    let Some(open) = Open::of(EventKind::ReturnFrom, state) else { return false };
    let read = process_and_function(open.block, traced);
    open.close(read.map(|(pid, function)| wire::ReturnFrom { pid, function }))
}

#[inline(always)]
fn scheduled_in(state: u64, traced: Traced<'_>) -> bool {
    let Some(open) = Open::of(EventKind::In, state) else { return false };
    let thread = open.block.thread_id();
    let read = process_and_function(open.block, traced);
    open.close(read.map(|(pid, function)| wire::In { pid, function, thread }))
}

#[inline(always)]
fn scheduled_out(state: u64, traced: Traced<'_>) -> bool {
    let Some(open) = Open::of(EventKind::Out, state) else { return false };
    let thread = open.block.thread_id();
    let read = process_and_function(open.block, traced);
    open.close(read.map(|(pid, function)| wire::Out { pid, function, thread }))
}

#[inline(never)]
fn send(state: u64, traced: Traced<'_>) -> bool {
    let Some(open) = Open::of(EventKind::Send, state) else { return false };
    let event = read_send(open.block, traced);
    open.close(event)
}

/// From a process to a process.
#[inline(always)]
fn read_send(block: &Block, traced: Traced<'_>) -> Option<wire::Send> {
    let Traced { env, tracee, term, options } = traced;
    let atoms = term::atoms()?;
    let from = block.pid(tracee)?;
    let extra = env.map_value(options, atoms.extra)?;
    let to = if extra == tracee { from } else { layout::pid(extra)? };
    let (message, tag) = term::message(env, atoms, term);
    let (from_kind, to_kind) = (EntityKind::Process.to_wire(), EntityKind::Process.to_wire());
    Some(wire::Send { from, from_kind, to, to_kind, message: message.to_wire(), tag })
}

#[inline(always)]
fn receive(state: u64, traced: Traced<'_>) -> bool {
    let Some(open) = Open::of(EventKind::Receive, state) else { return false };
    let event = read_receive(open.block, traced);
    open.close(event)
}

/// By a process.
#[inline(always)]
fn read_receive(block: &Block, traced: Traced<'_>) -> Option<wire::Receive> {
    let to = block.pid(traced.tracee)?;
    let (message, tag) = term::message(traced.env, term::atoms()?, traced.term);
    Some(wire::Receive { to, to_kind: EntityKind::Process.to_wire(), message: message.to_wire(), tag })
}
