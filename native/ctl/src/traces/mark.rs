//! The file by which a trace of beamtap's is known, and by which it shows whether its tap still runs.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::error::Error;
use crate::process::Identity;

/// In the trace's directory. Readers of traces look for directories with metadata.
pub(super) const FILE: &str = ".beamtap";
const FIRST_LINE: &str = "beamtap trace 1";
const ENDED: &str = "ended";
/// More than a mark ever has.
const LONGEST: u64 = 4096;

/// What a mark says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) node: String,
    pub(super) begun: Option<SystemTime>,
    pub(super) has_ended: bool,
    /// The machine, its start and its pid namespace: where the process can be looked for.
    place: String,
    pid: u32,
    started: u64,
}

/// What is known of the process that records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recorder {
    Runs,
    Gone,
    /// On another machine, or in another container.
    Elsewhere,
}

/// Marks a directory as that of a trace which this process records from now on.
///
/// # Errors
///
/// Returns an error when the file cannot be written, or is there already.
pub fn begin(directory: &Path, node: &str) -> Result<(), Error> {
    let this = Identity::of(std::process::id());
    let (pid, started) = this.map_or((0, 0), |this| (this.pid, this.started()));
    let begun = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let node = node.replace(['\n', '\r'], " ");
    let text = format!(
        "{FIRST_LINE}\nnode {node}\nbegun {begun}\nplace {}\npid {pid}\nstarted {started}\n",
        place()
    );
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(directory.join(FILE))
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Error::system(directory.join(FILE).display().to_string(), error))
}

/// Notes that the trace is complete.
///
/// # Errors
///
/// Returns an error when the directory has no mark, or it cannot be written.
pub fn end(directory: &Path) -> Result<(), Error> {
    let written = OpenOptions::new()
        .append(true)
        .custom_flags(libc::O_NOFOLLOW)
        .open(directory.join(FILE))
        .and_then(|mut file| writeln!(file, "{ENDED}"));
    written.map_err(|error| Error::system(directory.join(FILE).display().to_string(), error))
}

impl Mark {
    /// The directory's, when it is a file of this user's that says what a mark says.
    pub(super) fn read(directory: &Path) -> Option<Self> {
        let read = || -> io::Result<(fs::Metadata, String)> {
            let file = OpenOptions::new()
                .read(true)
                .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
                .open(directory.join(FILE))?;
            let mut text = String::new();
            let about = file.metadata()?;
            file.take(LONGEST).read_to_string(&mut text)?;
            Ok((about, text))
        };
        let (about, text) = read().ok()?;
        // SAFETY: geteuid has no preconditions.
        let user = unsafe { libc::geteuid() };
        if about.is_file() && about.uid() == user { Self::parse(&text) } else { None }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next() != Some(FIRST_LINE) {
            return None;
        }
        let mut mark = Self::default();
        for line in lines {
            match line.split_once(' ').unwrap_or((line, "")) {
                ("node", node) => mark.node = node.to_owned(),
                ("begun", begun) => {
                    let since = Duration::from_secs(begun.parse().ok()?);
                    mark.begun = SystemTime::UNIX_EPOCH.checked_add(since);
                }
                ("place", place) => mark.place = place.to_owned(),
                ("pid", pid) => mark.pid = pid.parse().ok()?,
                ("started", started) => mark.started = started.parse().ok()?,
                (ENDED, "") => mark.has_ended = true,
                _ => {}
            }
        }
        Some(mark)
    }

    pub(super) fn recorder(&self) -> Recorder {
        let known: Vec<&str> = self.place.split(' ').collect();
        let here = place();
        let here: Vec<&str> = here.split(' ').collect();
        match (known.as_slice(), here.as_slice()) {
            ([host, boot, space], [this_host, this_boot, this_space]) if host == this_host => {
                if boot != this_boot {
                    return Recorder::Gone;
                }
                match Identity::of(self.pid).is_some_and(|found| found.started() == self.started) {
                    true if space == this_space => Recorder::Runs,
                    false if space == this_space => Recorder::Gone,
                    _ => Recorder::Elsewhere,
                }
            }
            _ => Recorder::Elsewhere,
        }
    }
}

/// The host's name, the number of its start, and that of the pid namespace.
fn place() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default().trim().replace(' ', "_");
    let space = fs::metadata("/proc/self/ns/pid").map_or(0, |about| about.ino());
    format!("{} {} {space}", read("/proc/sys/kernel/hostname"), read("/proc/sys/kernel/random/boot_id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_whether_its_process_runs() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Mark::read(directory.path()), None);
        assert!(end(directory.path()).is_err(), "no mark is made by an end");
        begin(directory.path(), "a@b c").unwrap();
        assert!(begin(directory.path(), "other").is_err());
        let mark = Mark::read(directory.path()).unwrap();
        assert_eq!((mark.node.as_str(), mark.has_ended, mark.recorder()), ("a@b c", false, Recorder::Runs));
        let later = Mark { started: mark.started + 1, ..mark.clone() };
        assert_eq!(later.recorder(), Recorder::Gone, "another of the same id");
        let of_place = |place: &str| Mark { place: place.to_owned(), ..mark.clone() }.recorder();
        let here = place();
        let [host, boot, space] = here.split(' ').collect::<Vec<_>>()[..] else { panic!("{here}") };
        assert_eq!(of_place(&format!("{host} before {space}")), Recorder::Gone, "before this start");
        assert_eq!(of_place(&format!("{host} {boot} 1")), Recorder::Elsewhere);
        assert_eq!(of_place(&format!("x{host} {boot} {space}")), Recorder::Elsewhere);
        end(directory.path()).unwrap();
        assert!(Mark::read(directory.path()).unwrap().has_ended);
    }

    #[test]
    fn what_is_no_mark_is_none() {
        let directory = tempfile::tempdir().unwrap();
        for text in ["", "beamtap trace 2\n", "beamtap trace 1\npid x\n"] {
            fs::write(directory.path().join(FILE), text).unwrap();
            assert_eq!(Mark::read(directory.path()), None, "{text:?}");
        }
        fs::remove_file(directory.path().join(FILE)).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", directory.path().join(FILE)).unwrap();
        assert_eq!(Mark::read(directory.path()), None);
    }
}
