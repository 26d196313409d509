//! LTTng's programs, and which of them run.

use std::path::Path;
use std::time::Duration;

use super::row::Row;
use crate::call::Lttng;
use crate::daemons::{RELAYD_PATH, SESSIOND_PATH, find_daemon, find_program};
use crate::deadline::Deadline;
use crate::process;
use crate::spawn::{Child, Notes};
use crate::tcp_table::{Socket, sockets};

/// The longest that one question may take.
const TIMEOUT: Duration = Duration::from_secs(2);
const SESSIOND: &str = "lttng-sessiond";
const INSTALL: &str = "install lttng-tools";
/// lttng-relayd's own ports, for control, data and viewers.
const RELAY_PORTS: [u16; 3] = [5342, 5343, 5344];

pub(super) fn rows() -> Vec<Row> {
    vec![sessiond(), relayd(), crash()]
}

fn sessiond() -> Row {
    let program = find_daemon(SESSIOND_PATH, SESSIOND);
    let version = program.as_deref().and_then(version).map(|text| format!("{text}, ")).unwrap_or_default();
    // Connecting proves nothing: a stopped daemon's socket still accepts.
    match Lttng::load().and_then(|lttng| lttng.sessions(TIMEOUT)) {
        Ok(sessions) => Row::ok(SESSIOND, format!("{version}answers; {} sessions", sessions.len())),
        Err(error) if error.is_no_sessiond() => match program {
            Some(path) => {
                Row::ok(SESSIOND, format!("{version}{} is started when a tap needs it", path.display()))
            }
            None => Row::error(
                SESSIOND,
                "no session daemon answers, and the program lttng-sessiond is missing",
                format!("{INSTALL}, or set {SESSIOND_PATH} to lttng-sessiond"),
            ),
        },
        Err(error) if error.is_no_library() => Row::error(
            SESSIOND,
            format!("{version}unknown whether it answers: liblttng-ctl is missing"),
            error.remedy(),
        ),
        Err(error) => Row::failed(SESSIOND, &error),
    }
}

fn relayd() -> Row {
    const CHECK: &str = "lttng-relayd";
    let open = sockets().into_iter().filter(Socket::listens_everywhere).map(|socket| socket.local.port());
    if let Some(port) = open.into_iter().find(|port| RELAY_PORTS.contains(port)) {
        return Row::warning(
            CHECK,
            format!("port {port} is open on every network interface, without authentication"),
            "restart the relay daemon with -C tcp://127.0.0.1:5342 -D tcp://127.0.0.1:5343 -L tcp://127.0.0.1:5344",
        );
    }
    match find_daemon(RELAYD_PATH, CHECK) {
        Some(path) => Row::ok(CHECK, path.display().to_string()),
        None => Row::warning(
            CHECK,
            "the program lttng-relayd is missing: no live view on this machine",
            format!("{INSTALL}, or set {RELAYD_PATH} to lttng-relayd"),
        ),
    }
}

fn crash() -> Row {
    const CHECK: &str = "lttng-crash";
    match find_program(CHECK.as_ref()) {
        Some(path) => Row::ok(CHECK, path.display().to_string()),
        None => Row::warning(
            CHECK,
            "the program lttng-crash is missing: buffers left after a crash (shm_path) cannot be recovered",
            INSTALL,
        ),
    }
}

/// What the program says about its version; `None` when it does not say it in time.
fn version(program: &Path) -> Option<String> {
    let mut notes = Notes::new().ok()?;
    // A child's stdout is closed to it; the shell joins it to what is noted.
    let words = ["-c", "exec \"$0\" --version >&2", program.to_str()?].map(str::to_owned);
    let mut child = Child::spawn(Path::new("/bin/sh"), &words, notes.file()).ok()?;
    let ended = Deadline::after(TIMEOUT).poll(|| Ok(child.has_ended().then_some(())));
    if !matches!(ended, Ok(Some(()))) {
        process::signal(child.id(), libc::SIGKILL);
        // Reaped here, or by nobody.
        let _ = Deadline::after(TIMEOUT).poll(|| Ok(child.has_ended().then_some(())));
        return None;
    }
    notes.last_line().filter(|line| line.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_s_version_is_its_last_line_if_it_is_one() {
        assert_eq!(version(Path::new("/nonexistent")), None);
        // GNU's say more than a number.
        assert_eq!(version(Path::new("/bin/ls")), None);
    }
}
