//! Sessions of ours that may still exist because the daemon did not answer in time: destroyed once it does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::call::Lttng;
use crate::deadline::Deadline;
use crate::destruction;
use crate::error::Error;
use crate::run_directory::is_daemon_stopped;
use crate::sys::Functions;
use crate::worker::Outcome;

/// The first pause before the daemon is asked again; each further one is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// How long one attempt may take: others wait for the library meanwhile.
const ATTEMPT: Duration = Duration::from_secs(2);

struct Left {
    names: Vec<String>,
    /// A thread is at it.
    is_attended: bool,
}

/// Those of this process, as there is one library in it.
static LEFT: Mutex<Left> = Mutex::new(Left { names: Vec::new(), is_attended: false });

fn left() -> MutexGuard<'static, Left> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Remembers a session, and has a thread of its own destroy it as soon as the daemon answers.
pub(crate) fn leave(lttng: &Lttng, name: &str) {
    let mut left = left();
    if !left.names.iter().any(|known| known == name) {
        left.names.push(name.to_owned());
    }
    if !left.is_attended {
        let lttng = lttng.clone();
        let attend = move || attend(&lttng);
        // Without a thread, the next session that is opened does it.
        left.is_attended = thread::Builder::new().name("beamtap-settle".into()).spawn(attend).is_ok();
    }
}

/// Destroys a session now, or leaves it.
pub(crate) fn destroy(lttng: &Lttng, name: &str, deadline: Deadline) -> Result<(), Error> {
    let result = destruction::destroy(lttng, name, deadline);
    if let Err(error) = &result
        && error.is_timeout()
    {
        leave(lttng, name);
    }
    result
}

/// As [`Lttng::call`], for a request after whose loss it is unknown whether session `name` exists: then it is left.
pub(crate) fn call_about<T: Send + 'static>(
    lttng: &Lttng,
    name: &str,
    what: impl Into<String>,
    deadline: Deadline,
    job: impl FnOnce(&Functions) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match lttng.outcome(deadline, job) {
        Outcome::Answered(result) => result,
        Outcome::NotAsked => Err(Error::timeout(what, deadline.within())),
        Outcome::CutOff => {
            leave(lttng, name);
            Err(Error::timeout(what, deadline.within()))
        }
    }
}

/// Destroys what can be destroyed by now.
pub(crate) fn settle(lttng: &Lttng, deadline: Deadline) -> Result<(), Error> {
    let names = left().names.clone();
    for name in names {
        match destroy(lttng, &name, deadline) {
            Err(error) if error.is_timeout() => return Err(error),
            // Whatever else the daemon says, it has no such session (any more) that we could destroy.
            Ok(()) | Err(_) => left().names.retain(|known| *known != name),
        }
    }
    Ok(())
}

/// Tries until nothing is left.
fn attend(lttng: &Lttng) {
    let mut pause = FIRST_PAUSE;
    loop {
        thread::sleep(pause);
        if !is_daemon_stopped() {
            let _ = settle(lttng, Deadline::after(ATTEMPT));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        let mut left = left();
        if left.names.is_empty() {
            left.is_attended = false;
            return;
        }
    }
}
