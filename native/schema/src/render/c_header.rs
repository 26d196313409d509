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
         #include <lttng/tracepoint.h>\n\
         {WRITING}",
    );
    for event in &provider.events {
        tracepoint(&mut out, name, event);
    }
    out.push_str("\n#endif\n\n#include <lttng/tracepoint-event.h>\n");
    out
}

/// How fields are written. LTTng reads the header once per stage of what it makes of it, and only while it makes the
/// functions that write does `lttng_ust__get_dynamic_len` exist; where it does not, everything is as LTTng has it.
const WRITING: &str = "
/* LTTng calls a function of its library for each field that it writes, and writes texts byte by byte. Where records are
 * packed, numbers that stand beside one another are written by one call, and a text, whose length is known by then, as
 * a whole. */
#undef BEAMTAP_NUMBERS
#undef BEAMTAP_NUMBERS_END
#if defined(lttng_ust__get_dynamic_len) && !defined(LTTNG_UST_RING_BUFFER_NATURAL_ALIGN)
#define BEAMTAP_NUMBERS { char numbers[sizeof(*e)], *end = numbers;
#define BEAMTAP_NUMBERS_END __chan->ops->event_write(&__ctx, numbers, end - numbers, 1); }
#undef lttng_ust_field_integer
#define lttng_ust_field_integer(type, item, source) \
	{ const type number = source; memcpy(end, &number, sizeof(number)); end += sizeof(number); }
#undef lttng_ust_field_string
#define lttng_ust_field_string(item, source) \
	__chan->ops->event_write(&__ctx, source, lttng_ust__get_dynamic_len(item), 1);
#else
#define BEAMTAP_NUMBERS
#define BEAMTAP_NUMBERS_END
#endif
";

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
    for run in event.fields.chunk_by(|(_, a), (_, b)| is_number(*a) && is_number(*b)) {
        let are_numbers = run.iter().all(|&(_, wire)| is_number(wire));
        out.push_str(if are_numbers { "\t\tBEAMTAP_NUMBERS\n" } else { "" });
        for &(name, wire) in run {
            let _ = writeln!(out, "\t\t{}", recorded(name, wire));
        }
        out.push_str(if are_numbers { "\t\tBEAMTAP_NUMBERS_END\n" } else { "" });
    }
    out.push_str("\t)\n)\n");
}

fn is_number(wire: WireType) -> bool {
    wire != WireType::Text
}

fn recorded(name: &str, wire: WireType) -> String {
    match wire {
        WireType::Text => format!("lttng_ust_field_string({name}, e->{name})"),
        wire => format!("lttng_ust_field_integer({}, {name}, e->{name})", wire.c_type()),
    }
}
