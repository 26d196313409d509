//! Sequential tracing.

macro_rules! sequences {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// A message with a sequential trace token was sent.
        "seq_send" SeqSend (Events, SeqTrace) {
            /// The sequence's label.
            label: Label,
            /// The serial of the event before this one.
            previous: Count,
            /// The serial of this event.
            serial: Count,
            /// The sender.
            from: Entity,
            /// What kind of thing sent it.
            from_kind: EntityTag,
            /// The receiver.
            to: Entity,
            /// What kind of thing received it.
            to_kind: EntityTag,
            /// The message's outer form.
            message: Message,
            /// Ties a call to its reply.
            tag: Tag,
        }
        /// A message with a sequential trace token was received.
        "seq_receive" SeqReceive (Events, SeqTrace) {
            /// The sequence's label.
            label: Label,
            /// The serial of the event before this one.
            previous: Count,
            /// The serial of this event.
            serial: Count,
            /// The sender.
            from: Entity,
            /// What kind of thing sent it.
            from_kind: EntityTag,
            /// The receiver.
            to: Entity,
            /// What kind of thing received it.
            to_kind: EntityTag,
            /// The message's outer form.
            message: Message,
            /// Ties a call to its reply.
            tag: Tag,
        }
        /// `seq_trace:print` was called under a token; what it said stays in the VM.
        "seq_print" SeqPrint (Events, SeqTrace) {
            /// The sequence's label.
            label: Label,
            /// The serial of the event before this one.
            previous: Count,
            /// The serial of this event.
            serial: Count,
            /// Who printed it.
            from: Entity,
            /// What kind of thing printed it.
            from_kind: EntityTag,
        }
    } };
}
