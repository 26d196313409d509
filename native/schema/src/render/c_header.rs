//! The tracepoint provider's header: a structure and a tracepoint per event.

use super::{Provider, Tracepoint};
use crate::WireType;
use std::fmt::Write;

pub(super) fn render(provider: &Provider) -> String {
    let Provider { name, stem, origin, .. } = provider;
    let guard = stem.to_uppercase();
    let mut out = format!(
        "/* {origin} */\n\
         #undef LTTNG_UST_TRACEPOINT_PROVIDER\n\
         #define LTTNG_UST_TRACEPOINT_PROVIDER {name}\n\n\
         #undef LTTNG_UST_TRACEPOINT_INCLUDE\n\
         #define LTTNG_UST_TRACEPOINT_INCLUDE \"./{stem}.h\"\n\n\
         #ifndef {guard}_STRUCTS\n\
         #define {guard}_STRUCTS\n\
         #include <stdint.h>\n"
    );
    for event in &provider.events {
        structure(&mut out, name, event);
    }
    let _ = write!(
        out,
        "#endif\n\n\
         #if !defined({guard}_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)\n\
         #define {guard}_H\n\
         #include <lttng/tracepoint.h>\n",
    );
    for event in &provider.events {
        tracepoint(&mut out, name, event);
    }
    out.push_str("\n#endif\n\n#include <lttng/tracepoint-event.h>\n");
    out
}

// Writing to a String cannot fail, so the results are dropped.
fn structure(out: &mut String, provider: &str, event: &Tracepoint) {
    let _ = writeln!(out, "\nstruct {provider}_{} {{", event.name);
    for (name, wire) in &event.fields {
        let _ = writeln!(out, "\t{} {name};", wire.c_type());
    }
    out.push_str("};\n");
}

fn tracepoint(out: &mut String, provider: &str, event: &Tracepoint) {
    let name = event.name;
    let _ = write!(
        out,
        "\nLTTNG_UST_TRACEPOINT_EVENT({provider}, {name},\n\
         \tLTTNG_UST_TP_ARGS(const struct {provider}_{name} *, e),\n\
         \tLTTNG_UST_TP_FIELDS(\n"
    );
    for &(name, wire) in &event.fields {
        let _ = writeln!(out, "\t\t{}", recorded(name, wire));
    }
    out.push_str("\t)\n)\n");
}

fn recorded(name: &str, wire: WireType) -> String {
    match wire {
        WireType::Text => format!("lttng_ust_field_string({name}, e->{name})"),
        wire => format!("lttng_ust_field_integer({}, {name}, e->{name})", wire.c_type()),
    }
}
