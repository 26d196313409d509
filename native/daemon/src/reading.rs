//! One pass over a trace: what is read, what was at fault, how far it has come.

use crate::failure::Failure;
use crate::faults::Faults;
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::window::Window;
use beamtap_analysis::{Lift, Pass, Table};
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
    pub(crate) fn of(directory: &Path, analyses: &[&str], mut window: Window) -> Result<Reading, Failure> {
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
        let mut progress = Progress::new();
        let (mut faults, mut fault_count) = (Vec::new(), Faults::default());
        for fault in set.faults().iter().filter(|_| fault_count.tells_one_more()) {
            faults.push(format!("{fault}; what is there is left out"));
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
                        "its events are left out; read them with the beamtapd of that version"
                    } else {
                        "what comes before it and the other streams were read"
                    };
                    if fault_count.tells_one_more() {
                        faults.push(format!("{error}; {consequence}"));
                    }
                }
            }
            items += 1;
            if items.is_multiple_of(STRIDE) {
                progress.at(items);
                if interrupt.came() {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        });
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
