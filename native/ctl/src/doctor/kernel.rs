//! Whether the kernel can be traced beside the VM. No tap needs it.

use std::fs;
use std::path::Path;

use super::row::Row;

const CHECK: &str = "kernel";
/// LTTng's main kernel module, in the kernel's spelling.
const MODULE: &str = "lttng_tracer";

pub(super) fn row() -> Row {
    // SAFETY: geteuid has no preconditions.
    let is_root = unsafe { libc::geteuid() } == 0;
    let finding = match (is_available(), is_root) {
        (false, _) => {
            "not traceable: LTTng's kernel modules are not installed (lttng-modules-dkms). Only kernel events need them"
        }
        (true, false) => "traceable by root, and by the group tracing through root's session daemon",
        (true, true) => "traceable through a session daemon of root, started without --no-kernel",
    };
    Row::ok(CHECK, finding)
}

fn is_available() -> bool {
    let loaded = fs::read_to_string("/proc/modules").unwrap_or_default();
    if loaded.lines().any(|line| line.split(' ').next() == Some(MODULE)) {
        return true;
    }
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let list = Path::new("/lib/modules").join(release.trim()).join("modules.dep");
    fs::read_to_string(list).is_ok_and(|list| list.lines().any(is_of_module))
}

/// A line of modules.dep about the module: `extra/lttng-tracer.ko.xz: …`.
fn is_of_module(line: &str) -> bool {
    let path = line.split(':').next().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default();
    file.split('.').next().is_some_and(|name| name.replace('-', "_") == MODULE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_found_in_either_spelling_and_compressed() {
        assert!(is_of_module("updates/dkms/lttng-tracer.ko.xz: a.ko"));
        assert!(is_of_module("extra/lttng_tracer.ko:"));
        assert!(!is_of_module("extra/lttng-probe-sched.ko: extra/lttng-tracer.ko"));
    }
}
