//! How long the application's own spans took.

use super::{Analysis, Step};
use crate::automaton::Automaton;
use crate::item::Item;
use crate::table::{Cell, Column, Shape, Table, TableInfo};
use beamtap_schema::{Event, SpanOutcome};
use foldhash::HashMap;
use hdrhistogram::Histogram;

/// Most names that are told apart. Spans of further ones share one row.
const MAX_NAMES: usize = 1 << 12;
/// The row of the spans beyond [`MAX_NAMES`].
const OTHERS: &str = "(other spans)";
/// Most spans that are open at once; the end of one beyond them is counted as without a beginning.
const MAX_OPEN: usize = 1 << 20;
/// Significant decimal digits of a percentile: it is off by at most one in a hundred.
const PERCENTILE_DIGITS: u8 = 2;

pub(super) const TABLE: TableInfo = TableInfo {
    id: "spans",
    title: "Spans",
    doc: "Time of the application's own spans, longest total first",
    shape: Shape::Rows,
    columns: COLUMNS,
    absent: Some("the trace has no spans"),
};

/// When a span has no times.
const NO_RUN: &str = "no run of the span has both its start and its end in the trace";

const COLUMNS: &[Column] = &[
    Column::text("span", "The name given to `beamtap:span/2`"),
    Column::count("runs", "Spans of this name that started"),
    Column::duration("total", "Wall-clock time of all runs together").unknown(NO_RUN),
    Column::duration("p50", "Median wall-clock time of one run").unknown(NO_RUN),
    Column::duration("p99", "99th percentile of the wall-clock time of one run").unknown(NO_RUN),
    Column::duration("max", "Longest wall-clock time of one run").unknown(NO_RUN),
    Column::count("raised", "Runs that ended with an exception"),
    Column::count("unfinished", "Runs without an end in the trace. Their time is not counted"),
];

/// The place of `total` in [`COLUMNS`].
const TOTAL: usize = 2;

#[derive(Default)]
struct Stats {
    runs: u64,
    ended: u64,
    raised: u64,
    total_ns: u64,
    max_ns: u64,
    durations: Option<Histogram<u32>>,
}

impl Stats {
    fn end(&mut self, duration_ns: u64, outcome: u8) {
        self.ended += 1;
        self.raised += u64::from(SpanOutcome::from_wire(outcome) != Some(SpanOutcome::Returned));
        self.total_ns += duration_ns;
        self.max_ns = self.max_ns.max(duration_ns);
        if self.durations.is_none() {
            self.durations = Histogram::new(PERCENTILE_DIGITS).ok();
        }
        if let Some(durations) = &mut self.durations {
            // One that grows takes every number.
            let _ = durations.record(duration_ns);
        }
    }

    fn row(self, name: String) -> Vec<Cell> {
        let duration = |ns| if self.ended > 0 { Cell::Duration(ns) } else { Cell::Unknown };
        let quantile = |q| match &self.durations {
            // A bucket's upper end may lie above everything that is in it.
            Some(durations) => Cell::Duration(durations.value_at_quantile(q).min(self.max_ns)),
            None => Cell::Unknown,
        };
        vec![
            Cell::Text(name),
            Cell::Count(self.runs),
            duration(self.total_ns),
            quantile(0.5),
            quantile(0.99),
            duration(self.max_ns),
            Cell::Count(self.raised),
            Cell::Count(self.runs - self.ended),
        ]
    }
}

/// Runs, times and percentiles per name.
#[derive(Default)]
struct Spans {
    places: HashMap<String, usize>,
    stats: Vec<(String, Stats)>,
    /// By number: where its name's row is, and when it began.
    open: HashMap<u64, (usize, u64)>,
    without_begin: u64,
}

pub(super) fn start() -> Box<dyn Analysis> {
    Box::<Spans>::default()
}

impl Spans {
    fn place(&mut self, name: &str) -> usize {
        if let Some(&place) = self.places.get(name) {
            return place;
        }
        if self.stats.len() >= MAX_NAMES && name != OTHERS {
            return self.place(OTHERS);
        }
        let place = self.stats.len();
        self.stats.push((name.to_owned(), Stats::default()));
        self.places.insert(name.to_owned(), place);
        place
    }
}

impl Analysis for Spans {
    #[inline]
    fn observe(&mut self, step: &Step<'_, '_>) {
        match step.item {
            Some(Item::Event(stamp, Event::SpanBegin(begin))) => {
                let place = self.place(begin.name);
                self.stats[place].1.runs += 1;
                if self.open.len() < MAX_OPEN {
                    self.open.insert(begin.span, (place, stamp.ns));
                }
            }
            Some(Item::Event(stamp, Event::SpanEnd(end))) => match self.open.remove(&end.span) {
                Some((place, began_ns)) => {
                    self.stats[place].1.end(stamp.ns.saturating_sub(began_ns), end.outcome);
                }
                None => self.without_begin += 1,
            },
            _ => {}
        }
    }

    /// No table where the application had nothing to say.
    fn finish(self: Box<Self>, state: &Automaton) -> Vec<Table> {
        if self.stats.is_empty() && self.without_begin == 0 {
            return Vec::new();
        }
        let mut table = Table::new(&TABLE);
        table.rows = self.stats.into_iter().map(|(name, stats)| stats.row(name)).collect();
        table.sort_by(0);
        table.sort_by(TOTAL);
        table.lossy = state.is_lossy();
        if self.without_begin > 0 {
            table.notes.push(format!(
                "Spans without a start in the trace: {}. They started before it, or their start was lost.",
                self.without_begin
            ));
        }
        vec![table]
    }
}
