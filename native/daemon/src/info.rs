//! `beamtapd info`: what is in a trace, and what is missing.

use crate::arguments::InfoArguments;
use crate::failure::Failure;
use crate::json;
use crate::output;
use crate::reading::Reading;
use crate::report::OVERVIEW;
use crate::text::Text;
use crate::window::Window;
use beamtap_analysis::Cell;
use std::process::ExitCode;

pub(crate) fn run(arguments: &InfoArguments) -> Result<ExitCode, Failure> {
    let mut reading = Reading::of(&arguments.directory, &[OVERVIEW], Window::default(), false)?;
    if arguments.json {
        let tables = reading.tables.iter().filter(|table| table.id != "sum");
        return output::print_json(&reading, &json::answer(&arguments.directory, &reading, tables));
    }
    // Programs look losses up by name; people look for those that happened.
    for losses in reading.tables.iter_mut().filter(|table| table.id == "losses") {
        losses.rows.retain(|row| !matches!(row[..], [_, Cell::Count(0), ..]));
    }
    let mut text = Text::new(output::width());
    text.heading(&arguments.directory, &reading);
    for table in &reading.tables {
        text.table(table, usize::MAX);
    }
    output::print_text(&reading, &text.finish())
}
