//! Ways into the middle of a stream: to where a range of time begins, and to one packet.

use super::{Cursor, StreamFile};
use crate::class::Catalog;
use crate::error::Error;
use crate::index::{Index, IndexEntry};
use crate::loss::{PacketCounts, StreamKey};
use crate::packet::{Overlap, load_header};
use crate::packets::Packet;

impl Cursor {
    /// Goes to the first packet that reaches into the range, if there is an index; the current one does not.
    pub(super) fn jump_to_range(&mut self, catalog: &Catalog) {
        if std::mem::replace(&mut self.index_was_tried, true) {
            return;
        }
        let plan = &catalog.traces[self.trace];
        let (Some(scale), Some(index)) =
            (plan.streams[self.info.stream].scale, Index::of(self.window.path()))
        else {
            return;
        };
        let ns = |cycles| scale.raw_ns(cycles).and_then(|ns| scale.wall_ns(ns)).unwrap_or(i64::MAX);
        let reaches = |entry: &IndexEntry| ns(entry.end) >= self.range.begin_ns;
        let Some((i, entry)) = index.first_where(reaches) else { return };
        let Some(before) = i.checked_sub(1).and_then(|i| index.entry(i)) else { return };
        if i <= self.packet_index + 1 || entry.offset >= self.window.file_len() {
            return;
        }
        self.window.seek(entry.offset);
        match load_header(&mut self.window, plan, &mut self.slots, &mut self.roles) {
            Ok(info) if entry.describes(&info) => {
                (self.packet_offset, self.packet_index, self.in_packet) = (entry.offset, i, false);
                (self.pos, self.content_end) = (0, 0);
                self.counts = PacketCounts {
                    end_ns: Some(ns(before.end)),
                    end: Some(before.end),
                    discarded: before.discarded,
                    starts_late: false,
                    sequence_number: before.sequence_number.filter(|_| info.sequence_number.is_some()),
                };
            }
            // The index is of another file: go on packet by packet.
            _ => self.window.seek(self.packet_offset),
        }
    }

    /// Makes this a cursor on one packet only, of which is known what came before.
    pub(crate) fn go_to(&mut self, key: StreamKey, file: &StreamFile, packet: &Packet) -> Result<(), Error> {
        self.window.open(&file.path)?;
        (self.key, self.trace) = (key, file.trace);
        (self.in_file, self.in_packet, self.is_single, self.index_was_tried) = (true, false, true, true);
        (self.packet_offset, self.packet_index, self.counts) =
            (packet.offset, packet.index, packet.counts_before);
        (self.pos, self.content_end, self.time_ns, self.clock) = (0, 0, i64::MIN, 0);
        self.overlap = Overlap::default();
        Ok(())
    }
}
