//! What happens to a test that cannot run on this machine.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::thread;

/// Leaves the calling test out: prints the reason, and appends it to the file that `BEAMTAP_SKIPPED` names, which
/// `scripts/test` prints at its end.
///
/// For rights that a laptop's user may not have. A program that `scripts/setup` installs is no reason: its test fails.
///
/// # Panics
///
/// Panics with the reason where `CI` is set: there every test has to run.
pub fn cannot_run(reason: &str) {
    let is_strict = env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(!is_strict, "cannot run, and CI is set: {reason}");
    println!("skipped: {reason}");
    if let Some(path) = env::var_os("BEAMTAP_SKIPPED") {
        let line = format!("{}: {reason}\n", thread::current().name().unwrap_or("a test"));
        let file = OpenOptions::new().create(true).append(true).open(path);
        // One write: other tests append to it at the same time.
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the list of skipped tests");
    }
}
