//! A daemon of ours: a child that ends with us, if so wanted, and in any case when told.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::call::Lttng;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::process;
use crate::spawn::{Child, Notes};

/// Looked through after `PATH`, which a release's start script may have emptied.
const USUAL_DIRECTORIES: [&str; 3] = ["/usr/bin", "/usr/local/bin", "/bin"];
/// How long dropping a daemon of ours waits for its end; it is killed after a part of it.
pub(super) const DROP_TIMEOUT: Duration = Duration::from_secs(3);
/// The share of the time given that an orderly end may take.
const ORDERLY_SHARE: f64 = 0.6;

/// What becomes of a daemon that we started when this process ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// It ends with this process, however that ends, and with its [`Sessiond`](super::Sessiond) value.
    WithProcess,
    /// The same, but when this process ends without having ended its flight recorders they are written first. For a
    /// session daemon only.
    Guarded {
        /// The program `beamtapd`, which does that: see [`guard`](super::guard).
        beamtapd: PathBuf,
    },
    /// It stays until [`Sessiond::stop`](super::Sessiond::stop): its buffers can be read after this process was killed.
    Independent,
}

/// A daemon that we started.
pub(super) struct Started {
    child: Child,
    lifetime: Lifetime,
    notes: Notes,
}

impl Started {
    /// Starts the program on the library's thread: that lives as long as the process, and a parent's death, in the
    /// kernel's sense, is the death of the thread that made the child.
    pub(super) fn spawn(
        lttng: &Lttng,
        program: &Path,
        arguments: &[String],
        lifetime: Lifetime,
        deadline: Deadline,
    ) -> Result<Self, Error> {
        Self::spawn_noting(lttng, program, arguments, lifetime, Notes::new, deadline)
    }

    pub(super) fn spawn_noting(
        lttng: &Lttng,
        program: &Path,
        arguments: &[String],
        lifetime: Lifetime,
        noted: fn() -> io::Result<Notes>,
        deadline: Deadline,
    ) -> Result<Self, Error> {
        let path = program.display().to_string();
        let (program, words) = command(program, arguments, &lifetime);
        let (child, notes) = lttng.call("to start a daemon", deadline, move |_| {
            let start = || {
                let notes = noted()?;
                Child::spawn(&program, &words, notes.file()).map(|child| (child, notes))
            };
            start().map_err(|error| Error::system(path, error))
        })?;
        Ok(Self { child, lifetime, notes })
    }

    /// The daemon's id; that of its guard before the guard has started it, and after it has ended.
    pub(super) fn pid(&self) -> u32 {
        let child = self.child.id();
        match self.lifetime {
            Lifetime::Guarded { .. } => process::children(child).first().copied().unwrap_or(child),
            _ => child,
        }
    }

    /// It is to end with the value that owns it.
    pub(super) fn is_bound(&self) -> bool {
        self.lifetime != Lifetime::Independent
    }

    /// Its last word on stderr.
    pub(super) fn last_word(&mut self) -> String {
        self.notes.last_line().unwrap_or_else(|| "it exited and printed nothing".into())
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.child.has_ended()
    }

    /// Ends it without its caller waiting for that.
    pub(super) fn end_behind(self) {
        // Without a thread it stays until this process ends.
        let _ = thread::Builder::new().name("beamtap-end".into()).spawn(move || {
            let _ = self.end(Deadline::after(DROP_TIMEOUT));
        });
    }

    /// Ends it, orderly or not, with its children.
    pub(super) fn end(mut self, deadline: Deadline) -> Result<(), Error> {
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
        let children = process::descendants(pid);
        for id in children.iter().copied().chain([pid]) {
            process::signal(id, libc::SIGKILL);
        }
        let is_gone = wait(deadline, &mut self)?.is_some()
            && deadline
                .poll(|| Ok((!children.iter().any(|id| process::is_alive(*id))).then_some(())))?
                .is_some();
        if is_gone { Ok(()) } else { Err(Error::timeout("to stop", deadline.within())) }
    }
}

/// What to start so that the program runs with the arguments for as long as wanted.
///
/// setpriv becomes the daemon, under the same id, having asked the kernel to end it with its parent. Without setpriv a
/// daemon outlives a killed process.
fn command(program: &Path, arguments: &[String], lifetime: &Lifetime) -> (PathBuf, Vec<String>) {
    if let (Lifetime::Guarded { beamtapd }, Some(name)) = (lifetime, program.to_str()) {
        let parent = std::process::id().to_string();
        let first = ["guard", "--parent", &parent, "--", name].map(str::to_owned);
        return (beamtapd.clone(), first.into_iter().chain(arguments.iter().cloned()).collect());
    }
    let setpriv = find_program("setpriv".as_ref());
    match (lifetime, setpriv, program.to_str()) {
        (Lifetime::WithProcess, Some(setpriv), Some(name)) => {
            let first = ["--pdeathsig", "TERM", "--", name].map(str::to_owned);
            (setpriv, first.into_iter().chain(arguments.iter().cloned()).collect())
        }
        _ => (program.to_owned(), arguments.to_vec()),
    }
}

/// The program to use: the one that `variable` names, when it is set, or the one of this name.
pub(crate) fn find_daemon(variable: &str, name: &str) -> Option<PathBuf> {
    match env::var_os(variable).filter(|path| !path.is_empty()) {
        Some(path) => Some(PathBuf::from(path)).filter(|path| is_executable(path)),
        None => find_program(name.as_ref()),
    }
}

pub(crate) fn find_program(name: &OsStr) -> Option<PathBuf> {
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
