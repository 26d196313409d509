//! Whether traces pile up.

use std::path::Path;

use super::room::bytes;
use super::row::Row;
use crate::traces;

const CHECK: &str = "traces";
/// Nothing is removed by itself unless `keep` says so: from here on somebody should know.
const MANY_BYTES: u64 = 10 << 30;
const MANY: usize = 1000;

pub(super) fn row(output: &Path) -> Row {
    match traces::list(output) {
        Ok(found) => told(output, found.len(), found.iter().map(|trace| trace.bytes).sum()),
        Err(error) => Row::failed(CHECK, &error),
    }
}

fn told(output: &Path, number: usize, sum: u64) -> Row {
    let finding = match number {
        0 => format!("no traces in {}", output.display()),
        _ => format!("{number} in {}: {}", output.display(), bytes(sum)),
    };
    if number > MANY || sum > MANY_BYTES {
        return Row::warning(
            CHECK,
            finding,
            "to list or remove them, run `beamtapd traces`; to remove old ones automatically, set `keep` in beamtap's environment",
        );
    }
    Row::ok(CHECK, finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::row::Verdict;

    #[test]
    fn many_traces_and_large_ones_are_a_warning() {
        let verdict = |number, sum| told(Path::new("/t"), number, sum).verdict;
        assert_eq!((verdict(0, 0), verdict(MANY, MANY_BYTES)), (Verdict::Ok, Verdict::Ok));
        assert_eq!((verdict(MANY + 1, 0), verdict(1, MANY_BYTES + 1)), (Verdict::Warning, Verdict::Warning));
        assert_eq!(told(Path::new("/t"), 2, 3 << 30).finding, "2 in /t: 3 GiB");
    }
}
