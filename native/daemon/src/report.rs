//! `beamtapd report`: where time went.

use crate::arguments::ReportArguments;
use crate::ending;
use crate::failure::Failure;
use crate::json;
use crate::output;
use crate::reading::Reading;
use crate::text::Text;
use crate::window::Window;
use beamtap_analysis::{ANALYSES, Table, TableInfo};
use std::process::ExitCode;

/// What is said where every table is empty.
const NOTHING: &str = "No traced events. Check that a traced process called the function while the tap recorded. Calls that \
                       the compiler inlines are not traced.";

/// Rows per table for people who did not say how many.
const TOP: usize = 20;

/// The analysis whose facts every answer has; `beamtapd info` shows its tables.
pub(crate) const OVERVIEW: &str = "overview";
/// Tables of the overview that a report has, too.
pub(crate) const FROM_OVERVIEW: [&str; 2] = ["span", "vms"];

/// The tables of a report.
pub(crate) fn tables() -> impl Iterator<Item = &'static TableInfo> {
    ANALYSES.iter().filter(|info| info.name != OVERVIEW).flat_map(|info| info.tables)
}

pub(crate) fn run(arguments: &ReportArguments) -> Result<ExitCode, Failure> {
    let is_shown = |table: &&TableInfo| match (arguments.functions, arguments.processes) {
        (true, _) => table.id == "functions",
        (_, true) => table.id == "processes",
        (false, false) => true,
    };
    let chosen: Vec<&TableInfo> = tables().filter(is_shown).collect();
    if let Some(column) = &arguments.sort {
        check_sort(column, &chosen)?;
    }
    let shown: Vec<&str> = chosen.iter().map(|table| table.id).collect();
    let is_asked = |tables: &[TableInfo]| tables.iter().any(|table| shown.contains(&table.id));
    let analyses: Vec<&str> = ANALYSES
        .iter()
        .filter(|info| info.name == OVERVIEW || is_asked(info.tables))
        .map(|info| info.name)
        .collect();
    let mut reading =
        Reading::of(&arguments.directory, &analyses, Window::new(arguments.begin, arguments.end), true)?;
    for table in &mut reading.tables {
        let column = arguments.sort.as_deref().and_then(|name| table.column(name));
        if let Some(column) = column.filter(|_| shown.contains(&table.id)) {
            table.sort_by(column);
        }
    }
    let top = arguments.top.map(|top| top as usize);
    if arguments.json {
        for table in reading.tables.iter_mut().filter(|table| shown.contains(&table.id)) {
            table.rows.truncate(top.unwrap_or(usize::MAX));
        }
        let tables = FROM_OVERVIEW.iter().chain(&shown).filter_map(|id| reading.table(id));
        return output::print_json(&reading, &json::answer(&arguments.directory, &reading, tables));
    }
    let mut text = Text::new(arguments.width.map(usize::from).or_else(output::width));
    text.heading(&arguments.directory, &reading);
    reading.table("sum").into_iter().for_each(|sum| text.notes(sum));
    let tables: Vec<&Table> = shown.iter().filter_map(|id| reading.table(id)).collect();
    if tables.iter().all(|table| table.rows.is_empty()) {
        text.blank();
        text.sentence(NOTHING);
        if let Some(end) = ending::of(&reading) {
            text.sentence(&end);
        }
        return output::print_text(&reading, &text.finish());
    }
    for table in tables {
        text.table(table, top.unwrap_or(TOP));
    }
    output::print_text(&reading, &text.finish())
}

/// Refuses a column that none of the tables shown has, before anything is read.
fn check_sort(column: &str, shown: &[&TableInfo]) -> Result<(), Failure> {
    let columns = || shown.iter().flat_map(|table| table.columns);
    if columns().any(|known| known.name == column || known.key() == column) {
        return Ok(());
    }
    let mut names: Vec<&str> = Vec::new();
    for known in columns().filter(|known| !known.detail) {
        if !names.contains(&known.name) {
            names.push(known.name);
        }
    }
    Err(Failure::Usage(format!(
        "invalid value {column} for \"sort\": expected a column: {}",
        names.join(", ")
    )))
}
