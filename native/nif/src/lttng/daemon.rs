//! The session daemon that this VM started, if it did, shared by all its recordings.

use beamtap_ctl::{Error, Lttng, daemons};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// Between two looks at a daemon that is being ended.
const PAUSE: Duration = Duration::from_millis(5);
/// How long the daemon may take to say who else records; one that does not say so is ended.
const QUESTION: Duration = Duration::from_secs(2);

/// Locked while it is being ended: whoever begins meanwhile is not to find one that is about to go.
static OWN: Mutex<Option<daemons::Sessiond>> = Mutex::new(None);
/// Recordings that are in some daemon, or are just being made.
static USERS: AtomicUsize = AtomicUsize::new(0);

/// Stands for one recording: the daemon stays as long as there is any.
pub(super) struct User(());

impl User {
    /// Finds the daemon; where none answers, starts one if it is said how long that may live.
    pub(super) fn new(
        lttng: &Lttng,
        lifetime: Option<daemons::Lifetime>,
        within: Duration,
    ) -> Result<Self, Error> {
        let end = Instant::now() + within;
        USERS.fetch_add(1, SeqCst);
        let user = Self(());
        await_quiet(end);
        let left = end.saturating_duration_since(Instant::now());
        let Some(lifetime) = lifetime else { return lttng.sessions(left).map(|_| user) };
        let found = daemons::ensure(lttng, lifetime, left)?;
        if found.started_by_us().is_some() {
            // One that was there before has ended, or this one could not have begun.
            *lock() = Some(found);
        }
        Ok(user)
    }

    /// Ends the daemon if it was started here and nobody has a session in it any more. It ends with this process at the
    /// latest.
    pub(super) fn leave(self, within: Duration) -> Result<(), Error> {
        drop(self);
        let mut own = lock();
        if own.is_none() || USERS.load(SeqCst) > 0 {
            return Ok(());
        }
        let others = Lttng::load().and_then(|lttng| lttng.sessions(QUESTION));
        if others.is_ok_and(|sessions| !sessions.is_empty()) || USERS.load(SeqCst) > 0 {
            return Ok(());
        }
        own.take().map_or(Ok(()), |daemon| daemon.stop(within))
    }
}

/// Whether the session daemon of this id was started here.
pub(super) fn is_own(pid: u32) -> bool {
    lock().as_ref().and_then(daemons::Sessiond::started_by_us) == Some(pid)
}

/// Ends the session daemon of this id if it was started here, with everything in it.
pub(super) fn end(pid: u32, within: Duration) -> Result<(), Error> {
    let mut own = lock();
    match own.take_if(|daemon| daemon.started_by_us() == Some(pid)) {
        Some(daemon) => daemon.stop(within),
        None => Ok(()),
    }
}

impl Drop for User {
    fn drop(&mut self) {
        USERS.fetch_sub(1, SeqCst);
    }
}

fn lock() -> MutexGuard<'static, Option<daemons::Sessiond>> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until no daemon is being ended.
fn await_quiet(end: Instant) {
    while matches!(OWN.try_lock(), Err(TryLockError::WouldBlock)) && Instant::now() < end {
        std::thread::sleep(PAUSE);
    }
}
