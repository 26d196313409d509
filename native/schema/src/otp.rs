//! OTP's own LTTng events, provider `org_erlang_dyntrace`, as OTP's LTTng guide describes them. Names, fields, order
//! and types are those of OTP (lib/runtime_tools/c_src/dyntrace_lttng.h) and never change.

use crate::catalogue::EventKind;
use crate::field::WireType;
use crate::provider::{Table, fold};
use std::ffi::c_char;

/// The name of OTP's LTTng-UST provider.
pub const OTP_PROVIDER: &str = "org_erlang_dyntrace";

/// The function that the library with OTP's events exports: `extern "C" fn() -> *const OtpTable`.
pub const OTP_PROVIDER_SYMBOL: &str = "beamtap_provider_otp";

/// What the library with OTP's events offers, indexed by [`OtpKind`].
pub type OtpTable = Table<OTP_EVENT_COUNT>;

/// One of OTP's events.
#[derive(Clone, Copy, Debug)]
pub struct OtpInfo {
    /// Its name without the provider.
    pub name: &'static str,
    /// Names and types of its fields, in the order they are recorded.
    pub fields: &'static [(&'static str, WireType)],
}

/// A structure that carries one of OTP's events to the provider.
pub trait OtpEvent {
    /// The event this structure carries.
    const KIND: OtpKind;
}

macro_rules! rust_type {
    (Text) => { *const c_char };
    (U32) => { u32 };
    (U64) => { u64 };
}

macro_rules! otp_events {
    ($( $(#[doc = $doc:literal])+ $name:literal $kind:ident { $( $field:ident : $wire:ident, )+ } )+) => {
        /// The kind of one of OTP's events: its place in [`OTP_CATALOGUE`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum OtpKind { $( $(#[doc = $doc])+ $kind, )+ }

        /// How many events OTP has.
        pub const OTP_EVENT_COUNT: usize = [ $( OtpKind::$kind, )+ ].len();

        /// OTP's events, in the order of [`OtpKind`].
        pub const OTP_CATALOGUE: [OtpInfo; OTP_EVENT_COUNT] = [ $(
            OtpInfo { name: $name, fields: &[ $( (stringify!($field), WireType::$wire), )+ ] },
        )+ ];

        /// The structures passed to the provider, with the layout of the rendered C header.
        pub mod otp_wire {
            use super::{OtpEvent, OtpKind, c_char};
            $(
                $(#[doc = $doc])+
                #[derive(Clone, Copy, Debug)]
                #[repr(C)]
                pub struct $kind {
                    $(
                        #[doc = concat!("OTP's field `", stringify!($field), "`.")]
                        pub $field: rust_type!($wire),
                    )+
                }
                impl OtpEvent for $kind {
                    const KIND: OtpKind = OtpKind::$kind;
                }
            )+
        }
    };
}

otp_events! {
    /// A process spawned another one.
    "process_spawn" ProcessSpawn { pid: Text, parent: Text, entry: Text, }
    /// A process was linked or unlinked, by itself or by another.
    "process_link" ProcessLink { from: Text, to: Text, r#type: Text, }
    /// A process ended.
    "process_exit" ProcessExit { pid: Text, reason: Text, }
    /// A process took or gave up a name.
    "process_register" ProcessRegister { pid: Text, name: Text, r#type: Text, }
    /// A process was scheduled in or out.
    "process_scheduled" ProcessScheduled { pid: Text, entry: Text, r#type: Text, }
    /// A port was opened.
    "port_open" PortOpen { pid: Text, driver: Text, port: Text, }
    /// A port was closed.
    "port_exit" PortExit { port: Text, reason: Text, }
    /// A port was linked or unlinked.
    "port_link" PortLink { from: Text, to: Text, r#type: Text, }
    /// A port was scheduled in or out; OTP calls the port `pid`.
    "port_scheduled" PortScheduled { pid: Text, entry: Text, r#type: Text, }
    /// A function was called.
    "function_call" FunctionCall { pid: Text, entry: Text, depth: U32, }
    /// A function returned, or was returned to.
    "function_return" FunctionReturn { pid: Text, entry: Text, depth: U32, }
    /// A function was left by an exception.
    "function_exception" FunctionException { pid: Text, entry: Text, class: Text, }
    /// A message was sent.
    "message_send" MessageSend { from: Text, to: Text, message: Text, }
    /// A message was received.
    "message_receive" MessageReceive { to: Text, message: Text, }
    /// A minor collection began; words.
    "gc_minor_start" GcMinorStart { pid: Text, need: U64, heap: U64, old_heap: U64, }
    /// A minor collection ended; words.
    "gc_minor_end" GcMinorEnd { pid: Text, reclaimed: U64, heap: U64, old_heap: U64, }
    /// A major collection began; words.
    "gc_major_start" GcMajorStart { pid: Text, need: U64, heap: U64, old_heap: U64, }
    /// A major collection ended; words.
    "gc_major_end" GcMajorEnd { pid: Text, reclaimed: U64, heap: U64, old_heap: U64, }
}

/// A number that changes whenever an event's name, field or type does.
pub const OTP_SCHEMA_ID: u64 = {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut kind = 0;
    while kind < OTP_EVENT_COUNT {
        hash = fold(hash, OTP_CATALOGUE[kind].name.as_bytes());
        let mut field = 0;
        while field < OTP_CATALOGUE[kind].fields.len() {
            let (name, wire) = OTP_CATALOGUE[kind].fields[field];
            hash = fold(hash, field_name(name).as_bytes());
            hash = fold(hash, wire.c_type().as_bytes());
            field += 1;
        }
        kind += 1;
    }
    hash
};

/// A field's name as OTP spells it: `type` is a word of Rust's own.
pub(crate) const fn field_name(name: &'static str) -> &'static str {
    if matches!(name.as_bytes(), b"r#type") { "type" } else { name }
}

impl OtpKind {
    /// OTP's event for one of beamtap's events, if there is one.
    pub const fn of(kind: EventKind) -> Option<OtpKind> {
        Some(match kind {
            EventKind::Call => OtpKind::FunctionCall,
            EventKind::ReturnFrom | EventKind::ReturnTo => OtpKind::FunctionReturn,
            EventKind::ExceptionFrom => OtpKind::FunctionException,
            EventKind::Send | EventKind::SendToNonExistingProcess => OtpKind::MessageSend,
            EventKind::Receive | EventKind::ReceiveTimeout | EventKind::PortReceive => {
                OtpKind::MessageReceive
            }
            EventKind::Spawn => OtpKind::ProcessSpawn,
            EventKind::Exit => OtpKind::ProcessExit,
            EventKind::Register | EventKind::Unregister => OtpKind::ProcessRegister,
            EventKind::Link | EventKind::Unlink | EventKind::GettingLinked | EventKind::GettingUnlinked => {
                OtpKind::ProcessLink
            }
            EventKind::In
            | EventKind::Out
            | EventKind::InExiting
            | EventKind::OutExiting
            | EventKind::OutExited => OtpKind::ProcessScheduled,
            EventKind::GcMinorStart => OtpKind::GcMinorStart,
            EventKind::GcMinorEnd => OtpKind::GcMinorEnd,
            EventKind::GcMajorStart => OtpKind::GcMajorStart,
            EventKind::GcMajorEnd => OtpKind::GcMajorEnd,
            EventKind::Open => OtpKind::PortOpen,
            EventKind::Closed => OtpKind::PortExit,
            EventKind::PortGettingLinked | EventKind::PortGettingUnlinked => OtpKind::PortLink,
            EventKind::PortIn | EventKind::PortOut => OtpKind::PortScheduled,
            _ => return None,
        })
    }
}
