//! Messages that are sent and received.

macro_rules! messages {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// A process or port sent a message to a receiver that exists.
        "send" Send (Events, Send) {
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
        /// A process or port sent a message to a process that does not exist.
        "send_to_non_existing_process" SendToNonExistingProcess (Events, Send) {
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
        /// A message arrived in the receiver's mailbox. For the atom `timeout`, see `receive_timeout`.
        "receive" Receive (Events, Receive) {
            /// The receiver.
            to: Entity,
            /// The kind of receiver.
            to_kind: EntityTag,
            /// The kind of message, by its outer form.
            message: Message,
            /// Identifies a call and its reply.
            tag: Tag,
        }
        /// The `after` of a `receive` fired, after any time, also after 0. The VM reports it as the message `timeout`, so a
        /// message that is this bare atom is recorded as `receive_timeout`, too.
        "receive_timeout" ReceiveTimeout (Events, Receive) {
            /// The process that waited.
            pid: Pid,
        }
        /// A port received a command from its user.
        "port_receive" PortReceive (Events, Receive) {
            /// The port.
            port: Port,
            /// The sender.
            from: Entity,
            /// The kind of sender.
            from_kind: EntityTag,
            /// The command.
            op: PortOp,
            /// The number of a `control` or `call`; else 0.
            command: Count,
            /// Size of the data; 0 if there is none, or if it is an iolist of more than 1024 elements.
            bytes: Bytes,
        }
    } };
}
