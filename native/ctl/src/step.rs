//! One step towards a session: what to ask the session daemon for.

use std::path::PathBuf;

use crate::channel::{Channel, Rule};
use crate::mode::{Mode, TraceFormat};

/// One request to the session daemon; a plan says in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Create { mode: Mode, format: Option<TraceFormat> },
    SetShmPath { path: PathBuf },
    TrackOnly { vpids: Vec<i32> },
    EnableChannel { channel: Channel },
    EnableEvent { channel: String, rule: Rule },
    RotateEvery { period_us: u64 },
    RotateAt { size: u64 },
}

impl Step {
    /// What the step is for: completes "to …".
    pub(crate) fn purpose(&self) -> &'static str {
        match self {
            Self::Create { .. } => "begin the creation",
            Self::SetShmPath { .. } => "set the shared memory path",
            Self::TrackOnly { .. } => "set the process tracker",
            Self::EnableChannel { .. } => "enable a channel",
            Self::EnableEvent { .. } => "enable an event",
            Self::RotateEvery { .. } | Self::RotateAt { .. } => "set the rotation schedule",
        }
    }
}
