//! Reports of the VM's system monitor.

macro_rules! system_monitor {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// A process collected garbage for longer than the tap's `long_gc`. As all events of this class it is made of a message of
        /// the VM's system monitor: its time is that at which the message was read.
        "long_gc" LongGc (Events, SystemMonitor) {
            /// The process.
            pid: Pid,
            /// How long it took, in whole milliseconds.
            duration_ns: Nanoseconds,
            /// Words in use on the heap.
            heap_words: Words,
            /// Size of the heap.
            heap_block_words: Words,
            /// Words in use on the old heap.
            old_heap_words: Words,
            /// Size of the old heap.
            old_heap_block_words: Words,
            /// Words on the stack.
            stack_words: Words,
            /// Words in message buffers outside the heap.
            mbuf_words: Words,
        }
        /// A garbage collection left a process with a heap larger than the tap's `large_heap`.
        "large_heap" LargeHeap (Events, SystemMonitor) {
            /// The process.
            pid: Pid,
            /// Words in use on the heap.
            heap_words: Words,
            /// Size of the heap.
            heap_block_words: Words,
            /// Words in use on the old heap.
            old_heap_words: Words,
            /// Size of the old heap.
            old_heap_block_words: Words,
            /// Words on the stack.
            stack_words: Words,
            /// Words in message buffers outside the heap.
            mbuf_words: Words,
        }
        /// A process ran for longer than the tap's `long_schedule` without being scheduled out.
        "long_schedule" LongSchedule (Events, SystemMonitor) {
            /// The process.
            pid: Pid,
            /// How long it ran, in whole milliseconds.
            duration_ns: Nanoseconds,
            /// Where it was scheduled in; 0 when the VM does not know.
            in_function: Function,
            /// Where it was scheduled out; 0 when the VM does not know.
            out_function: Function,
        }
        /// A port ran for longer than the tap's `long_schedule` without being scheduled out.
        "port_long_schedule" PortLongSchedule (Events, SystemMonitor) {
            /// The port.
            port: Port,
            /// How long it ran, in whole milliseconds.
            duration_ns: Nanoseconds,
            /// What it ran, such as `output`.
            operation: Atom,
        }
        /// A process was suspended because it sent to a port that is busy.
        "busy_port" BusyPort (Events, SystemMonitor) {
            /// The process.
            pid: Pid,
            /// The port.
            port: Port,
        }
        /// A process was suspended because it sent to a node whose connection is busy.
        "busy_dist_port" BusyDistPort (Events, SystemMonitor) {
            /// The process.
            pid: Pid,
            /// The connection's port or process.
            connection: Entity,
            /// What kind of thing the connection is.
            connection_kind: EntityTag,
        }
        /// A process's message queue has grown longer than the tap's `long_message_queue`, or has become short again; OTP 27
        /// and later.
        "long_message_queue" LongMessageQueue (Events, SystemMonitor) {
            /// The process.
            pid: Pid,
            /// Whether it is long now.
            is_long: Flag,
        }
    } };
}
