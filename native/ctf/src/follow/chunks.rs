//! Chunks of a trace that is being written, known by what their files are.

use std::fs::{self, File, Metadata as FileMetadata};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::SystemTime;

use crate::error::Error;
use crate::metadata::{Metadata, MetadataReader};

/// What a file is, whatever its path: device, number, and when it was made, as numbers are given again.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FileId(u64, u64, Option<SystemTime>);

impl FileId {
    /// Of what is at the path; `None` when nothing is there any more.
    pub(super) fn of(path: &Path) -> Option<FileId> {
        fs::metadata(path).ok().map(|meta| FileId::new(&meta))
    }

    pub(super) fn of_open(file: &File) -> Option<FileId> {
        file.metadata().ok().map(|meta| FileId::new(&meta))
    }

    fn new(meta: &FileMetadata) -> FileId {
        FileId(meta.dev(), meta.ino(), meta.created().ok())
    }
}

/// A directory with metadata: a trace, or a chunk of one.
pub(super) struct Chunk {
    /// Its trace, once that is known.
    pub(super) trace: Option<usize>,
    /// The look that saw it last.
    pub(super) seen: u64,
    reader: MetadataReader,
    read: u64,
    /// Its metadata cannot be understood: nothing more is read of it.
    is_broken: bool,
}

impl Chunk {
    pub(super) fn new() -> Chunk {
        Chunk { trace: None, seen: 0, reader: MetadataReader::new(), read: 0, is_broken: false }
    }

    /// Reads what was written since the last time; says whether that was anything.
    pub(super) fn read(&mut self, path: &Path) -> Result<bool, Error> {
        if self.is_broken {
            return Ok(false);
        }
        let file = File::open(path).map_err(|e| Error::io("cannot open", path, e))?;
        let (mut has_grown, mut piece) = (false, vec![0; 64 << 10]);
        loop {
            let n = file.read_at(&mut piece, self.read).map_err(|e| Error::io("cannot read", path, e))?;
            if n == 0 {
                return Ok(has_grown);
            }
            (self.read, has_grown) = (self.read + n as u64, true);
            if let Err(error) = self.reader.push(&piece[..n], false) {
                self.is_broken = true;
                return Err(error.in_file(path));
            }
        }
    }

    /// What its metadata says by now.
    pub(super) fn metadata(&mut self) -> &mut Metadata {
        &mut self.reader.builder.metadata
    }
}
