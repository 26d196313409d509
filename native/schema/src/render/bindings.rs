//! The Rust side of the provider: declarations of the C functions and the two arrays made of them.

use super::Provider;
use std::fmt::Write;

pub(super) fn render(provider: &Provider) -> String {
    let Provider { name: owner, count, origin, .. } = provider;
    let mut out = format!("// {origin}\n\nuse std::ffi::{{c_int, c_void}};\n\nextern \"C\" {{\n");
    for event in &provider.events {
        let name = event.name;
        let _ = writeln!(out, "    fn {owner}_emit_{name}(event: *const c_void);");
        let _ = writeln!(out, "    fn {owner}_enabled_{name}() -> *const c_int;");
    }
    let _ = write!(
        out,
        "}}\n\n/// Records one event, by kind.\npub(crate) const EMIT: [unsafe extern \"C\" fn(*const c_void); beamtap_schema::{count}] = [\n",
    );
    for event in &provider.events {
        let _ = writeln!(out, "    {owner}_emit_{},", event.name);
    }
    let _ = write!(
        out,
        "];\n\n/// Finds an event's switch, by kind.\npub(crate) const ENABLED: [unsafe extern \"C\" fn() -> *const c_int; beamtap_schema::{count}] = [\n",
    );
    for event in &provider.events {
        let _ = writeln!(out, "    {owner}_enabled_{},", event.name);
    }
    out.push_str("];\n");
    out
}
