//! The life of ports, and when they run.

macro_rules! ports {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// A port was opened.
        "open" Open (Events, Ports) {
            /// The port.
            port: Port,
            /// The process that opened it.
            opener: Pid,
            /// The name of the driver, or of the external command.
            driver: Atom,
        }
        /// A port was closed.
        "closed" Closed (Events, Ports) {
            /// The port.
            port: Port,
            /// The shape of the reason, as in `exit`.
            reason: Text,
        }
        /// A port was registered under a name.
        "port_register" PortRegister (Events, Ports) {
            /// The port.
            port: Port,
            /// The name.
            name: Atom,
        }
        /// The registered name of a port was removed.
        "port_unregister" PortUnregister (Events, Ports) {
            /// The port.
            port: Port,
            /// The name.
            name: Atom,
        }
        /// A process linked itself to a port.
        "port_getting_linked" PortGettingLinked (Events, Ports) {
            /// The port.
            port: Port,
            /// What linked to it.
            peer: Entity,
            /// The kind of thing that linked to it.
            peer_kind: EntityTag,
        }
        /// A process removed its link to a port.
        "port_getting_unlinked" PortGettingUnlinked (Events, Ports) {
            /// The port.
            port: Port,
            /// What unlinked from it.
            peer: Entity,
            /// The kind of thing that unlinked from it.
            peer_kind: EntityTag,
        }
        /// A port was scheduled in.
        "port_in" PortIn (Events, RunningPorts) {
            /// The port.
            port: Port,
            /// The operation that runs, such as `command`; 0 if the VM does not report it.
            operation: Atom,
            /// The thread it runs on.
            thread: Thread,
        }
        /// A port was scheduled out.
        "port_out" PortOut (Events, RunningPorts) {
            /// The port.
            port: Port,
            /// The operation that ran, such as `command`; 0 if the VM does not report it.
            operation: Atom,
            /// The thread it ran on.
            thread: Thread,
        }
    } };
}
