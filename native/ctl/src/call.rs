//! One call to the library: made on its one thread, bounded in time, its code turned into an error.

use std::ffi::{CStr, CString, c_char, c_int};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::{Error, Kind};
use crate::sys::{self, Functions};
use crate::worker::{Outcome, Worker};

/// The one library of this process, and its one thread: the library cannot bear two.
static LOADED: Mutex<Option<Lttng>> = Mutex::new(None);

/// How long freeing an object of the library's may wait for its thread; after that the object is leaked.
pub(crate) const HANDLE_TIMEOUT: Duration = Duration::from_millis(200);

/// LTTng's control library, opened. Cheap to clone; all clones share one thread.
#[derive(Clone)]
pub struct Lttng {
    worker: Arc<Worker>,
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
        let lttng = Self { worker: Arc::new(worker) };
        *loaded = Some(lttng.clone());
        Ok(lttng)
    }

    /// Something accepts connections on the session daemon's socket. A stopped daemon does, too.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_timeout`] is true when the connection was not accepted in time.
    pub fn is_sessiond_alive(&self, within: Duration) -> Result<bool, Error> {
        self.call("whether it is alive", Deadline::after(within), |functions| {
            // SAFETY: no arguments; only the worker thread is in the library.
            Ok(unsafe { (functions.session_daemon_alive)() } == 1)
        })
    }

    /// Asks the daemon for something; `what` completes "did not answer …".
    pub(crate) fn call<T: Send + 'static>(
        &self,
        what: impl Into<String>,
        deadline: Deadline,
        job: impl FnOnce(&Functions) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        match self.outcome(deadline, job) {
            Outcome::Answered(result) => result,
            Outcome::CutOff | Outcome::NotAsked => Err(Error::timeout(what, deadline.within())),
        }
    }

    /// As [`Lttng::call`], for who has to know whether the daemon heard the request.
    pub(crate) fn outcome<T: Send + 'static>(
        &self,
        deadline: Deadline,
        job: impl FnOnce(&Functions) -> Result<T, Error> + Send + 'static,
    ) -> Outcome<T> {
        self.worker.call(deadline, job)
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
