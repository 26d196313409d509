//! The session daemon that this VM started, if it did, shared by all its recordings, and kept a while for the next.

use beamtap_ctl::{DEFAULT_TIMEOUT, Error, Lttng, daemons};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// Between two looks at a daemon that is being ended.
const PAUSE: Duration = Duration::from_millis(5);
/// How long the daemon may take to say who else records; one that does not say so is ended.
const QUESTION: Duration = Duration::from_secs(2);
/// How long one that was kept, and can record no more, may take to end when it is needed.
const CLEARING: Duration = Duration::from_secs(1);

/// A session daemon that was started here.
struct Own {
    daemon: daemons::Sessiond,
    /// Nobody has used it since: then it is to end. A thread waits for that as long as this is said.
    kept_until: Option<Instant>,
}

/// Locked while it is being ended: whoever begins meanwhile is not to find one that is about to go.
static OWN: Mutex<Option<Own>> = Mutex::new(None);
/// It is kept no more, or longer.
static CHANGED: Condvar = Condvar::new();
/// Recordings that are in some daemon, or are just being made.
static USERS: AtomicUsize = AtomicUsize::new(0);
/// How many milliseconds a daemon that nobody uses stays; 0 while no recording is expected to come.
static KEEP_MS: AtomicU64 = AtomicU64::new(0);

/// Stands for one recording: the daemon stays as long as there is any.
pub(super) struct User(());

impl User {
    /// From now on no daemon ends; one that is just being ended is waited for. What nobody uses any more is kept for so
    /// many milliseconds where whoever comes next would have to wait for another.
    pub(super) fn new(keep_ms: u64, end: Instant) -> Self {
        USERS.fetch_add(1, SeqCst);
        let user = Self(());
        KEEP_MS.store(keep_ms, SeqCst);
        if let Some(mut own) = await_quiet(end) {
            take_up(&mut own);
        }
        user
    }

    /// Finds the daemon; where none answers, starts one if it is said how long that may live.
    pub(super) fn find_daemon(
        &self,
        lttng: &Lttng,
        lifetime: Option<daemons::Lifetime>,
        within: Duration,
    ) -> Result<(), Error> {
        let Some(lifetime) = lifetime else { return lttng.sessions(within).map(drop) };
        let found = daemons::ensure(lttng, lifetime, within)?;
        if found.started_by_us().is_some() {
            // One that was there before has ended, or this one could not have begun.
            *lock() = Some(Own { daemon: found, kept_until: None });
        }
        Ok(())
    }

    /// Ends the daemon if it was started here and nobody has a session in it any more, now or after a while. It ends with
    /// this process at the latest.
    pub(super) fn leave(self, within: Duration) -> Result<(), Error> {
        drop(self);
        let mut own = lock();
        match use_of(own.as_ref()) {
            Use::Free if own.as_mut().is_some_and(Own::keep) => Ok(()),
            Use::Free | Use::Unknown => end_now(&mut own, within),
            Use::Taken => Ok(()),
        }
    }
}

/// Ends the daemon that was started here unless somebody has a session in it, and keeps none any more for those that
/// come next, until the next one has come.
pub(super) fn dismiss(within: Duration) -> Result<(), Error> {
    KEEP_MS.store(0, SeqCst);
    let mut own = lock();
    match use_of(own.as_ref()) {
        Use::Free | Use::Unknown => end_now(&mut own, within),
        Use::Taken => Ok(()),
    }
}

/// Whether the session daemon of this id was started here.
pub(super) fn is_own(pid: u32) -> bool {
    lock().as_ref().is_some_and(|own| own.daemon.started_by_us() == Some(pid))
}

/// Ends the session daemon of this id if it was started here, with everything in it.
pub(super) fn end(pid: u32, within: Duration) -> Result<(), Error> {
    let mut own = lock();
    if own.as_ref().is_some_and(|own| own.daemon.started_by_us() == Some(pid)) {
        end_now(&mut own, within)
    } else {
        Ok(())
    }
}

impl Own {
    /// Has it end by itself when nobody has come for it. Answers whether that is so: it is not worth while, or there
    /// is no thread to see to it.
    fn keep(&mut self) -> bool {
        let keep = Duration::from_millis(KEEP_MS.load(SeqCst));
        if keep.is_zero() || !self.daemon.rest() {
            return false;
        }
        let is_attended = std::thread::Builder::new().name("beamtap-keep".into()).spawn(attend).is_ok();
        self.kept_until = is_attended.then(|| Instant::now() + keep);
        is_attended
    }
}

/// Waits until the daemon has been kept long enough, and ends it.
fn attend() {
    let mut own = lock();
    loop {
        let Some(until) = own.as_ref().and_then(|own| own.kept_until) else { return };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        own = CHANGED.wait_timeout(own, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    if let Use::Free | Use::Unknown = use_of(own.as_ref()) {
        // Nobody is left to be told.
        let _ = end_now(&mut own, DEFAULT_TIMEOUT);
    } else if let Some(own) = own.as_mut() {
        own.kept_until = None;
    }
}

/// Whether anybody uses the daemon that was started here, ourselves or others.
enum Use {
    Taken,
    Free,
    /// It does not say, or there is none.
    Unknown,
}

fn use_of(own: Option<&Own>) -> Use {
    if USERS.load(SeqCst) > 0 {
        return Use::Taken;
    }
    let Some(_) = own else { return Use::Unknown };
    let others = Lttng::load().and_then(|lttng| lttng.sessions(QUESTION));
    match others {
        // Somebody may have come meanwhile.
        _ if USERS.load(SeqCst) > 0 => Use::Taken,
        Ok(sessions) if sessions.is_empty() => Use::Free,
        Ok(_) => Use::Taken,
        Err(_) => Use::Unknown,
    }
}

fn end_now(own: &mut Option<Own>, within: Duration) -> Result<(), Error> {
    let ended = own.take().map_or(Ok(()), |own| own.daemon.stop(within));
    // Nothing is kept any more.
    CHANGED.notify_all();
    ended
}

/// A daemon that was kept is in use again. One that has lost a part of itself meanwhile, or stands still, ends: it would
/// be found all the same.
fn take_up(own: &mut Option<Own>) {
    let Some(kept) = own.as_mut() else { return };
    if kept.kept_until.take().is_none() {
        return;
    }
    CHANGED.notify_all();
    if !kept.daemon.is_fit() {
        // Where it cannot be ended whoever comes now is told by what they find.
        let _ = end_now(own, CLEARING);
    }
}

impl Drop for User {
    fn drop(&mut self) {
        USERS.fetch_sub(1, SeqCst);
    }
}

fn lock() -> MutexGuard<'static, Option<Own>> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until no daemon is being ended.
fn await_quiet(end: Instant) -> Option<MutexGuard<'static, Option<Own>>> {
    loop {
        match OWN.try_lock() {
            Ok(own) => return Some(own),
            Err(TryLockError::Poisoned(own)) => return Some(own.into_inner()),
            Err(TryLockError::WouldBlock) if Instant::now() < end => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return None,
        }
    }
}
