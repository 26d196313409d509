//! What goes wrong is said in one line, with the code for it.

use crate::program::{Trace, command, demo, done, run};
use crate::script::Script;
use crate::writer::{Header, TraceSpec};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const SPEC: TraceSpec<'static> = TraceSpec {
    uuid: *b"beamtap unopened",
    hostname: "many",
    header: Header::Large,
    events: &[("many:number", "uint64_t n;")],
};

#[test]
fn a_directory_that_is_no_trace_ends_1() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().to_str().unwrap();
    for command in ["info", "report"] {
        let done = run(&[command, path]);
        assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""));
        assert_eq!(done.stderr.lines().count(), 1, "{}", done.stderr);
        assert!(done.stderr.starts_with("beamtapd: ") && done.stderr.contains(path), "{}", done.stderr);
        assert!(done.stderr.contains("Name the directory"), "{}", done.stderr);
    }
    let done = run(&["info", "/no/such/directory"]);
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("/no/such/directory"), "{}", done.stderr);
}

#[test]
fn what_is_before_a_fault_is_shown_with_a_warning_and_1() {
    let script =
        Script::new().at(10).call(1, 2).at(20).return_from(1, 2).at(30).call(1, 3).at(40).return_from(1, 3);
    let trace = Trace::of(&script);
    let stream = trace.stream("beamtap-events_0");
    let bytes = fs::read(&stream).unwrap();
    // Cut inside the fourth event.
    fs::write(&stream, &bytes[..84 + 3 * 18 + 7]).unwrap();
    let done = run(&["report", "--json", trace.path()]);
    assert_eq!(done.code, Some(1));
    let report: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(report["read"], 3);
    assert_eq!(report["functions"][0]["own_ns"], 10);
    assert_eq!(report["faults"].as_array().unwrap().len(), 1);
    assert!(
        done.stderr.starts_with("beamtapd: warning: ") && done.stderr.contains("beamtap-events_0"),
        "{}",
        done.stderr
    );
    let done = run(&["report", trace.path()]);
    assert_eq!(done.code, Some(1));
    assert!(done.stdout.contains("! INCOMPLETE: parts of the trace could not be read"), "{}", done.stdout);
}

#[test]
fn events_of_another_version_are_left_out_with_a_warning_and_1() {
    let trace = Trace::of(&demo());
    let metadata = trace.stream("metadata");
    let mut bytes = fs::read(&metadata).unwrap();
    let (from, to) = (b"uint32_t _function;", b"uint32_t _funktion;");
    let place = bytes.windows(from.len()).position(|window| window == from).unwrap();
    bytes[place..place + to.len()].copy_from_slice(to);
    fs::write(&metadata, bytes).unwrap();
    let done = run(&["report", trace.path()]);
    assert_eq!(done.code, Some(1));
    assert_eq!(done.stderr.lines().count(), 1, "{}", done.stderr);
    assert!(
        done.stderr.contains("beamtap:call") && done.stderr.contains("another version"),
        "{}",
        done.stderr
    );
    assert!(done.stdout.contains("<0.100.0> demo_server"), "{}", done.stdout);
}

#[test]
fn a_column_that_does_not_exist_ends_2_before_anything_is_read() {
    let done = run(&["report", "--sort", "colour", "/no/such/directory"]);
    assert_eq!((done.code, done.stdout.as_str()), (Some(2), ""));
    assert!(done.stderr.contains("colour") && done.stderr.contains("own"), "{}", done.stderr);
    let done = run(&["report", "--processes", "--sort", "own", "/no/such/directory"]);
    assert_eq!(done.code, Some(2), "processes have no own time: {}", done.stderr);
}

#[test]
fn a_command_line_that_is_not_understood_ends_2() {
    assert_eq!(run(&[]).code, Some(2));
    assert_eq!(run(&["report"]).code, Some(2));
    assert_eq!(run(&["report", "--top", "many", "/"]).code, Some(2));
    assert_eq!(run(&["report", "--functions", "--processes", "/"]).code, Some(2));
}

#[test]
fn version_is_the_crates_and_help_names_the_exit_codes() {
    let version = run(&["--version"]);
    assert_eq!(version.stdout, format!("beamtapd {}\n", env!("CARGO_PKG_VERSION")));
    for arguments in [&["--help"][..], &["report", "--help"], &["info", "--help"], &["read", "--help"]] {
        let help = run(arguments);
        assert_eq!(help.code, Some(0));
        assert!(help.stdout.contains("Exit codes:") && help.stdout.contains("130"), "{}", help.stdout);
    }
}

#[test]
fn the_log_is_off_until_it_is_asked_for() {
    let trace = Trace::of(&demo());
    assert_eq!(run(&["info", trace.path()]).stderr, "");
    let logged = done(command().args(["info", trace.path()]).env("BEAMTAP_LOG", "debug").output().unwrap());
    assert!(logged.code == Some(0) && logged.stderr.contains("opened"), "{}", logged.stderr);
    let refused =
        done(command().args(["info", trace.path()]).env("BEAMTAP_LOG", "beamtapd=loud").output().unwrap());
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""));
    assert!(refused.stderr.contains("BEAMTAP_LOG"), "{}", refused.stderr);
}

#[test]
fn ctrl_c_ends_130_with_nothing_half_said() {
    let mut script = Script::new();
    for call in 0..10_000 {
        script = script.at(call).call(1, 2);
    }
    let trace = Trace::of(&script);
    let stream = trace.stream("beamtap-events_0");
    // The same packet over and over: more to read than the signal takes to arrive.
    let packet = fs::read(&stream).unwrap();
    fs::write(&stream, packet.repeat(300)).unwrap();
    let mut child = command()
        .args(["report", trace.path()])
        .env("BEAMTAP_LOG", "beamtapd=debug")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.contains("opened"), "{line}");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let report = child.wait_with_output().unwrap();
    let rest: Vec<String> = stderr.lines().map(Result::unwrap).collect();
    assert_eq!((report.status.code(), report.stdout.len()), (Some(130), 0));
    assert_eq!(rest, ["beamtapd: interrupted"]);
}

#[test]
fn a_full_disk_is_told_in_one_line() {
    let trace = Trace::of(&demo());
    for arguments in [
        &["read", trace.path()][..],
        &["read", "--json", trace.path()],
        &["report", trace.path()],
        &["report", "--json", trace.path()],
        &["info", trace.path()],
        &["info", "--json", trace.path()],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let told = done(command().args(arguments).stdout(full).output().unwrap());
        assert_eq!(told.code, Some(1), "{arguments:?}");
        let expected = "beamtapd: cannot write the answer: No space left on device (os error 28)\n";
        assert!(told.stderr.ends_with(expected), "{arguments:?}: {}", told.stderr);
    }
}

#[test]
fn streams_that_cannot_be_opened_are_told_and_all_else_is_read() {
    let dir = tempfile::tempdir().unwrap();
    SPEC.create(dir.path());
    const STREAMS: u32 = 200;
    for cpu in 0..STREAMS {
        let mut stream = SPEC.stream(dir.path(), &format!("c_{cpu:03}"), cpu, 4096);
        stream.event(0, cpu.into(), &u64::from(cpu).to_le_bytes());
        stream.end_file();
    }
    let path = dir.path().to_str().unwrap();
    for arguments in [&["read", "--threads", "1"][..], &["read", "--threads", "4"], &["info"], &["report"]] {
        // As many files as a few streams need: each of the others is a fault, of which 100 are told.
        let limited = format!(
            "ulimit -n 40; exec '{}' {} '{path}'",
            env!("CARGO_BIN_EXE_beamtapd"),
            arguments.join(" ")
        );
        let told = done(Command::new("timeout").args(["60", "sh", "-c", &limited]).output().unwrap());
        assert_eq!(told.code, Some(1), "{arguments:?}: {}", told.stderr);
        let warnings: Vec<&str> = told.stderr.lines().collect();
        assert_eq!(warnings.len(), 101, "{arguments:?}: {}", told.stderr);
        assert!(
            warnings[0].contains("/c_") && warnings[0].contains("cannot open: Too many open files"),
            "{}",
            warnings[0]
        );
        let more: usize = warnings[100]
            .strip_prefix("beamtapd: warning: ")
            .and_then(|text| text.strip_suffix(" more faults are not listed"))
            .and_then(|count| count.parse().ok())
            .unwrap_or_else(|| panic!("{}", warnings[100]));
        if arguments[0] == "read" {
            assert_eq!(told.stdout.lines().count() + 100 + more, STREAMS as usize, "{arguments:?}");
            assert!(told.stdout.lines().count() > 20, "{arguments:?}: {}", told.stdout);
        }
    }
}

#[test]
fn standard_error_on_a_full_disk_changes_nothing_else() {
    let script = Script::new().at(10).call(1, 2).at(20).discarded(3, 30).at(40).call(1, 2);
    let trace = Trace::of(&script);
    let stream = trace.stream("beamtap-events_0");
    let bytes = fs::read(&stream).unwrap();
    fs::write(&stream, &bytes[..bytes.len() - 3]).unwrap();
    for arguments in [
        &["read", trace.path()][..],
        &["read", "--json", "--threads", "2", trace.path()],
        &["read", "--named", trace.path()],
        &["read", "--event", "nothing", trace.path()],
        &["report", trace.path()],
        &["info", "--json", trace.path()],
        &["info", "/no/such/directory"],
        &["recover", trace.path()],
        &["report", "--top", "many", "/"],
        &["doctor", "--json"],
    ] {
        let told = |stderr: Stdio| {
            let mut asked = command();
            asked.args(arguments).env("BEAMTAP_LOG", "debug").stderr(stderr);
            done(asked.output().unwrap())
        };
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let (expected, answer) = (told(Stdio::piped()), told(full.into()));
        assert_eq!((answer.code, &answer.stdout), (expected.code, &expected.stdout), "{arguments:?}");
        assert!(expected.code.is_some_and(|code| code < 100), "{arguments:?}: {}", expected.stderr);
    }
}

#[test]
fn a_terminal_that_is_dumb_gets_no_colours() {
    let trace = Trace::of(&demo());
    let lines = |term: &str| {
        let asked = format!("'{}' read --named '{}'", env!("CARGO_BIN_EXE_beamtapd"), trace.path());
        let mut terminal = Command::new("script");
        terminal.args(["--quiet", "--command", &asked, "/dev/null"]).env("TERM", term).env_remove("NO_COLOR");
        done(terminal.output().unwrap()).stdout
    };
    assert!(lines("xterm").contains("\x1b["));
    let dumb = lines("dumb");
    assert!(dumb.contains("demo:handle/2") && !dumb.contains("\x1b["), "{dumb}");
}
