//! What the keys of JSON answers mean. Answers, `--help` and `docs/JSON.md` are all made from these declarations.

use crate::json::FORMAT;
use beamtap_analysis::Column;
use serde_json::{Map, Value};

/// One key of a JSON object.
#[derive(Clone, Copy)]
pub(crate) enum Key {
    /// Has one value.
    One(Column),
    /// Has a list of sentences. Its name, and what it means.
    Sentences(&'static str, &'static str),
    /// Has a list of objects. Its name, what it means, and their keys.
    Objects(&'static str, &'static str, &'static [Key]),
    /// Has an object whose keys are those of the trace. Its name, what it means, and when it is missing.
    Open(&'static str, &'static str, Option<&'static str>),
}

impl Key {
    pub(crate) fn name(&self) -> String {
        match self {
            Key::One(column) => column.key(),
            Key::Sentences(name, ..) | Key::Objects(name, ..) | Key::Open(name, ..) => (*name).to_owned(),
        }
    }
}

/// What every answer begins with.
pub(crate) const BEGIN: [Key; 2] = [
    Key::One(Column::count(
        "format",
        "Version of this format. It goes up when a key changes its meaning or goes away",
    )),
    Key::One(Column::text("beamtapd", "Version of the beamtapd that answers")),
];

/// An object with these keys, in their order.
pub(crate) fn object<const N: usize>(keys: &[Key; N], values: [Value; N]) -> Value {
    Value::Object(members(keys, values))
}

/// An answer: what every answer begins with, and these keys.
pub(crate) fn answer<const N: usize>(keys: &[Key; N], values: [Value; N]) -> Value {
    let mut answer = begin();
    answer.extend(members(keys, values));
    Value::Object(answer)
}

/// What every answer begins with.
pub(crate) fn begin() -> Map<String, Value> {
    members(&BEGIN, [FORMAT.into(), env!("CARGO_PKG_VERSION").into()])
}

/// Members of an object, in the order of their keys.
pub(crate) fn members<const N: usize>(keys: &[Key; N], values: [Value; N]) -> Map<String, Value> {
    keys.iter().map(Key::name).zip(values).collect()
}
