//! Where a session's events go. Pure.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::Error;
use crate::limits::{check_path, check_url, whole_micros};

/// Where the events go, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// To the output as they come.
    Streaming {
        /// A directory, or a relay daemon.
        output: Output,
    },
    /// To a relay daemon that shows them while they come. Can neither rotate nor be snapshot.
    Live {
        /// The relay daemon.
        url: String,
        /// How long an event may wait before viewers see it; whole microseconds.
        interval: Duration,
    },
    /// Nowhere until a snapshot is asked for: a flight recorder. Its channels want
    /// [`OnFull::Overwrite`](crate::OnFull::Overwrite), or they keep what came first.
    Snapshot {
        /// Where snapshots go.
        output: Output,
    },
}

/// What a trace is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceFormat {
    /// CTF 1.8: all that LTTng before 2.15 writes.
    Ctf1,
    /// CTF 2: what LTTng from 2.15 on writes unless told otherwise.
    Ctf2,
}

/// A place for a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A directory of this machine; absolute. LTTng makes it, and its parents, when they are missing.
    Local(PathBuf),
    /// A relay daemon: `net://HOST[:CONTROL_PORT[:DATA_PORT]][/PATH]`, or `net6://[HOST]…`.
    Net(String),
}

impl Mode {
    /// Records into a directory of this machine, as the events come.
    pub fn local(path: impl Into<PathBuf>) -> Self {
        Self::Streaming { output: Output::Local(path.into()) }
    }

    /// The place of this machine that the session writes to; `None` when it writes to another.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Streaming { output: Output::Local(path) }
            | Self::Snapshot { output: Output::Local(path) } => Some(path),
            Self::Streaming { output: Output::Net(_) }
            | Self::Snapshot { output: Output::Net(_) }
            | Self::Live { .. } => None,
        }
    }

    /// The relay daemon that the session sends to; `None` when it writes on this machine.
    pub(crate) fn url(&self) -> Option<&str> {
        match self {
            Self::Live { url, .. }
            | Self::Streaming { output: Output::Net(url) }
            | Self::Snapshot { output: Output::Net(url) } => Some(url),
            Self::Streaming { output: Output::Local(_) } | Self::Snapshot { output: Output::Local(_) } => {
                None
            }
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        match self {
            Self::Streaming { output } | Self::Snapshot { output } => output.check(),
            Self::Live { url, interval } => {
                check_url(url)?;
                whole_micros("a live session's interval", *interval).map(drop)
            }
        }
    }
}

impl Output {
    fn check(&self) -> Result<(), Error> {
        match self {
            Self::Local(path) => check_path(path),
            Self::Net(url) => check_url(url),
        }
    }
}
