//! The NIFs that open, arm, hold and close taps: what Erlang says of limits, for the gate.

use crate::atoms::{self, trip_atom};
use crate::gate::{self, Trip, tap};
use crate::layout;
use crate::payload::{Payload, Payloads};
use crate::ticker;
use rustler::{
    Atom, Decoder, Encoder, Env, Error, LocalPid, Monitor, NifMap, NifResult, Resource, ResourceArc, Term,
};
use std::sync::{Mutex, PoisonError};

/// Makes the owners' monitors known to the VM. Called once, at load; answers whether that came true.
pub(crate) fn register(env: Env) -> bool {
    env.register::<Owner>().is_ok()
}

/// Monitors a tap's owner: its death disarms the tap at once, whatever the Erlang side does.
struct Owner {
    token: u64,
    owner: LocalPid,
    monitor: Mutex<Option<Monitor>>,
}

impl Resource for Owner {
    const IMPLEMENTS_DOWN: bool = true;

    fn down<'a>(&'a self, _env: Env<'a>, _pid: LocalPid, _monitor: Monitor) {
        gate::trip(layout::small(self.token), Trip::Owner);
    }
}

/// The owners of open taps; a resource lives, and so its monitor, as long as it stands here.
static OWNERS: Mutex<Vec<ResourceArc<Owner>>> = Mutex::new(Vec::new());

struct Limit(Option<u64>);

impl<'a> Decoder<'a> for Limit {
    fn decode(term: Term<'a>) -> NifResult<Self> {
        if term.decode::<Atom>().is_ok_and(|atom| atom == atoms::infinity()) {
            return Ok(Limit(None));
        }
        term.decode().map(|limit| Limit(Some(limit)))
    }
}

impl<'a> Decoder<'a> for Payload {
    fn decode(term: Term<'a>) -> NifResult<Self> {
        if let Ok(atom) = term.decode::<Atom>() {
            return match atom {
                atom if atom == atoms::none() => Ok(Payload::None),
                atom if atom == atoms::size() => Ok(Payload::Size),
                _ => Err(Error::BadArg),
            };
        }
        match term.decode::<(Atom, u16)>()? {
            (atom, bytes) if atom == atoms::text() => Ok(Payload::Text(bytes)),
            _ => Err(Error::BadArg),
        }
    }
}

impl<'a> Decoder<'a> for Payloads {
    fn decode(term: Term<'a>) -> NifResult<Self> {
        let (arguments, return_values, messages, exit_reasons) = term.decode()?;
        Ok(Payloads::new([arguments, return_values, messages, exit_reasons]))
    }
}

#[rustler::nif]
fn tap_open<'a>(env: Env<'a>, owner: LocalPid, limits: Term<'a>) -> NifResult<Term<'a>> {
    let Limit(events) = limits.map_get(atoms::events())?.decode()?;
    let Limit(deadline_ms) = limits.map_get(atoms::deadline_ms())?.decode()?;
    // Left out, it is no limit.
    let Limit(events_per_second) = match limits.map_get(atoms::events_per_second()) {
        Ok(limit) => limit.decode()?,
        Err(_) => Limit(None),
    };
    // Left out, nothing is said of what events carry.
    let payloads = match limits.map_get(atoms::payloads()) {
        Ok(payloads) => payloads.decode()?,
        Err(_) => Payloads::NONE,
    };
    let limits = tap::Limits {
        events: events.unwrap_or(tap::UNLIMITED).min(tap::UNLIMITED),
        events_per_second: events_per_second.map(|rate| rate.clamp(1, tap::UNLIMITED)),
        duration_ns: deadline_ms.map(|ms| ms.saturating_mul(1_000_000)),
        payloads,
    };
    let Some(token) = tap::open(limits) else {
        return Ok((atoms::error(), atoms::no_slot()).encode(env));
    };
    let resource = ResourceArc::new(Owner { token, owner, monitor: Mutex::new(None) });
    match env.monitor(&resource, &owner) {
        Some(monitor) => *resource.monitor.lock().unwrap_or_else(PoisonError::into_inner) = Some(monitor),
        // Dead already.
        None => gate::trip(layout::small(token), Trip::Owner),
    }
    OWNERS.lock().unwrap_or_else(PoisonError::into_inner).push(resource);
    Ok((atoms::ok(), token).encode(env))
}

/// The taps that this process has opened and nobody has closed.
#[rustler::nif]
fn taps_of(owner: LocalPid) -> Vec<u64> {
    let owners = OWNERS.lock().unwrap_or_else(PoisonError::into_inner);
    owners.iter().filter(|known| known.owner == owner).map(|known| known.token).collect()
}

/// On a dirty scheduler: the first tap's makes a thread.
#[rustler::nif(schedule = "DirtyIo")]
fn tap_watch<'a>(env: Env<'a>, token: u64, session: LocalPid) -> Term<'a> {
    if ticker::watch(token, session) {
        atoms::ok().encode(env)
    } else {
        (atoms::error(), atoms::no_guard()).encode(env)
    }
}

#[rustler::nif]
fn tap_arm(env: Env, token: u64) -> Term {
    if !tap::arm(token) {
        return (atoms::error(), atoms::no_tap()).encode(env);
    }
    if !ticker::wake() && tap::needs_ticks() {
        tap::disarm(token);
        return (atoms::error(), atoms::no_guard()).encode(env);
    }
    atoms::ok().encode(env)
}

#[rustler::nif]
fn tap_clock(token: u64) -> Atom {
    tap::clock(token);
    atoms::ok()
}

/// `ok`, or `{error, not_quiet}` when a callback did not end in time and may still emit.
fn quiet(env: Env, is_quiet: bool) -> Term {
    if is_quiet { atoms::ok().encode(env) } else { (atoms::error(), atoms::not_quiet()).encode(env) }
}

#[rustler::nif(schedule = "DirtyIo")]
fn tap_disarm(env: Env, token: u64) -> Term {
    quiet(env, tap::disarm(token))
}

#[rustler::nif(schedule = "DirtyIo")]
fn tap_close(env: Env, token: u64) -> Atom {
    tap::close(token);
    ticker::unwatch(token);
    let closed: Vec<_> = {
        let mut owners = OWNERS.lock().unwrap_or_else(PoisonError::into_inner);
        owners.extract_if(.., |owner| owner.token == token).collect()
    };
    for owner in closed {
        if let Some(monitor) = owner.monitor.lock().unwrap_or_else(PoisonError::into_inner).take() {
            env.demonitor(&owner, &monitor);
        }
    }
    atoms::ok()
}

#[derive(NifMap)]
struct TapInfo {
    state: Atom,
    reason: Atom,
    emitted: u64,
}

#[rustler::nif]
fn tap_info(env: Env, token: u64) -> Term {
    let Some(known) = tap::state(token) else {
        return (atoms::error(), atoms::no_tap()).encode(env);
    };
    let state = match known.trip {
        Trip::None if known.is_armed => atoms::armed(),
        Trip::None => atoms::idle(),
        _ => atoms::tripped(),
    };
    TapInfo { state, reason: trip_atom(known.trip), emitted: known.emitted }.encode(env)
}

#[rustler::nif(schedule = "DirtyIo")]
fn hold(env: Env, token: u64) -> Term {
    quiet(env, tap::hold(token))
}

#[rustler::nif]
fn release(token: u64) -> Atom {
    tap::release(token);
    atoms::ok()
}
