//! `beamtapd recover`: events from the buffers that a crash left.

use crate::arguments::RecoverArguments;
use crate::doctor::traces;
use crate::failure::{BAD_TRACE, Failure};
use crate::flights;
use crate::json;
use crate::reading::Reading;
use crate::safe::Safe;
use crate::warning;
use crate::window::Window;
use beamtap_analysis::Cell;
use beamtap_ctl::Remains;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Buffers are as large as /dev/shm at the most, and written once.
const TIMEOUT: Duration = Duration::from_secs(600);

/// What came of the buffers of one session.
struct Recovered {
    buffers: PathBuf,
    output: PathBuf,
    trace: PathBuf,
    /// Events in all of the output, and of them those recovered.
    read: u64,
    events: u64,
    is_removed: bool,
    faults: Vec<String>,
}

pub(crate) fn run(arguments: &RecoverArguments) -> Result<ExitCode, Failure> {
    let Some(shm_path) = arguments.shm_path.as_deref() else {
        return flights::run(arguments.json, arguments.remove);
    };
    let remains = Remains::find(shm_path)?;
    if remains.is_empty() {
        return Err(Failure::Trace {
            what: format!("no session left buffers in {}", shm_path.display()),
            remedy: "LTTng removes them when a session ends orderly: all its events are in its trace",
        });
    }
    if arguments.output.is_some() && remains.len() > 1 {
        return Err(Failure::Usage(format!(
            "{} sessions left buffers in {}: give one of the directories below it, or no --output",
            remains.len(),
            shm_path.display()
        )));
    }
    let mut all = Vec::new();
    for one in remains {
        all.push(recover(one, shm_path, arguments)?);
    }
    let text = if arguments.json { json::text(&answer(&all)) + "\n" } else { told(&all) };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    for fault in all.iter().flat_map(|one| &one.faults) {
        warning::tell(fault);
    }
    let is_whole = all.iter().all(|one| one.faults.is_empty());
    Ok(ExitCode::from(if is_whole { 0 } else { BAD_TRACE }))
}

fn recover(remains: Remains, shm_path: &Path, arguments: &RecoverArguments) -> Result<Recovered, Failure> {
    let buffers = remains.directory().to_owned();
    let written = arguments.output.clone().or_else(|| remains.trace());
    let output = written.unwrap_or_else(|| traces().join(name(&buffers)));
    let others: Vec<PathBuf> = remains.others().collect();
    let recovered = remains.recover(&output, TIMEOUT)?;
    let trace = recovered.trace().to_owned();
    let (events, in_recovered) = read_back(&trace)?;
    let mut faults = in_recovered.clone();
    faults.extend(recovered.doubt());
    let is_removed = arguments.remove && faults.is_empty();
    if is_removed {
        recovered.remove(shm_path)?;
    } else if arguments.remove {
        faults.push(format!("{} is not removed: not all of it was recovered", buffers.display()));
    }
    faults.extend(
        others.iter().map(|file| format!("{} is no buffer of LTTng's: it is left as it is", file.display())),
    );
    let (read, of_output) = read_back(&output)?;
    // What was recovered is below the output.
    faults.extend(of_output.into_iter().filter(|fault| !in_recovered.contains(fault)));
    Ok(Recovered { buffers, output, trace, read, events, is_removed, faults })
}

/// How many events a trace has, and what of it cannot be read.
fn read_back(trace: &Path) -> Result<(u64, Vec<String>), Failure> {
    let reading = Reading::of(trace, &["overview"], Window::default(), false)?;
    let count = |name| match reading.table("sum").and_then(|sum| sum.value(name)) {
        Some(Cell::Count(count)) => *count,
        _ => 0,
    };
    let events = ["read", "counters", "other_events"].into_iter().map(count).sum();
    Ok((events, reading.faults))
}

/// LTTng names a session's directory after the session and the time.
fn name(buffers: &Path) -> String {
    let name = buffers.file_name().map_or_else(|| "session".into(), |name| name.to_string_lossy());
    format!("{name}-recovered")
}

fn answer(all: &[Recovered]) -> Value {
    let one = |one: &Recovered| {
        json!({
            "buffers": one.buffers.to_string_lossy(),
            "output": one.output.to_string_lossy(),
            "trace": one.trace.to_string_lossy(),
            "events": one.events,
            "read": one.read,
            "removed": one.is_removed,
            "faults": one.faults,
        })
    };
    json!({
        "format": json::FORMAT,
        "beamtapd": env!("CARGO_PKG_VERSION"),
        "recovered": all.iter().map(one).collect::<Vec<_>>(),
    })
}

fn told(all: &[Recovered]) -> String {
    let line = |one: &Recovered| {
        let line = format!(
            "{}: {} events recovered into {}; {} holds {} events now",
            one.buffers.display(),
            one.events,
            one.trace.display(),
            one.output.display(),
            one.read
        );
        format!("{}\n", Safe(&line))
    };
    all.iter().map(line).collect()
}
