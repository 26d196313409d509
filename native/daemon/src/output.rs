//! Where answers go: to standard output, in one piece, as text or JSON.

use crate::failure::{BAD_TRACE, Failure};
use crate::json;
use crate::reading::Reading;
use crate::warning;
use serde_json::Value;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// The width that text has room in; `None` when it does not go to a terminal.
pub(crate) fn width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(width, _)| width.0.into())
}

/// Prints the answer as JSON, and what was at fault to standard error.
pub(crate) fn print_json(reading: &Reading, answer: &Value) -> Result<ExitCode, Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", json::text(answer))?;
    out.flush()?;
    Ok(warn(reading))
}

/// Prints the answer as text, and what was at fault to standard error.
pub(crate) fn print_text(reading: &Reading, answer: &str) -> Result<ExitCode, Failure> {
    // A warning belongs before the numbers that it is about.
    let code = warn(reading);
    let mut out = std::io::stdout().lock();
    out.write_all(answer.as_bytes())?;
    out.flush()?;
    Ok(code)
}

fn warn(reading: &Reading) -> ExitCode {
    for fault in &reading.faults {
        warning::tell(fault);
    }
    ExitCode::from(if reading.faults.is_empty() { 0 } else { BAD_TRACE })
}
