//! What can go wrong between us and LTTng, told in the user's terms.

use std::fmt;
use std::time::Duration;

/// Why LTTng could not do what was asked.
///
/// `Display` is one line that names what is missing or refused; [`Error::remedy`] is one line with what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    NoLibrary { reason: String },
    OldLibrary { symbol: &'static str },
    NoSessiond,
    NoSessiondProgram,
    SessiondFailed { reason: String },
    SessiondForeign { pid: Option<u32> },
    SessiondLeaving { pid: u32, within: Duration },
    NotPermitted { what: String },
    Timeout { what: String, within: Duration },
    ShmTooSmall { path: String, needed: u64, free: u64 },
    BadPlan { reason: String },
    SessionExists { name: String },
    NoSuchSession { name: String },
    SessionStopped { name: String },
    OutputUnwritable { session: String },
    OutputRemoved { path: String },
    OutputFull { path: String },
    ConsumerStopped { pid: u32 },
    NoConsumer,
    NoTraceFormat,
    NoRelayd,
    RelaydGone,
    RelaydSilent { url: String, within: Duration },
    NoRelaydProgram,
    RelaydFailed { reason: String },
    NoCrashProgram,
    RecoveryFailed { reason: String },
    NotBuffers { path: String, file: String },
    InUse { path: String, pid: u32 },
    BeingRecovered { path: String },
    Library { call: &'static str, code: i32, text: String },
    System { what: String, reason: String },
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self { kind }
    }
}

impl Error {
    pub(crate) fn bad_plan(reason: impl Into<String>) -> Self {
        Kind::BadPlan { reason: reason.into() }.into()
    }

    pub(crate) fn timeout(what: impl Into<String>, within: Duration) -> Self {
        Kind::Timeout { what: what.into(), within }.into()
    }

    pub(crate) fn system(what: impl Into<String>, reason: impl fmt::Display) -> Self {
        Kind::System { what: what.into(), reason: reason.to_string() }.into()
    }

    /// The control library is not installed, or too old to be used.
    pub fn is_no_library(&self) -> bool {
        matches!(self.kind, Kind::NoLibrary { .. } | Kind::OldLibrary { .. })
    }

    /// No session daemon answers, and none could be started.
    pub fn is_no_sessiond(&self) -> bool {
        matches!(self.kind, Kind::NoSessiond | Kind::NoSessiondProgram | Kind::SessiondFailed { .. })
    }

    /// The daemon or the system refused for lack of rights.
    pub fn is_not_permitted(&self) -> bool {
        matches!(self.kind, Kind::NotPermitted { .. })
    }

    /// The daemon did not answer in time; what it was asked may still happen (see the crate's documentation).
    pub fn is_timeout(&self) -> bool {
        matches!(self.kind, Kind::Timeout { .. } | Kind::RelaydSilent { .. } | Kind::SessiondLeaving { .. })
    }

    /// The ring buffers would not fit into shared memory.
    pub fn is_shm_too_small(&self) -> bool {
        matches!(self.kind, Kind::ShmTooSmall { .. })
    }

    /// The plan itself cannot be carried out; LTTng was not asked.
    pub fn is_bad_plan(&self) -> bool {
        matches!(self.kind, Kind::BadPlan { .. })
    }

    /// A session of this name exists already.
    pub fn is_session_exists(&self) -> bool {
        matches!(self.kind, Kind::SessionExists { .. })
    }

    /// The session is gone: destroyed by somebody else, or its daemon was restarted.
    pub fn is_no_such_session(&self) -> bool {
        matches!(self.kind, Kind::NoSuchSession { .. })
    }

    /// Somebody else stopped the session.
    pub fn is_session_stopped(&self) -> bool {
        matches!(self.kind, Kind::SessionStopped { .. })
    }

    /// The session daemon cannot make the session's output directory.
    pub fn is_output_unwritable(&self) -> bool {
        matches!(self.kind, Kind::OutputUnwritable { .. })
    }

    /// The directory that the session writes to is not there any more.
    pub fn is_output_removed(&self) -> bool {
        matches!(self.kind, Kind::OutputRemoved { .. })
    }

    /// The disk that the session writes to has no room for the next packet. What LTTng could not write once, it does not
    /// write later either.
    pub fn is_output_full(&self) -> bool {
        matches!(self.kind, Kind::OutputFull { .. })
    }

    /// The consumer daemon stands still: what its buffers do not hold is discarded until it goes on.
    pub fn is_consumer_stopped(&self) -> bool {
        matches!(self.kind, Kind::ConsumerStopped { .. })
    }

    /// The daemon lost its consumer: it can trace no user space until it is restarted.
    pub fn is_no_consumer(&self) -> bool {
        matches!(self.kind, Kind::NoConsumer)
    }

    /// This LTTng cannot write the format that was asked for.
    pub fn is_no_trace_format(&self) -> bool {
        matches!(self.kind, Kind::NoTraceFormat)
    }

    /// The session daemon could not reach the relay daemon, or none could be started.
    pub fn is_no_relayd(&self) -> bool {
        matches!(
            self.kind,
            Kind::NoRelayd | Kind::RelaydGone | Kind::NoRelaydProgram | Kind::RelaydFailed { .. }
        )
    }

    /// A process still has the buffers open that are to be recovered, or recovers them.
    pub fn is_in_use(&self) -> bool {
        matches!(self.kind, Kind::InUse { .. } | Kind::BeingRecovered { .. })
    }

    /// LTTng's own error code (`enum lttng_error_code`), where LTTng gave one that has no predicate here.
    pub fn lttng_code(&self) -> Option<i32> {
        match self.kind {
            Kind::Library { code, .. } => Some(code),
            _ => None,
        }
    }

    /// What the user can do about it: one line, empty when nothing is known to help.
    pub fn remedy(&self) -> &'static str {
        match &self.kind {
            Kind::NoLibrary { .. } => "install liblttng-ctl0 (Debian, Ubuntu) or lttng-tools (elsewhere)",
            Kind::OldLibrary { .. } => "install lttng-tools 2.13 or newer",
            Kind::NoSessiondProgram => "install lttng-tools, or set LTTNG_SESSIOND_PATH to lttng-sessiond",
            Kind::NoSessiond => "start one with lttng-sessiond --daemonize",
            Kind::SessiondForeign { .. } => {
                "nothing to do: a tap starts a session daemon of its own if it needs one"
            }
            Kind::SessiondLeaving { .. } => "start the tap again when that daemon has exited",
            Kind::SessiondFailed { .. } => {
                "run lttng-sessiond to see why; HOME or LTTNG_HOME must be writable"
            }
            Kind::NotPermitted { .. } => {
                "join the group `tracing` and log in again, or use your own session daemon"
            }
            Kind::Timeout { .. } => "check if lttng-sessiond is stopped (state T in ps), and restart it",
            Kind::ShmTooSmall { .. } => {
                "enlarge /dev/shm (docker: --shm-size), or use smaller or fewer sub-buffers"
            }
            Kind::BadPlan { .. } => "correct this option",
            Kind::SessionExists { .. } => {
                "choose another session name, or destroy the session with lttng destroy NAME"
            }
            Kind::NoSuchSession { .. } => "start a new session",
            Kind::SessionStopped { .. } => "do not stop beamtap's sessions (lttng list shows them)",
            Kind::OutputUnwritable { .. } => {
                "choose an output directory that the session daemon can write to"
            }
            Kind::OutputRemoved { .. } => "create the directory again, or choose another output",
            Kind::OutputFull { .. } => "free space, or choose another output",
            Kind::ConsumerStopped { .. } => "let it continue with kill -CONT PID",
            Kind::NoTraceFormat => "install lttng-tools 2.15 or newer, or omit trace_format",
            Kind::NoConsumer => "restart lttng-sessiond: its consumer daemon died",
            Kind::NoRelayd | Kind::RelaydGone => {
                "start one with lttng-relayd --daemonize -C tcp://127.0.0.1:5342 -D tcp://127.0.0.1:5343"
            }
            Kind::RelaydSilent { .. } => {
                "check with ss -ltnp what listens there (the control port of lttng-relayd is 5342 by default), and that it is not stopped"
            }
            Kind::NoRelaydProgram => "install lttng-tools, or set LTTNG_RELAYD_PATH to lttng-relayd",
            Kind::RelaydFailed { .. } => "run lttng-relayd to see why",
            Kind::NoCrashProgram => "install lttng-tools",
            Kind::RecoveryFailed { .. } => "run lttng-crash to see why; the buffers are kept",
            Kind::NotBuffers { .. } => {
                "name the directory that was the tap's shm_path. A trace needs no recovery: read it with beamtapd info DIR"
            }
            Kind::InUse { .. } => {
                "stop the tap, or end its session with `lttng destroy NAME`. Both write the buffers to the trace"
            }
            Kind::BeingRecovered { .. } => "wait until it is done",
            Kind::Library { .. } => "see the log of the session daemon, started with lttng-sessiond -vvv",
            Kind::System { .. } => "",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::NoLibrary { reason } => {
                write!(f, "LTTng's control library liblttng-ctl.so.0 is missing: {reason}")
            }
            Kind::OldLibrary { symbol } => {
                write!(f, "LTTng's control library is too old: it does not have {symbol}")
            }
            Kind::NoSessiond => write!(f, "no LTTng session daemon answers"),
            Kind::NoSessiondProgram => {
                write!(f, "no LTTng session daemon answers and the program lttng-sessiond is missing")
            }
            Kind::SessiondForeign { pid } => {
                let which = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
                write!(
                    f,
                    "an LTTng session daemon{which} is already running and not the guard's own: its sessions are \
                     left alone"
                )
            }
            Kind::SessiondLeaving { pid, within } => {
                write!(
                    f,
                    "the LTTng session daemon (process {pid}) of a VM that has exited still writes flight recorders \
                     after {:.1} s",
                    within.as_secs_f64()
                )
            }
            Kind::SessiondFailed { reason } => write!(f, "lttng-sessiond could not be started: {reason}"),
            Kind::NotPermitted { what } => write!(f, "LTTng refuses {what}: permission denied"),
            Kind::Timeout { what, within } => {
                write!(
                    f,
                    "the LTTng session daemon did not answer within {:.1} s when asked {what}",
                    within.as_secs_f64()
                )
            }
            Kind::ShmTooSmall { path, needed, free } => {
                write!(f, "{path} is too small: the buffers need {needed} bytes, {free} are free")
            }
            Kind::BadPlan { reason } => write!(f, "{reason}"),
            Kind::SessionExists { name } => write!(f, "the LTTng session {name} already exists"),
            Kind::NoSuchSession { name } => write!(f, "there is no LTTng session named {name}"),
            Kind::SessionStopped { name } => write!(f, "somebody stopped the LTTng session {name}"),
            Kind::OutputUnwritable { session } => {
                write!(f, "the session daemon cannot create the output directory of session {session}")
            }
            Kind::OutputRemoved { path } => write!(f, "the output directory {path} is gone"),
            Kind::OutputFull { path } => write!(f, "the disk of {path} is full"),
            Kind::ConsumerStopped { pid } => {
                write!(f, "LTTng's consumer daemon (process {pid}) is stopped")
            }
            Kind::NoTraceFormat => write!(f, "this LTTng writes CTF 1.8 only"),
            Kind::NoConsumer => write!(f, "the LTTng session daemon has no user-space consumer daemon"),
            Kind::NoRelayd => write!(f, "the LTTng session daemon cannot connect to the relay daemon"),
            Kind::RelaydSilent { url, within } => {
                write!(
                    f,
                    "the program at {url} did not answer as a relay daemon within {:.1} s",
                    within.as_secs_f64()
                )
            }
            Kind::RelaydGone => write!(f, "the relay daemon is gone"),
            Kind::NoRelaydProgram => write!(f, "the program lttng-relayd is missing"),
            Kind::RelaydFailed { reason } => write!(f, "lttng-relayd could not be started: {reason}"),
            Kind::NoCrashProgram => write!(f, "the program lttng-crash is missing"),
            Kind::RecoveryFailed { reason } => write!(f, "the buffers could not be recovered: {reason}"),
            Kind::NotBuffers { path, file } => {
                write!(f, "no LTTng buffers in {path}: {file} is not one")
            }
            Kind::InUse { path, pid } => write!(f, "process {pid} still records in {path}"),
            Kind::BeingRecovered { path } => write!(f, "another process is recovering {path}"),
            Kind::Library { call, code, text } => write!(f, "{call} failed: {text} (LTTng error {code})"),
            Kind::System { what, reason } => write!(f, "{what}: {reason}"),
        }
    }
}

impl std::error::Error for Error {}
