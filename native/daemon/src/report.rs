//! `beamtapd report`: where time went.

use crate::arguments::ReportArguments;
use crate::ending;
use crate::failure::Failure;
use crate::json;
use crate::output;
use crate::reading::Reading;
use crate::text::Text;
use crate::window::Window;
use beamtap_analysis::{ANALYSES, Table};
use std::process::ExitCode;

/// What is said where every table is empty.
const NOTHING: &str = "Nothing that was traced happened. Was the function called while this was recorded, by a \
                       process that was traced? Calls that the compiler built into their caller are none.";

/// Rows per table for people who did not say how many.
const TOP: usize = 20;

pub(crate) fn run(arguments: &ReportArguments) -> Result<ExitCode, Failure> {
    let shown: &[&str] = match (arguments.functions, arguments.processes) {
        (true, _) => &["functions"],
        (_, true) => &["processes"],
        (false, false) => &["functions", "processes", "spans", "system_monitor", "schedulers", "allocators"],
    };
    if let Some(column) = &arguments.sort {
        check_sort(column, shown)?;
    }
    let analyses: Vec<&str> = shown.iter().copied().chain(["overview"]).collect();
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
        let tables = ["span", "vms"].iter().chain(shown).filter_map(|id| reading.table(id));
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
fn check_sort(column: &str, shown: &[&str]) -> Result<(), Failure> {
    let columns = || ANALYSES.iter().filter(|info| shown.contains(&info.name)).flat_map(|info| info.columns);
    if columns().any(|known| known.name == column || known.key() == column) {
        return Ok(());
    }
    let mut names: Vec<&str> = Vec::new();
    for known in columns().filter(|known| !known.detail) {
        if !names.contains(&known.name) {
            names.push(known.name);
        }
    }
    Err(Failure::Usage(format!("there is no column {column} to sort by; there are {}", names.join(", "))))
}
