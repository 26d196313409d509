//! Events as babeltrace2's text.

use crate::cut::cut;
use crate::wall_clock::{WallClock, write_seconds};
use beamtap_ctf::{EnvValue, Event, Trace};

/// Writes lines of text.
#[derive(Default)]
pub(crate) struct EventText {
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
        match self.last_ns.replace(ns) {
            None => out.extend_from_slice(b"] (+?.?????????) "),
            Some(last) => {
                // Only live events can come late.
                out.extend_from_slice(if ns < last { b"] (-" } else { b"] (+" });
                write_seconds(ns.abs_diff(last), out);
                out.extend_from_slice(b") ");
            }
        }
    }

    /// Appends the event's name and fields, and ends the line.
    #[inline]
    pub(crate) fn write_body(&self, event: Event<'_>, fields: Option<&[String]>, out: &mut Vec<u8>) {
        let begin = out.len();
        event.write_text(out);
        if let Some(fields) = fields {
            let is_wanted = |name: &[u8]| fields.iter().any(|wanted| wanted.as_bytes() == name);
            cut(out, begin + event.name().len() + ": ".len(), is_wanted);
        }
        out.push(b'\n');
    }
}

/// Where events of the trace come from, as it stands before their names: `host:process:(pid) `, as far as it is known.
pub(crate) fn origin(trace: &Trace) -> Vec<u8> {
    let value = |wanted: &str| trace.environment().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    let text = |wanted: &str| value(wanted).and_then(EnvValue::as_str).map(str::to_owned);
    let pid = value("vpid").and_then(EnvValue::as_i64).map(|pid| format!("({pid})"));
    let parts: Vec<String> = [text("hostname"), text("procname"), pid].into_iter().flatten().collect();
    if parts.is_empty() { Vec::new() } else { format!("{} ", parts.join(":")).into_bytes() }
}
