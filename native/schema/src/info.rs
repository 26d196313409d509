//! What the catalogue says about each event, and the macro that derives everything from it.

use crate::catalogue::EventKind;
use crate::field::FieldType;

/// The LTTng channel an event is recorded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// What the VM does: many events, discarded when the buffers are full.
    Events,
    /// What the numbers in events mean: few events, with their own buffers, so a flood of events loses no names.
    Definitions,
}

impl Channel {
    /// The channel's name in LTTng.
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Events => "beamtap-events",
            Channel::Definitions => "beamtap-defs",
        }
    }
}

/// What makes the VM produce an event: a trace flag of `erlang:trace/3`, or one of the other sources at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// Flag `call`: calls, and returns and exceptions if the match specification asks for them.
    Call,
    /// Flag `return_to`.
    ReturnTo,
    /// Flag `send`.
    Send,
    /// Flag `'receive'`.
    Receive,
    /// Flag `procs`.
    Procs,
    /// Flag `running`.
    Running,
    /// Flag `exiting`.
    Exiting,
    /// Flag `garbage_collection`.
    GarbageCollection,
    /// Flag `ports`.
    Ports,
    /// Flag `running_ports`.
    RunningPorts,
    /// Sequential tracing: messages with a token that the application sets. Not a flag of `erlang:trace/3`.
    SeqTrace,
    /// Reports of the VM's system monitor. Not a flag.
    SystemMonitor,
    /// Samples of schedulers. Not a flag.
    Schedulers,
    /// Samples of allocators. Not a flag.
    Allocators,
    /// Data of events, if a tap asks for it. Not a flag.
    Payload,
    /// Marks and spans of the application: `beamtap:mark/1` and `beamtap:span/2`. Every tap records them. Not a flag.
    Marks,
    /// beamtap's own definitions and counters. Not a flag.
    Own,
}

impl Class {
    /// The classes that are trace flags, and sequential tracing, in the order of the documentation.
    pub const FLAGS: &'static [Class] = &[
        Class::Call,
        Class::ReturnTo,
        Class::Send,
        Class::Receive,
        Class::Procs,
        Class::Running,
        Class::Exiting,
        Class::GarbageCollection,
        Class::Ports,
        Class::RunningPorts,
        Class::SeqTrace,
    ];

    /// The name of the flag in `erlang:trace/3`, or the name of the class if it is not a flag. Empty for
    /// [`Class::Own`].
    pub const fn flag(self) -> &'static str {
        match self {
            Class::Call => "call",
            Class::ReturnTo => "return_to",
            Class::Send => "send",
            Class::Receive => "receive",
            Class::Procs => "procs",
            Class::Running => "running",
            Class::Exiting => "exiting",
            Class::GarbageCollection => "garbage_collection",
            Class::Ports => "ports",
            Class::RunningPorts => "running_ports",
            Class::SeqTrace => "seq_trace",
            Class::SystemMonitor => "system_monitor",
            Class::Schedulers => "schedulers",
            Class::Allocators => "allocators",
            Class::Payload => "payload",
            Class::Marks => "marks",
            Class::Own => "",
        }
    }
}

/// One field of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldInfo {
    /// The field's name in the trace.
    pub name: &'static str,
    /// What it means and how it is laid out.
    pub field_type: FieldType,
    /// One line of documentation.
    pub doc: &'static str,
}

/// One event of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct EventInfo {
    /// Its kind; also its place in [`CATALOGUE`](crate::CATALOGUE).
    pub kind: EventKind,
    /// Its name without the provider: the VM's trace tag if it has one.
    pub name: &'static str,
    /// The channel it is recorded in.
    pub channel: Channel,
    /// The flag that makes the VM produce it.
    pub class: Class,
    /// Its fields, in the order they are recorded.
    pub fields: &'static [FieldInfo],
    /// What it means.
    pub doc: &'static str,
}

impl EventInfo {
    /// The VM's trace tag. It differs from the event's name if the VM uses one tag for different events.
    pub fn tag(&self) -> &'static str {
        match self.class {
            Class::SeqTrace => self.class.flag(),
            // What fires is told as what is received.
            Class::Receive => self.class.flag(),
            // What ports do comes under the tags of what processes do.
            _ => self.name.strip_prefix("port_").unwrap_or(self.name),
        }
    }

    /// The name in LTTng and in a trace's metadata: `beamtap:call`.
    pub fn full_name(&self) -> String {
        format!("{}:{}", crate::PROVIDER, self.name)
    }
}

/// A `#[repr(C)]` structure that the provider can emit. The type fixes its kind, so the two cannot be mixed up.
pub trait WireEvent {
    /// The event this structure carries.
    const KIND: EventKind;
}

macro_rules! events {
    ($(
        $(#[doc = $doc:literal])+
        $name:literal $kind:ident ($channel:ident, $class:ident) {
            $( $(#[doc = $fdoc:literal])+ $field:ident : $ftype:ident, )+
        }
    )+) => {
        /// The kind of an event: its place in the catalogue. Kinds are not stable between versions; names are.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum EventKind { $( $(#[doc = $doc])+ $kind, )+ }

        impl EventKind {
            /// Everything the catalogue says about this kind.
            pub const fn info(self) -> &'static EventInfo {
                &CATALOGUE[self as usize]
            }

            /// The kind with this name (without the provider), if there is one.
            pub fn from_name(name: &str) -> Option<EventKind> {
                match name { $( $name => Some(EventKind::$kind), )+ _ => None }
            }
        }

        /// How many kinds of events there are.
        pub const EVENT_COUNT: usize = [ $( EventKind::$kind, )+ ].len();

        /// Every event beamtap can record, in the order of [`EventKind`].
        pub const CATALOGUE: [EventInfo; EVENT_COUNT] = [ $(
            EventInfo {
                kind: EventKind::$kind,
                name: $name,
                channel: Channel::$channel,
                class: Class::$class,
                fields: &[ $( FieldInfo {
                    name: stringify!($field),
                    field_type: <kind::$ftype as FieldKind>::TYPE,
                    doc: concat!($($fdoc),+),
                }, )+ ],
                doc: concat!($($doc),+),
            },
        )+ ];

        /// The structures passed to the provider, with the layout of the rendered C header.
        pub mod wire {
            use crate::catalogue::EventKind;
            use crate::info::WireEvent;
            use crate::field::{FieldKind, kind};
            $(
                $(#[doc = $doc])+
                #[derive(Clone, Copy, Debug)]
                #[repr(C)]
                pub struct $kind {
                    $( $(#[doc = $fdoc])+ pub $field: <kind::$ftype as FieldKind>::Wire, )+
                }
                impl WireEvent for $kind {
                    const KIND: EventKind = EventKind::$kind;
                }
            )+
        }

        /// The events as a reader sees them.
        pub mod event {
            use crate::field::{FieldKind, kind};
            $(
                $(#[doc = $doc])+
                #[derive(Clone, Copy, Debug)]
                pub struct $kind<'a> {
                    $( $(#[doc = $fdoc])+ pub $field: <kind::$ftype as FieldKind>::Read<'a>, )+
                }
            )+
        }

        /// One event as a reader sees it.
        #[derive(Clone, Copy, Debug)]
        pub enum Event<'a> { $( $(#[doc = $doc])+ $kind(event::$kind<'a>), )+ }

        impl<'a> Event<'a> {
            /// Reads an event of `kind`. `fields[i]` is the place of the catalogue's field `i` in `source`, which
            /// has as many entries as the catalogue has fields for this kind.
            #[inline]
            pub fn read<S: FieldSource<'a>>(kind: EventKind, source: &S, fields: &[usize]) -> Event<'a> {
                match kind { $(
                    EventKind::$kind => {
                        let mut place = fields.iter().copied();
                        let mut next = || place.next().unwrap_or(usize::MAX);
                        Event::$kind(event::$kind {
                            $( $field: <kind::$ftype as FieldKind>::read(source, next()), )+
                        })
                    }
                )+ }
            }

            /// Which kind of event it is.
            pub const fn kind(&self) -> EventKind {
                match self { $( Event::$kind(_) => EventKind::$kind, )+ }
            }
        }
    };
}
pub(crate) use events;
