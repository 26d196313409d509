//! The LTTng-UST provider `org_erlang_dyntrace`: OTP's events as tracepoints, behind one table.
//!
//! A library of its own, since the name may be registered once in a process: in a VM built with LTTng it is the VM's.

#[cfg(lttng_ust)]
mod table;

#[cfg(lttng_ust)]
pub use table::beamtap_provider_otp;
