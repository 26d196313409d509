//! Events as babeltrace2's text.

use crate::cut::cut;
use crate::wall_clock::{WallClock, write_seconds};
use beamtap_ctf::{EnvValue, Event, Trace};

/// What stands for the time since the event before in the first line.
const UNKNOWN: &[u8] = b"(+?.?????????) ";

/// Writes lines of text.
#[derive(Clone, Default)]
pub(crate) struct EventText {
    /// Where the first event has [`UNKNOWN`], and its time.
    first: Option<(usize, i64)>,
    /// Time of the event before.
    last_ns: Option<i64>,
}

impl EventText {
    /// Appends the event's time and what sets it off from the event before.
    #[inline]
    pub(crate) fn write_time(&mut self, event: Event<'_>, clock: &mut WallClock, out: &mut Vec<u8>) {
        if !event.has_clock() {
            return;
        }
        let ns = event.timestamp_ns();
        out.push(b'[');
        clock.write(ns, out);
        out.extend_from_slice(b"] ");
        match self.last_ns.replace(ns) {
            None => {
                self.first = Some((out.len(), ns));
                out.extend_from_slice(UNKNOWN);
            }
            Some(last) => write_since(last, ns, out),
        }
    }

    /// Makes the first line of a further text, which was written for itself, follow the last one of this; appends it as
    /// far as it is another then, and gives the rest.
    pub(crate) fn continue_with<'a>(
        &mut self,
        further: &EventText,
        text: &'a [u8],
        out: &mut Vec<u8>,
    ) -> &'a [u8] {
        let mut rest = text;
        if let (Some(last), Some((place, ns))) = (self.last_ns, further.first) {
            let (before, behind) = text.split_at(place);
            out.extend_from_slice(before);
            write_since(last, ns, out);
            rest = &behind[UNKNOWN.len()..];
        }
        self.last_ns = further.last_ns.or(self.last_ns);
        rest
    }

    /// Appends the event's name and fields, and ends the line; says whether there was room for all.
    #[inline]
    pub(crate) fn write_body(&self, event: Event<'_>, fields: Option<&[String]>, out: &mut Vec<u8>) -> bool {
        let begin = out.len();
        let is_whole = event.write_text(out);
        if let Some(fields) = fields {
            let is_wanted = |name: &[u8]| fields.iter().any(|wanted| wanted.as_bytes() == name);
            cut(out, begin + event.name().len() + ": ".len(), is_wanted);
        }
        out.push(b'\n');
        is_whole
    }
}

/// Appends how long after another an event is.
#[inline]
fn write_since(last_ns: i64, ns: i64, out: &mut Vec<u8>) {
    // Only live events can come late.
    out.extend_from_slice(if ns < last_ns { b"(-" } else { b"(+" });
    write_seconds(ns.abs_diff(last_ns), out);
    out.extend_from_slice(b") ");
}

/// Where events of the trace come from, as it stands before their names: `host:process:(pid) `, as far as it is known.
pub(crate) fn origin(trace: &Trace) -> Vec<u8> {
    let value = |wanted: &str| trace.environment().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    let text = |wanted: &str| value(wanted).and_then(EnvValue::as_str).map(str::to_owned);
    let pid = value("vpid").and_then(EnvValue::as_i64).map(|pid| format!("({pid})"));
    let parts: Vec<String> = [text("hostname"), text("procname"), pid].into_iter().flatten().collect();
    if parts.is_empty() { Vec::new() } else { format!("{} ", parts.join(":")).into_bytes() }
}
