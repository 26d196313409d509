//! What this crate and babeltrace2 say about the same trace, line by line.
#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use beamtap_ctf::{Error, Item, Loss, Reader, TraceSet};

/// All that a reader gave until its end.
#[derive(Default, Debug)]
pub(crate) struct Told {
    pub(crate) lines: Vec<String>,
    pub(crate) discarded: Vec<Loss>,
    pub(crate) lost_packets: Vec<Loss>,
    pub(crate) errors: Vec<Error>,
}

/// A line as babeltrace2 prints it with `--clock-seconds --no-delta`, without the hostname.
pub(crate) fn line(event: &beamtap_ctf::Event<'_>) -> String {
    let mut line = Vec::new();
    if event.has_clock() {
        let ns = event.timestamp_ns();
        let (s, ns) = (ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000));
        write!(line, "[{s}.{ns:09}] ").unwrap();
    }
    event.write_text(&mut line);
    String::from_utf8_lossy(&line).into_owned()
}

pub(crate) fn read(mut reader: Reader) -> Told {
    let mut told = Told::default();
    loop {
        match reader.next() {
            Ok(Some(Item::Event(event))) => told.lines.push(line(&event)),
            Ok(Some(Item::Discarded(loss))) => told.discarded.push(loss),
            Ok(Some(Item::LostPackets(loss))) => told.lost_packets.push(loss),
            Ok(None) => return told,
            Err(error) => told.errors.push(error),
        }
    }
}

/// Reads a directory; an error of opening it is the only thing told then.
pub(crate) fn read_path(path: &Path) -> Told {
    match TraceSet::open(path) {
        Ok(set) => read(set.reader()),
        Err(error) => Told { errors: vec![error], ..Told::default() },
    }
}

/// babeltrace2's lines; `None` where it is not installed.
pub(crate) fn babeltrace2(path: &Path) -> Option<Vec<String>> {
    let output =
        Command::new("babeltrace2").args(["--clock-seconds", "--no-delta"]).arg(path).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Some(text.lines().map(str::to_owned).collect())
}

/// The lines of the babeltrace2 of the test matrix's newest system, which reads CTF 2 and some traces that 2.0 does not;
/// `None`, said aloud, where `make test-matrix` has not unpacked it.
pub(crate) fn newer_babeltrace2(path: &Path) -> Option<Vec<String>> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let root = cache.join("beamtap/matrix/forky/root/usr");
    let program = root.join("bin/babeltrace2");
    let libraries = root.join(format!("lib/{}-linux-gnu", std::env::consts::ARCH));
    // The other system's own loader and libraries: nothing of this one.
    let loader = std::fs::read_dir(&libraries).ok().and_then(|files| {
        files
            .flatten()
            .map(|f| f.path())
            .find(|f| f.file_name().unwrap().to_string_lossy().starts_with("ld-linux"))
    });
    let Some(loader) = loader.filter(|_| program.exists()) else {
        eprintln!("skipped: no newer babeltrace2 at {}; make test-matrix brings it", program.display());
        return None;
    };
    let output = Command::new(loader)
        .arg("--library-path")
        .arg(&libraries)
        .arg(program)
        .args(["--clock-seconds", "--no-delta"])
        .arg(path)
        .env("BABELTRACE_PLUGIN_PATH", libraries.join("babeltrace2/plugins"))
        .env("LIBBABELTRACE2_DISABLE_PYTHON_PLUGINS", "1")
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Some(text.lines().map(str::to_owned).collect())
}

/// Asserts that the lines are the same, the witness's hostname and process left out.
pub(crate) fn assert_agree(ours: &[String], theirs: &[String], case: &str) {
    for (i, (our, their)) in ours.iter().zip(theirs).enumerate() {
        let split = |line: &str| match line.split_once("] ").filter(|_| line.starts_with('[')) {
            Some((time, rest)) => (time.to_owned(), rest.to_owned()),
            None => (String::new(), line.to_owned()),
        };
        let ((our_time, our_rest), (their_time, their_rest)) = (split(our), split(their));
        assert_eq!(our_time, their_time, "{case}: time of line {i}");
        assert!(their_rest.ends_with(&our_rest), "{case}: line {i}\nours   {our}\ntheirs {their}");
    }
    assert_eq!(ours.len(), theirs.len(), "{case}: number of events");
}

/// Asserts that lines are the same; shows the first that are not.
pub(crate) fn assert_same(ours: &[String], expected: &[String], case: &str) {
    for (i, (our, expected)) in ours.iter().zip(expected).enumerate() {
        assert!(our == expected, "{case}: line {i}\nis       {our}\nexpected {expected}");
    }
    assert_eq!(ours.len(), expected.len(), "{case}: number of lines");
}

/// The corpus of babeltrace's own tests, beside the checkout; says so when it is not there.
pub(crate) fn corpus() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/traces/babeltrace/ctf-traces");
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: babeltrace's test traces are not at {}", path.display());
    None
}

/// A trace that is part of this crate.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Copies a trace so that it can be changed.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
