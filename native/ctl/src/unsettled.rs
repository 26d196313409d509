//! Sessions of ours that may still exist because the daemon did not answer in time: destroyed once it does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::daemons::find_process;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::library::Lttng;
use crate::process;

/// The first pause before the daemon is asked again; each further one is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// How long one attempt may take: others wait for the library meanwhile.
const ATTEMPT: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(crate) struct Unsettled(Mutex<Left>);

#[derive(Default)]
struct Left {
    names: Vec<String>,
    /// A thread is at it.
    is_attended: bool,
}

impl Unsettled {
    /// Remembers a session, and has a thread of its own destroy it as soon as the daemon answers.
    pub(crate) fn leave(&self, lttng: &Lttng, name: &str) {
        let mut left = self.left();
        if !left.names.iter().any(|known| known == name) {
            left.names.push(name.to_owned());
        }
        if !left.is_attended {
            let lttng = lttng.clone();
            let attend = move || lttng.attend_unsettled();
            // Without a thread, the next `open` does it.
            left.is_attended = thread::Builder::new().name("beamtap-settle".into()).spawn(attend).is_ok();
        }
    }

    /// Destroys what can be destroyed by now.
    pub(crate) fn settle(&self, lttng: &Lttng, deadline: Deadline) -> Result<(), Error> {
        let names = self.left().names.clone();
        for name in names {
            match lttng.destroy_by(&name, deadline) {
                Err(error) if error.is_timeout() => return Err(error),
                // Whatever else the daemon says, it has no such session (any more) that we could destroy.
                Ok(()) | Err(_) => self.left().names.retain(|known| *known != name),
            }
        }
        Ok(())
    }

    /// Tries until nothing is left.
    pub(crate) fn attend(&self, lttng: &Lttng) {
        let mut pause = FIRST_PAUSE;
        loop {
            thread::sleep(pause);
            // Each question to a daemon that stands still stays in its queue.
            if !find_process().is_some_and(|daemon| process::is_stopped(daemon.pid)) {
                let _ = self.settle(lttng, Deadline::after(ATTEMPT));
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            let mut left = self.left();
            if left.names.is_empty() {
                left.is_attended = false;
                return;
            }
        }
    }

    fn left(&self) -> MutexGuard<'_, Left> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
