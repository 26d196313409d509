//! beamtap's `erl_tracer`: turns what the VM reports into typed LTTng events.
//!
//! Two worlds live here. On the tracer path ([`raw`], [`quick`], [`tracer`], [`board`], [`emitter`], [`term`], [`intern`], [`block`], [`gate`]) code
//! runs inside the traced process, once per event: it allocates, locks, formats, calls the kernel and panics never. Beside
//! it ([`control`], [`taps`], [`lttng`], [`provider`], [`definitions`], [`guard`], [`instruments`],
//! [`traces`]) ordinary NIFs, on dirty schedulers where they
//! can take long, open and close the way to LTTng.
//!
//! The library links nothing of LTTng, so that it loads wherever the VM runs.

mod block;
mod board;
mod control;
mod definitions;
mod depth;
mod emitter;
mod function_text;
mod gate;
mod guard;
mod instruments;
mod intern;
mod layout;
mod lttng;
mod marks;
mod naming;
mod otp;
mod own_word;
mod payload;
mod pid_text;
mod ports;
mod provider;
mod quick;
mod raw;
mod sequence;
mod sys;
mod taps;
mod term;
mod tracer;
mod traces;
mod writer;

rustler::init!("beamtap_nif", load = control::load);
