//! The provider's C source: tracepoints defined, and per event a function that records and a switch to look at.

use super::Provider;
use std::fmt::Write;

pub(super) fn render(provider: &Provider) -> String {
    let Provider { name: owner, stem, origin, .. } = provider;
    let mut out = format!(
        "/* {origin} */\n\
         /* LTTng's own way to have its few lines of read-side locking compiled in; they are meant for code of any\n \
          * licence (lttng/urcu/static/urcu-ust.h). */\n\
         #define _LGPL_SOURCE\n\
         #define LTTNG_UST_TRACEPOINT_CREATE_PROBES\n\
         #define LTTNG_UST_TRACEPOINT_DEFINE\n\
         #include \"{stem}.h\"\n\n\
         /* The caller has looked at the switch: these record without looking again. */\n"
    );
    for event in &provider.events {
        let name = event.name;
        let _ = write!(
            out,
            "\nvoid {owner}_emit_{name}(const void *e);\n\
             void {owner}_emit_{name}(const void *e)\n\
             {{\n\tlttng_ust_do_tracepoint({owner}, {name}, (const struct {owner}_{name} *) e);\n}}\n\
             const int *{owner}_enabled_{name}(void);\n\
             const int *{owner}_enabled_{name}(void)\n\
             {{\n\treturn &lttng_ust_tracepoint_{owner}___{name}.state;\n}}\n"
        );
    }
    out
}
