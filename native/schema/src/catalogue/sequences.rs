//! Sequential tracing.

macro_rules! sequences {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// A message with a sequential trace token was sent.
        "seq_send" SeqSend (Events, SeqTrace) {
            /// The sequence's label.
            label: Label,
            /// The serial of the previous event of the sequence.
            previous: Count,
            /// The serial of this event.
            serial: Count,
            /// The sender.
            from: Entity,
            /// The kind of sender.
            from_kind: EntityTag,
            /// The receiver.
            to: Entity,
            /// The kind of receiver.
            to_kind: EntityTag,
            /// The kind of message, by its outer form.
            message: Message,
            /// Identifies a call and its reply.
            tag: Tag,
        }
        /// A message with a sequential trace token was received.
        "seq_receive" SeqReceive (Events, SeqTrace) {
            /// The sequence's label.
            label: Label,
            /// The serial of the previous event of the sequence.
            previous: Count,
            /// The serial of this event.
            serial: Count,
            /// The sender.
            from: Entity,
            /// The kind of sender.
            from_kind: EntityTag,
            /// The receiver.
            to: Entity,
            /// The kind of receiver.
            to_kind: EntityTag,
            /// The kind of message, by its outer form.
            message: Message,
            /// Identifies a call and its reply.
            tag: Tag,
        }
        /// A process with a token called `seq_trace:print`. The printed term stays in the VM.
        "seq_print" SeqPrint (Events, SeqTrace) {
            /// The sequence's label.
            label: Label,
            /// The serial of the previous event of the sequence.
            previous: Count,
            /// The serial of this event.
            serial: Count,
            /// The process that printed.
            from: Entity,
            /// The kind of thing that printed.
            from_kind: EntityTag,
        }
    } };
}
