//! Processes of ours and their children, by id.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::mem::MaybeUninit;
use std::os::fd::FromRawFd;
use std::ptr;

use crate::error::Error;

/// Sends a signal to a process that is known to be ours and not yet reaped.
pub(crate) fn signal(pid: u32, signal: libc::c_int) {
    if let Ok(pid) = libc::pid_t::try_from(pid) {
        // SAFETY: kill has no memory preconditions. That the process has ended already is no matter.
        unsafe { libc::kill(pid, signal) };
    }
}

/// The process runs: it exists and is not merely waiting to be reaped, which may be another's to do.
pub(crate) fn is_alive(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // The state follows the name, which is in brackets and may hold anything.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// The ids of a process's children; empty where the kernel does not tell.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    tasks
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>())
        .collect()
}

/// Calls `body` with no signal blocked in this thread, which is what a child inherits.
pub(crate) fn with_signals_unblocked<T>(body: impl FnOnce() -> T) -> T {
    let mut none = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set it is given; pthread_sigmask reads it, fills `before`, and changes this
    // thread only.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), before.as_mut_ptr());
    }
    let result = body();
    // SAFETY: `before` was filled by the call above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    result
}

/// A file without a name for what a daemon says while it starts.
pub(crate) struct Notes(File);

impl Notes {
    pub(crate) fn new() -> Result<Self, Error> {
        // SAFETY: the name is NUL terminated.
        let fd = unsafe { libc::memfd_create(c"lttng-notes".as_ptr(), libc::MFD_CLOEXEC) };
        if fd < 0 {
            return Err(Error::system("memfd_create", std::io::Error::last_os_error()));
        }
        // SAFETY: the descriptor is new and nobody else's.
        Ok(Self(unsafe { File::from_raw_fd(fd) }))
    }

    /// A handle for a child to write to.
    pub(crate) fn writer(&self) -> Result<File, Error> {
        self.0.try_clone().map_err(|error| Error::system("duplicating a descriptor", error))
    }

    /// The last line that is not empty, or `None`.
    pub(crate) fn last_line(&mut self) -> Option<String> {
        let mut text = Vec::new();
        self.0.rewind().ok()?;
        self.0.read_to_end(&mut text).ok()?;
        let text = String::from_utf8_lossy(&text);
        text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::Command;

    #[test]
    fn a_child_is_found_and_ended() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        assert!(children(std::process::id()).contains(&child.id()));
        assert!(is_alive(child.id()));
        signal(child.id(), libc::SIGKILL);
        let ended = crate::deadline::Deadline::after(std::time::Duration::from_secs(30))
            .poll(|| Ok((!is_alive(child.id())).then_some(())));
        assert_eq!(ended, Ok(Some(())), "a zombie is not alive");
        child.wait().unwrap();
        assert!(!is_alive(child.id()));
    }

    #[test]
    fn notes_give_the_last_word() {
        let mut notes = Notes::new().unwrap();
        notes.writer().unwrap().write_all(b"first\nError: the last\n\n").unwrap();
        assert_eq!(notes.last_line().as_deref(), Some("Error: the last"));
        assert_eq!(Notes::new().unwrap().last_line(), None);
    }
}
