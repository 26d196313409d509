//! beamtap's own events: definitions, counters, and what became of a tap.

macro_rules! own {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// The name of an interned function.
        "def_function" DefFunction (Definitions, Own) {
            /// The number that events carry.
            function: Function,
            /// The module, without quotes.
            module: Text,
            /// The function's name, without quotes.
            name: Text,
            /// Its arity.
            arity: Arity,
        }
        /// Whether the ends of a function's calls are recorded from here on. Emitted when beamtap stops recording them
        /// although the pattern has `return`, and when it records them again.
        "def_ends" DefEnds (Definitions, Own) {
            /// The function.
            function: Function,
            /// Whether returns and exceptions are recorded.
            recorded: Flag,
        }
        /// The text of an interned atom.
        "def_atom" DefAtom (Definitions, Own) {
            /// The number that events carry.
            atom: Atom,
            /// The atom, without quotes.
            text: Text,
        }
        /// A process that was alive when definitions were dumped.
        "def_process" DefProcess (Definitions, Own) {
            /// The process.
            pid: Pid,
            /// The process that spawned it; 0 if unknown.
            parent: Pid,
            /// Its registered name; 0 if it has none.
            name: Atom,
            /// The function it started in. For a process started through `proc_lib`, the function given to `proc_lib`.
            function: Function,
        }
        /// The label that a process set with `proc_lib:set_label/1` before definitions were dumped. OTP 27 and later.
        "def_process_label" DefProcessLabel (Definitions, Own) {
            /// The process.
            pid: Pid,
            /// The label: text as it is, other terms as the shell writes them. Cut at 255 bytes.
            label: Text,
        }
        /// A loaded module. Emitted when definitions are dumped, and at the end of a recording for modules loaded meanwhile.
        "def_module" DefModule (Definitions, Own) {
            /// The module's name.
            module: Text,
            /// The MD5 checksum of its code in hexadecimal: `Module:module_info(md5)`.
            md5: Text,
        }
        /// The offsets between the clocks.
        "def_clock" DefClock (Definitions, Own) {
            /// CLOCK_MONOTONIC, the clock of the trace, minus `erlang:monotonic_time(nanosecond)`.
            monotonic_offset_ns: Nanoseconds,
            /// `erlang:system_time(nanosecond)` minus CLOCK_MONOTONIC.
            system_offset_ns: Nanoseconds,
        }
        /// A thread of the VM.
        "def_thread" DefThread (Definitions, Own) {
            /// The thread id in the operating system.
            thread: Thread,
            /// What the thread does.
            kind: ThreadTag,
            /// The number of the scheduler, from 1; 0 for other threads.
            scheduler: SmallCount,
            /// The name of the thread.
            name: Text,
        }
        /// The traced VM.
        "def_vm" DefVm (Definitions, Own) {
            /// The process id in the operating system.
            os_pid: SmallCount,
            /// The node's name.
            node: Text,
            /// The OTP release, such as `25`.
            otp_release: Text,
            /// The version of the runtime system (ERTS).
            erts: Text,
            /// Number of schedulers online.
            schedulers: SmallCount,
            /// Size of a word, in bytes.
            word_bytes: SmallCount,
            /// The version of beamtap that recorded.
            beamtap: Text,
        }
        /// Something the tap asked for that the trace does not have, or no longer has from here on: returns of loops, or
        /// calls of a module that was reloaded.
        "caveat" Caveat (Definitions, Own) {
            /// The tap's LTTng session: `trace_name` in the environment of the trace.
            session: Text,
            /// What is missing and why, as a sentence.
            text: Text,
        }
        /// Proves that events get from the VM to the reader. Emitted once at the start of a recording.
        "canary" Canary (Definitions, Own) {
            /// Upper half of the recording's number.
            nonce_high: Nonce,
            /// Lower half of the recording's number.
            nonce_low: Nonce,
        }
        /// The recording continues here after an interruption: a daemon of LTTng died, or somebody else ended the session. First
        /// event after the interruption.
        "gap" Gap (Definitions, Own) {
            /// The tap's LTTng session: `trace_name` in the environment of the trace.
            session: Text,
            /// Time in which the recording may not have worked: since the last successful check.
            length_ns: Nanoseconds,
            /// Number of events emitted in that time. The trace has those that LTTng wrote before the failure. Those still
            /// in LTTng's buffers are lost.
            emitted: Count,
            /// Number of events emitted since the first counters of the recording, which may be lost with the buffers.
            since_begin: Count,
            /// Why the recording was interrupted.
            reason: Text,
        }
        /// The tap was paused: its trace flags are off until `resume`.
        "pause" Pause (Definitions, Own) {
            /// The tap's LTTng session: `trace_name` in the environment of the trace.
            session: Text,
        }
        /// The tap was resumed: its trace flags are set again.
        "resume" Resume (Definitions, Own) {
            /// The tap's LTTng session: `trace_name` in the environment of the trace.
            session: Text,
            /// Duration of the pause.
            length_ns: Nanoseconds,
        }
        /// The tap ended in order: its trace flags are off. Later events are definitions, or belong to another tap.
        "ended" Ended (Definitions, Own) {
            /// The tap's LTTng session: `trace_name` in the environment of the trace.
            session: Text,
            /// Why it ended: `ended_by` in the tap's receipt.
            ended_by: Text,
            /// Time the tap recorded, with pauses and gaps.
            length_ns: Nanoseconds,
        }
        /// The VM's counters for one kind of event, since the VM loaded beamtap. `counters` events themselves
        /// are not counted.
        "counters" CountersOf (Definitions, Own) {
            /// When in the recording the counters were read.
            phase: PhaseTag,
            /// The event's name, without the provider.
            event: Text,
            /// Number of events handed to LTTng.
            emitted: Count,
            /// Number of events held back by a limit, or because no recording was open.
            suppressed: Count,
            /// Number of events not emitted because a term was of an unknown form.
            unreadable: Count,
            /// Number of events emitted with a text cut to its limit.
            truncated: Count,
        }
    } };
}
