//! The consumer daemon's writing thread, stopped alone: a disk or network that does not keep up.

use std::collections::BTreeMap;
use std::fs;
use std::ptr;

use crate::inhabitant::Inhabitant;
use crate::sandbox::DAEMON_TIMEOUT;
use crate::wait::wait_until;

/// A stopped thread of another process; it continues when this is dropped. To be dropped by the thread that made it.
pub struct FrozenThread {
    tid: libc::pid_t,
}

impl FrozenThread {
    /// Stops that thread of the session daemon's consumer that wrote most during `work`, which must make it write at
    /// least 4 KiB; `None` when this process may not stop it.
    ///
    /// # Panics
    ///
    /// Panics when the consumer writes nothing.
    #[must_use]
    pub fn that_writes(sessiond: &Inhabitant, work: impl FnOnce()) -> Option<Self> {
        let before = written(sessiond);
        work();
        let most = || {
            written(sessiond)
                .into_iter()
                .map(|(tid, bytes)| (bytes - before.get(&tid).copied().unwrap_or(0), tid))
                .max()
                .expect("the session daemon has a consumer")
        };
        // Not in the middle of its work, where it holds locks that the daemon's other threads need.
        let is_done = wait_until(DAEMON_TIMEOUT, || most().0 >= 4096 && is_polling(most().1));
        assert!(is_done, "the consumer writes nothing, or without end");
        Self::freeze(most().1)
    }

    fn freeze(tid: libc::pid_t) -> Option<Self> {
        let none = ptr::null_mut::<libc::c_void>();
        // SAFETY: these requests read and write no memory of ours.
        unsafe {
            if libc::ptrace(libc::PTRACE_SEIZE, tid, none, none) != 0 {
                return None;
            }
            assert_eq!(libc::ptrace(libc::PTRACE_INTERRUPT, tid, none, none), 0);
            let mut status = 0;
            assert_eq!(libc::waitpid(tid, &raw mut status, libc::__WALL), tid);
        }
        Some(Self { tid })
    }
}

impl Drop for FrozenThread {
    fn drop(&mut self) {
        let none = ptr::null_mut::<libc::c_void>();
        // SAFETY: as above.
        unsafe { libc::ptrace(libc::PTRACE_DETACH, self.tid, none, none) };
    }
}

/// Bytes written so far by each thread of the daemon's consumers.
fn written(sessiond: &Inhabitant) -> BTreeMap<libc::pid_t, u64> {
    let mut threads = BTreeMap::new();
    for consumer in sessiond.children() {
        let Ok(tasks) = fs::read_dir(format!("/proc/{consumer}/task")) else { continue };
        for task in tasks.flatten() {
            let Ok(io) = fs::read_to_string(task.path().join("io")) else { continue };
            let bytes: Option<u64> = io.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse().ok());
            let tid = task.file_name().to_str().and_then(|name| name.parse().ok());
            threads.extend(tid.zip(bytes));
        }
    }
    threads
}

/// The thread waits for something to do.
fn is_polling(tid: libc::pid_t) -> bool {
    let Ok(call) = fs::read_to_string(format!("/proc/{tid}/syscall")) else { return false };
    let number = call.split_whitespace().next().and_then(|number| number.parse::<libc::c_long>().ok());
    number.is_some_and(|number| POLLS.contains(&number))
}

#[cfg(target_arch = "x86_64")]
const POLLS: [libc::c_long; 4] =
    [libc::SYS_poll, libc::SYS_epoll_wait, libc::SYS_ppoll, libc::SYS_epoll_pwait];
#[cfg(not(target_arch = "x86_64"))]
const POLLS: [libc::c_long; 2] = [libc::SYS_ppoll, libc::SYS_epoll_pwait];
