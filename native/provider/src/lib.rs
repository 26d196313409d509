//! The LTTng-UST provider `beamtap`: the catalogue's events as tracepoints, behind one table.
//!
//! The NIF opens this library when tracing is first asked for; nothing links it. The tracepoints themselves are C,
//! rendered from the schema, because LTTng-UST's descriptors exist only as C macros.

#[cfg(lttng_ust)]
mod table;

#[cfg(lttng_ust)]
pub use table::beamtap_provider;
