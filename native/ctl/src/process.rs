//! Processes of ours and their children, by id.

use std::fs;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::Deadline;
    use std::process::Command;
    use std::time::Duration;

    #[test]
    fn a_child_is_found_and_ended() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        assert!(children(std::process::id()).contains(&child.id()));
        assert!(is_alive(child.id()));
        signal(child.id(), libc::SIGKILL);
        let ended =
            Deadline::after(Duration::from_secs(30)).poll(|| Ok((!is_alive(child.id())).then_some(())));
        assert_eq!(ended, Ok(Some(())), "a zombie is not alive");
        child.wait().unwrap();
        assert!(!is_alive(child.id()));
    }
}
