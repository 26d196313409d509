//! Real traces and the answers to them that somebody has checked: see `tests/golden/README.md`.

use crate::program::{command, done};
use std::fs;
use std::path::Path;
use std::process::Stdio;

/// What is asked of each trace, and where the answer stands.
const QUESTIONS: [(&str, &[&str]); 7] = [
    ("report.txt", &["report", "trace"]),
    ("report_80.txt", &["report", "--width", "80", "trace"]),
    ("report.json", &["report", "--json", "trace"]),
    ("info.txt", &["info", "trace"]),
    ("info.json", &["info", "--json", "trace"]),
    ("watch.txt", &["watch", "--while-input", "--lines", "1000000", "trace"]),
    ("watch_elixir.txt", &["watch", "--while-input", "--lines", "1000000", "--syntax", "elixir", "trace"]),
];

#[test]
fn golden_traces_have_the_answers_that_were_checked() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    let mut cases = 0;
    for case in fs::read_dir(&golden).unwrap() {
        let case = case.unwrap().path();
        if !case.join("trace").is_dir() {
            continue;
        }
        cases += 1;
        for (file, arguments) in QUESTIONS {
            // No input: what follows a trace shows all of it and ends, as when it is interrupted.
            let mut asked = command();
            asked.args(arguments).current_dir(&case).env("TZ", "UTC").stdin(Stdio::null());
            let answer = done(asked.output().unwrap());
            let ending = if arguments[0] == "watch" { (130, "beamtapd: interrupted\n") } else { (0, "") };
            assert_eq!(
                (answer.code, answer.stderr.as_str()),
                (Some(ending.0), ending.1),
                "{arguments:?} in {}",
                case.display()
            );
            // A release changes its own number and nothing else.
            let said = answer.stdout.replace(
                &format!("\"beamtapd\": \"{}\"", env!("CARGO_PKG_VERSION")),
                "\"beamtapd\": \"VERSION\"",
            );
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                fs::write(case.join(file), &said).unwrap();
            }
            let expected = fs::read_to_string(case.join(file)).unwrap_or_default();
            assert_eq!(said, expected, "{file} in {}", case.display());
        }
    }
    assert!(cases > 0, "no case in {}", golden.display());
}
