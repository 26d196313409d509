//! beamtap's `erl_tracer`: turns what the VM reports into typed LTTng events.
//!
//! Two worlds live here. On the tracer path ([`raw`], [`quick`], [`slow`], and what they use) code runs inside the traced
//! process, once per event, and never allocates, locks, formats, makes system calls or panics. Beside it ([`control`],
//! [`taps`], [`lttng`], [`traces`], [`marks`], [`instruments`], [`ticker`]) ordinary NIFs, on dirty schedulers where they can
//! take long, open and close the way to LTTng.
//!
//! The library links nothing of LTTng, so that it loads wherever the VM runs.

mod answer;
mod atoms;
mod block;
mod board;
mod clock;
mod control;
mod decimal;
mod definitions;
mod depth;
mod emitter;
mod family;
mod function_text;
mod gate;
mod instruments;
mod intern;
mod layout;
mod load;
mod lttng;
mod marks;
mod naming;
mod otp;
mod own_word;
mod payload;
mod payload_events;
mod pid_text;
mod ports;
mod provider;
mod quick;
mod quick_otp;
mod raw;
mod reply;
mod sequence;
mod slow;
mod sys;
mod taps;
mod term;
mod ticker;
mod traced;
mod traces;
mod writer;

rustler::init!("beamtap_nif", load = load::load);
