//! LTTng's packet index: one file beside each stream file that says where packets are and what time they cover.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::packet::PacketInfo;

const MAGIC: u32 = 0xC1F1_DCC1;
const HEADER: u64 = 16;
/// Bytes of an entry of version 1.0, and of 1.1, which adds the last two fields.
const ENTRY_1_0: usize = 56;
const ENTRY_1_1: usize = 72;

/// An index that is open.
pub(crate) struct Index {
    file: File,
    entry_len: usize,
    len: u64,
}

/// Where a packet is and what it says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexEntry {
    /// In bytes.
    pub(crate) offset: u64,
    pub(crate) packet_bits: u64,
    pub(crate) content_bits: u64,
    /// Clock values.
    pub(crate) begin: u64,
    pub(crate) end: u64,
    pub(crate) discarded: u64,
    pub(crate) sequence_number: Option<u64>,
}

impl Index {
    /// Opens the index of a stream file; `None` when there is none that can be used.
    pub(crate) fn of(stream: &Path) -> Option<Index> {
        let mut name = stream.file_name()?.to_owned();
        name.push(".idx");
        let file = File::open(stream.parent()?.join("index").join(name)).ok()?;
        let mut header = [0; HEADER as usize];
        file.read_exact_at(&mut header, 0).ok()?;
        let word = |i: usize| u32::from_be_bytes([header[i], header[i + 1], header[i + 2], header[i + 3]]);
        let entry_len = word(12) as usize;
        if word(0) != MAGIC || word(4) != 1 || !(ENTRY_1_0..=4096).contains(&entry_len) {
            return None;
        }
        let len = file.metadata().ok()?.len().checked_sub(HEADER)? / entry_len as u64;
        Some(Index { file, entry_len, len })
    }

    /// End of the last packet, in bytes of the stream file.
    pub(crate) fn covered(&self) -> Option<u64> {
        let last = self.entry(self.len.checked_sub(1)?)?;
        last.offset.checked_add(last.packet_bits / 8)
    }

    /// The entry of a packet; `None` when it cannot be read.
    pub(crate) fn entry(&self, i: u64) -> Option<IndexEntry> {
        let mut bytes = [0; ENTRY_1_1];
        let known = self.entry_len.min(ENTRY_1_1);
        self.file.read_exact_at(&mut bytes[..known], HEADER + i * self.entry_len as u64).ok()?;
        Some(IndexEntry::parse(&bytes, self.entry_len >= ENTRY_1_1))
    }

    /// All entries, read in large pieces.
    pub(crate) fn into_entries(self) -> Entries {
        Entries { index: self, next: 0, block: Vec::new(), at: 0 }
    }

    /// The first entry for which `is_wanted` holds, when it holds for all behind it too; with its number.
    pub(crate) fn first_where(&self, is_wanted: impl Fn(&IndexEntry) -> bool) -> Option<(u64, IndexEntry)> {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low + (high - low) / 2;
            if is_wanted(&self.entry(middle)?) { high = middle } else { low = middle + 1 }
        }
        Some((low, self.entry(low)?))
    }
}

impl IndexEntry {
    fn parse(bytes: &[u8; ENTRY_1_1], has_sequence_number: bool) -> IndexEntry {
        let word = |i: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[8 * i..8 * i + 8]);
            u64::from_be_bytes(word)
        };
        IndexEntry {
            offset: word(0),
            packet_bits: word(1),
            content_bits: word(2),
            begin: word(3),
            end: word(4),
            discarded: word(5),
            sequence_number: has_sequence_number.then(|| word(8)),
        }
    }

    /// The same in the form that a packet's own header gives.
    pub(crate) fn info(&self, stream: usize) -> PacketInfo {
        PacketInfo {
            stream,
            packet_bits: Some(self.packet_bits),
            content_bits: Some(self.content_bits),
            begin: Some(self.begin),
            end: Some(self.end),
            sequence_number: self.sequence_number,
            discarded: Some(self.discarded),
            discarded_bits: 64,
            ..PacketInfo::default()
        }
    }

    /// Whether the packet that was found at the offset is the one that the index means.
    pub(crate) fn describes(&self, packet: &PacketInfo) -> bool {
        packet.packet_bits == Some(self.packet_bits) && packet.begin.is_none_or(|begin| begin == self.begin)
    }
}

/// Entries of an index, in order.
pub(crate) struct Entries {
    index: Index,
    next: u64,
    block: Vec<u8>,
    at: usize,
}

/// Entries that are read at once.
const BLOCK: u64 = 512;

impl Iterator for Entries {
    type Item = IndexEntry;

    fn next(&mut self) -> Option<IndexEntry> {
        let len = self.index.entry_len;
        if self.at >= self.block.len() {
            let count = BLOCK.min(self.index.len.saturating_sub(self.next));
            if count == 0 {
                return None;
            }
            self.block.resize(count as usize * len, 0);
            self.at = 0;
            self.index.file.read_exact_at(&mut self.block, HEADER + self.next * len as u64).ok()?;
        }
        let mut bytes = [0; ENTRY_1_1];
        let known = len.min(ENTRY_1_1);
        bytes[..known].copy_from_slice(&self.block[self.at..self.at + known]);
        self.at += len;
        self.next += 1;
        Some(IndexEntry::parse(&bytes, len >= ENTRY_1_1))
    }
}
