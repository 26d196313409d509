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

/// babeltrace2's lines.
pub(crate) fn babeltrace2(path: &Path) -> Vec<String> {
    let output = Command::new("babeltrace2").args(["--clock-seconds", "--no-delta"]).arg(path).output();
    let output = output.expect("babeltrace2 is installed");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
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

/// The traces of babeltrace's own tests, for the tests that `make test-corpus` runs and nothing else does.
pub(crate) fn corpus() -> PathBuf {
    let path = std::env::var_os("BEAMTAP_CORPUS").expect("BEAMTAP_CORPUS names babeltrace's test traces");
    let path = PathBuf::from(path);
    assert!(path.join("succeed").is_dir(), "no test traces of babeltrace in {}", path.display());
    path
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

/// Processor time in ticks of 10 ms, by the `stat` of `self` or `thread-self`: how busy the machine is else does not count.
pub(crate) fn ticks(of: &str) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{of}/stat")).unwrap();
    let (_, numbers) = stat.rsplit_once(") ").unwrap();
    numbers.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}
