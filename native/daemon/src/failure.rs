//! Ways to end without an answer, and the exit codes that tell them.

use crate::safe::Safe;
use crate::warning;
use std::process::ExitCode;

/// The trace could not be read, or not to its end.
pub(crate) const BAD_TRACE: u8 = 1;
/// What was asked for does not exist; clap's own code for usage errors.
const USAGE: u8 = 2;
/// Buffers that are to be recovered are still being used.
const IN_USE: u8 = 3;
/// 128 + SIGINT, as shells have it.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The trace cannot be read: what is wrong, and what to do.
    Trace { what: String, remedy: &'static str },
    /// Somebody still works with it: who, and what to do.
    InUse { what: String, remedy: &'static str },
    /// What was asked for does not exist.
    Usage(String),
    /// The answer could not be written.
    Output(std::io::Error),
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

impl Failure {
    /// Says it in one line on standard error. Nobody is told that nobody reads the output any more.
    pub(crate) fn tell(&self) -> ExitCode {
        let (line, code) = match self {
            Failure::Trace { what, remedy } => (format!("{what}. {remedy}"), BAD_TRACE),
            Failure::InUse { what, remedy } => (format!("{what}. {remedy}"), IN_USE),
            Failure::Usage(what) => (what.clone(), USAGE),
            Failure::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                return ExitCode::SUCCESS;
            }
            Failure::Output(error) => (format!("cannot write the answer: {error}"), BAD_TRACE),
            Failure::Interrupted => ("interrupted".to_owned(), INTERRUPTED),
        };
        warning::line(&format!("beamtapd: {}", Safe(&line)));
        ExitCode::from(code)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::Output(error)
    }
}

impl From<beamtap_ctf::Error> for Failure {
    fn from(error: beamtap_ctf::Error) -> Failure {
        let remedy = if error.is_not_a_trace() {
            "Name the directory that the recording was written to"
        } else if error.is_io() {
            "Check that the path exists and that you may read it"
        } else if error.is_metadata() {
            "Check that the directory is a complete LTTng trace. For a second opinion, run `babeltrace2 DIR`"
        } else if error.is_disconnected() {
            "Check that lttng-relayd runs there and that the port is its live port (5344 by default)"
        } else if error.is_protocol() {
            "Check the name of the session with `lttng list`. Only sessions made with `lttng create --live` can be read while they record"
        } else {
            "For a second opinion, run `babeltrace2 DIR`"
        };
        Failure::Trace { what: error.to_string(), remedy }
    }
}

impl From<beamtap_analysis::Error> for Failure {
    fn from(error: beamtap_analysis::Error) -> Failure {
        let remedy = "For a second opinion, run `babeltrace2 DIR`";
        Failure::Trace { what: error.to_string(), remedy }
    }
}

impl From<beamtap_ctl::Error> for Failure {
    fn from(error: beamtap_ctl::Error) -> Failure {
        let (what, remedy) = (error.to_string(), error.remedy());
        if error.is_in_use() { Failure::InUse { what, remedy } } else { Failure::Trace { what, remedy } }
    }
}
