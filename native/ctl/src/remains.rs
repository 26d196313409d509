//! The buffers that a crash left in a session's shared memory path, told from whatever else is there.

use std::fs::{self, File, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind};
use crate::process;

/// What LTTng calls the user-space domain's directory, in buffers and in traces alike.
pub(crate) const DOMAIN: &str = "ust";
pub(crate) const METADATA: &str = "metadata";
/// The end of the name of a link to the trace that is beside a session's buffers.
const LINK: &str = "trace";
/// From the shared memory path down: the session's, its own with the time in it, and one for whoever collects paths.
pub(crate) const MAX_DEPTH: usize = 4;

/// What each of LTTng's ring buffers in a file begins with, so that a crash leaves it recognisable
/// (`RB_CRASH_DUMP_ABI_MAGIC` in lttng-ust).
pub(crate) const BUFFER_MAGIC: [u8; 16] =
    [0x17, 0x7b, 0xf1, 0x77, 0xbf, 0x17, 0x7b, 0xf1, 0x77, 0xbf, 0x17, 0x7b, 0xf1, 0x77, 0xbf, 0x17];

/// The buffers of one session that a crash left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remains {
    pub(crate) directory: PathBuf,
    /// Its ring buffers and the metadata beside them, relative to the directory.
    pub(crate) files: Vec<PathBuf>,
    /// What else is there: it is not LTTng's, and left alone.
    others: Vec<PathBuf>,
}

impl Remains {
    /// All that is at or below a shared memory path, in the order of their names; empty where a session ended orderly,
    /// for LTTng then removes its buffers. Buffers are known by what their files begin with.
    ///
    /// # Errors
    ///
    /// Returns an error when the directory cannot be read, and one that names a file when there is something that
    /// looks like a session's and nothing of it is a buffer: a trace, say.
    pub fn find(shm_path: &Path) -> Result<Vec<Self>, Error> {
        // What is below may be another user's; the path itself must be readable.
        fs::read_dir(shm_path).map_err(|error| Error::system(shm_path.display().to_string(), error))?;
        let mut directories = Vec::new();
        collect(shm_path, MAX_DEPTH, &mut directories);
        directories.sort();
        let mut found = Vec::new();
        let mut stranger = None;
        for directory in directories {
            let remains = Self::of(directory);
            if remains.files.is_empty() {
                stranger = stranger.or_else(|| Some(remains.directory.join(remains.others.first()?)));
            } else {
                found.push(remains);
            }
        }
        match stranger {
            Some(path) if found.is_empty() => Err(Kind::NotBuffers {
                path: shm_path.display().to_string(),
                file: path.display().to_string(),
            }
            .into()),
            _ => Ok(found),
        }
    }

    /// What is in a directory of the kind that LTTng makes for a session.
    fn of(directory: PathBuf) -> Self {
        let (mut files, mut others) = (Vec::new(), Vec::new());
        sort_out(&directory, Path::new(DOMAIN), MAX_DEPTH, &mut files, &mut others);
        // What a consumer daemon leaves that has written its buffers out, and whose session daemon is gone.
        if files.is_empty() && others.iter().all(|file| is_plain_metadata(&directory.join(file))) {
            files = std::mem::take(&mut others);
        }
        files.sort();
        others.sort();
        Self { directory, files, others }
    }

    /// Files among the buffers that are none: nothing of them is recovered, and they are not removed.
    pub fn others(&self) -> impl Iterator<Item = PathBuf> {
        self.others.iter().map(|file| self.directory.join(file))
    }

    /// Where they are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the session wrote its trace, as a link beside its buffers tells, of the session's name and `.trace`; `None`
    /// where whoever made the session left none.
    pub fn trace(&self) -> Option<PathBuf> {
        fs::read_link(self.links().find(|link| link.is_symlink())?).ok()
    }

    pub(crate) fn links(&self) -> impl Iterator<Item = PathBuf> {
        self.directory.ancestors().take(MAX_DEPTH).filter_map(|directory| {
            let name = directory.file_name()?.to_str()?;
            Some(directory.with_file_name(format!("{name}.{LINK}")))
        })
    }

    pub(crate) fn lock(&self) -> Result<File, Error> {
        let name = || self.directory.display().to_string();
        let directory = File::open(&self.directory).map_err(|error| Error::system(name(), error))?;
        match directory.try_lock() {
            Ok(()) => Ok(directory),
            Err(TryLockError::WouldBlock) => Err(Kind::BeingRecovered { path: name() }.into()),
            Err(TryLockError::Error(error)) => Err(Error::system(name(), error)),
        }
    }

    pub(crate) fn check_unused(&self) -> Result<(), Error> {
        match process::that_maps(&self.directory) {
            Some(pid) => Err(Kind::InUse { path: self.directory.display().to_string(), pid }.into()),
            None => Ok(()),
        }
    }
}

/// Directories that are made as LTTng makes a session's.
pub(crate) fn collect(directory: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if directory.join(DOMAIN).is_dir() {
        found.push(directory.to_owned());
        return;
    }
    let Some(depth) = depth.checked_sub(1) else { return };
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        // Not through links: they may lead anywhere, and back.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&entry.path(), depth, found);
        }
    }
}

/// Tells ring buffers, and the metadata beside them, from other files.
fn sort_out(root: &Path, below: &Path, depth: usize, files: &mut Vec<PathBuf>, others: &mut Vec<PathBuf>) {
    let (mut metadata, mut has_buffers) = (None, false);
    for entry in fs::read_dir(root.join(below)).into_iter().flatten().flatten() {
        let path = below.join(entry.file_name());
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && depth > 0 {
            sort_out(root, &path, depth - 1, files, others);
        } else if kind.is_file() && entry.file_name() == METADATA {
            metadata = Some(path);
        } else if kind.is_file() && is_buffer(&entry.path()) {
            has_buffers = true;
            files.push(path);
        } else {
            others.push(path);
        }
    }
    if let Some(metadata) = metadata {
        if has_buffers { files.push(metadata) } else { others.push(metadata) }
    }
}

/// The metadata beside buffers is text, that of a trace of LTTng's is in packets.
fn is_plain_metadata(path: &Path) -> bool {
    let mut begin = [0; 3];
    path.ends_with(METADATA)
        && File::open(path).and_then(|mut file| file.read_exact(&mut begin)).is_ok()
        && (&begin == b"/* " || begin[0] == 0x1e)
}

fn is_buffer(path: &Path) -> bool {
    let mut begin = [0; BUFFER_MAGIC.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut begin)).is_ok() && begin == BUFFER_MAGIC
}
