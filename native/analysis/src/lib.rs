//! Makes tables from a trace of the BEAM.
//!
//! [`Lift`] turns the trace reader's events into events of the catalogue. It is the only place that knows both the
//! trace format and the schema. A [`Pass`] keeps the state of the traced VM ([`Automaton`]) and gives it to the
//! analyses. One pass over the trace answers all questions, each with one or more [`Table`]s.
//!
//! This crate has no clock, sockets or threads: its answers depend on the trace alone.

#![forbid(unsafe_code)]

mod analyses;
mod atom;
mod automaton;
mod bindings;
mod error;
mod interned;
mod item;
mod lift;
mod table;

pub use analyses::{ANALYSES, AnalysisInfo, Pass};
pub use atom::{elixir_atom, elixir_function, erlang_atom};
pub use automaton::{
    Automaton, Change, Collection, EndedCall, Ending, FunctionName, Identity, Interruptions, Names, Process,
    Slice, ThreadName, Vm,
};
pub use bindings::Bindings;
pub use error::Error;
pub use interned::Interned;
pub use item::{Item, Lost, Stamp};
pub use lift::Lift;
pub use table::{Align, Cell, Column, Shape, Table, TableInfo, Unit};
