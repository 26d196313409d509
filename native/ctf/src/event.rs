//! Events, and what else a reader gives.

use std::borrow::Cow;

use crate::bits::{load_be, load_bytes_le, load_le, sign_extend};
use crate::class::{Catalog, ClassData, ClassKey, EventClass};
use crate::cursor::{Cursor, Record};
use crate::field::{Field, FieldType, Kind, Length};
use crate::loss::{Loss, StreamKey};
use crate::program::{Access, Load};
use crate::text_plan::TextPlan;
use crate::value::{self, Members, Place, Value};
use crate::walk::load_int;

/// Indexes among a class's scopes.
const COMMON: usize = 0;
const PAYLOAD: usize = 2;

/// The next item of a trace.
#[derive(Debug, Clone, Copy)]
pub enum Item<'a> {
    /// An event record.
    Event(Event<'a>),
    /// Events that the tracer discarded because its buffers were full.
    Discarded(Loss),
    /// Packets that were overwritten before they were saved.
    LostPackets(Loss),
}

/// An event record. It borrows from the reader, until the next call of `next`.
///
/// Accessors take the index of a field in [`EventClass::fields`]. They never panic: a field that does not exist, or
/// has another type, reads as 0 or as empty. Check the class once, before reading its events.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    cursor: &'a Cursor,
    catalog: &'a Catalog,
}

impl<'a> Event<'a> {
    /// The event that is the cursor's head.
    #[inline(always)]
    pub(crate) fn new(cursor: &'a Cursor, catalog: &'a Catalog) -> Event<'a> {
        Event { cursor, catalog }
    }

    /// Key of the event's class.
    #[inline]
    pub fn class(self) -> ClassKey {
        ClassKey(self.record().class)
    }

    /// The event's class.
    pub fn definition(self) -> &'a EventClass {
        &self.catalog.classes[self.class().index()]
    }

    /// Name of the event's class.
    pub fn name(self) -> &'a str {
        &self.data().name
    }

    /// Time in nanoseconds since the Unix epoch; 0 when the stream has no clock.
    #[inline]
    pub fn timestamp_ns(self) -> i64 {
        if self.cursor.has_clock() { self.record().time_ns } else { 0 }
    }

    /// Time in nanoseconds since the clock's own 0: for LTTng's traces `CLOCK_MONOTONIC`; 0 without a clock.
    #[inline]
    pub fn monotonic_ns(self) -> u64 {
        // That it can be told was found out when the record was decoded.
        self.plan().scale.and_then(|scale| scale.raw_ns(self.record().clock).ok()).unwrap_or(0)
    }

    /// Clock value as the trace has it, in cycles.
    pub fn cycles(self) -> u64 {
        self.record().clock
    }

    /// True when the stream's events have timestamps.
    pub fn has_clock(self) -> bool {
        self.cursor.has_clock()
    }

    /// The stream that the event is in.
    #[inline]
    pub fn stream(self) -> StreamKey {
        self.cursor.key()
    }

    /// Index of the event's trace among [`TraceSet::traces`](crate::TraceSet::traces).
    pub fn trace(self) -> usize {
        self.cursor.trace()
    }

    /// The CPU that filled the packet; `None` if packets do not have it.
    #[inline]
    pub fn cpu_id(self) -> Option<u32> {
        self.cursor.info.cpu
    }

    /// Value of an integer, boolean or enumeration, or the whole part of a number. Signed values keep their 64 bits.
    #[inline]
    pub fn u64(self, field: usize) -> u64 {
        match self.data().payload_access.get(field) {
            Some(access) => self.load(access, PAYLOAD, field),
            None => 0,
        }
    }

    /// Value of an integer or an enumeration. Unsigned values above `i64::MAX` wrap.
    #[inline]
    pub fn i64(self, field: usize) -> i64 {
        self.u64(field) as i64
    }

    /// Value of a number.
    #[inline]
    pub fn f64(self, field: usize) -> f64 {
        let Some(access) = self.data().payload_access.get(field) else { return 0.0 };
        self.load_f64(access, field)
    }

    #[inline(never)]
    fn load_f64(self, access: &Access, field: usize) -> f64 {
        match (access.load, self.data().fields_type(field)) {
            (Load::Float, Some(FieldType { kind: Kind::Float(float), .. })) => {
                value::load_float(self.buf(), self.position(access), float)
            }
            (_, Some(ty)) if ty.as_int().is_some_and(|int| int.signed) => self.i64(field) as f64,
            _ => self.u64(field) as f64,
        }
    }

    /// Bytes of a text field, without the NUL.
    #[inline]
    pub fn bytes(self, field: usize) -> &'a [u8] {
        let Some(access) = self.data().payload_access.get(field) else { return &[] };
        match access.load {
            Load::Text => self.text_at(access),
            Load::TextArray => self.text_array(access, field),
            _ => &[],
        }
    }

    /// A text field as UTF-8. Invalid bytes are replaced.
    pub fn str(self, field: usize) -> Cow<'a, str> {
        String::from_utf8_lossy(self.bytes(field))
    }

    /// Value of any field of the payload.
    #[inline(never)]
    pub fn value(self, field: usize) -> Option<Value<'a>> {
        let ty = self.data().fields_type(field)?;
        let access = self.data().payload_access.get(field)?;
        Some(self.place(access).value(ty))
    }

    /// All fields of the payload with their names.
    pub fn fields(self) -> impl ExactSizeIterator<Item = (&'a str, Value<'a>)> + use<'a> {
        self.scope(self.data().payload.as_ref(), &self.data().payload_access)
    }

    /// Fields of the context that all events of the stream have.
    pub fn common_context(self) -> impl ExactSizeIterator<Item = (&'a str, Value<'a>)> + use<'a> {
        self.scope(self.data().common.as_ref(), &self.data().common_access)
    }

    /// Fields of the context that only events of this class have.
    pub fn specific_context(self) -> impl ExactSizeIterator<Item = (&'a str, Value<'a>)> + use<'a> {
        self.scope(self.data().specific.as_ref(), &self.data().specific_access)
    }

    /// Value of an integer field of the common context.
    #[inline]
    pub fn context_u64(self, field: usize) -> u64 {
        match self.data().common_access.get(field) {
            Some(access) => self.load(access, COMMON, field),
            None => 0,
        }
    }

    /// Fields of the packet's context, without their values.
    pub fn packet_fields(self) -> &'a [Field] {
        self.plan().packet_context.as_ref().map_or(&[], FieldType::members)
    }

    /// Members of the packet's context, with those that this reader uses, such as `packet_size`.
    pub fn packet_context(self) -> Option<Members<'a>> {
        let plan = self.plan();
        let ty = plan.packet_context.as_ref()?;
        let buf = self.cursor.header_bytes();
        let info = &self.cursor.info;
        let place =
            Place::new(buf, info.context_at, info.events_at, self.cursor.slots(), plan.packet_context_slots);
        Some(Members::of(place, ty))
    }

    /// Type and value of a member of one of the [scopes](ClassData::scopes).
    pub(crate) fn member(self, scope: usize, member: usize) -> Option<(&'a FieldType, Value<'a>)> {
        let (ty, accesses) = self.data().scopes().into_iter().nth(scope)?;
        let ty = &ty?.members().get(member)?.ty;
        Some((ty, self.place(accesses.get(member)?).value(ty)))
    }

    /// How the text of the class's events goes.
    pub(crate) fn text_plan(self) -> &'a TextPlan {
        self.data().text.get_or_init(|| TextPlan::of(self.data(), self.plan()))
    }

    /// Value of an integer or an enumeration.
    #[inline(always)]
    pub(crate) fn number(self, access: &Access) -> u64 {
        self.load(access, PAYLOAD, 0)
    }

    /// Bytes of a NUL-terminated string.
    #[inline(always)]
    pub(crate) fn text_at(self, access: &Access) -> &'a [u8] {
        let (first, behind) = (self.position(access) >> 3, self.mark(access.mark + 1) >> 3);
        self.buf().get(first as usize..(behind as usize).wrapping_sub(1)).unwrap_or_default()
    }

    #[inline(always)]
    fn data(self) -> &'a ClassData {
        &self.catalog.classes[self.record().class as usize].0
    }

    #[inline(always)]
    fn record(self) -> &'a Record {
        self.cursor.record()
    }

    /// What positions count in.
    #[inline(always)]
    fn buf(self) -> &'a [u8] {
        self.cursor.bytes()
    }

    /// The same as what it begins, and its length: there are bytes behind it.
    #[inline(always)]
    pub(crate) fn text_within(self, access: &Access) -> (&'a [u8], usize) {
        let first = (self.position(access) >> 3) as usize;
        let behind = (self.mark(access.mark + 1) >> 3) as usize;
        (self.buf().get(first..).unwrap_or_default(), behind.saturating_sub(first + 1))
    }

    fn plan(self) -> &'a crate::class::StreamPlan {
        &self.catalog.traces[self.cursor.trace()].streams[self.cursor.info.stream]
    }

    fn scope(
        self,
        ty: Option<&'a FieldType>,
        accesses: &'a [Access],
    ) -> impl ExactSizeIterator<Item = (&'a str, Value<'a>)> + use<'a> {
        let members = ty.map_or(&[][..], FieldType::members);
        members.iter().zip(accesses).map(move |(m, access)| (m.name(), self.place(access).value(&m.ty)))
    }

    #[inline(always)]
    fn mark(self, mark: u16) -> u64 {
        self.record().marks.get(usize::from(mark)).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn position(self, access: &Access) -> u64 {
        self.mark(access.mark) + u64::from(access.offset)
    }

    fn place(self, access: &Access) -> Place<'a> {
        Place::new(
            self.buf(),
            self.position(access),
            self.cursor.end(),
            self.cursor.slots(),
            access.own_slots,
        )
    }

    #[inline(always)]
    fn load(self, access: &Access, scope: usize, field: usize) -> u64 {
        let bits = u32::from(access.bits);
        if access.load == Load::Bytes {
            let at = (self.position(access) >> 3) as usize;
            return load_bytes_le(self.buf(), at) & (u64::MAX >> (64 - bits));
        }
        self.load_odd(access, scope, field)
    }

    /// Loads a number that is signed, big endian, or not of whole bytes.
    #[inline(never)]
    fn load_odd(self, access: &Access, scope: usize, field: usize) -> u64 {
        let (buf, pos, bits) = (self.buf(), self.position(access), u32::from(access.bits));
        match access.load {
            Load::Bytes | Load::UnsignedLe => load_le(buf, pos, bits),
            Load::SignedLe => sign_extend(load_le(buf, pos, bits), bits),
            Load::UnsignedBe => load_be(buf, pos, bits),
            Load::SignedBe => sign_extend(load_be(buf, pos, bits), bits),
            Load::Float => {
                let scope = self.data().scopes()[scope].0;
                match scope.and_then(|s| s.members().get(field)).map(|m| &m.ty.kind) {
                    Some(Kind::Float(float)) => value::load_float(buf, pos, float) as i64 as u64,
                    _ => 0,
                }
            }
            Load::ByType => {
                let scope = self.data().scopes()[scope].0;
                let member = scope.and_then(|s| s.members().get(field));
                member.and_then(|m| m.ty.as_int()).map_or(0, |int| load_int(buf, pos, int))
            }
            Load::Text | Load::TextArray | Load::Compound => 0,
        }
    }

    #[inline(never)]
    fn text_array(self, access: &Access, field: usize) -> &'a [u8] {
        let Some(Kind::Array(array)) = self.data().fields_type(field).map(|ty| &ty.kind) else { return &[] };
        let length = match &array.length {
            Length::Static(n) => *n,
            Length::Dynamic(reference) => {
                self.cursor.slots().get(usize::from(reference.slot)).copied().unwrap_or(0)
            }
        };
        value::text(self.buf(), self.position(access), self.cursor.end(), length)
    }
}

impl ClassData {
    fn fields_type(&self, field: usize) -> Option<&FieldType> {
        Some(&self.payload.as_ref()?.members().get(field)?.ty)
    }
}

impl std::fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        struct Map<I>(std::cell::RefCell<I>);
        impl<'a, I: Iterator<Item = (&'a str, Value<'a>)>> std::fmt::Debug for Map<I> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_map().entries(&mut *self.0.borrow_mut()).finish()
            }
        }
        f.debug_struct("Event")
            .field("timestamp_ns", &self.timestamp_ns())
            .field("name", &self.name())
            .field("common_context", &Map(self.common_context().into()))
            .field("specific_context", &Map(self.specific_context().into()))
            .field("fields", &Map(self.fields().into()))
            .finish()
    }
}
