//! Where time went, per function.

use super::{Analysis, Step};
use crate::automaton::{Automaton, Change, EndedCall, Ending};
use crate::interned::Interned;
use crate::table::{Cell, Column, Shape, Table, TableInfo};
use hdrhistogram::Histogram;

/// Most functions that are told apart. Calls of further ones share one row.
const MAX_FUNCTIONS: usize = 1 << 17;

/// The number under which the functions beyond [`MAX_FUNCTIONS`] are kept; the VM would have to intern 4 billion
/// functions to use it.
const OTHERS: u32 = u32::MAX;

/// Durations that are kept before they go into a histogram together. A histogram is some kilobytes, so that thousands
/// of them do not fit into a cache: one by one, each call would wait for memory.
const BATCH: usize = 64;

/// Significant decimal digits of a percentile: it is off by at most one in a hundred.
const PERCENTILE_DIGITS: u8 = 2;

pub(super) const TABLE: TableInfo = TableInfo {
    id: "functions",
    title: "Functions",
    doc: "Time per traced function, most own time first",
    shape: Shape::Rows,
    columns: COLUMNS,
    absent: None,
};

/// When a function has no times.
const NO_COMPLETE_CALL: &str = "no call of the function has both its start and its end in the trace";
/// When a function has no name.
const NO_NAME: &str = "the trace does not name the function, or the row stands for several";

const COLUMNS: &[Column] = &[
    Column::text("function", "The function, as Erlang or Elixir writes it"),
    Column::count("calls", "Calls that started"),
    Column::duration(
        "own",
        "Time running in the function itself, without traced callees, waiting and garbage collection",
    )
    .unknown(NO_COMPLETE_CALL),
    Column::duration(
        "total",
        "Wall-clock time from call to end, with callees and waiting. Nested recursive calls count once",
    )
    .unknown(NO_COMPLETE_CALL),
    Column::duration("gc", "Time in garbage collection while the function is on top of the stack")
        .unknown(NO_COMPLETE_CALL),
    Column::duration(
        "out",
        "Time scheduled out while the function is on top of the stack. 0 without the class `running`",
    )
    .unknown(NO_COMPLETE_CALL),
    Column::duration("p50", "Median wall-clock time of one call").unknown(NO_COMPLETE_CALL),
    Column::duration("p99", "99th percentile of the wall-clock time of one call").unknown(NO_COMPLETE_CALL),
    Column::duration("max", "Longest wall-clock time of one call").unknown(NO_COMPLETE_CALL),
    Column::count("raised", "Calls that ended with an exception"),
    Column::count(
        "implied",
        "Calls without an end of their own in the trace: they ended together with another call, as after a tail call",
    ),
    Column::count("exited", "Calls that ended because their process exited"),
    Column::count("crashed", "Calls among `exited` whose process crashed or was killed"),
    Column::count("unfinished", "Calls still open when the trace ends. Their time is not counted"),
    Column::count(
        "interrupted",
        "Calls given up because events were lost or the tap was paused. Their time is not counted",
    ),
    Column::text("module", "The module, without quotes").detail().unknown(NO_NAME),
    Column::text("name", "The function's name, without quotes").detail().unknown(NO_NAME),
    Column::count("arity", "The function's number of arguments").detail().unknown(NO_NAME),
    Column::claim(
        "own_includes_waiting",
        "Whether `own_ns` includes waiting: true without the class `running`",
    )
    .detail(),
];

/// `own` where nothing tells waiting from running.
const OWN_AND_WAIT: Column = COLUMNS[OWN].titled("own+wait");

/// The place of `calls` in [`COLUMNS`].
const CALLS: usize = 1;
/// The place of `own` in [`COLUMNS`].
const OWN: usize = 2;

#[derive(Default)]
struct Stats {
    own_ns: u64,
    total_ns: u64,
    gc_ns: u64,
    out_ns: u64,
    max_ns: u64,
    /// Calls by [`Ending`]. Every call has one, if only that it was open at the end: so these are all calls.
    endings: [u64; Ending::COUNT],
    /// Durations of the last completed calls, up to [`BATCH`].
    recent: Vec<u64>,
    /// Durations of those before; made with the first of them.
    durations: Option<Histogram<u32>>,
}

impl Stats {
    fn end(&mut self, call: &EndedCall) {
        self.endings[call.how as usize] += 1;
        self.total_ns += call.covered_ns;
        if !call.how.is_complete() {
            return;
        }
        self.own_ns += call.own_ns;
        self.gc_ns += call.gc_ns;
        self.out_ns += call.out_ns;
        self.max_ns = self.max_ns.max(call.total_ns);
        self.recent.push(call.total_ns);
        if self.recent.len() >= BATCH {
            self.file_recent();
        }
    }

    fn file_recent(&mut self) {
        if self.durations.is_none() && !self.recent.is_empty() {
            self.durations = Histogram::new(PERCENTILE_DIGITS).ok();
        }
        if let Some(durations) = &mut self.durations {
            for duration in self.recent.drain(..) {
                // Only `record` makes the histogram grow; it cannot fail on one that does.
                let _ = durations.record(duration);
            }
        }
    }

    fn exited(&self) -> u64 {
        self.endings[Ending::Exited as usize]
    }

    fn crashed(&self) -> u64 {
        self.endings[Ending::Crashed as usize]
    }

    /// No return and no exception of it was recorded.
    fn has_only_calls(&self) -> bool {
        [Ending::Returned, Ending::Raised].iter().all(|&how| self.endings[how as usize] == 0)
    }

    fn row(mut self, id: u32, state: &Automaton) -> Vec<Cell> {
        self.file_recent();
        let duration = |ns| if self.durations.is_some() { Cell::Duration(ns) } else { Cell::Unknown };
        let quantile = |q| match &self.durations {
            // A bucket's upper end may lie above everything that is in it.
            Some(durations) => Cell::Duration(durations.value_at_quantile(q).min(self.max_ns)),
            None => Cell::Unknown,
        };
        let ending = |how: Ending| Cell::Count(self.endings[how as usize]);
        let name = if id == OTHERS { None } else { state.names().function(id) };
        let text = match id {
            OTHERS => "(other functions)".to_owned(),
            0 => "(unknown)".to_owned(),
            id => state.names().function_text(id),
        };
        vec![
            Cell::Text(text),
            Cell::Count(self.endings.iter().sum()),
            duration(self.own_ns),
            duration(self.total_ns),
            duration(self.gc_ns),
            duration(self.out_ns),
            quantile(0.5),
            quantile(0.99),
            duration(self.max_ns),
            ending(Ending::Raised),
            ending(Ending::Implied),
            Cell::Count(self.exited() + self.crashed()),
            Cell::Count(self.crashed()),
            ending(Ending::Unfinished),
            ending(Ending::Interrupted),
            name.map_or(Cell::Unknown, |name| Cell::Text(name.module.to_string())),
            name.map_or(Cell::Unknown, |name| Cell::Text(name.name.to_string())),
            name.map_or(Cell::Unknown, |name| Cell::Count(name.arity.into())),
            Cell::Claim(!state.tells_waiting()),
        ]
    }
}

/// Calls, own and total time, percentiles of the duration, per function.
#[derive(Default)]
struct Functions {
    stats: Interned<Box<Stats>>,
    known: usize,
}

pub(super) fn start() -> Box<dyn Analysis> {
    Box::<Functions>::default()
}

impl Functions {
    #[inline]
    fn stats(&mut self, function: u32) -> &mut Stats {
        let mut id = function;
        if self.stats.get(id).is_none() {
            if self.known < MAX_FUNCTIONS {
                self.known += 1;
            } else {
                id = OTHERS;
            }
        }
        self.stats.get_or_insert_default(id)
    }
}

impl Analysis for Functions {
    #[inline]
    fn observe(&mut self, step: &Step<'_, '_>) {
        for change in step.changes {
            if let Change::Call(call) = change {
                self.stats(call.function).end(call);
            }
        }
    }

    fn finish(self: Box<Self>, state: &Automaton) -> Vec<Table> {
        let mut table = Table::new(&TABLE);
        let [mut unfinished, mut interrupted, mut crashed, mut crashed_unseen, mut unnamed] = [0; 5];
        for (id, stats) in self.stats.into_values() {
            unfinished += stats.endings[Ending::Unfinished as usize];
            interrupted += stats.endings[Ending::Interrupted as usize];
            crashed += stats.crashed();
            crashed_unseen += if stats.has_only_calls() { stats.crashed() } else { 0 };
            unnamed += u64::from(id != OTHERS && id != 0 && state.names().function(id).is_none());
            table.rows.push(stats.row(id, state));
        }
        // Names first, so that functions of equal time keep an order that people can follow.
        table.sort_by(0);
        table.sort_by(OWN);
        table.lossy = state.is_lossy();
        let has_times = table.rows.iter().any(|row| row[OWN] != Cell::Unknown);
        if has_times && !state.tells_waiting() {
            table.columns[OWN] = OWN_AND_WAIT;
            table.notes.push(
                "own+wait includes waiting. To separate them, also trace the class `running`.".to_owned(),
            );
        }
        if !has_times && table.rows.iter().any(|row| row[CALLS] != Cell::Count(0)) {
            table.notes.push(
                "No call has an end in the trace. To see times, add `return` to the functions' patterns."
                    .to_owned(),
            );
        }
        if crashed > 0 {
            let advice = match crashed_unseen {
                0 => "",
                _ => ". To see the classes of exceptions, add `-> exception` to the functions' patterns",
            };
            table.notes.push(format!("Calls that ended because their process crashed: {crashed}{advice}."));
        }
        if unfinished > 0 {
            table.notes.push(format!(
                "Calls open at the end of the trace: {unfinished}. Their time is not counted."
            ));
        }
        if interrupted > 0 {
            let paused = if state.was_paused() { " or the tap was paused" } else { "" };
            table.notes.push(format!(
                "Calls open when events were lost{paused}: {interrupted}. Their time is not counted."
            ));
        }
        if state.unmatched_returns() > 0 {
            table.notes.push(format!(
                "Returns of calls that are not in the trace: {}. They started before it, or were lost.",
                state.unmatched_returns()
            ));
        }
        if state.guessed_returns() > 0 {
            table.notes.push(format!(
                "Returns to functions that are not traced: {}. Calls that ended with a tail call may look longer \
                 than they were. For exact times, add `return` to the functions' patterns.",
                state.guessed_returns()
            ));
        }
        if state.overfull() > 0 {
            table.notes.push(format!(
                "All open calls were given up {} times, because {} were open at once. Check that returns are recorded.",
                state.overfull(),
                Automaton::MAX_OPEN_CALLS
            ));
        }
        if unnamed > 0 {
            table
                .notes
                .push(format!("Functions that the trace does not name, shown as function#N: {unnamed}."));
        }
        vec![table]
    }
}
