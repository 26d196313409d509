//! A recorded trace, and the part of it that is chosen.

use crate::choice::{Choice, Last};
use crate::course::Course;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::named_lines::NamedLines;
use crate::selection::Selection;
use beamtap_ctf::{Item, TimeRange, TraceSet};
use std::ops::ControlFlow;
use std::path::Path;

/// Events between two looks at Ctrl-C: about a millisecond.
const STRIDE: u64 = 1 << 14;

/// A trace that nobody writes to.
pub(crate) struct Recorded {
    pub(crate) set: TraceSet,
}

impl Recorded {
    pub(crate) fn open(directory: &Path) -> Result<Recorded, Failure> {
        let set = TraceSet::open(directory)?;
        tracing::debug!(
            traces = set.traces().len(),
            streams = set.streams().len(),
            classes = set.classes().len(),
            "opened {}",
            directory.display()
        );
        Ok(Recorded { set })
    }

    /// The stretch of time that is chosen.
    pub(crate) fn range(&self, choice: &Choice) -> TimeRange {
        let range = choice.range(|| self.first_ns());
        match choice.last {
            Some(Last::Nanoseconds(ns)) => {
                let end_ns = self.end_ns().min(range.end_ns);
                let begin_ns = end_ns.saturating_sub(i64::try_from(ns).unwrap_or(i64::MAX));
                TimeRange { begin_ns: begin_ns.max(range.begin_ns), ..range }
            }
            _ => range,
        }
    }

    /// How many of the events selected come before the last so many.
    pub(crate) fn before_last(
        &self,
        count: u64,
        range: TimeRange,
        mut selection: Selection,
        interrupt: &Interrupt,
    ) -> Result<u64, Failure> {
        let (mut wanted, mut events) = (0_u64, 0_u64);
        // What is at fault is told when the trace is read.
        let flow = self.set.reader_of(range).for_each(|item| {
            if let Ok(Item::Event(event)) = item {
                wanted += u64::from(selection.wants(event));
            }
            events += 1;
            if events.is_multiple_of(STRIDE) && interrupt.came() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        if flow.is_break() { Err(Failure::Interrupted) } else { Ok(wanted.saturating_sub(count)) }
    }

    /// Time of the first event or loss.
    fn first_ns(&self) -> i64 {
        let mut reader = self.set.reader();
        loop {
            match reader.next() {
                Ok(Some(Item::Event(event))) => return event.timestamp_ns(),
                Ok(Some(Item::Discarded(loss) | Item::LostPackets(loss))) => return loss.begin_ns,
                Ok(None) => return 0,
                // It is told when the trace is read.
                Err(_) => {}
            }
        }
    }

    /// When the last packet was ended.
    fn end_ns(&self) -> i64 {
        self.set.overview(1).bins.last().map_or(0, |bin| bin.end_ns)
    }
}

/// Shows a recorded trace with names; says whether parts of it could not be read.
pub(crate) fn show_named(
    directory: &Path,
    choice: &Choice,
    lines: &mut NamedLines<'_>,
    interrupt: &Interrupt,
) -> Result<bool, Failure> {
    let recorded = Recorded::open(directory)?;
    let range = recorded.range(choice);
    let skip = match choice.last {
        Some(Last::Events(count)) => {
            let selection = NamedLines::selection(choice).within(range);
            recorded.before_last(count, range, selection, interrupt)?
        }
        _ => 0,
    };
    lines.choose(range, skip);
    let mut course = Course::new(&recorded.set, lines, interrupt);
    course.left_out(recorded.set.faults());
    // Names are told before what is chosen.
    course.run(recorded.set.reader_of(TimeRange { begin_ns: i64::MIN, ..range }));
    course.end()
}
