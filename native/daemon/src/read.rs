//! `beamtapd read`: the events themselves.

use crate::arguments::ReadArguments;
use crate::course::Course;
use crate::failure::{BAD_TRACE, Failure};
use crate::growing;
use crate::interrupt::Interrupt;
use crate::lines::Lines;
use crate::live;
use crate::selection::Selection;
use crate::show::{Missing, Show};
use crate::source::Source;
use beamtap_ctf::{Follower, Item, Ordered, Stretch, TimeRange, TraceSet};
use std::num::NonZero;
use std::path::Path;
use std::process::ExitCode;

/// Most threads that are begun unless more are asked for: one that reads keeps no more busy.
const MOST_THREADS: usize = 8;
/// With fewer processors than this text is made by the thread that reads: copying a small event for another thread takes
/// about as long as printing it, and JSON three times that.
const PROCESSORS_FOR_TEXT: usize = 3;

pub(crate) fn run(arguments: &ReadArguments) -> Result<ExitCode, Failure> {
    let interrupt = Interrupt::listen()?;
    let selection = Selection::new(&arguments.events, &arguments.conditions, &arguments.fields);
    let mut lines = Lines::new(arguments.json, selection);
    let range_from = |begin_ns| range(arguments, || begin_ns);
    let has_faults = match &arguments.source {
        Source::Directory(_) if arguments.from.is_some() => {
            return Err(Failure::Usage(
                "--from is for live sessions; --begin is for recorded ones".to_owned(),
            ));
        }
        Source::Directory(directory) if arguments.follow => {
            growing::show(&mut Follower::open(directory)?, range_from, &mut lines, &interrupt)
        }
        Source::Directory(directory) => read_recorded(directory, arguments, &mut lines, &interrupt),
        Source::Live(url) => {
            let mut live = live::attach(url, arguments.from, arguments.reconnect)?;
            growing::show(&mut live, range_from, &mut lines, &interrupt)
        }
    };
    // What was printed before Ctrl-C or the end of a connection is good.
    let is_readable = !matches!(has_faults, Err(Failure::Output(_)));
    if is_readable {
        lines.flush()?;
    }
    let has_faults = has_faults?;
    lines.finish()?;
    Ok(ExitCode::from(if has_faults { BAD_TRACE } else { 0 }))
}

/// Prints a recorded trace; says whether parts of it could not be read.
fn read_recorded(
    directory: &Path,
    arguments: &ReadArguments,
    lines: &mut Lines,
    interrupt: &Interrupt,
) -> Result<bool, Failure> {
    let set = TraceSet::open(directory)?;
    tracing::debug!(
        traces = set.traces().len(),
        streams = set.streams().len(),
        classes = set.classes().len(),
        "opened {}",
        directory.display()
    );
    for (index, trace) in set.traces().iter().enumerate() {
        lines.introduce(index, trace);
    }
    let range = range(arguments, || first_ns(&set));
    let mut course = Course::new(&set, lines, interrupt);
    match threads(arguments) {
        1 => {
            let _ = set.reader_of(range).for_each(|item| match item {
                Ok(Item::Event(event)) => course.event(event),
                Ok(Item::Discarded(loss)) => course.loss(Missing::Events, &loss),
                Ok(Item::LostPackets(loss)) => course.loss(Missing::Packets, &loss),
                Err(error) => course.fault(&error),
            });
        }
        threads => {
            let pages = course.pages();
            let write = |stretch: Stretch<'_>| {
                let mut page = pages.take();
                stretch.for_each(|event| page.event(event));
                page
            };
            set.fold_in_order(threads, range, write, |told| match told {
                Ok(Ordered::Events(page)) => {
                    let flow = course.page(&page);
                    pages.give_back(page);
                    flow
                }
                Ok(Ordered::Discarded(loss)) => course.loss(Missing::Events, &loss),
                Ok(Ordered::LostPackets(loss)) => course.loss(Missing::Packets, &loss),
                Err(error) => course.fault(&error),
            });
            course.learn(pages);
        }
    }
    course.end()
}

/// How many threads make lines of events; with one that is the thread that reads.
fn threads(arguments: &ReadArguments) -> usize {
    arguments.threads.map_or_else(
        || match std::thread::available_parallelism().map_or(1, NonZero::get) {
            few if few < PROCESSORS_FOR_TEXT && !arguments.json => 1,
            processors => processors.min(MOST_THREADS),
        },
        usize::from,
    )
}

/// The stretch of time that is asked for; `begin` tells the trace's first time, where it matters.
fn range(arguments: &ReadArguments, begin: impl FnOnce() -> i64) -> TimeRange {
    let mut range = TimeRange::default();
    if arguments.begin.is_none() && arguments.end.is_none() {
        return range;
    }
    let begin_ns = u64::try_from(begin()).unwrap_or(0);
    let at = |ns: u64| i64::try_from(ns).unwrap_or(i64::MAX);
    if let Some(moment) = arguments.begin {
        range.begin_ns = at(moment.resolve(begin_ns));
    }
    if let Some(moment) = arguments.end {
        range.end_ns = at(moment.resolve(begin_ns));
    }
    range
}

/// Time of the first event or loss of a trace.
fn first_ns(set: &TraceSet) -> i64 {
    let mut reader = set.reader();
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
