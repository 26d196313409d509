//! The ticker: a native thread that keeps taps within their time and rate and tells their sessions of every trip.
//!
//! It wakes every few milliseconds while a tap is watched or bound in time, else twice a second, to see whether a session
//! of somebody else's lacks definitions. It keeps the tracer path free of
//! clocks and messages.

use crate::atoms::trip_atom;
use crate::clock::monotonic_ns;
use crate::definitions;
use crate::gate::{Trip, tap};
use rustler::{Atom, LocalPid, OwnedEnv};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often it is looked whether definitions are missing while nothing else is to be looked at.
const IDLE_TICK: Duration = Duration::from_millis(500);
/// How often deadlines and trips are looked at: half of the 10 ms within which a limit takes effect.
const TICK: Duration = Duration::from_millis(5);

struct Watch {
    token: u64,
    session: LocalPid,
}

struct Watched {
    list: Vec<Watch>,
    /// Who has definitions dumped.
    listener: Option<LocalPid>,
    is_running: bool,
}

static WATCHED: Mutex<Watched> = Mutex::new(Watched { list: Vec::new(), listener: None, is_running: false });
static CHANGED: Condvar = Condvar::new();

fn watched() -> MutexGuard<'static, Watched> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Watches over the tap: `session` gets `{beamtap_tripped, Token, Reason}` when it trips. Answers whether the ticker
/// runs.
pub(crate) fn watch(token: u64, session: LocalPid) -> bool {
    let mut watched = watched();
    let is_running = watched.run();
    // A session that was killed on its way here may have been cleaned up after already.
    if is_running && tap::state(token).is_some() {
        watched.list.push(Watch { token, session });
    }
    is_running
}

/// Sees to it that the ticker runs and looks at the taps as they are now. Answers whether it does; without it no tap
/// bound in time may be armed.
pub(crate) fn wake() -> bool {
    watched().run()
}

impl Watched {
    fn run(&mut self) -> bool {
        if !self.is_running {
            let started = std::thread::Builder::new().name("beamtap-ticker".into()).spawn(run);
            self.is_running = started.is_ok();
        }
        CHANGED.notify_one();
        self.is_running
    }
}

/// `listener`, if there is one, gets `beamtap_definitions_missing` whenever they are. Answers whether the ticker runs.
pub(crate) fn listen(listener: Option<LocalPid>) -> bool {
    let mut watched = watched();
    watched.listener = listener;
    watched.run()
}

/// Forgets the tap.
pub(crate) fn unwatch(token: u64) {
    watched().list.retain(|watch| watch.token != token);
}

fn run() {
    let mut watched = watched();
    loop {
        if watched.list.is_empty() && !tap::needs_ticks() {
            // A tap's recording sees to its own definitions.
            if let Some(listener) = watched.listener.filter(|_| definitions::are_missing()) {
                // One that is gone needs no telling.
                let _ = OwnedEnv::new()
                    .send_and_clear(&listener, |env| Atom::from_str(env, "beamtap_definitions_missing").ok());
            }
            watched = match watched.listener {
                Some(_) => CHANGED.wait_timeout(watched, IDLE_TICK).unwrap_or_else(PoisonError::into_inner).0,
                None => CHANGED.wait(watched).unwrap_or_else(PoisonError::into_inner),
            };
            continue;
        }
        let tripped = tap::tick(monotonic_ns());
        let told: Vec<(u64, LocalPid, Trip)> = watched
            .list
            .iter()
            .filter_map(|watch| {
                let &(token, reason) = tripped.iter().find(|(token, _)| *token == watch.token)?;
                Some((token, watch.session, reason))
            })
            .collect();
        watched.list.retain(|watch| !told.iter().any(|(token, _, _)| *token == watch.token));
        for (token, session, reason) in told {
            tell(token, session, reason);
        }
        watched = CHANGED.wait_timeout(watched, TICK).unwrap_or_else(PoisonError::into_inner).0;
    }
}

fn tell(token: u64, session: LocalPid, reason: Trip) {
    // A session that is gone needs no telling.
    let _ = OwnedEnv::new().send_and_clear(&session, |env| {
        let tag = Atom::from_str(env, "beamtap_tripped").ok();
        (tag, token, trip_atom(reason))
    });
}
