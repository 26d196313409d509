//! `beamtapd traces`: beamtap's traces below a directory, and the removal of old ones.

use crate::doctor;
use crate::failure::{BAD_TRACE, Failure};
use crate::help;
use crate::json;
use crate::keys::{self, Key};
use crate::quantity;
use crate::safe::Safe;
use beamtap_analysis::Column;
use beamtap_ctl::traces::{self, Keep, Trace};
use clap::Args;
use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};
use unicode_width::UnicodeWidthStr;

/// List the traces that beamtap recorded, with state, age, size and node. Remove old ones on request.
///
/// To remove old traces whenever a tap ends, set `{keep, #{number => N, bytes => Bytes, age => Ms}}` in the environment
/// of the application beamtap.
#[derive(Args, Debug)]
#[command(after_help = help::traces_in_short(), after_long_help = help::traces())]
pub(crate) struct Arguments {
    /// Directory of the traces [default: where beamtap writes them]
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Keep the N newest traces
    #[arg(long, value_name = "N")]
    keep: Option<u64>,
    /// Keep the newest traces up to this size together: 500M, 20G
    #[arg(long, value_name = "SIZE", value_parser = size)]
    keep_bytes: Option<u64>,
    /// Keep traces that changed within this time: 12h, 30d
    #[arg(long, value_name = "AGE", value_parser = age)]
    keep_age: Option<Duration>,
    /// Remove the traces that are not kept. Without this option they are only marked
    #[arg(long)]
    remove: bool,
}

/// A number of bytes, in powers of 1024.
fn size(text: &str) -> Result<u64, String> {
    let units = [("K", 10), ("M", 20), ("G", 30), ("T", 40)];
    scaled(text, units.map(|(unit, shift)| (unit, 1 << shift)), 1)
        .ok_or_else(|| "expected a number of bytes, or a number with K, M, G or T such as 500M".to_owned())
}

fn age(text: &str) -> Result<Duration, String> {
    scaled(text, [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)], 0)
        .map(Duration::from_secs)
        .ok_or_else(|| "expected a number with s, m, h or d such as 30d".to_owned())
}

/// A number in one of the units; one without a unit counts as many times as `bare` says, not at all for 0.
fn scaled<const N: usize>(text: &str, units: [(&str, u64); N], bare: u64) -> Option<u64> {
    let known = units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)));
    let (digits, factor) = known.unwrap_or((text, bare));
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || factor == 0 {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// What becomes of a trace.
struct Row<'a> {
    trace: &'a Trace,
    is_beyond: bool,
    is_removed: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let keep = Keep { number: arguments.keep, bytes: arguments.keep_bytes, age: arguments.keep_age };
    if arguments.remove && keep == Keep::default() {
        return Err(Failure::Usage(
            "--remove needs a limit: add --keep, --keep-bytes or --keep-age".to_owned(),
        ));
    }
    let directory = arguments.directory.clone().unwrap_or_else(doctor::traces);
    let found = traces::list(&directory)?;
    let beyond = traces::beyond(&found, keep);
    let mut failures = Vec::new();
    let mut rows = Vec::new();
    for trace in &found {
        let is_beyond = beyond.contains(&trace);
        let mut is_removed = false;
        if is_beyond && arguments.remove {
            match trace.remove() {
                Ok(()) => is_removed = true,
                Err(error) => failures.push(error.to_string()),
            }
        }
        rows.push(Row { trace, is_beyond, is_removed });
    }
    let text = if arguments.json {
        let traces = rows.iter().map(object).collect();
        let answer =
            keys::answer(&KEYS, [directory.to_string_lossy().into(), traces, failures.clone().into()]);
        json::text(&answer) + "\n"
    } else {
        table(&rows, SystemTime::now())
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    for failure in &failures {
        eprintln!("beamtapd: warning: {}", Safe(failure));
    }
    Ok(ExitCode::from(if failures.is_empty() { 0 } else { BAD_TRACE }))
}

const TRACE: [Key; 8] = [
    Key::One(Column::text("trace", "Directory of the trace")),
    Key::One(Column::text("node", "Name of the node that recorded it")),
    Key::One(Column::text("state", "`running`, `finished`, `interrupted` or `elsewhere`")),
    Key::One(Column::bytes("bytes", "Size on disk")),
    Key::One(Column::instant("begun", "Time when the recording started")),
    Key::One(Column::instant("changed", "Time of the last change")),
    Key::One(Column::claim("beyond", "Whether it exceeds `--keep`, `--keep-bytes` or `--keep-age`")),
    Key::One(Column::claim("removed", "Whether it was removed")),
];

pub(crate) const KEYS: [Key; 3] = [
    Key::One(Column::text("directory", "Directory that the traces are in")),
    Key::Objects("traces", "The traces, newest first", &TRACE),
    Key::Sentences("failures", "Why traces could not be removed"),
];

fn object(row: &Row) -> Value {
    let ns = |time: SystemTime| {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    };
    let values = [
        row.trace.path.to_string_lossy().into(),
        row.trace.node.as_str().into(),
        row.trace.state.word().into(),
        row.trace.bytes.into(),
        ns(row.trace.begun).into(),
        ns(row.trace.changed).into(),
        row.is_beyond.into(),
        row.is_removed.into(),
    ];
    keys::object(&TRACE, values)
}

/// A line for each trace, and one for all of them.
fn table(rows: &[Row], now: SystemTime) -> String {
    if rows.is_empty() {
        return "no traces recorded by beamtap\n".to_owned();
    }
    let head = ["state", "age", "size", "node", "trace"].map(str::to_owned);
    let lines: Vec<[String; 5]> = [head].into_iter().chain(rows.iter().map(|row| cells(row, now))).collect();
    let widths = [0, 1, 2, 3].map(|column| lines.iter().map(|line| line[column].width()).max().unwrap_or(0));
    let mut text = String::new();
    for line in &lines {
        let [state, age, size, node, trace] = line;
        let pad = |cell: &str, width: usize| " ".repeat(width.saturating_sub(cell.width()));
        text += &format!(
            "{state}{}  {}{age}  {}{size}  {node}{}  {trace}\n",
            pad(state, widths[0]),
            pad(age, widths[1]),
            pad(size, widths[2]),
            pad(node, widths[3]),
        );
    }
    let sum = rows.iter().filter(|row| !row.is_removed).map(|row| row.trace.bytes).sum();
    let count = rows.iter().filter(|row| !row.is_removed).count();
    let removed = match rows.len() - count {
        0 => String::new(),
        removed => format!("; {} removed", quantity::count(removed as u64)),
    };
    text + &format!("{} traces, {}{removed}\n", quantity::count(count as u64), bytes(sum))
}

fn cells(row: &Row, now: SystemTime) -> [String; 5] {
    let trace = row.trace;
    let state = match (row.is_removed, row.is_beyond) {
        (true, _) => "removed",
        (false, true) => "to remove",
        (false, false) => trace.state.word(),
    };
    let safe = |text: &str| Safe(text).to_string();
    [
        state.to_owned(),
        since(now.duration_since(trace.changed).unwrap_or_default()),
        bytes(trace.bytes),
        safe(&trace.node),
        safe(&trace.path.display().to_string()),
    ]
}

fn since(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} m", seconds / 60),
        seconds @ 3600..86_400 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

fn bytes(count: u64) -> String {
    match count {
        0..1024 => format!("{count} B"),
        1024..0x10_0000 => format!("{} KiB", count >> 10),
        0x10_0000..0x4000_0000 => format!("{} MiB", count >> 20),
        _ => format!("{:.1} GiB", count as f64 / (1u64 << 30) as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_have_units() {
        assert_eq!(size("1000"), Ok(1000));
        assert_eq!(size("20G"), Ok(20 << 30));
        assert_eq!(age("30d"), Ok(Duration::from_secs(30 * 86_400)));
        for wrong in ["", "G", "-1", "1.5G", "1X", "99999999999999T"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        for wrong in ["30", "d", "1w"] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
    }
}
