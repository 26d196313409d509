//! What a number is to the reader itself, and which part of a packet it is in.

/// Parts of a packet and of an event record that have a structure of their own, in the order of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    PacketHeader,
    PacketContext,
    EventHeader,
    CommonContext,
    SpecificContext,
    Payload,
}

/// What a number tells the reader itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Role {
    None,
    Magic,
    StreamClass,
    StreamInstance,
    Begin,
    End,
    ContentSize,
    PacketSize,
    SequenceNumber,
    Discarded,
    Cpu,
    EventClass,
    Timestamp,
}

/// Number of [`Role`]s.
pub(crate) const ROLES: usize = 13;
