//! The traces below a directory as NIFs: marked, listed and removed, on dirty I/O schedulers.

use crate::atoms;
use crate::reply::binary;
use beamtap_ctl::traces::{self, Keep, Trace};
use rustler::{Atom, Binary, Encoder, Env, Error, NifResult, Term};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

fn path<'a>(binary: &'a Binary) -> &'a Path {
    Path::new(OsStr::from_bytes(binary.as_slice()))
}

fn said<'a>(env: Env<'a>, error: &beamtap_ctl::Error) -> Term<'a> {
    (atoms::error(), binary(env, error.to_string().as_bytes())).encode(env)
}

fn done(env: Env, result: Result<(), beamtap_ctl::Error>) -> Term {
    result.map_or_else(|error| said(env, &error), |()| atoms::ok().encode(env))
}

/// Marks a directory as that of a trace of this VM's: `ok | {error, Why}`.
#[rustler::nif(schedule = "DirtyIo")]
fn trace_begin<'a>(env: Env<'a>, directory: Binary<'a>, node: Binary<'a>) -> Term<'a> {
    done(env, traces::begin(path(&directory), &String::from_utf8_lossy(&node)))
}

/// Notes that the trace is complete: `ok | {error, Why}`.
#[rustler::nif(schedule = "DirtyIo")]
fn trace_end<'a>(env: Env<'a>, directory: Binary<'a>) -> Term<'a> {
    done(env, traces::end(path(&directory)))
}

/// `{ok, [{Path, Node, State, Bytes, Begun, Changed}]} | {error, Why}`, the newest first, times in seconds since the epoch.
#[rustler::nif(schedule = "DirtyIo")]
fn traces_in<'a>(env: Env<'a>, directory: Binary<'a>) -> NifResult<Term<'a>> {
    let seconds =
        |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let one = |trace: &Trace| -> NifResult<Term<'a>> {
        let state = Atom::from_str(env, trace.state.word())?;
        let (begun, changed) = (seconds(trace.begun), seconds(trace.changed));
        let node = binary(env, trace.node.as_bytes());
        Ok((binary(env, trace.path.as_os_str().as_bytes()), node, state, trace.bytes, begun, changed)
            .encode(env))
    };
    match traces::list(path(&directory)) {
        Ok(found) => Ok((atoms::ok(), found.iter().map(one).collect::<NifResult<Vec<_>>>()?).encode(env)),
        Err(error) => Ok(said(env, &error)),
    }
}

/// Removes the traces beyond what is to be kept, each bound a number or `infinity`: `{ok, Removed, Failures}` or
/// `{error, Why}`.
#[rustler::nif(schedule = "DirtyIo")]
fn traces_keep<'a>(
    env: Env<'a>,
    directory: Binary<'a>,
    number: Term<'a>,
    bytes: Term<'a>,
    age_ms: Term<'a>,
) -> NifResult<Term<'a>> {
    let keep =
        Keep { number: bound(number)?, bytes: bound(bytes)?, age: bound(age_ms)?.map(Duration::from_millis) };
    let found = match traces::list(path(&directory)) {
        Ok(found) => found,
        Err(error) => return Ok(said(env, &error)),
    };
    let (mut removed, mut failures) = (Vec::new(), Vec::new());
    for trace in traces::beyond(&found, keep) {
        match trace.remove() {
            Ok(()) => removed.push(binary(env, trace.path.as_os_str().as_bytes())),
            Err(error) => failures.push(binary(env, error.to_string().as_bytes())),
        }
    }
    Ok((atoms::ok(), removed, failures).encode(env))
}

fn bound(term: Term) -> NifResult<Option<u64>> {
    match term.decode::<Atom>() {
        Ok(atom) if atom == atoms::infinity() => Ok(None),
        Ok(_) => Err(Error::BadArg),
        Err(_) => term.decode().map(Some),
    }
}
