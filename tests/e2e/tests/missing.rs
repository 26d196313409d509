//! What a person is told when a part of LTTng is not there: one line that names it and what to do, and a healthy VM.

use beamtap_e2e::{erl, erl_without_rights};
use beamtap_testkit::{Sandbox, cannot_run, in_sandbox};
use std::path::PathBuf;

/// Starts a tap, prints the error's message and remedy, and shows that nothing is traced and the VM goes on working.
const FAILED_START: &str = r#"
    {error, #{message := Message, remedy := Remedy}} = beamtap:start(#{classes => [procs]}, #{}),
    io:format("~ts~n~ts~n", [Message, Remedy]),
    [{flags, []} = erlang:trace_info(P, flags) || P <- processes() ++ [new_processes]],
    500500 = lists:sum(lists:seq(1, 1000))"#;

/// Covers a library with an empty file, for this sandbox only.
fn hide(sandbox: &Sandbox, library: &str) {
    let cache = sandbox.run("ldconfig", &["-p"]);
    let path = cache
        .lines()
        .find(|line| line.trim_start().starts_with(library))
        .and_then(|line| line.split(" => ").nth(1))
        .unwrap_or_else(|| panic!("{library} is not installed"));
    let path = PathBuf::from(path.trim()).canonicalize().expect("the library exists");
    sandbox.run("mount", &["--bind", "/dev/null", path.to_str().expect("UTF-8")]);
}

/// The lines the VM printed; a warning and a way out when the sandbox cannot hide anything.
fn failed_start(sandbox: &Sandbox, hide_what: impl Fn()) -> Option<Vec<String>> {
    if !sandbox.is_private() {
        cannot_run("hiding a part of LTTng needs root");
        return None;
    }
    hide_what();
    Some(erl(sandbox, FAILED_START).lines().map(str::to_owned).collect())
}

#[test]
fn without_lttng_ust() {
    in_sandbox(|sandbox| {
        let Some(lines) = failed_start(sandbox, || hide(sandbox, "liblttng-ust.so.1")) else { return };
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains("liblttng-ust"), "{lines:?}");
        assert!(lines[1].contains("liblttng-ust"), "{lines:?}");
    });
}

#[test]
fn without_liblttng_ctl() {
    in_sandbox(|sandbox| {
        let Some(lines) = failed_start(sandbox, || hide(sandbox, "liblttng-ctl.so.0")) else { return };
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains("liblttng-ctl"), "{lines:?}");
        assert!(lines[1].contains("liblttng-ctl0"), "{lines:?}");
    });
}

#[test]
fn without_lttng_sessiond() {
    in_sandbox(|sandbox| {
        let hide_daemon = || {
            sandbox.run("mount", &["--bind", "/dev/null", "/usr/bin/lttng-sessiond"]);
        };
        let Some(lines) = failed_start(sandbox, hide_daemon) else { return };
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains("lttng-sessiond"), "{lines:?}");
        assert!(lines[1].contains("lttng-tools"), "{lines:?}");
    });
}

#[test]
fn without_the_right_to_start_a_daemon() {
    in_sandbox(|sandbox| {
        if !sandbox.is_private() {
            return cannot_run("giving rights up needs root");
        }
        // The sandbox's own tmpfs is writable for all, so that the output directory is not what is in the way.
        let elsewhere = FAILED_START.replace("#{})", "#{output => \"/dev/shm/trace\"})");
        let printed = erl_without_rights(sandbox, &elsewhere);
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains("lttng-sessiond"), "{lines:?}");
        assert!(lines[1].contains("LTTNG_HOME"), "{lines:?}");
    });
}
