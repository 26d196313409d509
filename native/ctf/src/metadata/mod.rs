//! What a trace's metadata says, whichever language says it.

mod build;
mod json;
mod json_types;
mod lexer;
mod resolve;
mod roles;
mod text;
mod tsdl;

pub(crate) use build::Builder;
pub(crate) use text::{MAX_TEXT, MetadataReader};

use crate::bits::ByteOrder;
use crate::clock::Clock;
use crate::field::FieldType;

/// Value of an entry of a trace's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvValue {
    /// A number.
    Int(i64),
    /// Text.
    Str(String),
}

impl EnvValue {
    /// The text, unless it is a number.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            EnvValue::Str(s) => Some(s),
            EnvValue::Int(_) => None,
        }
    }

    /// The number, unless it is text.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            EnvValue::Int(i) => Some(*i),
            EnvValue::Str(_) => None,
        }
    }
}

/// A trace class with everything under it; grows as more metadata is read.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    pub(crate) uuid: Option<[u8; 16]>,
    pub(crate) native: Option<ByteOrder>,
    pub(crate) environment: Vec<(String, EnvValue)>,
    pub(crate) clocks: Vec<Clock>,
    pub(crate) packet_header: Option<FieldType>,
    /// Slots that the packet header uses.
    pub(crate) header_slots: u16,
    pub(crate) streams: Vec<StreamClass>,
}

/// A data stream class.
#[derive(Debug)]
pub(crate) struct StreamClass {
    pub(crate) id: u64,
    pub(crate) packet_context: Option<FieldType>,
    pub(crate) event_header: Option<FieldType>,
    /// References in it are resolved for each event class anew.
    pub(crate) event_context: Option<FieldType>,
    pub(crate) clock: Option<usize>,
    /// Slots that the packet header, the packet context and the event header use.
    pub(crate) slots: u16,
    pub(crate) events: Vec<EventDef>,
}

/// An event record class.
#[derive(Debug)]
pub(crate) struct EventDef {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) log_level: Option<i64>,
    pub(crate) emf_uri: Option<String>,
    pub(crate) common_context: Option<FieldType>,
    pub(crate) specific_context: Option<FieldType>,
    pub(crate) payload: Option<FieldType>,
    /// First slot behind those that this class uses.
    pub(crate) slots: u16,
    /// A length or selector refers to the event header.
    pub(crate) uses_header: bool,
}
