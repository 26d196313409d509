//! The Rust side of the provider: declarations of the C functions and the two arrays made of them.

use super::ORIGIN;
use crate::{CATALOGUE, PROVIDER};
use std::fmt::Write;

pub(super) fn render() -> String {
    let mut out = format!("// {ORIGIN}\n\nuse std::ffi::{{c_int, c_void}};\n\nextern \"C\" {{\n");
    for event in &CATALOGUE {
        let name = event.name;
        let _ = writeln!(out, "    fn {PROVIDER}_emit_{name}(event: *const c_void);");
        let _ = writeln!(out, "    fn {PROVIDER}_enabled_{name}() -> *const c_int;");
    }
    out.push_str(
        "}\n\n/// Records one event, by kind.\npub(crate) const EMIT: [unsafe extern \"C\" fn(*const c_void); beamtap_schema::EVENT_COUNT] = [\n",
    );
    for event in &CATALOGUE {
        let _ = writeln!(out, "    {PROVIDER}_emit_{},", event.name);
    }
    out.push_str(
        "];\n\n/// Finds an event's switch, by kind.\npub(crate) const ENABLED: [unsafe extern \"C\" fn() -> *const c_int; beamtap_schema::EVENT_COUNT] = [\n",
    );
    for event in &CATALOGUE {
        let _ = writeln!(out, "    {PROVIDER}_enabled_{},", event.name);
    }
    out.push_str("];\n");
    out
}
