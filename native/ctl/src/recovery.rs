//! Events recovered from the buffers that a crash left in a session's shared memory path.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::daemons::find_program;
use crate::deadline::Deadline;
use crate::error::{Error, Kind};
use crate::process;
use crate::remains::{DOMAIN, MAX_DEPTH, METADATA, Remains, collect};
use crate::spawn::{Child, Notes};

const PROGRAM: &str = "lttng-crash";
/// Where recovered streams go, below the output.
const RECOVERED: &str = "recovered";

impl Remains {
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
        let complaint = extract(&program, &self.directory, &into, Deadline::after(within))?;
        complete_metadata(&into, output)?;
        Ok(Recovered { remains: self, trace: into, complaint, _lock: lock })
    }
}

/// Buffers whose events were recovered.
#[derive(Debug)]
pub struct Recovered {
    remains: Remains,
    trace: PathBuf,
    /// What lttng-crash said, which says nothing when all is well.
    complaint: Option<String>,
    /// Held until it is dropped.
    _lock: File,
}

impl Recovered {
    /// The directory of the trace that was recovered.
    pub fn trace(&self) -> &Path {
        &self.trace
    }

    /// Why not all of the buffers may have been recovered; `None` when lttng-crash had nothing to say of them and what it wrote is on
    /// the disk. That it can be read is for the caller to see.
    pub fn doubt(&self) -> Option<String> {
        if let Some(complaint) = &self.complaint {
            return Some(format!("lttng-crash: {complaint}"));
        }
        self.remains.files.iter().find_map(|file| {
            let written = self.trace.join(file);
            let doubt = match File::open(&written).and_then(|file| file.sync_all().and(file.metadata())) {
                Ok(meta) if meta.len() > 0 => return None,
                Ok(_) => "is empty".to_owned(),
                // lttng-crash makes no file of a buffer that nothing was left in, and complains of one it cannot read.
                Err(error) if error.kind() == ErrorKind::NotFound => return None,
                Err(error) => error.to_string(),
            };
            Some(format!("{}: {doubt}", written.display()))
        })
    }

    /// Removes the buffers with the link to their trace, and directories above them that are empty then, up to and
    /// without `shm_path`. What is not a buffer stays.
    ///
    /// # Errors
    ///
    /// Returns an error when they cannot be removed, or when there is a [`doubt`](Self::doubt).
    pub fn remove(self, shm_path: &Path) -> Result<(), Error> {
        // A session that was just being made may have these buffers.
        self.remains.check_unused()?;
        if let Some(reason) = self.doubt() {
            return Err(Kind::RecoveryFailed { reason }.into());
        }
        let directory = &self.remains.directory;
        for file in &self.remains.files {
            let file = directory.join(file);
            fs::remove_file(&file).map_err(|error| Error::system(file.display().to_string(), error))?;
        }
        let below: BTreeSet<&Path> =
            self.remains.files.iter().flat_map(|file| file.ancestors().skip(1)).collect();
        // The deepest first; one that still has something stays.
        for empty in below.into_iter().rev() {
            let _ = fs::remove_dir(directory.join(empty));
        }
        if directory.exists() {
            return Ok(());
        }
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

/// The path, with a number behind it where there is something already. lttng-crash makes the directory itself.
fn free(path: &Path) -> PathBuf {
    let numbered = (2_u32..).map(|number| PathBuf::from(format!("{}-{number}", path.display())));
    let mut candidates = std::iter::once(path.to_owned()).chain(numbered);
    candidates.find(|candidate| fs::symlink_metadata(candidate).is_err()).unwrap_or_else(|| path.to_owned())
}

/// Has lttng-crash write a trace; gives what it said.
fn extract(program: &Path, from: &Path, into: &Path, deadline: Deadline) -> Result<Option<String>, Error> {
    let mut notes = Notes::new().map_err(|error| Error::system(PROGRAM, error))?;
    // The child runs in another directory.
    let from = fs::canonicalize(from).map_err(|error| Error::system(from.display().to_string(), error))?;
    let words = ["--extract", &into.to_string_lossy(), &from.to_string_lossy()].map(str::to_owned);
    let mut child =
        Child::spawn(program, &words, notes.file()).map_err(|error| Error::system(PROGRAM, error))?;
    if deadline.poll(|| Ok(child.has_ended().then_some(())))?.is_none() {
        process::signal(child.id(), libc::SIGKILL);
        return Err(Kind::RecoveryFailed { reason: "it did not finish in time".into() }.into());
    }
    let complaint = notes.last_line();
    let mut traces = Vec::new();
    collect(into, MAX_DEPTH, &mut traces);
    if traces.is_empty() {
        let reason = complaint.unwrap_or_else(|| "it exited and printed nothing".into());
        // An empty directory would look like something recovered.
        let _ = fs::remove_dir_all(into);
        return Err(Kind::RecoveryFailed { reason }.into());
    }
    Ok(complaint)
}

/// Gives each trace of the output that has streams and no metadata yet that of the same place in what was recovered.
fn complete_metadata(recovered: &Path, output: &Path) -> Result<(), Error> {
    let mut traces = Vec::new();
    collect(recovered, MAX_DEPTH, &mut traces);
    for trace in traces {
        for metadata in metadata_below(&trace.join(DOMAIN), MAX_DEPTH) {
            let Ok(place) = metadata.strip_prefix(&trace) else { continue };
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
    use crate::remains::BUFFER_MAGIC;

    /// Buffers of a session as LTTng makes them, with a file of the same name in what was recovered.
    fn buffers(home: &Path, session: &str) -> PathBuf {
        let place = "ust/uid/0/64-bit";
        let (directory, written) = (home.join(session).join(place), home.join("out").join(place));
        for directory in [&directory, &written] {
            fs::create_dir_all(directory).unwrap();
            fs::write(directory.join("c_0"), [&BUFFER_MAGIC[..], b"events"].concat()).unwrap();
            fs::write(directory.join("metadata"), "/* CTF 1.8 */").unwrap();
        }
        directory
    }

    fn recovered(home: &Path, remains: Remains) -> Recovered {
        let lock = remains.lock().unwrap();
        assert!(remains.lock().unwrap_err().is_in_use(), "one recovers them");
        Recovered { remains, trace: home.join("out"), complaint: None, _lock: lock }
    }

    #[test]
    fn remains_are_found_at_and_below_a_path_and_removed_with_the_empty_directories_above() {
        let home = tempfile::tempdir().unwrap();
        let shm = home.path().join("shm");
        for session in ["shm/b/b-1", "shm/a"] {
            buffers(home.path(), session);
        }
        fs::create_dir_all(shm.join("other")).unwrap();
        fs::remove_file(shm.join("a/ust/uid/0/64-bit/c_0")).unwrap();
        // As an orderly end leaves it for a moment.
        fs::create_dir_all(shm.join("ended/ust/uid/0/64-bit")).unwrap();
        let found = Remains::find(&shm).unwrap();
        let directories: Vec<&Path> = found.iter().map(Remains::directory).collect();
        assert_eq!(directories, [shm.join("a"), shm.join("b/b-1")]);
        assert_eq!(Remains::find(&shm.join("b/b-1")).unwrap(), found[1..]);
        assert_eq!(Remains::find(&shm.join("ended")), Ok(Vec::new()));
        for remains in found {
            recovered(home.path(), remains).remove(&shm).unwrap();
        }
        assert_eq!(fs::read_dir(&shm).unwrap().count(), 2, "what is not a session's stays");
        assert!(Remains::find(&home.path().join("none")).is_err());
    }

    #[test]
    fn a_trace_is_no_remains_wherever_it_is() {
        let home = tempfile::tempdir().unwrap();
        let traces = home.path().join("traces");
        for trace in ["one", "two"] {
            let directory = traces.join(trace).join("ust/uid/0/64-bit");
            fs::create_dir_all(directory.join("index")).unwrap();
            fs::write(directory.join("c_0"), [0xc1, 0x1f, 0xfc, 0xc1].repeat(100)).unwrap();
            fs::write(directory.join("metadata"), "/* CTF 1.8 */").unwrap();
        }
        for path in [traces.clone(), traces.join("one")] {
            let error = Remains::find(&path).unwrap_err();
            assert!(error.to_string().contains("c_0"), "{error}");
            assert!(error.remedy().contains("beamtapd info"), "{}", error.remedy());
        }
        // Beside buffers it is left alone.
        buffers(home.path(), "traces/three");
        let [one] = Remains::find(&traces).unwrap().try_into().unwrap();
        assert_eq!(one.directory(), traces.join("three"));
    }

    #[test]
    fn only_what_was_written_is_removed_and_strangers_stay() {
        let home = tempfile::tempdir().unwrap();
        let directory = buffers(home.path(), "shm/a");
        fs::write(directory.join("notes"), "mine").unwrap();
        let find = || {
            let [one] = Remains::find(&home.path().join("shm")).unwrap().try_into().unwrap();
            one
        };
        assert_eq!(find().others().collect::<Vec<_>>(), [directory.join("notes")]);
        let written = home.path().join("out/ust/uid/0/64-bit/c_0");
        let whole = fs::read(&written).unwrap();
        fs::write(&written, "").unwrap();
        let error = recovered(home.path(), find()).remove(home.path()).unwrap_err();
        assert!(error.to_string().contains("c_0") && directory.join("c_0").exists(), "{error}");
        fs::write(&written, whole).unwrap();
        let complaint = Some("Error: no space".to_owned());
        let doubtful = Recovered { complaint, ..recovered(home.path(), find()) };
        assert!(doubtful.remove(home.path()).unwrap_err().to_string().contains("no space"));
        recovered(home.path(), find()).remove(home.path()).unwrap();
        let left: Vec<_> =
            fs::read_dir(&directory).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(left, ["notes"]);
    }

    #[test]
    fn a_link_beside_the_buffers_tells_their_trace_and_goes_with_them() {
        let home = tempfile::tempdir().unwrap();
        for session in ["shm/a/a-1", "shm/b"] {
            buffers(home.path(), session);
        }
        let shm = home.path().join("shm");
        std::os::unix::fs::symlink("/trace/of/a", shm.join("a.trace")).unwrap();
        let [a, b] = Remains::find(&shm).unwrap().try_into().unwrap();
        assert_eq!((a.trace(), b.trace()), (Some("/trace/of/a".into()), None));
        recovered(home.path(), a).remove(&shm.join("a")).unwrap();
        let left: Vec<_> = fs::read_dir(&shm).unwrap().flatten().map(|entry| entry.file_name()).collect();
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
