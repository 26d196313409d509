//! What events carried.

macro_rules! payloads {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// What the event just before it carried, as text: an event of the same process or port, on the same thread.
        /// Recorded where a tap's `payload` asks for text.
        "payload_text" PayloadText (Events, Payload) {
            /// The process or port whose event it belongs to.
            owner: Entity,
            /// What kind of thing the owner is.
            owner_kind: EntityTag,
            /// What of the event it is.
            part: PayloadTag,
            /// Whether the text was cut to the tap's bound; it ends with `…` then.
            is_truncated: Flag,
            /// The term as Erlang's shell writes it; arguments stand in parentheses. Of a call, a cast or a reply of a generic
            /// server the request or the answer: the event itself tells the rest.
            text: Text,
        }
        /// How large what the event just before it carried is: an event of the same process or port, on the same thread.
        /// Recorded where a tap's `payload` asks for sizes.
        "payload_size" PayloadSize (Events, Payload) {
            /// The process or port whose event it belongs to.
            owner: Entity,
            /// What kind of thing the owner is.
            owner_kind: EntityTag,
            /// What of the event it is.
            part: PayloadTag,
            /// Whether the term goes on beyond the 1024 terms that are looked at, so that it is larger.
            is_lower_bound: Flag,
            /// The term's words on the heap and the content of its binaries.
            bytes: Bytes,
        }
    } };
}
