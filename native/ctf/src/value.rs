//! Values of fields, borrowed from the packet.

use std::fmt;

use crate::bits::{align_up, find_nul};
use crate::field::{Array, Choice, Field, FieldType, Float, Kind, MAX_EMPTY_ELEMENTS, Mapping};
use crate::walk::{self, Env, load_int};

/// Value of a field.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Value<'a> {
    /// An unsigned integer.
    Unsigned(u64),
    /// A signed integer.
    Signed(i64),
    /// A floating-point number; 32-bit ones are widened.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// Text without the final NUL; UTF-8, unless the application wrote something else.
    Str(&'a [u8]),
    /// An integer with names for its values.
    Enum(EnumValue<'a>),
    /// Elements of an array or a sequence.
    Array(Elements<'a>),
    /// Members of a structure.
    Struct(Members<'a>),
    /// The selected option of a variant.
    Variant(Selected<'a>),
    /// An optional field without a value.
    Absent,
}

/// Value of an enumeration.
#[derive(Clone, Copy)]
pub struct EnumValue<'a> {
    pub(crate) value: u64,
    pub(crate) signed: bool,
    pub(crate) mappings: &'a [Mapping],
}

impl<'a> EnumValue<'a> {
    /// The number; read it as `i64` if [`is_signed`](EnumValue::is_signed).
    pub fn value(&self) -> u64 {
        self.value
    }

    /// True when the enumeration's values are signed.
    pub fn is_signed(&self) -> bool {
        self.signed
    }

    /// Names of the value in the order of the metadata: none, one, or several if ranges overlap.
    pub fn labels(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let (value, signed) = (self.value, self.signed);
        self.mappings.iter().filter(move |m| m.contains(value, signed)).map(Mapping::label)
    }

    /// First name of the value.
    pub fn label(&self) -> Option<&'a str> {
        self.labels().next()
    }
}

impl fmt::Debug for EnumValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.signed {
            write!(f, "{:?} ({})", self.label(), self.value as i64)
        } else {
            write!(f, "{:?} ({})", self.label(), self.value)
        }
    }
}

/// Slots that belong to one top-level field; few fields have any, hardly one has more than a handful.
#[derive(Clone)]
enum OwnSlots {
    Inline([u64; 4]),
    Heap(Box<[u64]>),
}

/// A place in a packet, with what lengths and selectors there refer to.
#[derive(Clone)]
pub(crate) struct Place<'a> {
    buf: &'a [u8],
    pos: u64,
    end: u64,
    outer: &'a [u64],
    own: OwnSlots,
    first: u16,
}

impl<'a> Place<'a> {
    /// `first..last` are the slots that are set inside of the field.
    pub(crate) fn new(
        buf: &'a [u8],
        pos: u64,
        end: u64,
        slots: &'a [u64],
        (first, last): (u16, u16),
    ) -> Place<'a> {
        let own = match usize::from(last.saturating_sub(first)) {
            n if n <= 4 => OwnSlots::Inline([0; 4]),
            n => OwnSlots::Heap(vec![0; n].into_boxed_slice()),
        };
        // Without slots of its own a field must not hide the four that follow its own.
        let first = if last > first { first } else { u16::MAX - 8 };
        Place { buf, pos, end, outer: slots, own, first }
    }

    fn env(&mut self) -> Env<'_> {
        let own = match &mut self.own {
            OwnSlots::Inline(slots) => &mut slots[..],
            OwnSlots::Heap(slots) => &mut slots[..],
        };
        Env { outer: self.outer, own, first: self.first, roles: None, budget: MAX_EMPTY_ELEMENTS }
    }

    /// Moves behind a field. What was decoded once cannot fail; if it does, there is nothing more to see.
    fn skip(&mut self, ty: &FieldType) -> Option<()> {
        let (buf, pos, end) = (self.buf, self.pos, self.end);
        self.pos = walk::skip(ty, buf, pos, end, &mut self.env()).ok()?;
        Some(())
    }

    pub(crate) fn value(mut self, ty: &'a FieldType) -> Value<'a> {
        self.pos = align_up(self.pos, ty.align.into());
        let (buf, pos, end) = (self.buf, self.pos, self.end);
        match &ty.kind {
            Kind::Int(int) if int.boolean => Value::Bool(load_int(buf, pos, int) != 0),
            Kind::Int(int) if int.signed => Value::Signed(load_int(buf, pos, int) as i64),
            Kind::Int(int) => Value::Unsigned(load_int(buf, pos, int)),
            Kind::Enum(int, mappings) => {
                Value::Enum(EnumValue { value: load_int(buf, pos, int), signed: int.signed, mappings })
            }
            Kind::Float(float) => Value::Float(load_float(buf, pos, float)),
            Kind::Str => Value::Str(c_string(buf, pos, end)),
            Kind::Struct(members) => Value::Struct(Members { place: self, members }),
            Kind::Array(array) => {
                let left = walk::count(array, &self.env());
                if array.text {
                    Value::Str(text(buf, pos, end, left))
                } else {
                    Value::Array(Elements { place: self, array, left })
                }
            }
            Kind::Variant(variant) => match walk::chosen(ty, &self.env()) {
                Ok(Some((i, _))) => Value::Variant(Selected { choice: &variant.choices[i], place: self }),
                _ => Value::Absent,
            },
            Kind::Optional(_) => match walk::chosen(ty, &self.env()) {
                Ok(Some((_, inner))) => self.value(inner),
                _ => Value::Absent,
            },
        }
    }
}

/// The number at `pos`.
#[inline]
pub(crate) fn load_float(buf: &[u8], pos: u64, float: &Float) -> f64 {
    let raw = crate::bits::load(buf, pos, float.bits.into(), float.order);
    let raw = if float.reversed { crate::bits::reverse(raw, float.bits.into()) } else { raw };
    if float.bits == 32 { f32::from_bits(raw as u32).into() } else { f64::from_bits(raw) }
}

/// Bytes from `pos` to the NUL.
#[inline]
pub(crate) fn c_string(buf: &[u8], pos: u64, end: u64) -> &[u8] {
    let first = (pos >> 3) as usize;
    let end = (end >> 3) as usize;
    let nul = find_nul(buf, first, end).filter(|nul| *nul < end).unwrap_or(first);
    buf.get(first..nul).unwrap_or_default()
}

/// `length` bytes from `pos`, up to the first NUL.
#[inline]
pub(crate) fn text(buf: &[u8], pos: u64, end: u64, length: u64) -> &[u8] {
    let bytes = buf.get((pos >> 3) as usize..(end >> 3) as usize).unwrap_or_default();
    let bytes = &bytes[..bytes.len().min(length as usize)];
    &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())]
}

/// Elements of an array or a sequence: an iterator of values.
#[derive(Clone)]
pub struct Elements<'a> {
    place: Place<'a>,
    array: &'a Array,
    left: u64,
}

impl<'a> Elements<'a> {
    /// Number of elements left.
    pub fn len(&self) -> usize {
        self.left as usize
    }

    /// True when there are no more elements.
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// The elements' 64 bits, when they are integers without anything between.
    pub(crate) fn numbers(&self) -> Option<impl Iterator<Item = u64> + use<'a>> {
        let element = &self.array.element;
        let Kind::Int(int) = element.kind else { return None };
        if !int.is_plain() {
            return None;
        }
        let stride = align_up(int.bits.into(), element.align.into());
        let (buf, first) = (self.place.buf, align_up(self.place.pos, element.align.into()));
        let room = self.place.end.saturating_sub(first) / stride + 1;
        Some((0..self.left.min(room)).map(move |i| load_int(buf, first + i * stride, &int)))
    }

    /// The bytes of the elements, if each element is one aligned byte.
    pub fn as_bytes(&self) -> Option<&'a [u8]> {
        let element = &self.array.element;
        let one_byte =
            element.align == 8 && matches!(&element.kind, Kind::Int(int) if int.bits == 8 && int.is_plain());
        let at = (self.place.pos >> 3) as usize;
        if one_byte { self.place.buf.get(at..at + self.left as usize) } else { None }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        self.left = self.left.checked_sub(1)?;
        let place = self.place.clone();
        if self.place.skip(&self.array.element).is_none() {
            self.left = 0;
            return None;
        }
        Some(place.value(&self.array.element))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left as usize))
    }
}

impl fmt::Debug for Elements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// Members of a structure: an iterator of names and values.
#[derive(Clone)]
pub struct Members<'a> {
    place: Place<'a>,
    members: &'a [Field],
}

impl<'a> Members<'a> {
    pub(crate) fn of(place: Place<'a>, ty: &'a FieldType) -> Members<'a> {
        let mut place = place;
        place.pos = align_up(place.pos, ty.align.into());
        Members { place, members: ty.members() }
    }

    /// Members with their types as well.
    pub(crate) fn typed(mut self) -> impl Iterator<Item = (&'a str, &'a FieldType, Value<'a>)> {
        std::iter::from_fn(move || {
            let member = self.members.first()?;
            let (name, value) = self.next()?;
            Some((name, &member.ty, value))
        })
    }

    /// Number of members left.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// True when there are no more members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, Value<'a>);

    fn next(&mut self) -> Option<(&'a str, Value<'a>)> {
        let (member, rest) = self.members.split_first()?;
        self.members = rest;
        let place = self.place.clone();
        if self.place.skip(&member.ty).is_none() {
            self.members = &[];
            return None;
        }
        Some((member.name(), place.value(&member.ty)))
    }
}

impl fmt::Debug for Members<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.clone()).finish()
    }
}

/// The option of a variant that its selector selects.
#[derive(Clone)]
pub struct Selected<'a> {
    choice: &'a Choice,
    place: Place<'a>,
}

impl<'a> Selected<'a> {
    /// Name of the option.
    pub fn name(&self) -> &'a str {
        self.choice.name()
    }

    /// Type of the option.
    pub fn field_type(&self) -> &'a FieldType {
        &self.choice.ty
    }

    /// Value of the option.
    pub fn value(&self) -> Value<'a> {
        self.place.clone().value(&self.choice.ty)
    }
}

impl fmt::Debug for Selected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entry(&self.name(), &self.value()).finish()
    }
}
