//! What is said of each event in the catalogue, and the macro that says it once.

use crate::catalogue::EventKind;
use crate::field::FieldType;

/// The LTTng channel an event is recorded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// What the VM did: high rate, may be discarded when the buffers are full.
    Events,
    /// What the numbers in events mean: low rate, buffers of its own, so that a flood of events loses no names.
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

/// What makes the VM produce an event: but for the last ones a trace flag of `erlang:trace/3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// Flag `call`: calls, and returns and exceptions where the match specification asks for them.
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
    /// No flag of `erlang:trace/3`: sequential tracing, of messages with a token that the application sets.
    SeqTrace,
    /// No flag: what the VM's system monitor tells.
    SystemMonitor,
    /// No flag: what schedulers do, sampled.
    Schedulers,
    /// No flag: what allocators hold, sampled.
    Allocators,
    /// No flag: what events carried, where a tap asks for it.
    Payload,
    /// No flag: what the application says by `beamtap:mark/1` and `beamtap:span/2`. Every tap records it.
    Marks,
    /// No flag: beamtap's own definitions and counters.
    Own,
}

impl Class {
    /// The classes that are trace flags, and sequential tracing, in the order they are documented.
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

    /// The flag's name, as `erlang:trace/3` spells it, and for classes that have none the class's own; empty for
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
    /// Its name without the provider: the VM's trace tag where there is one.
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
    /// The VM's trace tag: the event's name where the VM does not use the same tag for different things.
    pub fn tag(&self) -> &'static str {
        match self.class {
            Class::SeqTrace => self.class.flag(),
            // What fires is told as what is received.
            Class::Receive => self.class.flag(),
            // What ports do comes under the tags of what processes do.
            _ => self.name.strip_prefix("port_").unwrap_or(self.name),
        }
    }

    /// The name as LTTng and a trace's metadata spell it: `beamtap:call`.
    pub fn full_name(&self) -> String {
        format!("{}:{}", crate::PROVIDER, self.name)
    }
}

/// A `#[repr(C)]` structure that the provider can emit; tied to its kind, so that the two cannot be mixed up.
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

        /// The structures handed to the provider, laid out as the rendered C header says.
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
