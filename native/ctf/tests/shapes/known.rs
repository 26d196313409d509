//! What was written, to be compared with what is read.

use beamtap_ctf::Value;

#[derive(Debug, Clone)]
pub(crate) enum Known {
    Int(i128),
    Enum(i128),
    Float(f64),
    Text(Vec<u8>),
    Struct(Vec<(String, Known)>),
    Array(Vec<Known>),
    Variant(String, Box<Known>),
}

/// A name without the underscore that TSDL puts in front.
fn public(name: &str) -> &str {
    name.strip_prefix('_').unwrap_or(name)
}

/// Asserts that a value is the one that was written.
pub(crate) fn assert_known(value: Value<'_>, known: &Known, case: &str) {
    let shown = format!("{value:?}");
    match (value, known) {
        (Value::Unsigned(is), Known::Int(was)) => assert_eq!(i128::from(is), *was, "{case}"),
        (Value::Signed(is), Known::Int(was)) => assert_eq!(i128::from(is), *was, "{case}"),
        (Value::Enum(is), Known::Enum(was)) if is.is_signed() => {
            assert_eq!(i128::from(is.value() as i64), *was, "{case}");
        }
        (Value::Enum(is), Known::Enum(was)) => assert_eq!(i128::from(is.value()), *was, "{case}"),
        (Value::Float(is), Known::Float(was)) => {
            assert!(is.to_bits() == was.to_bits() || (is.is_nan() && was.is_nan()), "{case}: {is} {was}");
        }
        (Value::Str(is), Known::Text(was)) => assert_eq!(is, was, "{case}"),
        (Value::Struct(is), Known::Struct(was)) => {
            let is: Vec<_> = is.collect();
            assert_eq!(is.len(), was.len(), "{case}: {shown}");
            for ((name, value), (known_name, known)) in is.into_iter().zip(was) {
                assert_eq!(name, public(known_name), "{case}");
                assert_known(value, known, &format!("{case}.{name}"));
            }
        }
        (Value::Array(is), Known::Array(was)) => {
            let is: Vec<_> = is.collect();
            assert_eq!(is.len(), was.len(), "{case}: {shown}");
            for (i, (value, known)) in is.into_iter().zip(was).enumerate() {
                assert_known(value, known, &format!("{case}[{i}]"));
            }
        }
        (Value::Variant(is), Known::Variant(name, was)) => {
            assert_eq!(is.name(), public(name), "{case}");
            assert_known(is.value(), was, &format!("{case}.{name}"));
        }
        _ => panic!("{case}: {shown} is not {known:?}"),
    }
}
