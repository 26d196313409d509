//! `beamtapd read`: the events themselves.

use crate::arguments::{Place, ReadArguments};
use crate::failure::{BAD_TRACE, Failure};
use crate::interrupt::Interrupt;
use crate::lines::{Lines, Missing};
use crate::progress::Progress;
use crate::selection::Selection;
use crate::source::Source;
use beamtap_ctf::{Item, LiveReader, LiveUrl, Loss, Poll, Seek, Stream, TimeRange, TraceSet, live_sessions};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

/// Items between two looks at Ctrl-C: some milliseconds.
const STRIDE: u64 = 1 << 13;
/// Time between two questions to a relay daemon that had nothing new.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a live stream that its relay daemon says nothing about holds up the others.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn run(arguments: &ReadArguments) -> Result<ExitCode, Failure> {
    let interrupt = Interrupt::listen()?;
    let selection = Selection::new(&arguments.events, &arguments.conditions, &arguments.fields);
    let mut lines = Lines::new(arguments.json, selection);
    let has_faults = match &arguments.source {
        Source::Directory(_) if arguments.from.is_some() => {
            return Err(Failure::Usage(
                "--from is for live sessions; --begin is for recorded ones".to_owned(),
            ));
        }
        Source::Directory(directory) => read_recorded(directory, arguments, &mut lines, &interrupt),
        Source::Live(url) => read_live(url, arguments, &mut lines, &interrupt),
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
    let mut progress = (!lines.are_watched()).then(Progress::new);
    let mut reader = set.reader_of(range(arguments, || first_ns(&set)));
    let (mut items, mut has_faults) = (0_u64, false);
    loop {
        match reader.next() {
            Ok(Some(Item::Event(event))) => lines.event(event)?,
            Ok(Some(Item::Discarded(loss))) => tell(lines, Missing::Events, &loss, set.streams())?,
            Ok(Some(Item::LostPackets(loss))) => tell(lines, Missing::Packets, &loss, set.streams())?,
            Ok(None) => break,
            Err(error) => {
                has_faults = true;
                lines.fault(&format!("{error}; what comes before it and the other streams are read"))?;
            }
        }
        items += 1;
        if items.is_multiple_of(STRIDE) {
            progress.iter_mut().for_each(|progress| progress.at(items));
            if interrupt.came() {
                return Err(Failure::Interrupted);
            }
        }
    }
    Ok(has_faults)
}

/// Prints a live session until it is over; says whether parts of it could not be read.
fn read_live(
    url: &LiveUrl,
    arguments: &ReadArguments,
    lines: &mut Lines,
    interrupt: &Interrupt,
) -> Result<bool, Failure> {
    if url.session.is_none() {
        return Err(Failure::Usage(sessions_of(url)?));
    }
    let seek = match arguments.from {
        Some(Place::Now) => Seek::Now,
        Some(Place::Beginning) | None => Seek::Beginning,
    };
    let mut reader = LiveReader::attach(url, seek)?;
    tracing::debug!(streams = reader.streams().len(), "attached to {url}");
    let mut wanted: Option<TimeRange> = None;
    let mut is_wanted = |begin_ns: i64, end_ns: i64| {
        let range = wanted.get_or_insert_with(|| range(arguments, || begin_ns));
        (begin_ns <= range.end_ns && range.begin_ns <= end_ns, begin_ns > range.end_ns)
    };
    let mut has_faults = false;
    // At first everything waits for every stream; only where the relay daemon has nothing more, for a time.
    let mut settled_ns = i64::MIN;
    while !interrupt.came() {
        let was_patient = std::mem::replace(&mut settled_ns, i64::MIN) == i64::MIN;
        match reader.poll(if was_patient { i64::MIN } else { wall_ns() - PATIENCE.as_nanos() as i64 }) {
            Ok(Poll::Item(Item::Event(event))) => {
                let ns = event.timestamp_ns();
                let (is_inside, is_over) = is_wanted(ns, ns);
                if is_over {
                    return Ok(has_faults);
                }
                if is_inside {
                    lines.event(event)?;
                }
                if let Some(index) = lines.stranger()
                    && let Some(trace) = reader.traces().nth(index)
                {
                    lines.introduce(index, trace);
                }
            }
            Ok(Poll::Item(Item::Discarded(loss))) if is_wanted(loss.begin_ns, loss.end_ns).0 => {
                tell(lines, Missing::Events, &loss, reader.streams())?;
            }
            Ok(Poll::Item(Item::LostPackets(loss))) if is_wanted(loss.begin_ns, loss.end_ns).0 => {
                tell(lines, Missing::Packets, &loss, reader.streams())?;
            }
            Ok(Poll::Item(_)) => {}
            Ok(Poll::Idle) if was_patient => settled_ns = 0,
            Ok(Poll::Idle) => {
                lines.flush()?;
                std::thread::sleep(PAUSE);
            }
            Ok(Poll::End) => return Ok(has_faults),
            Err(error) if error.is_disconnected() || error.is_protocol() => return Err(error.into()),
            Err(error) => {
                has_faults = true;
                lines.fault(&format!("{error}; the other streams are read on"))?;
            }
        }
    }
    Err(Failure::Interrupted)
}

/// What to give instead of a URL without a session.
fn sessions_of(url: &LiveUrl) -> Result<String, Failure> {
    let mut urls: Vec<String> = live_sessions(url)?
        .into_iter()
        .map(|session| LiveUrl { session: Some((session.hostname, session.name)), ..url.clone() }.to_string())
        .collect();
    urls.sort();
    urls.dedup();
    Ok(match urls.is_empty() {
        true => format!("{url} names no session, and the relay daemon has none"),
        false => format!("{url} names no session; there are {}", urls.join(", ")),
    })
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

fn tell(lines: &mut Lines, missing: Missing, loss: &Loss, streams: &[Stream]) -> Result<(), Failure> {
    let stream = streams.get(loss.stream.index()).and_then(|stream| stream.paths().next());
    Ok(lines.loss(missing, loss, stream)?)
}

fn wall_ns() -> i64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX)
}
