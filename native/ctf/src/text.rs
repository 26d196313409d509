//! Events as text, in the form of babeltrace2's `sink.text.pretty`, which other tools read.

use std::io::Write as _;

use crate::event::Event;
use crate::field::{FieldType, Int, Kind};
use crate::value::{EnumValue, Value};

/// Members of a packet context that are about the packet and not about the trace.
const PACKET_MEMBERS: [&str; 6] =
    ["timestamp_begin", "timestamp_end", "content_size", "packet_size", "packet_seq_num", "events_discarded"];

impl Event<'_> {
    /// Appends the event's name and all its fields in babeltrace2's text form:
    /// `name: { cpu_id = 2 }, { vpid = 7 }, { field = 1, text = "a" }`.
    ///
    /// The line's beginning (time, hostname) and end are the caller's.
    pub fn write_text(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.name().as_bytes());
        out.extend_from_slice(b": ");
        let mut scopes = Scopes { out, is_first: true };
        if let Some(members) = self.packet_context() {
            let mut open = false;
            for (name, ty, value) in members.typed() {
                if PACKET_MEMBERS.contains(&name) {
                    continue;
                }
                if !std::mem::replace(&mut open, true) {
                    scopes.begin();
                    scopes.out.extend_from_slice(b"{ ");
                } else {
                    scopes.out.extend_from_slice(b", ");
                }
                write_member(scopes.out, name, ty, value);
            }
            if open {
                scopes.out.extend_from_slice(b" }");
            }
        }
        for (ty, members) in self.scopes() {
            scopes.begin();
            write_structure(scopes.out, members.map(|(i, value)| (&ty.members()[i], value)));
        }
    }
}

struct Scopes<'o> {
    out: &'o mut Vec<u8>,
    is_first: bool,
}

impl Scopes<'_> {
    fn begin(&mut self) {
        if !std::mem::replace(&mut self.is_first, false) {
            self.out.extend_from_slice(b", ");
        }
    }
}

fn write_structure<'a>(
    out: &mut Vec<u8>,
    members: impl Iterator<Item = (&'a crate::field::Field, Value<'a>)>,
) {
    out.push(b'{');
    for (i, (field, value)) in members.enumerate() {
        out.extend_from_slice(if i == 0 { b" " } else { b", " });
        write_member(out, field.name(), &field.ty, value);
    }
    out.extend_from_slice(b" }");
}

fn write_member(out: &mut Vec<u8>, name: &str, ty: &FieldType, value: Value<'_>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b" = ");
    write_value(out, ty, value);
}

fn write_value(out: &mut Vec<u8>, ty: &FieldType, value: Value<'_>) {
    match (value, &ty.kind) {
        (Value::Unsigned(v), Kind::Int(int)) => write_number(out, v, int),
        (Value::Signed(v), Kind::Int(int)) => write_number(out, v as u64, int),
        (Value::Enum(v), Kind::Enum(int, _)) => write_enum(out, &v, int),
        (Value::Float(v), _) => write_float(out, v),
        (Value::Str(bytes), _) => write_string(out, bytes),
        (Value::Array(elements), Kind::Array(array)) => {
            out.push(b'[');
            for (i, element) in elements.enumerate() {
                out.extend_from_slice(if i == 0 { b" [" } else { b", [" });
                write_decimal(out, i as u64);
                out.extend_from_slice(b"] = ");
                write_value(out, &array.element, element);
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

fn write_number(out: &mut Vec<u8>, value: u64, int: &Int) {
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

fn write_decimal(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
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

fn write_string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    for &byte in bytes {
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
            0..=31 | 127 => {
                let _ = write!(out, "\\x{byte:02x}");
                continue;
            }
            _ => {
                out.push(byte);
                continue;
            }
        };
        out.extend_from_slice(escaped);
    }
    out.push(b'"');
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
    fn strings_are_escaped() {
        let mut out = Vec::new();
        write_string(&mut out, b"a\"b\\\n\x01?\x7f\xc3\xa9");
        assert_eq!(out, b"\"a\\\"b\\\\\\n\\x01\\?\\x7f\xc3\xa9\"");
    }
}
