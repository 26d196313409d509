//! `docs/JSON.md`: the keys of every JSON answer, and a test that keeps the committed file true.

use crate::help::{JSON_RULES, SUM, VALUES, overview, word};
use crate::keys::{BEGIN, Key};
use crate::report::FROM_OVERVIEW;
use crate::{doctor, event_json, flights, json, recover, report, traces};
use beamtap_analysis::{Shape, TableInfo};
use std::fmt::Write;

fn render() -> String {
    let mut out = format!(
        "<!-- Rendered by native/daemon/src/json_document.rs. Do not edit. -->\n# JSON\n\n\
         `report`, `info`, `recover`, `traces` and `doctor` print one JSON object with `--json`; `read --json` prints one \
         object a line. {}\n",
        JSON_RULES.replace(
            "`docs/JSON.md` says for each key when that is so.",
            "The tables below say when that is so."
        )
    );
    begin(&mut out, "report --json");
    overview().filter(|table| table.id == SUM).for_each(|table| sum(&mut out, table));
    tables(&mut out, overview().filter(|table| FROM_OVERVIEW.contains(&table.id)).chain(report::tables()));
    out.push_str(
        "\nWith `--functions` or `--processes`, only that table is there, beside `span` and `vms`.\n",
    );
    begin(&mut out, "info --json");
    out.push_str("`info` has the same keys as `report` beside the tables, and these tables:\n");
    tables(&mut out, overview().filter(|table| table.id != SUM));
    for (command, keys) in [
        ("recover --json", &[&recover::KEYS[..], &flights::KEYS][..]),
        ("traces --json", &[&traces::KEYS]),
        ("doctor --json", &[&doctor::KEYS]),
    ] {
        begin(&mut out, command);
        let keys: Vec<Key> = BEGIN.iter().chain(keys.iter().copied().flatten()).copied().collect();
        list(&mut out, &keys, "");
    }
    begin(&mut out, "read --json");
    let _ = writeln!(out, "One object for each event:\n");
    list(&mut out, &event_json::EVENT, "");
    let _ = writeln!(out, "\n{VALUES}\n\nOne object for each loss, without the key `name`:\n");
    list(&mut out, &event_json::LOSS, "");
    out
}

fn begin(out: &mut String, command: &str) {
    let _ = writeln!(out, "\n## `{command}`\n");
}

/// The keys of the answer itself.
fn sum(out: &mut String, table: &TableInfo) {
    let terms = table.columns.iter().copied().map(Key::One);
    let keys: Vec<Key> =
        BEGIN.into_iter().chain(json::TRACE).chain(terms).chain(json::LOSSY).chain(json::END).collect();
    let _ = writeln!(
        out,
        "{}, in events. Beside these keys there is one for each of the tables below.\n",
        table.doc
    );
    list(out, &keys, "");
}

fn tables<'a>(out: &mut String, tables: impl Iterator<Item = &'a TableInfo>) {
    for table in tables {
        let shape = match table.shape {
            Shape::Facts => "an object",
            Shape::Rows => "a list of objects",
        };
        let absent = table.absent.map(|when| format!(" The key is missing if {when}.")).unwrap_or_default();
        let _ = writeln!(out, "\n### `{}`: {shape}\n\n{}.{absent}\n", table.id, table.doc);
        let keys: Vec<Key> = table.columns.iter().copied().map(Key::One).collect();
        list(out, &keys, "");
    }
}

fn list(out: &mut String, keys: &[Key], within: &str) {
    if within.is_empty() {
        out.push_str("| key | value | meaning | null when |\n| --- | --- | --- | --- |\n");
    }
    for key in keys {
        let name = format!("{within}{}", key.name());
        let (value, doc, unknown) = match key {
            Key::One(column) => {
                (word(column.unit), column.doc.to_owned(), column.unknown.unwrap_or_default())
            }
            Key::Sentences(_, doc) => ("list of texts", (*doc).to_owned(), ""),
            Key::Objects(_, doc, _) => ("list of objects", (*doc).to_owned(), ""),
            Key::Open(_, doc, absent) => {
                let absent = absent.map(|when| format!(". The key is missing if {when}")).unwrap_or_default();
                ("object", format!("{doc}{absent}"), "")
            }
        };
        let _ = writeln!(out, "| `{name}` | {value} | {doc} | {unknown} |");
        if let Key::Objects(_, _, members) = key {
            list(out, members, &format!("{name}[]."));
        }
    }
}

#[test]
fn docs_json_md_is_what_the_declarations_render() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/JSON.md");
    let rendered = render();
    let is_true = std::fs::read_to_string(path).is_ok_and(|committed| committed == rendered);
    if !is_true && std::env::var_os("CI").is_none() {
        std::fs::write(path, rendered).expect("docs/JSON.md can be written");
    }
    assert!(is_true, "docs/JSON.md was stale (rewritten unless CI is set)");
}

#[test]
fn every_key_is_described_once_in_its_object() {
    fn check(keys: &[Key]) {
        for (index, key) in keys.iter().enumerate() {
            assert!(keys[..index].iter().all(|before| before.name() != key.name()), "{} twice", key.name());
            if let Key::Objects(_, _, members) = key {
                check(members);
            }
        }
    }
    for table in overview().chain(report::tables()) {
        let keys: Vec<Key> = table.columns.iter().copied().map(Key::One).collect();
        check(&keys);
        assert!(
            !table.doc.is_empty() && table.columns.iter().all(|column| !column.doc.is_empty()),
            "{}",
            table.id
        );
    }
    let others: [&[Key]; 6] =
        [&BEGIN, &recover::KEYS, &flights::KEYS, &traces::KEYS, &doctor::KEYS, &event_json::EVENT];
    others.into_iter().for_each(check);
}
