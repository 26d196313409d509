//! Starting a daemon from a host program that is not ours.
//!
//! `std::process::Command` does not fit: the BEAM marks none of its descriptors close-on-exec (its own children are
//! forked elsewhere), so a daemon would keep the application's sockets and files open; and the hooks that could close
//! them make it fork, which copies the page tables of a large VM while its threads wait.

use std::env;
use std::ffi::{CString, c_char, c_int, c_short};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

/// The first descriptor that a daemon does not get.
const FIRST_OTHER: c_int = 3;

/// What keeps signals to this process's group, and to those of its terminal, from the child.
#[cfg(target_os = "linux")]
const APART: c_short = libc::POSIX_SPAWN_SETSID;
#[cfg(not(target_os = "linux"))]
const APART: c_short = libc::POSIX_SPAWN_SETPGROUP as c_short;

/// A child of this process; it is reaped when it is asked whether it has ended.
pub(crate) struct Child {
    pid: libc::pid_t,
    is_reaped: bool,
}

impl Child {
    /// Starts a program in a session of its own, in `/`, with no signal blocked, no descriptor but stdin and
    /// stdout on `/dev/null` and stderr on `stderr`, and this process's environment.
    pub(crate) fn spawn(program: &Path, arguments: &[String], stderr: &File) -> io::Result<Self> {
        let path = CString::new(program.as_os_str().as_bytes())?;
        let mut words = vec![path.clone()];
        for argument in arguments {
            words.push(CString::new(argument.as_str())?);
        }
        let environment = env::vars_os().map(|(name, value)| {
            let mut entry = name.into_vec();
            entry.push(b'=');
            entry.extend(value.into_vec());
            CString::new(entry)
        });
        let environment = environment.collect::<Result<Vec<_>, _>>()?;
        let (argv, envp) = (pointers(&words), pointers(&environment));
        let (actions, attributes) = (Actions::new(stderr)?, Attributes::new()?);
        let mut pid = 0;
        // SAFETY: path, words and environment are NUL terminated and outlive the call, the arrays end with a null
        // pointer, actions and attributes are initialised, and `pid` is a valid place for the result.
        check(unsafe {
            libc::posix_spawn(
                &raw mut pid,
                path.as_ptr(),
                &raw const actions.0,
                &raw const attributes.0,
                argv.as_ptr(),
                envp.as_ptr(),
            )
        })?;
        Ok(Self { pid, is_reaped: false })
    }

    pub(crate) fn id(&self) -> u32 {
        self.pid.cast_unsigned()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        if !self.is_reaped {
            // SAFETY: the status may be null. The child is ours and not reaped, so its id is nobody else's; an error
            // means that the host program has reaped it (SIGCHLD ignored).
            let result = unsafe { libc::waitpid(self.pid, ptr::null_mut(), libc::WNOHANG) };
            self.is_reaped = result != 0;
        }
        self.is_reaped
    }
}

/// A C array of the strings' addresses, ended by null. Valid as long as the strings are.
fn pointers(strings: &[CString]) -> Vec<*mut c_char> {
    strings.iter().map(|string| string.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect()
}

/// The posix_spawn functions return their error instead of setting errno.
fn check(code: c_int) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) }
}

struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new(stderr: &File) -> io::Result<Self> {
        let mut place = MaybeUninit::uninit();
        // SAFETY: the function initialises what it is given.
        check(unsafe { libc::posix_spawn_file_actions_init(place.as_mut_ptr()) })?;
        // SAFETY: initialised above, successfully.
        let mut actions = Self(unsafe { place.assume_init() });
        let raw = &raw mut actions.0;
        for (descriptor, mode) in [(0, libc::O_RDONLY), (1, libc::O_WRONLY)] {
            // SAFETY: the actions are initialised; the path is copied.
            check(unsafe {
                libc::posix_spawn_file_actions_addopen(raw, descriptor, c"/dev/null".as_ptr(), mode, 0)
            })?;
        }
        // SAFETY: the actions are initialised; the paths are copied.
        unsafe {
            check(libc::posix_spawn_file_actions_adddup2(raw, stderr.as_raw_fd(), 2))?;
            #[cfg(target_os = "linux")]
            check(libc::posix_spawn_file_actions_addchdir_np(raw, c"/".as_ptr()))?;
        }
        actions.close_others()?;
        Ok(actions)
    }

    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn close_others(&mut self) -> io::Result<()> {
        // SAFETY: the actions are initialised.
        check(unsafe { libc::posix_spawn_file_actions_addclosefrom_np(&raw mut self.0, FIRST_OTHER) })
    }

    /// Those open now: what another thread opens before the child runs is missed.
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    fn close_others(&mut self) -> io::Result<()> {
        for entry in fs::read_dir("/dev/fd")?.flatten() {
            let number = entry.file_name().to_str().and_then(|name| name.parse().ok());
            if let Some(descriptor) = number.filter(|number: &c_int| *number >= FIRST_OTHER) {
                // SAFETY: the actions are initialised; a descriptor closed meanwhile is no error in the child.
                check(unsafe { libc::posix_spawn_file_actions_addclose(&raw mut self.0, descriptor) })?;
            }
        }
        Ok(())
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialised when it was made, and used no more.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new() -> io::Result<Self> {
        let mut place = MaybeUninit::uninit();
        // SAFETY: the function initialises what it is given.
        check(unsafe { libc::posix_spawnattr_init(place.as_mut_ptr()) })?;
        // SAFETY: initialised above, successfully.
        let mut attributes = Self(unsafe { place.assume_init() });
        let raw = &raw mut attributes.0;
        let flags = libc::c_int::from(APART) | libc::POSIX_SPAWN_SETSIGMASK | libc::POSIX_SPAWN_SETSIGDEF;
        let mut signals = MaybeUninit::uninit();
        // SAFETY: the attributes are initialised; the sets are initialised before they are read, and copied.
        unsafe {
            check(libc::posix_spawnattr_setpgroup(raw, 0))?;
            libc::sigemptyset(signals.as_mut_ptr());
            check(libc::posix_spawnattr_setsigmask(raw, signals.as_ptr()))?;
            libc::sigfillset(signals.as_mut_ptr());
            check(libc::posix_spawnattr_setsigdefault(raw, signals.as_ptr()))?;
            check(libc::posix_spawnattr_setflags(raw, c_short::try_from(flags).unwrap_or_default()))?;
        }
        Ok(attributes)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised when it was made, and used no more.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}

/// A file without a name for what a daemon says.
pub(crate) struct Notes(File);

impl Notes {
    pub(crate) fn new() -> io::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("lttng-notes.{}.{number}", std::process::id()));
        let file = OpenOptions::new().read(true).append(true).create_new(true).open(&path)?;
        fs::remove_file(&path)?;
        Ok(Self(file))
    }

    /// What this process says itself, on stderr, is noted elsewhere: so is what the daemon says.
    pub(crate) fn elsewhere() -> io::Result<Self> {
        io::stderr().as_fd().try_clone_to_owned().map(|descriptor| Self(File::from(descriptor)))
    }

    pub(crate) fn file(&self) -> &File {
        &self.0
    }

    /// The last line that is not empty, or `None`.
    pub(crate) fn last_line(&mut self) -> Option<String> {
        let mut text = Vec::new();
        self.0.rewind().ok()?;
        self.0.read_to_end(&mut text).ok()?;
        let text = String::from_utf8_lossy(&text);
        text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::Deadline;
    use std::time::Duration;

    fn said_by(script: &str) -> String {
        let mut notes = Notes::new().unwrap();
        let arguments = ["-c".to_owned(), script.to_owned()];
        let mut child = Child::spawn(Path::new("/bin/sh"), &arguments, notes.file()).unwrap();
        let ended = Deadline::after(Duration::from_secs(30)).poll(|| Ok(child.has_ended().then_some(())));
        assert_eq!(ended, Ok(Some(())));
        notes.last_line().unwrap_or_default()
    }

    #[test]
    fn a_child_gets_three_descriptors_and_no_other() {
        let kept = File::open("/etc/passwd").unwrap();
        // SAFETY: fcntl with F_SETFD touches no memory.
        assert_eq!(unsafe { libc::fcntl(kept.as_raw_fd(), libc::F_SETFD, 0) }, 0);
        assert_eq!(said_by("exec >&2; ls -m /proc/$$/fd"), "0, 1, 2");
        assert_eq!(said_by("readlink /proc/$$/fd/0 /proc/$$/fd/1 | sort -u >&2"), "/dev/null");
    }

    #[test]
    fn a_child_leads_its_session_in_the_root_directory_with_our_environment() {
        assert_eq!(said_by("pwd >&2"), "/");
        assert_eq!(said_by("test $$ = $(ps -o pgid= -p $$) && echo leads >&2"), "leads");
        #[cfg(target_os = "linux")]
        assert_eq!(said_by("test $$ = $(ps -o sid= -p $$) && echo leads >&2"), "leads");
        assert_eq!(said_by("echo $PATH >&2"), env::var("PATH").unwrap());
    }

    #[test]
    fn the_last_line_is_the_last_word() {
        assert_eq!(said_by("echo first >&2; echo 'Error: the last' >&2; echo >&2"), "Error: the last");
        assert_eq!(said_by("true"), "");
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let notes = Notes::new().unwrap();
        assert!(Child::spawn(Path::new("/nonexistent"), &[], notes.file()).is_err());
    }
}
