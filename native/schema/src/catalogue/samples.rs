//! Samples of schedulers and allocators.

macro_rules! samples {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// How busy a scheduler was since the previous sample: `busy_ns / length_ns` is its utilisation.
        "scheduler_load" SchedulerLoad (Events, Schedulers) {
            /// The kind of scheduler.
            kind: ThreadTag,
            /// The number of the scheduler among its kind, from 1.
            scheduler: SmallCount,
            /// Time in which it was not idle, by `scheduler_wall_time`.
            busy_ns: Nanoseconds,
            /// Time since the previous sample.
            length_ns: Nanoseconds,
        }
        /// What a scheduler's thread did since the previous sample, by the VM's microstate accounting.
        "scheduler_states" SchedulerStates (Events, Schedulers) {
            /// The kind of scheduler.
            kind: ThreadTag,
            /// The number of the scheduler among its kind, from 1.
            scheduler: SmallCount,
            /// Time running Erlang code and native functions.
            emulator_ns: Nanoseconds,
            /// Time running ports.
            port_ns: Nanoseconds,
            /// Time in garbage collection.
            gc_ns: Nanoseconds,
            /// Time checking for input and output.
            check_io_ns: Nanoseconds,
            /// Time in auxiliary work.
            aux_ns: Nanoseconds,
            /// Time in anything else, such as looking for work.
            other_ns: Nanoseconds,
            /// Time asleep.
            sleep_ns: Nanoseconds,
        }
        /// Length of a run queue when the sample was taken.
        "run_queue" RunQueue (Events, Schedulers) {
            /// The kind of scheduler.
            kind: ThreadTag,
            /// The number of the scheduler; 0 if all of its kind share the queue.
            scheduler: SmallCount,
            /// Number of processes and ports that wait to run.
            waiting: Count,
        }
        /// Memory that one instance of an allocator held when the sample was taken: in multi-block carriers (`mbc`), in
        /// carriers of the pool, which belong to no instance, and in single-block carriers (`sbc`).
        "allocator" Allocator (Events, Allocators) {
            /// The allocator, such as `eheap_alloc`.
            allocator: Atom,
            /// The instance: the number of its scheduler; 0 for the instance that belongs to none.
            instance: SmallCount,
            /// Number of multi-block carriers.
            mbc_carriers: Count,
            /// Size of those carriers.
            mbc_carriers_bytes: Bytes,
            /// Number of blocks in use in the multi-block carriers.
            mbc_blocks: Count,
            /// Size of those blocks.
            mbc_blocks_bytes: Bytes,
            /// Number of multi-block carriers that this instance put into the pool.
            pool_carriers: Count,
            /// Size of those carriers.
            pool_carriers_bytes: Bytes,
            /// Number of single-block carriers. Each has one block.
            sbc_carriers: Count,
            /// Size of those carriers.
            sbc_carriers_bytes: Bytes,
            /// Size of the blocks in the single-block carriers.
            sbc_blocks_bytes: Bytes,
            /// Number of carriers allocated from the system since the VM started.
            created: Count,
            /// Number of carriers given back to the system since the VM started.
            destroyed: Count,
            /// Number of carriers taken from the pool since the VM started.
            fetched: Count,
        }
    } };
}
