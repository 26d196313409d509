//! The callbacks as the VM calls them: raw functions, registered without rustler's per-call collection of arguments.
//!
//! `trace_call/5` and `trace_send/5` are missing on purpose: the VM's meta-trace path calls those two with three
//! arguments where they exist. Everything else the VM may look for is here.

use crate::family::{self, Family};
use crate::quick;
use crate::slow;
use crate::sys::{CallEnv, term_of};
use crate::traced::Given;
use rustler::Nif;
use rustler::codegen_runtime::inventory;
use rustler::sys::{ErlNifEnv, ErlNifTerm};
use std::ffi::{c_char, c_int};

const ENABLED_ARITY: usize = 3;
const TRACE_ARITY: usize = 5;

/// Answers an `enabled_*` question: nearly always in a few comparisons.
///
/// # Safety
///
/// The VM's contract of a NIF of arity 3: `argv` points to that many terms for the length of the call.
#[inline(always)]
unsafe fn answer(family: Family, argv: *const ErlNifTerm) -> ErlNifTerm {
    // SAFETY: `argv` points to 3 terms for the length of this call, by the contract above; 3 is the arity registered.
    let question = unsafe { &*argv.cast::<[u64; ENABLED_ARITY]>() };
    match quick::answer(family, question) {
        Some(word) => term_of(word),
        None => term_of(slow::answer(family, question)),
    }
}

/// Takes one event, the shortest way where that will do. The answer is ignored by the VM; it has to be a term.
///
/// # Safety
///
/// The VM's contract of a NIF of arity 5: `env` is the call's environment and `argv` points to that many terms, both
/// for the length of the call.
#[inline(always)]
unsafe fn take(family: Family, env: *mut ErlNifEnv, argv: *const ErlNifTerm) -> ErlNifTerm {
    // SAFETY: `argv` points to 5 terms for the length of this call, by the contract above; 5 is the arity registered.
    let words = unsafe { &*argv.cast::<[u64; TRACE_ARITY]>() };
    // SAFETY: the environment is the running call's, by the contract above.
    let given = Given { env: unsafe { CallEnv::new(env) }, words };
    term_of(quick::take(family, given))
}

macro_rules! callbacks {
    (enabled: $( $enabled:ident $family:ident, )+ ; trace: $( $trace:ident $of:ident, )+) => {
        $(
            unsafe extern "C" fn $enabled(_env: *mut ErlNifEnv, _argc: c_int, argv: *const ErlNifTerm) -> ErlNifTerm {
                // SAFETY: registered below with arity 3; the VM keeps its contract.
                unsafe { answer(family::$family, argv) }
            }
            inventory::submit!(Nif {
                name: concat!(stringify!($enabled), "\0").as_ptr().cast::<c_char>(),
                arity: ENABLED_ARITY as u32,
                flags: 0,
                raw_func: $enabled,
            });
        )+
        $(
            unsafe extern "C" fn $trace(env: *mut ErlNifEnv, _argc: c_int, argv: *const ErlNifTerm) -> ErlNifTerm {
                // SAFETY: registered below with arity 5; the VM keeps its contract.
                unsafe { take(family::$of, env, argv) }
            }
            inventory::submit!(Nif {
                name: concat!(stringify!($trace), "\0").as_ptr().cast::<c_char>(),
                arity: TRACE_ARITY as u32,
                flags: 0,
                raw_func: $trace,
            });
        )+
    };
}

callbacks! {
    enabled:
        enabled ALL,
        enabled_call CALL,
        enabled_send SEND,
        enabled_receive RECEIVE,
        enabled_procs PROCS,
        enabled_running_procs RUNNING_PROCS,
        enabled_garbage_collection GARBAGE_COLLECTION,
        enabled_ports PORTS,
        enabled_running_ports RUNNING_PORTS,
    ;
    trace:
        trace DEFAULT,
        trace_receive RECEIVE,
        trace_procs PROCS,
        trace_running_procs RUNNING_PROCS,
        trace_garbage_collection GARBAGE_COLLECTION,
        trace_ports PORTS,
        trace_running_ports RUNNING_PORTS,
}
