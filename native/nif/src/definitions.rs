//! Says what the numbers in events mean, again, so that a recording that begins now resolves by itself.

use crate::block::{self, Block, Outcome};
use crate::intern;
use crate::layout;
use crate::naming;
use crate::sys::CallEnv;
use crate::term;
use beamtap_schema::{CATALOGUE, EventKind, Phase, ThreadKind, wire};
use std::ffi::{CStr, CString};

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

/// Emits the definitions of VM, threads, everything interned, and the processes given.
pub(crate) fn dump(env: CallEnv<'_>, vm: &Vm, processes: &[Process]) -> Option<()> {
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
    threads(block);
    for (id, key) in intern::all() {
        naming::define(env, block, id, key);
    }
    for process in processes {
        if define_process(env, block, process).is_none() {
            block.count(EventKind::DefProcess, Outcome::Unreadable);
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

/// Emits the counters of every kind that can be counted.
pub(crate) fn counters(phase: Phase) -> Option<()> {
    let block = block::mine()?;
    for (event, counters) in CATALOGUE.iter().zip(block::counters()) {
        if event.kind == EventKind::CountersOf {
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
