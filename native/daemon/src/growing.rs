//! What is printed while it is recorded: live sessions, and directories that are written to.

use crate::failure::Failure;
use crate::faults::Faults;
use crate::interrupt::Interrupt;
use crate::show::{Missing, Show};
use beamtap_ctf::{Error, Item, Loss, Poll, Stream, TimeRange, Trace};
use std::time::{Duration, Instant, SystemTime};

/// Time between two looks for more where there was nothing new.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a stream of which nothing is known holds up the others, where a relay daemon tells of each how far it is.
const PATIENCE: Duration = Duration::from_secs(10);

/// A trace that is being recorded.
pub(crate) trait Growing {
    /// What is next, as [`Follower::poll`](beamtap_ctf::Follower::poll) has it.
    fn poll(&mut self, settled_ns: i64) -> Result<Poll<'_>, Error>;
    /// Nothing more is asked for: the end comes after what is there.
    fn finish(&mut self);
    /// A trace by its index.
    fn trace(&self, index: usize) -> Option<&Trace>;
    /// Streams known by now.
    fn streams(&self) -> &[Stream];
    /// How long a stream of which nothing is known holds up the others.
    fn patience(&self) -> Duration {
        PATIENCE
    }
    /// Whether the recording is over, where nothing came for so long.
    fn is_over(&mut self, _quiet: Duration) -> bool {
        false
    }
    /// Whether a fault ends the reading, unless it can be mended.
    fn is_fatal(&self, error: &Error) -> bool;
    /// Mends what is fatal, if that is possible.
    fn mend(&mut self, error: Error, show: &mut impl Show, interrupt: &Interrupt) -> Result<Mended, Failure>;
}

/// How reading goes on after a fault.
pub(crate) enum Mended {
    /// Nothing is missing but what is told as lost.
    Whole,
    /// What happened since the last event may be missing.
    WithGap,
    /// It does not.
    Never(Error),
}

/// Shows what is recorded until it is over, or until Ctrl-C; what is there by then is shown to its end. Range is asked
/// once, and given the time of what is first. Says whether parts of it could not be read.
pub(crate) fn show<G: Growing>(
    growing: &mut G,
    range: impl Fn(i64) -> TimeRange,
    show: &mut impl Show,
    interrupt: &Interrupt,
) -> Result<bool, Failure> {
    let mut wanted: Option<TimeRange> = None;
    let mut is_wanted = |begin_ns: i64, end_ns: i64| {
        let range = wanted.get_or_insert_with(|| range(begin_ns));
        (begin_ns <= range.end_ns && range.begin_ns <= end_ns, begin_ns > range.end_ns)
    };
    let (mut faults, mut has_gap, mut is_finished) = (Faults::default(), false, false);
    // Time of the last event, and of the last one before a gap that is still to be told.
    let (mut last_ns, mut gap_from): (Option<i64>, Option<i64>) = (None, None);
    let mut fatal = None;
    // At first everything waits for every stream; only where there is nothing more, for a time.
    let mut settled_ns = i64::MIN;
    let (mut is_late, mut quiet_since) = (false, Instant::now());
    loop {
        if interrupt.came() && !std::mem::replace(&mut is_finished, true) {
            growing.finish();
        }
        match growing.poll(settled_ns) {
            Ok(Poll::Item(Item::Event(event))) => {
                let ns = event.timestamp_ns();
                quiet_since = Instant::now();
                if last_ns.is_some_and(|last| ns < last) && !std::mem::replace(&mut is_late, true) {
                    show.fault(
                        "LTTng wrote some buffers late: the following events may be older than those before",
                    )?;
                }
                last_ns = last_ns.max(Some(ns));
                if let Some(from) = gap_from.take() {
                    show.gap(from, ns)?;
                }
                let (is_inside, is_over) = is_wanted(ns, ns);
                if is_over {
                    break;
                }
                if is_inside {
                    show.event(event)?;
                }
                if let Some(index) = show.stranger()
                    && let Some(trace) = growing.trace(index)
                {
                    show.introduce(index, trace);
                }
            }
            Ok(Poll::Item(Item::Discarded(loss))) if is_wanted(loss.begin_ns, loss.end_ns).0 => {
                tell(show, Missing::Events, &loss, growing.streams())?;
            }
            Ok(Poll::Item(Item::LostPackets(loss))) if is_wanted(loss.begin_ns, loss.end_ns).0 => {
                tell(show, Missing::Packets, &loss, growing.streams())?;
            }
            Ok(Poll::Item(_)) => {}
            Ok(Poll::Idle) if settled_ns == i64::MIN => {
                settled_ns = wall_ns() - i64::try_from(growing.patience().as_nanos()).unwrap_or(i64::MAX);
            }
            Ok(Poll::Idle) => {
                settled_ns = i64::MIN;
                show.flush()?;
                if !is_finished && growing.is_over(quiet_since.elapsed()) {
                    is_finished = true;
                    growing.finish();
                    continue;
                }
                std::thread::sleep(PAUSE);
            }
            Ok(Poll::End) => break,
            Err(error) => {
                if !growing.is_fatal(&error) {
                    if faults.tells_one_more() {
                        show.fault(&format!("{error}; reading goes on with the other streams"))?;
                    }
                    continue;
                }
                if is_finished {
                    fatal.get_or_insert(error);
                    break;
                }
                match growing.mend(error, show, interrupt)? {
                    Mended::Whole => {}
                    Mended::WithGap => {
                        has_gap = true;
                        gap_from = gap_from.or(last_ns);
                    }
                    Mended::Never(error) => {
                        fatal = Some(error);
                        is_finished = true;
                        growing.finish();
                    }
                }
            }
        }
    }
    if let Some(rest) = faults.rest() {
        show.fault(&rest)?;
    }
    if let Some(from) = gap_from {
        show.gap(from, wall_ns())?;
    }
    match fatal {
        _ if interrupt.came() => Err(Failure::Interrupted),
        Some(error) => Err(error.into()),
        None => Ok(has_gap || faults.are_there()),
    }
}

/// Tells a loss with the stream that it is in.
pub(crate) fn tell(
    show: &mut impl Show,
    missing: Missing,
    loss: &Loss,
    streams: &[Stream],
) -> Result<(), Failure> {
    let stream = streams.get(loss.stream.index()).and_then(|stream| stream.paths().next());
    Ok(show.loss(missing, loss, stream)?)
}

fn wall_ns() -> i64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX)
}
