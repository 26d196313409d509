//! The lines that `read` prints.

use crate::event_json;
use crate::pages::{Page, Pages};
use crate::quantity;
use crate::scribe::Scribe;
use crate::selection::Selection;
use crate::show::{Missing, Show};
use crate::sink::Sink;
use crate::warning;
use beamtap_ctf::{Event, Loss, Trace};
use std::io;
use std::path::Path;

/// Prints events and losses.
pub(crate) struct Lines {
    sink: Sink,
    scribe: Scribe,
}

impl Lines {
    pub(crate) fn new(is_json: bool, selection: Selection) -> Lines {
        Lines { sink: Sink::new(), scribe: Scribe::new(is_json, selection) }
    }

    /// Leaves out so many of the first events that are wanted.
    pub(crate) fn leave_out(&mut self, events: u64) {
        self.scribe.leave_out(events);
    }

    /// Pages for others to write on what is to be printed here.
    pub(crate) fn pages(&self) -> Pages {
        Pages::new(self.scribe.clone())
    }

    /// Prints what was written on a page.
    pub(crate) fn page(&mut self, page: &Page) -> io::Result<()> {
        let rest = self.scribe.continue_with(page, self.sink.lines());
        self.sink.append(rest)
    }

    /// Takes over what was seen by those who wrote on pages.
    pub(crate) fn learn(&mut self, pages: Pages) {
        self.scribe.learn(pages);
    }

    /// Everything of each event was printed.
    pub(crate) fn are_whole(&self) -> bool {
        self.scribe.cut() == 0
    }

    /// Writes all that was printed, and tells what was asked for and is nowhere in the trace.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.sink.flush()?;
        if let cut @ 1.. = self.scribe.cut() {
            let cut = quantity::count(cut);
            self.warn(&format!("events cut because they are larger than 16 MiB: {cut}"));
        }
        self.scribe.selection().unseen().iter().for_each(|sentence| self.warn(sentence));
        Ok(())
    }

    fn warn(&self, sentence: &str) {
        warning::tell(sentence);
    }
}

impl Show for Lines {
    #[inline]
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        self.sink.settle()?;
        self.scribe.write(event, self.sink.lines());
        Ok(())
    }

    fn stranger(&self) -> Option<usize> {
        self.scribe.stranger()
    }

    fn introduce(&mut self, index: usize, trace: &Trace) {
        self.scribe.introduce(index, trace, self.sink.lines());
    }

    fn loss(&mut self, missing: Missing, loss: &Loss, stream: Option<&Path>) -> io::Result<()> {
        if self.scribe.writes_json() {
            let what = match missing {
                Missing::Events => "discarded",
                Missing::Packets => "lost_packets",
            };
            event_json::write_loss(what, loss, self.sink.lines());
        }
        // What was printed before the loss comes before its warning.
        self.sink.flush()?;
        let what = match missing {
            Missing::Events => "events discarded (buffers full)",
            Missing::Packets => "packets lost",
        };
        let when = match (loss.begin_ns, loss.end_ns) {
            (0, 0) => "at an unknown time".to_owned(),
            (begin, end) => format!("between [{}] and [{}]", self.scribe.time(begin), self.scribe.time(end)),
        };
        let stream = stream.map(|path| format!(", in {}", path.display())).unwrap_or_default();
        self.warn(&format!("{} {what} {when}{stream}", quantity::count(loss.count)));
        Ok(())
    }

    fn gap(&mut self, begin_ns: i64, end_ns: i64) -> io::Result<()> {
        if self.scribe.writes_json() {
            event_json::write_gap(begin_ns, end_ns, self.sink.lines());
        }
        self.sink.flush()?;
        let (begin, end) = (self.scribe.time(begin_ns), self.scribe.time(end_ns));
        self.warn(&format!("events between [{begin}] and [{end}] may be missing"));
        Ok(())
    }

    fn fault(&mut self, fault: &str) -> io::Result<()> {
        self.sink.flush()?;
        self.warn(fault);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
