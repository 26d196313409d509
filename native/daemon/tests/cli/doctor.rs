//! `beamtapd doctor`.

use crate::program::{command, done, run};
use beamtap_testkit::{Sandbox, SandboxOptions, cannot_run};
use serde_json::Value;
use std::collections::BTreeSet;

fn rows(text: &str) -> Vec<Value> {
    let answer: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(answer["format"], 1);
    let rows = answer["rows"].as_array().expect("rows").clone();
    let gravest =
        ["error", "warning", "ok"].into_iter().find(|word| rows.iter().any(|row| row["verdict"] == *word));
    assert_eq!(answer["verdict"].as_str(), gravest);
    rows
}

fn row<'a>(rows: &'a [Value], check: &str) -> &'a Value {
    rows.iter().find(|row| row["check"] == check).unwrap_or_else(|| panic!("no {check} in {rows:?}"))
}

/// The doctor's rows in a world of their own, and its exit code.
fn within(world: &Sandbox, variables: &[(&str, &str)]) -> (Option<i32>, Vec<Value>) {
    let mut command = world.command(env!("CARGO_BIN_EXE_beamtapd"));
    let done = done(
        command
            .args(["doctor", "--json"])
            .envs(variables.iter().copied())
            .output()
            .expect("beamtapd can be started"),
    );
    assert_eq!(done.stderr, "");
    (done.code, rows(&done.stdout))
}

#[test]
fn every_row_has_a_verdict_and_a_remedy_where_one_is_needed() {
    let world = Sandbox::new();
    let (code, rows) = within(&world, &[]);
    assert_eq!(code, Some(0), "{rows:?}");
    let checks: BTreeSet<&str> = rows.iter().map(|row| row["check"].as_str().unwrap()).collect();
    assert_eq!(checks.len(), rows.len(), "each once");
    for check in [
        "liblttng-ctl",
        "liblttng-ust",
        "lttng-sessiond",
        "lttng-relayd",
        "lttng-crash",
        "rights",
        "/dev/shm",
        "disk",
    ] {
        assert!(checks.contains(check), "{check}");
    }
    for row in &rows {
        assert_ne!(row["finding"], "", "{row}");
        assert_eq!(row["verdict"] == "ok", row["remedy"] == "", "{row}");
    }
    let sessiond = row(&rows, "lttng-sessiond")["finding"].as_str().unwrap();
    assert!(sessiond.starts_with("2.") && sessiond.contains("is started when a tap needs it"), "{sessiond}");
    assert!(world.inhabitants().is_empty(), "nothing was started");
}

#[test]
fn a_daemon_that_runs_is_told_from_one_that_is_stopped() {
    let world = Sandbox::new();
    let sessiond = world.sessiond();
    let (code, found) = within(&world, &[]);
    let finding = row(&found, "lttng-sessiond")["finding"].as_str().unwrap();
    assert!(code == Some(0) && finding.contains("answers; 0 sessions"), "{finding}");

    sessiond.signal(libc::SIGSTOP);
    let (code, found) = within(&world, &[]);
    let told = row(&found, "lttng-sessiond");
    assert_eq!((code, &told["verdict"]), (Some(1), &"error".into()), "{told}");
    assert!(told["remedy"].as_str().unwrap().contains("stopped"), "{told}");
}

#[test]
fn what_is_missing_is_named_with_its_package() {
    let world = Sandbox::new();
    let (code, rows) =
        within(&world, &[("LTTNG_SESSIOND_PATH", "/nonexistent"), ("LTTNG_RELAYD_PATH", "/nonexistent")]);
    assert_eq!(code, Some(1));
    for (check, verdict) in [("lttng-sessiond", "error"), ("lttng-relayd", "warning")] {
        let row = row(&rows, check);
        assert_eq!(row["verdict"], verdict);
        assert!(row["remedy"].as_str().unwrap().contains("lttng-tools"), "{row}");
    }
}

#[test]
fn a_small_shm_is_told_with_what_is_needed() {
    let world = Sandbox::with(&SandboxOptions { shm_size: 1 << 20 });
    if !world.is_private() {
        return cannot_run("a private /dev/shm needs root");
    }
    let (code, rows) = within(&world, &[]);
    let shm = row(&rows, "/dev/shm");
    assert_eq!((code, &shm["verdict"]), (Some(0), &"warning".into()), "{shm}");
    assert!(shm["finding"].as_str().unwrap().starts_with("1 MiB free"), "{shm}");
}

#[test]
fn text_has_a_line_for_each_row() {
    let told = run(&["doctor", "--output", "/nonexistent/traces"]);
    let json = done(command().args(["doctor", "--json"]).output().unwrap());
    for row in rows(&json.stdout) {
        let check = row["check"].as_str().unwrap();
        assert_eq!(
            told.stdout.lines().filter(|line| line.split(' ').next() == Some(check)).count(),
            1,
            "{check}"
        );
    }
    assert!(told.stdout.contains(" free at /\n"), "{}", told.stdout);
}
