//! The provider's C source: tracepoints defined, and per event a function that records and a switch to look at.

use super::ORIGIN;
use crate::{CATALOGUE, PROVIDER};
use std::fmt::Write;

pub(super) fn render() -> String {
    let mut out = format!(
        "/* {ORIGIN} */\n\
         #define LTTNG_UST_TRACEPOINT_CREATE_PROBES\n\
         #define LTTNG_UST_TRACEPOINT_DEFINE\n\
         #include \"beamtap_tp.h\"\n\n\
         /* The caller has looked at the switch: these record without looking again. */\n"
    );
    for event in &CATALOGUE {
        let name = event.name;
        let _ = write!(
            out,
            "\nvoid {PROVIDER}_emit_{name}(const void *e);\n\
             void {PROVIDER}_emit_{name}(const void *e)\n\
             {{\n\tlttng_ust_do_tracepoint({PROVIDER}, {name}, (const struct {PROVIDER}_{name} *) e);\n}}\n\
             const int *{PROVIDER}_enabled_{name}(void);\n\
             const int *{PROVIDER}_enabled_{name}(void)\n\
             {{\n\treturn &lttng_ust_tracepoint_{PROVIDER}___{name}.state;\n}}\n"
        );
    }
    out
}
