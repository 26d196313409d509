//! Events as text, in the form of babeltrace2's `sink.text.pretty`, which other tools read.

use std::io::Write as _;

use wide::u8x16;

use crate::decimal;
use crate::event::Event;
use crate::field::{FieldType, Int, Kind};
use crate::piece::push_first;
use crate::value::{EnumValue, Value};

/// Members of a packet context that are about the packet and not about the trace.
pub(crate) const PACKET_MEMBERS: [&str; 6] =
    ["timestamp_begin", "timestamp_end", "content_size", "packet_size", "packet_seq_num", "events_discarded"];

impl Event<'_> {
    /// Appends the event's name and all its fields in babeltrace2's text form:
    /// `name: { cpu_id = 2 }, { vpid = 7 }, { field = 1, text = "a" }`.
    ///
    /// The caller writes the start of the line (time, hostname) and its end. Returns false if the text is longer than
    /// 16 MiB: then it is cut, and `...` replaces what is cut.
    pub fn write_text(self, out: &mut Vec<u8>) -> bool {
        self.text_plan().write(self, out)
    }
}

/// Most bytes of text that an event may have: a byte of a packet can stand for more than a hundred.
const LARGEST: usize = 16 << 20;
/// Most bytes of a string that are shown: in text each may take four.
pub(crate) const LONGEST_STRING: usize = 4 << 20;

/// How much room there is for an event's text.
pub(crate) struct Room {
    end: usize,
    is_enough: bool,
}

impl Room {
    /// Room behind what is there.
    pub(crate) fn behind(out: &[u8]) -> Room {
        Room { end: out.len() + LARGEST, is_enough: true }
    }

    /// Whether everything was written.
    pub(crate) fn is_enough(&self) -> bool {
        self.is_enough
    }

    /// Whether there is room for more; if not, that is said.
    #[inline(always)]
    fn has_more(&mut self, out: &mut Vec<u8>, elision: &[u8]) -> bool {
        out.len() < self.end || self.elide(out, elision)
    }

    #[cold]
    pub(crate) fn elide(&mut self, out: &mut Vec<u8>, elision: &[u8]) -> bool {
        self.is_enough = false;
        out.extend_from_slice(elision);
        false
    }
}

/// Appends the packet's context without what is about the packet itself.
pub(crate) fn write_packet(out: &mut Vec<u8>, event: Event<'_>, room: &mut Room) {
    let Some(members) = event.packet_context() else { return };
    let told = members.typed().filter(|(name, _, _)| !PACKET_MEMBERS.contains(name));
    out.push(b'{');
    for (i, (name, ty, value)) in told.enumerate() {
        out.extend_from_slice(if i == 0 { b" " } else { b", " });
        write_member(out, name, ty, value, room);
    }
    out.extend_from_slice(b" }");
}

fn write_member(out: &mut Vec<u8>, name: &str, ty: &FieldType, value: Value<'_>, room: &mut Room) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b" = ");
    write_value(out, ty, value, room);
}

pub(crate) fn write_value(out: &mut Vec<u8>, ty: &FieldType, value: Value<'_>, room: &mut Room) {
    match (value, &ty.kind) {
        (Value::Unsigned(v), Kind::Int(int)) => write_number(out, v, int),
        (Value::Signed(v), Kind::Int(int)) => write_number(out, v as u64, int),
        (Value::Enum(v), Kind::Enum(int, _)) => write_enum(out, &v, int),
        (Value::Bool(v), _) => out.extend_from_slice(if v { b"true" } else { b"false" }),
        (Value::Float(v), _) => write_float(out, v),
        (Value::Str(bytes), _) => {
            write_string(out, bytes.get(..LONGEST_STRING).unwrap_or(bytes));
            if bytes.len() > LONGEST_STRING {
                room.elide(out, b"...");
            }
        }
        (Value::Array(elements), Kind::Array(array)) => {
            out.push(b'[');
            let mut index = ElementIndex::new();
            if let (Kind::Int(int), Some(numbers)) = (&array.element.kind, elements.numbers()) {
                for number in numbers {
                    if !room.has_more(out, b", ...") {
                        break;
                    }
                    index.write(out);
                    write_number(out, number, int);
                }
            } else {
                for element in elements {
                    if !room.has_more(out, b", ...") {
                        break;
                    }
                    index.write(out);
                    write_value(out, &array.element, element, room);
                }
            }
            out.extend_from_slice(b" ]");
        }
        (Value::Struct(members), Kind::Struct(_)) => {
            out.push(b'{');
            for (i, (name, ty, value)) in members.typed().enumerate() {
                out.extend_from_slice(if i == 0 { b" " } else { b", " });
                write_member(out, name, ty, value, room);
            }
            out.extend_from_slice(b" }");
        }
        (Value::Variant(selected), _) => {
            out.extend_from_slice(b"{ ");
            write_value(out, selected.field_type(), selected.value(), room);
            out.extend_from_slice(b" }");
        }
        (value, Kind::Optional(optional)) => {
            out.push(b'{');
            if !matches!(value, Value::Absent) {
                out.push(b' ');
                write_value(out, &optional.ty, value, room);
            }
            out.extend_from_slice(b" }");
        }
        _ => out.extend_from_slice(b"?"),
    }
}

/// What stands before each element of an array, `, [7] = `, counted up digit by digit.
struct ElementIndex {
    text: [u8; 32],
    length: usize,
    /// Bytes before it that the first element does not have.
    skipped: usize,
}

impl ElementIndex {
    const BEFORE: &[u8] = b", [";
    const BEHIND: &[u8] = b"] = ";

    fn new() -> ElementIndex {
        let mut index = ElementIndex { text: [0; 32], length: 0, skipped: 1 };
        index.set(0);
        index
    }

    fn set(&mut self, value: u64) {
        let mut text = Self::BEFORE.to_vec();
        decimal::write(&mut text, value);
        text.extend_from_slice(Self::BEHIND);
        // A number of 64 bits fits.
        self.text[..text.len()].copy_from_slice(&text);
        self.length = text.len();
    }

    /// Appends it and goes on to the next.
    #[inline(always)]
    fn write(&mut self, out: &mut Vec<u8>) {
        match std::mem::take(&mut self.skipped) {
            0 if self.length <= 16 => {
                let [first, _] = self.text.as_chunks::<16>().0 else { return };
                push_first(out, first, self.length);
            }
            skipped => out.extend_from_slice(&self.text[skipped..self.length]),
        }
        let digits = Self::BEFORE.len()..self.length - Self::BEHIND.len();
        for digit in self.text[digits.clone()].iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                return;
            }
            *digit = b'0';
        }
        self.set(10_u64.saturating_pow(digits.len() as u32));
    }
}

pub(crate) fn write_number(out: &mut Vec<u8>, value: u64, int: &Int) {
    // babeltrace2 shows whole digits: the sign of a negative number fills the first one.
    let mask = |digit: u32| u64::MAX >> 64_u32.saturating_sub(u32::from(int.bits).next_multiple_of(digit));
    // Writing to a Vec cannot fail.
    let _ = match int.base {
        16 => write!(out, "0x{:X}", value & mask(4)),
        8 => write!(out, "0{:o}", value & mask(3)),
        2 => write!(out, "0b{:0width$b}", value & mask(1), width = usize::from(int.bits)),
        _ if int.signed => {
            let value = value as i64;
            if value < 0 {
                out.push(b'-');
            }
            decimal::write(out, value.unsigned_abs());
            Ok(())
        }
        _ => {
            decimal::write(out, value);
            Ok(())
        }
    };
}

fn write_enum(out: &mut Vec<u8>, value: &EnumValue<'_>, int: &Int) {
    out.extend_from_slice(b"( ");
    let mut labels = value.labels();
    match (labels.next(), labels.next()) {
        (None, _) => out.extend_from_slice(b"<unknown>"),
        (Some(only), None) => write_string(out, only.as_bytes()),
        (Some(first), Some(second)) => {
            out.extend_from_slice(b"{ ");
            write_string(out, first.as_bytes());
            for label in std::iter::once(second).chain(labels) {
                out.extend_from_slice(b", ");
                write_string(out, label.as_bytes());
            }
            out.extend_from_slice(b" }");
        }
    }
    out.extend_from_slice(b" : container = ");
    write_number(out, value.value(), int);
    out.extend_from_slice(b" )");
}

pub(crate) fn write_string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    let mut rest = bytes;
    while let Some(block) = rest.first_chunk() {
        rest = &rest[write_block(out, block, BLOCK)..];
    }
    let mut last = [0; BLOCK];
    while !rest.is_empty() {
        last[..rest.len()].copy_from_slice(rest);
        rest = &rest[write_block(out, &last, rest.len())..];
    }
    out.push(b'"');
}

/// The same for the first `length` of the bytes, behind which there are others.
#[inline]
pub(crate) fn write_string_within(out: &mut Vec<u8>, bytes: &[u8], length: usize) {
    if length + BLOCK > bytes.len() {
        return write_string(out, bytes.get(..length).unwrap_or_default());
    }
    out.push(b'"');
    let mut at = 0;
    while at < length
        && let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk)
    {
        at += write_block(out, block, length - at);
    }
    out.push(b'"');
}

/// Bytes of a string that are looked at at once.
const BLOCK: usize = 16;

/// Appends what stands for itself, and what comes first of all others as its escape, of the first `length` bytes, 1 or
/// more; gives how many bytes that was.
#[inline(always)]
fn write_block(out: &mut Vec<u8>, block: &[u8; BLOCK], length: usize) -> usize {
    let length = length.min(BLOCK);
    let bytes = u8x16::new(*block);
    let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
    let is_control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    let special = is_control | is(0x7f) | is(b'"') | is(b'\'') | is(b'?') | is(b'\\');
    let plain = (special.to_bitmask() | 1 << BLOCK).trailing_zeros() as usize;
    push_first(out, block, plain.min(length));
    if plain >= length {
        return length;
    }
    write_escaped(out, block[plain]);
    plain + 1
}

fn write_escaped(out: &mut Vec<u8>, byte: u8) {
    let escaped: &[u8] = match byte {
        b'\\' => b"\\\\",
        b'\'' => b"\\'",
        b'"' => b"\\\"",
        b'?' => b"\\?",
        7 => b"\\a",
        8 => b"\\b",
        27 => b"\\e",
        12 => b"\\f",
        b'\n' => b"\\n",
        b'\r' => b"\\r",
        b'\t' => b"\\t",
        11 => b"\\v",
        _ => {
            // Writing to a Vec cannot fail.
            let _ = write!(out, "\\x{byte:02x}");
            return;
        }
    };
    out.extend_from_slice(escaped);
}

/// Writes a number as C's `%g` does: six significant digits, no trailing zeros.
fn write_float(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        let text = if value.is_nan() { "nan" } else { "inf" };
        if value.is_sign_negative() {
            out.push(b'-');
        }
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let scientific = format!("{value:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |digits: &str| match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => digits.to_owned(),
    };
    let _ = if (-4..6).contains(&exponent) {
        write!(out, "{}", trim(&format!("{value:.*}", (5 - exponent) as usize)))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(out, "{}e{sign}{:02}", trim(mantissa), exponent.abs())
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float(value: f64) -> String {
        let mut out = Vec::new();
        write_float(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floats_are_as_printf_writes_them() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (-2.5, "-2.5"),
            (0.37, "0.37"),
            (1e6, "1e+06"),
            (123456.0, "123456"),
            (1234567.0, "1.23457e+06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.0 / 3.0, "0.333333"),
            (-1e-300, "-1e-300"),
            (f64::INFINITY, "inf"),
            (999999.5, "1e+06"),
        ] {
            assert_eq!(float(value), text);
        }
    }

    #[test]
    fn elements_are_counted() {
        let (mut index, mut out, mut expected) = (ElementIndex::new(), Vec::new(), String::new());
        for n in 0..12_345 {
            index.write(&mut out);
            expected += &format!("{}[{n}] = ", if n == 0 { " " } else { ", " });
        }
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn strings_are_escaped() {
        let mut out = Vec::new();
        write_string(&mut out, b"a\"b\\\n\x01?\x7f\xc3\xa9");
        assert_eq!(out, b"\"a\\\"b\\\\\\n\\x01\\?\\x7f\xc3\xa9\"");
    }

    #[test]
    fn strings_of_all_bytes_and_lengths_are_escaped_byte_by_byte() {
        let slow = |bytes: &[u8]| {
            let mut out = b"\"".to_vec();
            for &byte in bytes {
                match byte {
                    0x7f | b'"' | b'\'' | b'?' | b'\\' | ..b' ' => write_escaped(&mut out, byte),
                    _ => out.push(byte),
                }
            }
            out.push(b'"');
            out
        };
        let all: Vec<u8> = (1..=255).collect();
        let plain = b"an entity of 40 bytes, all plain, of a VM";
        let dense = b"''a?'bc'\"def\"ghij\"klmno'pqrstu?vwxyz\\\\";
        for text in [&all[..], plain, dense] {
            for from in 0..text.len() {
                for to in from..text.len().min(from + 70) {
                    let expected = slow(&text[from..to]);
                    let (mut out, mut within) = (Vec::new(), Vec::new());
                    write_string(&mut out, &text[from..to]);
                    assert_eq!(out, expected);
                    write_string_within(&mut within, &text[from..], to - from);
                    assert_eq!(within, expected);
                }
            }
        }
    }
}
