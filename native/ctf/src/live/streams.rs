//! What a live session is made of: streams and the metadata of their traces, as the relay daemon announces them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::protocol::{MetadataReply, NewStreams, NextIndex, StreamEntry};
use super::wire::PATIENCE;
use super::{LiveReader, Seek};
use crate::cursor::{Cursor, StreamFile};
use crate::error::{Error, Kind};
use crate::lanes::Lane;
use crate::loss::StreamKey;
use crate::metadata::{MAX_TEXT, MetadataReader};
use crate::range::TimeRange;
use crate::trace_set::{MAX_STREAMS, MAX_TRACES, MAX_TYPES, Stream, Trace};

/// Most streams that a session may have had, those that have ended too, which take little memory.
const MAX_ANNOUNCED: usize = 1 << 16;
/// Bytes of metadata that tell one trace from another: they hold its UUID and the time of its creation.
const HEAD: usize = 4096;

pub(super) struct Session {
    pub(super) id: u64,
    pub(super) is_gone: bool,
}

pub(super) struct LiveTrace {
    pub(super) session: usize,
    pub(super) id: u64,
    pub(super) trace: Trace,
    pub(super) metadata: MetadataReader,
    /// Number of the stream that hands the metadata over, while there is one.
    pub(super) metadata_stream: Option<u64>,
    /// The first bytes of the metadata, by which it is known again, and its length so far.
    pub(super) head: Vec<u8>,
    pub(super) length: u64,
}

/// Where a lane's packets come from.
pub(super) struct Source {
    pub(super) id: u64,
    pub(super) trace: usize,
    pub(super) path: Arc<Path>,
    /// A packet that was announced and not handed over yet.
    pub(super) announced: Option<NextIndex>,
    /// The packet that is being handed over.
    pub(super) current: Option<NextIndex>,
    /// Begin and end of the last packet that was handed over whole, in the stream's clock.
    pub(super) received: Option<(u64, u64)>,
    /// Begin of the first packet.
    pub(super) first: Option<u64>,
    /// The relay daemon begins anew: packets up to `received` come a second time.
    pub(super) is_repeating: bool,
}

fn too_many<T>(most: usize, what: &str) -> Result<T, Error> {
    let what =
        format!("the relay daemon announces more than {most} {what}, which is more than this reader keeps");
    Err(Error::new(Kind::Protocol, what))
}

impl LiveReader {
    /// Asks every session for streams; true when there are new ones or a session has ended.
    pub(super) fn find_new_streams(&mut self) -> Result<bool, Error> {
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

    pub(super) fn add_streams(&mut self, session: usize, mut entries: Vec<StreamEntry>) -> Result<(), Error> {
        // In the order that their files have in a directory, so that events of one time come as they do from there.
        entries.sort_by(|a, b| (&a.path, &a.channel).cmp(&(&b.path, &b.channel)));
        for entry in entries {
            let trace = self.trace(session, &entry)?;
            if entry.is_metadata {
                self.traces[trace].metadata_stream = Some(entry.id);
                continue;
            }
            let open = self.lanes.lanes.iter().filter(|lane| !lane.is_closed);
            if self.sources.len() >= MAX_ANNOUNCED
                || (self.sources.len() >= MAX_STREAMS && open.count() >= MAX_STREAMS)
            {
                return too_many(MAX_STREAMS, "streams");
            }
            let path: Arc<Path> = PathBuf::from(&entry.path).join(&entry.channel).into();
            let files = vec![StreamFile::new(trace, path.clone())];
            let key = StreamKey(self.sources.len() as u32);
            let catalog = &self.lanes.catalog;
            let mut cursor =
                Cursor::new(key, Vec::new(), catalog, self.allowance.clone(), TimeRange::default());
            cursor.set_growing(true);
            cursor.set_starts_late(self.seek == Seek::Now);
            self.lanes.lanes.push(Lane::new(cursor));
            self.sources.push(Source {
                id: entry.id,
                trace,
                path,
                announced: None,
                current: None,
                received: None,
                first: None,
                is_repeating: self.has_reattached && self.traces[trace].length > 0,
            });
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
    pub(super) fn trace(&mut self, session: usize, entry: &StreamEntry) -> Result<usize, Error> {
        if let Some(i) = self.traces.iter().position(|t| t.session == session && t.id == entry.trace_id) {
            return Ok(i);
        }
        let i = self.traces.len();
        if i >= MAX_TRACES {
            return too_many(MAX_TRACES, "traces");
        }
        let mut metadata = MetadataReader::new();
        self.lanes.catalog.absorb(i, &mut metadata.builder.metadata);
        let trace = self.lanes.catalog.describe(i, &PathBuf::from(&entry.path));
        let (metadata_stream, head, length) = (None, Vec::new(), 0);
        self.traces.push(LiveTrace {
            session,
            id: entry.trace_id,
            trace,
            metadata,
            metadata_stream,
            head,
            length,
        });
        Ok(i)
    }

    /// Takes all of a trace's metadata that there is; where that comes in crumbs, some of it.
    pub(super) fn fetch_metadata(&mut self, i: usize) -> Result<(), Error> {
        let since = Instant::now();
        while let Some(stream) = self.traces[i].metadata_stream {
            if since.elapsed() > PATIENCE {
                break;
            }
            match self.connection.metadata(stream)? {
                MetadataReply::Data(data) if data.is_empty() => break,
                MetadataReply::Data(data) => self.add_metadata(i, &data)?,
                MetadataReply::NothingNew => break,
                MetadataReply::Gone => self.traces[i].metadata_stream = None,
            }
        }
        Ok(())
    }

    /// Bounds what the metadata of all traces takes together.
    fn check_metadata(&self) -> Result<(), Error> {
        let pending: usize = self.traces.iter().map(|trace| trace.metadata.pending()).sum();
        let types: u64 = self.traces.iter().map(|trace| trace.metadata.builder.weight()).sum();
        if pending > MAX_TEXT || types > MAX_TYPES {
            let what = "the metadata of all traces describes more than this reader keeps";
            return Err(Error::new(Kind::Protocol, what));
        }
        Ok(())
    }

    pub(super) fn add_metadata(&mut self, i: usize, data: &[u8]) -> Result<(), Error> {
        let live = &mut self.traces[i];
        let more = HEAD.saturating_sub(live.head.len()).min(data.len());
        live.head.extend_from_slice(&data[..more]);
        live.length += data.len() as u64;
        let pushed = live.metadata.push(data, false);
        pushed.map_err(|e| e.in_file(&PathBuf::from(self.url.to_string())))?;
        self.check_metadata()?;
        let live = &mut self.traces[i];
        self.lanes.catalog.absorb(i, &mut live.metadata.builder.metadata);
        live.trace = self.lanes.catalog.describe(i, live.trace.path());
        Ok(())
    }
}
