//! The catalogue of everything beamtap records, with units, ids and loss counters.
//!
//! [`CATALOGUE`] is the only place for the names, fields and layouts of events. The C tracepoint provider, the Rust
//! bindings, the reader and `docs/EVENTS.md` are derived from it.
//!
//! This crate has no dependencies, and does not know the VM, LTTng or a clock.

#![forbid(unsafe_code)]

mod beam_domain;
mod catalogue;
mod entity;
pub mod field;
mod info;
mod loss;
mod otp;
mod provider;
pub mod render;

pub use beam_domain::{BEAM_DOMAIN, BeamDomainInfo};
pub use catalogue::{CATALOGUE, EVENT_COUNT, Event, EventKind, event, wire};
pub use entity::{Entity, EntityKind};
pub use field::{
    ExceptionClass, FieldSource, FieldType, MessageKind, PayloadPart, Phase, PortOp, SpanOutcome, ThreadKind,
    Unit, WireType,
};
pub use info::{Channel, Class, EventInfo, FieldInfo, WireEvent};
pub use loss::{Counters, LOSSES, Loss, LossInfo};
pub use otp::{
    OTP_CATALOGUE, OTP_EVENT_COUNT, OTP_PROVIDER, OTP_PROVIDER_SYMBOL, OTP_SCHEMA_ID, OtpEvent, OtpInfo,
    OtpKind, OtpTable, otp_wire,
};
pub use provider::{PROVIDER, PROVIDER_SYMBOL, ProviderTable, SCHEMA_ID, Table};
