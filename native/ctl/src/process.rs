//! Processes of ours and their children, by id.

use std::fs;
use std::path::Path;

/// Sends a signal to a process that is known to be ours and not yet reaped.
pub(crate) fn signal(pid: u32, signal: libc::c_int) {
    if let Ok(pid) = libc::pid_t::try_from(pid) {
        // SAFETY: kill has no memory preconditions. That the process has ended already is no matter.
        unsafe { libc::kill(pid, signal) };
    }
}

/// A process that runs, told from a later one of the same id by when it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) pid: u32,
    /// Clock ticks after the machine's start.
    started: u64,
}

impl Identity {
    /// The process of this id; `None` when none runs.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The state follows the name, which is in brackets and may hold anything.
        let (_, rest) = stat.rsplit_once(") ")?;
        if rest.starts_with('X') || (rest.starts_with('Z') && !has_threads(pid)) {
            return None;
        }
        // proc(5): the 22nd field; the state is the third.
        let started = rest.split(' ').nth(19)?.parse().ok()?;
        Some(Self { pid, started })
    }

    /// Clock ticks after the machine's start.
    pub(crate) fn started(self) -> u64 {
        self.started
    }

    /// It still runs.
    pub(crate) fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }
}

/// Other threads than the first still run: of a process that was killed they may end later, and what it has open stays open
/// until then. A daemon that has just been killed can still be connected to.
fn has_threads(pid: u32) -> bool {
    fs::read_dir(format!("/proc/{pid}/task")).is_ok_and(|threads| threads.count() > 1)
}

/// The process runs: it exists and is not merely waiting to be reaped, which may be another's to do.
pub(crate) fn is_alive(pid: u32) -> bool {
    Identity::of(pid).is_some()
}

/// The process exists and stands still: a signal has stopped it, or a debugger.
pub(crate) fn is_stopped(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['T', 't']))
}

/// The name of the program that the process was started from, as far as the kernel keeps it: 15 bytes.
pub(crate) fn name(pid: u32) -> Option<String> {
    fs::read_to_string(format!("/proc/{pid}/comm")).ok().map(|comm| comm.trim_end().to_owned())
}

/// The process was started from a program of this name.
pub(crate) fn is_named(pid: u32, name: &str) -> bool {
    self::name(pid).is_some_and(|known| known == name)
}

/// The process that started this one, or that has taken it over.
pub(crate) fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // proc(5): the fourth field; the state, the third, follows the name.
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// The words that the process was started with; empty where the kernel does not tell.
pub(crate) fn arguments(pid: u32) -> Vec<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
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

/// The ids of a process's children, of theirs, and so on.
pub(crate) fn descendants(pid: u32) -> Vec<u32> {
    let mut found = children(pid);
    let mut next = 0;
    while let Some(pid) = found.get(next).copied() {
        found.extend(children(pid));
        next += 1;
    }
    found
}

/// A process that has a file below the directory in its memory, of those that can be seen.
pub(crate) fn that_maps(directory: &Path) -> Option<u32> {
    let directory = fs::canonicalize(directory).ok()?;
    let prefix = format!(" {}/", directory.display());
    let processes = fs::read_dir("/proc").ok()?.flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .find(|pid| fs::read_to_string(format!("/proc/{pid}/maps")).is_ok_and(|maps| maps.contains(&prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::Deadline;
    use std::process::Command;
    use std::time::Duration;

    #[test]
    fn a_process_whose_first_thread_has_ended_is_alive() {
        let program = "import ctypes, threading, time; threading.Thread(target=time.sleep, args=(60,)).start(); \
                       ctypes.CDLL(None).pthread_exit(None)";
        let mut child = Command::new("python3").args(["-c", program]).spawn().unwrap();
        let state = || fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        let is_zombie = || state().rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'));
        let left = Deadline::after(Duration::from_secs(30)).poll(|| Ok(is_zombie().then_some(())));
        assert_eq!(left, Ok(Some(())));
        assert!(is_alive(child.id()));
        signal(child.id(), libc::SIGKILL);
        child.wait().unwrap();
        assert!(!is_alive(child.id()));
    }

    #[test]
    fn a_child_is_found_and_ended() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        assert!(children(std::process::id()).contains(&child.id()));
        assert_eq!(parent(child.id()), Some(std::process::id()));
        assert!(is_alive(child.id()));
        // The program takes the child over a moment after it was made.
        let is_sleep = || arguments(child.id()).starts_with(&["sleep".into(), "60".into()]);
        let taken = Deadline::after(Duration::from_secs(30)).poll(|| Ok(is_sleep().then_some(())));
        assert_eq!(taken, Ok(Some(())));
        assert!(is_named(child.id(), "sleep") && !is_named(child.id(), "slee"));
        let identity = Identity::of(child.id()).unwrap();
        assert!(identity.is_alive());
        assert!(!Identity { started: identity.started + 1, ..identity }.is_alive(), "another of the same id");
        assert!(!is_stopped(child.id()));
        signal(child.id(), libc::SIGSTOP);
        let stopped =
            Deadline::after(Duration::from_secs(30)).poll(|| Ok(is_stopped(child.id()).then_some(())));
        assert_eq!(stopped, Ok(Some(())));
        signal(child.id(), libc::SIGKILL);
        let ended =
            Deadline::after(Duration::from_secs(30)).poll(|| Ok((!is_alive(child.id())).then_some(())));
        assert_eq!(ended, Ok(Some(())), "a zombie is not alive");
        child.wait().unwrap();
        assert!(!is_alive(child.id()) && !identity.is_alive());
    }
}
