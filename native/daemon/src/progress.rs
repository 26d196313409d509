//! How far a long read has come: on standard error, when that is a terminal.

use crate::quantity;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Nothing is said of reads shorter than this.
const PATIENCE: Duration = Duration::from_millis(500);
/// Time between two updates.
const PERIOD: Duration = Duration::from_millis(100);

pub(crate) struct Progress {
    begin: Instant,
    shown: Option<Instant>,
    is_terminal: bool,
}

impl Progress {
    pub(crate) fn new() -> Progress {
        Progress { begin: Instant::now(), shown: None, is_terminal: std::io::stderr().is_terminal() }
    }

    /// Time since the beginning.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begin.elapsed()
    }

    /// Shows how many items have been read, unless it was shown a moment ago.
    pub(crate) fn at(&mut self, items: u64) {
        if !self.is_terminal {
            return;
        }
        let now = Instant::now();
        if now.duration_since(self.shown.unwrap_or(self.begin)) < self.shown.map_or(PATIENCE, |_| PERIOD) {
            return;
        }
        self.shown = Some(now);
        let rate = items as f64 / self.begin.elapsed().as_secs_f64();
        // Progress that cannot be shown is no reason to stop.
        let _ = write!(
            std::io::stderr(),
            "\r\x1b[Kbeamtapd: {} events read, {} a second",
            quantity::count(items),
            quantity::count(rate as u64)
        );
    }
}

impl Drop for Progress {
    /// Takes the line away.
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
