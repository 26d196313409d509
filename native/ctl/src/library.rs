//! The loaded library: what can be asked of it without a session of one's own.

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::audience::{self, Listener};
use crate::daemons::find_process;
use crate::deadline::Deadline;
use crate::error::{Error, Kind};
use crate::host::{Host, nearest_existing};
use crate::plan::Plan;
use crate::process;
use crate::session::Session;
use crate::sys::{self, Foreign, Functions};
use crate::unsettled::Unsettled;
use crate::worker::{Outcome, Worker};

/// The one library of this process, and its one thread: the library cannot bear two.
static LOADED: Mutex<Option<Lttng>> = Mutex::new(None);

/// How long freeing an object of the library's may wait for its thread; after that the object is leaked.
pub(crate) const HANDLE_TIMEOUT: Duration = Duration::from_millis(200);

/// LTTng's control library, opened. Cheap to clone; all clones share one thread.
#[derive(Clone)]
pub struct Lttng {
    shared: Arc<Shared>,
}

struct Shared {
    worker: Worker,
    unsettled: Unsettled,
}

/// A session that the daemon knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// Its name.
    pub name: String,
    /// Where its trace goes, in LTTng's words; empty for a snapshot session without output.
    pub path: String,
    /// It is recording.
    pub is_active: bool,
    /// It is a flight recorder.
    pub is_snapshot: bool,
    /// The period of a live session; `None` when it is not live.
    pub live_interval: Option<Duration>,
}

impl Lttng {
    /// Opens the library, once for the process; it stays open and its thread stays for the process's life.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_no_library`] is true when it is not installed or older than 2.13. A later
    /// call looks again.
    pub fn load() -> Result<Self, Error> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lttng) = &*loaded {
            return Ok(lttng.clone());
        }
        let worker = Worker::start(sys::open()?)?;
        let lttng = Self { shared: Arc::new(Shared { worker, unsettled: Unsettled::default() }) };
        *loaded = Some(lttng.clone());
        Ok(lttng)
    }

    /// Something accepts connections on the session daemon's socket. A stopped daemon does, too.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_timeout`] is true when the connection was not accepted in time.
    pub fn is_sessiond_alive(&self, within: Duration) -> Result<bool, Error> {
        self.call("a greeting", Deadline::after(within), |functions| {
            // SAFETY: no arguments; only the worker thread is in the library.
            Ok(unsafe { (functions.session_daemon_alive)() } == 1)
        })
    }

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
        self.shared.unsettled.settle(self, deadline)?;
        Session::make(self.clone(), plan, steps, deadline)
    }

    /// Lists the daemon's sessions: ours and everybody else's of the same daemon.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_no_sessiond`] or [`Error::is_timeout`] is true when it cannot be asked.
    pub fn sessions(&self, within: Duration) -> Result<Vec<SessionInfo>, Error> {
        self.call("the list of sessions", Deadline::after(within), list_sessions)
    }

    /// Lists the sessions that have an event of one of the providers enabled, by name or pattern, and do not leave this
    /// process out: recording or not, ours and everybody else's of the same daemon.
    ///
    /// # Errors
    ///
    /// As [`Lttng::sessions`]. A daemon that is seen to stand still is not asked: it would have to answer later.
    pub fn audience(&self, providers: &[&str], within: Duration) -> Result<Vec<Listener>, Error> {
        const WHAT: &str = "who records an event";
        if find_process().is_some_and(|daemon| process::is_stopped(daemon.pid)) {
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
        self.destroy_by(name, Deadline::after(within))
    }

    pub(crate) fn destroy_by(&self, name: &str, deadline: Deadline) -> Result<(), Error> {
        let result = self.destroy_and_wait(name, deadline);
        if let Err(error) = &result
            && error.is_timeout()
        {
            self.leave_unsettled(name);
        }
        result
    }

    /// Asks for the destruction, then for its end again and again: others' calls come in between.
    fn destroy_and_wait(&self, name: &str, deadline: Deadline) -> Result<(), Error> {
        let what = || format!("to destroy session {name}");
        let (c_name, subject) = (c_string(name)?, name.to_owned());
        let handle = self.call(what(), deadline, move |functions| begin_destruction(functions, &c_name))?;
        let end = deadline.poll(|| {
            let subject = subject.clone();
            self.call(what(), deadline, move |functions| end_of_destruction(functions, &subject, handle))
        });
        // A busy thread costs us the handle's memory, not the answer.
        let _ = self.call(what(), Deadline::after(HANDLE_TIMEOUT), move |functions| {
            // SAFETY: the handle came from the library and no later call uses it.
            unsafe { (functions.destruction_handle_destroy)(handle.get()) };
            Ok(())
        });
        end?.ok_or_else(|| Error::timeout(what(), deadline.within()))
    }

    /// Asks the daemon for something; `what` completes "did not answer …".
    pub(crate) fn call<T: Send + 'static>(
        &self,
        what: impl Into<String>,
        deadline: Deadline,
        job: impl FnOnce(&Functions) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        match self.shared.worker.call(deadline, job) {
            Outcome::Answered(result) => result,
            Outcome::CutOff | Outcome::NotAsked => Err(Error::timeout(what, deadline.within())),
        }
    }

    /// As [`Lttng::call`], for a request after whose loss it is unknown whether session `name` exists.
    pub(crate) fn call_about<T: Send + 'static>(
        &self,
        name: &str,
        what: impl Into<String>,
        deadline: Deadline,
        job: impl FnOnce(&Functions) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        match self.shared.worker.call(deadline, job) {
            Outcome::Answered(result) => result,
            Outcome::NotAsked => Err(Error::timeout(what, deadline.within())),
            Outcome::CutOff => {
                self.leave_unsettled(name);
                Err(Error::timeout(what, deadline.within()))
            }
        }
    }

    /// Remembers a session that could not be destroyed now: that is done as soon as the daemon answers.
    pub(crate) fn leave_unsettled(&self, name: &str) {
        self.shared.unsettled.leave(self, name);
    }

    pub(crate) fn attend_unsettled(&self) {
        self.shared.unsettled.attend(self);
    }
}

/// Turns a return code into an error that names `subject`; codes that are not negative are the call's result.
pub(crate) fn checked(
    functions: &Functions,
    call: &'static str,
    subject: &str,
    code: c_int,
) -> Result<c_int, Error> {
    if code >= 0 { Ok(code) } else { Err(error_of(functions, call, subject, -code)) }
}

/// The error for a positive `enum lttng_error_code`.
pub(crate) fn error_of(functions: &Functions, call: &'static str, subject: &str, code: c_int) -> Error {
    match code {
        sys::ERR_NO_SESSIOND | sys::ERR_CONNECT_FAIL => Kind::NoSessiond,
        sys::ERR_EPERM => Kind::NotPermitted { what: subject.to_owned() },
        sys::ERR_EXIST_SESS => Kind::SessionExists { name: subject.to_owned() },
        sys::ERR_NO_SESSION | sys::ERR_SESS_NOT_FOUND | sys::ERR_SESSION_NOT_EXIST => {
            Kind::NoSuchSession { name: subject.to_owned() }
        }
        sys::ERR_CREATE_DIR_FAIL | sys::ERR_MKDIR_FAIL_CONSUMER => {
            Kind::OutputUnwritable { session: subject.to_owned() }
        }
        sys::ERR_NO_USTCONSUMERD => Kind::NoConsumer,
        sys::ERR_RELAYD_CONNECT_FAIL => Kind::NoRelayd,
        _ => {
            // SAFETY: the function returns a pointer to a constant string for every code.
            let text = unsafe { CStr::from_ptr((functions.strerror)(-code)) };
            Kind::Library { call, code, text: text.to_string_lossy().into_owned() }
        }
    }
    .into()
}

pub(crate) fn c_string(text: &str) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error::bad_plan(format!("{text:?} contains a NUL byte")))
}

/// The text of a fixed C array, up to its NUL or its end.
pub(crate) fn text_of(array: &[c_char]) -> String {
    let bytes: Vec<u8> = array.iter().take_while(|c| **c != 0).map(|c| c.cast_unsigned()).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(crate) fn list_sessions(functions: &Functions) -> Result<Vec<SessionInfo>, Error> {
    let mut array = ptr::null_mut();
    // SAFETY: `array` is a valid place for the result.
    let code = unsafe { (functions.list_sessions)(&raw mut array) };
    let count = checked(functions, "lttng_list_sessions", "the list of sessions", code)?;
    let mut infos = Vec::new();
    for index in 0..usize::try_from(count).unwrap_or(0) {
        // SAFETY: the library returned `count` structures at `array`.
        let session = unsafe { &*array.add(index) };
        infos.push(SessionInfo {
            name: text_of(&session.name),
            path: text_of(&session.path),
            is_active: session.enabled != 0,
            is_snapshot: session.snapshot_mode != 0,
            live_interval: (session.live_timer_interval != 0)
                .then(|| Duration::from_micros(session.live_timer_interval.into())),
        });
    }
    // SAFETY: the library allocated the array with malloc for its caller to free, or left it null.
    unsafe { libc::free(array.cast()) };
    Ok(infos)
}

const DESTROY: &str = "lttng_destroy_session_ext";

fn begin_destruction(functions: &Functions, name: &CStr) -> Result<Foreign<sys::DestructionHandle>, Error> {
    let mut handle = ptr::null_mut();
    // SAFETY: the name is NUL terminated and `handle` is a valid place for the result; both outlive the call.
    let code = unsafe { (functions.destroy_session_ext)(name.as_ptr(), &raw mut handle) };
    if code == sys::OK {
        Ok(Foreign::new(handle))
    } else {
        Err(error_of(functions, DESTROY, &name.to_string_lossy(), code))
    }
}

fn end_of_destruction(
    functions: &Functions,
    name: &str,
    handle: Foreign<sys::DestructionHandle>,
) -> Result<Option<()>, Error> {
    let mut result = sys::OK;
    // SAFETY: the library gave the handle and it is not destroyed yet; `result` is a valid place for the result.
    let status = unsafe {
        let status = (functions.destruction_handle_wait_for_completion)(handle.get(), 0);
        if status == sys::DESTRUCTION_STATUS_COMPLETED {
            (functions.destruction_handle_get_result)(handle.get(), &raw mut result);
        }
        status
    };
    match status {
        sys::DESTRUCTION_STATUS_COMPLETED if result == sys::OK => Ok(Some(())),
        sys::DESTRUCTION_STATUS_COMPLETED => Err(error_of(functions, DESTROY, name, result)),
        sys::DESTRUCTION_STATUS_TIMEOUT => Ok(None),
        _ => Err(Kind::NoSessiond.into()),
    }
}
