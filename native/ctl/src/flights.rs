//! What became of flight recorders whose process ended without having ended them. Each is told by a file in the session
//! daemon's run directory, which outlives the daemon.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::run_directory::run_directory;

/// Below the run directory.
const DIRECTORY: &str = "beamtap-flights";
/// A file's first word: what follows is a place, or why there is none.
const WRITTEN: &str = "written ";
const FAILED: &str = "failed ";

/// A flight recorder whose process was killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flight {
    file: PathBuf,
    session: String,
    written: Result<PathBuf, String>,
}

impl Flight {
    #[cfg(test)]
    pub(crate) fn new(session: &str, written: Result<PathBuf, String>) -> Self {
        Self { file: PathBuf::new(), session: session.to_owned(), written }
    }

    /// All that were not forgotten, in the order of their sessions' names. Those whose trace is gone are forgotten.
    pub fn list() -> Vec<Self> {
        run_directory().map_or_else(Vec::new, |run| Self::list_in(&run.join(DIRECTORY)))
    }

    fn list_in(directory: &Path) -> Vec<Self> {
        let files = fs::read_dir(directory).into_iter().flatten().flatten();
        let mut flights: Vec<Self> = files.filter_map(|file| Self::read(file.path())).collect();
        flights.sort_by(|a, b| a.session.cmp(&b.session));
        let (here, gone): (Vec<Self>, Vec<Self>) = flights.into_iter().partition(Self::is_there);
        gone.iter().for_each(Self::forget);
        here
    }

    fn read(file: PathBuf) -> Option<Self> {
        let session = file.file_name()?.to_str()?.to_owned();
        let text = fs::read_to_string(&file).ok()?;
        let written = match text.strip_prefix(WRITTEN) {
            Some(place) => Ok(place.into()),
            None => Err(text.strip_prefix(FAILED)?.to_owned()),
        };
        Some(Self { file, session, written })
    }

    /// The trace was not removed, as far as that can be seen from here: not at a relay daemon.
    fn is_there(&self) -> bool {
        !matches!(&self.written, Ok(place) if place.is_absolute() && !place.exists())
    }

    pub(crate) fn note(session: &str, written: Result<PathBuf, String>) -> Result<(), Error> {
        let directory = run_directory().ok_or_else(|| Error::system("HOME", "is not set"))?.join(DIRECTORY);
        Self::note_in(&directory, session, written)
    }

    fn note_in(directory: &Path, session: &str, written: Result<PathBuf, String>) -> Result<(), Error> {
        let file = directory.join(session);
        let text = match written {
            Ok(place) => format!("{WRITTEN}{}", place.display()),
            Err(why) => format!("{FAILED}{why}"),
        };
        fs::create_dir_all(directory)
            .and_then(|()| fs::write(&file, text))
            .map_err(|error| Error::system(file.display().to_string(), error))
    }

    /// The name of its LTTng session.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// The trace: its directory, or the relay daemon's URL; or why it could not be written.
    pub fn written(&self) -> Result<&Path, &str> {
        self.written.as_deref().map_err(String::as_str)
    }

    /// Tells of it no more; the trace stays.
    pub fn forget(&self) {
        // Somebody else may have been told, too.
        let _ = fs::remove_file(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flight_is_told_until_it_is_forgotten_or_its_trace_is_gone() {
        let home = tempfile::tempdir().unwrap();
        let (directory, trace) = (home.path().join("flights"), home.path().join("trace"));
        assert_eq!(Flight::list_in(&directory), []);
        fs::create_dir(&trace).unwrap();
        Flight::note_in(&directory, "b", Err("no space".into())).unwrap();
        Flight::note_in(&directory, "a", Ok(trace.clone())).unwrap();
        Flight::note_in(&directory, "c", Ok("net://host".into())).unwrap();
        fs::write(directory.join("not-ours"), "?").unwrap();
        let flights = Flight::list_in(&directory);
        let told: Vec<_> = flights.iter().map(|flight| (flight.session(), flight.written())).collect();
        let url = Path::new("net://host");
        assert_eq!(told, [("a", Ok(trace.as_path())), ("b", Err("no space")), ("c", Ok(url))]);
        flights[1].forget();
        fs::remove_dir(&trace).unwrap();
        assert_eq!(Flight::list_in(&directory), flights[2..]);
        assert!(!directory.join("a").exists() && directory.join("not-ours").exists());
    }
}
