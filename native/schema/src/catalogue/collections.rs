//! Garbage collections.

macro_rules! collections {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// A minor garbage collection started.
        "gc_minor_start" GcMinorStart (Events, GarbageCollection) {
            /// The process whose heap is collected.
            pid: Pid,
            /// The thread that collects.
            thread: Thread,
            /// The requested free space.
            need_words: Words,
            /// Used size of the young heap.
            heap_words: Words,
            /// Allocated size of the young heap.
            heap_block_words: Words,
            /// Used size of the old heap.
            old_heap_words: Words,
            /// Allocated size of the old heap.
            old_heap_block_words: Words,
            /// Used size of the stack.
            stack_words: Words,
            /// Size of the data that survived the previous collection.
            recent_words: Words,
            /// Size of the message buffers outside the heap.
            mbuf_words: Words,
            /// Size of the binaries that the young heap refers to.
            bin_vheap_words: Words,
            /// Size of binaries at which the young heap is collected.
            bin_vheap_block_words: Words,
            /// Size of the binaries that the old heap refers to.
            bin_old_vheap_words: Words,
            /// Size of binaries at which the old heap is collected.
            bin_old_vheap_block_words: Words,
        }
        /// A minor garbage collection ended.
        "gc_minor_end" GcMinorEnd (Events, GarbageCollection) {
            /// The process whose heap was collected.
            pid: Pid,
            /// The thread that collected.
            thread: Thread,
            /// The freed space.
            reclaimed_words: Words,
            /// Used size of the young heap.
            heap_words: Words,
            /// Allocated size of the young heap.
            heap_block_words: Words,
            /// Used size of the old heap.
            old_heap_words: Words,
            /// Allocated size of the old heap.
            old_heap_block_words: Words,
            /// Used size of the stack.
            stack_words: Words,
            /// Size of the data that survived this collection.
            recent_words: Words,
            /// Size of the message buffers outside the heap.
            mbuf_words: Words,
            /// Size of the binaries that the young heap refers to.
            bin_vheap_words: Words,
            /// Size of binaries at which the young heap is collected.
            bin_vheap_block_words: Words,
            /// Size of the binaries that the old heap refers to.
            bin_old_vheap_words: Words,
            /// Size of binaries at which the old heap is collected.
            bin_old_vheap_block_words: Words,
        }
        /// A major garbage collection started.
        "gc_major_start" GcMajorStart (Events, GarbageCollection) {
            /// The process whose heap is collected.
            pid: Pid,
            /// The thread that collects.
            thread: Thread,
            /// The requested free space.
            need_words: Words,
            /// Used size of the young heap.
            heap_words: Words,
            /// Allocated size of the young heap.
            heap_block_words: Words,
            /// Used size of the old heap.
            old_heap_words: Words,
            /// Allocated size of the old heap.
            old_heap_block_words: Words,
            /// Used size of the stack.
            stack_words: Words,
            /// Size of the data that survived the previous collection.
            recent_words: Words,
            /// Size of the message buffers outside the heap.
            mbuf_words: Words,
            /// Size of the binaries that the young heap refers to.
            bin_vheap_words: Words,
            /// Size of binaries at which the young heap is collected.
            bin_vheap_block_words: Words,
            /// Size of the binaries that the old heap refers to.
            bin_old_vheap_words: Words,
            /// Size of binaries at which the old heap is collected.
            bin_old_vheap_block_words: Words,
        }
        /// A major garbage collection ended.
        "gc_major_end" GcMajorEnd (Events, GarbageCollection) {
            /// The process whose heap was collected.
            pid: Pid,
            /// The thread that collected.
            thread: Thread,
            /// The freed space.
            reclaimed_words: Words,
            /// Used size of the young heap.
            heap_words: Words,
            /// Allocated size of the young heap.
            heap_block_words: Words,
            /// Used size of the old heap.
            old_heap_words: Words,
            /// Allocated size of the old heap.
            old_heap_block_words: Words,
            /// Used size of the stack.
            stack_words: Words,
            /// Size of the data that survived this collection.
            recent_words: Words,
            /// Size of the message buffers outside the heap.
            mbuf_words: Words,
            /// Size of the binaries that the young heap refers to.
            bin_vheap_words: Words,
            /// Size of binaries at which the young heap is collected.
            bin_vheap_block_words: Words,
            /// Size of the binaries that the old heap refers to.
            bin_old_vheap_words: Words,
            /// Size of binaries at which the old heap is collected.
            bin_old_vheap_block_words: Words,
        }
        /// The heap of a process grew beyond its `max_heap_size`.
        "gc_max_heap_size" GcMaxHeapSize (Events, GarbageCollection) {
            /// The process.
            pid: Pid,
            /// The thread it ran on.
            thread: Thread,
            /// Used size of the young heap.
            heap_words: Words,
            /// Allocated size of the young heap.
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
    } };
}
