//! `beamtapd doctor`: what recording needs of this machine.

use crate::arguments::DoctorArguments;
use crate::failure::{BAD_TRACE, Failure};
use crate::json;
use crate::safe::Safe;
use beamtap_ctl::doctor::{self, Row, Verdict};
use serde_json::{Value, json};
use std::env;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use unicode_width::UnicodeWidthStr;

pub(crate) fn run(arguments: &DoctorArguments) -> Result<ExitCode, Failure> {
    let rows = doctor::rows(&arguments.output.clone().unwrap_or_else(traces));
    let verdict = doctor::worst(&rows);
    let text = if arguments.json { json::text(&answer(&rows, verdict)) + "\n" } else { text(&rows) };
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

fn answer(rows: &[Row], verdict: Verdict) -> Value {
    let row = |row: &Row| {
        json!({
            "check": row.check,
            "verdict": row.verdict.word(),
            "finding": row.finding,
            "remedy": row.remedy,
        })
    };
    json!({
        "format": json::FORMAT,
        "beamtapd": env!("CARGO_PKG_VERSION"),
        "verdict": verdict.word(),
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
    })
}

/// A line for each row, and one below with what to do.
fn text(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.check.width()).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        text += &format!("{:width$}  {:7}  {}\n", row.check, row.verdict, Safe(&row.finding));
        if !row.remedy.is_empty() {
            text += &format!("{:width$}           {}\n", "", Safe(&row.remedy));
        }
    }
    text
}
