//! One pass over a trace: what is read, what was at fault, how far it has come.

use crate::failure::Failure;
use crate::faults::Faults;
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::window::Window;
use beamtap_analysis::{Lift, Pass, Table, Vm};
use beamtap_ctf::TraceSet;
use std::ops::ControlFlow;
use std::path::Path;

/// Items between two looks at the clock and at Ctrl-C: about a millisecond.
const STRIDE: u64 = 1 << 14;

/// What a pass over a trace gave.
pub(crate) struct Reading {
    /// The tables of the analyses, in the order in which they were asked for.
    pub(crate) tables: Vec<Table>,
    /// Why parts of the trace could not be read; what is before the fault, and other streams, are in the tables.
    pub(crate) faults: Vec<String>,
    /// Which stretch the tables are about, where it is not the whole trace.
    pub(crate) stretch: Option<String>,
}

impl Reading {
    /// Reads all of a trace and lets the analyses named answer about a stretch of it.
    ///
    /// `has_state` says that the answer needs to know what processes do, which is kept for one VM. A trace of several is
    /// refused.
    pub(crate) fn of(
        directory: &Path,
        analyses: &[&str],
        mut window: Window,
        has_state: bool,
    ) -> Result<Reading, Failure> {
        let interrupt = Interrupt::listen()?;
        let set = TraceSet::open(directory)?;
        tracing::debug!(
            traces = set.traces().len(),
            streams = set.streams().len(),
            classes = set.classes().len(),
            "opened {}",
            directory.display()
        );
        let mut lift = Lift::new(&set);
        let mut pass = Pass::new(analyses)?;
        pass.declare(&lift.kinds());
        pass.record_sessions(sessions(&set));
        let mut progress = Progress::new();
        let (mut faults, mut fault_count) = (Vec::new(), Faults::default());
        for fault in set.faults().iter().filter(|_| fault_count.tells_one_more()) {
            faults.push(format!("{fault}; this part is left out"));
        }
        let mut items = 0_u64;
        let is_narrow = window.is_narrow();
        let flow = lift.for_each(|item| {
            // Looked at where it is: an item is large, and moving it costs a tenth of the time.
            match &item {
                Ok(item) if is_narrow => {
                    if let Some(item) = window.cut(item) {
                        pass.push(&item);
                    } else if window.is_after(item) {
                        pass.learn(item);
                    }
                }
                Ok(item) => pass.push(item),
                Err(error) => {
                    tracing::warn!(%error, "after {items} items");
                    let consequence = if error.is_mismatch() {
                        "its events are left out. To read them, use the beamtapd of the version that recorded them"
                    } else {
                        "the stream was read up to there, and the other streams in full"
                    };
                    if fault_count.tells_one_more() {
                        faults.push(format!("{error}; {consequence}"));
                    }
                }
            }
            items += 1;
            if items.is_multiple_of(STRIDE) {
                progress.at(items);
                if interrupt.came() || (has_state && pass.state().names().vms().len() > 1) {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        });
        if let (true, [one, other, ..]) = (has_state, pass.state().names().vms()) {
            return Err(several_vms(&set, one, other));
        }
        if flow.is_break() {
            return Err(Failure::Interrupted);
        }
        faults.extend(fault_count.rest());
        tracing::info!(items, seconds = progress.elapsed().as_secs_f64(), "read");
        drop(progress);
        pass.declare(&lift.kinds());
        let mut tables = pass.finish();
        let stretch = window.note();
        if stretch.is_some() {
            // That the VM's own count is not known of a part of the trace is nobody's surprise.
            tables.iter_mut().filter(|table| table.id == "sum").for_each(|sum| sum.notes.clear());
        }
        Ok(Reading { tables, faults, stretch })
    }

    /// The table with this name.
    pub(crate) fn table(&self, id: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.id == id)
    }
}

/// The LTTng sessions that recorded a trace. Older versions of LTTng do not tell, and neither do other tracers.
fn sessions(set: &TraceSet) -> Vec<String> {
    let names = set.environment().filter(|(key, _)| *key == "trace_name");
    names.filter_map(|(_, name)| name.as_str().map(str::to_owned)).collect()
}

/// Why a trace of several VMs has no answer, and what to do.
fn several_vms(set: &TraceSet, one: &Vm, other: &Vm) -> Failure {
    let vm = |vm: &Vm| format!("{} (process {})", vm.node, vm.os_pid);
    let why = "a report would mix them up, because each VM numbers processes and functions by itself";
    let what = format!("{} and {} both recorded into this trace: {why}", vm(one), vm(other));
    match set.traces() {
        [first, _, ..] => Failure::Trace {
            what: format!("{what}. The trace of one VM is {}", first.path().display()),
            remedy: "Run the command on the trace of each VM",
        },
        _ => Failure::Trace {
            what,
            remedy: "Record each VM in its own session, or use `lttng enable-channel --buffers-pid`. To see the \
                     events, use `beamtapd read`",
        },
    }
}
