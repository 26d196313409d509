//! Everything that is derived from the catalogue and committed: a test keeps each of them true.

mod bindings;
mod c_header;
mod c_source;
mod docs;

/// One derived file.
pub struct Rendered {
    /// Where it lives, from the root of the repository.
    pub path: &'static str,
    /// What it must contain.
    pub text: String,
}

/// Renders every derived file.
pub fn all() -> Vec<Rendered> {
    vec![
        Rendered { path: "native/provider/generated/beamtap_tp.h", text: c_header::render() },
        Rendered { path: "native/provider/generated/beamtap_tp.c", text: c_source::render() },
        Rendered { path: "native/provider/generated/tracepoints.rs", text: bindings::render() },
        Rendered { path: "docs/EVENTS.md", text: docs::render() },
    ]
}

/// The line that tells a reader of a derived file where to change it.
const ORIGIN: &str =
    "Rendered from native/schema/src/catalogue.rs by `cargo test -p beamtap-schema`. Do not edit.";
