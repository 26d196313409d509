//! One stream, event by event.

use std::path::{Path, PathBuf};

use crate::class::{Catalog, StreamPlan};
use crate::clock::unwrap_low_bits;
use crate::error::{Error, Fault, Kind};
use crate::header::{HeaderPlan, walk_header};
use crate::index::{Index, IndexEntry};
use crate::loss::{self, Loss, PacketCounts, StreamKey};
use crate::packet::{Overlap, PacketInfo, load_header};
use crate::packets::Packet;
use crate::walk::Roles;
use crate::window::{Allowance, Window};

/// A file of a stream, and the trace whose metadata describes it.
#[derive(Debug, Clone)]
pub(crate) struct StreamFile {
    pub(crate) trace: usize,
    pub(crate) path: PathBuf,
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
    raw_ns: u64,
    event_ns: i64,
    /// Time of the head, for merging.
    time_ns: i64,
    class: usize,
    head: Head,
    /// Losses found at the beginning of a packet that are still to be told.
    losses: Vec<Head>,
    counts: PacketCounts,
    marks: Vec<u64>,
    slots: Vec<u64>,
    roles: Roles,
    /// The packet's bytes up to its first event.
    header_bytes: Vec<u8>,
    range: TimeRange,
    /// More may be written to the stream.
    is_growing: bool,
}

/// Time from which and up to which events are wanted, in nanoseconds since the Unix epoch, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// Earlier events are left out.
    pub begin_ns: i64,
    /// Later events are left out.
    pub end_ns: i64,
}

impl Default for TimeRange {
    /// All of time.
    fn default() -> TimeRange {
        TimeRange { begin_ns: i64::MIN, end_ns: i64::MAX }
    }
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
            raw_ns: 0,
            event_ns: 0,
            time_ns: i64::MIN,
            class: 0,
            head: Head::End,
            losses: Vec::new(),
            counts: PacketCounts::default(),
            marks: vec![0; catalog.marks],
            slots: vec![0; catalog.slots],
            roles: Roles::default(),
            header_bytes: Vec::new(),
            range,
            is_growing: false,
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

    /// Time of the event; 0 without a clock.
    #[inline(always)]
    pub(crate) fn event_ns(&self) -> i64 {
        self.event_ns
    }

    pub(crate) fn cycles(&self) -> u64 {
        self.clock
    }

    pub(crate) fn raw_ns(&self) -> u64 {
        self.raw_ns
    }

    pub(crate) fn key(&self) -> StreamKey {
        self.key
    }

    #[inline(always)]
    pub(crate) fn class(&self) -> usize {
        self.class
    }

    pub(crate) fn trace(&self) -> usize {
        self.trace
    }

    /// Bytes that marks count in, and where they end, in bits.
    #[inline(always)]
    pub(crate) fn bytes(&self) -> (&[u8], u64) {
        (self.window.bytes(), self.end)
    }

    /// Places known in the record, in bits from the first of [`bytes`](Cursor::bytes).
    #[inline(always)]
    pub(crate) fn marks(&self) -> &[u64] {
        &self.marks
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

    /// Moves to the next event if that is in memory: false when it is not, or something else comes next.
    #[inline(always)]
    pub(crate) fn advance_in_memory(&mut self, catalog: &Catalog) -> bool {
        let is_event = self.losses.is_empty()
            && self.pos < self.content_end
            && self.decode(catalog).is_ok()
            && self.in_range();
        if is_event && !matches!(self.head, Head::Event) {
            self.head = Head::Event;
        }
        is_event
    }

    /// Moves to the next event, loss or fault.
    pub(crate) fn advance(&mut self, catalog: &Catalog) {
        if !self.advance_in_memory(catalog) {
            self.advance_slowly(catalog);
        }
    }

    #[inline(always)]
    fn in_range(&self) -> bool {
        self.range.begin_ns <= self.time_ns && self.time_ns <= self.range.end_ns
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
        match self.decode(catalog) {
            Ok(()) if self.time_ns > self.range.end_ns => Ok(Some(Head::End)),
            Ok(()) => Ok(self.in_range().then_some(Head::Event)),
            Err(Fault::PastEnd) if self.end < self.content_end => {
                self.load_more(catalog.align_bytes)?;
                Ok(None)
            }
            Err(Fault::NoEventClass(_)) if self.is_growing => Ok(Some(Head::Idle)),
            Err(fault) => Err(self.locate(fault.into_error())),
        }
    }

    /// Decodes the record at the position; moves behind it only when it is whole.
    #[inline(always)]
    fn decode(&mut self, catalog: &Catalog) -> Result<(), Fault> {
        let plan: &StreamPlan = &catalog.traces[self.trace].streams[self.info.stream];
        let buf = self.window.bytes();
        let header_type = plan.event_header.as_ref();
        let (body, values) =
            plan.header.read(header_type, buf, self.pos, self.end, &mut self.slots, &mut self.roles)?;
        let clock = match values.clock_bits {
            0 => self.clock,
            bits => unwrap_low_bits(self.clock, values.clock, bits),
        };
        let class = plan.class(values.id).ok_or(Fault::NoEventClass(values.id))?;
        let data = &*catalog.classes[class].0;
        if data.uses_header
            && let (Some(ty), true) = (header_type, !matches!(plan.header, HeaderPlan::Walk))
        {
            walk_header(ty, buf, self.pos, self.end, &mut self.slots, &mut self.roles)?;
        }
        let scopes = || [data.common.as_ref(), data.specific.as_ref(), data.payload.as_ref()];
        let next = data.program.run(scopes, buf, body, self.end, &mut self.marks, &mut self.slots)?;
        if next > self.end {
            return Err(Fault::PastEnd);
        }
        if next == self.pos {
            return Err(Fault::EmptyRecord);
        }
        if let Some(scale) = &plan.scale {
            self.raw_ns = scale.raw_ns(clock)?;
            self.event_ns = scale.wall_ns(self.raw_ns)?;
            self.time_ns = self.event_ns;
        }
        self.clock = clock;
        self.class = class;
        self.pos = next;
        Ok(())
    }

    /// Reads on in the packet, from the record at the position.
    fn load_more(&mut self, align_bytes: usize) -> Result<(), Error> {
        let align = align_bytes.max(8);
        let keep_from = (self.pos >> 3) as usize / align * align;
        if !self.window.refill(keep_from)? {
            let error = Error::new(Kind::Truncated, "the file ends in the middle of a packet");
            return Err(self.locate(error));
        }
        let moved = self.window.origin() - self.packet_offset;
        self.pos -= moved * 8 - self.origin_bits;
        self.origin_bits = moved * 8;
        self.set_ends();
        Ok(())
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
            let error = Error::new(Kind::Truncated, "the file ends before the last packet does");
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
        let Some(file) = self.files.get(self.next_file) else { return Ok(false) };
        self.window.open(&file.path)?;
        self.trace = file.trace;
        self.next_file += 1;
        self.overlap.next_file();
        self.index_was_tried = false;
        (self.in_file, self.packet_index, self.packet_offset) = (true, 0, 0);
        Ok(true)
    }

    /// Whether all of the current packet is there.
    fn is_whole(&mut self) -> Result<bool, Error> {
        let Some(bits) = self.info.packet_bits else { return Ok(false) };
        let end = self.packet_offset.saturating_add(bits / 8);
        Ok(end <= self.window.file_len() || (self.window.look_again()? && end <= self.window.file_len()))
    }

    /// Leaves the packet for later, when more of it is there.
    fn wait(&mut self) -> Result<Option<Head>, Error> {
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
        self.marks.resize(catalog.marks.max(self.marks.len()), 0);
        self.slots.resize(catalog.slots.max(self.slots.len()), 0);
    }

    /// Takes a packet of the stream that did not come from a file.
    pub(crate) fn feed(&mut self, trace: usize, path: &Path, packet: Vec<u8>, offset: u64) {
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

    fn enter_packet(&mut self, catalog: &Catalog) -> Result<Option<Head>, Error> {
        self.in_packet = true;
        self.pos = self.info.events_at;
        self.set_ends();
        if let Some(begin) = self.info.begin {
            self.clock = begin;
        }
        let scale = catalog.traces[self.trace].streams[self.info.stream].scale;
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

    /// Goes to the first packet that reaches into the range, if there is an index; the current one does not.
    fn jump_to_range(&mut self, catalog: &Catalog) {
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
        (self.pos, self.content_end, self.time_ns) = (0, 0, i64::MIN);
        self.overlap = Overlap::default();
        Ok(())
    }

    /// Adds the place of the current record to an error.
    fn locate(&self, error: Error) -> Error {
        let offset = self.packet_offset + (self.origin_bits + self.pos) / 8;
        error.in_file(self.window.path()).at_packet(self.packet_index, offset)
    }
}
