//! The facts of this machine that decide whether ring buffers fit.

use std::ffi::CString;
use std::fs;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::error::Error;

/// Where LTTng-UST keeps its ring buffers unless a session has a shared memory path of its own.
pub(crate) const SHM: &str = "/dev/shm";

/// What LTTng will see of this machine when it makes ring buffers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// CPUs the kernel could ever bring up. LTTng 2.13 makes one buffer for each, present or not.
    pub possible_cpus: u32,
    /// Bytes free where the buffers will be.
    pub shm_free: u64,
    /// Bytes of one memory page: the smallest sub-buffer.
    pub page_size: u64,
}

impl Host {
    /// Looks at this machine; `shm` is the directory that will hold the buffers.
    ///
    /// # Errors
    ///
    /// Returns an error when `shm` or the list of possible CPUs cannot be read.
    pub fn look(shm: &Path) -> Result<Self, Error> {
        Ok(Self { possible_cpus: possible_cpus()?, shm_free: free_bytes(shm)?, page_size: page_size() })
    }
}

fn possible_cpus() -> Result<u32, Error> {
    const PATH: &str = "/sys/devices/system/cpu/possible";
    let text = fs::read_to_string(PATH).map_err(|error| Error::system(PATH, error))?;
    count_cpus(text.trim()).ok_or_else(|| Error::system(PATH, format!("not a list of CPUs: {text:?}")))
}

/// Reads the kernel's list format. LTTng counts up to the highest number, also over holes.
fn count_cpus(list: &str) -> Option<u32> {
    let last = list.rsplit(',').next()?;
    let highest = last.rsplit('-').next()?;
    highest.parse::<u32>().ok()?.checked_add(1)
}

/// LTTng makes the directories that it writes to; until then their file system is their nearest ancestor's.
pub(crate) fn nearest_existing(path: &Path) -> &Path {
    path.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(path)
}

/// Bytes that may still be written to the file system of `path`; no bound for one without a size, such as `/proc`.
pub(crate) fn free_bytes(path: &Path) -> Result<u64, Error> {
    let c_path = CString::new(path.as_os_str().as_bytes())
        .map_err(|_| Error::bad_plan(format!("{} contains a NUL byte", path.display())))?;
    let mut stat = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the path is NUL terminated and `stat` is writable memory of the right type; both outlive the call.
    let result = unsafe { libc::statvfs(c_path.as_ptr(), stat.as_mut_ptr()) };
    if result != 0 {
        return Err(Error::system(path.display().to_string(), std::io::Error::last_os_error()));
    }
    // SAFETY: statvfs returned 0, so it has filled the structure.
    let stat = unsafe { stat.assume_init() };
    if stat.f_blocks == 0 {
        return Ok(u64::MAX);
    }
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// The file system of `path` holds no files of a user's: `/proc`, `/sys` and their like have no size, as a file system in
/// memory may have none.
pub(crate) fn takes_no_files(path: &Path) -> bool {
    free_bytes(path) == Ok(u64::MAX) && !is_in_memory(path)
}

fn is_in_memory(path: &Path) -> bool {
    let Ok(c_path) = CString::new(path.as_os_str().as_bytes()) else { return false };
    let mut stat = MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the path is NUL terminated and `stat` is writable memory of the right type; both outlive the call.
    let result = unsafe { libc::statfs(c_path.as_ptr(), stat.as_mut_ptr()) };
    // SAFETY: statfs has filled the structure where it returned 0.
    result == 0 && unsafe { stat.assume_init() }.f_type == libc::TMPFS_MAGIC
}

fn page_size() -> u64 {
    // SAFETY: sysconf has no preconditions.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(size).unwrap_or(4096)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus_are_counted_up_to_the_highest() {
        assert_eq!(count_cpus("0"), Some(1));
        assert_eq!(count_cpus("0-7"), Some(8));
        assert_eq!(count_cpus("0-3,8-15"), Some(16));
        assert_eq!(count_cpus("0,2"), Some(3));
        assert_eq!(count_cpus(""), None);
        assert_eq!(count_cpus("0-x"), None);
    }

    #[test]
    fn this_machine_has_a_cpu_and_a_page() {
        let host = Host::look(Path::new("/")).unwrap();
        assert!(host.possible_cpus >= 1 && host.page_size.is_power_of_two());
    }

    #[test]
    fn an_absent_place_is_an_error_that_names_it() {
        let error = Host::look(Path::new("/nonexistent/shm")).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/shm"), "{error}");
    }
}
