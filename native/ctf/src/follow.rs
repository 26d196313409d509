//! A directory that is being written.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::class::EventClass;
use crate::cursor::{Cursor, StreamFile};
use crate::directories::Directories;
use crate::error::Error;
use crate::lanes::{Lane, Lanes, Poll};
use crate::loss::StreamKey;
use crate::metadata::MetadataReader;
use crate::range::TimeRange;
use crate::trace_set::{Stream, StreamIdentity, Trace, first_packet, identity, stream_files};
use crate::window::Allowance;

/// Windows are shared out as if there were so many streams.
const EXPECTED_STREAMS: usize = 64;

/// Reads a directory into which a tracer is still writing: packets are read when they are whole, new streams, new
/// traces and new metadata are found.
///
/// Events of several streams come in the order of time as far as it is known that no stream is behind. A stream that
/// has been silent since a while holds the others up: what the caller knows about it is told to
/// [`poll`](Follower::poll) as the time up to which everything has been written.
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
    traces: Vec<Followed>,
    lanes: Lanes,
    streams: Vec<Stream>,
    known: BTreeMap<StreamIdentity, usize>,
    files: HashSet<PathBuf>,
    allowance: Allowance,
    is_finished: bool,
}

struct Followed {
    trace: Trace,
    metadata: MetadataReader,
    read: u64,
}

impl Follower {
    /// Begins with what is in the directory by now; it may be empty.
    ///
    /// # Errors
    ///
    /// `is_io` when the directory cannot be read, `is_metadata` when metadata cannot be understood.
    pub fn open(path: &Path) -> Result<Follower, Error> {
        let mut follower = Follower {
            root: path.to_path_buf(),
            traces: Vec::new(),
            lanes: Lanes::default(),
            streams: Vec::new(),
            known: BTreeMap::new(),
            files: HashSet::new(),
            allowance: Allowance::new(EXPECTED_STREAMS, 8),
            is_finished: false,
        };
        follower.look_again()?;
        Ok(follower)
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
        self.traces.iter().map(|followed| &followed.trace)
    }

    /// Events and losses that came after later ones had been told.
    pub fn late(&self) -> u64 {
        self.lanes.late()
    }

    /// Says that nothing more will be written: what is there is read to its end, and [`Poll::End`] follows.
    pub fn finish(&mut self) {
        self.is_finished = true;
        for lane in &mut self.lanes.lanes {
            lane.cursor.set_growing(false);
        }
    }

    /// The next event or loss, if there is one. All that happened up to `settled_ns` (nanoseconds since the Unix epoch)
    /// is known to be in the directory: streams without anything newer are not waited for up to then. `i64::MIN` when
    /// nothing is known.
    ///
    /// # Errors
    ///
    /// As for [`Reader::next`](crate::Reader::next); call again to read on.
    pub fn poll(&mut self, settled_ns: i64) -> Result<Poll<'_>, Error> {
        self.lanes.move_on();
        let mut next = self.lanes.choose(settled_ns);
        if next.is_none() {
            self.look_again()?;
            next = self.lanes.choose(if self.is_finished { i64::MAX } else { settled_ns });
        }
        match next {
            Some(lane) => self.lanes.tell(lane),
            None if self.is_finished && self.lanes.all_closed() => Ok(Poll::End),
            None => Ok(Poll::Idle),
        }
    }

    /// Finds what was written since the last time.
    fn look_again(&mut self) -> Result<(), Error> {
        for directory in Directories::find(&self.root)?.traces {
            let known = self.traces.iter().position(|t| t.trace.path() == directory);
            let i = match known {
                Some(i) => i,
                None => {
                    let metadata = MetadataReader::new();
                    let i = self.traces.len();
                    self.lanes.catalog.absorb(i, &mut Default::default());
                    let trace = self.lanes.catalog.describe(i, &directory);
                    self.traces.push(Followed { trace, metadata, read: 0 });
                    i
                }
            };
            self.read_metadata(i, &directory)?;
            for path in stream_files(&directory)? {
                if !self.files.contains(&path) {
                    self.add_file(i, path);
                }
            }
        }
        for lane in &mut self.lanes.lanes {
            if lane.is_idle() {
                lane.cursor.fit(&self.lanes.catalog);
                lane.advance(&self.lanes.catalog);
            }
        }
        Ok(())
    }

    fn read_metadata(&mut self, i: usize, directory: &Path) -> Result<(), Error> {
        let followed = &mut self.traces[i];
        let path = directory.join("metadata");
        let file = File::open(&path).map_err(|e| Error::io("cannot open", &path, e))?;
        let mut has_grown = false;
        let mut piece = vec![0; 64 << 10];
        loop {
            let n =
                file.read_at(&mut piece, followed.read).map_err(|e| Error::io("cannot read", &path, e))?;
            if n == 0 {
                break;
            }
            followed.read += n as u64;
            has_grown = true;
            followed.metadata.push(&piece[..n], false).map_err(|e| e.in_file(&path))?;
        }
        if has_grown {
            self.lanes.catalog.absorb(i, &mut followed.metadata.builder.metadata);
            followed.trace = self.lanes.catalog.describe(i, directory);
        }
        Ok(())
    }

    /// Takes a file in once its first packet's header can be read.
    fn add_file(&mut self, trace: usize, path: PathBuf) {
        let catalog = &self.lanes.catalog;
        let Some(first) = first_packet(&path, trace, catalog) else { return };
        self.files.insert(path.clone());
        let identity = identity(trace, &first, catalog);
        let file = StreamFile { trace, path };
        if let Some(&lane) = identity.as_ref().and_then(|identity| self.known.get(identity)) {
            self.streams[lane].files.push(file.clone());
            self.lanes.lanes[lane].cursor.add_file(file);
            return;
        }
        let index = self.streams.len();
        self.known.extend(identity.map(|identity| (identity, index)));
        let files = vec![file];
        let key = StreamKey(index as u32);
        let allowance = self.allowance.aligned_to(catalog.align_bytes);
        let mut cursor = Cursor::new(key, files.clone(), catalog, allowance, TimeRange::default());
        cursor.set_growing(!self.is_finished);
        self.lanes.lanes.push(Lane::new(cursor));
        self.streams.push(Stream {
            files,
            class_id: Some(catalog.traces[trace].streams[first.stream].id),
            instance: first.instance,
        });
    }
}
