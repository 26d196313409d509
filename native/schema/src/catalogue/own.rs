//! beamtap's own events: definitions, counters, and what became of a tap.

macro_rules! own {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
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
    } };
}
