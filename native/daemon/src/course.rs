//! How `read` gets through a recorded trace.

use crate::failure::Failure;
use crate::faults::Faults;
use crate::growing::tell;
use crate::interrupt::Interrupt;
use crate::lines::Lines;
use crate::pages::{Page, Pages};
use crate::progress::Progress;
use crate::show::{Missing, Show};
use beamtap_ctf::{Error, Event, Item, Loss, Reader, Stream, TraceSet};
use std::io::IsTerminal;
use std::ops::ControlFlow;

/// Items between two looks at Ctrl-C: some milliseconds.
const STRIDE: u64 = 1 << 13;

/// The showing of a recorded trace.
pub(crate) struct Course<'a, S> {
    show: &'a mut S,
    streams: &'a [Stream],
    interrupt: &'a Interrupt,
    progress: Option<Progress>,
    /// Number of events that were taken in, and where to look at Ctrl-C again.
    events: u64,
    next_look: u64,
    faults: Faults,
    failure: Option<Failure>,
}

impl<'a, S: Show> Course<'a, S> {
    pub(crate) fn new(set: &'a TraceSet, show: &'a mut S, interrupt: &'a Interrupt) -> Course<'a, S> {
        Course {
            progress: (!std::io::stdout().is_terminal()).then(Progress::new),
            show,
            streams: set.streams(),
            interrupt,
            events: 0,
            next_look: STRIDE,
            faults: Faults::default(),
            failure: None,
        }
    }

    #[inline]
    fn event(&mut self, event: Event<'_>) -> ControlFlow<()> {
        let shown = self.show.event(event);
        self.go_on(1, shown)
    }

    pub(crate) fn loss(&mut self, missing: Missing, loss: &Loss) -> ControlFlow<()> {
        let told = tell(self.show, missing, loss, self.streams);
        self.go_on(1, told)
    }

    pub(crate) fn fault(&mut self, error: &Error) -> ControlFlow<()> {
        if !self.faults.tells_one_more() {
            return self.go_on(1, Ok::<(), Failure>(()));
        }
        let told = self
            .show
            .fault(&format!("{error}; the stream is read up to there, and the other streams in full"));
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

    /// Tells what of the trace's directory is left out.
    pub(crate) fn left_out(&mut self, faults: &[Error]) {
        for fault in faults {
            if self.faults.tells_one_more()
                && let Err(error) = self.show.fault(&format!("{fault}; this part is left out"))
            {
                self.failure.get_or_insert(error.into());
            }
        }
    }

    /// Gives all that the reader has.
    pub(crate) fn run(&mut self, mut reader: Reader) {
        let _ = reader.for_each(|item| match item {
            Ok(Item::Event(event)) => self.event(event),
            Ok(Item::Discarded(loss)) => self.loss(Missing::Events, &loss),
            Ok(Item::LostPackets(loss)) => self.loss(Missing::Packets, &loss),
            Err(error) => self.fault(&error),
        });
    }

    /// Says whether parts of the trace could not be read.
    pub(crate) fn end(self) -> Result<bool, Failure> {
        if let Some(rest) = self.faults.rest() {
            self.show.fault(&rest)?;
        }
        self.failure.map_or(Ok(self.faults.are_there()), Err)
    }
}

impl Course<'_, Lines> {
    pub(crate) fn page(&mut self, page: &Page) -> ControlFlow<()> {
        let printed = self.show.page(page);
        self.go_on(page.events(), printed)
    }

    /// Pages for others to write on.
    pub(crate) fn pages(&self) -> Pages {
        self.show.pages()
    }

    /// Takes over what was seen by those who wrote on pages.
    pub(crate) fn learn(&mut self, pages: Pages) {
        self.show.learn(pages);
    }
}
