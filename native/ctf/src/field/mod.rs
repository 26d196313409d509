//! Types of fields, as the metadata describes them.

mod kind;
mod place;
mod tree;
mod variant;

use std::fmt;
use std::sync::Arc;

use crate::bits::align_up;

pub(crate) use kind::{Array, Float, Form, Int, Kind, Length, Optional, Origin, Reference};
pub(crate) use place::{ROLES, Role, Scope};
pub(crate) use tree::Scalar;
pub use variant::{Choice, Mapping};
pub(crate) use variant::{Variant, in_range};

/// No slot: nothing later in the packet asks for this number.
pub(crate) const NO_SLOT: u16 = u16::MAX;
/// No clock is behind this number.
pub(crate) const NO_CLOCK: u16 = u16::MAX;
/// Greatest depth of nesting that a type may have.
pub(crate) const MAX_DEPTH: u16 = 64;
/// Most array elements without any bits that a type, or what a record has of it, may have. Nobody needs them, and a
/// byte of a hostile trace could stand for any number.
pub(crate) const MAX_EMPTY_ELEMENTS: u64 = 256;
/// Greatest alignment that a type may have, in bits. A window of a packet starts on a multiple of it.
pub(crate) const MAX_ALIGN: u64 = 1 << 19;

/// Type of one field: an integer, an enumeration, a string, a structure, …
#[derive(Clone)]
pub struct FieldType {
    pub(crate) kind: Kind,
    /// Alignment in bits, a power of two.
    pub(crate) align: u32,
    /// Size in bits when it is the same in every record, counted from an aligned start.
    pub(crate) size: Option<u64>,
    /// A number inside has a slot or a role, so that skipping over the bytes is not enough.
    pub(crate) saves: bool,
    /// Levels of nesting, this one included.
    pub(crate) depth: u16,
}

/// What a [`FieldType`] is, for matching on.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum FieldKind<'a> {
    /// An unsigned integer of so many bits.
    Unsigned {
        /// Width in bits, 1 to 64.
        bits: u32,
        /// Base that people like to read it in: 2, 8, 10 or 16.
        base: u32,
    },
    /// A signed integer of so many bits.
    Signed {
        /// Width in bits, 1 to 64.
        bits: u32,
        /// Base that people like to read it in: 2, 8, 10 or 16.
        base: u32,
    },
    /// True or false.
    Bool,
    /// An integer with names for its values.
    Enum {
        /// True when values are signed.
        signed: bool,
        /// Names with the ranges of values that they stand for.
        mappings: &'a [Mapping],
    },
    /// An IEEE 754 number of 32 or 64 bits.
    Float {
        /// 32 or 64.
        bits: u32,
    },
    /// Bytes of text: NUL-terminated, or an array or sequence of 8-bit characters.
    Str,
    /// Named members.
    Struct(&'a [Field]),
    /// So many elements of one type.
    Array {
        /// Type of the elements.
        element: &'a FieldType,
        /// Number of elements.
        length: u64,
    },
    /// Elements of one type, as many as an earlier field says.
    Sequence {
        /// Type of the elements.
        element: &'a FieldType,
    },
    /// One of several types, as an earlier field says.
    Variant(&'a [Choice]),
    /// A field that is there or not, as an earlier field says.
    Optional(&'a FieldType),
}

/// A named member of a structure.
#[derive(Debug, Clone)]
pub struct Field {
    /// As the metadata spells it: what references in the metadata use.
    pub(crate) raw: Box<str>,
    /// Bytes of `raw` that are not part of the public name: TSDL's leading underscore.
    pub(crate) strip: u8,
    pub(crate) ty: FieldType,
}

impl Field {
    /// Name of the member, without TSDL's leading underscore.
    pub fn name(&self) -> &str {
        &self.raw[self.strip as usize..]
    }

    /// Type of the member.
    pub fn field_type(&self) -> &FieldType {
        &self.ty
    }
}

impl FieldType {
    pub(crate) fn int(int: Int, align: u32) -> FieldType {
        FieldType { kind: Kind::Int(int), align, size: int.size(), saves: false, depth: 1 }
    }

    pub(crate) fn enumeration(int: Int, align: u32, mappings: Arc<[Mapping]>) -> FieldType {
        FieldType { kind: Kind::Enum(int, mappings), align, size: int.size(), saves: false, depth: 1 }
    }

    pub(crate) fn float(float: Float, align: u32) -> FieldType {
        FieldType { kind: Kind::Float(float), align, size: Some(float.bits.into()), saves: false, depth: 1 }
    }

    pub(crate) fn string() -> FieldType {
        FieldType { kind: Kind::Str, align: 8, size: None, saves: false, depth: 1 }
    }

    pub(crate) fn structure(members: Vec<Field>, min_align: u32) -> FieldType {
        let align = members.iter().map(|m| m.ty.align).fold(min_align, u32::max);
        let size = members.iter().try_fold(0u64, |at, m| {
            align_up(at, m.ty.align.into()).checked_add(m.ty.size?).filter(|&s| s <= SIZE_LIMIT)
        });
        let depth = 1 + members.iter().map(|m| m.ty.depth).max().unwrap_or(0);
        FieldType { kind: Kind::Struct(members), align, size, saves: false, depth }
    }

    pub(crate) fn array(element: FieldType, length: Length, text: bool) -> FieldType {
        let align = element.align;
        let size = match (&length, element.size) {
            (Length::Static(0), _) => Some(0),
            (Length::Static(n), Some(size)) => array_size(size, align, *n),
            _ => None,
        };
        let depth = 1 + element.depth;
        FieldType {
            kind: Kind::Array(Box::new(Array { element, length, text })),
            align,
            size,
            saves: false,
            depth,
        }
    }

    pub(crate) fn variant(selector: Option<Reference>, choices: Vec<Choice>) -> FieldType {
        let depth = 1 + choices.iter().map(|c| c.ty.depth).max().unwrap_or(0);
        FieldType {
            kind: Kind::Variant(Box::new(Variant { selector, choices, table: Vec::new() })),
            align: 1,
            size: None,
            saves: false,
            depth,
        }
    }

    pub(crate) fn optional(selector: Reference, ranges: Vec<(u64, u64)>, ty: FieldType) -> FieldType {
        let depth = 1 + ty.depth;
        FieldType {
            kind: Kind::Optional(Box::new(Optional { selector, ranges, ty })),
            align: 1,
            size: None,
            saves: false,
            depth,
        }
    }

    /// What this type is.
    pub fn kind(&self) -> FieldKind<'_> {
        match &self.kind {
            Kind::Int(i) if i.boolean => FieldKind::Bool,
            Kind::Int(i) if i.signed => FieldKind::Signed { bits: i.bits.into(), base: i.base.into() },
            Kind::Int(i) => FieldKind::Unsigned { bits: i.bits.into(), base: i.base.into() },
            Kind::Enum(i, mappings) => FieldKind::Enum { signed: i.signed, mappings },
            Kind::Float(f) => FieldKind::Float { bits: f.bits.into() },
            Kind::Str => FieldKind::Str,
            Kind::Struct(members) => FieldKind::Struct(members),
            Kind::Array(a) if a.text => FieldKind::Str,
            Kind::Array(a) => match a.length {
                Length::Static(length) => FieldKind::Array { element: &a.element, length },
                Length::Dynamic(_) => FieldKind::Sequence { element: &a.element },
            },
            Kind::Variant(v) => FieldKind::Variant(&v.choices),
            Kind::Optional(o) => FieldKind::Optional(&o.ty),
        }
    }

    /// True if [`Event::u64`](crate::Event::u64) reads its value: integers, booleans and enumerations.
    pub fn is_integer(&self) -> bool {
        matches!(self.kind, Kind::Int(_) | Kind::Enum(..))
    }

    /// True if [`Event::bytes`](crate::Event::bytes) reads its value.
    pub fn is_text(&self) -> bool {
        matches!(self.kind(), FieldKind::Str)
    }

    pub(crate) fn as_int(&self) -> Option<&Int> {
        match &self.kind {
            Kind::Int(int) | Kind::Enum(int, _) => Some(int),
            _ => None,
        }
    }

    pub(crate) fn as_int_mut(&mut self) -> Option<&mut Int> {
        match &mut self.kind {
            Kind::Int(int) | Kind::Enum(int, _) => Some(int),
            _ => None,
        }
    }

    pub(crate) fn members(&self) -> &[Field] {
        match &self.kind {
            Kind::Struct(members) => members,
            _ => &[],
        }
    }
}

/// Greatest size of a type that counts as fixed: 2^60 bits. What is larger fails when it is read.
const SIZE_LIMIT: u64 = 1 << 60;

/// Size of `count` elements, each aligned; `None` when no packet could hold them.
pub(crate) fn array_size(size: u64, align: u32, count: u64) -> Option<u64> {
    if count == 0 {
        return Some(0);
    }
    let total = align_up(size, align.into()).checked_mul(count - 1)?.checked_add(size)?;
    (total <= SIZE_LIMIT).then_some(total)
}

impl fmt::Debug for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Int(i) if i.boolean => write!(f, "bool"),
            Kind::Int(i) => write!(f, "{}{}", if i.signed { "i" } else { "u" }, i.bits),
            Kind::Enum(i, _) => write!(f, "enum {}{}", if i.signed { "i" } else { "u" }, i.bits),
            Kind::Float(x) => write!(f, "f{}", x.bits),
            Kind::Str => write!(f, "string"),
            Kind::Struct(members) => {
                f.debug_map().entries(members.iter().map(|m| (m.name(), &m.ty))).finish()
            }
            Kind::Array(a) => match &a.length {
                Length::Static(n) => write!(f, "[{:?}; {n}]", a.element),
                Length::Dynamic(r) => write!(f, "[{:?}; {}]", a.element, r.path.join(".")),
            },
            Kind::Variant(v) => {
                write!(f, "variant ")?;
                f.debug_map().entries(v.choices.iter().map(|c| (c.name(), &c.ty))).finish()
            }
            Kind::Optional(o) => write!(f, "optional {:?}", o.ty),
        }
    }
}
