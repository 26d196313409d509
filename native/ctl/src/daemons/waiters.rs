//! Threads of liblttng-ust, in this process and in others of the user, that wait for a session daemon.
//!
//! They wait at a word in shared memory that a daemon sets to 1 and wakes them at. Every second time they are woken they
//! first sleep 5 s, against daemons that die as soon as they begin; so they would come 5 s late to every second daemon
//! that is started and ended on purpose. Woken once more when a daemon has ended, they sleep while nobody needs them, and
//! are quick when the next one starts.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const DIRECTORY: &str = "/dev/shm";
/// And the number of the protocol, and the user's unless that is root's.
const NAME: &str = "lttng-ust-wait-";
/// For as long a thread finds a daemon announced: it looks, finds none, looks again, and sleeps.
const HOLD: Duration = Duration::from_millis(20);
/// liblttng-ust's own figure, with something for its threads to get there.
const SLEEP: Duration = Duration::from_millis(5100);
const WORD: usize = size_of::<u32>();
const NOBODY: u32 = 0;
const SOMEBODY: u32 = 1;

/// When they were woken last.
static WOKEN: Mutex<Option<Instant>> = Mutex::new(None);
/// Whether this process has started a daemon.
static IS_USED_TO_IT: AtomicBool = AtomicBool::new(false);

/// Told of every daemon that starts: whether they are to be woken when it has ended.
///
/// Not where they still sleep, and so come late to this one: they will be in time for the next. Nor at the first one of
/// the process, which was there before liblttng-ust.
pub(super) fn expect() -> bool {
    let woken = WOKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let are_asleep = woken.is_some_and(|woken| woken.elapsed() < SLEEP);
    IS_USED_TO_IT.swap(true, Relaxed) && !are_asleep
}

/// Lets the threads that wait for this user's daemon look for it now: in vain, so that they are quick next time.
///
/// Takes 20 ms. Only to be called when this user's daemon has just ended. Where it cannot be done they come late, as
/// without it.
pub(super) fn wake_in_vain() {
    *WOKEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    // SAFETY: geteuid has no preconditions.
    let user = unsafe { libc::geteuid() };
    let files: Vec<_> = words_of(user).into_iter().filter_map(|path| open(&path, user).ok()).collect();
    for file in &files {
        let _ = announce(file);
    }
    thread::sleep(HOLD);
    for file in &files {
        let _ = file.write_all_at(&NOBODY.to_ne_bytes(), 0);
    }
}

/// Where threads wait for the daemon of this user, for every protocol there is.
fn words_of(user: u32) -> Vec<PathBuf> {
    let is_meant = |name: &str| {
        let Some(rest) = name.strip_prefix(NAME) else { return false };
        match rest.split_once('-') {
            None => user == 0,
            Some((_, of)) => user != 0 && of == user.to_string(),
        }
    };
    let entries = fs::read_dir(DIRECTORY).into_iter().flatten().flatten();
    let names = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_meant));
    names.map(|entry| entry.path()).collect()
}

/// The file, if it is this user's and nobody's daemon is announced in it.
fn open(path: &Path, user: u32) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOFOLLOW).open(path)?;
    let about = file.metadata()?;
    let mut word = [0; WORD];
    file.read_exact_at(&mut word, 0)?;
    if about.is_file() && about.uid() == user && u32::from_ne_bytes(word) == NOBODY {
        Ok(file)
    } else {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

fn announce(file: &File) -> io::Result<()> {
    file.write_all_at(&SOMEBODY.to_ne_bytes(), 0)?;
    // SAFETY: a new mapping of the kernel's choice, that nothing reads or writes through: the file may be made shorter
    // by whoever may write to it.
    let word =
        unsafe { libc::mmap(ptr::null_mut(), WORD, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0) };
    if word == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: FUTEX_WAKE uses the address to find who waits there, and answers EFAULT when there is no page behind it.
    unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, i32::MAX) };
    // SAFETY: the mapping made above, unmapped once.
    unsafe { libc::munmap(word, WORD) };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_words_of_this_user_are_meant() {
        let of_root = words_of(0);
        assert!(
            of_root
                .iter()
                .all(|path| !path.to_str().unwrap()[DIRECTORY.len() + NAME.len() + 1..].contains('-'))
        );
        assert_eq!(words_of(u32::MAX - 7), Vec::<PathBuf>::new());
    }

    #[test]
    fn whoever_waits_finds_a_daemon_announced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("word");
        fs::write(&path, [0; 4096]).unwrap();
        // SAFETY: geteuid has no preconditions.
        let user = unsafe { libc::geteuid() };
        let file = open(&path, user).unwrap();
        let waiter = thread::spawn({
            let file = file.try_clone().unwrap();
            move || {
                // SAFETY: a new mapping of a file that stays as long as it is.
                let word = unsafe {
                    libc::mmap(ptr::null_mut(), WORD, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0)
                };
                assert_ne!(word, libc::MAP_FAILED);
                // SAFETY: the address is mapped, there is no time-out.
                unsafe {
                    libc::syscall(
                        libc::SYS_futex,
                        word,
                        libc::FUTEX_WAIT,
                        NOBODY,
                        ptr::null::<libc::timespec>(),
                    )
                }
            }
        });
        // Until it waits there is nobody to be woken.
        while !waiter.is_finished() {
            announce(&file).unwrap();
            thread::yield_now();
        }
        waiter.join().unwrap();
        // Somebody's daemon is there: hands off.
        assert!(open(&path, user).is_err());
    }
}
