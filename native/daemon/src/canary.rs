//! `beamtapd canary`: whether a recording that has just begun arrives where it should.

use crate::arguments::CanaryArguments;
use crate::failure::{BAD_TRACE, Failure};
use beamtap_ctf::{Item, TraceSet};
use beamtap_schema::EventKind;
use std::path::Path;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Where LTTng keeps a rotated session's closed chunks.
const ARCHIVES: &str = "archives";
/// Between two looks at a directory that has nothing new.
const PAUSE: Duration = Duration::from_millis(10);
/// More streams than these that cannot be read are no trace.
const FAULTS: u32 = 64;

/// Succeeds as soon as the canary with the number given is in the trace, and fails when it is not in time.
pub(crate) fn run(arguments: &CanaryArguments) -> Result<ExitCode, Failure> {
    let deadline = Instant::now() + Duration::from_millis(arguments.within);
    // What cannot be read yet, because it is half written, may be read later: only the time decides.
    while Instant::now() < deadline {
        if is_there(arguments) {
            return Ok(ExitCode::SUCCESS);
        }
        sleep(PAUSE);
    }
    Ok(ExitCode::from(BAD_TRACE))
}

/// Looks at the trace and at each closed chunk by itself: the one that is just being made has no metadata yet.
fn is_there(arguments: &CanaryArguments) -> bool {
    let chunks = std::fs::read_dir(arguments.directory.join(ARCHIVES));
    let chunks = chunks.into_iter().flatten().flatten().map(|entry| entry.path());
    let parts = std::iter::once(arguments.directory.clone()).chain(chunks);
    parts.into_iter().any(|part| is_in(&part, arguments))
}

/// Reads what is there by now. What the session has flushed is whole; what is being written may not be.
fn is_in(part: &Path, arguments: &CanaryArguments) -> bool {
    let Ok(set) = TraceSet::open(part) else { return false };
    let mut reader = set.reader();
    let mut faults = 0;
    while faults < FAULTS {
        match reader.next() {
            Ok(Some(Item::Event(event))) => {
                let is_canary = event.name().strip_prefix("beamtap:") == Some(EventKind::Canary.info().name);
                if is_canary && (event.u64(0), event.u64(1)) == (arguments.high, arguments.low) {
                    return true;
                }
            }
            Ok(Some(_)) => {}
            Ok(None) => return false,
            Err(_) => faults += 1,
        }
    }
    false
}
