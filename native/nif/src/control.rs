//! The ordinary NIFs: opening the provider, definitions, counters.

use crate::atoms;
use crate::block;
use crate::definitions::{self, Process, Vm};
use crate::gate;
use crate::layout::{self, PidSample};
use crate::provider;
use crate::reply::{binary, failure};
use crate::sys::{CallEnv, word_of};
use crate::ticker;
use beamtap_schema::{CATALOGUE, EventKind, Phase, WireType};
use rustler::{Atom, Binary, Encoder, Env, Error, ListIterator, NifMap, NifResult, Term};
use std::ffi::CString;
use std::path::PathBuf;
use std::time::Duration;

fn word(term: Term) -> u64 {
    word_of(term.as_c_arg())
}

/// Learns how this VM writes pids and ports, and gets the tracer path ready.
#[rustler::nif(schedule = "DirtyIo")]
fn calibrate<'a>(env: Env<'a>, pids: Vec<(Term<'a>, u64, u64)>, ports: Vec<(Term<'a>, u64)>) -> Term<'a> {
    block::prepare_barrier();
    let pids: Vec<PidSample> =
        pids.iter().map(|&(pid, number, serial)| PidSample { word: word(pid), number, serial }).collect();
    let ports: Vec<(u64, u64)> = ports.iter().map(|&(port, number)| (word(port), number)).collect();
    if layout::calibrate(&pids, &ports, word(5u32.encode(env)), word(atoms::ok().encode(env))) {
        atoms::ok().encode(env)
    } else {
        (atoms::error(), atoms::unknown_layout()).encode(env)
    }
}

#[rustler::nif(schedule = "DirtyIo")]
fn open_provider<'a>(env: Env<'a>, path: Binary<'a>) -> Term<'a> {
    use std::os::unix::ffi::OsStrExt;
    if !layout::is_calibrated() {
        return failure(
            env,
            atoms::unknown_layout(),
            "this VM encodes pids in a way that beamtap does not know",
            "report this to beamtap's developers, with the OTP version",
        );
    }
    let path = PathBuf::from(std::ffi::OsStr::from_bytes(path.as_slice()));
    match provider::TYPED.open(&path) {
        Ok(()) => atoms::ok().encode(env),
        Err(error) => failure(env, atoms::no_provider(), &error.line(), error.remedy()),
    }
}

/// `dynamic_trace` is what the VM itself was built with.
#[rustler::nif(schedule = "DirtyIo")]
fn open_otp_provider<'a>(env: Env<'a>, path: Binary<'a>, dynamic_trace: Atom) -> Term<'a> {
    use std::os::unix::ffi::OsStrExt;
    if dynamic_trace == atoms::lttng() {
        return failure(
            env,
            atoms::has_own(),
            "this VM was built with OTP's own LTTng events",
            "record them with OTP's own tracer, dyntrace",
        );
    }
    let path = PathBuf::from(std::ffi::OsStr::from_bytes(path.as_slice()));
    match provider::OTP.open(&path) {
        Ok(()) => atoms::ok().encode(env),
        Err(error) => failure(env, atoms::no_provider(), &error.line(), error.remedy()),
    }
}

#[rustler::nif(name = "provider")]
fn provider_state(env: Env) -> Term {
    match provider::TYPED.state() {
        provider::State::NotLoaded => atoms::not_loaded().encode(env),
        provider::State::Loaded => atoms::loaded().encode(env),
        provider::State::Failed(line) => (atoms::failed(), binary(env, line.as_bytes())).encode(env),
    }
}

#[rustler::nif]
fn catalogue(env: Env) -> Vec<(Term, Term, Term)> {
    let text = |text: &str| binary(env, text.as_bytes());
    CATALOGUE
        .iter()
        .map(|event| (text(event.name), text(event.class.flag()), text(event.channel.name())))
        .collect()
}

/// The fields of the event of this name: what they are called, and whether they are a `number` or a `text`.
#[rustler::nif]
fn fields<'a>(env: Env<'a>, event: Binary<'a>) -> NifResult<Vec<Term<'a>>> {
    let kinds = kinds(&[event])?;
    let fields = kinds.iter().flat_map(|kind| kind.info().fields);
    Ok(fields
        .map(|field| {
            let wire = match field.field_type.wire() {
                WireType::Text => atoms::text(),
                WireType::U8 | WireType::U32 | WireType::U64 => atoms::number(),
            };
            (binary(env, field.name.as_bytes()), wire).encode(env)
        })
        .collect())
}

/// The kinds with these names; an error where there is none.
fn kinds(names: &[Binary]) -> NifResult<Vec<EventKind>> {
    names
        .iter()
        .map(|name| {
            std::str::from_utf8(name.as_slice()).ok().and_then(EventKind::from_name).ok_or(Error::BadArg)
        })
        .collect()
}

#[rustler::nif(schedule = "DirtyIo")]
fn await_enabled(names: Vec<Binary>, timeout_ms: u64) -> NifResult<Atom> {
    let is_enabled = provider::await_enabled(&kinds(&names)?, Duration::from_millis(timeout_ms));
    Ok(if is_enabled { atoms::ok() } else { atoms::timeout() })
}

#[rustler::nif]
fn panics() -> u32 {
    gate::panics()
}

#[rustler::nif]
fn counters(env: Env) -> Vec<Term> {
    CATALOGUE
        .iter()
        .zip(block::counters())
        .map(|(event, counted)| {
            let name = binary(env, event.name.as_bytes());
            (name, counted.emitted, counted.suppressed, counted.unreadable, counted.truncated).encode(env)
        })
        .collect()
}

/// How many events were timed since the load, and the nanoseconds they took in this library and in LTTng.
#[rustler::nif]
fn timed() -> (u64, u64) {
    block::timed()
}

#[rustler::nif(schedule = "DirtyIo")]
fn emit_counters(env: Env, phase: Atom) -> NifResult<Term> {
    let phase = match phase {
        phase if phase == atoms::begin() => Phase::Begin,
        phase if phase == atoms::running() => Phase::Running,
        phase if phase == atoms::end() => Phase::End,
        phase if phase == atoms::snapshot() => Phase::Snapshot,
        _ => return Err(Error::BadArg),
    };
    Ok(emitted(env, definitions::counters(phase, |_| true)))
}

#[rustler::nif(schedule = "DirtyIo")]
fn emit_joined<'a>(env: Env<'a>, names: Vec<Binary<'a>>) -> NifResult<Term<'a>> {
    let kinds = kinds(&names)?;
    Ok(emitted(env, definitions::counters(Phase::Joined, |kind| kinds.contains(&kind))))
}

#[rustler::nif]
fn emit_canary(env: Env, high: u64, low: u64) -> Term {
    emitted(env, definitions::canary(high, low))
}

/// A text with a NUL byte in it is not emitted.
#[rustler::nif]
fn emit_caveat<'a>(env: Env<'a>, session: Binary<'a>, text: Binary<'a>) -> Term<'a> {
    let texts = CString::new(session.as_slice()).ok().zip(CString::new(text.as_slice()).ok());
    emitted(env, texts.and_then(|(session, text)| definitions::caveat(&session, &text)))
}

#[rustler::nif]
fn emit_gap<'a>(
    env: Env<'a>,
    session: Binary<'a>,
    length_ns: u64,
    count: u64,
    since_begin: u64,
    reason: Binary<'a>,
) -> Term<'a> {
    let done = text(&session)
        .zip(text(&reason))
        .and_then(|(session, reason)| definitions::gap(&session, length_ns, count, since_begin, &reason));
    emitted(env, done)
}

#[rustler::nif]
fn emit_pause<'a>(env: Env<'a>, session: Binary<'a>) -> Term<'a> {
    let session = text(&session);
    emitted(env, definitions::unless_held(|| definitions::pause(&session?)))
}

#[rustler::nif]
fn emit_resume<'a>(env: Env<'a>, session: Binary<'a>, length_ns: u64) -> Term<'a> {
    let session = text(&session);
    emitted(env, definitions::unless_held(|| definitions::resume(&session?, length_ns)))
}

#[rustler::nif]
fn emit_ended<'a>(env: Env<'a>, session: Binary<'a>, ended_by: Atom, length_ns: u64) -> NifResult<Term<'a>> {
    let ended_by = CString::new(ended_by.to_term(env).atom_to_string()?).ok();
    let session = text(&session);
    Ok(emitted(env, definitions::unless_held(|| definitions::ended(&session?, &ended_by?, length_ns))))
}

/// A text with a NUL byte in it is cut there.
fn text(binary: &Binary) -> Option<CString> {
    let text = binary.as_slice().split(|byte| *byte == 0).next().unwrap_or_default();
    CString::new(text).ok()
}

fn emitted(env: Env, done: Option<()>) -> Term {
    match done {
        Some(()) => atoms::ok().encode(env),
        None => (atoms::error(), atoms::no_slot()).encode(env),
    }
}

#[derive(NifMap)]
struct VmTerms<'a> {
    node: Binary<'a>,
    otp_release: Binary<'a>,
    erts: Binary<'a>,
    schedulers: u32,
    beamtap: Binary<'a>,
}

#[rustler::nif(schedule = "DirtyIo")]
fn dump_definitions<'a>(env: Env<'a>, vm: VmTerms<'a>) -> NifResult<Term<'a>> {
    let text = |binary: Binary| CString::new(binary.as_slice()).map_err(|_| Error::BadArg);
    let vm = Vm {
        node: text(vm.node)?,
        otp_release: text(vm.otp_release)?,
        erts: text(vm.erts)?,
        schedulers: vm.schedulers,
        beamtap: text(vm.beamtap)?,
    };
    // SAFETY: the environment is that of the call in progress, which this frame does not outlive.
    let call = unsafe { CallEnv::new(env.as_c_arg()) };
    Ok(emitted(env, definitions::unless_held(|| definitions::dump(call, &vm))))
}

#[rustler::nif(schedule = "DirtyIo")]
fn dump_processes<'a>(env: Env<'a>, processes: ListIterator<'a>) -> NifResult<Term<'a>> {
    let processes = processes
        .map(|process| {
            let (pid, parent, name, function): (Term, Term, Term, Term) = process.decode()?;
            Ok(Process { pid: word(pid), parent: word(parent), name: word(name), function: word(function) })
        })
        .collect::<NifResult<Vec<_>>>()?;
    // SAFETY: as in `dump_definitions`.
    let call = unsafe { CallEnv::new(env.as_c_arg()) };
    Ok(emitted(env, definitions::unless_held(|| definitions::processes(call, &processes))))
}

#[rustler::nif(schedule = "DirtyIo")]
fn dump_labels<'a>(env: Env<'a>, labels: Vec<(Term<'a>, Term<'a>)>) -> Term<'a> {
    let labels: Vec<(u64, u64)> = labels.into_iter().map(|(pid, label)| (word(pid), word(label))).collect();
    // SAFETY: as in `dump_definitions`.
    let call = unsafe { CallEnv::new(env.as_c_arg()) };
    emitted(env, definitions::unless_held(|| definitions::labels(call, &labels)))
}

#[rustler::nif(schedule = "DirtyIo")]
fn dump_modules<'a>(env: Env<'a>, modules: Vec<(Term<'a>, Binary<'a>)>) -> Term<'a> {
    let modules: Vec<(u64, &[u8])> =
        modules.iter().map(|(module, checksum)| (word(*module), checksum.as_slice())).collect();
    // SAFETY: as in `dump_definitions`.
    let call = unsafe { CallEnv::new(env.as_c_arg()) };
    emitted(env, definitions::unless_held(|| definitions::modules(call, &modules)))
}

#[rustler::nif(schedule = "DirtyIo")]
fn dump_ends<'a>(env: Env<'a>, functions: Vec<Term<'a>>, recorded: bool) -> Term<'a> {
    let functions: Vec<u64> = functions.into_iter().map(word).collect();
    // SAFETY: as in `dump_definitions`.
    let call = unsafe { CallEnv::new(env.as_c_arg()) };
    emitted(env, definitions::unless_held(|| definitions::ends(call, &functions, recorded)))
}

/// From now on `listener` gets `beamtap_definitions_missing` when a session that beamtap did not make begins to record; `none`
/// gets nothing.
#[rustler::nif]
fn watch_definitions<'a>(env: Env<'a>, listener: Term<'a>) -> Term<'a> {
    if ticker::listen(listener.decode().ok()) {
        atoms::ok().encode(env)
    } else {
        (atoms::error(), atoms::no_guard()).encode(env)
    }
}
