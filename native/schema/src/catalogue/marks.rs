//! The application's own marks and spans.

macro_rules! marks {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// `beamtap:mark/1` was called.
        "mark" Mark (Events, Marks) {
            /// The process that called it.
            pid: Pid,
            /// Whether the text was cut; it ends with `…` then.
            is_truncated: Flag,
            /// What it said.
            text: Text,
        }
        /// The function given to `beamtap:span/2` begins.
        "span_begin" SpanBegin (Events, Marks) {
            /// The process that runs it.
            pid: Pid,
            /// The span's number, which its end repeats.
            span: Span,
            /// Whether the name was cut; it ends with `…` then.
            is_truncated: Flag,
            /// The name given.
            name: Text,
        }
        /// The function given to `beamtap:span/2` has ended.
        "span_end" SpanEnd (Events, Marks) {
            /// The process that ran it.
            pid: Pid,
            /// The number its beginning carried.
            span: Span,
            /// How it ended.
            outcome: Outcome,
        }
    } };
}
