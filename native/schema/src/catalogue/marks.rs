//! The application's own marks and spans.

macro_rules! marks {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// `beamtap:mark/1` was called.
        "mark" Mark (Events, Marks) {
            /// The process that called it.
            pid: Pid,
            /// Whether the text was cut. If so, it ends with `…`.
            is_truncated: Flag,
            /// The text.
            text: Text,
        }
        /// The function given to `beamtap:span/2` starts.
        "span_begin" SpanBegin (Events, Marks) {
            /// The process that runs it.
            pid: Pid,
            /// The number of the span; `span_end` has the same.
            span: Span,
            /// Whether the name was cut. If so, it ends with `…`.
            is_truncated: Flag,
            /// The name of the span.
            name: Text,
        }
        /// The function given to `beamtap:span/2` ended.
        "span_end" SpanEnd (Events, Marks) {
            /// The process that ran it.
            pid: Pid,
            /// The number of the span, as in its `span_begin`.
            span: Span,
            /// How it ended.
            outcome: Outcome,
        }
    } };
}
