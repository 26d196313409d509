//! Events recovered from the buffers that a crash left in a session's shared memory path.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::daemons::find_program;
use crate::deadline::Deadline;
use crate::error::{Error, Kind};
use crate::process;
use crate::spawn::{Child, Notes};

const PROGRAM: &str = "lttng-crash";
/// What LTTng calls the user-space domain's directory, in buffers and in traces alike.
const DOMAIN: &str = "ust";
const METADATA: &str = "metadata";
/// Where recovered streams go, below the output.
const RECOVERED: &str = "recovered";
/// The end of the name of a link to the trace that is beside a session's buffers.
const LINK: &str = "trace";
/// From the shared memory path down: the session's, its own with the time in it, and one for whoever collects paths.
const MAX_DEPTH: usize = 4;

/// The buffers of one session that a crash left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remains {
    directory: PathBuf,
}

impl Remains {
    /// All that is at or below a shared memory path, in the order of their names; empty where a session ended orderly,
    /// for LTTng then removes its buffers.
    ///
    /// # Errors
    ///
    /// Returns an error when the directory cannot be read.
    pub fn find(shm_path: &Path) -> Result<Vec<Self>, Error> {
        let mut found = Vec::new();
        // What is below may be another user's; the path itself must be readable.
        fs::read_dir(shm_path).map_err(|error| Error::system(shm_path.display().to_string(), error))?;
        collect(shm_path, MAX_DEPTH, &mut found);
        found.sort_by(|a: &Self, b: &Self| a.directory.cmp(&b.directory));
        Ok(found)
    }

    /// Where they are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the session wrote its trace, as a link beside its buffers tells, of the session's name and `.trace`; `None`
    /// where whoever made the session left none.
    pub fn trace(&self) -> Option<PathBuf> {
        fs::read_link(self.links().find(|link| link.is_symlink())?).ok()
    }

    fn links(&self) -> impl Iterator<Item = PathBuf> {
        self.directory.ancestors().take(MAX_DEPTH).filter_map(|directory| {
            let name = directory.file_name()?.to_str()?;
            Some(directory.with_file_name(format!("{name}.{LINK}")))
        })
    }

    /// Writes what the buffers hold as a trace below `output/recovered`.
    ///
    /// The output may be the trace as far as it had been written: it then reads as one with what is recovered, since
    /// LTTng recovers only what had not been written. Where that trace has no metadata, which is written last, it gets
    /// that of the buffers. The buffers stay, and nobody else recovers them as long as the result lives.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_in_use`] is true when a process still has the buffers open or recovers
    /// them, and an error that names the package when lttng-crash is missing.
    pub fn recover(self, output: &Path, within: Duration) -> Result<Recovered, Error> {
        let lock = self.lock()?;
        self.check_unused()?;
        let program = find_program(PROGRAM.as_ref()).ok_or(Kind::NoCrashProgram)?;
        fs::create_dir_all(output).map_err(|error| Error::system(output.display().to_string(), error))?;
        let output =
            &fs::canonicalize(output).map_err(|error| Error::system(output.display().to_string(), error))?;
        let into = free(&output.join(RECOVERED));
        extract(&program, &self.directory, &into, Deadline::after(within))?;
        complete_metadata(&into, output)?;
        Ok(Recovered { remains: self, trace: into, _lock: lock })
    }

    fn lock(&self) -> Result<File, Error> {
        let name = || self.directory.display().to_string();
        let directory = File::open(&self.directory).map_err(|error| Error::system(name(), error))?;
        match directory.try_lock() {
            Ok(()) => Ok(directory),
            Err(TryLockError::WouldBlock) => Err(Kind::BeingRecovered { path: name() }.into()),
            Err(TryLockError::Error(error)) => Err(Error::system(name(), error)),
        }
    }

    fn check_unused(&self) -> Result<(), Error> {
        match process::that_maps(&self.directory) {
            Some(pid) => Err(Kind::InUse { path: self.directory.display().to_string(), pid }.into()),
            None => Ok(()),
        }
    }
}

/// Buffers whose events were recovered.
#[derive(Debug)]
pub struct Recovered {
    remains: Remains,
    trace: PathBuf,
    /// Held until it is dropped.
    _lock: File,
}

impl Recovered {
    /// The directory of the trace that was recovered.
    pub fn trace(&self) -> &Path {
        &self.trace
    }

    /// Removes the buffers with the link to their trace, and directories above them that are empty then, up to and
    /// without `shm_path`.
    ///
    /// # Errors
    ///
    /// Returns an error when they cannot be removed.
    pub fn remove(self, shm_path: &Path) -> Result<(), Error> {
        // A session that was just being made may have these buffers.
        self.remains.check_unused()?;
        let directory = &self.remains.directory;
        fs::remove_dir_all(directory)
            .map_err(|error| Error::system(directory.display().to_string(), error))?;
        if let Some(link) = self.remains.links().find(|link| link.is_symlink()) {
            fs::remove_file(&link).map_err(|error| Error::system(link.display().to_string(), error))?;
        }
        let above = directory.ancestors().skip(1);
        for directory in above.take_while(|above| above.starts_with(shm_path) && *above != shm_path) {
            // Somebody else's buffers are there, too.
            if fs::remove_dir(directory).is_err() {
                break;
            }
        }
        Ok(())
    }
}

fn collect(directory: &Path, depth: usize, found: &mut Vec<Remains>) {
    if directory.join(DOMAIN).is_dir() {
        found.push(Remains { directory: directory.to_owned() });
        return;
    }
    let Some(depth) = depth.checked_sub(1) else { return };
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        // Not through links: they may lead anywhere, and back.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&entry.path(), depth, found);
        }
    }
}

/// The path, with a number behind it where there is something already. lttng-crash makes the directory itself.
fn free(path: &Path) -> PathBuf {
    let numbered = (2_u32..).map(|number| PathBuf::from(format!("{}-{number}", path.display())));
    let mut candidates = std::iter::once(path.to_owned()).chain(numbered);
    candidates.find(|candidate| fs::symlink_metadata(candidate).is_err()).unwrap_or_else(|| path.to_owned())
}

fn extract(program: &Path, from: &Path, into: &Path, deadline: Deadline) -> Result<(), Error> {
    let mut notes = Notes::new().map_err(|error| Error::system(PROGRAM, error))?;
    // The child runs in another directory.
    let from = fs::canonicalize(from).map_err(|error| Error::system(from.display().to_string(), error))?;
    let words = ["--extract", &into.to_string_lossy(), &from.to_string_lossy()].map(str::to_owned);
    let mut child =
        Child::spawn(program, &words, notes.file()).map_err(|error| Error::system(PROGRAM, error))?;
    if deadline.poll(|| Ok(child.has_ended().then_some(())))?.is_none() {
        process::signal(child.id(), libc::SIGKILL);
        return Err(Kind::RecoveryFailed { reason: "it did not end in time".into() }.into());
    }
    let mut traces = Vec::new();
    collect(into, MAX_DEPTH, &mut traces);
    if traces.is_empty() {
        let reason = notes.last_line().unwrap_or_else(|| "it ended without a word".into());
        // An empty directory would look like something recovered.
        let _ = fs::remove_dir_all(into);
        return Err(Kind::RecoveryFailed { reason }.into());
    }
    Ok(())
}

/// Gives each trace of the output that has streams and no metadata yet that of the same place in what was recovered.
fn complete_metadata(recovered: &Path, output: &Path) -> Result<(), Error> {
    let mut traces = Vec::new();
    collect(recovered, MAX_DEPTH, &mut traces);
    for trace in traces {
        for metadata in metadata_below(&trace.directory.join(DOMAIN), MAX_DEPTH) {
            let Ok(place) = metadata.strip_prefix(&trace.directory) else { continue };
            let written = output.join(place);
            let is_lacking = written.parent().is_some_and(Path::is_dir)
                && fs::metadata(&written).map_or(true, |meta| meta.len() == 0);
            if is_lacking {
                fs::copy(&metadata, &written)
                    .map_err(|error| Error::system(written.display().to_string(), error))?;
            }
        }
    }
    Ok(())
}

fn metadata_below(directory: &Path, depth: usize) -> Vec<PathBuf> {
    let file = directory.join(METADATA);
    if file.is_file() {
        return vec![file];
    }
    let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .flat_map(|entry| metadata_below(&entry.path(), depth))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remains_are_found_at_and_below_a_path_and_removed_with_the_empty_directories_above() {
        let home = tempfile::tempdir().unwrap();
        let shm = home.path().join("shm");
        for session in ["b/b-1/ust/uid/0/64-bit", "a/ust/uid/0/64-bit", "other"] {
            fs::create_dir_all(shm.join(session)).unwrap();
        }
        let found = Remains::find(&shm).unwrap();
        let directories: Vec<&Path> = found.iter().map(Remains::directory).collect();
        assert_eq!(directories, [shm.join("a"), shm.join("b/b-1")]);
        assert_eq!(Remains::find(&shm.join("b/b-1")).unwrap(), found[1..]);
        for remains in found {
            let lock = remains.lock().unwrap();
            assert!(remains.lock().unwrap_err().is_in_use(), "one recovers them");
            Recovered { remains, trace: PathBuf::new(), _lock: lock }.remove(&shm).unwrap();
        }
        assert_eq!(fs::read_dir(&shm).unwrap().count(), 1, "what is not a session's stays");
        assert!(Remains::find(&home.path().join("none")).is_err());
    }

    #[test]
    fn a_link_beside_the_buffers_tells_their_trace_and_goes_with_them() {
        let home = tempfile::tempdir().unwrap();
        for session in ["a/a-1/ust", "b/ust"] {
            fs::create_dir_all(home.path().join(session)).unwrap();
        }
        std::os::unix::fs::symlink("/trace/of/a", home.path().join("a.trace")).unwrap();
        let [a, b] = Remains::find(home.path()).unwrap().try_into().unwrap();
        assert_eq!((a.trace(), b.trace()), (Some("/trace/of/a".into()), None));
        let lock = a.lock().unwrap();
        Recovered { remains: a, trace: PathBuf::new(), _lock: lock }.remove(&home.path().join("a")).unwrap();
        let left: Vec<_> =
            fs::read_dir(home.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(left.len(), 2, "what was given and what is not its own stay: {left:?}");
    }

    #[test]
    fn a_trace_without_metadata_gets_that_of_its_buffers_and_one_with_keeps_its_own() {
        let home = tempfile::tempdir().unwrap();
        let (recovered, output) = (home.path().join("out/recovered"), home.path().join("out"));
        for (place, own) in [("ust/uid/0/64-bit", ""), ("ust/uid/7/64-bit", "own")] {
            fs::create_dir_all(recovered.join(place)).unwrap();
            fs::write(recovered.join(place).join(METADATA), "crash").unwrap();
            fs::create_dir_all(output.join(place)).unwrap();
            fs::write(output.join(place).join(METADATA), own).unwrap();
        }
        complete_metadata(&recovered, &output).unwrap();
        let read = |place: &str| fs::read_to_string(output.join(place).join(METADATA)).unwrap();
        assert_eq!((read("ust/uid/0/64-bit"), read("ust/uid/7/64-bit")), ("crash".into(), "own".into()));
    }
}
