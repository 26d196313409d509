//! How `read` gets through a recorded trace.

use crate::failure::Failure;
use crate::faults::Faults;
use crate::growing::tell;
use crate::interrupt::Interrupt;
use crate::lines::Lines;
use crate::pages::{Page, Pages};
use crate::progress::Progress;
use crate::show::{Missing, Show};
use beamtap_ctf::{Error, Event, Loss, Stream, TraceSet};
use std::ops::ControlFlow;

/// Items between two looks at Ctrl-C: some milliseconds.
const STRIDE: u64 = 1 << 13;

/// The printing of a recorded trace.
pub(crate) struct Course<'a> {
    lines: &'a mut Lines,
    streams: &'a [Stream],
    interrupt: &'a Interrupt,
    progress: Option<Progress>,
    /// Number of events that were taken in, and where to look at Ctrl-C again.
    events: u64,
    next_look: u64,
    faults: Faults,
    failure: Option<Failure>,
}

impl<'a> Course<'a> {
    pub(crate) fn new(set: &'a TraceSet, lines: &'a mut Lines, interrupt: &'a Interrupt) -> Course<'a> {
        Course {
            progress: (!lines.are_watched()).then(Progress::new),
            lines,
            streams: set.streams(),
            interrupt,
            events: 0,
            next_look: STRIDE,
            faults: Faults::default(),
            failure: None,
        }
    }

    #[inline]
    pub(crate) fn event(&mut self, event: Event<'_>) -> ControlFlow<()> {
        let printed = self.lines.event(event);
        self.go_on(1, printed)
    }

    pub(crate) fn page(&mut self, page: &Page) -> ControlFlow<()> {
        let printed = self.lines.page(page);
        self.go_on(page.events(), printed)
    }

    /// Pages for others to write on.
    pub(crate) fn pages(&self) -> Pages {
        self.lines.pages()
    }

    /// Takes over what was seen by those who wrote on pages.
    pub(crate) fn learn(&mut self, pages: Pages) {
        self.lines.learn(pages);
    }

    pub(crate) fn loss(&mut self, missing: Missing, loss: &Loss) -> ControlFlow<()> {
        let told = tell(self.lines, missing, loss, self.streams);
        self.go_on(1, told)
    }

    pub(crate) fn fault(&mut self, error: &Error) -> ControlFlow<()> {
        if !self.faults.tells_one_more() {
            return self.go_on(1, Ok::<(), Failure>(()));
        }
        let told = self.lines.fault(&format!("{error}; what comes before it and the other streams are read"));
        self.go_on(1, told)
    }

    /// Goes on after so many items, unless they could not be printed.
    #[inline]
    fn go_on(&mut self, items: u64, printed: Result<(), impl Into<Failure>>) -> ControlFlow<()> {
        if let Err(failure) = printed {
            return self.stop(failure.into());
        }
        self.events += items;
        if self.events >= self.next_look { self.look() } else { ControlFlow::Continue(()) }
    }

    #[inline(never)]
    fn look(&mut self) -> ControlFlow<()> {
        self.next_look = self.events + STRIDE;
        self.progress.iter_mut().for_each(|progress| progress.at(self.events));
        if self.interrupt.came() {
            return self.stop(Failure::Interrupted);
        }
        ControlFlow::Continue(())
    }

    #[cold]
    fn stop(&mut self, failure: Failure) -> ControlFlow<()> {
        self.failure = Some(failure);
        ControlFlow::Break(())
    }

    /// Says whether parts of the trace could not be read.
    pub(crate) fn end(self) -> Result<bool, Failure> {
        if let Some(rest) = self.faults.rest() {
            self.lines.fault(&rest)?;
        }
        self.failure.map_or(Ok(self.faults.are_there()), Err)
    }
}
