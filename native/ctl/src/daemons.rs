//! The session daemon: found, or started and ended with us.

use std::env;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::{Error, Kind};
use crate::library::Lttng;
use crate::process::{self, Notes};

/// LTTng's own variable for the path of its session daemon.
const SESSIOND_PATH: &str = "LTTNG_SESSIOND_PATH";
/// Looked through after `PATH`, which a release's start script may have emptied.
const USUAL_DIRECTORIES: [&str; 3] = ["/usr/bin", "/usr/local/bin", "/bin"];
/// How long dropping a daemon of ours waits for its orderly end before it is killed.
const DROP_TIMEOUT: Duration = Duration::from_secs(3);
/// The share of the time given that an orderly end may take.
const ORDERLY_SHARE: f64 = 0.6;

/// What becomes of a daemon that we started when this process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// It ends with this process, however that ends, and with its [`Sessiond`] value.
    WithProcess,
    /// It stays until [`Sessiond::stop`]: its buffers can be read after this process was killed.
    Independent,
}

/// A session daemon that answers.
pub struct Sessiond {
    ours: Option<Started>,
}

struct Started {
    child: Child,
    lifetime: Lifetime,
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
/// time, in which case it is ended again.
pub fn ensure(lttng: &Lttng, lifetime: Lifetime, within: Duration) -> Result<Sessiond, Error> {
    let deadline = Deadline::after(within);
    if lttng.is_sessiond_alive(deadline.remaining())? {
        return Ok(Sessiond { ours: None });
    }
    let program = find_sessiond()?;
    let notes = Notes::new()?;
    let command = sessiond_command(&program, lifetime, &notes)?;
    let child = spawn(lttng, command, deadline)?;
    let mut sessiond = Sessiond { ours: Some(Started { child, lifetime }) };
    let is_alive = deadline.poll(|| {
        if lttng.is_sessiond_alive(deadline.remaining())? {
            return Ok(Some(true));
        }
        Ok(sessiond.has_ended().then_some(false))
    })?;
    match is_alive {
        // When ours has ended but one answers, somebody else's was first.
        Some(true) if sessiond.has_ended() => Ok(Sessiond { ours: None }),
        Some(true) => Ok(sessiond),
        Some(false) => {
            let reason = notes.last_line().unwrap_or_else(|| "it ended without a word".into());
            Err(Kind::SessiondFailed { reason }.into())
        }
        None => {
            let error = Error::timeout("after it was started", deadline.within());
            // What it is worth: the error above is the one to tell.
            let _ = sessiond.end(Deadline::after(DROP_TIMEOUT));
            Err(error)
        }
    }
}

impl Sessiond {
    /// The id of the daemon that we started; `None` when it was there before us.
    pub fn started_by_us(&self) -> Option<u32> {
        self.ours.as_ref().map(|started| started.child.id())
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

    fn end(&mut self, deadline: Deadline) -> Result<(), Error> {
        match self.ours.take() {
            Some(started) => started.end(deadline),
            None => Ok(()),
        }
    }
}

impl Drop for Sessiond {
    fn drop(&mut self) {
        let is_bound = self.ours.as_ref().is_some_and(|started| started.lifetime == Lifetime::WithProcess);
        if is_bound {
            // Nobody is left to be told; the kernel ends it with this process at the latest.
            let _ = self.end(Deadline::after(DROP_TIMEOUT));
        }
    }
}

impl Started {
    fn has_ended(&mut self) -> bool {
        // An error means that the host program reaps all children itself (SIGCHLD ignored): it is not ours any more.
        !matches!(self.child.try_wait(), Ok(None))
    }

    fn end(mut self, deadline: Deadline) -> Result<(), Error> {
        let pid = self.child.id();
        if self.has_ended() {
            return Ok(());
        }
        process::signal(pid, libc::SIGTERM);
        let orderly = Deadline::after(deadline.remaining().mul_f64(ORDERLY_SHARE));
        let wait =
            |deadline: Deadline, started: &mut Self| deadline.poll(|| Ok(started.has_ended().then_some(())));
        if wait(orderly, &mut self)?.is_some() {
            return Ok(());
        }
        // Children first: as long as their parent lives and does not reap them, their ids cannot be another's.
        let children = process::children(pid);
        for id in children.iter().copied().chain([pid]) {
            process::signal(id, libc::SIGKILL);
        }
        let is_gone = wait(deadline, &mut self)?.is_some()
            && deadline
                .poll(|| Ok((!children.iter().any(|id| process::is_alive(*id))).then_some(())))?
                .is_some();
        if is_gone { Ok(()) } else { Err(Error::timeout("to being ended", deadline.within())) }
    }
}

/// Starts the child on the library's thread: that lives as long as the process, and a parent's death, in the kernel's
/// sense, is the death of the thread that made the child.
fn spawn(lttng: &Lttng, mut command: Command, deadline: Deadline) -> Result<Child, Error> {
    lttng.call("to being started", deadline, move |_| {
        process::with_signals_unblocked(|| command.spawn())
            .map_err(|error| Kind::SessiondFailed { reason: error.to_string() }.into())
    })
}

fn sessiond_command(program: &Path, lifetime: Lifetime, notes: &Notes) -> Result<Command, Error> {
    let mut command = match (lifetime, find_program("setpriv".as_ref())) {
        // setpriv becomes the daemon, under the same id. Asking the kernel ourselves would need fork instead of
        // vfork, and copying the page tables of a large VM holds its threads up.
        (Lifetime::WithProcess, Some(setpriv)) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "TERM", "--"]).arg(program);
            command
        }
        _ => Command::new(program),
    };
    command
        .arg("--no-kernel")
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(notes.writer()?);
    Ok(command)
}

fn find_sessiond() -> Result<PathBuf, Error> {
    match env::var_os(SESSIOND_PATH).filter(|path| !path.is_empty()) {
        Some(path) => Some(PathBuf::from(path)).filter(|path| is_executable(path)),
        None => find_program("lttng-sessiond".as_ref()),
    }
    .ok_or_else(|| Kind::NoSessiondProgram.into())
}

fn find_program(name: &OsStr) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(USUAL_DIRECTORIES.map(PathBuf::from))
        .map(|directory| directory.join(name))
        .find(|candidate| candidate.is_absolute() && is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_by_name_and_must_be_executable() {
        assert!(find_program("sh".as_ref()).unwrap().is_absolute());
        assert_eq!(find_program("no-such-program-here".as_ref()), None);
        assert!(!is_executable(Path::new("/etc/passwd")));
        assert!(!is_executable(Path::new("/tmp")));
    }
}
