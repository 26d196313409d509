//! `beamtapd traces`.

use crate::program::run;
use beamtap_ctl::traces;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Traces of three taps, of which one runs, and something of somebody else's.
fn home() -> (tempfile::TempDir, impl Fn(&str) -> PathBuf) {
    let home = tempfile::tempdir().expect("a home");
    let base = home.path().to_owned();
    let place = move |name: &str| base.join(name);
    for name in ["first", "second", "runs", "theirs"] {
        fs::create_dir_all(place(name).join("ust")).expect("its directory");
        fs::write(place(name).join("ust/metadata"), vec![b' '; 2048]).expect("its file");
    }
    for name in ["first", "second", "runs"] {
        traces::begin(&place(name), "a@b").expect("its mark");
    }
    for name in ["first", "second"] {
        traces::end(&place(name)).expect("its end");
    }
    (home, place)
}

fn listed(directory: &Path, options: &[&str]) -> Vec<(String, String, bool, bool)> {
    let words = [&["traces", directory.to_str().expect("a name"), "--json"], options].concat();
    let done = run(&words);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    let answer: Value = serde_json::from_str(&done.stdout).expect("JSON");
    assert_eq!(answer["format"], 1);
    let one = |trace: &Value| {
        let name = Path::new(trace["trace"].as_str().expect("a path")).file_name().expect("a name");
        assert!(trace["bytes"].as_u64().expect("bytes") > 2048);
        assert_eq!(trace["node"], "a@b");
        let is = |key: &str| trace[key].as_bool().expect("a claim");
        let state = trace["state"].as_str().expect("a state").to_owned();
        (name.to_str().expect("a name").to_owned(), state, is("beyond"), is("removed"))
    };
    let mut listed: Vec<_> = answer["traces"].as_array().expect("traces").iter().map(one).collect();
    listed.sort();
    listed
}

fn row(name: &str, state: &str, is_beyond: bool, is_removed: bool) -> (String, String, bool, bool) {
    (name.to_owned(), state.to_owned(), is_beyond, is_removed)
}

#[test]
fn old_traces_go_on_request_and_neither_running_ones_nor_others() {
    let (home, place) = home();
    assert_eq!(
        listed(home.path(), &[]),
        [
            row("first", "finished", false, false),
            row("runs", "running", false, false),
            row("second", "finished", false, false)
        ]
    );
    // Marked only.
    assert_eq!(listed(home.path(), &["--keep", "0"])[0], row("first", "finished", true, false));
    assert!(place("first").exists());
    assert_eq!(
        listed(home.path(), &["--keep", "0", "--remove"]),
        [
            row("first", "finished", true, true),
            row("runs", "running", false, false),
            row("second", "finished", true, true)
        ]
    );
    assert!(!place("first").exists() && !place("second").exists());
    assert!(place("runs").join("ust/metadata").exists() && place("theirs").join("ust/metadata").exists());
}

#[test]
fn people_get_a_line_for_each_and_their_sum() {
    let (home, _) = home();
    let done = run(&["traces", home.path().to_str().expect("a name"), "--keep-bytes", "0", "--remove"]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    let lines: Vec<&str> = done.stdout.lines().collect();
    assert_eq!(lines.len(), 5, "{}", done.stdout);
    assert_eq!(lines.iter().filter(|line| line.starts_with("removed ")).count(), 2, "{}", done.stdout);
    assert!(lines[4].starts_with("1 traces, ") && lines[4].ends_with("; 2 removed"), "{}", done.stdout);
}

#[test]
fn a_removal_without_a_bound_is_refused() {
    let (home, place) = home();
    let done = run(&["traces", home.path().to_str().expect("a name"), "--remove"]);
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("add --keep, --keep-bytes or --keep-age"), "{}", done.stderr);
    assert!(place("first").exists());
}
