//! Directories that hold traces.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind};

/// Directories are searched to this depth.
const MAX_DEPTH: usize = 16;
/// Most directories that are looked into, and most entries of all of them.
const MAX_DIRECTORIES: usize = 1 << 16;
const MAX_ENTRIES: usize = 1 << 20;

/// What was found at and below a directory.
#[derive(Debug, Default)]
pub(crate) struct Directories {
    /// Those with a `metadata` file, sorted.
    pub(crate) traces: Vec<PathBuf>,
    /// Those that could not be looked into, or not to their end.
    pub(crate) faults: Vec<Error>,
}

/// Looks for traces.
struct Search {
    found: Directories,
    /// Device and number of each directory that was looked into: links may lead back.
    seen: HashSet<(u64, u64)>,
    entries: usize,
    /// Links to directories, with their depth: followed once all that is no link was looked into.
    links: Vec<(PathBuf, usize)>,
    is_deep: bool,
}

impl Directories {
    /// Looks into a directory and all below it, into each once, whatever links there are. What goes away meanwhile was
    /// not there.
    ///
    /// # Errors
    ///
    /// `is_io` when the directory itself cannot be read, `is_limit` when there are too many below it.
    pub(crate) fn find(root: &Path) -> Result<Directories, Error> {
        let mut search = Search {
            found: Directories::default(),
            seen: HashSet::new(),
            entries: 0,
            links: Vec::new(),
            is_deep: false,
        };
        // What is wrong with the directory itself is no fault beside others.
        fs::read_dir(root).map_err(|error| Error::io("cannot read the directory", root, error))?;
        let mut next = vec![(root.to_path_buf(), 0)];
        while let Some((directory, depth)) = next.pop() {
            search.look_into(&directory, depth, &mut next)?;
            if next.is_empty() {
                next.extend(search.links.pop());
            }
        }
        search.found.traces.sort();
        Ok(search.found)
    }
}

impl Search {
    fn look_into(
        &mut self,
        directory: &Path,
        depth: usize,
        next: &mut Vec<(PathBuf, usize)>,
    ) -> Result<(), Error> {
        let refuse = |search: &mut Search, error| match error {
            error if is_gone(&error) => {}
            error => search.found.faults.push(Error::io("cannot read the directory", directory, error)),
        };
        match fs::metadata(directory) {
            Ok(meta) if !self.seen.insert((meta.dev(), meta.ino())) => return Ok(()),
            Ok(_) => {}
            Err(error) => {
                refuse(self, error);
                return Ok(());
            }
        }
        if self.seen.len() > MAX_DIRECTORIES {
            return Err(limit(format!("more than {MAX_DIRECTORIES} directories below"), directory));
        }
        match fs::metadata(directory.join("metadata")) {
            Ok(meta) if meta.is_file() => self.found.traces.push(directory.to_path_buf()),
            Ok(_) => {}
            Err(error) if is_gone(&error) => {}
            Err(error) => {
                refuse(self, error);
                return Ok(());
            }
        }
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) => {
                refuse(self, error);
                return Ok(());
            }
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    refuse(self, error);
                    break;
                }
            };
            self.entries += 1;
            if self.entries > MAX_ENTRIES {
                return Err(limit(
                    format!(
                        "more than {MAX_ENTRIES} files and directories up to here: the rest is not searched"
                    ),
                    directory,
                ));
            }
            let (is_directory, is_link) = match entry.file_type() {
                Ok(kind) => (kind.is_dir(), kind.is_symlink() && entry.path().is_dir()),
                Err(_) => (false, false),
            };
            if !is_directory && !is_link {
                continue;
            }
            if depth == MAX_DEPTH {
                self.tell_deep(&entry.path());
            } else if is_link {
                self.links.push((entry.path(), depth + 1));
            } else {
                next.push((entry.path(), depth + 1));
            }
        }
        Ok(())
    }

    /// Says once that there is something deeper.
    fn tell_deep(&mut self, directory: &Path) {
        if !std::mem::replace(&mut self.is_deep, true) {
            let what = format!("more than {MAX_DEPTH} directories deep: deeper ones are not searched");
            self.found.faults.push(limit(what, directory));
        }
    }
}

fn limit(what: String, directory: &Path) -> Error {
    Error::new(Kind::Limit, what).in_file(directory)
}

/// It is not there, or not any more.
fn is_gone(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn trace(path: &Path) {
        fs::create_dir_all(path).unwrap();
        fs::write(path.join("metadata"), "").unwrap();
    }

    #[test]
    fn each_directory_is_looked_into_once_whatever_links_lead_to_it() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path();
        trace(&root.join("b/one"));
        trace(&root.join("two"));
        trace(&home.path().join("b/one/inside"));
        // Back up, across, in a circle, and to nothing.
        symlink(root, root.join("b/up")).unwrap();
        symlink(root.join("two"), root.join("a")).unwrap();
        symlink("circle", root.join("circle")).unwrap();
        symlink("nothing", root.join("dangling")).unwrap();
        for farm in 0..30 {
            symlink("..", root.join(format!("b/one/link{farm}"))).unwrap();
        }
        let found = Directories::find(root).unwrap();
        let expected = [root.join("b/one"), root.join("b/one/inside"), root.join("two")];
        assert_eq!(found.traces, expected, "by their own names");
        assert!(found.faults.is_empty(), "{:?}", found.faults);
        // Links are followed where they lead to something new.
        let outside = tempfile::tempdir().unwrap();
        trace(&outside.path().join("three"));
        symlink(outside.path(), root.join("b/more")).unwrap();
        assert_eq!(Directories::find(root).unwrap().traces.len(), 4);
    }

    #[test]
    fn what_is_too_deep_is_named() {
        let home = tempfile::tempdir().unwrap();
        let deep = (0..MAX_DEPTH + 3).fold(home.path().to_path_buf(), |path, _| path.join("d"));
        trace(&deep);
        trace(&home.path().join("one"));
        let found = Directories::find(home.path()).unwrap();
        assert_eq!(found.traces, [home.path().join("one")]);
        assert_eq!(found.faults.len(), 1);
        assert!(found.faults[0].is_limit() && found.faults[0].to_string().contains("16 directories deep"));
    }

    #[test]
    fn a_directory_of_processes_ends() {
        // Links to the whole machine, and directories that come and go.
        if let Err(error) = Directories::find(Path::new("/proc/self")) {
            assert!(error.is_limit(), "{error}");
        }
    }

    #[test]
    fn a_root_that_cannot_be_read_is_an_error() {
        assert!(Directories::find(Path::new("/no/such")).unwrap_err().is_io());
    }
}
