//! What `--help` says of tables, columns and JSON keys: made from their declarations.

use crate::keys::{BEGIN, Key};
use crate::report::{FROM_OVERVIEW, OVERVIEW};
use crate::{doctor, event_json, flights, json, recover, report, traces, wrap};
use beamtap_analysis::{ANALYSES, Column, Shape, TableInfo, Unit};
use std::fmt::Write;

/// Characters in a line. A terminal that is narrower wraps them once more.
const WIDTH: usize = 98;

/// The exit codes of commands that read a trace.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    the whole trace was read
  1    the trace, or a part of it, could not be read; the rest is shown
  2    the command line is invalid
  130  interrupted";

pub(crate) const DOCTOR_CODES: &str = "\
Exit codes:
  0    taps can record
  1    something that taps need is missing
  2    the command line is invalid";

pub(crate) const RECOVER_CODES: &str = "\
Exit codes:
  0    everything was recovered, or the flight recorders are listed
  1    there are no buffers, or a part of them could not be recovered or read
  2    the command line is invalid
  3    a process still uses the buffers
  130  interrupted";

const TRACE_STATES: &str = "\
States:
  running      the tap records
  finished     the tap ended
  interrupted  the VM ended before its tap
  elsewhere    the VM runs on another machine or in another container

Only finished and interrupted traces are removed. Directories without beamtap's mark are not listed.";

const TRACES_CODES: &str = "\
Exit codes:
  0    the traces are listed, and removed if requested
  1    the directory could not be read, or a trace could not be removed
  2    the command line is invalid";

/// What is true of the JSON of every command.
pub(crate) const JSON_RULES: &str = "New versions add keys. `format` goes up when a key changes its meaning or goes \
                                     away. Times are integers in nanoseconds and their keys end in `_ns`. A value that \
                                     is not known is null. `docs/JSON.md` says for each key when that is so.";

const READ_FORMAT: [&str; 2] = [
    "Text looks like that of babeltrace2, without the parts that an event does not have: [time] (+time since the previous \
     event) hostname event: { packet context }, { common context }, { specific context }, { fields }. Times are local \
     times; set TZ to change the zone.",
    "A condition is FIELD OP VALUE. FIELD is looked up in the event's fields, then in its specific, common and packet \
     contexts. OP is one of = != < <= > >=. Numbers are compared as numbers: VALUE may be 131, -1, 0x1f or 2.5. Texts are \
     compared as bytes, with = and != only. Enumerations are compared by number, or by label with = and !=. An event \
     without the field FIELD does not match, even with !=.",
];

/// How a value of a trace is written as JSON.
pub(crate) const VALUES: &str = "Integers have up to 64 bits. Numbers that are not finite are \"NaN\", \"Infinity\" and \
                                 \"-Infinity\". An enumeration is {\"value\": 1, \"labels\": [\"ONE\"]}. A variant is \
                                 {\"option\": value}. An optional field without a value is null. In text that is not \
                                 UTF-8, U+FFFD replaces what is invalid.";

pub(crate) fn beamtapd() -> String {
    format!("{EXIT_CODES}\n\nTo log to standard error what beamtapd does, set BEAMTAP_LOG=debug.")
}

pub(crate) fn report() -> String {
    let intro = "Tables, and their columns as JSON names them. Text names times without `_ns`. Columns marked with * are in \
                 the JSON only. --top and --sort apply to all these tables.";
    let mut out = wrapped(intro, 0) + "\n\n";
    report::tables().for_each(|table| describe(&mut out, table));
    json_of(&mut out, |table| FROM_OVERVIEW.contains(&table.id), report::tables());
    overview().filter(|table| FROM_OVERVIEW.contains(&table.id)).for_each(|table| describe(&mut out, table));
    out + EXIT_CODES
}

pub(crate) fn info() -> String {
    let intro = "Tables, and their columns as JSON names them. Text names times without `_ns`, and leaves out what is unknown.";
    let mut out = wrapped(intro, 0) + "\n\n";
    overview().for_each(|table| describe(&mut out, table));
    json_of(&mut out, |table| table.id != SUM, std::iter::empty());
    out + EXIT_CODES
}

pub(crate) fn doctor() -> String {
    with_keys(&[&doctor::KEYS], DOCTOR_CODES)
}

pub(crate) fn recover() -> String {
    with_keys(&[&recover::KEYS, &flights::KEYS], RECOVER_CODES)
}

pub(crate) fn traces() -> String {
    format!("{TRACE_STATES}\n\n{}", with_keys(&[&traces::KEYS], TRACES_CODES))
}

/// Without the keys of JSON.
pub(crate) fn traces_in_short() -> String {
    format!("{TRACE_STATES}\n\n{TRACES_CODES}")
}

pub(crate) fn read() -> String {
    let mut out = String::new();
    for paragraph in READ_FORMAT {
        let _ = writeln!(out, "{}\n", wrapped(paragraph, 0));
    }
    let _ =
        writeln!(out, "{}\n", wrapped(&format!("--json prints one object on each line. {JSON_RULES}"), 0));
    list(&mut out, &event_json::EVENT, 2);
    let _ = writeln!(
        out,
        "\n{}\n\nEach loss has a line of its own, without the key `name`:\n",
        wrapped(VALUES, 0)
    );
    list(&mut out, &event_json::LOSS, 2);
    format!("{out}\n{EXIT_CODES}")
}

/// The table whose facts are keys of the answer itself.
pub(crate) const SUM: &str = "sum";

pub(crate) fn overview() -> impl Iterator<Item = &'static TableInfo> {
    ANALYSES.iter().filter(|info| info.name == OVERVIEW).flat_map(|info| info.tables)
}

/// The word for what a column's cells hold.
pub(crate) const fn word(unit: Unit) -> &'static str {
    match unit {
        Unit::Text => "text",
        Unit::Claim => "true, false",
        Unit::Count => "number",
        Unit::Bytes => "bytes",
        Unit::Words => "words",
        Unit::Percent => "percent",
        Unit::Nanoseconds => "ns",
        Unit::EpochNanoseconds => "ns since 1970",
    }
}

fn describe(out: &mut String, table: &TableInfo) {
    let _ =
        writeln!(out, "{}", wrapped(&format!("{}: {}.{}", table.id, table.doc, missing(table.absent)), 2));
    let keys: Vec<Key> = table.columns.iter().copied().map(Key::One).collect();
    list(out, &keys, 4);
    out.push('\n');
}

/// The keys of the answer of `report` or `info`.
fn json_of(
    out: &mut String,
    is_there: fn(&&TableInfo) -> bool,
    more: impl Iterator<Item = &'static TableInfo>,
) {
    let _ = writeln!(out, "{}\n", wrapped(&format!("--json prints one object. {JSON_RULES}"), 0));
    let sum = overview().filter(|table| table.id == SUM).flat_map(|table| table.columns);
    let sum: Vec<Key> = sum.copied().map(Key::One).collect();
    let tables = overview().filter(is_there).chain(more).map(|table| match table.shape {
        Shape::Facts => Key::Open(table.id, table.doc, table.absent),
        Shape::Rows => Key::Objects(table.id, table.doc, &[]),
    });
    let keys: Vec<Key> = BEGIN
        .into_iter()
        .chain(json::TRACE)
        .chain(sum)
        .chain(json::LOSSY)
        .chain(tables)
        .chain(json::END)
        .collect();
    list(out, &keys, 2);
    out.push('\n');
}

fn with_keys(keys: &[&[Key]], codes: &str) -> String {
    let mut out = format!("{}\n\n", wrapped(&format!("--json prints one object. {JSON_RULES}"), 0));
    let all: Vec<Key> = BEGIN.iter().chain(keys.iter().copied().flatten()).copied().collect();
    list(&mut out, &all, 2);
    format!("{out}\n{codes}")
}

/// A line for each key, and more of them where one is too short.
fn list(out: &mut String, keys: &[Key], indent: usize) {
    let lines: Vec<(String, &str, String)> = keys
        .iter()
        .map(|key| match key {
            Key::One(column) => (starred(column), word(column.unit), column.doc.to_owned()),
            Key::Sentences(name, doc) => ((*name).to_owned(), "texts", (*doc).to_owned()),
            Key::Objects(name, doc, _) => ((*name).to_owned(), "objects", (*doc).to_owned()),
            Key::Open(name, doc, absent) => {
                ((*name).to_owned(), "object", format!("{doc}{}", missing(*absent).replacen(' ', ". ", 1)))
            }
        })
        .collect();
    let names = lines.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
    let words = lines.iter().map(|(_, word, _)| word.len()).max().unwrap_or(0);
    for ((name, word, doc), key) in lines.iter().zip(keys) {
        let begin = format!("{:indent$}{name:names$}  {word:words$}  ", "");
        let text = wrapped(doc, begin.len());
        let _ = writeln!(out, "{begin}{}", text.trim_start());
        if let Key::Objects(.., members) = key
            && !members.is_empty()
        {
            list(out, members, indent + 2);
        }
    }
}

/// When a key is not there.
fn missing(when: Option<&str>) -> String {
    when.map(|when| format!(" Missing if {when}.")).unwrap_or_default()
}

fn starred(column: &Column) -> String {
    format!("{}{}", column.key(), if column.detail { "*" } else { "" })
}

/// The text in lines that fit, each after so many spaces.
fn wrapped(text: &str, indent: usize) -> String {
    let lines = wrap::lines(text.split_whitespace(), " ", Some(WIDTH - indent));
    let lines: Vec<String> = lines.into_iter().map(|line| format!("{:indent$}{line}", "")).collect();
    lines.join("\n")
}
