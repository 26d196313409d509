//! Whoever outlives a process by the time that its flight recorders take to be written.
//!
//! What a flight recorder holds is in the session daemon's hands, also when the process that it recorded was killed. A
//! session daemon of that process's own would end with it; one with a guard ends after its recorders are written.

use std::io::Write;
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::child::{Lifetime, Started};
use crate::call::{Lttng, c_string};
use crate::deadline::Deadline;
use crate::error::{Error, Kind};
use crate::flights::Flight;
use crate::host::{free_bytes, nearest_existing};
use crate::mode::Output;
use crate::process;
use crate::run_directory::find_process;
use crate::snapshot;
use crate::spawn::Notes;

/// What the snapshot's directory is called, before its date and time.
const LABEL: &str = "last";
/// Between two looks at who still runs. A VM that is started again at once must not find a daemon that is about to go.
const PAUSE: Duration = Duration::from_millis(100);
/// How long the daemon may take to start.
const START: Duration = Duration::from_secs(9);
/// How long it may take to write all recorders: there may be gigabytes in them.
const RESCUE: Duration = Duration::from_secs(60);
/// And then to end, before it is killed.
const END: Duration = Duration::from_secs(20);
/// A disk with no more room than this, in bytes, is why a recorder could not be written.
const LITTLE: u64 = 1 << 16;

/// Runs a session daemon for the process `parent`, whose child this process is, and ends it: when `is_told` says so, which
/// is asked when this thread is unparked, or when the parent has ended. What flight recorders hold then is written where they write, and [`Flight`] tells of it.
///
/// Returns when the daemon has ended, at the latest 80 s after it was to. When this process is killed the kernel ends
/// the daemon.
///
/// # Errors
///
/// Returns an error when the daemon cannot be started, or not be ended; or when another one answers, before or in the end:
/// that one's recorders are somebody else's.
pub fn guard(
    lttng: &Lttng,
    program: &Path,
    arguments: &[String],
    parent: u32,
    is_told: impl Fn() -> bool,
) -> Result<(), Error> {
    if lttng.is_sessiond_alive(START)? {
        return Err(Kind::SessiondForeign { pid: find_process().map(|theirs| theirs.pid) }.into());
    }
    let mut daemon = Started::spawn_noting(
        lttng,
        program,
        arguments,
        Lifetime::WithProcess,
        // The parent reads them.
        Notes::elsewhere,
        Deadline::after(START),
    )?;
    let rescued = loop {
        if daemon.has_ended() {
            return Ok(());
        }
        if is_told() {
            break Ok(());
        }
        if parent_id() != parent {
            break rescue(lttng, daemon.pid(), Deadline::after(RESCUE));
        }
        thread::park_timeout(PAUSE);
    };
    daemon.end(Deadline::after(END)).and(rescued)
}

/// Whether this process is a guard whose parent has ended: its daemon is about to end.
pub(super) fn is_orphaned(pid: u32) -> bool {
    let words = process::arguments(pid);
    let guarded = words.iter().skip(1).zip(["guard", "--parent"]).all(|(word, wanted)| word == wanted);
    // A parent that lives in another pid namespace has the id 0 here.
    let parent = process::parent(pid).filter(|parent| *parent != 0);
    guarded && parent.is_some_and(|parent| words.get(3) != Some(&parent.to_string()))
}

/// Writes every flight recorder of the daemon: all of them end with it.
fn rescue(lttng: &Lttng, daemon: u32, deadline: Deadline) -> Result<(), Error> {
    // Where it cannot be seen who answers it is ours: nobody did before.
    let is_ours = |found: u32| found == daemon || process::descendants(daemon).contains(&found);
    if let Some(theirs) = find_process().filter(|found| !is_ours(found.pid)) {
        return Err(Kind::SessiondForeign { pid: Some(theirs.pid) }.into());
    }
    // A daemon that does not answer cannot write anything either.
    let sessions = lttng.sessions(deadline.remaining()).unwrap_or_default();
    for session in sessions.into_iter().filter(|session| session.is_snapshot) {
        let written = write(lttng, &session.name, deadline);
        let told = Flight::note(&session.name, written.map_err(|error| error.to_string()));
        if let Err(error) = told {
            // The parent is gone; a person may still see it.
            let line = format!(
                "beamtapd: cannot list the flight recorder {} for `beamtapd recover`: {error}\n",
                session.name
            );
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
    }
    Ok(())
}

/// Writes one where it would have written its snapshots, and answers with the place.
fn write(lttng: &Lttng, name: &str, deadline: Deadline) -> Result<PathBuf, Error> {
    let c_name = c_string(name)?;
    lttng.call("for a last snapshot", deadline, move |functions| {
        let output = snapshot::first_output(functions, &c_name)?.unwrap_or_default();
        let place = output.strip_prefix("file://").unwrap_or(&output);
        if !place.starts_with('/') {
            return snapshot::record_anywhere(functions, &c_name).map(|()| place.into());
        }
        let output = Output::Local(place.into());
        match snapshot::record(functions, &c_name, &snapshot::Request::new(LABEL, &output)?) {
            Ok(directory) => Ok(directory.unwrap_or_else(|| place.into())),
            // LTTng does not say why.
            Err(_) if is_full(Path::new(place)) => Err(Kind::OutputFull { path: place.to_owned() }.into()),
            Err(error) => Err(error),
        }
    })
}

fn is_full(place: &Path) -> bool {
    free_bytes(nearest_existing(place)).is_ok_and(|free| free < LITTLE)
}
