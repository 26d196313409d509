//! Traces in directories.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::class::{Catalog, EventClass};
use crate::clock::Clock;
use crate::cursor::StreamFile;
use crate::directories::Directories;
use crate::error::{Error, Kind};
use crate::loss::StreamKey;
use crate::metadata::{EnvValue, MAX_TEXT, MetadataReader};
use crate::packet::{PacketInfo, load_header};
use crate::packets::Packets;
use crate::range::TimeRange;
use crate::reader::Reader;
use crate::walk::Roles;
use crate::window::{Allowance, Window};

/// Most stream files that one set may have.
const MAX_FILES: usize = 1 << 16;
/// Most streams that one set may have: what bounds the memory of a reader, which has all of them at hand.
pub(crate) const MAX_STREAMS: usize = 1 << 14;
/// Most types that the metadata of all traces of a set may describe together.
pub(crate) const MAX_TYPES: u64 = 1 << 19;
/// Most traces that one set may have.
pub(crate) const MAX_TRACES: usize = 1 << 12;

/// One or more traces that are read together: what LTTng writes to the directory of a session.
pub struct TraceSet {
    pub(crate) catalog: Arc<Catalog>,
    traces: Vec<Trace>,
    pub(crate) streams: Vec<Stream>,
    faults: Vec<Error>,
}

/// A trace: a directory with a `metadata` file.
#[derive(Debug, Clone)]
pub struct Trace {
    path: PathBuf,
    uuid: Option<[u8; 16]>,
    environment: Arc<[(String, EnvValue)]>,
    clocks: Arc<[Clock]>,
}

impl Trace {
    /// The directory; the session's URL for a live trace.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Identity of the trace. The chunks of a rotated session have the same.
    pub fn uuid(&self) -> Option<[u8; 16]> {
        self.uuid
    }

    /// The environment: facts about the tracer and the traced system, such as `hostname`, `tracer_name`, `vpid`.
    pub fn environment(&self) -> impl Iterator<Item = (&str, &EnvValue)> {
        self.environment.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Clocks of the timestamps.
    pub fn clocks(&self) -> &[Clock] {
        &self.clocks
    }
}

/// A stream: consecutive packets, in one or more files.
#[derive(Debug, Clone)]
pub struct Stream {
    pub(crate) files: Vec<StreamFile>,
    pub(crate) class_id: Option<u64>,
    pub(crate) instance: Option<u64>,
}

impl Stream {
    /// Index of the trace in [`TraceSet::traces`]; that of the first chunk for a stream that continues in later
    /// chunks.
    pub fn trace(&self) -> usize {
        self.files.first().map_or(0, |f| f.trace)
    }

    /// Files of the stream, oldest first.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|f| &*f.path)
    }

    /// Id of the stream class; LTTng has one for each channel. `None` if the stream has no packets.
    pub fn class_id(&self) -> Option<u64> {
        self.class_id
    }

    /// Id of the stream in its class; for LTTng, the CPU.
    pub fn instance_id(&self) -> Option<u64> {
        self.instance
    }
}

impl TraceSet {
    /// Finds all traces in `path` and below it, and reads their metadata.
    ///
    /// # Errors
    ///
    /// `is_not_a_trace` if there is none. If no trace can be read, `is_metadata` or `is_io`; if some can, the errors
    /// of the others are in [`faults`](TraceSet::faults). `is_limit`.
    pub fn open(path: &Path) -> Result<TraceSet, Error> {
        let Directories { traces: found, mut faults } = Directories::find(path)?;
        let (mut catalog, mut traces, mut directories) = (Catalog::default(), Vec::new(), Vec::new());
        if found.len() > MAX_TRACES {
            let what = format!("more than {MAX_TRACES} traces; read the directories below one by one");
            return Err(Error::new(Kind::Limit, what).in_file(path));
        }
        let mut weight_left = MAX_TYPES;
        let mut last: Option<(usize, Vec<u8>)> = None;
        for directory in found {
            let file = directory.join("metadata");
            let bytes = match read_metadata(&file) {
                Ok(bytes) => bytes,
                Err(error) => {
                    faults.push(error);
                    continue;
                }
            };
            let trace = directories.len();
            match &last {
                // Chunks of a session mostly have the same.
                Some((earlier, same)) if *same == bytes => catalog.share(*earlier),
                _ => {
                    let mut reader = MetadataReader::new();
                    if let Err(error) = reader.push(&bytes, true) {
                        faults.push(error.in_file(&file));
                        continue;
                    }
                    let Some(left) = weight_left.checked_sub(reader.builder.weight()) else {
                        let what = "the metadata of all traces describes more types than this reader keeps";
                        let what = format!("{what}; read the directories below one by one");
                        return Err(Error::new(Kind::Limit, what).in_file(path));
                    };
                    weight_left = left;
                    catalog.absorb(trace, &mut reader.builder.metadata);
                    last = Some((trace, bytes));
                }
            }
            traces.push(catalog.describe(trace, &directory));
            directories.push(directory);
        }
        if directories.is_empty() {
            // One of them may be the trace.
            return Err(faults.into_iter().next().unwrap_or_else(|| {
                Error::new(Kind::NotATrace, "no CTF trace: no file \"metadata\" here or below").in_file(path)
            }));
        }
        let streams = find_streams(&directories, &catalog, &mut faults)?;
        Ok(TraceSet { catalog: Arc::new(catalog), traces, streams, faults })
    }

    /// What is left out: directories that cannot be read, traces with invalid metadata.
    pub fn faults(&self) -> &[Error] {
        &self.faults
    }

    /// The traces, in the order of their paths.
    pub fn traces(&self) -> &[Trace] {
        &self.traces
    }

    /// Entries of all traces' environments.
    pub fn environment(&self) -> impl Iterator<Item = (&str, &EnvValue)> {
        self.traces.iter().flat_map(Trace::environment)
    }

    /// Event classes of all traces. Traces with the same metadata, such as most chunks of a session, share them.
    /// Other traces have their own classes, with the same names.
    pub fn classes(&self) -> &[EventClass] {
        &self.catalog.classes
    }

    /// The streams. Events of the same time come in this order.
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// Key of the stream at an index of [`streams`](TraceSet::streams).
    pub fn stream_key(&self, index: usize) -> Option<StreamKey> {
        (index < self.streams.len()).then_some(StreamKey(index as u32))
    }

    /// The packets of a stream without their events, from the index, or from their headers if there is no index. Much
    /// faster than reading events.
    pub fn packets(&self, stream: StreamKey) -> Packets<'_> {
        Packets::new(self, stream)
    }

    /// Reads all events from the first to the last.
    pub fn reader(&self) -> Reader {
        self.reader_of(TimeRange::default())
    }

    /// Reads the events of a range of time. Packets outside it are not decoded.
    pub fn reader_of(&self, range: TimeRange) -> Reader {
        Reader::new(self, range)
    }
}

impl Catalog {
    pub(crate) fn describe(&self, trace: usize, path: &Path) -> Trace {
        let plan = &self.traces[trace];
        Trace {
            path: path.to_path_buf(),
            uuid: plan.uuid,
            environment: plan.environment.clone(),
            clocks: plan.clocks.clone(),
        }
    }
}

fn read_metadata(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|e| Error::io("cannot open", path, e))?;
    file.take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes).map_err(|e| Error::io("cannot read", path, e))?;
    Ok(bytes)
}

/// Stream files of a trace, sorted by name.
pub(crate) fn stream_files(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries =
        fs::read_dir(directory).map_err(|e| Error::io("cannot read the directory", directory, e))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.as_encoded_bytes();
            name != b"metadata" && !name.starts_with(b".") && !name.ends_with(b".idx")
        })
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    Ok(files)
}

/// What puts files into one stream: trace, stream class, stream instance. Traces of one UUID are one.
pub(crate) type StreamIdentity = (Option<[u8; 16]>, usize, u64, u64);

/// Identity of the stream that a packet is of; `None` when packets do not say it, and each file is a stream.
pub(crate) fn identity(trace: usize, packet: &PacketInfo, catalog: &Catalog) -> Option<StreamIdentity> {
    let plan = &catalog.traces[trace];
    let trace = if plan.uuid.is_some() { 0 } else { trace };
    Some((plan.uuid, trace, plan.streams[packet.stream].id, packet.instance?))
}

fn find_streams(
    directories: &[PathBuf],
    catalog: &Catalog,
    faults: &mut Vec<Error>,
) -> Result<Vec<Stream>, Error> {
    let mut streams: Vec<Stream> = Vec::new();
    let mut known: BTreeMap<StreamIdentity, usize> = BTreeMap::new();
    let mut files = 0;
    for (trace, directory) in directories.iter().enumerate() {
        let paths = stream_files(directory).unwrap_or_else(|error| {
            faults.push(error);
            Vec::new()
        });
        for path in paths {
            files += 1;
            if files > MAX_FILES {
                return Err(Error::new(
                    Kind::Limit,
                    format!("more than {MAX_FILES} stream files; read the directories below one by one"),
                )
                .in_file(directory));
            }
            let path: Arc<Path> = path.into();
            let first = first_packet(&path, trace, catalog);
            let identity = first.as_ref().and_then(|info| identity(trace, info, catalog));
            let index = match identity.and_then(|identity| known.get(&identity)) {
                Some(&index) => index,
                None if streams.len() == MAX_STREAMS => {
                    let what =
                        format!("more than {MAX_STREAMS} streams; read the directories below one by one");
                    return Err(Error::new(Kind::Limit, what).in_file(directory));
                }
                None => {
                    streams.push(Stream {
                        files: Vec::new(),
                        class_id: first.as_ref().map(|info| catalog.traces[trace].streams[info.stream].id),
                        instance: first.as_ref().and_then(|info| info.instance),
                    });
                    known.extend(identity.map(|identity| (identity, streams.len() - 1)));
                    streams.len() - 1
                }
            };
            let begin = first.and_then(|info| info.begin).unwrap_or(0);
            streams[index].files.push(StreamFile { begin, ..StreamFile::new(trace, path) });
        }
    }
    for stream in &mut streams {
        stream.files.sort_by_key(|file| file.begin);
    }
    Ok(streams)
}

/// What the first packet of a file says; `None` when it cannot be read, which the reader will tell.
pub(crate) fn first_packet(path: &Arc<Path>, trace: usize, catalog: &Catalog) -> Option<PacketInfo> {
    let mut window = Window::new(Allowance::for_a_look());
    window.open(path).ok()?;
    first_in(&mut window, trace, catalog)
}

/// The same of a file that is open.
pub(crate) fn first_packet_held(
    path: &Arc<Path>,
    held: &File,
    trace: usize,
    catalog: &Catalog,
) -> Option<PacketInfo> {
    let mut window = Window::new(Allowance::for_a_look());
    window.open_held(path, held).ok()?;
    first_in(&mut window, trace, catalog)
}

fn first_in(window: &mut Window, trace: usize, catalog: &Catalog) -> Option<PacketInfo> {
    let (mut slots, mut roles) = (vec![0; catalog.slots], Roles::default());
    load_header(window, &catalog.traces[trace], &mut slots, &mut roles).ok()
}
