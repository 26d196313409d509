//! The shortest way of the most frequent events: where nothing has to be looked up, defined, refilled or told.
//!
//! Whatever needs more than that is left alone, untouched, to [`slow::take`]. Nothing here can panic: there is no catching
//! around it.

use crate::answer;
use crate::block::{self, Block, Outcome};
use crate::board;
use crate::family::{self, Family};
use crate::gate;
use crate::layout;
use crate::provider;
use crate::slow;
use crate::sys::CallEnv;
use crate::term;
use crate::traced::{Given, Traced};
use beamtap_schema::{EntityKind, EventKind, MessageKind, WireEvent, wire};

/// Answers an `enabled` question that needs no counting: its tag, the tracer's state, and the tracee.
#[inline(always)]
pub(crate) fn answer(family: Family, &[tag, state, tracee]: &[u64; 3]) -> Option<u64> {
    // Asked of all alone; should the VM ask another, the slow way knows the answer.
    let is_of_all = matches!(family, [EventKind::Call, _, ..]);
    let is_so = if is_of_all && answer::is_trace_status(tag) {
        gate::is_alive(state)
    } else {
        let kind = family::kind_of(family, tag, tracee)?;
        if !board::is_wanted(kind) {
            return Some(if gate::is_floor(state) { answer::trace() } else { answer::discard() });
        }
        gate::is_open(state)
    };
    is_so.then(answer::trace)
}

/// Takes an event: emits it if it can be emitted as it is, leaves it to [`slow::take`] if not.
#[inline(always)]
pub(crate) fn take(family: Family, given: Given<'_>) -> u64 {
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
        _ => slow::take(family, given),
    }
}

/// As the VM calls what takes an event. That it cannot unwind lets one jump to the other.
type Take<'a> = extern "C" fn(CallEnv<'a>, &'a [u64; 5]) -> u64;

/// Takes an event with what `read` makes of it. An event that is to be timed is taken `again` meanwhile.
#[inline(always)]
fn emit<'a, E: WireEvent>(
    family: Family,
    given: Given<'a>,
    again: Take<'a>,
    read: impl FnOnce(&Block, Traced<'a>) -> Option<E>,
) -> u64 {
    if !board::is_enabled(E::KIND) || board::is_otp_enabled(E::KIND) {
        return slow::take(family, given);
    }
    let Some(block) = block::mine_already() else { return slow::take(family, given) };
    if block.is_to_be_timed(E::KIND) {
        return block.time(E::KIND, |(again, given)| again(given.env, given.words), (again, given));
    }
    let Some(event) = read(block, given.traced()) else { return slow::take(family, given) };
    block.enter();
    if !gate::is_open(given.state()) || !gate::spend_quickly(block, given.state()) {
        block.leave();
        return slow::take(family, given);
    }
    provider::emit(&event);
    block.count(E::KIND, Outcome::Emitted);
    block.leave();
    answer::discard()
}

#[inline(never)]
extern "C" fn call<'a>(env: CallEnv<'a>, words: &'a [u64; 5]) -> u64 {
    emit(family::DEFAULT, Given { env, words }, call, |block, traced| {
        traced.process_and_function(block).map(|(pid, function)| wire::Call { pid, function })
    })
}

#[inline(never)]
extern "C" fn return_from<'a>(env: CallEnv<'a>, words: &'a [u64; 5]) -> u64 {
    emit(family::DEFAULT, Given { env, words }, return_from, |block, traced| {
        traced.process_and_function(block).map(|(pid, function)| wire::ReturnFrom { pid, function })
    })
}

#[inline(never)]
extern "C" fn scheduled_in<'a>(env: CallEnv<'a>, words: &'a [u64; 5]) -> u64 {
    emit(family::RUNNING_PROCS, Given { env, words }, scheduled_in, |block, traced| {
        let (pid, function) = traced.process_and_function(block)?;
        Some(wire::In { pid, function, thread: block.thread_id() })
    })
}

#[inline(never)]
extern "C" fn scheduled_out<'a>(env: CallEnv<'a>, words: &'a [u64; 5]) -> u64 {
    emit(family::RUNNING_PROCS, Given { env, words }, scheduled_out, |block, traced| {
        let (pid, function) = traced.process_and_function(block)?;
        Some(wire::Out { pid, function, thread: block.thread_id() })
    })
}

/// From a process to a process.
#[inline(never)]
extern "C" fn send<'a>(env: CallEnv<'a>, words: &'a [u64; 5]) -> u64 {
    emit(family::DEFAULT, Given { env, words }, send, |block, Traced { env, tracee, term, options }| {
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
    emit(family::RECEIVE, Given { env, words }, receive, |block, traced| {
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
    emit(family::PROCS, Given { env, words }, spawn, |block, Traced { env, tracee, term, options }| {
        let (pid, parent) = (layout::pid(term)?, layout::pid(tracee)?);
        Some(wire::Spawn { pid, parent, function: initial(block, env, options)? })
    })
}

#[inline(never)]
extern "C" fn spawned<'a>(env: CallEnv<'a>, words: &'a [u64; 5]) -> u64 {
    emit(family::PROCS, Given { env, words }, spawned, |block, Traced { env, tracee, term, options }| {
        let (pid, parent) = (layout::pid(tracee)?, layout::pid(term)?);
        Some(wire::Spawned { pid, parent, function: initial(block, env, options)? })
    })
}

/// With the reason that most processes have.
#[inline(never)]
extern "C" fn exit<'a>(env: CallEnv<'a>, words: &'a [u64; 5]) -> u64 {
    emit(family::PROCS, Given { env, words }, exit, |_, Traced { tracee, term, .. }| {
        let pid = layout::pid(tracee)?;
        (term == term::atoms()?.normal).then_some(wire::Exit { pid, reason: c"normal".as_ptr() })
    })
}
