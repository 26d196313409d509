//! The application's own spans.

use crate::script::{Script, rows};
use beamtap_schema::EventKind;

const P: u64 = 100;

fn begin(script: Script, span: u64, name: &str) -> Script {
    script.event(EventKind::SpanBegin, vec![P.into(), span.into(), 0.into(), name.into()])
}

fn end(script: Script, span: u64, outcome: u64) -> Script {
    script.event(EventKind::SpanEnd, vec![P.into(), span.into(), outcome.into()])
}

#[test]
fn runs_are_paired_by_their_number_also_where_they_nest_and_overlap() {
    let script = begin(Script::new().at(100), 1, "outer");
    let script = begin(script.at(110), 2, "inner");
    let script = begin(script.at(120), 3, "inner");
    let script = end(script.at(125), 2, 0);
    let script = end(script.at(150), 3, 1);
    let script = end(script.at(160), 1, 0);
    let script = begin(script.at(170), 4, "inner");
    let tables = script.tables(&["spans"]);
    assert_eq!(
        rows(&tables[0], &["span", "runs", "total", "max", "raised", "unfinished"]),
        ["outer | 1 | 60 | 60 | 0 | 0", "inner | 3 | 45 | 30 | 1 | 1"]
    );
}

#[test]
fn an_end_alone_is_told_and_silence_is_no_table() {
    assert!(Script::new().at(1).call(P, 1).tables(&["spans"]).is_empty());
    let tables = end(Script::new().at(100), 9, 0).tables(&["spans"]);
    assert!(tables[0].rows.is_empty());
    assert_eq!(tables[0].notes.len(), 1);
}
