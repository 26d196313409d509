//! What the fuzz targets share: a trace in a directory of its own, read to its end.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use beamtap_ctf::{Event, Item, Reader, TimeRange, TraceSet};

/// The trace that a target changes one part of.
pub const TRACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../native/ctf/tests/fixtures/ust-mixed");

/// A directory with the files of [`TRACE`], one of which is changed for each input.
pub struct Changed {
    directory: tempfile::TempDir,
    name: &'static str,
}

impl Changed {
    /// Makes the directory, in memory where there is room.
    pub fn new(name: &'static str) -> std::io::Result<Changed> {
        let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        fs::create_dir(directory.path().join("index"))?;
        for file in ["metadata", "c_1", "index/c_1.idx"] {
            if file != name {
                std::os::unix::fs::symlink(Path::new(TRACE).join(file), directory.path().join(file))?;
            }
        }
        Ok(Changed { directory, name })
    }

    /// The directory with these bytes as the file.
    pub fn with(&self, bytes: &[u8]) -> std::io::Result<&Path> {
        fs::write(self.directory.path().join(self.name), bytes)?;
        Ok(self.directory.path())
    }
}

/// Reads a directory to its end, every field of every event.
pub fn read(directory: &Path) {
    let Ok(set) = TraceSet::open(directory) else { return };
    let mut text = Vec::new();
    let _ = set.reader().for_each(|item| {
        match item {
            Ok(Item::Event(event)) => look_at(event, &mut text),
            Ok(_) => {}
            Err(error) => drop(error.to_string()),
        }
        ControlFlow::Continue(())
    });
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
            Ok(Some(Item::Event(event))) => look_at(event, &mut text),
            Ok(Some(_)) => {}
            Ok(None) => return,
            Err(error) => drop(error.to_string()),
        }
    }
}

fn look_at(event: Event<'_>, text: &mut Vec<u8>) {
    text.clear();
    event.write_text(text);
    for field in 0..event.definition().fields().len() {
        let _ = (event.u64(field), event.f64(field), event.bytes(field));
    }
}
