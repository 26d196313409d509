//! Everything that is derived from the catalogue and committed: a test keeps each of them true.

mod bindings;
mod c_header;
mod c_source;
mod docs;

use crate::otp::field_name;
use crate::{CATALOGUE, EventInfo, OTP_CATALOGUE, OTP_PROVIDER, OtpInfo, PROVIDER, WireType};

/// One derived file.
pub struct Rendered {
    /// Where it lives, from the root of the repository.
    pub path: &'static str,
    /// What it must contain.
    pub text: String,
}

/// A provider as it is rendered into C: its name, the file its tracepoints are in, and its events.
struct Provider {
    name: &'static str,
    stem: &'static str,
    count: &'static str,
    origin: &'static str,
    events: Vec<Tracepoint>,
}

/// An event with its fields.
struct Tracepoint {
    name: &'static str,
    fields: Vec<(&'static str, WireType)>,
}

fn typed() -> Provider {
    let fields =
        |event: &EventInfo| event.fields.iter().map(|field| (field.name, field.field_type.wire())).collect();
    Provider {
        name: PROVIDER,
        stem: "beamtap_tp",
        count: "EVENT_COUNT",
        origin: ORIGIN,
        events: CATALOGUE
            .iter()
            .map(|event| Tracepoint { name: event.name, fields: fields(event) })
            .collect(),
    }
}

fn otp() -> Provider {
    let fields =
        |event: &OtpInfo| event.fields.iter().map(|&(name, wire)| (field_name(name), wire)).collect();
    Provider {
        name: OTP_PROVIDER,
        stem: "otp_tp",
        count: "OTP_EVENT_COUNT",
        origin: "Rendered from native/schema/src/otp.rs by `cargo test -p beamtap-schema`. Do not edit.",
        events: OTP_CATALOGUE
            .iter()
            .map(|event| Tracepoint { name: event.name, fields: fields(event) })
            .collect(),
    }
}

/// Renders every derived file.
pub fn all() -> Vec<Rendered> {
    let (typed, otp) = (typed(), otp());
    vec![
        Rendered { path: "native/provider/generated/beamtap_tp.h", text: c_header::render(&typed) },
        Rendered { path: "native/provider/generated/beamtap_tp.c", text: c_source::render(&typed) },
        Rendered { path: "native/provider/generated/tracepoints.rs", text: bindings::render(&typed) },
        Rendered { path: "native/provider-otp/generated/otp_tp.h", text: c_header::render(&otp) },
        Rendered { path: "native/provider-otp/generated/otp_tp.c", text: c_source::render(&otp) },
        Rendered { path: "native/provider-otp/generated/tracepoints.rs", text: bindings::render(&otp) },
        Rendered { path: "docs/EVENTS.md", text: docs::render() },
    ]
}

/// The line that tells a reader of a derived file where to change it.
const ORIGIN: &str =
    "Rendered from native/schema/src/catalogue.rs by `cargo test -p beamtap-schema`. Do not edit.";
