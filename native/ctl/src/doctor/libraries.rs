//! The two libraries of LTTng's that are opened at run time.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::row::Row;
use crate::call::Lttng;

const CONTROL: &str = "liblttng-ctl.so.0";
const PROVIDER: &str = "liblttng-ust.so.1";
/// What the dynamic linker knows, as ldconfig has written it.
const CACHE: &str = "/etc/ld.so.cache";
const USUAL_DIRECTORIES: [&str; 4] = ["/lib", "/usr/lib", "/usr/local/lib", "/usr/lib64"];

pub(super) fn control() -> Row {
    match Lttng::load() {
        Ok(_) => Row::ok("liblttng-ctl", place(CONTROL).map_or_else(|| "found".into(), shown)),
        Err(error) => Row::failed("liblttng-ctl", &error),
    }
}

/// Found, not opened: opening it starts threads in this process that nobody asked for.
pub(super) fn provider() -> Row {
    const REMEDY: &str = "install liblttng-ust1 (Debian, Ubuntu) or lttng-ust 2.13 or newer (elsewhere)";
    match place(PROVIDER) {
        Some(path) => Row::ok("liblttng-ust", shown(path)),
        None => Row::error("liblttng-ust", format!("the dynamic linker does not find {PROVIDER}"), REMEDY),
    }
}

/// The file itself: its name tells more than that of the link.
fn shown(path: PathBuf) -> String {
    fs::canonicalize(&path).unwrap_or(path).display().to_string()
}

fn place(name: &str) -> Option<PathBuf> {
    let named = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let named = env::split_paths(&named).map(|directory| directory.join(name)).find(|path| path.exists());
    let cached = || {
        let cache = fs::read(CACHE).unwrap_or_default();
        in_cache(&cache, name).into_iter().find(|path| path.exists())
    };
    let usual =
        || USUAL_DIRECTORIES.iter().map(|directory| Path::new(directory).join(name)).find(|p| p.exists());
    named.or_else(cached).or_else(usual)
}

/// The cache's paths of files with this name: its strings end with NUL.
fn in_cache(cache: &[u8], name: &str) -> Vec<PathBuf> {
    cache
        .split(|byte| *byte == 0)
        .map(|text| Path::new(OsStr::from_bytes(text)))
        .filter(|path| path.is_absolute() && path.file_name() == Some(OsStr::new(name)))
        .map(Path::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_among_the_cache_s_strings() {
        let cache = b"glibc-ld.so.cache1.1\x02\0\0\x01libx.so.1\0/usr/lib/libx.so.1\0/usr/lib/libx.so.10\0";
        assert_eq!(in_cache(cache, "libx.so.1"), [Path::new("/usr/lib/libx.so.1")]);
        assert!(in_cache(cache, "liby.so.1").is_empty());
    }

    #[test]
    fn libc_has_a_place() {
        assert!(place("libc.so.6").is_some(), "every Linux with glibc has one");
    }
}
