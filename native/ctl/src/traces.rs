//! Traces of beamtap's below a directory: which there are, and which are to go.
//!
//! A trace is known by its mark, a file that a tap writes into its directory. What has none is somebody else's and is
//! neither listed nor removed.

mod mark;

use std::cmp::{Ordering, Reverse};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::Error;
use mark::{FILE, Mark, Recorder};
pub use mark::{begin, end};

/// A trace whose VM was killed may still be written by whoever outlives the VM: a guard or a relay daemon. It counts as
/// running until nothing has changed in it for so long.
const QUIET: Duration = Duration::from_secs(600);
/// Directories in directories: a trace has eight levels at the most.
const DEPTH: u32 = 16;

/// Whether a trace is still written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its tap records.
    Running,
    /// Its tap has ended.
    Finished,
    /// Its VM ended before its tap.
    Interrupted,
    /// Its VM cannot be seen from here: on another machine, or in another container. It may run.
    Elsewhere,
}

/// A trace of beamtap's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Its directory.
    pub path: PathBuf,
    /// The node that it is of.
    pub node: String,
    /// Whether it is still written.
    pub state: State,
    /// Bytes of its files.
    pub bytes: u64,
    /// When its tap began.
    pub begun: SystemTime,
    /// When something changed in it last.
    pub changed: SystemTime,
}

/// What is to be kept of the traces below a directory; `None` is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// So many traces, the newest.
    pub number: Option<u64>,
    /// So many bytes, the newest traces.
    pub bytes: Option<u64>,
    /// Those in which something changed since.
    pub age: Option<Duration>,
}

impl State {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Interrupted => "interrupted",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// Nobody writes it any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::Interrupted)
    }
}

/// The traces right below a directory, the newest first. Links are not followed; a directory that is not there has none.
///
/// # Errors
///
/// Returns an error when the directory cannot be read.
pub fn list(directory: &Path) -> Result<Vec<Trace>, Error> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| Error::system(directory.display().to_string(), error))?,
    };
    let now = SystemTime::now();
    let directories = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut traces: Vec<Trace> = directories.filter_map(|entry| Trace::look(entry.path(), now)).collect();
    traces.sort_by(newest_first);
    Ok(traces)
}

/// Marks tell when a trace began to the second: of those that began in the same one, the one that changed last is newer.
fn newest_first(a: &Trace, b: &Trace) -> Ordering {
    (Reverse(a.begun), Reverse(a.changed), &a.path).cmp(&(Reverse(b.begun), Reverse(b.changed), &b.path))
}

/// Those of the traces, the newest first, that are beyond what is to be kept. One that may still be written is never
/// among them, but counts.
pub fn beyond(traces: &[Trace], keep: Keep) -> Vec<&Trace> {
    let now = SystemTime::now();
    let (mut number, mut bytes) = (0, 0u64);
    let mut beyond = Vec::new();
    for trace in traces {
        number += 1;
        bytes = bytes.saturating_add(trace.bytes);
        let age = now.duration_since(trace.changed).unwrap_or_default();
        let is_kept = keep.number.is_none_or(|most| number <= most)
            && keep.bytes.is_none_or(|most| bytes <= most)
            && keep.age.is_none_or(|most| age <= most);
        if !is_kept && trace.state.is_over() {
            beyond.push(trace);
        }
    }
    beyond
}

impl Trace {
    fn look(path: PathBuf, now: SystemTime) -> Option<Self> {
        let mark = Mark::read(&path)?;
        let mut sum = Sum { bytes: 0, changed: SystemTime::UNIX_EPOCH };
        sum.add(&path, DEPTH);
        let is_quiet = now.duration_since(sum.changed).is_ok_and(|since| since >= QUIET);
        let state = match mark.recorder() {
            _ if mark.has_ended => State::Finished,
            Recorder::Gone if is_quiet => State::Interrupted,
            Recorder::Gone | Recorder::Runs => State::Running,
            Recorder::Elsewhere => State::Elsewhere,
        };
        let Sum { bytes, changed } = sum;
        Some(Self { path, node: mark.node, state, bytes, begun: mark.begun.unwrap_or(changed), changed })
    }

    /// Removes the trace, unless its tap turns out to run.
    ///
    /// # Errors
    ///
    /// Returns an error that names the trace when it, or a part of it, cannot be removed. What is left is still listed.
    pub fn remove(&self) -> Result<(), Error> {
        let failed = |error: io::Error| Error::system(self.path.display().to_string(), error);
        let is_dir = fs::symlink_metadata(&self.path).map_err(failed)?.is_dir();
        if !is_dir || !Self::look(self.path.clone(), SystemTime::now()).is_some_and(|now| now.state.is_over())
        {
            return Err(Error::system(self.path.display().to_string(), "is not a finished trace of beamtap"));
        }
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_name() == FILE {
                continue;
            }
            let is_dir = entry.file_type().map_err(failed)?.is_dir();
            let remove =
                |path: PathBuf| if is_dir { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            remove(entry.path()).map_err(failed)?;
        }
        // Last, by which it is known.
        fs::remove_file(self.path.join(FILE)).and_then(|()| fs::remove_dir(&self.path)).map_err(failed)
    }
}

/// Of a directory's files.
struct Sum {
    bytes: u64,
    changed: SystemTime,
}

impl Sum {
    fn add(&mut self, path: &Path, depth: u32) {
        let Ok(about) = fs::symlink_metadata(path) else { return };
        if let Ok(changed) = about.modified() {
            self.changed = self.changed.max(changed);
        }
        if about.is_dir() && depth > 0 {
            for entry in fs::read_dir(path).into_iter().flatten().flatten() {
                self.add(&entry.path(), depth - 1);
            }
        } else if about.is_file() {
            self.bytes = self.bytes.saturating_add(about.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(number: u64, bytes: u64, age_s: u64, state: State) -> Trace {
        let changed = SystemTime::now() - Duration::from_secs(age_s);
        Trace { path: number.to_string().into(), node: String::new(), state, bytes, begun: changed, changed }
    }

    fn numbers(beyond: Vec<&Trace>) -> Vec<String> {
        beyond.into_iter().map(|trace| trace.path.display().to_string()).collect()
    }

    #[test]
    fn of_traces_that_began_in_one_second_the_last_to_change_is_the_newest() {
        let mut traces = [3, 2, 1].map(|age_s| trace(3 - age_s, 10, age_s, State::Finished));
        let began = SystemTime::now();
        traces.iter_mut().for_each(|trace| trace.begun = began);
        traces.sort_by(newest_first);
        assert_eq!(numbers(traces.iter().collect()), ["2", "1", "0"]);
    }

    #[test]
    fn what_is_beyond_a_bound_goes_unless_it_may_be_written() {
        let traces = [
            trace(1, 10, 0, State::Running),
            trace(2, 10, 100, State::Finished),
            trace(3, 10, 200, State::Elsewhere),
            trace(4, 10, 300, State::Interrupted),
            trace(5, 10, 400, State::Running),
        ];
        assert_eq!(numbers(beyond(&traces, Keep::default())), Vec::<String>::new());
        let keep = |number, bytes, age| Keep { number, bytes, age };
        assert_eq!(numbers(beyond(&traces, keep(Some(0), None, None))), ["2", "4"]);
        assert_eq!(numbers(beyond(&traces, keep(Some(2), None, None))), ["4"]);
        assert_eq!(numbers(beyond(&traces, keep(None, Some(19), None))), ["2", "4"]);
        assert_eq!(numbers(beyond(&traces, keep(None, Some(40), None))), Vec::<String>::new());
        let age = Some(Duration::from_secs(250));
        assert_eq!(numbers(beyond(&traces, keep(None, None, age))), ["4"]);
    }

    #[test]
    fn only_what_is_marked_is_listed_and_only_what_has_ended_is_removed() {
        let home = tempfile::tempdir().unwrap();
        let place = |name: &str| home.path().join(name);
        for name in ["ended", "running", "theirs"] {
            fs::create_dir_all(place(name).join("ust")).unwrap();
            fs::write(place(name).join("ust/metadata"), "metadata").unwrap();
        }
        assert_eq!(list(home.path()), Ok(Vec::new()));
        begin(&place("ended"), "a@b").unwrap();
        begin(&place("running"), "a@b").unwrap();
        end(&place("ended")).unwrap();
        std::os::unix::fs::symlink(place("ended"), place("link")).unwrap();
        std::os::unix::fs::symlink("/etc", place("ended").join("etc")).unwrap();
        let traces = list(home.path()).unwrap();
        let known: Vec<_> = traces.iter().map(|trace| (trace.path.clone(), trace.state)).collect();
        assert_eq!(known, [(place("ended"), State::Finished), (place("running"), State::Running)]);
        assert!(traces[0].bytes > 8, "{}", traces[0].bytes);
        assert!(traces[1].remove().is_err());
        traces[0].remove().unwrap();
        assert!(!place("ended").exists() && place("running").join("ust/metadata").exists());
        assert!(place("theirs").exists() && Path::new("/etc/passwd").exists());
        assert_eq!(list(&place("nowhere")), Ok(Vec::new()));
    }
}
