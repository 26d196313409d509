//! Events copied out of their packets, to be decoded elsewhere.

use std::ops::ControlFlow;

use super::{Cursor, Run};
use crate::bits::PAD;
use crate::class::Catalog;
use crate::error::Error;
use crate::event::{Event, Item};
use crate::loss::StreamKey;
use crate::packet::PacketInfo;

/// Bytes that are copied before they are handed on: enough that handing on costs nothing beside, little enough that what
/// is made of them stays in the caches.
const ENOUGH: usize = 64 << 10;

/// Runs of events, in order, as they stand in their packets, with what is to be known of these.
#[derive(Default)]
pub(crate) struct Copied {
    /// `PAD` bytes longer than what was copied.
    bytes: Vec<u8>,
    runs: Vec<CopiedRun>,
    packets: Vec<CopiedPacket>,
    /// Number of the packets that are in use; the others keep their memory for later.
    packet_count: usize,
    /// Index of the packet that was copied last of each stream.
    last: Vec<u32>,
}

/// What is known of a packet takes about so many bytes.
const PACKET: usize = 256;
/// No packet of the stream was copied.
const NONE: u32 = u32::MAX;

/// Events that followed each other in a packet.
struct CopiedRun {
    packet: usize,
    /// Index of the byte that positions count from.
    origin: usize,
    /// From there, in bits.
    begin: u64,
    end: u64,
    /// The clock before the first of them.
    clock: u64,
    /// The time of all of them where the stream has no clock.
    time_ns: i64,
}

/// What events have of their packet.
#[derive(Default)]
struct CopiedPacket {
    /// File of the stream, and number in it.
    place: (usize, u64),
    key: Option<StreamKey>,
    trace: usize,
    has_clock: bool,
    info: PacketInfo,
    slots: Vec<u64>,
    header_bytes: Vec<u8>,
}

impl Copied {
    /// Number of bytes that were copied, with what is known of their packets.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() + PACKET * self.packet_count
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// How much more may be copied at once.
    pub(crate) fn room_bits(&self) -> u64 {
        ENOUGH.saturating_sub(self.len()) as u64 * 8
    }

    /// Forgets all, and keeps the memory unless it is large.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(2 * ENOUGH);
        self.runs.clear();
        self.last.clear();
        self.packet_count = 0;
    }

    /// Copies what a cursor has between two positions.
    pub(super) fn push(&mut self, cursor: &Cursor, (begin, end): (u64, u64), clock: u64, align_bytes: usize) {
        let align = align_bytes.max(8);
        let first = (begin >> 3) as usize / align * align;
        // Where the copy begins, everything is as aligned as it was.
        let origin = self.bytes.len().saturating_sub(PAD).next_multiple_of(align);
        self.bytes.resize(origin, 0);
        let behind = end.div_ceil(8) as usize + PAD;
        self.bytes.extend_from_slice(cursor.bytes().get(first..behind).unwrap_or_default());
        let shift = first as u64 * 8;
        let packet = self.packet_of(cursor);
        let (begin, end, time_ns) = (begin - shift, end - shift, cursor.time_ns);
        self.runs.push(CopiedRun { packet, origin, begin, end, clock, time_ns });
    }

    /// Index of the cursor's packet, which is copied unless it was.
    fn packet_of(&mut self, cursor: &Cursor) -> usize {
        let stream = cursor.key.index();
        let place = (cursor.next_file, cursor.packet_index);
        if self.last.len() <= stream {
            self.last.resize(stream + 1, NONE);
        }
        let last = self.last[stream] as usize;
        if last < self.packet_count && self.packets[last].place == place {
            return last;
        }
        let index = self.packet_count;
        self.last[stream] = index as u32;
        self.packet_count += 1;
        if self.packets.len() == index {
            self.packets.push(CopiedPacket::default());
        }
        let packet = &mut self.packets[index];
        (packet.place, packet.key, packet.trace) = (place, Some(cursor.key), cursor.trace);
        (packet.has_clock, packet.info) = (cursor.has_clock, cursor.info.clone());
        packet.slots.clone_from(&cursor.slots);
        packet.header_bytes.clone_from(&cursor.header_bytes);
        index
    }

    /// Gives all events to `tell`, decoded by a cursor that is there for nothing else.
    pub(crate) fn for_each(
        &mut self,
        cursor: &mut Cursor,
        catalog: &Catalog,
        mut tell: impl FnMut(Event<'_>),
    ) {
        let mut tell = |item: Result<Item<'_>, Error>| {
            if let Ok(Item::Event(event)) = item {
                tell(event);
            }
            ControlFlow::Continue(())
        };
        cursor.window.exchange(&mut self.bytes);
        let mut entered = None;
        for run in &self.runs {
            if entered != Some(run.packet) {
                if let Some(left) = entered.replace(run.packet) {
                    self.packets[left].exchange(cursor);
                }
                self.packets[run.packet].exchange(cursor);
            }
            cursor.window.set_origin(run.origin);
            (cursor.pos, cursor.end, cursor.content_end) = (run.begin, run.end, run.end);
            (cursor.clock, cursor.time_ns) = (run.clock, run.time_ns);
            while cursor.advance_in_memory(catalog) {
                let ended = cursor.run(catalog, i64::MAX, None, &mut tell);
                debug_assert_eq!(ended, Run::Over);
            }
            debug_assert_eq!(cursor.pos, run.end, "what was decoded once can be decoded again");
        }
        if let Some(left) = entered {
            self.packets[left].exchange(cursor);
        }
        cursor.window.exchange(&mut self.bytes);
    }
}

impl CopiedPacket {
    /// Gives what is known of the packet to a cursor, or takes it back.
    fn exchange(&mut self, cursor: &mut Cursor) {
        if let Some(key) = self.key {
            cursor.key = key;
        }
        (cursor.trace, cursor.has_clock) = (self.trace, self.has_clock);
        std::mem::swap(&mut self.info, &mut cursor.info);
        std::mem::swap(&mut self.slots, &mut cursor.slots);
        std::mem::swap(&mut self.header_bytes, &mut cursor.header_bytes);
    }
}
