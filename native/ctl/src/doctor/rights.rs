//! Who we are, and which session daemon that leads to.

use std::env;
use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::row::Row;

const CHECK: &str = "rights";
/// Where root's session daemon waits for root and for members of the group.
const ROOT_SOCKET: &str = "/var/run/lttng/client-lttng-sessiond";
const GROUP: &str = "tracing";

pub(super) fn rows() -> Vec<Row> {
    std::iter::once(rights()).chain(environment()).collect()
}

fn rights() -> Row {
    // SAFETY: geteuid has no preconditions.
    let user = unsafe { libc::geteuid() };
    if user == 0 {
        return Row::ok(CHECK, "root: taps use the system's session daemon, which sees the VMs of all users");
    }
    if is_member() {
        return Row::ok(CHECK, "in the group tracing: taps use the system's session daemon if it runs");
    }
    if Path::new(ROOT_SOCKET).exists() {
        return Row::warning(
            CHECK,
            "root's session daemon runs, but this user is not in the group tracing: taps use a daemon of this user",
            "to use root's daemon, run usermod -aG tracing USER and log in again",
        );
    }
    match home() {
        None => Row::error(
            CHECK,
            "neither LTTNG_HOME nor HOME is set: a session daemon has no directory",
            "set LTTNG_HOME to a directory that this user can write to",
        ),
        Some(home) if !is_writable(&home) => Row::error(
            CHECK,
            format!("{} is not writable: a session daemon has no directory", home.display()),
            "set LTTNG_HOME to a directory that this user can write to",
        ),
        Some(home) => {
            Row::ok(CHECK, format!("taps use a session daemon of this user, in {}/.lttng", home.display()))
        }
    }
}

/// Variables that make the VM wait for LTTng.
fn environment() -> Vec<Row> {
    let mut rows = Vec::new();
    if env::var_os("LTTNG_UST_ALLOW_BLOCKING").is_some() {
        rows.push(Row::warning(
            "LTTNG_UST_ALLOW_BLOCKING",
            "is set: another LTTng session with full buffers may make the VM wait",
            "unset it for the VM",
        ));
    }
    if let Some(value) = env::var_os("LTTNG_UST_REGISTER_TIMEOUT").filter(|value| value != "0") {
        rows.push(Row::warning(
            "LTTNG_UST_REGISTER_TIMEOUT",
            format!("is {}: loading LTTng's library may wait for the session daemon", value.display()),
            "unset it for the VM: beamtap sets it to 0",
        ));
    }
    rows
}

fn home() -> Option<PathBuf> {
    let variable = env::var_os("LTTNG_HOME").or_else(|| env::var_os("HOME"))?;
    (!variable.is_empty()).then(|| variable.into())
}

fn is_writable(directory: &Path) -> bool {
    let Ok(path) = CString::new(directory.as_os_str().as_bytes()) else { return false };
    // SAFETY: the path is NUL terminated and outlives the call.
    unsafe { libc::access(path.as_ptr(), libc::W_OK | libc::X_OK) == 0 }
}

/// One of this process's groups is LTTng's. /etc/group is read instead of asking for the name: the answer is kept in
/// memory that threads share.
fn is_member() -> bool {
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    let Some(wanted) = number_of(&groups, GROUP) else { return false };
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    numbers(&status, "Groups:").chain(numbers(&status, "Gid:")).any(|group| group == wanted)
}

fn number_of(groups: &str, name: &str) -> Option<u32> {
    groups.lines().find_map(|line| {
        let mut words = line.split(':');
        (words.next() == Some(name)).then(|| words.nth(1)?.parse().ok())?
    })
}

fn numbers<'a>(status: &'a str, label: &'a str) -> impl Iterator<Item = u32> + 'a {
    let line = status.lines().find_map(move |line| line.strip_prefix(label)).unwrap_or_default();
    line.split_whitespace().filter_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_read_by_name_and_by_number() {
        let groups = "root:x:0:\ntracingish:x:7:\ntracing:x:101:ann,bob\n";
        assert_eq!(number_of(groups, "tracing"), Some(101));
        assert_eq!(number_of(groups, "none"), None);
        let status = "Name:\terl\nGid:\t5\t5\t5\t5\nGroups:\t4 101 \n";
        assert_eq!(numbers(status, "Groups:").collect::<Vec<_>>(), [4, 101]);
        assert_eq!(numbers(status, "Absent:").count(), 0);
    }
}
