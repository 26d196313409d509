//! The sessions that the daemon knows, whoever made them.

use std::ptr;
use std::time::Duration;

use crate::call::{Lttng, checked, text_of};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::sys::Functions;

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
    /// Lists the daemon's sessions: ours and everybody else's of the same daemon.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_no_sessiond`] or [`Error::is_timeout`] is true when it cannot be asked.
    pub fn sessions(&self, within: Duration) -> Result<Vec<SessionInfo>, Error> {
        self.call("for the list of sessions", Deadline::after(within), list)
    }
}

/// Asks for them.
pub(crate) fn list(functions: &Functions) -> Result<Vec<SessionInfo>, Error> {
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
