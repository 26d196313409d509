//! The catalogue. A new event is one stanza in the file of its class.
//!
//! Each file below is a macro that adds its stanzas to those before it and hands all on to the next; [`events`] gets them
//! in the order of [`collect`]'s list.

use crate::field::{FieldKind, FieldSource, kind};
use crate::info::{Channel, Class, EventInfo, FieldInfo, events};

macro_rules! collect {
    ([] $($all:tt)*) => { events! { $($all)* } };
    ([$first:ident $($rest:ident)*] $($before:tt)*) => { $first! { [$($rest)*] $($before)* } };
}

#[macro_use]
mod calls;
#[macro_use]
mod messages;
#[macro_use]
mod processes;
#[macro_use]
mod scheduling;
#[macro_use]
mod collections;
#[macro_use]
mod ports;
#[macro_use]
mod sequences;
#[macro_use]
mod system_monitor;
#[macro_use]
mod samples;
#[macro_use]
mod payloads;
#[macro_use]
mod marks;
#[macro_use]
mod own;

collect! {
    [calls messages processes scheduling collections ports sequences system_monitor samples payloads marks own]
}
