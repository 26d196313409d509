//! The life of processes: spawned, linked, registered, exited.

macro_rules! processes {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// A process spawned another one; told by the parent.
        "spawn" Spawn (Events, Procs) {
            /// The new process.
            pid: Pid,
            /// The process that spawned it.
            parent: Pid,
            /// The function it starts in.
            function: Function,
        }
        /// A process was spawned; told by the child.
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
            /// The shape of its exit reason: an atom, or a tuple's first atom with `_` for the rest.
            reason: Text,
        }
        /// A process took a registered name.
        "register" Register (Events, Procs) {
            /// The process.
            pid: Pid,
            /// The name.
            name: Atom,
        }
        /// A process gave up a registered name.
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
            /// What kind of thing it linked to.
            peer_kind: EntityTag,
        }
        /// A process removed a link.
        "unlink" Unlink (Events, Procs) {
            /// The process that unlinked.
            pid: Pid,
            /// What it was linked to.
            peer: Entity,
            /// What kind of thing it was linked to.
            peer_kind: EntityTag,
        }
        /// A process got linked by another process or port.
        "getting_linked" GettingLinked (Events, Procs) {
            /// The process that got the link.
            pid: Pid,
            /// What linked to it.
            peer: Entity,
            /// What kind of thing linked to it.
            peer_kind: EntityTag,
        }
        /// A process lost a link that another process or port removed.
        "getting_unlinked" GettingUnlinked (Events, Procs) {
            /// The process that lost the link.
            pid: Pid,
            /// What unlinked from it.
            peer: Entity,
            /// What kind of thing unlinked from it.
            peer_kind: EntityTag,
        }
    } };
}
