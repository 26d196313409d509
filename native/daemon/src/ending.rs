//! How long a tap recorded and why it ended: what somebody asks whose report is empty.

use crate::charset::Charset;
use crate::quantity;
use crate::reading::Reading;
use crate::safe::Safe;
use beamtap_analysis::Cell;

/// In a sentence or two; none where the trace does not tell.
pub(crate) fn of(reading: &Reading) -> Option<String> {
    let span = reading.table("span")?;
    let (Cell::Text(ended_by), Cell::Duration(ns)) = (span.value("ended_by")?, span.value("recorded")?)
    else {
        return None;
    };
    let length = quantity::duration(*ns, Charset::of_environment());
    Some(format!("The tap recorded for {length}, until {}.", why(ended_by)))
}

fn why(ended_by: &str) -> String {
    let why = match ended_by {
        "stop" => "it was stopped",
        "clear" => "everything was cleared",
        "deadline" => "its time was over. Give the next more of it: `for`",
        "events" => "it had as many events as it may have. Let the next have more: `events`",
        "rate" => "its events came faster than they may. Let the next have more a second: `rate`",
        "owner" => {
            "the process that started it had ended. Name one that lives longer: `owner`. A process that is started \
             through rpc ends with the call"
        }
        "shutdown" => "the application beamtap stopped",
        other => return format!("beamtap ended it ({})", Safe(other)),
    };
    why.to_owned()
}
