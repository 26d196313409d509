//! Whether buffers and traces have room.

use std::path::Path;

use super::row::Row;
use crate::host::{Host, SHM, free_bytes, nearest_existing, takes_no_files};

/// What the default buffers of a tap take, in all its channels.
const DEFAULT_BYTES_PER_CPU: u64 = 4 << 20;
/// A busy VM's trace grows by tens of megabytes a second.
const LITTLE_DISK_BYTES: u64 = 1 << 30;

pub(super) fn shm() -> Row {
    let host = match Host::look(Path::new(SHM)) {
        Ok(host) => host,
        Err(error) => return Row::failed(SHM, &error),
    };
    let needed = u64::from(host.possible_cpus) * DEFAULT_BYTES_PER_CPU;
    let finding = format!("{} free for ring buffers of {} CPUs", bytes(host.shm_free), host.possible_cpus);
    if host.shm_free < needed {
        let finding = format!("{finding}; the default buffers of a tap need {}", bytes(needed));
        return Row::warning(
            SHM,
            finding,
            "enlarge /dev/shm (docker: --shm-size), or use smaller sub-buffers",
        );
    }
    Row::ok(SHM, finding)
}

pub(super) fn disk(output: &Path) -> Row {
    let place = nearest_existing(output);
    match free_bytes(place) {
        Ok(_) if takes_no_files(place) => Row::error(
            "disk",
            format!("{} is on a file system that cannot hold files", place.display()),
            "choose another output directory",
        ),
        Ok(u64::MAX) => Row::ok("disk", format!("the file system at {} has no size limit", place.display())),
        Ok(0) => Row::error(
            "disk",
            format!("{} is full", place.display()),
            "free space, or choose another output directory",
        ),
        Ok(free) if free < LITTLE_DISK_BYTES => Row::warning(
            "disk",
            format!("{} free at {}", bytes(free), place.display()),
            "free space, or limit the trace with `for` and `events`",
        ),
        Ok(free) => Row::ok("disk", format!("{} free at {}", bytes(free), place.display())),
        Err(error) => Row::failed("disk", &error),
    }
}

pub(super) fn bytes(count: u64) -> String {
    match count {
        0..0x10_0000 => format!("{} KiB", count >> 10),
        0x10_0000..0x4000_0000 => format!("{} MiB", count >> 20),
        _ => format!("{} GiB", count >> 30),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::row::Verdict;

    #[test]
    fn a_file_system_that_takes_no_files_is_no_place_for_traces() {
        let row = disk(Path::new("/proc"));
        assert_eq!(row.verdict, Verdict::Error, "{}", row.finding);
        assert!(row.finding.contains("/proc") && !row.finding.contains("GiB"), "{}", row.finding);
    }

    #[test]
    fn bytes_have_the_unit_that_fits() {
        assert_eq!([4096, 5 << 20, 3 << 30].map(bytes), ["4 KiB", "5 MiB", "3 GiB"]);
    }
}
