//! A recording session of ours: made from a plan, destroyed with its value.

use std::ffi::{CStr, c_int};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::call::{HANDLE_TIMEOUT, Lttng, c_string, checked};
use crate::channel::{OnFull, Rule};
use crate::deadline::Deadline;
use crate::error::{Error, Kind};
use crate::health::Daemons;
use crate::losses::{ChannelLosses, Losses, list_losses};
use crate::mode::{Mode, Output};
use crate::plan::Plan;
use crate::requests::{self, with_handle};
use crate::rotation;
use crate::snapshot;
use crate::step::Step;
use crate::sys::{self, Functions};
use crate::unsettled;

/// How long dropping a session waits for the daemon before it leaves the session to the next [`Lttng::open`].
const DROP_TIMEOUT: Duration = Duration::from_secs(3);

/// The share of the time given that waiting for the consumer may take.
const DRAIN_SHARE: f64 = 0.8;

/// A session that this process made. Dropping it destroys it; what was recorded stays.
pub struct Session {
    lttng: Lttng,
    plan: Plan,
    is_active: bool,
    is_destroyed: bool,
    /// Those it began to record with.
    daemons: Option<Daemons>,
}

impl Session {
    /// Carries the steps out; an error undoes what was done.
    pub(crate) fn make(
        lttng: Lttng,
        plan: &Plan,
        steps: Vec<Step>,
        deadline: Deadline,
    ) -> Result<Self, Error> {
        let mut session =
            Self { lttng, plan: plan.clone(), is_active: false, is_destroyed: true, daemons: None };
        for step in steps {
            match session.take(step, deadline) {
                Ok(()) => session.is_destroyed = false,
                Err(error) => return Err(session.abandon(error)),
            }
        }
        Ok(session)
    }

    /// Ends a session that is half made. A daemon that did not answer is not asked again: the time is over.
    fn abandon(mut self, error: Error) -> Error {
        if error.is_timeout() && !self.is_destroyed {
            self.is_destroyed = true;
            unsettled::leave(&self.lttng, self.plan.name());
        }
        error
    }

    /// The session's name, under which `lttng list` shows it.
    pub fn name(&self) -> &str {
        self.plan.name()
    }

    /// The plan it was made from.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The directory its trace is in, or its snapshots; `None` when the session does not write to this machine.
    pub fn path(&self) -> Option<&Path> {
        self.plan.mode().path()
    }

    /// The session records: between [`Session::start`] and [`Session::stop`].
    pub fn is_active(&self) -> bool {
        self.is_active
    }

    /// Begins to record. Success means that the daemon agreed, not that events arrive: LTTng says "started" also when
    /// it can make no buffers.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_output_unwritable`] is true when the session daemon cannot make the output
    /// directory; [`Error::is_no_such_session`] or [`Error::is_timeout`], among others.
    pub fn start(&mut self, within: Duration) -> Result<(), Error> {
        self.run(Deadline::after(within))?;
        self.daemons = Some(Daemons::look(self.plan.mode()));
        Ok(())
    }

    /// The session daemon that it began to record with: its id, and the name of the program that started it and still
    /// runs. `None` where that cannot be seen, in another pid namespace.
    pub fn sessiond(&self) -> Option<(u32, Option<String>)> {
        self.daemons.as_ref()?.sessiond()
    }

    /// Whether the daemons that the session began to record with still run, as far as they can be seen from this process,
    /// and whether they can write. Nobody is asked; takes microseconds.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_no_sessiond`], [`Error::is_no_consumer`] or [`Error::is_no_relayd`] is true
    /// when one died, [`Error::is_output_removed`] or [`Error::is_output_full`] when a directory of this machine takes
    /// nothing more. Nothing is recorded any more then, and never will be again by this session; for
    /// [`Error::is_consumer_stopped`] it will when the daemon goes on.
    pub fn check_daemons(&self) -> Result<(), Error> {
        self.daemons.as_ref().map_or(Ok(()), Daemons::check)?;
        self.check_output()
    }

    fn check_output(&self) -> Result<(), Error> {
        match self.plan.mode() {
            Mode::Streaming { output: Output::Local(path) } if !path.exists() => {
                Err(Kind::OutputRemoved { path: path.display().to_string() }.into())
            }
            _ => self.plan.check_room(),
        }
    }

    /// Whether the session records, in the session daemon's own words, where [`Session::start`] was the last thing we
    /// asked for.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_no_such_session`] or [`Error::is_session_stopped`] is true when somebody
    /// else ended it; [`Error::is_timeout`] when the daemon does not answer, which alone does not end the recording.
    pub fn check(&self, within: Duration) -> Result<(), Error> {
        self.check_daemons()?;
        let name = self.name();
        match self.lttng.sessions(within)?.into_iter().find(|session| session.name == name) {
            None => Err(Kind::NoSuchSession { name: name.to_owned() }.into()),
            Some(session) if self.is_active && !session.is_active => {
                Err(Kind::SessionStopped { name: name.to_owned() }.into())
            }
            Some(_) => Ok(()),
        }
    }

    /// Stops recording, waits until everything recorded is written, and says what was lost.
    ///
    /// The counts are exact when nobody emits any more at the time of the call: the caller's trace flags come off
    /// first. LTTng writes a stream's final count into the packet that a stop closes; when all sub-buffers are still
    /// unread at that moment there is no room for it and the count is lost. So the session, once drained, is started
    /// and stopped once more: each stream gets one more, empty, packet, which carries its count.
    ///
    /// # Errors
    ///
    /// Returns an error when the daemon cannot be asked. Data still unwritten at the deadline is no error:
    /// [`Losses::is_final`] is false then.
    pub fn stop(&mut self, within: Duration) -> Result<Losses, Error> {
        let deadline = Deadline::after(within);
        // The rest is for asking what was lost.
        let drain_by = Deadline::after(within.mul_f64(DRAIN_SHARE));
        let mut is_drained = true;
        if self.is_active {
            self.halt(deadline)?;
            is_drained = self.drain(drain_by, deadline)?;
            if is_drained && self.counts_discarded() {
                self.run(deadline)?;
                self.halt(deadline)?;
                is_drained = self.drain(drain_by, deadline)?;
            }
        }
        Ok(Losses { channels: self.count_losses(deadline)?, is_final: is_drained })
    }

    /// What is lost so far; while recording, the counts lag behind by what is not yet written.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_no_such_session`] or [`Error::is_timeout`] is true, among others.
    pub fn losses(&self, within: Duration) -> Result<Losses, Error> {
        let channels = self.count_losses(Deadline::after(within))?;
        Ok(Losses { channels, is_final: false })
    }

    /// Records more events into a channel of the session, also while it is running.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_bad_plan`] is true when the rule is not well formed.
    pub fn enable(&mut self, channel: &str, rule: &Rule, within: Duration) -> Result<(), Error> {
        rule.check(channel)?;
        let step = Step::EnableEvent { channel: channel.to_owned(), rule: rule.clone() };
        self.take(step, Deadline::after(within))
    }

    /// Records an event of a channel no more; `event` is the name or pattern it was enabled with.
    ///
    /// # Errors
    ///
    /// Returns an error with LTTng's code when it was not enabled under this name.
    pub fn disable(&mut self, channel: &str, event: &str, within: Duration) -> Result<(), Error> {
        let (channel, event, sharing) = (c_string(channel)?, c_string(event)?, self.plan.shared());
        self.ask("to disable an event", Deadline::after(within), move |functions, name| {
            with_handle(functions, name, sharing, |handle| {
                // SAFETY: the handle is valid in this closure, the strings are NUL terminated and outlive the call.
                let code = unsafe { (functions.disable_event)(handle, event.as_ptr(), channel.as_ptr()) };
                checked(functions, "lttng_disable_event", &event.to_string_lossy(), code).map(drop)
            })
        })
    }

    /// Writes what a flight recorder's buffers hold, in a directory of its own named after `label`, and returns that
    /// directory; `None` when snapshots go to a relay daemon. The session goes on recording meanwhile: at high rates
    /// the oldest packets may be overwritten while they are written.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_bad_plan`] is true when this is no snapshot session or the label no
    /// name, and one with LTTng's code when there is nothing in the buffers yet.
    pub fn snapshot(&self, label: &str, within: Duration) -> Result<Option<PathBuf>, Error> {
        let Mode::Snapshot { output } = self.plan.mode() else {
            return Err(Error::bad_plan(format!("session {} is not a snapshot session", self.name())));
        };
        let request = snapshot::Request::new(label, output)?;
        self.ask("for a snapshot", Deadline::after(within), move |functions, name| {
            snapshot::record(functions, name, &request)
        })
    }

    /// Closes the chunk being written and begins another; returns the directory of the closed one, a complete trace,
    /// or `None` when it is at a relay daemon.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_timeout`] is true when the chunk was not complete in time, and one with
    /// LTTng's code when the session cannot rotate now.
    pub fn rotate(&self, within: Duration) -> Result<Option<PathBuf>, Error> {
        const WHAT: &str = "to rotate the session";
        let deadline = Deadline::after(within);
        let handle = self.ask(WHAT, deadline, rotation::begin)?;
        let end = deadline
            .poll(|| self.ask(WHAT, deadline, move |functions, name| rotation::end(functions, name, handle)));
        // A busy thread costs us the handle's memory, not the answer.
        let _ = self.ask(WHAT, Deadline::after(HANDLE_TIMEOUT), move |functions, _| {
            rotation::free(functions, handle);
            Ok(())
        });
        end?.ok_or_else(|| Error::timeout(WHAT, deadline.within()))
    }

    /// Destroys the session, waiting until its data is written; what was recorded stays.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_timeout`] is true when the daemon did not finish in time; the session is
    /// then destroyed by the next [`Lttng::open`]. One that is gone already is no error.
    pub fn destroy(mut self, within: Duration) -> Result<(), Error> {
        self.destroy_by(Deadline::after(within))
    }

    fn destroy_by(&mut self, deadline: Deadline) -> Result<(), Error> {
        self.is_destroyed = true;
        match unsettled::destroy(&self.lttng, self.plan.name(), deadline) {
            Err(error) if error.is_no_such_session() => Ok(()),
            result => result,
        }
    }

    fn run(&mut self, deadline: Deadline) -> Result<(), Error> {
        const WHAT: &str = "to start tracing";
        let start = || {
            self.ask(WHAT, deadline, |functions, name| {
                // SAFETY: the name is NUL terminated and outlives the call.
                let code = unsafe { (functions.start_tracing)(name.as_ptr()) };
                unless(sys::ERR_TRACE_ALREADY_STARTED, functions, "lttng_start_tracing", name, code)
            })
        };
        let result = deadline.poll(|| match start() {
            // The schedule began one just before the session was stopped; it ends by itself.
            Err(error) if error.lttng_code() == Some(sys::ERR_ROTATION_PENDING) => Ok(None),
            result => result.map(Some),
        });
        let result = result.and_then(|done| done.ok_or_else(|| Error::timeout(WHAT, deadline.within())));
        // A daemon that did not answer in time may yet start it.
        self.is_active |= result.as_ref().map_or_else(Error::is_timeout, |()| true);
        result
    }

    fn halt(&mut self, deadline: Deadline) -> Result<(), Error> {
        self.ask("to stop tracing", deadline, |functions, name| {
            // SAFETY: the name is NUL terminated and outlives the call.
            let code = unsafe { (functions.stop_tracing_no_wait)(name.as_ptr()) };
            unless(sys::ERR_TRACE_ALREADY_STOPPED, functions, "lttng_stop_tracing_no_wait", name, code)
        })?;
        self.is_active = false;
        Ok(())
    }

    /// Waits until the consumer has written everything; false when it has not by `drain_by`.
    fn drain(&self, drain_by: Deadline, deadline: Deadline) -> Result<bool, Error> {
        let drained = drain_by.poll(|| {
            let is_pending = self.ask("whether data is pending", deadline, |functions, name| {
                // SAFETY: the name is NUL terminated and outlives the call.
                let code = unsafe { (functions.data_pending)(name.as_ptr()) };
                checked(functions, "lttng_data_pending", &name.to_string_lossy(), code)
            })?;
            Ok((is_pending == 0).then_some(()))
        })?;
        Ok(drained.is_some())
    }

    /// The trace is to hold counts of discarded events.
    fn counts_discarded(&self) -> bool {
        !self.is_snapshot() && self.plan.channels().iter().any(|channel| channel.on_full == OnFull::Discard)
    }

    fn is_snapshot(&self) -> bool {
        matches!(self.plan.mode(), Mode::Snapshot { .. })
    }

    fn count_losses(&self, deadline: Deadline) -> Result<Vec<ChannelLosses>, Error> {
        let sharing = self.plan.shared();
        self.ask("what was lost", deadline, move |functions, name| {
            with_handle(functions, name, sharing, |handle| list_losses(functions, name, handle))
        })
    }

    fn take(&self, step: Step, deadline: Deadline) -> Result<(), Error> {
        let name = c_string(self.plan.name())?;
        let what = format!("to {} ({})", step.purpose(), self.plan.name());
        let sharing = self.plan.shared();
        let relayd = self.plan.mode().url().filter(|_| matches!(step, Step::EnableChannel { .. }));
        let job = move |functions: &Functions| requests::carry_out(functions, &name, sharing, &step);
        let taken = if self.is_destroyed {
            unsettled::call_about(&self.lttng, self.plan.name(), what, deadline, job)
        } else {
            self.lttng.call(what, deadline, job)
        };
        // The first channel is when the relay daemon is called; a consumer that knew another one fails without a word.
        taken.map_err(|error| match (relayd, error.lttng_code()) {
            (Some(_), Some(sys::ERR_FATAL)) => Kind::NoRelayd.into(),
            // The session daemon has answered up to here.
            (Some(url), None) if error.is_timeout() => {
                Kind::RelaydSilent { url: url.to_owned(), within: deadline.within() }.into()
            }
            _ => error,
        })
    }

    /// Asks the daemon something about this session, which exists.
    fn ask<T: Send + 'static>(
        &self,
        what: &str,
        deadline: Deadline,
        job: impl FnOnce(&Functions, &CStr) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let name = c_string(self.plan.name())?;
        self.lttng.call(what, deadline, move |functions| job(functions, &name))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.is_destroyed {
            // The error has nobody to go to; a timeout is remembered for the next session that is opened.
            let _ = self.destroy_by(Deadline::after(DROP_TIMEOUT));
        }
    }
}

/// As [`checked`], but `harmless` says that the state asked for was there already.
fn unless(
    harmless: c_int,
    functions: &Functions,
    call: &'static str,
    name: &CStr,
    code: c_int,
) -> Result<(), Error> {
    if code == -harmless {
        return Ok(());
    }
    checked(functions, call, &name.to_string_lossy(), code).map(drop)
}
