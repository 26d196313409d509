//! LTTng-live: traces that a relay daemon hands over while they are written.

mod packets;
mod protocol;
mod reattach;
mod streams;
mod url;
mod wire;

pub use protocol::LiveSession;
pub use reattach::Reattached;
pub use url::LiveUrl;

use std::time::Instant;

use crate::class::EventClass;
use crate::error::{Error, Kind};
use crate::lanes::{Lanes, Poll};
use crate::trace_set::{Stream, Trace};
use crate::window::Allowance;
use protocol::{IndexStatus, NextIndex};
use streams::{LiveTrace, Session, Source};
use wire::{Connection, PATIENCE};

/// How often a poll asks all streams, and each of them in a row, before it says that there is nothing yet: a relay
/// daemon may have news without end and no events.
const MAX_ROUNDS: usize = 16;
const MAX_QUESTIONS: usize = 256;

/// Where to start in a live session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seek {
    /// With the first packet that the relay daemon still has.
    Beginning,
    /// With what is written from now on.
    Now,
}

/// Lists the sessions of a relay daemon. An LTTng session is listed once for each domain and word size.
///
/// # Errors
///
/// `is_disconnected` or `is_protocol`.
pub fn live_sessions(url: &LiveUrl) -> Result<Vec<LiveSession>, Error> {
    Connection::open(url)?.list_sessions()
}

/// Reads a live session: the events of all its streams, merged by the times that the relay daemon reports.
///
/// Calls block while the relay daemon answers: for at most 10 s, or longer while more than 64 KiB/s arrive. They
/// never wait for events. Packets are read in pieces of together at most 16 MiB, so memory does not depend on the
/// size of the session's buffers.
///
/// # Example: go on where the connection was lost
///
/// ```no_run
/// use beamtap_ctf::{LiveReader, Poll, Seek};
/// use std::{thread::sleep, time::Duration};
///
/// let url = "net://localhost/host/web1/my-session".parse()?;
/// let mut reader = LiveReader::attach(&url, Seek::Now)?;
/// loop {
///     match reader.poll(i64::MIN) {
///         Ok(Poll::Item(item)) => println!("{item:?}"),
///         Ok(Poll::Idle) => sleep(Duration::from_millis(50)),
///         Ok(Poll::End) => break,
///         Err(error) if error.is_disconnected() => {
///             eprintln!("{error}");
///             while reader.reattach().is_err() {
///                 sleep(Duration::from_secs(1));
///             }
///         }
///         Err(error) => eprintln!("{error}"),
///     }
/// }
/// # Ok::<(), beamtap_ctf::Error>(())
/// ```
pub struct LiveReader {
    connection: Connection,
    /// The connection was lost, or nothing more is asked for: what was handed over by then is still told.
    is_detached: bool,
    has_reattached: bool,
    url: LiveUrl,
    seek: Seek,
    sessions: Vec<Session>,
    traces: Vec<LiveTrace>,
    lanes: Lanes,
    streams: Vec<Stream>,
    sources: Vec<Source>,
    allowance: Allowance,
    /// The lane that is asked next, unless it is behind the last one.
    next_asked: usize,
}

impl LiveReader {
    /// Attaches to all sessions of the relay daemon with the hostname and the name in the URL.
    ///
    /// # Errors
    ///
    /// `is_disconnected`. `is_protocol` if there is no such session, if it is not live, or if another viewer is
    /// attached: LTTng allows only one.
    pub fn attach(url: &LiveUrl, seek: Seek) -> Result<LiveReader, Error> {
        LiveReader::attach_over(Connection::open(url)?, url, seek)
    }

    /// Attaches over any connection.
    #[cfg(fuzzing)]
    pub fn attach_to(
        wire: impl std::io::Read + std::io::Write + Send + 'static,
        url: &LiveUrl,
        seek: Seek,
    ) -> Result<LiveReader, Error> {
        LiveReader::attach_over(Connection::greet(Box::new(wire))?, url, seek)
    }

    fn attach_over(mut connection: Connection, url: &LiveUrl, seek: Seek) -> Result<LiveReader, Error> {
        let wanted = connection.sessions_at(url)?;
        connection.create_session()?;
        let mut reader = LiveReader {
            connection,
            is_detached: false,
            has_reattached: false,
            url: url.clone(),
            seek,
            sessions: Vec::new(),
            traces: Vec::new(),
            lanes: Lanes::default(),
            streams: Vec::new(),
            sources: Vec::new(),
            allowance: Allowance::new(1, 8),
            next_asked: 0,
        };
        for session in wanted {
            let entries = reader.connection.attach(session.id, seek == Seek::Beginning)?;
            reader.sessions.push(Session { id: session.id, is_gone: false });
            reader.add_streams(reader.sessions.len() - 1, entries)?;
        }
        Ok(reader)
    }

    /// Event classes known so far.
    pub fn classes(&self) -> &[EventClass] {
        &self.lanes.catalog.classes
    }

    /// Streams known so far.
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// Traces known so far.
    pub fn traces(&self) -> impl ExactSizeIterator<Item = &Trace> {
        self.traces.iter().map(|live| &live.trace)
    }

    /// Number of events and losses that were returned after later ones.
    pub fn late(&self) -> u64 {
        self.lanes.late()
    }

    /// The next event or loss, if there is one; [`Poll::End`] when the session has ended. Up to `settled_ns`, in
    /// nanoseconds since the Unix epoch, silent streams do not hold up the others. With `i64::MIN`, they always do.
    ///
    /// # Errors
    ///
    /// `is_disconnected` and `is_protocol`, on every call until [`reattach`](LiveReader::reattach) or
    /// [`finish`](LiveReader::finish). Faults of the trace are as for [`Reader::next`](crate::Reader::next): call it
    /// again to continue.
    pub fn poll(&mut self, settled_ns: i64) -> Result<Poll<'_>, Error> {
        self.lanes.move_on();
        let mut rounds = 0..MAX_ROUNDS;
        let next = loop {
            if let Some(lane) = self.lanes.choose(settled_ns) {
                break Some(lane);
            }
            match self.ask() {
                Ok(true) if rounds.next().is_some() => {}
                Ok(_) => break None,
                Err(error) => {
                    self.is_detached |= error.is_disconnected() || error.is_protocol();
                    return Err(error);
                }
            }
        };
        match next {
            Some(lane) => self.lanes.tell(lane),
            None if self.sessions.iter().all(|s| s.is_gone) && self.lanes.all_closed() => Ok(Poll::End),
            None => Ok(Poll::Idle),
        }
    }

    /// Asks the relay daemon for nothing more. What it has sent is returned to its end, and [`Poll::End`] follows.
    pub fn finish(&mut self) {
        self.is_detached = true;
        self.sessions.iter_mut().for_each(|session| session.is_gone = true);
        (0..self.sources.len()).for_each(|lane| self.close(lane));
    }

    /// Tells the rest of what a stream has handed over; nothing more comes.
    fn close(&mut self, lane: usize) {
        let lane = &mut self.lanes.lanes[lane];
        lane.cursor.abandon();
        if lane.is_idle() && lane.cursor.has_unread() {
            lane.cursor.fit(&self.lanes.catalog);
            lane.advance(&self.lanes.catalog);
        }
        lane.is_closed = true;
    }

    /// Asks for whatever is missing to go on; false when there is nothing new.
    fn ask(&mut self) -> Result<bool, Error> {
        if self.sessions.iter().all(|session| session.is_gone) && self.lanes.are_closed() {
            return Ok(false);
        }
        if self.is_detached {
            return Err(Error::new(Kind::Disconnected, format!("no longer attached to {}", self.url)));
        }
        let mut has_progress = false;
        let since = Instant::now();
        for _ in 0..self.sources.len() {
            // Where answers come slowly, the caller is heard between them, and whoever is next then is asked first.
            if since.elapsed() > PATIENCE {
                return Ok(has_progress);
            }
            let lane = self.next_asked % self.sources.len();
            self.next_asked = lane + 1;
            for _ in 0..MAX_QUESTIONS {
                if !self.lanes.lanes[lane].is_idle() || !self.fetch(lane)? {
                    break;
                }
                has_progress = true;
            }
        }
        Ok(has_progress || self.find_new_streams()?)
    }

    /// Asks for what follows in an idle lane; false when there is nothing new.
    fn fetch(&mut self, lane: usize) -> Result<bool, Error> {
        let cursor = &self.lanes.lanes[lane].cursor;
        if cursor.hunger().is_none() && cursor.has_unread() {
            self.resume(lane)?;
            return Ok(true);
        }
        // After a lost connection the relay daemon must come to the packet first.
        if cursor.hunger().is_some() && !self.sources[lane].is_repeating {
            return self.fetch_piece(lane);
        }
        self.settle(lane);
        let source = &self.sources[lane];
        let (id, trace) = (source.id, source.trace);
        let index = match source.announced {
            Some(index) => index,
            None => self.connection.next_index(id)?,
        };
        if index.has_new_streams {
            self.find_new_streams()?;
        }
        if index.has_new_metadata {
            self.fetch_metadata(trace)?;
        }
        match index.status {
            IndexStatus::Retry => Ok(index.has_new_streams || index.has_new_metadata),
            IndexStatus::Gone => self.end(lane),
            IndexStatus::Inactive => Ok(self.note_inactivity(lane, &index)),
            IndexStatus::Ok if self.was_received(lane, &index) => Ok(true),
            IndexStatus::Ok if self.lanes.lanes[lane].cursor.hunger().is_some() => self.go_on(lane, index),
            IndexStatus::Ok => self.fetch_packet(lane, index),
        }
    }

    /// Decodes on where an event or a packet was of a class that was not known. The relay daemon hands metadata over
    /// before packets that need it; what is not known now never will be.
    fn resume(&mut self, lane: usize) -> Result<(), Error> {
        self.fetch_metadata(self.sources[lane].trace)?;
        let lane = &mut self.lanes.lanes[lane];
        lane.cursor.fit(&self.lanes.catalog);
        lane.advance(&self.lanes.catalog);
        if lane.is_idle() && lane.cursor.has_unread() && lane.cursor.hunger().is_none() {
            lane.cursor.set_growing(false);
            lane.advance(&self.lanes.catalog);
            lane.cursor.set_growing(true);
        }
        Ok(())
    }

    fn note_inactivity(&mut self, lane: usize, index: &NextIndex) -> bool {
        let plan = &self.lanes.catalog.traces[self.sources[lane].trace];
        let class = plan.streams.iter().find(|s| s.id == index.stream_class).or(plan.streams.first());
        let scale = class.and_then(|class| class.scale);
        let until = scale.and_then(|scale| scale.raw_ns(index.end).and_then(|ns| scale.wall_ns(ns)).ok());
        let frontier = &mut self.lanes.lanes[lane].frontier_ns;
        // What comes may have just that time.
        let until = until.map_or(i64::MIN, |until| until.saturating_sub(1));
        let has_moved = until > *frontier;
        *frontier = until.max(*frontier);
        has_moved
    }
}
