//! Containers, pid namespaces and system call filters.

use std::fs;
use std::path::Path;

use super::row::Row;

/// Made by container engines.
const MARKS: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];
/// Seccomp's mode with a filter, in /proc/self/status.
const FILTERED: &str = "2";

pub(super) fn rows() -> Vec<Row> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    vec![container(&status), filter(&status)]
}

fn container(status: &str) -> Row {
    const CHECK: &str = "container";
    let is_marked = MARKS.iter().any(|mark| Path::new(mark).exists());
    let depth = value(status, "NSpid:").split_whitespace().count();
    match (is_marked, depth) {
        (false, 0 | 1) => Row::ok(CHECK, "none"),
        // /proc of the outside, seen from the inside.
        (_, 2..) => Row::warning(
            CHECK,
            "the VM is in a pid namespace: its process id differs from the one outside",
            "run the session daemon in the same pid namespace as the VM",
        ),
        (true, _) => Row::ok(
            CHECK,
            "in a container: for a session daemon outside, share /dev/shm, /var/run/lttng and the pid namespace",
        ),
    }
}

/// Filters are common and harmless as long as they let through what LTTng's libraries ask for.
fn filter(status: &str) -> Row {
    const CHECK: &str = "seccomp";
    // SAFETY: membarrier's query reads and writes no memory.
    let answer = unsafe { libc::syscall(libc::SYS_membarrier, 0, 0, 0) };
    let is_filtered = value(status, "Seccomp:").trim() == FILTERED;
    if answer < 0 && is_filtered {
        return Row::warning(
            CHECK,
            "the seccomp filter refuses membarrier: events cost more, or LTTng's library aborts the VM",
            "allow the system call membarrier in the container's seccomp profile",
        );
    }
    Row::ok(CHECK, if is_filtered { "a filter that allows what LTTng needs" } else { "no filter" })
}

fn value<'a>(status: &'a str, label: &str) -> &'a str {
    status.lines().find_map(|line| line.strip_prefix(label)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::row::Verdict;

    #[test]
    fn a_process_seen_from_outside_its_namespace_is_told() {
        assert_eq!(container("NSpid:\t4711\t12\n").verdict, Verdict::Warning);
    }

    #[test]
    fn a_filter_that_allows_what_is_needed_is_no_matter() {
        assert_eq!(filter("Seccomp:\t2\n").verdict, Verdict::Ok);
        assert_eq!(filter("Seccomp:\t0\n").finding, "no filter");
    }
}
