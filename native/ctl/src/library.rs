//! What can be asked of the library without a session of one's own.

use std::time::Duration;

use crate::audience::{self, Listener};
use crate::call::Lttng;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::host::{Host, nearest_existing};
use crate::plan::Plan;
use crate::run_directory::is_daemon_stopped;
use crate::session::Session;
use crate::unsettled;

impl Lttng {
    /// Makes the session that the plan describes; nothing is recorded before [`Session::start`].
    ///
    /// When any step fails, what was made before is destroyed again.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_bad_plan`], [`Error::is_shm_too_small`] or [`Error::is_output_full`] is true
    /// before the daemon is asked for anything; [`Error::is_no_sessiond`], [`Error::is_session_exists`],
    /// [`Error::is_timeout`], … after.
    pub fn open(&self, plan: &Plan, within: Duration) -> Result<Session, Error> {
        let host = Host::look(nearest_existing(plan.shm()))?;
        let steps = plan.steps(&host)?;
        plan.check_room()?;
        let deadline = Deadline::after(within);
        unsettled::settle(self, deadline)?;
        Session::make(self.clone(), plan, steps, deadline)
    }

    /// Lists the sessions that have an event of one of the providers enabled, by name or pattern, and do not leave this
    /// process out: recording or not, ours and everybody else's of the same daemon.
    ///
    /// # Errors
    ///
    /// As [`Lttng::sessions`]. A daemon that is seen to stand still is not asked: it would have to answer later.
    pub fn audience(&self, providers: &[&str], within: Duration) -> Result<Vec<Listener>, Error> {
        const WHAT: &str = "who records an event";
        if is_daemon_stopped() {
            return Err(Error::timeout(WHAT, Duration::ZERO));
        }
        let providers: Vec<String> = providers.iter().map(|name| (*name).to_owned()).collect();
        let vpid = std::process::id().cast_signed();
        self.call(WHAT, Deadline::after(within), move |functions| audience::list(functions, &providers, vpid))
    }

    /// Destroys a session by name, waiting until its data is written.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_no_such_session`] is true when there is none of this name.
    pub fn destroy(&self, name: &str, within: Duration) -> Result<(), Error> {
        unsettled::destroy(self, name, Deadline::after(within))
    }
}
