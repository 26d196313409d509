//! `beamtapd recover` without a directory: flight recorders that were written when their VM was killed.

use crate::failure::Failure;
use crate::json;
use crate::keys::{self, Key};
use crate::safe::Safe;
use beamtap_analysis::Column;
use beamtap_ctl::Flight;
use serde_json::Value;
use std::io::Write;
use std::process::ExitCode;

/// Lists them, and no more if so wanted.
pub(crate) fn run(is_json: bool, forgets: bool) -> Result<ExitCode, Failure> {
    let flights = Flight::list();
    let text = if is_json { json::text(&answer(&flights)) + "\n" } else { told(&flights) };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    if forgets {
        flights.iter().for_each(Flight::forget);
    }
    Ok(ExitCode::SUCCESS)
}

const FLIGHT: [Key; 3] = [
    Key::One(Column::text("session", "The flight recorder's LTTng session")),
    Key::One(
        Column::text("trace", "Directory of the trace, or URL of its relay daemon")
            .unknown("it could not be written"),
    ),
    Key::One(Column::text("reason", "Why the trace could not be written").unknown("it was written")),
];

pub(crate) const KEYS: [Key; 1] = [Key::Objects(
    "flights",
    "Flight recorders whose VM was killed. `recover` has this key only without SHM_PATH",
    &FLIGHT,
)];

fn answer(flights: &[Flight]) -> Value {
    let one = |flight: &Flight| {
        let trace = flight.written().ok().map(|place| place.to_string_lossy());
        keys::object(&FLIGHT, [flight.session().into(), trace.into(), flight.written().err().into()])
    };
    keys::answer(&KEYS, [flights.iter().map(one).collect()])
}

fn told(flights: &[Flight]) -> String {
    if flights.is_empty() {
        return "no flight recorders of killed VMs\n".to_owned();
    }
    let line = |flight: &Flight| {
        let line = match flight.written() {
            Ok(place) => format!("{}: written to {}", flight.session(), place.display()),
            Err(why) => format!("{}: not written to disk: {why}", flight.session()),
        };
        format!("{}\n", Safe(&line))
    };
    flights.iter().map(line).collect()
}
