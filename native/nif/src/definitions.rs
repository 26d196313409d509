//! Says what the numbers in events mean, again, so that a recording that begins now resolves by itself.

use crate::block::{self, Block, Outcome};
use crate::board;
use crate::gate;
use crate::intern;
use crate::layout;
use crate::naming;
use crate::sys::{self, AtomName, CallEnv};
use crate::term;
use crate::writer::Text;
use beamtap_schema::{CATALOGUE, EventKind, Phase, ThreadKind, wire};
use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Longest label of a process, in bytes; and room for it, the byte that tells it was cut, and its end.
const LABEL_BYTES: usize = 255;
const LABEL_ROOM: usize = LABEL_BYTES + 2;

/// Whether who records definitions has been told them.
static IS_TOLD: AtomicBool = AtomicBool::new(false);

/// What only the Erlang side knows of the VM.
pub(crate) struct Vm {
    pub(crate) node: CString,
    pub(crate) otp_release: CString,
    pub(crate) erts: CString,
    pub(crate) schedulers: u32,
    pub(crate) beamtap: CString,
}

/// A process as the Erlang side describes it; all terms.
pub(crate) struct Process {
    pub(crate) pid: u64,
    pub(crate) parent: u64,
    pub(crate) name: u64,
    pub(crate) function: u64,
}

/// Emits the definitions of VM, threads and everything interned.
pub(crate) fn dump(env: CallEnv<'_>, vm: &Vm) -> Option<()> {
    let block = block::mine()?;
    naming::emit_counted(
        block,
        &wire::DefVm {
            os_pid: std::process::id(),
            node: vm.node.as_ptr(),
            otp_release: vm.otp_release.as_ptr(),
            erts: vm.erts.as_ptr(),
            schedulers: vm.schedulers,
            word_bytes: size_of::<usize>() as u32,
            beamtap: vm.beamtap.as_ptr(),
        },
    );
    if let Some(clock) = sys::clock_offsets() {
        naming::emit_counted(block, &clock);
    }
    threads(block);
    for (id, key) in intern::all() {
        naming::define(env, block, id, key);
    }
    IS_TOLD.store(board::is_enabled(EventKind::DefVm), Relaxed);
    Some(())
}

/// Emits who the processes given are.
pub(crate) fn processes(env: CallEnv<'_>, processes: &[Process]) -> Option<()> {
    let block = block::mine()?;
    for process in processes {
        if define_process(env, block, process).is_none() {
            block.count(EventKind::DefProcess, Outcome::Unreadable);
        }
    }
    Some(())
}

/// Whether somebody records definitions since the last dump or look, who has not been told any: a session that beamtap
/// did not make. One that joins another cannot be told apart: LTTng has one switch for all.
pub(crate) fn are_missing() -> bool {
    // While everything is held a recording begins or ends.
    if !gate::is_open_unbound() {
        return false;
    }
    let is_enabled = board::is_enabled(EventKind::DefVm);
    !IS_TOLD.swap(is_enabled, Relaxed) && is_enabled
}

/// Runs `dump` so that its events fall between the counters of any recording; nothing while all emission is held.
pub(crate) fn unless_held(dump: impl FnOnce() -> Option<()>) -> Option<()> {
    let block = block::mine()?;
    block.enter();
    let done = if gate::is_open_unbound() { dump() } else { None };
    block.leave();
    done
}

/// Emits the labels of processes: pairs of two terms.
pub(crate) fn labels(env: CallEnv<'_>, labels: &[(u64, u64)]) -> Option<()> {
    let block = block::mine()?;
    for &(pid, label) in labels {
        let Some(pid) = layout::pid(pid) else { continue };
        let (text, is_truncated) =
            Text::<LABEL_ROOM>::bounded(LABEL_BYTES, |text| text.characters(env, label));
        naming::emit_counted(block, &wire::DefProcessLabel { pid, label: text.as_ptr() });
        if is_truncated {
            block.count(EventKind::DefProcessLabel, Outcome::Truncated);
        }
    }
    Some(())
}

/// Emits modules: their names and checksums.
pub(crate) fn modules(env: CallEnv<'_>, modules: &[(u64, &[u8])]) -> Option<()> {
    let block = block::mine()?;
    for &(module, checksum) in modules {
        let mut name = AtomName::new();
        let md5: String = checksum.iter().map(|byte| format!("{byte:02x}")).collect();
        match (env.atom_name(module, &mut name), CString::new(md5)) {
            (Some(_), Ok(md5)) => {
                naming::emit_counted(block, &wire::DefModule { module: name.as_ptr(), md5: md5.as_ptr() });
            }
            _ => block.count(EventKind::DefModule, Outcome::Unreadable),
        }
    }
    Some(())
}

fn define_process(env: CallEnv<'_>, block: &Block, process: &Process) -> Option<()> {
    let undefined = term::atoms()?.undefined;
    let name = match process.name {
        name if name == undefined => 0,
        name => naming::atom_number(env, block, name)?,
    };
    let function = match process.function {
        function if function == undefined => 0,
        function => naming::function_number(env, block, term::mfa(env, function)?)?,
    };
    let event = wire::DefProcess {
        pid: layout::pid(process.pid)?,
        parent: layout::pid(process.parent).unwrap_or(0),
        name,
        function,
    };
    naming::emit_counted(block, &event);
    Some(())
}

/// The VM names its threads; their names are all the kernel tells of them.
fn threads(block: &Block) {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return };
    for task in tasks.flatten() {
        let Some(thread) = task.file_name().to_str().and_then(|id| id.parse().ok()) else { continue };
        let name = std::fs::read(task.path().join("comm")).unwrap_or_default();
        let name = name.strip_suffix(b"\n").unwrap_or(&name);
        let (kind, scheduler) = thread_kind(&String::from_utf8_lossy(name));
        let Ok(name) = CString::new(name) else { continue };
        naming::emit_counted(
            block,
            &wire::DefThread { thread, kind: kind.to_wire(), scheduler, name: name.as_ptr() },
        );
    }
}

/// `1_scheduler`, `2_dirty_cpu_sch`, `3_dirty_io_sche` up to OTP 25; `erts_sched_1`, `erts_dcpus_2`, `erts_dios_3` since.
fn thread_kind(name: &str) -> (ThreadKind, u32) {
    let families = [
        ("erts_sched_", ThreadKind::Scheduler),
        ("erts_dcpus_", ThreadKind::DirtyCpu),
        ("erts_dios_", ThreadKind::DirtyIo),
    ];
    for (prefix, kind) in families {
        if let Some(number) = name.strip_prefix(prefix).and_then(|number| number.parse().ok()) {
            return (kind, number);
        }
    }
    let Some((number, what)) = name.split_once('_') else { return (ThreadKind::Other, 0) };
    let Ok(number) = number.parse() else { return (ThreadKind::Other, 0) };
    match what {
        what if what.starts_with("dirty_cpu") => (ThreadKind::DirtyCpu, number),
        what if what.starts_with("dirty_io") => (ThreadKind::DirtyIo, number),
        what if what.starts_with("sched") => (ThreadKind::Scheduler, number),
        _ => (ThreadKind::Other, 0),
    }
}

/// Emits the number of this recording.
pub(crate) fn canary(nonce_high: u64, nonce_low: u64) -> Option<()> {
    naming::emit_counted(block::mine()?, &wire::Canary { nonce_high, nonce_low });
    Some(())
}

/// Emits of functions whether it is recorded how they end.
pub(crate) fn ends(env: CallEnv<'_>, functions: &[u64], recorded: bool) -> Option<()> {
    let block = block::mine()?;
    for &function in functions {
        match term::mfa(env, function).and_then(|mfa| naming::function_number(env, block, mfa)) {
            Some(function) => {
                naming::emit_counted(block, &wire::DefEnds { function, recorded: recorded.into() });
            }
            None => block.count(EventKind::DefEnds, Outcome::Unreadable),
        }
    }
    Some(())
}

/// Emits what the trace does not have though it was asked for.
pub(crate) fn caveat(session: &CStr, text: &CStr) -> Option<()> {
    naming::emit_counted(block::mine()?, &wire::Caveat { session: session.as_ptr(), text: text.as_ptr() });
    Some(())
}

/// Emits that the recording was interrupted.
pub(crate) fn gap(
    session: &CStr,
    length_ns: u64,
    emitted: u64,
    since_begin: u64,
    reason: &CStr,
) -> Option<()> {
    naming::emit_counted(
        block::mine()?,
        &wire::Gap { session: session.as_ptr(), length_ns, emitted, since_begin, reason: reason.as_ptr() },
    );
    Some(())
}

/// Emits that a tap was paused.
pub(crate) fn pause(session: &CStr) -> Option<()> {
    naming::emit_counted(block::mine()?, &wire::Pause { session: session.as_ptr() });
    Some(())
}

/// Emits that a tap goes on after a pause.
pub(crate) fn resume(session: &CStr, length_ns: u64) -> Option<()> {
    naming::emit_counted(block::mine()?, &wire::Resume { session: session.as_ptr(), length_ns });
    Some(())
}

/// Emits that a tap has ended.
pub(crate) fn ended(session: &CStr, ended_by: &CStr, length_ns: u64) -> Option<()> {
    naming::emit_counted(
        block::mine()?,
        &wire::Ended { session: session.as_ptr(), ended_by: ended_by.as_ptr(), length_ns },
    );
    Some(())
}

/// Emits the counters of every kind that can be counted and is meant.
pub(crate) fn counters(phase: Phase, is_meant: impl Fn(EventKind) -> bool) -> Option<()> {
    let block = block::mine()?;
    for (event, counters) in CATALOGUE.iter().zip(block::counters()) {
        if event.kind == EventKind::CountersOf || !is_meant(event.kind) {
            continue;
        }
        let Ok(name) = CString::new(event.name) else { continue };
        naming::emit_counted(
            block,
            &wire::CountersOf {
                phase: phase.to_wire(),
                event: CStr::as_ptr(&name),
                emitted: counters.emitted,
                suppressed: counters.suppressed,
                unreadable: counters.unreadable,
                truncated: counters.truncated,
            },
        );
    }
    Some(())
}
