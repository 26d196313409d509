//! Streams that are still being written.

use std::path::Path;

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

    /// The stream may grow from now on, or does not any more.
    pub(crate) fn set_growing(&mut self, is_growing: bool) {
        self.is_growing = is_growing;
    }

    /// The stream has begun before its first packet that is read: what was discarded by then is not told.
    pub(crate) fn set_starts_late(&mut self, starts_late: bool) {
        self.counts.starts_late = starts_late;
    }

    /// Another file follows in this stream.
    pub(crate) fn add_file(&mut self, file: StreamFile) {
        self.files.push(file);
    }

    /// Makes room for classes that the catalog has gained.
    pub(crate) fn fit(&mut self, catalog: &Catalog) {
        self.slots.resize(catalog.slots.max(self.slots.len()), 0);
    }

    /// Takes a packet of the stream that did not come from a file.
    pub(crate) fn feed(&mut self, trace: usize, path: &Path, packet: Vec<u8>, offset: u64) {
        self.records.clear();
        self.window.feed(path, packet, offset);
        self.trace = trace;
        (self.in_file, self.in_packet, self.packet_offset) = (true, false, offset);
        (self.pos, self.content_end) = (0, 0);
    }

    /// Something of the file or of the packet that was fed is still to be decoded.
    pub(crate) fn has_unread(&self) -> bool {
        self.in_packet || (self.in_file && self.packet_offset < self.window.file_len())
    }

    /// End of the last packet that was entered: no event of this stream is to come with an earlier time.
    pub(crate) fn frontier_ns(&self) -> Option<i64> {
        self.counts.end_ns
    }
}
