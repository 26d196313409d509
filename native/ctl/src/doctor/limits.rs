//! The limits that this process runs under.

use std::fs;

use super::row::Row;

const CHECK: &str = "limits";
/// A process with LTTng's buffers of some channels on many CPUs holds hundreds of descriptors.
const FEW_FILES: u64 = 1024;
const FEW_THREADS: u64 = 64;

pub(super) fn row() -> Row {
    match fs::read_to_string("/proc/self/limits") {
        Ok(table) => judged(&table),
        Err(error) => Row::warning(CHECK, format!("/proc/self/limits: {error}"), ""),
    }
}

fn judged(table: &str) -> Row {
    let files = soft(table, "Max open files");
    let narrow = [
        ("open files (-n)", files, FEW_FILES),
        ("processes (-u)", soft(table, "Max processes"), FEW_THREADS),
        // Any bound on these ends a recording, or the VM, in its midst.
        ("file size (-f)", soft(table, "Max file size"), u64::MAX),
        ("address space (-v)", soft(table, "Max address space"), u64::MAX),
    ];
    let told: Vec<String> = narrow
        .into_iter()
        .filter(|(_, limit, least)| limit < least)
        .map(|(what, limit, _)| format!("{what} {limit}"))
        .collect();
    if told.is_empty() {
        let files = if files == u64::MAX { "unlimited".to_owned() } else { files.to_string() };
        return Row::ok(CHECK, format!("open files {files}; no other tight limit"));
    }
    Row::warning(
        CHECK,
        format!("tight limits: {}", told.join(", ")),
        "raise them with ulimit, or in the service's systemd unit",
    )
}

/// The soft limit: the kernel pads names to a width of 26. A limit that is not told is none.
fn soft(table: &str, name: &str) -> u64 {
    let rest = table.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    rest.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::row::Verdict;

    const USUAL: &str = "\
Limit                     Soft Limit           Hard Limit           Units
Max file size             unlimited            unlimited            bytes
Max processes             15000                15000                processes
Max open files            1024                 524288               files
Max address space         unlimited            unlimited            bytes
";

    #[test]
    fn the_usual_limits_are_no_matter() {
        assert_eq!(judged(USUAL).verdict, Verdict::Ok);
    }

    #[test]
    fn a_narrow_limit_is_named_with_its_letter() {
        let narrow = USUAL
            .replace("1024  ", "256   ")
            .replace("file size             unlimited", "file size             1048576");
        let row = judged(&narrow);
        assert_eq!(row.verdict, Verdict::Warning);
        assert_eq!(row.finding, "tight limits: open files (-n) 256, file size (-f) 1048576");
    }
}
