//! Messages that are sent and received.

macro_rules! messages {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// A process or port sent a message to something that exists.
        "send" Send (Events, Send) {
            /// The sender.
            from: Entity,
            /// What kind of thing sent it.
            from_kind: EntityTag,
            /// What it was sent to.
            to: Entity,
            /// What kind of thing it was sent to.
            to_kind: EntityTag,
            /// The message's outer form.
            message: Message,
            /// Ties a call to its reply.
            tag: Tag,
        }
        /// A process or port sent a message to a process that does not exist.
        "send_to_non_existing_process" SendToNonExistingProcess (Events, Send) {
            /// The sender.
            from: Entity,
            /// What kind of thing sent it.
            from_kind: EntityTag,
            /// What it was sent to.
            to: Entity,
            /// What kind of thing it was sent to.
            to_kind: EntityTag,
            /// The message's outer form.
            message: Message,
            /// Ties a call to its reply.
            tag: Tag,
        }
        /// A message was taken into the receiver's message queue. The atom `timeout` is no message: see `receive_timeout`.
        "receive" Receive (Events, Receive) {
            /// The receiver.
            to: Entity,
            /// What kind of thing received it.
            to_kind: EntityTag,
            /// The message's outer form.
            message: Message,
            /// Ties a call to its reply.
            tag: Tag,
        }
        /// The `after` of a `receive` fired, with any time, 0 included. The VM tells it as the message `timeout`: a message that
        /// is this atom alone cannot be told from it and is recorded as one, too.
        "receive_timeout" ReceiveTimeout (Events, Receive) {
            /// The process that waited.
            pid: Pid,
        }
        /// A port received something from its user.
        "port_receive" PortReceive (Events, Receive) {
            /// The port.
            port: Port,
            /// Who told it.
            from: Entity,
            /// What kind of thing told it.
            from_kind: EntityTag,
            /// What it was told.
            op: PortOp,
            /// The number of a `control` or `call`; 0 for anything else.
            command: Count,
            /// The data's length; 0 where there is none or where it is an iolist of more than 1024 elements.
            bytes: Bytes,
        }
    } };
}
