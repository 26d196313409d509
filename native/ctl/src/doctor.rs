//! What a recording needs of this machine, looked at without starting one.

mod confinement;
mod flights;
mod kernel;
mod libraries;
mod limits;
mod programs;
mod rights;
mod room;
mod row;
mod traces;

use std::path::Path;

pub use row::{Row, Verdict};

/// Looks at libraries, daemons, rights, room, traces, limits and confinement, in this order.
///
/// Starts no daemon, opens no liblttng-ust and makes no file. `output` is where traces will be written: the nearest
/// directory above it that exists is looked at. Takes a few seconds at most, also where a session daemon is stopped.
pub fn rows(output: &Path) -> Vec<Row> {
    let mut rows = vec![libraries::control(), libraries::provider()];
    rows.extend(programs::rows());
    rows.extend(rights::rows());
    rows.extend([room::shm(), room::disk(output), traces::row(output), limits::row()]);
    rows.extend(confinement::rows());
    rows.push(kernel::row());
    rows.extend(flights::row());
    rows
}

/// The gravest verdict of the rows.
pub fn worst(rows: &[Row]) -> Verdict {
    rows.iter().map(|row| row.verdict).max().unwrap_or(Verdict::Ok)
}
