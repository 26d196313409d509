//! What an answer says before anything else: how much is recorded, and whether something is missing.

use crate::charset::Charset;
use crate::quantity;
use crate::reading::Reading;
use beamtap_analysis::Cell;

/// How many events are in the trace, and apart from them how many definitions.
pub(crate) fn recorded(reading: &Reading) -> Vec<String> {
    let facts = reading.table("sum").map(|sum| (sum.value("read"), sum.value("definitions")));
    let Some((Some(Cell::Count(read)), Some(Cell::Count(definitions)))) = facts else { return Vec::new() };
    let mut parts = vec![format!("{} recorded", counted(read.saturating_sub(*definitions), "event"))];
    parts.extend((*definitions > 0).then(|| counted(*definitions, "definition")));
    parts
}

fn counted(count: u64, what: &str) -> String {
    format!("{} {what}{}", quantity::count(count), if count == 1 { "" } else { "s" })
}

/// The line that says how long nothing was traced on purpose, where that was so.
pub(crate) fn paused(reading: &Reading, charset: Charset) -> Option<String> {
    let sum = reading.table("sum")?;
    match (sum.value("pauses")?, sum.value("paused")?) {
        (Cell::Count(pauses @ 1..), Cell::Duration(ns)) => Some(format!(
            "! The tap was paused {}, for {}. Calls and times that span a pause are not counted.",
            times(*pauses),
            quantity::duration(*ns, charset)
        )),
        _ => None,
    }
}

fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{} times", quantity::count(count)),
    }
}

/// The line that says what is missing, where something is.
pub(crate) fn missing(reading: &Reading, charset: Charset) -> Option<String> {
    let sum = reading.table("sum")?;
    let count = |name: &str| match sum.value(name) {
        Some(Cell::Count(count)) if *count > 0 => Some(quantity::count(*count)),
        _ => None,
    };
    let mut parts = Vec::new();
    parts.extend(count("discarded").map(|n| format!("{n} events discarded (buffers full)")));
    parts.extend(count("lost_packets").map(|n| match count("lost") {
        Some(events) => format!("{n} packets lost with {events} events"),
        None => format!("{n} packets lost"),
    }));
    let gap = count("gap");
    match (sum.value("gaps"), sum.value("gap_time")) {
        (Some(Cell::Count(gaps @ 1..)), Some(Cell::Duration(ns))) => {
            let events = gap.map(|n| format!(", losing at least {n} events")).unwrap_or_default();
            let length = quantity::duration(*ns, charset);
            parts.push(format!("recording interrupted {}, for {length}{events}", times(*gaps)));
        }
        _ => parts.extend(gap.map(|n| format!("{n} events lost between two recordings"))),
    }
    if let Some(Cell::Difference(residual)) = sum.value("residual")
        && *residual != 0
    {
        parts.push(match residual {
            0.. => format!("{residual} events missing for no known reason"),
            _ => format!("{} more events than the VM counted", residual.unsigned_abs()),
        });
    }
    if !reading.faults.is_empty() {
        parts.push("parts of the trace could not be read".to_owned());
    }
    (!parts.is_empty()).then(|| format!("! INCOMPLETE: {}", parts.join("; ")))
}
