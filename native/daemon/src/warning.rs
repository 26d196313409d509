//! What is said beside the answer, on standard error.

use crate::safe::Safe;
use std::io::Write;

/// Tells a warning in a line of its own.
pub(crate) fn tell(sentence: &str) {
    line(&format!("beamtapd: warning: {}", Safe(sentence)));
}

/// Writes a line. That it cannot be written, on a full disk say, is no reason to end otherwise.
pub(crate) fn line(text: &str) {
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}
