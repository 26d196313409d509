//! Going on with a session after its connection was lost.

use super::protocol::{MetadataReply, NextIndex, StreamEntry};
use super::streams::Session;
use super::wire::Connection;
use super::{LiveReader, Seek};
use crate::error::{Error, Kind};
use crate::metadata::MAX_TEXT;
use std::time::{Duration, Instant};

/// Pieces without anything in them that may come before the rest of the metadata.
const MAX_EMPTY_PIECES: usize = 16;

/// Longest time that all metadata of a trace may take.
const METADATA_PATIENCE: Duration = Duration::from_secs(60);

/// What [`reattach`](crate::LiveReader::reattach) found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reattached {
    /// Whether it is the session from before. If so, its streams continue where they stopped, and what the relay
    /// daemon no longer has is reported as a loss. If not, it is a new session of the same name, read from its start,
    /// and what happened in between is missing.
    pub is_same_session: bool,
    /// Number of streams that had not ended and no longer exist. Their events since then are missing.
    pub streams_gone: usize,
}

/// A session as it was found again.
struct Found {
    id: u64,
    entries: Vec<StreamEntry>,
    /// All metadata of each trace that has any, by the number of the trace.
    metadata: Vec<(u64, Vec<u8>)>,
}

impl LiveReader {
    /// Connects and attaches again, with one attempt. Packets from before are skipped.
    ///
    /// # Errors
    ///
    /// As for [`attach`](LiveReader::attach). The reader is unchanged and can be tried again. Until the relay daemon
    /// notices that the connection is lost, it may refuse because another viewer is attached.
    pub fn reattach(&mut self) -> Result<Reattached, Error> {
        let mut connection = Connection::open(&self.url)?;
        let wanted = connection.sessions_at(&self.url)?;
        connection.create_session()?;
        // What was written meanwhile is behind what was received. Where nothing was, the first word counts.
        let has_received = self.sources.iter().any(|source| source.first.is_some());
        let mut found = Vec::new();
        for session in wanted {
            let entries = connection.attach(session.id, has_received || self.seek == Seek::Beginning)?;
            let metadata = all_metadata(&mut connection, &entries)?;
            found.push(Found { id: session.id, entries, metadata });
        }
        self.connection = connection;
        (self.is_detached, self.has_reattached) = (false, true);
        let resumed = self.resume_sessions(found);
        self.is_detached = resumed.is_err();
        resumed
    }

    /// Ties what was found to what was known.
    fn resume_sessions(&mut self, found: Vec<Found>) -> Result<Reattached, Error> {
        self.sessions.iter_mut().for_each(|session| session.is_gone = true);
        self.traces.iter_mut().for_each(|trace| trace.metadata_stream = None);
        let mut is_attached = vec![false; self.sources.len()];
        let mut is_same_session = true;
        for Found { id, entries, metadata } in found {
            let known = self.sessions.iter().position(|s| s.id == id);
            let session = match known.filter(|&known| self.is_same(known, &metadata)) {
                Some(session) => {
                    self.sessions[session].is_gone = false;
                    session
                }
                None => {
                    is_same_session = false;
                    // Its number may be one that a relay daemon had given before.
                    self.sessions.push(Session { id, is_gone: false });
                    self.sessions.len() - 1
                }
            };
            let mut fresh = Vec::new();
            for entry in entries {
                let place = self
                    .sources
                    .iter()
                    .position(|source| self.traces[source.trace].session == session && source.id == entry.id);
                match place.filter(|_| !entry.is_metadata) {
                    Some(lane) => {
                        is_attached[lane] = true;
                        self.sources[lane].announced = None;
                        self.sources[lane].is_repeating = true;
                        self.lanes.lanes[lane].is_closed = false;
                        self.lanes.lanes[lane].cursor.set_growing(true);
                    }
                    None => fresh.push(entry),
                }
            }
            self.add_streams(session, fresh)?;
            for (trace, text) in metadata {
                let Some(i) = self.traces.iter().position(|t| t.session == session && t.id == trace) else {
                    continue;
                };
                let known = usize::try_from(self.traces[i].length).unwrap_or(usize::MAX).min(text.len());
                self.add_metadata(i, &text[known..])?;
            }
        }
        let mut streams_gone = 0;
        for lane in (0..is_attached.len()).filter(|&lane| !is_attached[lane]) {
            streams_gone += usize::from(!self.lanes.lanes[lane].is_closed);
            self.close(lane);
        }
        Ok(Reattached { is_same_session, streams_gone })
    }

    /// The session is the one that was known: each of its traces' metadata begins with what was read.
    fn is_same(&self, session: usize, metadata: &[(u64, Vec<u8>)]) -> bool {
        let mut known = self.traces.iter().filter(|t| t.session == session);
        known.all(|trace| {
            let text = metadata.iter().find(|(id, _)| *id == trace.id).map(|(_, text)| text.as_slice());
            // A trace whose processes have ended is not handed over any more.
            text.is_none_or(|text| text.len() as u64 >= trace.length && text.starts_with(&trace.head))
        })
    }

    /// The packet was handed over before the connection was lost, or lies before what was asked for.
    pub(super) fn was_received(&mut self, lane: usize, index: &NextIndex) -> bool {
        if !self.sources[lane].is_repeating {
            return false;
        }
        let was_received = match self.sources[lane].received {
            // Without times nothing tells one packet from another: better twice than not.
            Some(received) => index.end != 0 && (index.begin, index.end) <= received,
            None => {
                let firsts = self.sources.iter().filter_map(|source| source.first);
                self.seek == Seek::Now && firsts.min().is_some_and(|first| index.end < first)
            }
        };
        self.sources[lane].is_repeating = was_received;
        was_received
    }
}

/// Takes the metadata of all traces among the streams, without losing what is already known of it.
fn all_metadata(connection: &mut Connection, entries: &[StreamEntry]) -> Result<Vec<(u64, Vec<u8>)>, Error> {
    let mut all = Vec::new();
    for entry in entries.iter().filter(|entry| entry.is_metadata) {
        let (mut text, mut empty_pieces) = (Vec::new(), 0);
        let since = Instant::now();
        loop {
            if since.elapsed() > METADATA_PATIENCE {
                let what = "the relay daemon sends the metadata too slowly";
                return Err(Error::new(Kind::Disconnected, what));
            }
            match connection.metadata(entry.id)? {
                MetadataReply::Data(data) if data.is_empty() && empty_pieces == MAX_EMPTY_PIECES => break,
                MetadataReply::Data(data) if data.is_empty() => empty_pieces += 1,
                MetadataReply::Data(data) => text.extend(data),
                MetadataReply::NothingNew | MetadataReply::Gone => break,
            }
            if text.len() > MAX_TEXT {
                return Err(Error::new(Kind::Limit, "the metadata is larger than this reader accepts"));
            }
        }
        all.push((entry.trace_id, text));
    }
    Ok(all)
}
