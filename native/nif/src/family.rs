//! The families of callbacks that the VM knows, each with the kinds of events it is for.

use crate::board;
use crate::layout;
use beamtap_schema::EventKind;

/// The kinds one family of callbacks is asked about.
pub(crate) type Family = &'static [EventKind];

pub(crate) const CALL: Family = &[EventKind::Call];
pub(crate) const SEND: Family = &[EventKind::Send, EventKind::SendToNonExistingProcess];
pub(crate) const RECEIVE: Family = &[EventKind::Receive];
pub(crate) const PROCS: Family = &[
    EventKind::Spawn,
    EventKind::Spawned,
    EventKind::Exit,
    EventKind::Register,
    EventKind::Unregister,
    EventKind::Link,
    EventKind::Unlink,
    EventKind::GettingLinked,
    EventKind::GettingUnlinked,
];
pub(crate) const RUNNING_PROCS: Family =
    &[EventKind::In, EventKind::Out, EventKind::InExiting, EventKind::OutExiting, EventKind::OutExited];
pub(crate) const GARBAGE_COLLECTION: Family = &[
    EventKind::GcMinorStart,
    EventKind::GcMinorEnd,
    EventKind::GcMajorStart,
    EventKind::GcMajorEnd,
    EventKind::GcMaxHeapSize,
];
pub(crate) const PORTS: Family = &[
    EventKind::Open,
    EventKind::Closed,
    EventKind::PortRegister,
    EventKind::PortUnregister,
    EventKind::PortGettingLinked,
    EventKind::PortGettingUnlinked,
];
pub(crate) const RUNNING_PORTS: Family = &[EventKind::PortIn, EventKind::PortOut];
/// The kinds that come through `trace/5` because their own callbacks must not exist (the VM would call them with too
/// few arguments) or do not.
pub(crate) const DEFAULT: Family = &[
    EventKind::Call,
    EventKind::ReturnFrom,
    EventKind::ReturnTo,
    EventKind::ExceptionFrom,
    EventKind::Send,
    EventKind::SendToNonExistingProcess,
    EventKind::SeqSend,
];
/// What `enabled/3` is asked about where the VM finds no callback of the family's own: `seq_trace`, calls through a
/// meta-trace pattern, and, for every tracee now and then, `trace_status`.
pub(crate) const ALL: Family = &[
    EventKind::Call,
    EventKind::ReturnFrom,
    EventKind::ReturnTo,
    EventKind::ExceptionFrom,
    EventKind::Send,
    EventKind::SendToNonExistingProcess,
    EventKind::SeqSend,
];

/// The kind of an event that a callback of the family is called for, by the VM's trace tag.
#[inline(always)]
pub(crate) fn kind_of(family: Family, tag: u64, tracee: u64) -> Option<EventKind> {
    let kind = family.iter().copied().find(|&kind| board::is_tag(kind, tag))?;
    if kind == EventKind::Receive && layout::port(tracee).is_some() {
        return Some(EventKind::PortReceive);
    }
    Some(kind)
}
