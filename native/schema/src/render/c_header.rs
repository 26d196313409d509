//! The tracepoint provider's header: a structure and a tracepoint per event.

use super::ORIGIN;
use crate::{CATALOGUE, EventInfo, FieldInfo, PROVIDER, WireType};
use std::fmt::Write;

pub(super) fn render() -> String {
    let mut out = format!(
        "/* {ORIGIN} */\n\
         #undef LTTNG_UST_TRACEPOINT_PROVIDER\n\
         #define LTTNG_UST_TRACEPOINT_PROVIDER {PROVIDER}\n\n\
         #undef LTTNG_UST_TRACEPOINT_INCLUDE\n\
         #define LTTNG_UST_TRACEPOINT_INCLUDE \"./beamtap_tp.h\"\n\n\
         #ifndef BEAMTAP_TP_STRUCTS\n\
         #define BEAMTAP_TP_STRUCTS\n\
         #include <stdint.h>\n"
    );
    for event in &CATALOGUE {
        structure(&mut out, event);
    }
    out.push_str(
        "#endif\n\n\
         #if !defined(BEAMTAP_TP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)\n\
         #define BEAMTAP_TP_H\n\
         #include <lttng/tracepoint.h>\n",
    );
    for event in &CATALOGUE {
        tracepoint(&mut out, event);
    }
    out.push_str("\n#endif\n\n#include <lttng/tracepoint-event.h>\n");
    out
}

// Writing to a String cannot fail, so the results are dropped.
fn structure(out: &mut String, event: &EventInfo) {
    let _ = writeln!(out, "\nstruct {PROVIDER}_{} {{", event.name);
    for field in event.fields {
        let _ = writeln!(out, "\t{} {};", field.field_type.wire().c_type(), field.name);
    }
    out.push_str("};\n");
}

fn tracepoint(out: &mut String, event: &EventInfo) {
    let name = event.name;
    let _ = write!(
        out,
        "\nLTTNG_UST_TRACEPOINT_EVENT({PROVIDER}, {name},\n\
         \tLTTNG_UST_TP_ARGS(const struct {PROVIDER}_{name} *, e),\n\
         \tLTTNG_UST_TP_FIELDS(\n"
    );
    for field in event.fields {
        let _ = writeln!(out, "\t\t{}", recorded(field));
    }
    out.push_str("\t)\n)\n");
}

fn recorded(field: &FieldInfo) -> String {
    let name = field.name;
    match field.field_type.wire() {
        WireType::Text => format!("lttng_ust_field_string({name}, e->{name})"),
        wire => format!("lttng_ust_field_integer({}, {name}, e->{name})", wire.c_type()),
    }
}
