//! Where lines go: to standard output, in large pieces, and made safe where a terminal reads them.

use crate::safe::Safe;
use std::io::{self, IsTerminal, StdoutLock, Write};

/// Bytes that are collected before they are written.
const PIECE: usize = 1 << 18;

/// Lines on their way to standard output.
pub(crate) struct Sink {
    lines: Vec<u8>,
    out: StdoutLock<'static>,
    is_terminal: bool,
}

impl Sink {
    pub(crate) fn new() -> Sink {
        let out = io::stdout().lock();
        Sink { lines: Vec::with_capacity(PIECE + PIECE / 4), is_terminal: out.is_terminal(), out }
    }

    /// What to append lines to.
    pub(crate) fn lines(&mut self) -> &mut Vec<u8> {
        &mut self.lines
    }

    /// Writes when there is enough. To be called between lines.
    #[inline]
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        if self.lines.len() >= PIECE { self.flush() } else { Ok(()) }
    }

    /// Appends many lines, or the rest of one and more; what is large is written as it is.
    pub(crate) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.is_terminal || lines.len() < PIECE / 4 {
            self.lines.extend_from_slice(lines);
            return self.settle();
        }
        self.out.write_all(&self.lines)?;
        self.lines.clear();
        self.out.write_all(lines)
    }

    /// Writes all that there is. To be called between lines.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.is_terminal {
            for line in String::from_utf8_lossy(&self.lines).lines() {
                writeln!(self.out, "{}", Safe(line))?;
            }
        } else {
            self.out.write_all(&self.lines)?;
        }
        self.lines.clear();
        self.out.flush()
    }
}
