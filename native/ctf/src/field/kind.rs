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
    pub(crate) bits: u8,
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

#[derive(Debug, Clone, Copy)]
pub(crate) struct Float {
    pub(crate) bits: u8,
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
    /// The path starts at a scope's root, as all of CTF 2's do and TSDL's with a scope's name in front.
    pub(crate) scope: Option<Scope>,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) slot: u16,
    pub(crate) signed: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Optional {
    pub(crate) selector: Reference,
    pub(crate) ranges: Vec<(u64, u64)>,
    pub(crate) ty: FieldType,
}
