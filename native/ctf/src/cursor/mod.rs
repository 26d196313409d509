//! One stream, event by event.

mod copied;
mod growing;
mod jump;
mod records;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use crate::class::Catalog;
use crate::error::{Error, Fault, Kind};
use crate::loss::{self, Loss, PacketCounts, StreamKey};
use crate::packet::{Overlap, PacketInfo, load_header};
use crate::range::TimeRange;
use crate::walk::Roles;
use crate::window::{Allowance, Window};

pub(crate) use copied::Copied;
pub(crate) use records::{Record, Run};

/// A file of a stream, and the trace whose metadata describes it.
#[derive(Debug, Clone)]
pub(crate) struct StreamFile {
    pub(crate) trace: usize,
    /// Shared: there may be many streams, and each is known in several places.
    pub(crate) path: Arc<Path>,
    /// When its first packet begins, in cycles.
    pub(crate) begin: u64,
    /// The file itself, kept open until it is read: it may be removed before.
    pub(crate) held: Option<Arc<File>>,
}

impl StreamFile {
    pub(crate) fn new(trace: usize, path: impl Into<Arc<Path>>) -> StreamFile {
        StreamFile { trace, path: path.into(), begin: 0, held: None }
    }
}

/// What comes next in the stream.
pub(crate) enum Head {
    Event,
    Discarded(Loss),
    LostPackets(Loss),
    /// The file cannot be read on.
    Fault(Error),
    /// A fault that was told.
    Taken,
    /// Nothing more for now; the stream may grow.
    Idle,
    End,
}

/// Position in a stream.
pub(crate) struct Cursor {
    key: StreamKey,
    files: Vec<StreamFile>,
    next_file: usize,
    in_file: bool,
    window: Window,
    trace: usize,
    pub(crate) info: PacketInfo,
    overlap: Overlap,
    index_was_tried: bool,
    /// Nothing behind the packet is read.
    is_single: bool,
    in_packet: bool,
    packet_index: u64,
    packet_offset: u64,
    /// Where in the packet the window's origin is, in bits.
    origin_bits: u64,
    /// From the window's origin, in bits: the next record, the end of what is in memory, the end of the content.
    pos: u64,
    end: u64,
    content_end: u64,
    clock: u64,
    has_clock: bool,
    /// Where the head began to be looked for when it is an event, and the clock there.
    sought: (u64, u64),
    /// Time of the head, for merging.
    time_ns: i64,
    head: Head,
    /// The head, when it is an event.
    record: Record,
    /// Losses found at the beginning of a packet that are still to be told.
    losses: Vec<Head>,
    counts: PacketCounts,
    slots: Vec<u64>,
    roles: Roles,
    /// The packet's bytes up to its first event.
    header_bytes: Vec<u8>,
    range: TimeRange,
    /// More may be written to the stream.
    is_growing: bool,
    /// The rest of the packet is to be fed before anything else.
    is_hungry: bool,
    /// It never is.
    is_abandoned: bool,
}

impl Cursor {
    pub(crate) fn new(
        key: StreamKey,
        files: Vec<StreamFile>,
        catalog: &Catalog,
        allowance: Allowance,
        range: TimeRange,
    ) -> Cursor {
        Cursor {
            key,
            trace: files.first().map_or(0, |f| f.trace),
            files,
            next_file: 0,
            in_file: false,
            window: Window::new(allowance),
            info: PacketInfo::default(),
            overlap: Overlap::default(),
            index_was_tried: false,
            is_single: false,
            in_packet: false,
            packet_index: 0,
            packet_offset: 0,
            origin_bits: 0,
            pos: 0,
            end: 0,
            content_end: 0,
            clock: 0,
            has_clock: false,
            sought: (0, 0),
            time_ns: i64::MIN,
            head: Head::End,
            record: Record::new(),
            losses: Vec::new(),
            counts: PacketCounts::default(),
            slots: vec![0; catalog.slots],
            roles: Roles::default(),
            header_bytes: Vec::new(),
            range,
            is_growing: false,
            is_hungry: false,
            is_abandoned: false,
        }
    }

    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// Time of the head, for merging.
    #[inline(always)]
    pub(crate) fn time_ns(&self) -> i64 {
        self.time_ns
    }

    pub(crate) fn key(&self) -> StreamKey {
        self.key
    }

    pub(crate) fn trace(&self) -> usize {
        self.trace
    }

    /// Bytes that positions count in.
    #[inline(always)]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.window.bytes()
    }

    /// Where what is in memory of the packet's content ends, in bits from the first of [`bytes`](Cursor::bytes).
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// The packet's events have times.
    #[inline(always)]
    pub(crate) fn has_clock(&self) -> bool {
        self.has_clock
    }

    pub(crate) fn slots(&self) -> &[u64] {
        &self.slots
    }

    pub(crate) fn header_bytes(&self) -> &[u8] {
        &self.header_bytes
    }

    /// Takes the fault out of the head.
    pub(crate) fn take_fault(&mut self) -> Option<Error> {
        match std::mem::replace(&mut self.head, Head::Taken) {
            Head::Fault(error) => Some(error),
            other => {
                self.head = other;
                None
            }
        }
    }

    /// Moves to the next event, loss or fault.
    pub(crate) fn advance(&mut self, catalog: &Catalog) {
        if !self.advance_in_memory(catalog) {
            self.advance_slowly(catalog);
        }
    }

    /// Moves to the next event, loss or fault where [`advance_in_memory`](Cursor::advance_in_memory) did not.
    #[cold]
    #[inline(never)]
    pub(crate) fn advance_slowly(&mut self, catalog: &Catalog) {
        loop {
            match self.step(catalog) {
                Ok(Some(head)) => {
                    if let Head::End = head {
                        self.finish();
                    }
                    self.head = head;
                    return;
                }
                Ok(None) => {}
                Err(error) => {
                    // A later chunk of the stream, in its own file, may be whole.
                    (self.in_file, self.in_packet) = (false, false);
                    (self.pos, self.end, self.content_end) = (0, 0, 0);
                    self.losses.clear();
                    self.head = Head::Fault(error);
                    return;
                }
            }
        }
    }

    /// Nothing more is read from this stream.
    fn finish(&mut self) {
        self.window.close();
        self.losses.clear();
        (self.pos, self.end, self.content_end) = (0, 0, 0);
        (self.in_packet, self.in_file, self.next_file) = (false, false, 0);
        self.files.clear();
    }

    fn step(&mut self, catalog: &Catalog) -> Result<Option<Head>, Error> {
        if let Some(head) = self.losses.pop() {
            if let Head::Discarded(loss) | Head::LostPackets(loss) = &head {
                self.time_ns = self.time_ns.max(loss.begin_ns);
            }
            return Ok(Some(head));
        }
        if !self.in_packet {
            return self.next_packet(catalog);
        }
        if self.pos >= self.content_end {
            return self.leave_packet();
        }
        self.sought = (self.pos, self.clock);
        match self.decode(catalog) {
            Ok(time_ns) if time_ns > self.range.end_ns => Ok(Some(Head::End)),
            Ok(time_ns) if time_ns < self.range.begin_ns => Ok(None),
            Ok(time_ns) => {
                self.time_ns = time_ns;
                Ok(Some(Head::Event))
            }
            Err(Fault::PastEnd) if self.end < self.content_end => self.load_more(catalog.align_bytes),
            Err(Fault::NoEventClass(_)) if self.is_growing => Ok(Some(Head::Idle)),
            Err(fault) => Err(self.locate(fault.into_error())),
        }
    }

    /// Reads on in the packet, from the record at the position.
    fn load_more(&mut self, align_bytes: usize) -> Result<Option<Head>, Error> {
        let align = align_bytes.max(8);
        let keep_from = (self.pos >> 3) as usize / align * align;
        let has_more = self.window.refill(keep_from).map_err(|error| self.locate(error))?;
        if !has_more && self.window.missing().is_none() {
            let error = Error::new(Kind::Truncated, "the file ends in the middle of a packet");
            return Err(self.locate(error));
        }
        let moved = self.window.origin() - self.packet_offset;
        self.pos -= moved * 8 - self.origin_bits;
        self.origin_bits = moved * 8;
        self.set_ends();
        Ok(if has_more { None } else { Some(self.starve()) })
    }

    fn set_ends(&mut self) {
        let content = self.info.content_bits.or(self.info.packet_bits);
        let content =
            content.unwrap_or(self.window.file_len().saturating_sub(self.packet_offset).saturating_mul(8));
        self.content_end = content.saturating_sub(self.origin_bits);
        self.end = self.content_end.min(self.window.available() as u64 * 8);
    }

    /// The packet has no more events.
    fn leave_packet(&mut self) -> Result<Option<Head>, Error> {
        self.in_packet = false;
        let left = self.window.file_len().saturating_sub(self.packet_offset);
        let bytes = self.info.packet_bits.map_or(left, |bits| bits / 8);
        if bytes > left {
            let error = Error::new(Kind::Truncated, "the file ends before its last packet");
            return Err(self.locate(error));
        }
        self.packet_offset += bytes;
        self.packet_index += 1;
        if self.is_single {
            return Ok(Some(Head::End));
        }
        (self.pos, self.content_end) = (0, 0);
        Ok(None)
    }

    fn next_packet(&mut self, catalog: &Catalog) -> Result<Option<Head>, Error> {
        if !self.in_file && !self.open_next_file()? {
            return Ok(Some(if self.is_growing { Head::Idle } else { Head::End }));
        }
        if self.packet_offset >= self.window.file_len() {
            let has_grown = self.is_growing && self.window.look_again()?;
            if self.is_growing && !has_grown && self.next_file >= self.files.len() {
                return Ok(Some(Head::Idle));
            }
            self.in_file = has_grown;
            return Ok(None);
        }
        self.window.seek(self.packet_offset);
        (self.origin_bits, self.pos) = (0, 0);
        let plan = &catalog.traces[self.trace];
        match load_header(&mut self.window, plan, &mut self.slots, &mut self.roles) {
            Ok(info) => self.info = info,
            Err(error) if error.is_truncated() && self.window.missing().is_some() => {
                return Ok(Some(self.starve()));
            }
            Err(error) if self.is_growing && (error.is_truncated() || error.is_unknown_class()) => {
                return self.wait();
            }
            Err(error) => return Err(self.locate(error)),
        }
        if self.is_growing && !self.is_whole()? {
            return self.wait();
        }
        if self.overlap.is_seen(&self.info) {
            self.in_packet = true;
            self.set_ends();
            self.pos = self.content_end;
            return Ok(None);
        }
        self.header_bytes.clear();
        let header = self.info.events_at.div_ceil(8) as usize;
        self.header_bytes.extend_from_slice(&self.window.bytes()[..header + crate::bits::PAD]);
        self.enter_packet(catalog)
    }

    fn open_next_file(&mut self) -> Result<bool, Error> {
        let Some(file) = self.files.get_mut(self.next_file) else { return Ok(false) };
        // A file that cannot be opened is told once and passed over.
        self.next_file += 1;
        match file.held.take() {
            Some(held) => self.window.open_held(&file.path, &held)?,
            None => self.window.open(&file.path)?,
        }
        self.trace = file.trace;
        self.overlap.next_file();
        self.index_was_tried = false;
        (self.in_file, self.packet_index, self.packet_offset) = (true, 0, 0);
        Ok(true)
    }

    fn enter_packet(&mut self, catalog: &Catalog) -> Result<Option<Head>, Error> {
        self.in_packet = true;
        self.pos = self.info.events_at;
        self.set_ends();
        // A packet that does not say when it begins goes on where the one before ended.
        if let Some(begin) = self.info.begin.or(self.counts.end) {
            self.clock = begin;
        }
        let scale = catalog.traces[self.trace].streams[self.info.stream].scale;
        self.has_clock = scale.is_some();
        let wall = |cycles: u64| match scale {
            Some(scale) => scale.raw_ns(cycles).and_then(|ns| scale.wall_ns(ns)),
            None => Ok(0),
        };
        let times = (self.info.begin.map(wall).transpose(), self.info.end.map(wall).transpose());
        let (begin_ns, end_ns) = match times {
            (Ok(begin), Ok(end)) => (begin, end),
            (Err(fault), _) | (_, Err(fault)) => return Err(self.locate(fault.into_error())),
        };
        let (discarded, lost) = loss::compare(self.key, &mut self.counts, &self.info, (begin_ns, end_ns));
        if begin_ns.is_some_and(|begin| begin > self.range.end_ns) {
            return Ok(Some(Head::End));
        }
        if end_ns.is_some_and(|end| end < self.range.begin_ns) && self.info.packet_bits.is_some() {
            self.pos = self.content_end;
            self.jump_to_range(catalog);
            return Ok(None);
        }
        // Told last in, first out.
        self.losses.extend(lost.map(Head::LostPackets));
        self.losses.extend(discarded.map(Head::Discarded));
        Ok(None)
    }

    /// Adds the place of the current record to an error.
    fn locate(&self, error: Error) -> Error {
        let offset = self.packet_offset + (self.origin_bits + self.pos) / 8;
        error.in_file(self.window.path()).at_packet(self.packet_index, offset)
    }
}
