//! Calls of traced functions, and how they end.

macro_rules! calls {
    ([$($rest:ident)*] $($before:tt)*) => { collect! { [$($rest)*] $($before)*
        /// A traced function was called.
        "call" Call (Events, Call) {
            /// The calling process.
            pid: Pid,
            /// The called function.
            function: Function,
        }
        /// A traced function returned. Needs `return` or `exception` in the function's pattern.
        "return_from" ReturnFrom (Events, Call) {
            /// The process that returned.
            pid: Pid,
            /// The function it returned from.
            function: Function,
        }
        /// A traced function ended with an exception. Needs `return` or `exception` in the function's pattern.
        "exception_from" ExceptionFrom (Events, Call) {
            /// The process that raised.
            pid: Pid,
            /// The function that was left.
            function: Function,
            /// The exception's class.
            class: Exception,
        }
        /// A chain of traced calls ended, and the process continues in this function.
        "return_to" ReturnTo (Events, ReturnTo) {
            /// The process that returned.
            pid: Pid,
            /// The function it returns to; 0 if the process has no caller to return to.
            function: Function,
        }
    } };
}
