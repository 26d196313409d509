//! Samples of schedulers and allocators.

macro_rules! samples {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// How much a scheduler had to do since the sample before: `busy_ns / length_ns` is its utilisation.
        "scheduler_load" SchedulerLoad (Events, Schedulers) {
            /// What kind of scheduler it is.
            kind: ThreadTag,
            /// Its number among its kind, from 1.
            scheduler: SmallCount,
            /// How long it was not idle, by `scheduler_wall_time`.
            busy_ns: Nanoseconds,
            /// From sample to sample.
            length_ns: Nanoseconds,
        }
        /// What a scheduler's thread spent its time on since the sample before, by the VM's microstate accounting.
        "scheduler_states" SchedulerStates (Events, Schedulers) {
            /// What kind of scheduler it is.
            kind: ThreadTag,
            /// Its number among its kind, from 1.
            scheduler: SmallCount,
            /// Running Erlang and native functions.
            emulator_ns: Nanoseconds,
            /// Running ports.
            port_ns: Nanoseconds,
            /// Collecting garbage.
            gc_ns: Nanoseconds,
            /// Looking for input and output.
            check_io_ns: Nanoseconds,
            /// Auxiliary work.
            aux_ns: Nanoseconds,
            /// Anything else, such as looking for work.
            other_ns: Nanoseconds,
            /// Asleep.
            sleep_ns: Nanoseconds,
        }
        /// How many processes and ports were waiting to be run when the sample was taken.
        "run_queue" RunQueue (Events, Schedulers) {
            /// What kind of scheduler the queue is of.
            kind: ThreadTag,
            /// The scheduler's number; 0 where all of its kind share the queue.
            scheduler: SmallCount,
            /// How many were waiting.
            waiting: Count,
        }
        /// What one instance of one of the VM's allocators holds when the sample is taken: multi-block carriers (`mbc`), those
        /// of them that are in the pool and belong to no instance, and single-block carriers (`sbc`).
        "allocator" Allocator (Events, Allocators) {
            /// The allocator, such as `eheap_alloc`.
            allocator: Atom,
            /// The instance: the scheduler's number; 0 for what no scheduler has.
            instance: SmallCount,
            /// Multi-block carriers.
            mbc_carriers: Count,
            /// Their size.
            mbc_carriers_bytes: Bytes,
            /// Blocks in use in them.
            mbc_blocks: Count,
            /// The size of those blocks.
            mbc_blocks_bytes: Bytes,
            /// Multi-block carriers that this instance has put into the pool.
            pool_carriers: Count,
            /// Their size.
            pool_carriers_bytes: Bytes,
            /// Single-block carriers; each has one block.
            sbc_carriers: Count,
            /// Their size.
            sbc_carriers_bytes: Bytes,
            /// The size of the blocks in them.
            sbc_blocks_bytes: Bytes,
            /// Carriers that it has got from the system since the VM started.
            created: Count,
            /// Carriers that it has given back since the VM started.
            destroyed: Count,
            /// Carriers that it has taken from the pool since the VM started.
            fetched: Count,
        }
    } };
}
