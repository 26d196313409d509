//! The session daemon.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use super::child::{DROP_TIMEOUT, Lifetime, Started, find_daemon};
use super::guard::is_orphaned;
use crate::call::Lttng;
use crate::deadline::Deadline;
use crate::error::{Error, Kind};
use crate::health;
use crate::process::{self, Identity};
use crate::run_directory::{find_process, pid_on_file};

/// LTTng's own variable for the path of its session daemon.
pub(crate) const SESSIOND_PATH: &str = "LTTNG_SESSIOND_PATH";

/// What lttng-sessiond says when it finds another's lock.
const ALREADY_RUNNING: &str = "already running";
/// When it did not answer.
const SILENT: &str = "whether it has started";

/// This process has started one before.
static HAS_STARTED: AtomicBool = AtomicBool::new(false);

/// A session daemon that answers.
pub struct Sessiond {
    ours: Option<Started>,
    /// This process had started none before.
    is_first: bool,
    /// The daemon and its consumer daemons, when it came to rest.
    at_rest: Vec<Identity>,
}

/// Finds the session daemon that liblttng-ctl talks to, or starts one when none answers.
///
/// As root that is the system's, in `/var/run/lttng`; else the system's for members of the group `tracing`, or the
/// user's own in `$LTTNG_HOME/.lttng` (`$HOME/.lttng` without it). A daemon that we start traces user space only.
///
/// # Errors
///
/// Returns an error for which [`Error::is_no_sessiond`] is true when none answers and none can be started (the program
/// is missing, or it ended with a reason, which the error repeats); [`Error::is_timeout`] when it did not answer in
/// time, in which case it is ended again, or when the daemon of a process that has ended is still there. Where a guard was wanted and cannot be had the daemon is started without.
pub fn ensure(lttng: &Lttng, lifetime: Lifetime, within: Duration) -> Result<Sessiond, Error> {
    let deadline = Deadline::after(within);
    let mut is_first = None;
    let mut in_the_way = None;
    let found = deadline.poll(|| {
        if lttng.is_sessiond_alive(deadline.remaining())? {
            in_the_way = leaving();
            return Ok(in_the_way.is_none().then(Sessiond::others));
        }
        in_the_way = None;
        let is_first = *is_first.get_or_insert_with(|| !HAS_STARTED.swap(true, Relaxed));
        let program = find_daemon(SESSIOND_PATH, "lttng-sessiond").ok_or(Kind::NoSessiondProgram)?;
        let is_guarded = matches!(lifetime, Lifetime::Guarded { .. });
        let begin = |lifetime| start(lttng, &program, lifetime, is_first, deadline);
        match begin(lifetime.clone()) {
            Err(error) if is_guarded && !error.is_timeout() => begin(Lifetime::WithProcess),
            result => result,
        }
    })?;
    found.ok_or_else(|| match in_the_way {
        Some(pid) => Kind::SessiondLeaving { pid, within }.into(),
        None => Error::timeout(SILENT, within),
    })
}

/// Starts one; `None` when another has the lock and none answers: that one is on its way in, or on its way out.
fn start(
    lttng: &Lttng,
    program: &Path,
    lifetime: Lifetime,
    is_first: bool,
    deadline: Deadline,
) -> Result<Option<Sessiond>, Error> {
    let started = Started::spawn(lttng, program, &["--no-kernel".into()], lifetime, deadline)?;
    let mut sessiond = Sessiond { ours: Some(started), is_first, at_rest: Vec::new() };
    let beginning = deadline.poll(|| {
        let has_ended = sessiond.has_ended();
        if !lttng.is_sessiond_alive(deadline.remaining())? {
            return Ok(match has_ended {
                true if sessiond.last_word().contains(ALREADY_RUNNING) => Some(Beginning::Beaten),
                true => Some(Beginning::Failed),
                false => None,
            });
        }
        Ok(match pid_on_file() {
            // Two processes may start one at the same time: the second daemon sees the first, and ends.
            _ if has_ended => Some(Beginning::Beaten),
            Some(pid) if Some(pid) != sessiond.started_by_us() => None,
            _ => Some(Beginning::Ours),
        })
    });
    match beginning {
        Ok(Some(Beginning::Ours)) => Ok(Some(sessiond)),
        Ok(Some(Beginning::Beaten)) => Ok(None),
        Ok(Some(Beginning::Failed)) => Err(Kind::SessiondFailed { reason: sessiond.last_word() }.into()),
        Ok(None) | Err(_) => {
            // That it did not answer is what there is to tell, and the time is over.
            if let Some(started) = sessiond.ours.take() {
                started.end_behind();
            }
            Err(Error::timeout(SILENT, deadline.within()))
        }
    }
}

/// The daemon that answers, when it was started for a process that has ended: its guard ends it as soon as the flight
/// recorders are written.
fn leaving() -> Option<u32> {
    let daemon = find_process()?.pid;
    process::parent(daemon).is_some_and(is_orphaned).then_some(daemon)
}

/// What became of a daemon that we started.
enum Beginning {
    Ours,
    /// It has ended: another has the lock.
    Beaten,
    Failed,
}

impl Sessiond {
    fn others() -> Self {
        Self { ours: None, is_first: false, at_rest: Vec::new() }
    }

    /// The id of the daemon that we started; `None` when it was there before us.
    pub fn started_by_us(&self) -> Option<u32> {
        self.ours.as_ref().map(Started::pid)
    }

    /// To be called when nobody has a session in it any more: whether it had better stay for whoever comes next.
    ///
    /// True for every daemon of ours but the first: liblttng-ust comes 5 s late to every second one that it has to wait for,
    /// and it waits for none before the second. False without a consumer daemon: it could not be trusted to record.
    pub fn rest(&mut self) -> bool {
        let Some(pid) = self.started_by_us().filter(|_| !self.is_first) else { return false };
        let consumers = health::consumers(pid);
        let may_stay = !consumers.is_empty();
        self.at_rest = Identity::of(pid).into_iter().chain(consumers).collect();
        may_stay
    }

    /// Whether a daemon that [rests](Sessiond::rest) can serve again: all of it still runs, and none stands still.
    pub fn is_fit(&mut self) -> bool {
        let runs = |daemon: &Identity| daemon.is_alive() && !process::is_stopped(daemon.pid);
        !self.has_ended() && self.at_rest.iter().all(runs)
    }

    /// Ends the daemon if we started it, with the consumer daemons it started; leaves another's alone.
    ///
    /// Orderly first; a daemon that does not end (because it is stopped) is killed after a part of the time.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_timeout`] is true when it could not even be killed in time.
    pub fn stop(mut self, within: Duration) -> Result<(), Error> {
        self.end(Deadline::after(within))
    }

    /// The daemon was ours and is no more.
    fn has_ended(&mut self) -> bool {
        self.ours.as_mut().is_some_and(Started::has_ended)
    }

    fn last_word(&mut self) -> String {
        self.ours.as_mut().map(Started::last_word).unwrap_or_default()
    }

    fn end(&mut self, deadline: Deadline) -> Result<(), Error> {
        match self.ours.take() {
            Some(started) => started.end(deadline),
            None => Ok(()),
        }
    }
}

impl Drop for Sessiond {
    fn drop(&mut self) {
        if self.ours.as_ref().is_some_and(Started::is_bound) {
            // Nobody is left to be told; the kernel ends it with this process at the latest.
            let _ = self.end(Deadline::after(DROP_TIMEOUT));
        }
    }
}
