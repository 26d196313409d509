//! Events as text, in the form of babeltrace2's `sink.text.pretty`, which other tools read.

use std::io::Write as _;

use crate::event::Event;
use crate::field::{FieldType, Int, Kind};
use crate::value::{EnumValue, Value};

/// Members of a packet context that are about the packet and not about the trace.
pub(crate) const PACKET_MEMBERS: [&str; 6] =
    ["timestamp_begin", "timestamp_end", "content_size", "packet_size", "packet_seq_num", "events_discarded"];

impl Event<'_> {
    /// Appends the event's name and all its fields in babeltrace2's text form:
    /// `name: { cpu_id = 2 }, { vpid = 7 }, { field = 1, text = "a" }`.
    ///
    /// The line's beginning (time, hostname) and end are the caller's.
    pub fn write_text(self, out: &mut Vec<u8>) {
        self.text_plan().write(self, out);
    }
}

/// Appends the packet's context without what is about the packet itself.
pub(crate) fn write_packet(out: &mut Vec<u8>, event: Event<'_>) {
    let Some(members) = event.packet_context() else { return };
    let told = members.typed().filter(|(name, _, _)| !PACKET_MEMBERS.contains(name));
    out.push(b'{');
    for (i, (name, ty, value)) in told.enumerate() {
        out.extend_from_slice(if i == 0 { b" " } else { b", " });
        write_member(out, name, ty, value);
    }
    out.extend_from_slice(b" }");
}

fn write_member(out: &mut Vec<u8>, name: &str, ty: &FieldType, value: Value<'_>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b" = ");
    write_value(out, ty, value);
}

pub(crate) fn write_value(out: &mut Vec<u8>, ty: &FieldType, value: Value<'_>) {
    match (value, &ty.kind) {
        (Value::Unsigned(v), Kind::Int(int)) => write_number(out, v, int),
        (Value::Signed(v), Kind::Int(int)) => write_number(out, v as u64, int),
        (Value::Enum(v), Kind::Enum(int, _)) => write_enum(out, &v, int),
        (Value::Float(v), _) => write_float(out, v),
        (Value::Str(bytes), _) => write_string(out, bytes),
        (Value::Array(elements), Kind::Array(array)) => {
            out.push(b'[');
            let begin = |out: &mut Vec<u8>, i: usize| {
                out.extend_from_slice(if i == 0 { b" [" } else { b", [" });
                write_decimal(out, i as u64);
                out.extend_from_slice(b"] = ");
            };
            if let (Kind::Int(int), Some(numbers)) = (&array.element.kind, elements.numbers()) {
                for (i, number) in numbers.enumerate() {
                    begin(out, i);
                    write_number(out, number, int);
                }
            } else {
                for (i, element) in elements.enumerate() {
                    begin(out, i);
                    write_value(out, &array.element, element);
                }
            }
            out.extend_from_slice(b" ]");
        }
        (Value::Struct(members), Kind::Struct(_)) => {
            out.push(b'{');
            for (i, (name, ty, value)) in members.typed().enumerate() {
                out.extend_from_slice(if i == 0 { b" " } else { b", " });
                write_member(out, name, ty, value);
            }
            out.extend_from_slice(b" }");
        }
        (Value::Variant(selected), _) => {
            out.extend_from_slice(b"{ ");
            write_value(out, selected.field_type(), selected.value());
            out.extend_from_slice(b" }");
        }
        (value, Kind::Optional(optional)) => {
            out.push(b'{');
            if !matches!(value, Value::Absent) {
                out.push(b' ');
                write_value(out, &optional.ty, value);
            }
            out.extend_from_slice(b" }");
        }
        _ => out.extend_from_slice(b"?"),
    }
}

pub(crate) fn write_number(out: &mut Vec<u8>, value: u64, int: &Int) {
    let mask = u64::MAX >> (64 - u32::from(int.bits));
    // Writing to a Vec cannot fail.
    let _ = match int.base {
        16 => write!(out, "0x{:X}", value & mask),
        8 => write!(out, "0{:o}", value & mask),
        2 => write!(out, "0b{:0width$b}", value & mask, width = usize::from(int.bits)),
        _ if int.signed => {
            let value = value as i64;
            if value < 0 {
                out.push(b'-');
            }
            write_decimal(out, value.unsigned_abs());
            Ok(())
        }
        _ => {
            write_decimal(out, value);
            Ok(())
        }
    };
}

/// The numbers 00 to 99.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut i = 0;
    while i < 100 {
        pairs[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    pairs
};

#[inline]
pub(crate) fn write_decimal(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    while value >= 10 {
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[(value % 100) as usize]);
        value /= 100;
    }
    // The highest digit, unless the last pair had it.
    if value > 0 || at == digits.len() {
        at -= 1;
        digits[at] = b'0' + value as u8;
    }
    out.extend_from_slice(&digits[at..]);
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
    write_number(out, value.value(), &Int { base: 10, ..*int });
    out.extend_from_slice(b" )");
}

pub(crate) fn write_string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    if bytes.iter().fold(true, |is_plain, &byte| is_plain & stands_for_itself(byte)) {
        out.extend_from_slice(bytes);
        out.push(b'"');
        return;
    }
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|&byte| !stands_for_itself(byte)) {
        out.extend_from_slice(&rest[..at]);
        write_escaped(out, rest[at]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
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

/// Stands for itself between quotes. Looked at without a branch, so that many bytes are looked at at once.
fn stands_for_itself(byte: u8) -> bool {
    (byte >= b' ') & (byte != 0x7f) & (byte != b'"') & (byte != b'\'') & (byte != b'?') & (byte != b'\\')
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
    fn decimals_have_no_leading_zeros() {
        let numbers =
            (0..=20_000).chain((0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit])).chain([u64::MAX]);
        for number in numbers {
            let mut out = Vec::new();
            write_decimal(&mut out, number);
            assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
        }
    }

    #[test]
    fn strings_are_escaped() {
        let mut out = Vec::new();
        write_string(&mut out, b"a\"b\\\n\x01?\x7f\xc3\xa9");
        assert_eq!(out, b"\"a\\\"b\\\\\\n\\x01\\?\\x7f\xc3\xa9\"");
    }
}
