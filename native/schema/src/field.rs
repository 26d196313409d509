//! The types a field can have: what they mean, their unit, and how wide they are on the wire.

use std::ffi::c_char;

/// The unit of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// No unit: an identity, a name, or one of a fixed set of values.
    None,
    /// Machine words of the traced VM (8 bytes on a 64-bit VM).
    Words,
    /// Bytes.
    Bytes,
    /// Nanoseconds.
    Nanoseconds,
    /// A number of things.
    Count,
}

/// The layout of a field in the provider's C structure and in the recorded event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireType {
    /// `uint8_t`
    U8,
    /// `uint32_t`
    U32,
    /// `uint64_t`
    U64,
    /// `const char *` in the structure, a NUL-terminated UTF-8 string in the trace.
    Text,
}

impl WireType {
    /// The C type of the member in the provider's structure.
    pub const fn c_type(self) -> &'static str {
        match self {
            WireType::U8 => "uint8_t",
            WireType::U32 => "uint32_t",
            WireType::U64 => "uint64_t",
            WireType::Text => "const char *",
        }
    }
}

/// The fields of one recorded event. Implemented by the holder of the bytes.
pub trait FieldSource<'a> {
    /// The unsigned integer in field `index`, widened.
    fn unsigned(&self, index: usize) -> u64;
    /// The text in field `index`; bytes that are not UTF-8 are the implementor's to replace.
    fn text(&self, index: usize) -> &'a str;
}

/// Connects a field type in the catalogue with its form in the structure and its form when read.
pub trait FieldKind {
    /// The member's type in the provider's `#[repr(C)]` structure.
    type Wire: Copy;
    /// The type a reader sees.
    type Read<'a>: Copy;
    /// The entry for the catalogue.
    const TYPE: FieldType;
    /// Reads field `index` of one event.
    fn read<'a, S: FieldSource<'a>>(source: &S, index: usize) -> Self::Read<'a>;
}

macro_rules! field_types {
    ($( $(#[doc = $doc:literal])+ $name:ident : $wire:ident, $unit:ident; )+) => {
        /// The meaning of a field. Each has one wire type and one unit.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum FieldType { $( $(#[doc = $doc])+ $name, )+ }

        impl FieldType {
            /// The layout of the field.
            pub const fn wire(self) -> WireType {
                match self { $( FieldType::$name => WireType::$wire, )+ }
            }

            /// The unit of the field.
            pub const fn unit(self) -> Unit {
                match self { $( FieldType::$name => Unit::$unit, )+ }
            }

            /// The type's name, for documentation.
            pub const fn name(self) -> &'static str {
                match self { $( FieldType::$name => stringify!($name), )+ }
            }

            /// One line on what the type means, for documentation.
            pub const fn doc(self) -> &'static str {
                match self { $( FieldType::$name => concat!($($doc),+), )+ }
            }

            /// All field types, in the order of the documentation.
            pub const ALL: &'static [FieldType] = &[ $( FieldType::$name, )+ ];
        }

        /// One marker per field type, for use in the catalogue.
        pub mod kind {
            $(
                $(#[doc = $doc])+
                #[derive(Clone, Copy, Debug)]
                pub struct $name;
                impl super::FieldKind for $name {
                    type Wire = wire_type!($wire);
                    type Read<'a> = read_type!($wire, 'a);
                    const TYPE: super::FieldType = super::FieldType::$name;
                    fn read<'a, S: super::FieldSource<'a>>(source: &S, index: usize) -> Self::Read<'a> {
                        read_field!($wire, source, index)
                    }
                }
            )+
        }
    };
}

macro_rules! wire_type {
    (U8) => { u8 };
    (U32) => { u32 };
    (U64) => { u64 };
    (Text) => { *const super::c_char };
}

macro_rules! read_type {
    (U8, $a:lifetime) => { u8 };
    (U32, $a:lifetime) => { u32 };
    (U64, $a:lifetime) => { u64 };
    (Text, $a:lifetime) => { &$a str };
}

// The narrowing casts cannot lose anything: the reader checked the field's width when it bound the event class.
macro_rules! read_field {
    (U8, $source:ident, $index:ident) => {
        $source.unsigned($index) as u8
    };
    (U32, $source:ident, $index:ident) => {
        $source.unsigned($index) as u32
    };
    (U64, $source:ident, $index:ident) => {
        $source.unsigned($index)
    };
    (Text, $source:ident, $index:ident) => {
        $source.text($index)
    };
}

field_types! {
    /// A local process: `serial << 32 | number` of `<0.Number.Serial>`.
    Pid: U64, None;
    /// A process, port, name or reference; its [`EntityKind`](crate::EntityKind) says which.
    Entity: U64, None;
    /// A port of this node: the number of `#Port<0.Number>`.
    Port: U64, None;
    /// A command to a port: see `PortOp`.
    PortOp: U8, None;
    /// The label of a sequential trace: a number below 2^59 as it is, a hash for a reference, else 0.
    Label: U64, None;
    /// The kind of thing that an [`Entity`](crate::Entity) field names: see `EntityKind`.
    EntityTag: U8, None;
    /// An interned function, named by `def_function`; 0 if there is none.
    Function: U32, None;
    /// An interned atom, named by `def_atom`; 0 if there is none.
    Atom: U32, None;
    /// A thread id of the operating system, named by `def_thread`.
    Thread: U32, None;
    /// `error`, `exit` or `throw`: see `ExceptionClass`.
    Exception: U8, None;
    /// The kind of message, by its outer form: see `MessageKind`.
    Message: U8, None;
    /// A 64-bit hash that identifies one call and its reply; 0 if the message has no tag.
    Tag: U64, None;
    /// The kind of thread: see `ThreadKind`.
    ThreadTag: U8, None;
    /// When in a recording a counter was read: see `Phase`.
    PhaseTag: U8, None;
    /// A size in words of the traced VM.
    Words: U64, Words;
    /// A size in bytes.
    Bytes: U64, Bytes;
    /// A length of time.
    Nanoseconds: U64, Nanoseconds;
    /// A number of things.
    Count: U64, Count;
    /// A number of things below 2^32.
    SmallCount: U32, Count;
    /// The number of arguments of a function.
    Arity: U8, Count;
    /// Half of the 128-bit number that identifies one recording.
    Nonce: U64, None;
    /// Which data of an event a payload is: see `PayloadPart`.
    PayloadTag: U8, None;
    /// 1 if what the field's name claims is true, else 0.
    Flag: U8, None;
    /// The number of one run of `beamtap:span/2`, unique for the life of the VM.
    Span: U64, None;
    /// How a span ended: see `SpanOutcome`.
    Outcome: U8, None;
    /// Text in UTF-8.
    Text: Text, None;
}

macro_rules! wire_enum {
    ($(#[$meta:meta])* $name:ident { $( $(#[doc = $doc:literal])+ $variant:ident = $value:literal $text:literal, )+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $name { $( $(#[doc = $doc])+ $variant = $value, )+ }

        impl $name {
            /// The value with this number on the wire, if there is one.
            pub const fn from_wire(value: u8) -> Option<Self> {
                match value { $( $value => Some($name::$variant), )+ _ => None }
            }

            /// The number on the wire.
            pub const fn to_wire(self) -> u8 {
                self as u8
            }

            /// The word for the value.
            pub const fn as_str(self) -> &'static str {
                match self { $( $name::$variant => $text, )+ }
            }

            /// All values: number on the wire, word, meaning.
            pub const ALL: &'static [(u8, &'static str, &'static str)] =
                &[ $( ($value, $text, concat!($($doc),+)), )+ ];
        }
    };
}
pub(crate) use wire_enum;

wire_enum! {
    /// The class of an Erlang exception.
    ExceptionClass {
        /// A runtime error or `erlang:error/1`.
        Error = 0 "error",
        /// `erlang:exit/1`.
        Exit = 1 "exit",
        /// `erlang:throw/1`.
        Throw = 2 "throw",
        /// The VM reported another class.
        Unknown = 3 "unknown",
    }
}

wire_enum! {
    /// The kind of a message, by its outer form alone. Its content stays in the VM.
    MessageKind {
        /// None of the forms below.
        Other = 0 "other",
        /// `{'$gen_call', {Pid, Tag}, _}`: a request of gen_server:call and similar functions.
        GenCall = 1 "gen_call",
        /// `{'$gen_cast', _}`.
        GenCast = 2 "gen_cast",
        /// `{Ref, _}` or `{[alias | Ref], _}`: the reply to a call.
        Reply = 3 "reply",
        /// `{'DOWN', Ref, _, _, _}`: a monitor fired.
        Down = 4 "down",
        /// `{'EXIT', _, _}`: an exit signal turned into a message.
        Exit = 5 "exit",
        /// `{timeout, Ref, _}`: a timer of erlang:start_timer.
        Timeout = 6 "timeout",
    }
}

wire_enum! {
    /// A command to a port.
    PortOp {
        /// None of the forms below.
        Other = 0 "other",
        /// `{command, Data}`: data to write.
        Command = 1 "command",
        /// `{control, {Number, Data}}`: `port_control/3`.
        Control = 2 "control",
        /// `{call, {Number, Data}}`: `erlang:port_call/3`.
        Call = 3 "call",
        /// `{connect, Pid}`: a new owner.
        Connect = 4 "connect",
        /// `close`.
        Close = 5 "close",
    }
}

wire_enum! {
    /// Which data of an event a payload is.
    PayloadPart {
        /// The arguments of a `call`.
        Arguments = 0 "arguments",
        /// The value that a `return_from` returned.
        ReturnValue = 1 "return_value",
        /// The value that an `exception_from` raised, without the class.
        ExceptionValue = 2 "exception_value",
        /// The message of a `send`, `send_to_non_existing_process`, `receive` or `port_receive`.
        Message = 3 "message",
        /// The reason of an `exit` or `closed`.
        ExitReason = 4 "exit_reason",
    }
}

wire_enum! {
    /// How a span ended.
    SpanOutcome {
        /// The function returned.
        Returned = 0 "returned",
        /// It ended with an error.
        Error = 1 "error",
        /// It ended with an exit.
        Exit = 2 "exit",
        /// It ended with a throw.
        Throw = 3 "throw",
    }
}

wire_enum! {
    /// What a thread of the VM does.
    ThreadKind {
        /// Runs Erlang processes and ports.
        Scheduler = 0 "scheduler",
        /// Runs dirty CPU-bound native functions and large garbage collections.
        DirtyCpu = 1 "dirty_cpu",
        /// Runs dirty I/O-bound native functions.
        DirtyIo = 2 "dirty_io",
        /// Any other thread of the VM's process.
        Other = 3 "other",
    }
}

wire_enum! {
    /// When in a recording a counter was read.
    Phase {
        /// Before the first traced event of the recording.
        Begin = 0 "begin",
        /// While the recording runs: a lower bound if the counters of the end are missing.
        Running = 1 "running",
        /// After the last traced event of the recording.
        End = 2 "end",
        /// Before the first event of a kind that is added while the recording runs. Earlier events of this kind are in other
        /// recordings.
        Joined = 3 "joined",
        /// Before a flight recorder's buffers were written. Events overwritten until then are not in the trace.
        Snapshot = 4 "snapshot",
    }
}
