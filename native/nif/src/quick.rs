//! The shortest way of the most frequent events: where nothing has to be looked up, defined, refilled or told.
//!
//! Whatever needs more than that is left alone, untouched, to [`raw::take_slowly`]. Nothing here can
//! panic: there is no catching around it.

use crate::block::{self, Block, Outcome};
use crate::board;
use crate::depth;
use crate::function_text;
use crate::gate;
use crate::layout;
use crate::provider::{self, emit_otp};
use crate::raw;
use crate::sys::CallEnv;
use crate::term;
use crate::tracer::{self, Family, Given, Traced};
use beamtap_schema::{EntityKind, EventKind, MessageKind, WireEvent, otp_wire, wire};

/// Takes an event: emits it if it can be emitted as it is, leaves it to [`raw::take_slowly`] if not.
#[inline(always)]
pub(crate) fn trace(family: Family, given: Given<'_>) -> u64 {
    let is = |kind| board::is_tag(kind, given.tag());
    match family[0] {
        EventKind::Call if is(EventKind::Call) => call(given.env, given.words),
        EventKind::Call if is(EventKind::ReturnFrom) => return_from(given.env, given.words),
        EventKind::Call if is(EventKind::Send) => send(given.env, given.words),
        EventKind::Receive if is(EventKind::Receive) => receive(given.env, given.words),
        EventKind::In if is(EventKind::In) => scheduled_in(given.env, given.words),
        EventKind::In if is(EventKind::Out) => scheduled_out(given.env, given.words),
        EventKind::Spawn if is(EventKind::Spawn) => spawn(given.env, given.words),
        EventKind::Spawn if is(EventKind::Spawned) => spawned(given.env, given.words),
        EventKind::Spawn if is(EventKind::Exit) => exit(given.env, given.words),
        _ => raw::take_slowly(family, given),
    }
}

/// Emits a call or a return that is recorded as OTP's own event alone, with texts written before. Answers whether it did;
/// where it did not, nothing has happened.
#[inline(always)]
pub(crate) fn trace_as_otp(given: Given<'_>) -> bool {
    let kind = match given.tag() {
        tag if board::is_tag(EventKind::Call, tag) => EventKind::Call,
        tag if board::is_tag(EventKind::ReturnFrom, tag) => EventKind::ReturnFrom,
        _ => return false,
    };
    if !board::is_otp_enabled(kind) || board::is_enabled(kind) {
        return false;
    }
    let Some(block) = block::mine() else { return false };
    let (state, traced) = (given.state(), given.traced());
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

/// As the VM calls what takes an event. That it cannot unwind lets one jump to the other.
type Take<'a> = extern "C" fn(CallEnv<'a>, &'a [u64; 5]) -> u64;

/// Takes an event with what `read` makes of it. An event that is to be timed is taken `again` meanwhile.
#[inline(always)]
fn take<'a, E: WireEvent>(
    family: Family,
    given: Given<'a>,
    again: Take<'a>,
    read: impl FnOnce(&Block, Traced<'a>) -> Option<E>,
) -> u64 {
    if !board::is_enabled(E::KIND) || board::is_otp_enabled(E::KIND) {
        return raw::take_slowly(family, given);
    }
    let Some(block) = block::mine_already() else { return raw::take_slowly(family, given) };
    if block.is_to_be_timed(E::KIND) {
        return block.time(E::KIND, |(again, given)| again(given.env, given.words), (again, given));
    }
    let Some(event) = read(block, given.traced()) else { return raw::take_slowly(family, given) };
    block.enter();
    if !gate::is_open(given.state()) || !gate::spend_quickly(block, given.state()) {
        block.leave();
        return raw::take_slowly(family, given);
    }
    provider::emit(&event);
    block.count(E::KIND, Outcome::Emitted);
    block.leave();
    tracer::discard()
}

/// The process, and the number of a function that this thread has seen lately.
#[inline(always)]
fn process_and_function(block: &Block, traced: Traced<'_>) -> Option<(u64, u32)> {
    let &[module, name, arity] = traced.env.tuple_in_place(traced.term)? else { return None };
    let function = block.cached([module, name, arity])?;
    Some((block.pid(traced.tracee)?, function))
}

#[inline(never)]
extern "C" fn call<'a>(env: CallEnv<'a>, words: &'a [u64; 5]) -> u64 {
    take(tracer::DEFAULT, Given { env, words }, call, |block, traced| {
        process_and_function(block, traced).map(|(pid, function)| wire::Call { pid, function })
    })
}

#[inline(never)]
extern "C" fn return_from<'a>(env: CallEnv<'a>, words: &'a [u64; 5]) -> u64 {
    take(tracer::DEFAULT, Given { env, words }, return_from, |block, traced| {
        process_and_function(block, traced).map(|(pid, function)| wire::ReturnFrom { pid, function })
    })
}

#[inline(never)]
extern "C" fn scheduled_in<'a>(env: CallEnv<'a>, words: &'a [u64; 5]) -> u64 {
    take(tracer::RUNNING_PROCS, Given { env, words }, scheduled_in, |block, traced| {
        let (pid, function) = process_and_function(block, traced)?;
        Some(wire::In { pid, function, thread: block.thread_id() })
    })
}

#[inline(never)]
extern "C" fn scheduled_out<'a>(env: CallEnv<'a>, words: &'a [u64; 5]) -> u64 {
    take(tracer::RUNNING_PROCS, Given { env, words }, scheduled_out, |block, traced| {
        let (pid, function) = process_and_function(block, traced)?;
        Some(wire::Out { pid, function, thread: block.thread_id() })
    })
}

/// From a process to a process.
#[inline(never)]
extern "C" fn send<'a>(env: CallEnv<'a>, words: &'a [u64; 5]) -> u64 {
    take(tracer::DEFAULT, Given { env, words }, send, |block, Traced { env, tracee, term, options }| {
        let atoms = term::atoms()?;
        let from = block.pid(tracee)?;
        let extra = env.map_value(options, atoms.extra)?;
        let to = if extra == tracee { from } else { layout::pid(extra)? };
        let (message, tag) = term::message(env, atoms, term);
        let (from_kind, to_kind) = (EntityKind::Process.to_wire(), EntityKind::Process.to_wire());
        Some(wire::Send { from, from_kind, to, to_kind, message: message.to_wire(), tag })
    })
}

/// By a process.
#[inline(never)]
extern "C" fn receive<'a>(env: CallEnv<'a>, words: &'a [u64; 5]) -> u64 {
    take(tracer::RECEIVE, Given { env, words }, receive, |block, traced| {
        let to = block.pid(traced.tracee)?;
        let (message, tag) = match traced.env.tuple(traced.term) {
            Some(elements) => term::message_of(traced.env, term::atoms()?, elements),
            // Of another kind.
            None if term::is_timeout(traced.term) => return None,
            None => (MessageKind::Other, 0),
        };
        Some(wire::Receive { to, to_kind: EntityKind::Process.to_wire(), message: message.to_wire(), tag })
    })
}

/// The number of the function that a process begins with, where this thread has seen it lately.
#[inline(always)]
fn initial(block: &Block, env: CallEnv<'_>, options: u64) -> Option<u32> {
    let (module, name, arity) = term::mfa(env, env.map_value(options, term::atoms()?.extra)?)?;
    block.cached([module, name, layout::small(arity)])
}

/// On this node.
#[inline(never)]
extern "C" fn spawn<'a>(env: CallEnv<'a>, words: &'a [u64; 5]) -> u64 {
    take(tracer::PROCS, Given { env, words }, spawn, |block, Traced { env, tracee, term, options }| {
        let (pid, parent) = (layout::pid(term)?, layout::pid(tracee)?);
        Some(wire::Spawn { pid, parent, function: initial(block, env, options)? })
    })
}

#[inline(never)]
extern "C" fn spawned<'a>(env: CallEnv<'a>, words: &'a [u64; 5]) -> u64 {
    take(tracer::PROCS, Given { env, words }, spawned, |block, Traced { env, tracee, term, options }| {
        let (pid, parent) = (layout::pid(tracee)?, layout::pid(term)?);
        Some(wire::Spawned { pid, parent, function: initial(block, env, options)? })
    })
}

/// With the reason that most processes have.
#[inline(never)]
extern "C" fn exit<'a>(env: CallEnv<'a>, words: &'a [u64; 5]) -> u64 {
    take(tracer::PROCS, Given { env, words }, exit, |_, Traced { tracee, term, .. }| {
        let pid = layout::pid(tracee)?;
        (term == term::atoms()?.normal).then_some(wire::Exit { pid, reason: c"normal".as_ptr() })
    })
}
