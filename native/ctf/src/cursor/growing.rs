//! Streams that are still being written.

use std::path::Path;
use std::sync::Arc;

use super::{Cursor, Head, StreamFile};
use crate::class::Catalog;
use crate::error::Error;

impl Cursor {
    /// Whether all of the current packet is there.
    pub(super) fn is_whole(&mut self) -> Result<bool, Error> {
        let Some(bits) = self.info.packet_bits else { return Ok(false) };
        let end = self.packet_offset.saturating_add(bits / 8);
        Ok(end <= self.window.file_len() || (self.window.look_again()? && end <= self.window.file_len()))
    }

    /// Leaves the packet for later, when more of it is there.
    pub(super) fn wait(&mut self) -> Result<Option<Head>, Error> {
        self.window.forget();
        self.window.look_again()?;
        Ok(Some(Head::Idle))
    }

    /// What was fed ends before the packet does.
    pub(super) fn starve(&mut self) -> Head {
        self.is_hungry = !self.is_abandoned;
        if self.is_hungry { Head::Idle } else { Head::End }
    }

    /// The stream may grow from now on, or does not any more.
    pub(crate) fn set_growing(&mut self, is_growing: bool) {
        if self.is_growing && !is_growing && self.in_file {
            // A stream that others held up has not looked since. Of a file that is gone, what is known is all there is.
            _ = self.window.look_again();
        }
        self.is_growing = is_growing;
        self.is_abandoned &= !is_growing;
    }

    /// Nothing more is fed: the stream ends with what there is, be it in the middle of a packet.
    pub(crate) fn abandon(&mut self) {
        (self.is_growing, self.is_abandoned, self.is_hungry) = (false, true, false);
    }

    /// The stream has begun before its first packet that is read: what was discarded by then is not told.
    pub(crate) fn set_starts_late(&mut self, starts_late: bool) {
        self.counts.starts_late = starts_late;
    }

    /// Another file follows in this stream, among those that are still to be read in the order of time.
    pub(crate) fn add_file(&mut self, file: StreamFile) {
        // Those that were read are not kept, but for the one that is open.
        if let Some(read) = self.next_file.checked_sub(1) {
            self.files.drain(..read);
            self.next_file -= read;
        }
        let unread = &self.files[self.next_file..];
        let place = unread.partition_point(|earlier| earlier.begin <= file.begin);
        self.files.insert(self.next_file + place, file);
    }

    /// A file that is still to be read has another path now.
    pub(crate) fn rename_file(&mut self, from: &Path, to: &Arc<Path>) {
        if let Some(file) = self.files.iter_mut().find(|file| &*file.path == from) {
            file.path = to.clone();
        }
    }

    /// Number of files that are kept open until they are read.
    pub(crate) fn held(&self) -> usize {
        self.files.iter().filter(|file| file.held.is_some()).count()
    }

    /// Whether the file was read to its end, or is given up.
    pub(crate) fn has_left(&self, path: &Path) -> bool {
        !self.files.iter().skip(self.next_file.saturating_sub(1)).any(|file| &*file.path == path)
    }

    /// What comes next is at the begin of a file that continues another.
    pub(crate) fn begins_file(&self) -> bool {
        self.packet_index == 0 && self.overlap.has_earlier()
    }

    /// Makes room for classes that the catalog has gained.
    pub(crate) fn fit(&mut self, catalog: &Catalog) {
        self.slots.resize(catalog.slots.max(self.slots.len()), 0);
    }

    /// Takes the first piece of a packet of the stream, of so many bytes, that does not come from a file.
    pub(crate) fn feed(&mut self, trace: usize, path: &Arc<Path>, piece: Vec<u8>, offset: u64, length: u64) {
        self.window.feed(path, piece, offset, length);
        self.trace = trace;
        (self.in_file, self.in_packet, self.is_hungry, self.packet_offset) = (true, false, false, offset);
        (self.pos, self.content_end) = (0, 0);
    }

    /// Takes the piece that the cursor is hungry for.
    pub(crate) fn feed_more(&mut self, piece: &[u8]) {
        self.window.feed_more(piece);
        self.is_hungry = false;
        if self.in_packet {
            self.set_ends();
        }
    }

    /// Offset and length of the piece without which it does not go on.
    pub(crate) fn hunger(&self) -> Option<(u64, u64)> {
        self.window.missing().filter(|_| self.is_hungry)
    }

    /// Leaves out the rest of what was fed in part.
    pub(crate) fn leave_rest(&mut self) {
        (self.in_file, self.in_packet, self.is_hungry) = (false, false, false);
        (self.pos, self.end, self.content_end) = (0, 0, 0);
    }

    /// Something of the file or of the packet that was fed is still to be decoded.
    pub(crate) fn has_unread(&self) -> bool {
        self.in_packet || (self.in_file && self.packet_offset < self.window.file_len())
    }

    /// No event of this stream is to come with an earlier time than this.
    pub(crate) fn frontier_ns(&self) -> Option<i64> {
        // Inside a packet its end says nothing about what comes next in it.
        if self.in_packet { Some(self.time_ns) } else { self.counts.end_ns }
    }
}
