//! `beamtapd doctor`: what recording needs of this machine.

use crate::arguments::DoctorArguments;
use crate::failure::{BAD_TRACE, Failure};
use crate::json;
use crate::keys::{self, Key};
use crate::output;
use crate::safe::Safe;
use crate::wrap;
use beamtap_analysis::Column;
use beamtap_ctl::doctor::{self, Row, Verdict};
use serde_json::Value;
use std::env;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use unicode_width::UnicodeWidthStr;

/// The longest verdict.
const VERDICT: usize = 7;
/// Between two columns.
const GUTTER: usize = 2;

pub(crate) fn run(arguments: &DoctorArguments) -> Result<ExitCode, Failure> {
    let rows = doctor::rows(&arguments.output.clone().unwrap_or_else(traces));
    let verdict = doctor::worst(&rows);
    let text = if arguments.json {
        json::text(&answer(&rows, verdict)) + "\n"
    } else {
        text(&rows, output::width())
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(ExitCode::from(if verdict == Verdict::Error { BAD_TRACE } else { 0 }))
}

/// Where a tap writes unless it is told otherwise.
pub(crate) fn traces() -> PathBuf {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("BEAMTAP_TRACES")
        .or_else(|| set("HOME").map(|home| home.join("lttng-traces")))
        .unwrap_or_else(|| "/".into())
}

const ROW: [Key; 4] = [
    Key::One(Column::text("check", "What was checked")),
    Key::One(Column::text("verdict", "`ok`, `warning` or `error`")),
    Key::One(Column::text("finding", "What was found")),
    Key::One(Column::text("remedy", "What to do; empty if there is nothing to do")),
];

pub(crate) const KEYS: [Key; 2] = [
    Key::One(Column::text("verdict", "The worst verdict of all rows: `ok`, `warning` or `error`")),
    Key::Objects("rows", "The checks", &ROW),
];

fn answer(rows: &[Row], verdict: Verdict) -> Value {
    let row = |row: &Row| {
        let verdict = row.verdict.word().into();
        keys::object(
            &ROW,
            [row.check.into(), verdict, row.finding.as_str().into(), row.remedy.as_str().into()],
        )
    };
    keys::answer(&KEYS, [verdict.word().into(), rows.iter().map(row).collect()])
}

/// A line for each row, and one below with what to do; more of them where there is no room.
fn text(rows: &[Row], room: Option<usize>) -> String {
    let width = rows.iter().map(|row| row.check.width()).max().unwrap_or(0);
    let indent = width + VERDICT + 2 * GUTTER;
    let room = room.map(|room| room.saturating_sub(indent));
    let wrapped = |text: &str| wrap::lines(Safe(text).to_string().split(' '), " ", room);
    let mut text = String::new();
    for row in rows {
        let mut begin = format!("{:width$}{:GUTTER$}{:VERDICT$}{:GUTTER$}", row.check, "", row.verdict, "");
        let remedy = if row.remedy.is_empty() { Vec::new() } else { wrapped(&row.remedy) };
        for line in wrapped(&row.finding).into_iter().chain(remedy) {
            text += &format!("{begin}{line}\n");
            begin = " ".repeat(indent);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::text;
    use beamtap_ctl::doctor::{Row, Verdict};

    #[test]
    fn findings_and_remedies_fit_the_terminal() {
        let row = Row {
            check: "shm",
            verdict: Verdict::Warning,
            finding: "less room than buffers need".into(),
            remedy: "remount it larger".into(),
        };
        assert_eq!(
            text(&[row], Some(32)),
            "shm  warning  less room than\n              buffers need\n              remount it larger\n"
        );
    }
}
