//! What the fuzz targets share: a trace in a directory of its own, read to its end.

use std::fs;
use std::path::Path;

use beamtap_ctf::{Item, Reader, TimeRange, TraceSet};

/// The trace that a target changes one part of.
pub const TRACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../native/ctf/tests/fixtures/ust-mixed");

/// Makes a directory with the files of [`TRACE`], one of them replaced.
pub fn with_file(name: &str, bytes: &[u8]) -> std::io::Result<tempfile::TempDir> {
    let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
    fs::create_dir(directory.path().join("index"))?;
    for file in ["metadata", "c_1", "index/c_1.idx"] {
        if file == name {
            fs::write(directory.path().join(file), bytes)?;
        } else {
            std::os::unix::fs::symlink(Path::new(TRACE).join(file), directory.path().join(file))?;
        }
    }
    Ok(directory)
}

/// Reads a directory to its end, every field of every event.
pub fn read(directory: &Path) {
    let Ok(set) = TraceSet::open(directory) else { return };
    drain(set.reader());
}

/// Reads what an index leads to: what was recorded when, and the last third.
pub fn read_by_index(directory: &Path) {
    let Ok(set) = TraceSet::open(directory) else { return };
    if let Some(bin) = set.overview(3).bins.last() {
        drain(set.reader_of(TimeRange { begin_ns: bin.begin_ns, ..TimeRange::default() }));
    }
}

fn drain(mut reader: Reader) {
    let mut text = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(Item::Event(event))) => {
                text.clear();
                event.write_text(&mut text);
                for field in 0..event.definition().fields().len() {
                    let _ = (event.u64(field), event.f64(field), event.bytes(field));
                }
            }
            Ok(Some(_)) => {}
            Ok(None) => return,
            Err(error) => drop(error.to_string()),
        }
    }
}
