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
        "clear" => "`clear` stopped all taps",
        "deadline" => "it reached its time limit. To record longer, raise `for`",
        "events" => "it reached its limit of events. To record more, raise `events`",
        "rate" => "it reached its limit of events per second. To allow more, raise `rate`",
        "owner" => {
            "the process that started it exited. Set `owner` to a process that lives longer. A process started \
             through rpc exits when the call returns"
        }
        "shutdown" => "the application beamtap stopped",
        other => return format!("beamtap ended it ({})", Safe(other)),
    };
    why.to_owned()
}
