//! The catalogue. A new event is one stanza here.

use crate::field::{FieldKind, FieldSource, kind};
use crate::info::{Channel, Class, EventInfo, FieldInfo, events};

events! {
    /// A traced function was called.
    "call" Call (Events, Call) {
        /// The calling process.
        pid: Pid,
        /// The function called.
        function: Function,
    }
    /// A traced function returned; asked for with `return` or `exception` in the function's pattern.
    "return_from" ReturnFrom (Events, Call) {
        /// The process that returned.
        pid: Pid,
        /// The function it returned from.
        function: Function,
    }
    /// A traced function was left by an exception; asked for with `return` or `exception` in the function's pattern.
    "exception_from" ExceptionFrom (Events, Call) {
        /// The process that raised.
        pid: Pid,
        /// The function that was left.
        function: Function,
        /// The exception's class.
        class: Exception,
    }
    /// A chain of traced calls ended and execution went on in the function named.
    "return_to" ReturnTo (Events, ReturnTo) {
        /// The process that returned.
        pid: Pid,
        /// The function returned to; 0 when the process has no caller to return to.
        function: Function,
    }
    /// A process or port sent a message to something that exists.
    "send" Send (Events, Send) {
        /// The sender.
        from: Entity,
        /// What kind of thing sent it.
        from_kind: EntityTag,
        /// What it was sent to.
        to: Entity,
        /// What kind of thing it was sent to.
        to_kind: EntityTag,
        /// The message's outer form.
        message: Message,
        /// Ties a call to its reply.
        tag: Tag,
    }
    /// A process or port sent a message to a process that does not exist.
    "send_to_non_existing_process" SendToNonExistingProcess (Events, Send) {
        /// The sender.
        from: Entity,
        /// What kind of thing sent it.
        from_kind: EntityTag,
        /// What it was sent to.
        to: Entity,
        /// What kind of thing it was sent to.
        to_kind: EntityTag,
        /// The message's outer form.
        message: Message,
        /// Ties a call to its reply.
        tag: Tag,
    }
    /// A message was taken into the receiver's message queue. The atom `timeout` is no message: see `receive_timeout`.
    "receive" Receive (Events, Receive) {
        /// The receiver.
        to: Entity,
        /// What kind of thing received it.
        to_kind: EntityTag,
        /// The message's outer form.
        message: Message,
        /// Ties a call to its reply.
        tag: Tag,
    }
    /// The `after` of a `receive` fired, with any time, 0 included. The VM tells it as the message `timeout`: a message that
    /// is this atom alone cannot be told from it and is recorded as one, too.
    "receive_timeout" ReceiveTimeout (Events, Receive) {
        /// The process that waited.
        pid: Pid,
    }
    /// A port received something from its user.
    "port_receive" PortReceive (Events, Receive) {
        /// The port.
        port: Port,
        /// Who told it.
        from: Entity,
        /// What kind of thing told it.
        from_kind: EntityTag,
        /// What it was told.
        op: PortOp,
        /// The number of a `control` or `call`; 0 for anything else.
        command: Count,
        /// The data's length; 0 where there is none or where it is an iolist of more than 1024 elements.
        bytes: Bytes,
    }
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
    /// A process was scheduled in.
    "in" In (Events, Running) {
        /// The process.
        pid: Pid,
        /// The function it goes on in; 0 when unknown.
        function: Function,
        /// The thread it runs on.
        thread: Thread,
    }
    /// A process was scheduled out.
    "out" Out (Events, Running) {
        /// The process.
        pid: Pid,
        /// The function it will go on in; 0 when unknown.
        function: Function,
        /// The thread it ran on.
        thread: Thread,
    }
    /// An exiting process was scheduled in.
    "in_exiting" InExiting (Events, Exiting) {
        /// The process.
        pid: Pid,
        /// The function it was in; 0 when unknown.
        function: Function,
        /// The thread it runs on.
        thread: Thread,
    }
    /// An exiting process was scheduled out.
    "out_exiting" OutExiting (Events, Exiting) {
        /// The process.
        pid: Pid,
        /// The function it was in; 0 when unknown.
        function: Function,
        /// The thread it ran on.
        thread: Thread,
    }
    /// A process was scheduled out for the last time.
    "out_exited" OutExited (Events, Exiting) {
        /// The process.
        pid: Pid,
        /// The function it was in; 0 when unknown.
        function: Function,
        /// The thread it ran on.
        thread: Thread,
    }
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
    /// A message with a sequential trace token was sent.
    "seq_send" SeqSend (Events, SeqTrace) {
        /// The sequence's label.
        label: Label,
        /// The serial of the event before this one.
        previous: Count,
        /// The serial of this event.
        serial: Count,
        /// The sender.
        from: Entity,
        /// What kind of thing sent it.
        from_kind: EntityTag,
        /// The receiver.
        to: Entity,
        /// What kind of thing received it.
        to_kind: EntityTag,
        /// The message's outer form.
        message: Message,
        /// Ties a call to its reply.
        tag: Tag,
    }
    /// A message with a sequential trace token was received.
    "seq_receive" SeqReceive (Events, SeqTrace) {
        /// The sequence's label.
        label: Label,
        /// The serial of the event before this one.
        previous: Count,
        /// The serial of this event.
        serial: Count,
        /// The sender.
        from: Entity,
        /// What kind of thing sent it.
        from_kind: EntityTag,
        /// The receiver.
        to: Entity,
        /// What kind of thing received it.
        to_kind: EntityTag,
        /// The message's outer form.
        message: Message,
        /// Ties a call to its reply.
        tag: Tag,
    }
    /// `seq_trace:print` was called under a token; what it said stays in the VM.
    "seq_print" SeqPrint (Events, SeqTrace) {
        /// The sequence's label.
        label: Label,
        /// The serial of the event before this one.
        previous: Count,
        /// The serial of this event.
        serial: Count,
        /// Who printed it.
        from: Entity,
        /// What kind of thing printed it.
        from_kind: EntityTag,
    }
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
    /// What the event just before it carried, as text: an event of the same process or port, on the same thread.
    /// Recorded where a tap's `payload` asks for text.
    "payload_text" PayloadText (Events, Payload) {
        /// The process or port whose event it belongs to.
        owner: Entity,
        /// What kind of thing the owner is.
        owner_kind: EntityTag,
        /// What of the event it is.
        part: PayloadTag,
        /// Whether the text was cut to the tap's bound; it ends with `…` then.
        is_truncated: Flag,
        /// The term as Erlang's shell writes it; arguments stand in parentheses. Of a call, a cast or a reply of a generic
        /// server the request or the answer: the event itself tells the rest.
        text: Text,
    }
    /// How large what the event just before it carried is: an event of the same process or port, on the same thread.
    /// Recorded where a tap's `payload` asks for sizes.
    "payload_size" PayloadSize (Events, Payload) {
        /// The process or port whose event it belongs to.
        owner: Entity,
        /// What kind of thing the owner is.
        owner_kind: EntityTag,
        /// What of the event it is.
        part: PayloadTag,
        /// Whether the term goes on beyond the 1024 terms that are looked at, so that it is larger.
        is_lower_bound: Flag,
        /// The term's words on the heap and the content of its binaries.
        bytes: Bytes,
    }
    /// `beamtap:mark/1` was called.
    "mark" Mark (Events, Marks) {
        /// The process that called it.
        pid: Pid,
        /// Whether the text was cut; it ends with `…` then.
        is_truncated: Flag,
        /// What it said.
        text: Text,
    }
    /// The function given to `beamtap:span/2` begins.
    "span_begin" SpanBegin (Events, Marks) {
        /// The process that runs it.
        pid: Pid,
        /// The span's number, which its end repeats.
        span: Span,
        /// Whether the name was cut; it ends with `…` then.
        is_truncated: Flag,
        /// The name given.
        name: Text,
    }
    /// The function given to `beamtap:span/2` has ended.
    "span_end" SpanEnd (Events, Marks) {
        /// The process that ran it.
        pid: Pid,
        /// The number its beginning carried.
        span: Span,
        /// How it ended.
        outcome: Outcome,
    }
    /// Names an interned function.
    "def_function" DefFunction (Definitions, Own) {
        /// The number events carry.
        function: Function,
        /// The module, as an atom prints without quotes.
        module: Text,
        /// The function's name, as an atom prints without quotes.
        name: Text,
        /// Its arity.
        arity: Arity,
    }
    /// Whether it is recorded how calls of a function end: told of those of which it is not from here on though it was
    /// asked for, and where it is again.
    "def_ends" DefEnds (Definitions, Own) {
        /// The function.
        function: Function,
        /// Whether returns and exceptions are recorded.
        recorded: Flag,
    }
    /// Names an interned atom.
    "def_atom" DefAtom (Definitions, Own) {
        /// The number events carry.
        atom: Atom,
        /// The atom, without quotes.
        text: Text,
    }
    /// Describes a process that was alive when definitions were dumped.
    "def_process" DefProcess (Definitions, Own) {
        /// The process.
        pid: Pid,
        /// The process that spawned it; 0 when unknown.
        parent: Pid,
        /// Its registered name; 0 when it has none.
        name: Atom,
        /// The function it started in, as proc_lib knows it where it does.
        function: Function,
    }
    /// The label that a process gave itself with `proc_lib:set_label/1`, where definitions were dumped; OTP 27 and later.
    "def_process_label" DefProcessLabel (Definitions, Own) {
        /// The process.
        pid: Pid,
        /// The label: text as it is, other terms as the shell writes them; cut at 255 bytes.
        label: Text,
    }
    /// Describes a loaded module: when definitions were dumped, and at the end of a recording those loaded meanwhile.
    "def_module" DefModule (Definitions, Own) {
        /// The module's name.
        module: Text,
        /// The checksum of its code, in hexadecimal, as `Module:module_info(md5)` tells it.
        md5: Text,
    }
    /// How the clocks stand to each other.
    "def_clock" DefClock (Definitions, Own) {
        /// What to add to `erlang:monotonic_time(nanosecond)` to get CLOCK_MONOTONIC, the clock of the trace.
        monotonic_offset_ns: Nanoseconds,
        /// What to add to CLOCK_MONOTONIC to get `erlang:system_time(nanosecond)`.
        system_offset_ns: Nanoseconds,
    }
    /// Describes a thread of the VM.
    "def_thread" DefThread (Definitions, Own) {
        /// The kernel's thread id.
        thread: Thread,
        /// What the thread does.
        kind: ThreadTag,
        /// The scheduler's number, from 1; 0 for threads that are not schedulers.
        scheduler: SmallCount,
        /// The thread's name, as the VM set it.
        name: Text,
    }
    /// Describes the traced VM.
    "def_vm" DefVm (Definitions, Own) {
        /// The kernel's process id.
        os_pid: SmallCount,
        /// The node's name.
        node: Text,
        /// The OTP release, such as `25`.
        otp_release: Text,
        /// The version of the run-time system.
        erts: Text,
        /// Schedulers online.
        schedulers: SmallCount,
        /// Bytes in a word.
        word_bytes: SmallCount,
        /// The version of beamtap that recorded.
        beamtap: Text,
    }
    /// What the trace does not have, or not from here on, though it was asked for: the returns of loops, calls of a module
    /// that was loaded anew.
    "caveat" Caveat (Definitions, Own) {
        /// The tap's LTTng session: what `trace_name` is in the environment of its trace.
        session: Text,
        /// What is missing and why, for people.
        text: Text,
    }
    /// Proves that the way from the VM to the reader is open: written once at the start of a recording.
    "canary" Canary (Definitions, Own) {
        /// Upper half of the recording's number.
        nonce_high: Nonce,
        /// Lower half of the recording's number.
        nonce_low: Nonce,
    }
    /// The recording was interrupted, because a daemon of LTTng's died or somebody else ended its session, and is taken up
    /// again here: the first event of what it goes on with.
    "gap" Gap (Definitions, Own) {
        /// The tap's LTTng session: what `trace_name` is in the environment of its trace.
        session: Text,
        /// How long the recording was not known to work: since it was last seen to, up to now.
        length_ns: Nanoseconds,
        /// Events the VM emitted in that time. Those of them that LTTng wrote before it failed are in the trace; buffers
        /// that it had not yet written are lost, too.
        emitted: Count,
        /// Events the VM emitted since the recording's first counters: those are lost, too, where they were not yet written.
        since_begin: Count,
        /// What was wrong.
        reason: Text,
    }
    /// A tap was paused: its trace flags are off from here to `resume`, and what its processes do is not in the trace.
    "pause" Pause (Definitions, Own) {
        /// The tap's LTTng session: what `trace_name` is in the environment of its trace.
        session: Text,
    }
    /// A tap that was paused goes on: its trace flags are set again from here on.
    "resume" Resume (Definitions, Own) {
        /// The tap's LTTng session: what `trace_name` is in the environment of its trace.
        session: Text,
        /// How long it was paused.
        length_ns: Nanoseconds,
    }
    /// A tap ended in order: its trace flags are off. What comes after it is another tap's, or definitions.
    "ended" Ended (Definitions, Own) {
        /// The tap's LTTng session: what `trace_name` is in the environment of its trace.
        session: Text,
        /// Why, as `ended_by` in the tap's receipt has it.
        ended_by: Text,
        /// How long it recorded, pauses and gaps included.
        length_ns: Nanoseconds,
    }
    /// What happened to the events of one kind since the VM loaded beamtap. Not counted itself.
    "counters" CountersOf (Definitions, Own) {
        /// Where in the recording the counters were read.
        phase: PhaseTag,
        /// The event's name, without the provider.
        event: Text,
        /// Handed to LTTng.
        emitted: Count,
        /// Kept back by a limit or because no recording was open.
        suppressed: Count,
        /// Not emitted because the VM's term could not be read.
        unreadable: Count,
        /// Emitted with a text cut to its bound.
        truncated: Count,
    }
}
