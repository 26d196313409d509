//! Decoding: event records of a packet.

use std::ops::ControlFlow;

use super::{Copied, Cursor, Head};
use crate::bits::{align_up, load_bytes_le};
use crate::class::{Catalog, StreamPlan, Way};
use crate::clock::{unwrap_low_bits, unwrap_masked};
use crate::error::{Error, Fault};
use crate::event::{Event, Item};
use crate::header::{HeaderPlan, PackedHeader, walk_header};
use crate::range::TimeRange;
use crate::walk::advance;

/// A decoded event record: where its fields are in the packet, and when it happened.
#[derive(Debug)]
pub(crate) struct Record {
    /// For merging: the event's time, or that of the record before when the stream has no clock.
    pub(crate) time_ns: i64,
    /// In cycles.
    pub(crate) clock: u64,
    /// Index of the event class.
    pub(crate) class: u32,
    /// Its places in bits from the window's origin, first of all the base, for which there always
    /// is room; behind those, what other records left.
    pub(crate) marks: Vec<u64>,
}

impl Record {
    pub(super) fn new() -> Record {
        Record { time_ns: i64::MIN, clock: 0, class: 0, marks: vec![0] }
    }
}

/// What ended a run of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// The function that was called had enough.
    Stopped,
    /// The next event, which is the head, is later than the limit.
    Later,
    /// What is next takes more than decoding in memory.
    Over,
}

/// What decoding of plain records needs and does not change.
struct Plain<'a> {
    catalog: &'a Catalog,
    plan: &'a StreamPlan,
    header: &'a PackedHeader,
    buf: &'a [u8],
    end: u64,
    range: &'a TimeRange,
}

impl<'a> Plain<'a> {
    #[inline(always)]
    fn new(
        catalog: &'a Catalog,
        (trace, stream): (usize, usize),
        (buf, end): (&'a [u8], u64),
        range: &'a TimeRange,
    ) -> Option<Plain<'a>> {
        let plan = &catalog.traces[trace].streams[stream];
        let HeaderPlan::Packed(header) = &plan.header else { return None };
        Some(Plain { catalog, plan, header, buf, end, range })
    }

    /// Decodes the next record in the range; false, and the record is as it was but for its places, where what is next is
    /// not plain, not whole in memory, at fault, or behind the range: that is left to [`decode`](Cursor::decode).
    #[inline(always)]
    fn next(&self, pos: &mut u64, clock: &mut u64, record: &mut Record) -> bool {
        let header = self.header;
        while *pos < self.end {
            let start = align_up(*pos, header.align);
            let word = load_bytes_le(self.buf, (start >> 3) as usize);
            let id = word & header.id_mask;
            let Some(shape) = self.plan.shape(id) else { return false };
            // Where no alignment is asked for, the next load need not wait until it is known.
            let body = start + header.bits;
            let next = if shape.way == Way::Fixed {
                if let Some(mark) = record.marks.first_mut() {
                    *mark = body;
                }
                body + u64::from(shape.size)
            } else if shape.way == Way::General {
                return false;
            } else {
                let base = if shape.way == Way::Plain { body } else { align_up(body, shape.align.into()) };
                let program = &self.catalog.classes[shape.key as usize].0.program;
                match program.run_plain(self.buf, base, self.end, &mut record.marks) {
                    Some(next) => next,
                    None => return false,
                }
            };
            if next > self.end {
                return false;
            }
            let now = unwrap_masked(*clock, header.clock_of(word), header.clock_mask);
            let time_ns = match &self.plan.scale {
                Some(scale) => match scale.raw_ns(now).and_then(|raw_ns| scale.wall_ns(raw_ns)) {
                    Ok(ns) => ns,
                    Err(_) => return false,
                },
                None => record.time_ns,
            };
            if time_ns > self.range.end_ns {
                return false;
            }
            (*pos, *clock) = (next, now);
            if time_ns >= self.range.begin_ns {
                (record.time_ns, record.clock, record.class) = (time_ns, now, shape.key);
                return true;
            }
        }
        false
    }
}

impl Cursor {
    /// The record that is the head, when the head is an event.
    #[inline(always)]
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// Moves to the next event if that is in memory: false when it is not, or something else comes next.
    #[inline]
    pub(crate) fn advance_in_memory(&mut self, catalog: &Catalog) -> bool {
        if !self.losses.is_empty() || self.pos >= self.content_end {
            return false;
        }
        self.record.time_ns = self.time_ns;
        self.sought = (self.pos, self.clock);
        let place = (self.trace, self.info.stream);
        let plain = Plain::new(catalog, place, (self.window.bytes(), self.end), &self.range);
        let is_plain =
            plain.is_some_and(|plain| plain.next(&mut self.pos, &mut self.clock, &mut self.record));
        if is_plain || self.decode_in_range(catalog) {
            self.time_ns = self.record.time_ns;
            if !matches!(self.head, Head::Event) {
                self.head = Head::Event;
            }
            return true;
        }
        false
    }

    /// Gives `other`, or else the head, which is an event, to `tell`, and the events behind it as long as they are plain,
    /// in memory, and not later than `limit_ns`.
    #[inline(always)]
    pub(crate) fn run(
        &mut self,
        catalog: &Catalog,
        limit_ns: i64,
        mut other: Option<Result<Item<'static>, Error>>,
        tell: &mut impl FnMut(Result<Item<'_>, Error>) -> ControlFlow<()>,
    ) -> Run {
        let (mut pos, mut clock) = (self.pos, self.clock);
        let place = (self.trace, self.info.stream);
        // Only an event says that there is a packet, and what it is of.
        let plain = match other {
            None => Plain::new(catalog, place, (self.window.bytes(), self.end), &self.range),
            Some(_) => None,
        };
        let ended = loop {
            // Called in one place, so that what is called becomes part of this loop.
            if tell(other.take().unwrap_or(Ok(Item::Event(Event::new(self, catalog))))).is_break() {
                break Run::Stopped;
            }
            let Some(plain) = &plain else { break Run::Over };
            if !plain.next(&mut pos, &mut clock, &mut self.record) {
                break Run::Over;
            }
            if self.record.time_ns > limit_ns {
                break Run::Later;
            }
        };
        if plain.is_some() {
            self.time_ns = self.record.time_ns;
        }
        (self.pos, self.clock) = (pos, clock);
        ended
    }

    /// Copies the head, which is an event, and the events behind it as long as they are plain, in memory, and not later
    /// than `limit_ns`, and there is room for more.
    pub(crate) fn copy_run(&mut self, catalog: &Catalog, limit_ns: i64, copied: &mut Copied) -> Run {
        let (begin, clock_before) = self.sought;
        let (mut pos, mut clock) = (self.pos, self.clock);
        let enough = begin + copied.room_bits();
        let place = (self.trace, self.info.stream);
        let plain = Plain::new(catalog, place, (self.window.bytes(), self.end), &self.range);
        let mut end = pos;
        let mut ended = Run::Over;
        while let Some(plain) = &plain
            && pos < enough
        {
            let before = (pos, clock);
            let is_plain = plain.next(&mut pos, &mut clock, &mut self.record);
            if is_plain && self.record.time_ns > limit_ns {
                (self.sought, ended) = (before, Run::Later);
                break;
            }
            end = pos;
            if !is_plain {
                break;
            }
        }
        if plain.is_some() {
            self.time_ns = self.record.time_ns;
        }
        (self.pos, self.clock) = (pos, clock);
        copied.push(self, (begin, end), clock_before, catalog.align_bytes);
        ended
    }

    #[inline(never)]
    fn decode_in_range(&mut self, catalog: &Catalog) -> bool {
        self.pos < self.end && self.decode(catalog).is_ok_and(|time_ns| self.range.contains(time_ns))
    }

    /// Decodes the record at the position, whatever it is made of, and gives its time; moves behind it only when it is
    /// whole.
    pub(super) fn decode(&mut self, catalog: &Catalog) -> Result<i64, Fault> {
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
        let marks = &mut self.record.marks;
        if marks.len() < data.program.marks {
            marks.resize(data.program.marks, 0);
        }
        let next = data.program.run(scopes, buf, base, self.end, marks, &mut self.slots)?;
        if next == self.pos {
            return Err(Fault::EmptyRecord);
        }
        let mut time_ns = self.time_ns;
        if let Some(scale) = &plan.scale {
            time_ns = scale.wall_ns(scale.raw_ns(clock)?)?;
        }
        (self.clock, self.pos) = (clock, next);
        (self.record.time_ns, self.record.clock, self.record.class) = (time_ns, clock, class as u32);
        Ok(time_ns)
    }
}
