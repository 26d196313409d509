//! Events and losses as lines of JSON: what `read --json` promises.

use crate::keys::Key;
use beamtap_analysis::Column;
use beamtap_ctf::{EnvValue, Event, Loss, Trace, Value, decimal};

/// The keys of an event, in their order.
pub(crate) const EVENT: [Key; 9] = [
    Key::One(Column::instant("time", "Time of the event").unknown("the trace has no clock")),
    Key::One(Column::text("name", "Name of the event")),
    Key::One(Column::text("hostname", "The machine that recorded it").unknown("the trace does not have it")),
    Key::One(Column::count("stream", "Number of the stream, from 0, in the order of the streams' paths")),
    Key::One(Column::count("cpu", "The CPU that recorded it").unknown("the trace does not have it")),
    Key::Open(
        "packet_context",
        "What the packet says besides its times, sizes and counters",
        Some("the packet says nothing else"),
    ),
    Key::Open("common_context", "The context that all events of the stream have", Some("they have none")),
    Key::Open("specific_context", "The context of this kind of event", Some("it has none")),
    Key::Open("fields", "The event's fields", None),
];

/// The keys of a loss, in their order.
pub(crate) const LOSS: [Key; 5] = [
    Key::One(Column::text(
        "loss",
        "`discarded`: events dropped because the buffers were full. `lost_packets`: packets overwritten before they \
         were saved. `gap`: the connection to a relay daemon was lost, and what happened meanwhile may be missing",
    )),
    Key::One(Column::count("count", "Number of events or packets").unknown("`loss` is `gap`")),
    Key::One(Column::count("stream", "Number of the stream").unknown("`loss` is `gap`")),
    Key::One(Column::instant("begin", "The loss is after this time; 0 if the packets have no times")),
    Key::One(Column::instant("end", "The loss is before this time; 0 if the packets have no times")),
];

/// Members of a packet's context that are about the packet itself, and the CPU, which each event has.
const PACKET_MEMBERS: [&str; 7] = [
    "timestamp_begin",
    "timestamp_end",
    "content_size",
    "packet_size",
    "packet_seq_num",
    "events_discarded",
    "cpu_id",
];

/// Appends the members before the hostname.
pub(crate) fn write_head(event: Event<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"time_ns\":");
    if event.has_clock() {
        write_signed(event.timestamp_ns(), out);
    } else {
        out.extend_from_slice(b"null");
    }
    out.extend_from_slice(b",\"name\":");
    write_text(event.name().as_bytes(), out);
    out.push(b',');
}

/// The hostname as a member.
pub(crate) fn origin(trace: &Trace) -> Vec<u8> {
    let mut out = b"\"hostname\":".to_vec();
    let hostname = trace.environment().find(|(name, _)| *name == "hostname");
    match hostname.and_then(|(_, value)| EnvValue::as_str(value)) {
        Some(hostname) => write_text(hostname.as_bytes(), &mut out),
        None => out.extend_from_slice(b"null"),
    }
    out.push(b',');
    out
}

/// Most bytes of JSON that an event may have: more are cut off.
const LARGEST: usize = 16 << 20;
/// Most bytes of a text that are written: each may take six.
const LONGEST_TEXT: usize = 2 << 20;

/// Appends the members behind the hostname, and ends the line; says whether there was room for all.
pub(crate) fn write_body(event: Event<'_>, fields: Option<&[String]>, out: &mut Vec<u8>) -> bool {
    let mut room = Room { end: out.len() + LARGEST, is_enough: true };
    out.extend_from_slice(b"\"stream\":");
    decimal::write(out, event.stream().index() as u64);
    out.extend_from_slice(b",\"cpu\":");
    match event.cpu_id() {
        Some(cpu) => decimal::write(out, cpu.into()),
        None => out.extend_from_slice(b"null"),
    }
    let is_wanted = |name: &str| fields.is_none_or(|fields| fields.iter().any(|wanted| wanted == name));
    let is_told = |name: &str| !PACKET_MEMBERS.contains(&name) && is_wanted(name);
    // Asked before there are values: mostly there is nothing to tell.
    if event.packet_fields().iter().any(|field| is_told(field.name())) {
        let packet = event.packet_context().into_iter().flatten().filter(|(name, _)| is_told(name));
        out.extend_from_slice(b",\"packet_context\":");
        write_object(packet, out, &mut room);
    }
    if event.common_context().len() > 0 {
        out.extend_from_slice(b",\"common_context\":");
        write_object(event.common_context().filter(|(name, _)| is_wanted(name)), out, &mut room);
    }
    if event.specific_context().len() > 0 {
        out.extend_from_slice(b",\"specific_context\":");
        write_object(event.specific_context().filter(|(name, _)| is_wanted(name)), out, &mut room);
    }
    out.extend_from_slice(b",\"fields\":");
    write_object(event.fields().filter(|(name, _)| is_wanted(name)), out, &mut room);
    out.extend_from_slice(b"}\n");
    room.is_enough
}

/// How much room there is for an event's JSON.
struct Room {
    end: usize,
    is_enough: bool,
}

impl Room {
    fn has_more(&mut self, out: &[u8]) -> bool {
        self.is_enough &= out.len() < self.end;
        out.len() < self.end
    }
}

/// Appends a line on a stretch of time of which it is not known what is missing.
pub(crate) fn write_gap(begin_ns: i64, end_ns: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"loss\":\"gap\",\"count\":null,\"stream\":null");
    write_stretch(begin_ns, end_ns, out);
}

/// Appends a line on what is missing: `what` of it.
pub(crate) fn write_loss(what: &str, loss: &Loss, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"loss\":");
    write_text(what.as_bytes(), out);
    out.extend_from_slice(b",\"count\":");
    decimal::write(out, loss.count);
    out.extend_from_slice(b",\"stream\":");
    decimal::write(out, loss.stream.index() as u64);
    write_stretch(loss.begin_ns, loss.end_ns, out);
}

/// Ends a line about what is missing.
fn write_stretch(begin_ns: i64, end_ns: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"begin_ns\":");
    write_signed(begin_ns, out);
    out.extend_from_slice(b",\"end_ns\":");
    write_signed(end_ns, out);
    out.extend_from_slice(b"}\n");
}

fn write_object<'a>(members: impl Iterator<Item = (&'a str, Value<'a>)>, out: &mut Vec<u8>, room: &mut Room) {
    out.push(b'{');
    for (index, (name, value)) in members.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(name.as_bytes(), out);
        out.push(b':');
        write_value(value, out, room);
    }
    out.push(b'}');
}

fn write_value(value: Value<'_>, out: &mut Vec<u8>, room: &mut Room) {
    match value {
        Value::Unsigned(value) => decimal::write(out, value),
        Value::Signed(value) => write_signed(value, out),
        Value::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
        Value::Float(value) if value.is_nan() => out.extend_from_slice(b"\"NaN\""),
        Value::Float(f64::INFINITY) => out.extend_from_slice(b"\"Infinity\""),
        Value::Float(f64::NEG_INFINITY) => out.extend_from_slice(b"\"-Infinity\""),
        Value::Float(value) => {
            // A finite number can be written, and memory takes it.
            let _ = serde_json::to_writer(out, &value);
        }
        Value::Str(text) => {
            room.is_enough &= text.len() <= LONGEST_TEXT;
            write_text(text.get(..LONGEST_TEXT).unwrap_or(text), out);
        }
        Value::Enum(value) => {
            out.extend_from_slice(b"{\"value\":");
            if value.is_signed() {
                write_signed(value.value() as i64, out);
            } else {
                decimal::write(out, value.value());
            }
            out.extend_from_slice(b",\"labels\":[");
            for (index, label) in value.labels().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_text(label.as_bytes(), out);
            }
            out.extend_from_slice(b"]}");
        }
        Value::Array(elements) => {
            out.push(b'[');
            for (index, element) in elements.enumerate() {
                if !room.has_more(out) {
                    break;
                }
                if index > 0 {
                    out.push(b',');
                }
                write_value(element, out, room);
            }
            out.push(b']');
        }
        Value::Struct(members) => write_object(members, out, room),
        Value::Variant(selected) => {
            write_object(std::iter::once((selected.name(), selected.value())), out, room);
        }
        _ => out.extend_from_slice(b"null"),
    }
}

fn write_signed(value: i64, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    decimal::write(out, value.unsigned_abs());
}

fn write_text(bytes: &[u8], out: &mut Vec<u8>) {
    let is_plain = |&byte: &u8| (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
    if bytes.iter().all(is_plain) {
        out.push(b'"');
        out.extend_from_slice(bytes);
        out.push(b'"');
    } else {
        // A text can be written, and memory takes it.
        let _ = serde_json::to_writer(out, &*String::from_utf8_lossy(bytes));
    }
}
