//! A bounded window on a stream file. Positions are in bits from an origin that is the packet's first byte, or a
//! multiple of every alignment behind it.
//!
//! Files are read, not mapped: a file that another process cuts while it is mapped would kill this one.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::bits::PAD;
use crate::error::{Error, Kind};

/// Bytes that windows may grow by, all streams of a reader together, for records larger than a window.
const GROWTH: usize = 24 << 20;
/// Bytes that all windows of a reader share at first.
const SHARED: usize = 8 << 20;
const LARGEST: usize = 64 << 10;
/// What a window has at least, and where it looks at the beginning of a file only.
const SMALLEST: usize = 1 << 10;
const LOOK: usize = 4 << 10;
/// Most files that a reader keeps open.
const OPEN_FILES: usize = 256;

/// What the windows of one reader share.
#[derive(Clone)]
pub(crate) struct Allowance {
    growth: Arc<AtomicUsize>,
    base: usize,
    keep_open: bool,
}

impl Allowance {
    /// For a reader of so many streams whose types are aligned to so many bytes.
    pub(crate) fn new(streams: usize, align_bytes: usize) -> Allowance {
        let share = SHARED / streams.max(1);
        let base = share.clamp(SMALLEST, LARGEST).next_multiple_of(SMALLEST).max(2 * align_bytes);
        Allowance { growth: Arc::new(AtomicUsize::new(GROWTH)), base, keep_open: streams <= OPEN_FILES }
    }

    /// The same for types that are aligned to so many bytes.
    pub(crate) fn aligned_to(&self, align_bytes: usize) -> Allowance {
        Allowance { base: self.base.max(2 * align_bytes), ..self.clone() }
    }

    /// For one look at the beginning of a file.
    pub(crate) fn for_a_look() -> Allowance {
        Allowance { growth: Arc::new(AtomicUsize::new(LARGEST)), base: LOOK, keep_open: true }
    }

    fn take(&self, bytes: usize) -> bool {
        self.growth.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.growth.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// A file and the part of it that is in memory.
pub(crate) struct Window {
    path: Arc<Path>,
    file: Option<File>,
    file_len: u64,
    allowance: Allowance,
    /// `PAD` bytes longer than what may be filled.
    buf: Vec<u8>,
    valid: usize,
    /// Offset in the file of `buf[0]`.
    start: u64,
    /// Index in `buf` of the byte that positions count from.
    origin: usize,
    /// What is there was fed and not read.
    is_fed: bool,
    /// Bytes that are fed at once, and how many more of the allowance were taken.
    piece: usize,
    charged: usize,
}

impl Window {
    pub(crate) fn new(allowance: Allowance) -> Window {
        Window {
            path: Path::new("").into(),
            file: None,
            file_len: 0,
            allowance,
            buf: Vec::new(),
            valid: 0,
            start: 0,
            origin: 0,
            is_fed: false,
            piece: 0,
            charged: 0,
        }
    }

    pub(crate) fn open(&mut self, path: &Arc<Path>) -> Result<(), Error> {
        let file = File::open(path).map_err(|e| Error::io("cannot open", path, e))?;
        self.open_file(path, file)
    }

    /// Opens a file that is open already: it may have been removed.
    pub(crate) fn open_held(&mut self, path: &Arc<Path>, held: &File) -> Result<(), Error> {
        let file = held.try_clone().map_err(|e| Error::io("cannot open", path, e))?;
        self.open_file(path, file)
    }

    fn open_file(&mut self, path: &Arc<Path>, file: File) -> Result<(), Error> {
        let meta = file.metadata().map_err(|e| Error::io("cannot read the size", path, e))?;
        self.path = path.clone();
        self.file_len = meta.len();
        self.file = self.allowance.keep_open.then_some(file);
        (self.valid, self.start, self.origin) = (0, 0, 0);
        if self.buf.is_empty() {
            self.buf = vec![0; self.allowance.base + PAD];
        }
        Ok(())
    }

    /// Takes the first piece of a packet that does not come from a file; `path`, `offset` and `length` say which it is.
    pub(crate) fn feed(&mut self, path: &Arc<Path>, piece: Vec<u8>, offset: u64, length: u64) {
        self.close();
        self.path = path.clone();
        (self.start, self.piece, self.buf) = (offset, piece.len(), piece);
        self.file_len = offset.saturating_add(length);
        self.valid = self.piece;
        self.buf.resize(self.valid + PAD, 0);
        self.is_fed = true;
    }

    /// Takes what follows of that packet.
    pub(crate) fn feed_more(&mut self, piece: &[u8]) {
        self.buf.truncate(self.valid);
        self.buf.reserve_exact(piece.len() + PAD);
        self.buf.extend_from_slice(piece);
        self.valid += piece.len();
        self.buf.resize(self.valid + PAD, 0);
    }

    /// Exchanges what is in memory for other bytes, of which there are `PAD` more than are data.
    pub(crate) fn exchange(&mut self, bytes: &mut Vec<u8>) {
        std::mem::swap(&mut self.buf, bytes);
        (self.valid, self.origin) = (self.buf.len().saturating_sub(PAD), 0);
    }

    /// Puts the origin at one of the bytes in memory.
    pub(crate) fn set_origin(&mut self, origin: usize) {
        self.origin = origin.min(self.valid);
    }

    /// Where what is still to be fed begins, and how much of it to feed at once: none when all was.
    pub(crate) fn missing(&self) -> Option<(u64, u64)> {
        let at = self.start + self.valid as u64;
        let left = self.file_len.checked_sub(at).filter(|left| self.is_fed && *left > 0)?;
        // A record that is larger than a piece gets twice as much each time, so that it is not looked at too often.
        Some((at, left.min(self.piece.max(self.valid) as u64)))
    }

    /// Looks at the length of the file again; false when it has not grown.
    pub(crate) fn look_again(&mut self) -> Result<bool, Error> {
        if self.is_fed {
            return Ok(false);
        }
        let meta = match &self.file {
            Some(file) => file.metadata(),
            None => std::fs::metadata(&self.path),
        };
        let len = meta.map_err(|e| Error::io("cannot read the size", &self.path, e))?.len();
        let has_grown = len > self.file_len;
        self.file_len = self.file_len.max(len);
        Ok(has_grown)
    }

    /// Forgets what was read: what follows was not whole yet.
    pub(crate) fn forget(&mut self) {
        if !self.is_fed {
            (self.start, self.origin, self.valid) = (self.origin(), 0, 0);
        }
    }

    /// Gives the memory and the file back.
    pub(crate) fn close(&mut self) {
        self.file = None;
        self.shrink();
        self.buf = Vec::new();
        self.allowance.give_back(std::mem::take(&mut self.charged));
        (self.valid, self.origin, self.is_fed) = (0, 0, false);
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Length of the file when it was last looked at, in bytes.
    pub(crate) fn file_len(&self) -> u64 {
        self.file_len
    }

    /// The bytes from the origin on, with padding behind.
    #[inline(always)]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.buf.get(self.origin..).unwrap_or_default()
    }

    /// Number of those bytes that are the file's.
    #[inline(always)]
    pub(crate) fn available(&self) -> usize {
        self.valid - self.origin
    }

    /// Offset of the origin in the file.
    pub(crate) fn origin(&self) -> u64 {
        self.start + self.origin as u64
    }

    /// Puts the origin at an offset of the file; what is in memory from there on stays.
    pub(crate) fn seek(&mut self, offset: u64) {
        match offset.checked_sub(self.start) {
            Some(index) if index <= self.valid as u64 => self.origin = index as usize,
            _ => (self.start, self.origin, self.valid) = (offset, 0, 0),
        }
    }

    /// Moves the origin forward by `keep_from` bytes and reads behind what is there. When nothing can be dropped, the
    /// window grows. False when the file has no more, or when what follows is to be fed.
    ///
    /// # Errors
    ///
    /// `is_io`, or `is_limit` when the window may not grow any more.
    pub(crate) fn refill(&mut self, keep_from: usize) -> Result<bool, Error> {
        if self.start + self.valid as u64 >= self.file_len {
            return Ok(false);
        }
        let keep = (self.origin + keep_from).min(self.valid);
        if self.is_fed {
            self.buf.drain(..keep);
            (self.start, self.origin, self.valid) = (self.start + keep as u64, 0, self.valid - keep);
            return self.charge((2 * self.valid).saturating_sub(self.piece)).map(|()| false);
        }
        if keep == 0 && self.valid + PAD == self.buf.len() {
            self.grow()?;
        } else if keep > 0 {
            self.buf.copy_within(keep..self.valid, 0);
            self.valid -= keep;
            self.start += keep as u64;
            self.shrink_after_growth();
        }
        self.origin = 0;
        let at = self.start + self.valid as u64;
        let room = self.buf.len() - PAD - self.valid;
        let wanted = room.min(usize::try_from(self.file_len.saturating_sub(at)).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(false);
        }
        let target = &mut self.buf[self.valid..self.valid + wanted];
        let got = match &self.file {
            Some(file) => read_at(file, target, at),
            None => File::open(&self.path).and_then(|file| read_at(&file, target, at)),
        };
        let got = got.map_err(|e| Error::io("cannot read", &self.path, e))?;
        self.valid += got;
        if got < wanted {
            self.file_len = at + got as u64;
        }
        Ok(got > 0)
    }

    fn grow(&mut self) -> Result<(), Error> {
        let more = self.buf.len() - PAD;
        self.take(more)?;
        self.buf.resize(2 * more + PAD, 0);
        Ok(())
    }

    /// Has so many bytes of the allowance from now on.
    fn charge(&mut self, bytes: usize) -> Result<(), Error> {
        self.allowance.give_back(std::mem::take(&mut self.charged));
        self.take(bytes)?;
        self.charged = bytes;
        Ok(())
    }

    fn take(&self, bytes: usize) -> Result<(), Error> {
        if self.allowance.take(bytes) {
            return Ok(());
        }
        let what = "a record is larger than this reader's memory limit";
        Err(Error::new(Kind::Limit, what).in_file(&self.path))
    }

    fn shrink_after_growth(&mut self) {
        let base = self.allowance.base;
        if self.buf.len() > base + PAD && self.valid <= base / 2 {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        let base = self.allowance.base;
        let extra = self.buf.len().saturating_sub(base + PAD);
        if extra > 0 && !self.is_fed {
            self.buf.truncate(base + PAD);
            self.buf.shrink_to_fit();
            self.allowance.give_back(extra);
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.close();
    }
}

/// Fills `target` from `offset` as far as the file goes.
fn read_at(file: &File, target: &mut [u8], offset: u64) -> std::io::Result<usize> {
    let mut done = 0;
    while done < target.len() {
        match file.read_at(&mut target[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}
