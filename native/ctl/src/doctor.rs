//! What a recording needs of this machine, looked at without starting one.

mod confinement;
mod flights;
mod kernel;
mod libraries;
mod limits;
mod programs;
mod rights;
mod room;
mod traces;

use std::fmt;
use std::path::Path;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing to do.
    Ok,
    /// Recording works, with less than one may expect.
    Warning,
    /// Recording does not work.
    Error,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What was looked at: one word or path, unique among the rows.
    pub check: &'static str,
    /// How grave it is.
    pub verdict: Verdict,
    /// What was found: one line.
    pub finding: String,
    /// What to do about it: one line, empty where nothing need be done.
    pub remedy: String,
}

/// Looks at libraries, daemons, rights, room, traces, limits and confinement, in this order.
///
/// Starts no daemon, opens no liblttng-ust and makes no file. `output` is where traces will be written: the nearest
/// directory above it that exists is looked at. Takes a few seconds at most, also where a session daemon is stopped.
pub fn rows(output: &Path) -> Vec<Row> {
    let mut rows = vec![libraries::control(), libraries::provider()];
    rows.extend(programs::rows());
    rows.extend(rights::rows());
    rows.extend([room::shm(), room::disk(output), traces::row(output), limits::row()]);
    rows.extend(confinement::rows());
    rows.push(kernel::row());
    rows.extend(flights::row());
    rows
}

/// The gravest verdict of the rows.
pub fn worst(rows: &[Row]) -> Verdict {
    rows.iter().map(|row| row.verdict).max().unwrap_or(Verdict::Ok)
}

impl Verdict {
    /// The word for it: `ok`, `warning` or `error`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Row {
    fn ok(check: &'static str, finding: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, finding: finding.into(), remedy: String::new() }
    }

    fn warning(check: &'static str, finding: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Warning, finding: finding.into(), remedy: remedy.into() }
    }

    fn error(check: &'static str, finding: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Error, finding: finding.into(), remedy: remedy.into() }
    }

    fn failed(check: &'static str, error: &crate::Error) -> Self {
        Self::error(check, error.to_string(), error.remedy())
    }
}
