//! `beamtapd recover`: events from the buffers that a crash left.

use crate::arguments::RecoverArguments;
use crate::doctor::traces;
use crate::failure::{BAD_TRACE, Failure};
use crate::flights;
use crate::json;
use crate::keys::{self, Key};
use crate::reading::Reading;
use crate::report::OVERVIEW;
use crate::safe::Safe;
use crate::warning;
use crate::window::Window;
use beamtap_analysis::{Cell, Column};
use beamtap_ctl::Remains;
use serde_json::Value;
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
            what: format!("no buffers of a session in {}", shm_path.display()),
            remedy: "LTTng removes the buffers when a session ends in order; its trace then has all events",
        });
    }
    if arguments.output.is_some() && remains.len() > 1 {
        return Err(Failure::Usage(format!(
            "{} sessions have buffers in {}. Name one of the directories below it, or omit --output",
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
        faults.push(format!("{} is not removed, because not all of it was recovered", buffers.display()));
    }
    faults.extend(
        others.iter().map(|file| format!("{} is not a buffer of LTTng and is left alone", file.display())),
    );
    let (read, of_output) = read_back(&output)?;
    // What was recovered is below the output.
    faults.extend(of_output.into_iter().filter(|fault| !in_recovered.contains(fault)));
    Ok(Recovered { buffers, output, trace, read, events, is_removed, faults })
}

/// How many events a trace has, and what of it cannot be read.
fn read_back(trace: &Path) -> Result<(u64, Vec<String>), Failure> {
    let reading = Reading::of(trace, &[OVERVIEW], Window::default(), false)?;
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

const SESSION: [Key; 7] = [
    Key::One(Column::text("buffers", "Directory of the session's buffers")),
    Key::One(Column::text("output", "Directory to give to `report` and other commands")),
    Key::One(Column::text("trace", "Directory of the recovered events, below `output`")),
    Key::One(Column::count("events", "Number of events recovered")),
    Key::One(Column::count("read", "Number of events in all of `output`")),
    Key::One(Column::claim("removed", "Whether the buffers were removed")),
    Key::Sentences("faults", "What could not be recovered or read; empty if everything was"),
];

pub(crate) const KEYS: [Key; 1] = [Key::Objects(
    "recovered",
    "Sessions whose buffers were recovered. `recover` has this key only with SHM_PATH",
    &SESSION,
)];

fn answer(all: &[Recovered]) -> Value {
    let text = |path: &Path| Value::from(path.to_string_lossy());
    let one = |one: &Recovered| {
        let values = [
            text(&one.buffers),
            text(&one.output),
            text(&one.trace),
            one.events.into(),
            one.read.into(),
            one.is_removed.into(),
            one.faults.clone().into(),
        ];
        keys::object(&SESSION, values)
    };
    keys::answer(&KEYS, [all.iter().map(one).collect()])
}

fn told(all: &[Recovered]) -> String {
    let line = |one: &Recovered| {
        let line = format!(
            "{}: {} events recovered into {}; {} now holds {} events",
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
