//! From a trace of the BEAM to tables that answer questions.
//!
//! [`Lift`] turns what the trace reader gives into events of the catalogue; it is the one place where the trace
//! format meets the schema. A [`Pass`] keeps track of what is true of the traced VM ([`Automaton`]) and lets
//! analyses draw their conclusions from it: one pass over the trace answers all questions, each with a [`Table`].
//!
//! This crate has no clock, no sockets, no threads: what it says follows from the trace alone.

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
