//! What follows from what the automaton knows. A new analysis is one file and one line in [`ANALYSES`].

mod allocators;
mod functions;
mod overview;
mod processes;
mod schedulers;
mod spans;
mod system_monitor;

use crate::automaton::{Automaton, Change};
use crate::error::Error;
use crate::item::Item;
use crate::table::{Table, TableInfo};
use beamtap_schema::EventKind;
use std::fmt;

/// One item of the trace and what came of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'s, 'a> {
    /// The item; `None` for the end of the trace.
    pub(crate) item: Option<&'s Item<'a>>,
    /// The slot of the process that did it.
    pub(crate) slot: Option<u32>,
    /// What ended with it.
    pub(crate) changes: &'s [Change],
    /// The automaton after it.
    pub(crate) state: &'s Automaton,
}

/// One question that a pass over the trace answers.
pub(crate) trait Analysis {
    /// Takes in one item.
    fn observe(&mut self, step: &Step<'_, '_>);
    /// Answers. `state` has every definition of the trace.
    fn finish(self: Box<Self>, state: &Automaton) -> Vec<Table>;
}

/// What an analysis is called and which tables it answers with.
#[derive(Clone, Copy)]
pub struct AnalysisInfo {
    /// Its name, for [`Pass::new`].
    pub name: &'static str,
    /// Its tables, in the order of its answer.
    pub tables: &'static [TableInfo],
    start: fn() -> Box<dyn Analysis>,
}

impl fmt::Debug for AnalysisInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnalysisInfo").field("name", &self.name).finish_non_exhaustive()
    }
}

/// All analyses.
pub const ANALYSES: &[AnalysisInfo] = &[
    AnalysisInfo { name: "functions", tables: &[functions::TABLE], start: functions::start },
    AnalysisInfo { name: "processes", tables: &[processes::TABLE], start: processes::start },
    AnalysisInfo { name: "spans", tables: &[spans::TABLE], start: spans::start },
    AnalysisInfo { name: "system_monitor", tables: &[system_monitor::TABLE], start: system_monitor::start },
    AnalysisInfo { name: "schedulers", tables: &[schedulers::TABLE], start: schedulers::start },
    AnalysisInfo { name: "allocators", tables: &[allocators::TABLE], start: allocators::start },
    AnalysisInfo { name: "overview", tables: overview::TABLES, start: overview::start },
];

/// One pass over a trace that answers several questions at once.
///
/// # Example: two items and the functions' table
///
/// ```
/// use beamtap_analysis::{Item, Pass, Stamp};
/// use beamtap_schema::{Event, event};
///
/// let mut pass = Pass::new(&["functions"])?;
/// for (ns, event) in [
///     (100, Event::Call(event::Call { pid: 7, function: 1 })),
///     (150, Event::ReturnFrom(event::ReturnFrom { pid: 7, function: 1 })),
/// ] {
///     pass.push(&Item::Event(Stamp { ns, stream: 0, cpu: Some(0) }, event));
/// }
/// let tables = pass.finish();
/// assert_eq!(tables[0].rows.len(), 1);
/// # Ok::<(), beamtap_analysis::Error>(())
/// ```
pub struct Pass {
    automaton: Automaton,
    analyses: Vec<Box<dyn Analysis>>,
    changes: Vec<Change>,
}

impl Pass {
    /// Starts a pass with the analyses of these names.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_unknown_analysis`] is true when a name is not in [`ANALYSES`].
    pub fn new(names: &[&str]) -> Result<Pass, Error> {
        let start = |name: &&str| {
            let info = ANALYSES.iter().find(|info| info.name == *name);
            info.map(|info| (info.start)()).ok_or_else(|| Error::unknown_analysis(name))
        };
        let analyses = names.iter().map(start).collect::<Result<_, _>>()?;
        Ok(Pass { automaton: Automaton::default(), analyses, changes: Vec::new() })
    }

    /// Takes the next item of the trace, in time order.
    #[inline]
    pub fn push(&mut self, item: &Item<'_>) {
        self.changes.clear();
        let slot = self.automaton.apply(item, &mut self.changes);
        let step = Step { item: Some(item), slot, changes: &self.changes, state: &self.automaton };
        for analysis in &mut self.analyses {
            analysis.observe(&step);
        }
    }

    /// Takes an item from before the counted range: learns about processes from it, and counts nothing.
    pub fn learn(&mut self, item: &Item<'_>) {
        self.changes.clear();
        self.automaton.learn(item, &mut self.changes);
    }

    /// Sets the kinds of events that the trace can have, from [`Lift::kinds`](crate::Lift::kinds). The VM's counts of
    /// other kinds belong to recordings that ran at the same time.
    pub fn declare(&mut self, kinds: &[EventKind]) {
        self.automaton.declare(kinds);
    }

    /// Sets the names of the LTTng sessions that recorded the trace: `trace_name` in its environment. Call it before
    /// the first item.
    pub fn record_sessions(&mut self, names: Vec<String>) {
        self.automaton.record_sessions(names);
    }

    /// The state of the VM after the last item.
    pub fn state(&self) -> &Automaton {
        &self.automaton
    }

    /// Ends the pass and returns the tables of each analysis, in the order of the names given to [`Pass::new`].
    pub fn finish(mut self) -> Vec<Table> {
        self.changes.clear();
        self.automaton.finish(&mut self.changes);
        let step = Step { item: None, slot: None, changes: &self.changes, state: &self.automaton };
        for analysis in &mut self.analyses {
            analysis.observe(&step);
        }
        let answers = self.analyses.into_iter().map(|analysis| analysis.finish(&self.automaton));
        let tables: Vec<Table> = answers.flatten().collect();
        for table in &tables {
            debug_assert!(table.is_as_documented(), "{}: {:?}", table.id, table.rows);
        }
        tables
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass").field("automaton", &self.automaton).finish_non_exhaustive()
    }
}
