//! Live sessions: found, printed, and attached to again when the connection is lost.

use crate::arguments::Place;
use crate::failure::Failure;
use crate::growing::{Growing, Mended};
use crate::interrupt::Interrupt;
use crate::show::Show;
use beamtap_ctf::{Error, LiveReader, LiveUrl, Poll, Reattached, Seek, Stream, Trace, live_sessions};
use std::time::{Duration, Instant};

/// Waiting time after the first failed try to attach again; each one after is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Time between two looks at Ctrl-C while waiting.
const STEP: Duration = Duration::from_millis(50);

/// A session, and how long it is missed before it is given up.
pub(crate) struct Live<'a> {
    reader: LiveReader,
    url: &'a LiveUrl,
    patience: Duration,
}

/// Attaches to a live session. It is missed for so many seconds before it is given up.
pub(crate) fn attach(url: &LiveUrl, from: Option<Place>, reconnect: u64) -> Result<Live<'_>, Failure> {
    if url.session.is_none() {
        return Err(Failure::Usage(sessions_of(url)?));
    }
    let seek = match from {
        Some(Place::Now) => Seek::Now,
        Some(Place::Beginning) | None => Seek::Beginning,
    };
    let reader = LiveReader::attach(url, seek)?;
    tracing::debug!(streams = reader.streams().len(), "attached to {url}");
    Ok(Live { reader, url, patience: Duration::from_secs(reconnect) })
}

impl Growing for Live<'_> {
    fn poll(&mut self, settled_ns: i64) -> Result<Poll<'_>, Error> {
        self.reader.poll(settled_ns)
    }

    fn finish(&mut self) {
        self.reader.finish();
    }

    fn trace(&self, index: usize) -> Option<&Trace> {
        self.reader.traces().nth(index)
    }

    fn streams(&self) -> &[Stream] {
        self.reader.streams()
    }

    fn is_fatal(&self, error: &Error) -> bool {
        error.is_disconnected() || error.is_protocol()
    }

    /// Attaches again, for as long as the session is missed.
    fn mend(&mut self, error: Error, show: &mut impl Show, interrupt: &Interrupt) -> Result<Mended, Failure> {
        if self.patience.is_zero() || !error.is_disconnected() {
            return Ok(Mended::Never(error));
        }
        show.fault(&format!("{error}; trying to attach again for {} s", self.patience.as_secs()))?;
        let since = Instant::now();
        let mut wait = FIRST_WAIT;
        loop {
            let again = match self.reader.reattach() {
                Ok(again) => again,
                Err(last) if interrupt.came() || since.elapsed() + wait > self.patience => {
                    return Ok(Mended::Never(last));
                }
                Err(last) => {
                    tracing::debug!("{last}; next try in {} ms", wait.as_millis());
                    pause(wait, interrupt);
                    wait = LONGEST_WAIT.min(2 * wait);
                    continue;
                }
            };
            let seconds = since.elapsed().as_secs_f64();
            let (what, mended) = match again {
                Reattached { is_same_session: true, streams_gone: 0 } => {
                    ("reading continues where it stopped".to_owned(), Mended::Whole)
                }
                Reattached { is_same_session: true, streams_gone } => (
                    format!("{streams_gone} streams ended meanwhile, and their last events may be missing"),
                    Mended::WithGap,
                ),
                Reattached { is_same_session: false, .. } => (
                    "this is a new session of the same name; the end of the old one is missing".to_owned(),
                    Mended::WithGap,
                ),
            };
            show.fault(&format!("attached to {} again after {seconds:.1} s: {what}", self.url))?;
            return Ok(mended);
        }
    }
}

/// Waits, but not for somebody who has pressed Ctrl-C.
fn pause(wait: Duration, interrupt: &Interrupt) {
    let until = Instant::now() + wait;
    while Instant::now() < until && !interrupt.came() {
        std::thread::sleep(STEP.min(wait));
    }
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
        true => format!("{url} does not name a session, and the relay daemon has no sessions"),
        false => format!("{url} does not name a session. The relay daemon has {}", urls.join(", ")),
    })
}
