//! `beamtapd read`: the events themselves.

use crate::arguments::ReadArguments;
use crate::choice::Last;
use crate::course::Course;
use crate::failure::{BAD_TRACE, Failure};
use crate::following::Following;
use crate::growing;
use crate::interrupt::Interrupt;
use crate::lines::Lines;
use crate::live;
use crate::named_lines::{NamedLines, Style};
use crate::recorded::{self, Recorded};
use crate::selection::Selection;
use crate::show::{Missing, Show};
use crate::source::Source;
use beamtap_ctf::{Ordered, Stretch};
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
    let choice = &arguments.choice;
    let is_recorded = matches!(arguments.source, Source::Directory(_)) && !arguments.follow;
    if matches!(arguments.source, Source::Directory(_)) && arguments.from.is_some() {
        return Err(Failure::Usage(
            "--from is for live sessions only. For a recorded trace, use --begin".to_owned(),
        ));
    }
    if !is_recorded && choice.last.is_some() {
        return Err(choice.refuse_last());
    }
    if arguments.named {
        let style = Style {
            syntax: arguments.syntax,
            is_coloured: arguments.colour.is_wanted(),
            limit: None,
            without: Vec::new(),
            tells_faults: false,
        };
        let lines = NamedLines::new(choice, style);
        return read_named(arguments, lines, &interrupt);
    }
    let mut lines = Lines::new(arguments.json, Selection::new(choice, &arguments.fields));
    let range_from = |begin_ns| choice.range(|| begin_ns);
    let has_faults = match &arguments.source {
        Source::Directory(directory) if arguments.follow => {
            growing::show(&mut Following::open(directory)?, range_from, &mut lines, &interrupt)
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
    let has_faults = has_faults? || !lines.are_whole();
    lines.finish()?;
    Ok(ExitCode::from(if has_faults { BAD_TRACE } else { 0 }))
}

/// Shows lines with names until the trace ends, or whoever records it.
fn read_named(
    arguments: &ReadArguments,
    mut lines: NamedLines<'_>,
    interrupt: &Interrupt,
) -> Result<ExitCode, Failure> {
    let choice = &arguments.choice;
    let range = |begin_ns| NamedLines::range(choice, begin_ns);
    let has_faults = match &arguments.source {
        Source::Directory(directory) if !arguments.follow => {
            recorded::show_named(directory, choice, &mut lines, interrupt)
        }
        Source::Directory(directory) => {
            growing::show(&mut Following::open(directory)?, range, &mut lines, interrupt)
        }
        Source::Live(url) => {
            let mut live = live::attach(url, arguments.from, arguments.reconnect)?;
            growing::show(&mut live, range, &mut lines, interrupt)
        }
    };
    lines.end(has_faults)
}

/// Prints a recorded trace; says whether parts of it could not be read.
fn read_recorded(
    directory: &Path,
    arguments: &ReadArguments,
    lines: &mut Lines,
    interrupt: &Interrupt,
) -> Result<bool, Failure> {
    let recorded = Recorded::open(directory)?;
    let set = &recorded.set;
    for (index, trace) in set.traces().iter().enumerate() {
        lines.introduce(index, trace);
    }
    let range = recorded.range(&arguments.choice);
    if let Some(Last::Events(count)) = arguments.choice.last {
        let selection = || Selection::new(&arguments.choice, &arguments.fields);
        lines.leave_out(recorded.before_last(count, range, selection(), interrupt)?);
    }
    let mut course = Course::new(set, lines, interrupt);
    course.left_out(set.faults());
    match threads(arguments) {
        1 => course.run(set.reader_of(range)),
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
    if matches!(arguments.choice.last, Some(Last::Events(_))) {
        // Lines are counted.
        return 1;
    }
    arguments.threads.map_or_else(
        || match std::thread::available_parallelism().map_or(1, NonZero::get) {
            few if few < PROCESSORS_FOR_TEXT && !arguments.json => 1,
            processors => processors.min(MOST_THREADS),
        },
        usize::from,
    )
}
