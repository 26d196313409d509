//! Garbage collections.

macro_rules! collections {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// A minor garbage collection began.
        "gc_minor_start" GcMinorStart (Events, GarbageCollection) {
            /// The process whose heap is collected.
            pid: Pid,
            /// The thread that collects.
            thread: Thread,
            /// The free space asked for.
            need_words: Words,
            /// Young heap in use.
            heap_words: Words,
            /// Young heap allocated.
            heap_block_words: Words,
            /// Old heap in use.
            old_heap_words: Words,
            /// Old heap allocated.
            old_heap_block_words: Words,
            /// Stack in use.
            stack_words: Words,
            /// Data that survived the last collection.
            recent_words: Words,
            /// Message buffers outside the heap.
            mbuf_words: Words,
            /// Binaries referred to from the young heap.
            bin_vheap_words: Words,
            /// Binary size at which the young heap is collected.
            bin_vheap_block_words: Words,
            /// Binaries referred to from the old heap.
            bin_old_vheap_words: Words,
            /// Binary size at which the old heap is collected.
            bin_old_vheap_block_words: Words,
        }
        /// A minor garbage collection ended.
        "gc_minor_end" GcMinorEnd (Events, GarbageCollection) {
            /// The process whose heap was collected.
            pid: Pid,
            /// The thread that collected.
            thread: Thread,
            /// What was freed.
            reclaimed_words: Words,
            /// Young heap in use.
            heap_words: Words,
            /// Young heap allocated.
            heap_block_words: Words,
            /// Old heap in use.
            old_heap_words: Words,
            /// Old heap allocated.
            old_heap_block_words: Words,
            /// Stack in use.
            stack_words: Words,
            /// Data that survived this collection.
            recent_words: Words,
            /// Message buffers outside the heap.
            mbuf_words: Words,
            /// Binaries referred to from the young heap.
            bin_vheap_words: Words,
            /// Binary size at which the young heap is collected.
            bin_vheap_block_words: Words,
            /// Binaries referred to from the old heap.
            bin_old_vheap_words: Words,
            /// Binary size at which the old heap is collected.
            bin_old_vheap_block_words: Words,
        }
        /// A major garbage collection began.
        "gc_major_start" GcMajorStart (Events, GarbageCollection) {
            /// The process whose heap is collected.
            pid: Pid,
            /// The thread that collects.
            thread: Thread,
            /// The free space asked for.
            need_words: Words,
            /// Young heap in use.
            heap_words: Words,
            /// Young heap allocated.
            heap_block_words: Words,
            /// Old heap in use.
            old_heap_words: Words,
            /// Old heap allocated.
            old_heap_block_words: Words,
            /// Stack in use.
            stack_words: Words,
            /// Data that survived the last collection.
            recent_words: Words,
            /// Message buffers outside the heap.
            mbuf_words: Words,
            /// Binaries referred to from the young heap.
            bin_vheap_words: Words,
            /// Binary size at which the young heap is collected.
            bin_vheap_block_words: Words,
            /// Binaries referred to from the old heap.
            bin_old_vheap_words: Words,
            /// Binary size at which the old heap is collected.
            bin_old_vheap_block_words: Words,
        }
        /// A major garbage collection ended.
        "gc_major_end" GcMajorEnd (Events, GarbageCollection) {
            /// The process whose heap was collected.
            pid: Pid,
            /// The thread that collected.
            thread: Thread,
            /// What was freed.
            reclaimed_words: Words,
            /// Young heap in use.
            heap_words: Words,
            /// Young heap allocated.
            heap_block_words: Words,
            /// Old heap in use.
            old_heap_words: Words,
            /// Old heap allocated.
            old_heap_block_words: Words,
            /// Stack in use.
            stack_words: Words,
            /// Data that survived this collection.
            recent_words: Words,
            /// Message buffers outside the heap.
            mbuf_words: Words,
            /// Binaries referred to from the young heap.
            bin_vheap_words: Words,
            /// Binary size at which the young heap is collected.
            bin_vheap_block_words: Words,
            /// Binaries referred to from the old heap.
            bin_old_vheap_words: Words,
            /// Binary size at which the old heap is collected.
            bin_old_vheap_block_words: Words,
        }
        /// A process grew beyond its `max_heap_size`.
        "gc_max_heap_size" GcMaxHeapSize (Events, GarbageCollection) {
            /// The process.
            pid: Pid,
            /// The thread it ran on.
            thread: Thread,
            /// Young heap in use.
            heap_words: Words,
            /// Young heap allocated.
            heap_block_words: Words,
            /// Old heap in use.
            old_heap_words: Words,
            /// Old heap allocated.
            old_heap_block_words: Words,
            /// Stack in use.
            stack_words: Words,
            /// Message buffers outside the heap.
            mbuf_words: Words,
        }
    } };
}
