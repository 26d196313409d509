//! What events carried.

macro_rules! payloads {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// Data of the previous event of the same process or port on the same thread, as text. Needs the tap's option `payload`.
        "payload_text" PayloadText (Events, Payload) {
            /// The process or port of that event.
            owner: Entity,
            /// The kind of owner.
            owner_kind: EntityTag,
            /// Which data of the event it is.
            part: PayloadTag,
            /// Whether the text was cut to the tap's limit. If so, it ends with `…`.
            is_truncated: Flag,
            /// The term as Erlang's shell writes it, arguments in parentheses. For a call, a cast or a reply of a generic
            /// server it is the request or the answer only.
            text: Text,
        }
        /// Size of the data of the previous event of the same process or port on the same thread. Needs the tap's option
        /// `payload`.
        "payload_size" PayloadSize (Events, Payload) {
            /// The process or port of that event.
            owner: Entity,
            /// The kind of owner.
            owner_kind: EntityTag,
            /// Which data of the event it is.
            part: PayloadTag,
            /// Whether the size is a lower bound: the term has more than the 1024 parts that are measured.
            is_lower_bound: Flag,
            /// Size of the term on the heap, and of its binaries.
            bytes: Bytes,
        }
    } };
}
