//! `beamtapd recover` without a directory: flight recorders that were written when their VM was killed.

use crate::failure::Failure;
use crate::json;
use crate::safe::Safe;
use beamtap_ctl::Flight;
use serde_json::{Value, json};
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

fn answer(flights: &[Flight]) -> Value {
    let one = |flight: &Flight| {
        json!({
            "session": flight.session(),
            "trace": flight.written().ok().map(|place| place.to_string_lossy()),
            "reason": flight.written().err(),
        })
    };
    json!({
        "format": json::FORMAT,
        "beamtapd": env!("CARGO_PKG_VERSION"),
        "flights": flights.iter().map(one).collect::<Vec<_>>(),
    })
}

fn told(flights: &[Flight]) -> String {
    if flights.is_empty() {
        return "no VM was killed while a flight recorder ran in a session daemon of its own\n".to_owned();
    }
    let line = |flight: &Flight| {
        let line = match flight.written() {
            Ok(place) => format!("{}: written to {}", flight.session(), place.display()),
            Err(why) => format!("{}: not written: {why}", flight.session()),
        };
        format!("{}\n", Safe(&line))
    };
    flights.iter().map(line).collect()
}
