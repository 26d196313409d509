//! Thin safe wrappers around the VM's functions that the tracer path uses.

mod atom_name;
mod clock;
mod env;
mod list;
mod packing;
mod print;
mod size;
mod tuple;
mod word;

pub(crate) use atom_name::AtomName;
pub(crate) use clock::clock_offsets;
pub(crate) use env::CallEnv;
pub(crate) use print::print;
pub(crate) use word::{term_of, word_of};
