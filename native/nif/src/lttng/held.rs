//! What one recording holds of LTTng, and how it is let go: never on its caller's time alone.

use super::daemon::User;
use super::terms::{ModeTerms, PlanTerms};
use beamtap_ctl::{DEFAULT_TIMEOUT, Error, Lttng, Mode, Session, daemons};
use rustler::NifResult;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How long viewers of a live session may take to read its end before its relay daemon ends.
const VIEWERS_TIMEOUT: Duration = Duration::from_secs(2);

/// A session with the daemons that were started for it.
pub(super) struct Held {
    pub(super) session: Session,
    pub(super) relayd: Option<daemons::Relayd>,
    user: User,
}

impl Held {
    /// Finds or starts the daemons and makes the session.
    pub(super) fn open(terms: &PlanTerms, within: Duration) -> NifResult<Result<Self, Error>> {
        // Said before anything is started.
        let _ = terms.plan(Mode::local("/"))?;
        let lifetime = terms.may_start.then(|| terms.lifetime()).transpose()?;
        let end = Instant::now() + within;
        let left = || end.saturating_duration_since(Instant::now());
        let lttng = match Lttng::load() {
            Ok(lttng) => lttng,
            Err(error) => return Ok(Err(error)),
        };
        let user = User::new(terms.keep_daemon_ms, end);
        let started = user.find_daemon(&lttng, lifetime, left()).and_then(|()| match &terms.mode {
            ModeTerms::Of(mode) => Ok((mode.clone(), None)),
            ModeTerms::OwnRelayd { output, interval } => {
                let lifetime = daemons::Lifetime::WithProcess;
                let relayd = daemons::start_relayd(&lttng, output, lifetime, left())?;
                Ok((Mode::Live { url: relayd.url(), interval: *interval }, Some(relayd)))
            }
        });
        let (mode, relayd) = match started {
            Ok(started) => started,
            Err(error) => {
                // The error that stopped it is the one to tell.
                let _ = Ending::of(move || end_daemons(None, user)).wait(left());
                return Ok(Err(error));
            }
        };
        let plan = terms.plan(mode)?;
        Ok(match lttng.open(&plan, left()) {
            Ok(session) => Ok(Self { session, relayd, user }),
            Err(error) => {
                // The error that stopped the session is the one to tell.
                let _ = Ending::of(move || end_daemons(relayd, user)).wait(left());
                Err(error)
            }
        })
    }

    /// Ends the session, then the daemons if they were started for it, on a thread of its own: talking to a daemon may
    /// take seconds, and the caller may be a scheduler.
    pub(super) fn end(self) -> Ending {
        let Self { session, relayd, user } = self;
        Ending::of(move || {
            let destroyed = session.destroy(DEFAULT_TIMEOUT);
            end_daemons(relayd, user).and(destroyed)
        })
    }
}

/// The session must have ended: it sends to the relay daemon.
fn end_daemons(relayd: Option<daemons::Relayd>, user: User) -> Result<(), Error> {
    let relayd = relayd.map_or(Ok(()), |relayd| {
        relayd.await_viewers(VIEWERS_TIMEOUT);
        relayd.stop(DEFAULT_TIMEOUT)
    });
    user.leave(DEFAULT_TIMEOUT).and(relayd)
}

/// Something that ends by itself, whether or not anybody waits for it.
pub(super) struct Ending(Receiver<Result<(), Error>>);

impl Ending {
    fn of(act: impl FnOnce() -> Result<(), Error> + Send + 'static) -> Self {
        let (send, receive) = mpsc::sync_channel(1);
        // Without a thread what `act` holds is dropped here, which ends it all the same, only slower.
        let _ = std::thread::Builder::new().name("beamtap-close".into()).spawn(move || {
            // Whoever waited may have left.
            let _ = send.send(act());
        });
        Self(receive)
    }

    /// How it ended; `None` when it has not by then.
    pub(super) fn wait(&self, within: Duration) -> Option<Result<(), Error>> {
        match self.0.recv_timeout(within) {
            Ok(result) => Some(result),
            Err(RecvTimeoutError::Disconnected) => Some(Ok(())),
            Err(RecvTimeoutError::Timeout) => None,
        }
    }
}
