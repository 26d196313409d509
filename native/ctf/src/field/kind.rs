//! What types are made of.

use std::sync::Arc;

use super::{Field, FieldType, Mapping, Role, Scope, Variant};
use crate::bits::ByteOrder;

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Int(Int),
    Enum(Int, Arc<[Mapping]>),
    Float(Float),
    Str,
    Struct(Vec<Field>),
    Array(Box<Array>),
    Variant(Box<Variant>),
    Optional(Box<Optional>),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Int {
    /// Width, or 64 where that is in the bytes.
    pub(crate) bits: u8,
    pub(crate) form: Form,
    /// True or false rather than a number.
    pub(crate) boolean: bool,
    pub(crate) signed: bool,
    pub(crate) base: u8,
    /// Characters: an array of these is a string.
    pub(crate) text: bool,
    /// The byte order is the trace's, which may not be known yet.
    pub(crate) native: bool,
    pub(crate) order: ByteOrder,
    pub(crate) role: Role,
    pub(crate) slot: u16,
    /// Index of the name of the clock in the builder's table.
    pub(crate) clock: u16,
}

impl Int {
    /// Size in bits when it is the same in every record.
    pub(crate) fn size(&self) -> Option<u64> {
        (self.form != Form::Variable).then_some(self.bits.into())
    }

    /// It is loaded by its byte order alone, and is a number.
    pub(crate) fn is_plain(&self) -> bool {
        self.form == Form::Plain && !self.boolean
    }
}

/// How a number's bits are put down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// In the order that is natural with the byte order.
    Plain,
    /// The first bit last.
    Reversed,
    /// Seven bits in each byte, the last byte's highest bit clear (LEB128).
    Variable,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Float {
    pub(crate) bits: u8,
    /// The first bit is last.
    pub(crate) reversed: bool,
    pub(crate) native: bool,
    pub(crate) order: ByteOrder,
}

#[derive(Debug, Clone)]
pub(crate) struct Array {
    pub(crate) element: FieldType,
    pub(crate) length: Length,
    /// Bytes of text, not numbers.
    pub(crate) text: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Length {
    Static(u64),
    Dynamic(Reference),
}

/// A field named by another one as its length or selector.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    pub(crate) path: Arc<[Box<str>]>,
    pub(crate) origin: Origin,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) slot: u16,
    pub(crate) signed: bool,
}

/// Where the path of a reference starts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Origin {
    /// In the structures around, the innermost first, then in the scopes before: TSDL's.
    Around,
    /// In a scope's root, of TSDL.
    Scope(Scope),
    /// The same of CTF 2, whose paths go through the options of variants.
    Root(Scope),
    /// So many structures out of the one around: CTF 2's without an origin.
    Up(usize),
}

#[derive(Debug, Clone)]
pub(crate) struct Optional {
    pub(crate) selector: Reference,
    pub(crate) ranges: Vec<(u64, u64)>,
    pub(crate) ty: FieldType,
}
