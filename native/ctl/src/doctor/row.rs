//! A finding of the doctor's, and how grave it is.

use std::fmt;

use crate::error::Error;

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
    pub(super) fn ok(check: &'static str, finding: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, finding: finding.into(), remedy: String::new() }
    }

    pub(super) fn warning(
        check: &'static str,
        finding: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { check, verdict: Verdict::Warning, finding: finding.into(), remedy: remedy.into() }
    }

    pub(super) fn error(check: &'static str, finding: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Error, finding: finding.into(), remedy: remedy.into() }
    }

    pub(super) fn failed(check: &'static str, error: &Error) -> Self {
        Self::error(check, error.to_string(), error.remedy())
    }
}
