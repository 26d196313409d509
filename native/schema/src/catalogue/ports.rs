//! The life of ports, and when they run.

macro_rules! ports {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// A port was opened.
        "open" Open (Events, Ports) {
            /// The port.
            port: Port,
            /// The process that opened it.
            opener: Pid,
            /// What runs behind it: the driver's name, or the command's.
            driver: Atom,
        }
        /// A port was closed.
        "closed" Closed (Events, Ports) {
            /// The port.
            port: Port,
            /// The shape of the reason, as for a process's exit.
            reason: Text,
        }
        /// A port took a registered name.
        "port_register" PortRegister (Events, Ports) {
            /// The port.
            port: Port,
            /// The name.
            name: Atom,
        }
        /// A port gave up a registered name.
        "port_unregister" PortUnregister (Events, Ports) {
            /// The port.
            port: Port,
            /// The name.
            name: Atom,
        }
        /// A port got linked by a process.
        "port_getting_linked" PortGettingLinked (Events, Ports) {
            /// The port.
            port: Port,
            /// What linked to it.
            peer: Entity,
            /// What kind of thing linked to it.
            peer_kind: EntityTag,
        }
        /// A port lost a link that a process removed.
        "port_getting_unlinked" PortGettingUnlinked (Events, Ports) {
            /// The port.
            port: Port,
            /// What unlinked from it.
            peer: Entity,
            /// What kind of thing unlinked from it.
            peer_kind: EntityTag,
        }
        /// A port began to run.
        "port_in" PortIn (Events, RunningPorts) {
            /// The port.
            port: Port,
            /// The operation it runs, such as `command`; 0 when the VM only says that it was scheduled.
            operation: Atom,
            /// The thread it runs on.
            thread: Thread,
        }
        /// A port ceased to run.
        "port_out" PortOut (Events, RunningPorts) {
            /// The port.
            port: Port,
            /// The operation it ran, such as `command`; 0 when the VM only says that it was scheduled out.
            operation: Atom,
            /// The thread it ran on.
            thread: Thread,
        }
    } };
}
