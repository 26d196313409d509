//! The directory in which a session daemon has its sockets and leaves its id, and whom that leads to.

use std::env;
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::process::{self, Identity};
use crate::socket::CLIENT_SOCKET;

/// Where the system's daemon keeps its sockets and its pid.
const SYSTEM_DIRECTORY: &str = "/var/run/lttng";

/// The pid that the daemon of this user has left in its run directory; `None` when there is none.
pub(crate) fn pid_on_file() -> Option<u32> {
    pid_in(&run_directory()?)
}

/// Where the daemon that this user starts has its sockets; `None` where the user has no home.
pub(crate) fn run_directory() -> Option<PathBuf> {
    if is_root() { Some(PathBuf::from(SYSTEM_DIRECTORY)) } else { user_directory() }
}

/// The daemon that this process's sessions are in, if it can be seen from here: not in another pid namespace.
pub(crate) fn find_process() -> Option<Identity> {
    // liblttng-ctl asks the system's first, where it may.
    let directories = [Some(PathBuf::from(SYSTEM_DIRECTORY)), user_directory().filter(|_| !is_root())];
    directories
        .into_iter()
        .flatten()
        .filter(|directory| is_root() || UnixStream::connect(directory.join(CLIENT_SOCKET)).is_ok())
        .filter_map(|directory| pid_in(&directory))
        // The file of a daemon that was killed stays, and its id may be another's by now.
        .filter(|pid| process::is_named(*pid, "lttng-sessiond"))
        .find_map(Identity::of)
}

/// The daemon that this process's sessions are in is seen to stand still: each question to it would stay in its queue.
pub(crate) fn is_daemon_stopped() -> bool {
    find_process().is_some_and(|daemon| process::is_stopped(daemon.pid))
}

fn is_root() -> bool {
    // SAFETY: getuid has no preconditions.
    unsafe { libc::getuid() == 0 }
}

fn user_directory() -> Option<PathBuf> {
    let home = env::var_os("LTTNG_HOME").or_else(|| env::var_os("HOME"))?;
    Some(Path::new(&home).join(".lttng"))
}

fn pid_in(directory: &Path) -> Option<u32> {
    fs::read_to_string(directory.join("lttng-sessiond.pid")).ok()?.trim().parse().ok()
}
