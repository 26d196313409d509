//! When processes run.

macro_rules! scheduling {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// A process was scheduled in.
        "in" In (Events, Running) {
            /// The process.
            pid: Pid,
            /// The function it continues in; 0 if unknown.
            function: Function,
            /// The thread it runs on.
            thread: Thread,
        }
        /// A process was scheduled out.
        "out" Out (Events, Running) {
            /// The process.
            pid: Pid,
            /// The function it will continue in; 0 if unknown.
            function: Function,
            /// The thread it ran on.
            thread: Thread,
        }
        /// An exiting process was scheduled in.
        "in_exiting" InExiting (Events, Exiting) {
            /// The process.
            pid: Pid,
            /// The function it was in; 0 if unknown.
            function: Function,
            /// The thread it runs on.
            thread: Thread,
        }
        /// An exiting process was scheduled out.
        "out_exiting" OutExiting (Events, Exiting) {
            /// The process.
            pid: Pid,
            /// The function it was in; 0 if unknown.
            function: Function,
            /// The thread it ran on.
            thread: Thread,
        }
        /// A process was scheduled out for the last time.
        "out_exited" OutExited (Events, Exiting) {
            /// The process.
            pid: Pid,
            /// The function it was in; 0 if unknown.
            function: Function,
            /// The thread it ran on.
            thread: Thread,
        }
    } };
}
