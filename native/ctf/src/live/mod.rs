//! LTTng-live: traces that a relay daemon hands over while they are written.

mod protocol;
mod url;

use std::path::PathBuf;

pub use protocol::LiveSession;
pub use url::LiveUrl;

use crate::class::EventClass;
use crate::cursor::{Cursor, StreamFile};
use crate::error::{Error, Kind};
use crate::lanes::{Lane, Lanes, Poll};
use crate::loss::StreamKey;
use crate::metadata::MetadataReader;
use crate::range::TimeRange;
use crate::trace_set::{Stream, Trace};
use crate::window::Allowance;
use protocol::{
    Connection, IndexStatus, MetadataReply, NewStreams, NextIndex, PacketReply, StreamEntry, packet_length,
};

/// Times that a packet is asked for in a row while metadata and streams are still being handed over.
const PACKET_TRIES: usize = 16;

/// Where in a live session to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seek {
    /// With the first packet that the relay daemon still has.
    Beginning,
    /// With what is written from now on.
    Now,
}

/// Lists the sessions that a relay daemon offers. One session of LTTng shows once per domain and word size.
///
/// # Errors
///
/// `is_disconnected` or `is_protocol`.
pub fn live_sessions(url: &LiveUrl) -> Result<Vec<LiveSession>, Error> {
    Connection::open(url)?.list_sessions()
}

/// Reads a live session: events of all its streams, in the order of time as far as the relay daemon's word goes.
///
/// Calls block while the relay daemon answers, for at most ten seconds; they never wait for events.
pub struct LiveReader {
    connection: Connection,
    url: LiveUrl,
    seek: Seek,
    sessions: Vec<Session>,
    traces: Vec<LiveTrace>,
    lanes: Lanes,
    streams: Vec<Stream>,
    sources: Vec<Source>,
}

struct Session {
    id: u64,
    is_gone: bool,
}

struct LiveTrace {
    session: usize,
    id: u64,
    trace: Trace,
    metadata: MetadataReader,
    /// Number of the stream that hands the metadata over, while there is one.
    metadata_stream: Option<u64>,
}

/// Where a lane's packets come from.
struct Source {
    id: u64,
    trace: usize,
    path: PathBuf,
    /// A packet that was announced and not handed over yet.
    announced: Option<NextIndex>,
}

impl LiveReader {
    /// Attaches to every session of the relay daemon that has the URL's hostname and name.
    ///
    /// # Errors
    ///
    /// `is_disconnected`, or `is_protocol` when there is no such session, when it is not live, or when another viewer
    /// is attached: LTTng allows one at a time.
    pub fn attach(url: &LiveUrl, seek: Seek) -> Result<LiveReader, Error> {
        let mut connection = Connection::open(url)?;
        let Some((host, name)) = &url.session else {
            return Err(Error::new(Kind::Protocol, format!("{url} names no session")));
        };
        let mut wanted = connection.list_sessions()?;
        wanted.retain(|s| s.hostname == *host && s.name == *name);
        if wanted.is_empty() {
            return Err(Error::new(Kind::Protocol, format!("there is no session {url}")));
        }
        connection.create_session()?;
        let mut reader = LiveReader {
            connection,
            url: url.clone(),
            seek,
            sessions: Vec::new(),
            traces: Vec::new(),
            lanes: Lanes::default(),
            streams: Vec::new(),
            sources: Vec::new(),
        };
        for session in wanted {
            let entries = reader.connection.attach(session.id, seek == Seek::Beginning)?;
            reader.sessions.push(Session { id: session.id, is_gone: false });
            reader.add_streams(reader.sessions.len() - 1, entries)?;
        }
        Ok(reader)
    }

    /// Event classes known by now; more may come.
    pub fn classes(&self) -> &[EventClass] {
        &self.lanes.catalog.classes
    }

    /// Streams known by now; more may come.
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// Traces known by now; more may come.
    pub fn traces(&self) -> impl ExactSizeIterator<Item = &Trace> {
        self.traces.iter().map(|live| &live.trace)
    }

    /// Events and losses that came after later ones had been told.
    pub fn late(&self) -> u64 {
        self.lanes.late()
    }

    /// The next event or loss, if there is one; [`Poll::End`] when the session is over. Streams of which the relay
    /// daemon says nothing are not waited for up to `settled_ns` (nanoseconds since the Unix epoch; `i64::MIN`: always).
    ///
    /// # Errors
    ///
    /// `is_disconnected` and `is_protocol` end the reading. Faults of the trace are as for
    /// [`Reader::next`](crate::Reader::next): call again to read on.
    pub fn poll(&mut self, settled_ns: i64) -> Result<Poll<'_>, Error> {
        self.lanes.move_on();
        let next = loop {
            if let Some(lane) = self.lanes.choose(settled_ns) {
                break Some(lane);
            }
            let mut has_progress = false;
            for lane in 0..self.sources.len() {
                while self.lanes.lanes[lane].is_idle() && self.fetch(lane)? {
                    has_progress = true;
                }
            }
            if !has_progress && !self.find_new_streams()? {
                break None;
            }
        };
        match next {
            Some(lane) => self.lanes.tell(lane),
            None if self.sessions.iter().all(|s| s.is_gone) && self.lanes.all_closed() => Ok(Poll::End),
            None => Ok(Poll::Idle),
        }
    }

    /// Asks for what follows in an idle lane; false when there is nothing new.
    fn fetch(&mut self, lane: usize) -> Result<bool, Error> {
        if self.lanes.lanes[lane].cursor.has_unread() {
            self.resume(lane)?;
            return Ok(true);
        }
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
            IndexStatus::Gone => {
                self.lanes.lanes[lane].is_closed = true;
                Ok(true)
            }
            IndexStatus::Inactive => Ok(self.note_inactivity(lane, &index)),
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
        if lane.is_idle() && lane.cursor.has_unread() {
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

    fn fetch_packet(&mut self, lane: usize, index: NextIndex) -> Result<bool, Error> {
        let source = &mut self.sources[lane];
        let (id, trace) = (source.id, source.trace);
        source.announced = Some(NextIndex { has_new_metadata: false, has_new_streams: false, ..index });
        let length = packet_length(index.packet_bits)?;
        for _ in 0..PACKET_TRIES {
            match self.connection.packet(id, index.offset, length)? {
                PacketReply::Data(packet) => {
                    let source = &mut self.sources[lane];
                    source.announced = None;
                    let lane = &mut self.lanes.lanes[lane];
                    lane.cursor.feed(trace, &source.path, packet, index.offset);
                    lane.cursor.fit(&self.lanes.catalog);
                    lane.advance(&self.lanes.catalog);
                    return Ok(true);
                }
                PacketReply::Retry => return Ok(false),
                PacketReply::NotYet { has_new_metadata, has_new_streams } => {
                    if has_new_streams {
                        self.find_new_streams()?;
                    }
                    if has_new_metadata {
                        self.fetch_metadata(trace)?;
                    }
                }
                PacketReply::Gone => {
                    self.lanes.lanes[lane].is_closed = true;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Asks every session for streams; true when there are new ones or a session has ended.
    fn find_new_streams(&mut self) -> Result<bool, Error> {
        let mut has_progress = false;
        for i in 0..self.sessions.len() {
            if self.sessions[i].is_gone {
                continue;
            }
            match self.connection.new_streams(self.sessions[i].id)? {
                NewStreams::Streams(entries) => {
                    has_progress |= !entries.is_empty();
                    self.add_streams(i, entries)?;
                }
                NewStreams::NothingNew => {}
                NewStreams::Gone => self.sessions[i].is_gone = true,
            }
        }
        Ok(has_progress)
    }

    fn add_streams(&mut self, session: usize, entries: Vec<StreamEntry>) -> Result<(), Error> {
        for entry in entries {
            let trace = self.trace(session, &entry);
            if entry.is_metadata {
                self.traces[trace].metadata_stream = Some(entry.id);
                continue;
            }
            let path = PathBuf::from(&entry.path).join(&entry.channel);
            let files = vec![StreamFile { trace, path: path.clone() }];
            let key = StreamKey(self.sources.len() as u32);
            let catalog = &self.lanes.catalog;
            let mut cursor =
                Cursor::new(key, Vec::new(), catalog, Allowance::new(1, 8), TimeRange::default());
            cursor.set_growing(true);
            cursor.set_starts_late(self.seek == Seek::Now);
            self.lanes.lanes.push(Lane::new(cursor));
            self.sources.push(Source { id: entry.id, trace, path, announced: None });
            self.streams.push(Stream { files, class_id: None, instance: None });
        }
        for trace in 0..self.traces.len() {
            if self.traces[trace].session == session {
                self.fetch_metadata(trace)?;
            }
        }
        Ok(())
    }

    /// Index of the trace that a stream belongs to.
    fn trace(&mut self, session: usize, entry: &StreamEntry) -> usize {
        if let Some(i) = self.traces.iter().position(|t| t.session == session && t.id == entry.trace_id) {
            return i;
        }
        let i = self.traces.len();
        let mut metadata = MetadataReader::new();
        self.lanes.catalog.absorb(i, &mut metadata.builder.metadata);
        let trace = self.lanes.catalog.describe(i, &PathBuf::from(&entry.path));
        self.traces.push(LiveTrace { session, id: entry.trace_id, trace, metadata, metadata_stream: None });
        i
    }

    /// Takes all of a trace's metadata that there is.
    fn fetch_metadata(&mut self, i: usize) -> Result<(), Error> {
        let mut is_new = false;
        while let Some(stream) = self.traces[i].metadata_stream {
            match self.connection.metadata(stream)? {
                MetadataReply::Data(data) if data.is_empty() => break,
                MetadataReply::Data(data) => {
                    is_new = true;
                    let pushed = self.traces[i].metadata.push(&data, false);
                    pushed.map_err(|e| e.in_file(&PathBuf::from(self.url.to_string())))?;
                }
                MetadataReply::NothingNew => break,
                MetadataReply::Gone => self.traces[i].metadata_stream = None,
            }
        }
        if is_new {
            let live = &mut self.traces[i];
            self.lanes.catalog.absorb(i, &mut live.metadata.builder.metadata);
            live.trace = self.lanes.catalog.describe(i, live.trace.path());
        }
        Ok(())
    }
}
