//! babeltrace2's reading of a trace.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// One event as babeltrace2 shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessEvent {
    /// Nanoseconds since the Unix epoch.
    pub timestamp_ns: i64,
    /// `provider:event`.
    pub name: String,
    /// The CPU of the stream; `None` for streams that do not tell.
    pub cpu_id: Option<u32>,
    /// The payload. A string is the string itself; everything else is babeltrace2's text (`-5`, `0xFF`,
    /// `[ [0] = 1 ]`, `( "NAME" : container = 1 )`). The length fields that CTF adds to sequences are in it, too.
    pub fields: BTreeMap<String, String>,
    /// LTTng's contexts (`vpid`, `vtid`, …), as `fields`.
    pub context: BTreeMap<String, String>,
}

/// Reads every event below `dir`, in time's order.
///
/// # Panics
///
/// Panics with babeltrace2's own words when it fails, also when only some of the trace is unreadable.
#[must_use]
pub fn babeltrace(dir: &Path) -> Vec<WitnessEvent> {
    let output = Command::new("babeltrace2")
        .args(["--no-delta", "--clock-seconds", "--clock-gmt", "--names=all"])
        .arg(dir)
        .output()
        .expect("babeltrace2 can be started");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "babeltrace2 {}: {}\n{errors}", dir.display(), output.status);
    parse_text(&String::from_utf8_lossy(&output.stdout))
}

/// Reads babeltrace2's text of `--no-delta --clock-seconds --names=all`, one event a line.
///
/// # Panics
///
/// Panics on a line that is not of this form.
#[must_use]
pub fn parse_text(text: &str) -> Vec<WitnessEvent> {
    text.lines().filter(|line| !line.is_empty()).map(parse_line).collect()
}

fn parse_line(line: &str) -> WitnessEvent {
    let members = Cursor { rest: line }.members();
    let scope = |name: &str| members.get(name).map(|text| scope_members(text)).unwrap_or_default();
    let required = |name: &str| members.get(name).unwrap_or_else(|| panic!("no {name} in {line:?}"));
    WitnessEvent {
        timestamp_ns: parse_seconds(required("timestamp")),
        name: required("name").clone(),
        cpu_id: scope("stream.packet.context").get("cpu_id").and_then(|id| id.parse().ok()),
        fields: scope("event.fields"),
        context: scope("stream.event.context"),
    }
}

/// The members of `{ … }`.
fn scope_members(text: &str) -> BTreeMap<String, String> {
    let body = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let body = body.unwrap_or_else(|| panic!("no scope: {text:?}"));
    Cursor { rest: body.trim() }.members()
}

/// `seconds.nanoseconds`, possibly negative.
fn parse_seconds(text: &str) -> i64 {
    let (seconds, nanos) = text.split_once('.').unwrap_or_else(|| panic!("no time: {text:?}"));
    let whole: i64 = seconds.parse().unwrap_or_else(|_| panic!("no seconds: {text:?}"));
    let part: i64 = nanos.parse().unwrap_or_else(|_| panic!("no nanoseconds: {text:?}"));
    let part = if seconds.starts_with('-') { -part } else { part };
    whole * 1_000_000_000 + part
}

struct Cursor<'a> {
    rest: &'a str,
}

impl Cursor<'_> {
    /// `key = value, key = value …` to the end.
    fn members(mut self) -> BTreeMap<String, String> {
        let mut members = BTreeMap::new();
        while !self.rest.is_empty() {
            let (key, rest) =
                self.rest.split_once(" = ").unwrap_or_else(|| panic!("no member: {:?}", self.rest));
            self.rest = rest;
            let value = self.value();
            members.insert(key.to_owned(), value);
            self.rest = self.rest.strip_prefix(',').unwrap_or(self.rest).trim_start();
        }
        members
    }

    fn value(&mut self) -> String {
        if self.rest.starts_with('"') {
            return self.string();
        }
        let end = if self.rest.starts_with(['{', '[', '(']) {
            bracketed_length(self.rest)
        } else {
            self.rest.find([',', ' ']).unwrap_or(self.rest.len())
        };
        self.take(end).to_owned()
    }

    fn take(&mut self, length: usize) -> &str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    /// A quoted string with C's escapes.
    fn string(&mut self) -> String {
        let mut bytes = Vec::new();
        let end = string_length(self.rest);
        let quoted = self.take(end);
        let mut inner = quoted[1..quoted.len() - 1].bytes();
        while let Some(byte) = inner.next() {
            if byte == b'\\' {
                bytes.push(unescape(&mut inner));
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn unescape(bytes: &mut impl Iterator<Item = u8>) -> u8 {
    let escape = bytes.next().expect("an escape is not the last byte");
    match escape {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'x' => {
            let mut digit =
                || bytes.next().and_then(|byte| char::from(byte).to_digit(16)).expect("a hex digit");
            let value = digit() * 16 + digit();
            u8::try_from(value).expect("two hex digits fit a byte")
        }
        itself => itself,
    }
}

/// Bytes of the quoted string at the start, quotes included.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    panic!("a string without end: {text:?}")
}

/// Bytes of the bracketed text at the start, brackets included; brackets in strings do not count.
fn bracketed_length(text: &str) -> usize {
    let (mut index, mut depth) = (0, 0_usize);
    while let Some(byte) = text.as_bytes().get(index) {
        match byte {
            b'"' => index += string_length(&text[index..]) - 1,
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => {
                depth -= 1;
                if depth == 0 {
                    return index + 1;
                }
            }
            _ => {}
        }
        index += 1;
    }
    panic!("brackets without end: {text:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_every_kind_of_field() {
        // As babeltrace2 2.0.4 printed it.
        let line = concat!(
            r#"timestamp = 1795434800.198676196, trace:hostname = vm, name = odd:kinds, "#,
            r#"stream.packet.context = { cpu_id = 3 }, stream.event.context = { vpid = 36, procname = "app" }, "#,
            r#"event.fields = { text = "say \"hi\", { x = 1 }, \\ back\nline\ttab \x01 é", neg = -5, hex = 0xFF, "#,
            r#"f = 1.5, arr = [ [0] = 115, [1] = 97 ], _st_length = 4, st = "say ", e = ( "A B" : container = 1 ) }"#
        );
        let events = parse_text(line);
        let [event] = &events[..] else { panic!("one line, one event") };
        assert_eq!(event.timestamp_ns, 1_795_434_800_198_676_196);
        assert_eq!((event.name.as_str(), event.cpu_id), ("odd:kinds", Some(3)));
        assert_eq!(event.context["procname"], "app");
        assert_eq!(event.fields["text"], "say \"hi\", { x = 1 }, \\ back\nline\ttab \u{1} é");
        assert_eq!(event.fields["neg"], "-5");
        assert_eq!(event.fields["hex"], "0xFF");
        assert_eq!(event.fields["f"], "1.5");
        assert_eq!(event.fields["arr"], "[ [0] = 115, [1] = 97 ]");
        assert_eq!(event.fields["st"], "say ");
        assert_eq!(event.fields["e"], r#"( "A B" : container = 1 )"#);
        assert_eq!(event.fields.len(), 8);
    }

    #[test]
    fn an_event_without_payload() {
        let events = parse_text(
            "timestamp = 5.000000001, name = a:b, stream.packet.context = { cpu_id = 0 }, event.fields = { }\n",
        );
        assert_eq!(events[0].timestamp_ns, 5_000_000_001);
        assert!(events[0].fields.is_empty());
    }

    #[test]
    #[should_panic(expected = "a string without end")]
    fn a_line_cut_short_is_not_half_read() {
        let _ = parse_text(r#"timestamp = 1.000000000, name = a:b, event.fields = { s = "x"#);
    }
}
