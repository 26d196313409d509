//! Tables as JSON: what `--json` promises.

use crate::keys::{self, Key};
use crate::reading::Reading;
use beamtap_analysis::{Cell, Column, Shape, Table};
use serde_json::{Map, Value};
use std::path::Path;

/// Goes up when a key goes away or changes its meaning; not when one is added.
pub(crate) const FORMAT: u64 = 1;

/// Before the terms of the sum law.
pub(crate) const TRACE: [Key; 1] =
    [Key::One(Column::text("trace", "The directory, as given on the command line"))];
/// After the terms of the sum law.
pub(crate) const LOSSY: [Key; 1] = [Key::One(
    Column::claim("lossy", "Whether events are missing")
        .unknown("no loss is known, but the trace has no counters to prove it"),
)];
/// After the tables.
pub(crate) const END: [Key; 2] = [
    Key::Sentences("faults", "Parts of the trace that could not be read; empty if everything was read"),
    Key::Sentences("notes", "What to know when reading the numbers"),
];

/// The answer to a command: the sum's facts, and under its name each of the tables given.
pub(crate) fn answer<'a>(
    directory: &Path,
    reading: &Reading,
    tables: impl IntoIterator<Item = &'a Table>,
) -> Value {
    let mut answer = keys::begin();
    answer.extend(keys::members(&TRACE, [directory.to_string_lossy().into()]));
    let mut notes: Vec<String> = reading.stretch.iter().cloned().collect();
    if let Some(sum) = reading.table("sum") {
        answer.extend(facts(sum));
        answer.extend(keys::members(&LOSSY, [lossy(sum)]));
        notes.extend(sum.notes.iter().cloned());
    }
    for table in tables {
        notes.extend(table.notes.iter().cloned());
        let value = match table.shape {
            Shape::Facts => Value::Object(facts(table)),
            Shape::Rows => table.rows.iter().map(|row| object(table, row)).collect(),
        };
        answer.insert(table.id.to_owned(), value);
    }
    answer.extend(keys::members(&END, [reading.faults.clone().into(), notes.into()]));
    Value::Object(answer)
}

/// Whether events are missing; null where none are known to be, and the counters that would prove it are not known.
fn lossy(sum: &Table) -> Value {
    let is_proved = sum.value("emitted").is_some_and(|emitted| *emitted != Cell::Unknown);
    if sum.lossy || is_proved { sum.lossy.into() } else { Value::Null }
}

/// The text of an answer, for programs and the people who debug them.
pub(crate) fn text(answer: &Value) -> String {
    format!("{answer:#}")
}

fn facts(table: &Table) -> Map<String, Value> {
    table.rows.first().map(|row| object(table, row)).unwrap_or_default()
}

fn object(table: &Table, row: &[Cell]) -> Map<String, Value> {
    table.columns.iter().map(Column::key).zip(row.iter().map(value)).collect()
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Unknown => Value::Null,
        Cell::Count(n) | Cell::Duration(n) | Cell::Instant(n) => (*n).into(),
        Cell::Difference(n) => (*n).into(),
        Cell::Text(text) => text.as_str().into(),
        Cell::Claim(holds) => (*holds).into(),
    }
}
