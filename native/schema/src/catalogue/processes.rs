//! The life of processes: spawned, linked, registered, exited.

macro_rules! processes {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// A process spawned another one; reported by the parent.
        "spawn" Spawn (Events, Procs) {
            /// The new process.
            pid: Pid,
            /// The process that spawned it.
            parent: Pid,
            /// The function it starts in.
            function: Function,
        }
        /// A process was spawned; reported by the child.
        "spawned" Spawned (Events, Procs) {
            /// The new process.
            pid: Pid,
            /// The process that spawned it.
            parent: Pid,
            /// The function it starts in.
            function: Function,
        }
        /// A process ended.
        "exit" Exit (Events, Procs) {
            /// The process.
            pid: Pid,
            /// The shape of the exit reason: an atom, or the first atom of a tuple with `_` for the rest.
            reason: Text,
        }
        /// A process was registered under a name.
        "register" Register (Events, Procs) {
            /// The process.
            pid: Pid,
            /// The name.
            name: Atom,
        }
        /// The registered name of a process was removed.
        "unregister" Unregister (Events, Procs) {
            /// The process.
            pid: Pid,
            /// The name.
            name: Atom,
        }
        /// A process linked itself to another process or port.
        "link" Link (Events, Procs) {
            /// The process that linked.
            pid: Pid,
            /// What it linked to.
            peer: Entity,
            /// The kind of thing it linked to.
            peer_kind: EntityTag,
        }
        /// A process removed a link.
        "unlink" Unlink (Events, Procs) {
            /// The process that unlinked.
            pid: Pid,
            /// What it was linked to.
            peer: Entity,
            /// The kind of thing it was linked to.
            peer_kind: EntityTag,
        }
        /// Another process or port linked itself to a process.
        "getting_linked" GettingLinked (Events, Procs) {
            /// The process that got the link.
            pid: Pid,
            /// What linked to it.
            peer: Entity,
            /// The kind of thing that linked to it.
            peer_kind: EntityTag,
        }
        /// Another process or port removed its link to a process.
        "getting_unlinked" GettingUnlinked (Events, Procs) {
            /// The process that lost the link.
            pid: Pid,
            /// What unlinked from it.
            peer: Entity,
            /// The kind of thing that unlinked from it.
            peer_kind: EntityTag,
        }
    } };
}
