//! Decoding: event records of a packet, many at a time where they are plain.

use super::{Cursor, Head};
use crate::bits::{align_up, load_bytes_le};
use crate::class::{Catalog, StreamPlan, Way};
use crate::clock::unwrap_low_bits;
use crate::error::Fault;
use crate::header::{HeaderPlan, PackedHeader, walk_header};
use crate::walk::advance;

/// A decoded event record: where its fields are in the packet, and when it happened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    /// For merging: the event's time, or that of the record before when the stream has no clock.
    pub(crate) time_ns: i64,
    /// In cycles.
    pub(crate) clock: u64,
    /// Place of the first field, in bits from the window's origin.
    pub(crate) base: u64,
    /// Index of the event class.
    pub(crate) class: u32,
    /// Index of the first of its further places among those of all records.
    pub(crate) marks: u32,
}

/// Records decoded ahead. They stay good until the window or the slots change, so that whoever changes these takes the
/// records first.
pub(super) struct Records {
    /// Room for as many as are decoded at once; `count` of them are there.
    list: Box<[Record]>,
    count: usize,
    /// Further places of all records, in bits from the window's origin.
    marks: Vec<u64>,
    /// Index of the next one to take.
    next: usize,
}

impl Records {
    pub(super) fn new(limit: usize) -> Records {
        let nothing = Record { time_ns: 0, clock: 0, base: 0, class: 0, marks: 0 };
        Records { list: vec![nothing; limit].into(), count: 0, marks: Vec::new(), next: 0 }
    }

    /// Takes the next record and gives its time.
    #[inline(always)]
    fn take(&mut self) -> Option<i64> {
        let time_ns = self.list[..self.count].get(self.next)?.time_ns;
        self.next += 1;
        Some(time_ns)
    }

    /// Makes this the only record, and takes it.
    pub(super) fn take_only(&mut self, record: Record) -> i64 {
        self.list[0] = record;
        (self.count, self.next) = (1, 1);
        record.time_ns
    }

    pub(super) fn clear(&mut self) {
        self.marks.clear();
        (self.count, self.next) = (0, 0);
    }
}

impl Cursor {
    /// The record that was taken last.
    ///
    /// # Panics
    ///
    /// Panics when none was: the head is no event.
    #[inline(always)]
    pub(crate) fn record(&self) -> &Record {
        &self.records.list[self.records.next - 1]
    }

    /// Places in a record behind its base.
    #[inline(always)]
    pub(crate) fn marks_of(&self, record: &Record) -> &[u64] {
        self.records.marks.get(record.marks as usize..).unwrap_or_default()
    }

    /// Moves to the next event if that is in memory: false when it is not, or something else comes next.
    #[inline(always)]
    pub(crate) fn advance_in_memory(&mut self, catalog: &Catalog) -> bool {
        if let Some(time_ns) = self.records.take() {
            self.time_ns = time_ns;
            return true;
        }
        self.decode_ahead(catalog)
    }

    /// Decodes what comes next, and moves to the first event of it; false when that takes more than decoding.
    #[inline(never)]
    fn decode_ahead(&mut self, catalog: &Catalog) -> bool {
        self.records.clear();
        if !self.losses.is_empty() || self.pos >= self.content_end {
            return false;
        }
        let plan = &catalog.traces[self.trace].streams[self.info.stream];
        if let HeaderPlan::Packed(header) = &plan.header {
            self.decode_plain(catalog, plan, *header);
        }
        self.time_ns = match self.records.take() {
            Some(time_ns) => time_ns,
            None => match self.decode(catalog) {
                Ok(record) if self.range.contains(record.time_ns) => self.records.take_only(record),
                _ => return false,
            },
        };
        if !matches!(self.head, Head::Event) {
            self.head = Head::Event;
        }
        true
    }

    /// Decodes records until one is not plain, not whole in memory, or at fault: that one is left to
    /// [`decode`](Cursor::decode).
    fn decode_plain(&mut self, catalog: &Catalog, plan: &StreamPlan, header: PackedHeader) {
        let (buf, end) = (self.window.bytes(), self.end);
        let (mut pos, mut clock, mut time_ns) = (self.pos, self.clock, self.time_ns);
        let Records { list, marks: all_marks, count, .. } = &mut self.records;
        let mut filled = 0;
        while let Some(slot) = list.get_mut(filled)
            && pos < end
        {
            let start = align_up(pos, header.align);
            let word = load_bytes_le(buf, (start >> 3) as usize);
            let id = word & header.id_mask;
            let Some(shape) = plan.shape(id) else { break };
            if id > header.last_id {
                break;
            }
            let base = align_up(start + header.bits, shape.align.into());
            let marks = all_marks.len() as u32;
            let next = match shape.way {
                Way::Fixed => base + shape.size,
                Way::Plain => {
                    let program = &catalog.classes[shape.key as usize].0.program;
                    match program.run_plain(buf, base, end, all_marks) {
                        Ok(next) => next,
                        Err(_) => break,
                    }
                }
                Way::General => break,
            };
            if next > end || next == pos {
                break;
            }
            let now = unwrap_low_bits(clock, header.clock_of(word), header.clock_bits);
            if let Some(scale) = &plan.scale {
                match scale.raw_ns(now).and_then(|raw_ns| scale.wall_ns(raw_ns)) {
                    Ok(ns) => time_ns = ns,
                    Err(_) => break,
                }
            }
            if time_ns > self.range.end_ns {
                break;
            }
            (pos, clock) = (next, now);
            if time_ns >= self.range.begin_ns {
                *slot = Record { time_ns, clock, base, class: shape.key, marks };
                filled += 1;
            }
        }
        *count = filled;
        (self.pos, self.clock) = (pos, clock);
    }

    /// Decodes the record at the position, whatever it is made of; moves behind it only when it is whole.
    pub(super) fn decode(&mut self, catalog: &Catalog) -> Result<Record, Fault> {
        self.records.clear();
        let plan = &catalog.traces[self.trace].streams[self.info.stream];
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
        let scopes = [data.common.as_ref(), data.specific.as_ref(), data.payload.as_ref()];
        let base = align_up(body, data.program.align);
        advance(base, 0, self.end)?;
        let next = data.program.run(scopes, buf, base, self.end, &mut self.records.marks, &mut self.slots)?;
        if next == self.pos {
            return Err(Fault::EmptyRecord);
        }
        let mut time_ns = self.time_ns;
        if let Some(scale) = &plan.scale {
            time_ns = scale.wall_ns(scale.raw_ns(clock)?)?;
        }
        (self.clock, self.pos) = (clock, next);
        Ok(Record { time_ns, clock, base, class: class as u32, marks: 0 })
    }
}
