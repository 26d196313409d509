//! A directory that is being written.

mod chunks;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::class::EventClass;
use crate::cursor::{Cursor, Head, StreamFile};
use crate::directories::Directories;
use crate::error::{Error, Kind};
use crate::lanes::{Lane, Lanes, Poll};
use crate::loss::StreamKey;
use crate::range::TimeRange;
use crate::trace_set::{Stream, StreamIdentity, Trace, first_packet_held, identity, stream_files};
use crate::window::Allowance;
use chunks::{Chunk, FileId};

/// Windows are shared out as if there were so many streams.
const EXPECTED_STREAMS: usize = 64;
/// Most files that are kept open until they are read.
const MOST_HELD: usize = 256;
/// Paths of a stream's files that are kept to be told.
const MOST_PATHS: usize = 16;
/// The directory is looked at so often at least, also while there is enough to read: chunks come and go.
const LOOK_PERIOD: Duration = Duration::from_millis(200);
/// Items between two looks at the clock.
const STRIDE: u32 = 1 << 10;
/// Looking at a large directory takes no more than this part of the time.
const SHARE_OF_TIME: u32 = 10;
/// A directory that is looked at faster than this is looked at whenever there is nothing to read.
const QUICK: Duration = Duration::from_millis(5);

/// Reads a directory that a tracer still writes to. Packets are read when they are complete. New streams, traces and
/// metadata are found.
///
/// The session may be rotated. When a chunk ends, LTTng moves it away, and somebody may remove it. So files are
/// identified by device and inode, not by path, and are kept open. A file that was removed before it was read is
/// reported as an error.
///
/// Events of several streams are merged by time, so a silent stream holds up the others: it may still write an
/// earlier event. If you know the time up to which everything is written, pass it to [`poll`](Follower::poll).
///
/// # Example: print what happens
///
/// ```no_run
/// use beamtap_ctf::{Follower, Poll};
///
/// let mut follower = Follower::open("/tmp/my-session".as_ref())?;
/// loop {
///     match follower.poll(i64::MIN)? {
///         Poll::Item(item) => println!("{item:?}"),
///         Poll::Idle => std::thread::sleep(std::time::Duration::from_millis(100)),
///         Poll::End => break,
///     }
/// }
/// # Ok::<(), beamtap_ctf::Error>(())
/// ```
pub struct Follower {
    root: PathBuf,
    traces: Vec<Trace>,
    chunks: HashMap<FileId, Chunk>,
    lanes: Lanes,
    streams: Vec<Stream>,
    known: BTreeMap<StreamIdentity, usize>,
    files: HashMap<FileId, Place>,
    allowance: Allowance,
    /// Faults that are still to be told, and what was told of which path.
    faults: VecDeque<Error>,
    faulty: HashSet<PathBuf>,
    polls: u32,
    /// Number of the last look at the directory, when it was, and when the next one may be.
    look: u64,
    looked: Instant,
    next_look: Instant,
    is_finished: bool,
    has_looked_last: bool,
}

/// Where a stream file is.
struct Place {
    path: Arc<Path>,
    /// The look that saw it last.
    seen: u64,
    what: What,
}

enum What {
    /// It has no packet yet.
    Empty(usize, File),
    /// Of the stream with this index.
    Of(usize),
}

impl Follower {
    /// Starts with the present contents of the directory. It may be empty.
    ///
    /// # Errors
    ///
    /// `is_io` if the directory cannot be read, `is_limit` if it has too many entries.
    pub fn open(path: &Path) -> Result<Follower, Error> {
        let now = Instant::now();
        let mut follower = Follower {
            root: path.to_path_buf(),
            traces: Vec::new(),
            chunks: HashMap::new(),
            lanes: Lanes::default(),
            streams: Vec::new(),
            known: BTreeMap::new(),
            files: HashMap::new(),
            allowance: Allowance::new(EXPECTED_STREAMS, 8),
            faults: VecDeque::new(),
            faulty: HashSet::new(),
            polls: 0,
            look: 0,
            looked: now,
            next_look: now,
            is_finished: false,
            has_looked_last: false,
        };
        follower.look_again()?;
        Ok(follower)
    }

    /// Event classes known so far.
    pub fn classes(&self) -> &[EventClass] {
        &self.lanes.catalog.classes
    }

    /// Streams known so far.
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// Traces known so far. The chunks of a session are one trace.
    pub fn traces(&self) -> impl ExactSizeIterator<Item = &Trace> {
        self.traces.iter()
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Number of events and losses that were returned after later ones.
    pub fn late(&self) -> u64 {
        self.lanes.late()
    }

    /// Call it when nothing more will be written. The rest is read to its end, and [`Poll::End`] follows.
    pub fn finish(&mut self) {
        self.is_finished = true;
        for lane in &mut self.lanes.lanes {
            lane.cursor.set_growing(false);
        }
    }

    /// The next event or loss, if there is one. `settled_ns`, in nanoseconds since the Unix epoch, is the time up to
    /// which everything is in the directory: up to then, silent streams do not hold up the others. Pass `i64::MIN` if
    /// it is not known.
    ///
    /// # Errors
    ///
    /// As for [`Reader::next`](crate::Reader::next); call it again to continue. `is_io` with the
    /// [`path`](Error::path) of the directory if that can no longer be read.
    pub fn poll(&mut self, settled_ns: i64) -> Result<Poll<'_>, Error> {
        self.lanes.move_on();
        if let Some(fault) = self.faults.pop_front() {
            return Err(fault);
        }
        let mut next = self.lanes.choose(settled_ns);
        self.polls = self.polls.wrapping_add(1);
        let is_due = self.polls.is_multiple_of(STRIDE) && self.looked.elapsed() >= LOOK_PERIOD;
        if next.is_none() || is_due {
            self.look_again()?;
            next = self.lanes.choose(if self.is_finished { i64::MAX } else { settled_ns });
        }
        let Some(lane) = next else {
            return Ok(if self.is_finished && self.lanes.all_closed() { Poll::End } else { Poll::Idle });
        };
        let cursor = &self.lanes.lanes[lane].cursor;
        match cursor.head() {
            Head::LostPackets(loss) if cursor.begins_file() => {
                let what = format!(
                    "{} packets before this file are missing: their chunk of the trace was removed before it was read",
                    loss.count
                );
                let path = self.streams[lane].files.last().map_or(self.root.as_path(), |file| &file.path);
                self.faults.push_back(Error::new(Kind::Io, what).in_file(path));
            }
            _ => {}
        }
        match self.lanes.tell(lane) {
            Err(error) if error.is_not_found() => Err(removed(&error)),
            told => told,
        }
    }

    /// Finds what was written since the last time.
    fn look_again(&mut self) -> Result<(), Error> {
        let begin = Instant::now();
        if (self.is_finished && !self.has_looked_last) || (!self.is_finished && begin >= self.next_look) {
            self.has_looked_last = self.is_finished;
            match Directories::find(&self.root) {
                Ok(found) => self.take_in(found),
                // What is known is read to its end.
                Err(_) if self.is_finished => {}
                Err(error) => return Err(error),
            }
            self.looked = Instant::now();
            let taken = self.looked - begin;
            let pause = if taken < QUICK { Duration::ZERO } else { SHARE_OF_TIME * taken };
            self.next_look = self.looked + pause;
        }
        for lane in &mut self.lanes.lanes {
            if lane.is_idle() {
                lane.cursor.fit(&self.lanes.catalog);
                lane.advance(&self.lanes.catalog);
            }
        }
        Ok(())
    }

    fn take_in(&mut self, found: Directories) {
        self.look += 1;
        found.faults.into_iter().for_each(|fault| self.tell_once(fault));
        for directory in found.traces {
            let Some(trace) = self.read_metadata(&directory) else { continue };
            // A directory that was moved away meanwhile is found where it is the next time.
            for path in stream_files(&directory).unwrap_or_default() {
                self.take_file(trace, path.into());
            }
        }
        // Ids of files are given again.
        let look = self.look;
        self.chunks.retain(|_, chunk| chunk.seen + 1 >= look);
        let lanes = &self.lanes.lanes;
        self.files.retain(|_, place| match place.what {
            _ if place.seen + 1 >= look => true,
            What::Empty(..) => false,
            What::Of(lane) => !lanes[lane].cursor.has_left(&place.path),
        });
    }

    /// Tells a fault of a path, unless that was told.
    fn tell_once(&mut self, fault: Error) {
        if self.faulty.insert(fault.path().unwrap_or(&self.root).to_path_buf()) {
            self.faults.push_back(fault);
        }
    }

    /// Index of the trace whose metadata is in the directory, once it is known.
    fn read_metadata(&mut self, directory: &Path) -> Option<usize> {
        let path = directory.join("metadata");
        let id = FileId::of(&path)?;
        let chunk = self.chunks.entry(id).or_insert_with(Chunk::new);
        chunk.seen = self.look;
        match chunk.read(&path) {
            Ok(true) => {}
            Ok(false) => return chunk.trace,
            Err(error) if error.is_not_found() => return chunk.trace,
            Err(error) => {
                let trace = chunk.trace;
                self.tell_once(error);
                return trace;
            }
        }
        let (catalog, known) = (&mut self.lanes.catalog, chunk.trace);
        let metadata = chunk.metadata();
        if metadata.streams.is_empty() {
            return known;
        }
        let trace = match known.or_else(|| catalog.same_trace(metadata)) {
            Some(trace) => {
                catalog.absorb_again(trace, metadata);
                trace
            }
            None => {
                catalog.absorb(self.traces.len(), metadata);
                self.traces.push(catalog.describe(self.traces.len(), directory));
                self.traces.len() - 1
            }
        };
        chunk.trace = Some(trace);
        self.traces[trace] = catalog.describe(trace, directory);
        Some(trace)
    }

    /// Takes a file in once its first packet's header can be read; one that is known may have another path now.
    fn take_file(&mut self, trace: usize, path: Arc<Path>) {
        let Some(id) = FileId::of(&path) else { return };
        if let Some(place) = self.files.get_mut(&id) {
            place.seen = self.look;
            if place.path != path {
                if let What::Of(lane) = place.what {
                    self.lanes.lanes[lane].cursor.rename_file(&place.path, &path);
                    let files = &mut self.streams[lane].files;
                    files
                        .iter_mut()
                        .filter(|file| file.path == place.path)
                        .for_each(|file| file.path.clone_from(&path));
                }
                place.path = path;
            }
            if let What::Of(_) = place.what {
                return;
            }
        } else {
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) => {
                    if error.kind() != std::io::ErrorKind::NotFound {
                        self.tell_once(Error::io("cannot open", &path, error));
                    }
                    return;
                }
            };
            // What is open now may be another file than what was there a moment ago.
            let Some(id) = FileId::of_open(&file) else { return };
            self.files.entry(id).or_insert(Place { path, seen: self.look, what: What::Empty(trace, file) });
        }
        self.open_stream(id);
    }

    /// Makes a file the next one of its stream, once it has a packet.
    fn open_stream(&mut self, id: FileId) {
        let Some(Place { path, what: What::Empty(trace, file), .. }) = self.files.get(&id) else { return };
        let (trace, catalog) = (*trace, &self.lanes.catalog);
        let Some(first) = first_packet_held(path, file, trace, catalog) else { return };
        let held: usize = self.lanes.lanes.iter().map(|lane| lane.cursor.held()).sum();
        let held = (held < MOST_HELD).then(|| file.try_clone().ok()).flatten().map(Arc::new);
        let file =
            StreamFile { begin: first.begin.unwrap_or(0), held, ..StreamFile::new(trace, path.clone()) };
        let path_only = StreamFile { held: None, ..file.clone() };
        let identity = identity(trace, &first, catalog);
        let lane = match identity.as_ref().and_then(|identity| self.known.get(identity)) {
            Some(&lane) => {
                let files = &mut self.streams[lane].files;
                if files.len() >= MOST_PATHS {
                    files.remove(1);
                }
                files.push(path_only);
                self.lanes.lanes[lane].cursor.add_file(file);
                lane
            }
            None => {
                let index = self.streams.len();
                self.known.extend(identity.map(|identity| (identity, index)));
                let allowance = self.allowance.aligned_to(catalog.align_bytes);
                let key = StreamKey(index as u32);
                let mut cursor = Cursor::new(key, vec![file], catalog, allowance, TimeRange::default());
                cursor.set_growing(!self.is_finished);
                self.lanes.lanes.push(Lane::new(cursor));
                self.streams.push(Stream {
                    files: vec![path_only],
                    class_id: Some(catalog.traces[trace].streams[first.stream].id),
                    instance: first.instance,
                });
                index
            }
        };
        if let Some(place) = self.files.get_mut(&id) {
            place.what = What::Of(lane);
        }
    }
}

/// The error of a file that was there when it was found.
fn removed(error: &Error) -> Error {
    let what = "this file of the trace was removed before it was read";
    let gone = Error::new(Kind::Io, what);
    match error.path() {
        Some(path) => gone.in_file(path),
        None => gone,
    }
}
