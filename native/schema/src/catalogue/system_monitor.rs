//! Reports of the VM's system monitor.

macro_rules! system_monitor {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// A garbage collection took longer than the tap's `long_gc`. Like all events of this class, it comes from a message of
        /// the VM's system monitor, and its time is when beamtap read the message.
        "long_gc" LongGc (Events, SystemMonitor) {
            /// The process.
            pid: Pid,
            /// Duration, in whole milliseconds.
            duration_ns: Nanoseconds,
            /// Used size of the heap.
            heap_words: Words,
            /// Allocated size of the heap.
            heap_block_words: Words,
            /// Used size of the old heap.
            old_heap_words: Words,
            /// Allocated size of the old heap.
            old_heap_block_words: Words,
            /// Used size of the stack.
            stack_words: Words,
            /// Size of the message buffers outside the heap.
            mbuf_words: Words,
        }
        /// After a garbage collection, the heap of a process was larger than the tap's `large_heap`.
        "large_heap" LargeHeap (Events, SystemMonitor) {
            /// The process.
            pid: Pid,
            /// Used size of the heap.
            heap_words: Words,
            /// Allocated size of the heap.
            heap_block_words: Words,
            /// Used size of the old heap.
            old_heap_words: Words,
            /// Allocated size of the old heap.
            old_heap_block_words: Words,
            /// Used size of the stack.
            stack_words: Words,
            /// Size of the message buffers outside the heap.
            mbuf_words: Words,
        }
        /// A process ran for longer than the tap's `long_schedule` without being scheduled out.
        "long_schedule" LongSchedule (Events, SystemMonitor) {
            /// The process.
            pid: Pid,
            /// Duration, in whole milliseconds.
            duration_ns: Nanoseconds,
            /// The function in which it was scheduled in; 0 if unknown.
            in_function: Function,
            /// The function in which it was scheduled out; 0 if unknown.
            out_function: Function,
        }
        /// A port ran for longer than the tap's `long_schedule` without being scheduled out.
        "port_long_schedule" PortLongSchedule (Events, SystemMonitor) {
            /// The port.
            port: Port,
            /// Duration, in whole milliseconds.
            duration_ns: Nanoseconds,
            /// The operation that ran, such as `output`.
            operation: Atom,
        }
        /// A process was suspended because it sent to a busy port.
        "busy_port" BusyPort (Events, SystemMonitor) {
            /// The process.
            pid: Pid,
            /// The port.
            port: Port,
        }
        /// A process was suspended because it sent to another node over a busy connection.
        "busy_dist_port" BusyDistPort (Events, SystemMonitor) {
            /// The process.
            pid: Pid,
            /// The port or process of the connection.
            connection: Entity,
            /// The kind of connection.
            connection_kind: EntityTag,
        }
        /// A process's message queue became longer than the tap's `long_message_queue`, or short again. OTP 27 and later.
        "long_message_queue" LongMessageQueue (Events, SystemMonitor) {
            /// The process.
            pid: Pid,
            /// Whether the queue is long now.
            is_long: Flag,
        }
    } };
}
