//! Conditions on the values of fields: `pid=131`.

use beamtap_ctf::Value;
use std::cmp::Ordering;
use std::str::FromStr;

/// What the value of a field must be.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    field: String,
    operator: Operator,
    text: String,
    number: Option<Number>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// A number as somebody wrote it.
#[derive(Clone, Copy, Debug)]
enum Number {
    /// Holds all values of 64 bits, with a sign or without.
    Whole(i128),
    Fraction(f64),
}

/// The longer ones first: each is tried at the same place.
const OPERATORS: [(&str, Operator); 6] = [
    ("!=", Operator::NotEqual),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl FromStr for Condition {
    type Err = String;

    /// Reads `FIELD OP VALUE`, spaces around the operator allowed. Errors name the column, from 1.
    fn from_str(text: &str) -> Result<Condition, String> {
        let column = |at: usize| text[..at].chars().count() + 1;
        let at = text
            .find(['=', '<', '>', '!'])
            .ok_or_else(|| format!("column {}: expected one of = != < <= > >=", column(text.len())))?;
        let found = OPERATORS.iter().find(|(sign, _)| text[at..].starts_with(sign));
        let (sign, operator) = *found.ok_or_else(|| format!("column {}: expected !=", column(at)))?;
        let field = text[..at].trim();
        if field.is_empty() {
            return Err(format!("column {}: expected the name of a field before {sign}", column(at)));
        }
        let behind = at + sign.len();
        let value = text[behind..].trim();
        let number = Number::parse(value);
        let is_order = !matches!(operator, Operator::Equal | Operator::NotEqual);
        if is_order && number.is_none() {
            let begin = behind + text[behind..].len() - text[behind..].trim_start().len();
            return Err(format!("column {}: expected a number after {sign}", column(begin)));
        }
        Ok(Condition { field: field.to_owned(), operator, text: value.to_owned(), number })
    }
}

impl Condition {
    /// Name of the field.
    pub(crate) fn field(&self) -> &str {
        &self.field
    }

    /// Whether a value is as it must be.
    pub(crate) fn holds(&self, value: &Value<'_>) -> bool {
        match value {
            Value::Unsigned(value) => self.holds_for(self.compare_whole((*value).into())),
            Value::Signed(value) => self.holds_for(self.compare_whole((*value).into())),
            // Either as it is shown, or as 1 and 0.
            Value::Bool(value) if self.number.is_none() => {
                self.holds_for_text(value.to_string() == self.text)
            }
            Value::Bool(value) => self.holds_for(self.compare_whole((*value).into())),
            Value::Float(value) => self.holds_for(self.number.and_then(|number| match number {
                Number::Whole(whole) => value.partial_cmp(&(whole as f64)),
                Number::Fraction(fraction) => value.partial_cmp(&fraction),
            })),
            Value::Str(text) => self.holds_for_text(*text == self.text.as_bytes()),
            Value::Enum(value) if self.number.is_none() => {
                self.holds_for_text(value.labels().any(|label| label == self.text))
            }
            Value::Enum(value) if value.is_signed() => {
                self.holds_for(self.compare_whole((value.value() as i64).into()))
            }
            Value::Enum(value) => self.holds_for(self.compare_whole(value.value().into())),
            Value::Variant(selected) => self.holds(&selected.value()),
            _ => false,
        }
    }

    fn compare_whole(&self, value: i128) -> Option<Ordering> {
        match self.number? {
            Number::Whole(whole) => Some(value.cmp(&whole)),
            Number::Fraction(fraction) => (value as f64).partial_cmp(&fraction),
        }
    }

    fn holds_for(&self, ordering: Option<Ordering>) -> bool {
        let Some(ordering) = ordering else { return false };
        match self.operator {
            Operator::Equal => ordering.is_eq(),
            Operator::NotEqual => ordering.is_ne(),
            Operator::Less => ordering.is_lt(),
            Operator::AtMost => ordering.is_le(),
            Operator::Greater => ordering.is_gt(),
            Operator::AtLeast => ordering.is_ge(),
        }
    }

    fn holds_for_text(&self, is_equal: bool) -> bool {
        match self.operator {
            Operator::Equal => is_equal,
            Operator::NotEqual => !is_equal,
            _ => false,
        }
    }
}

impl Number {
    fn parse(text: &str) -> Option<Number> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let whole = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        };
        whole
            .map(|whole| Number::Whole(sign * i128::from(whole)))
            .or_else(|| text.parse().ok().map(Number::Fraction))
    }
}

#[cfg(test)]
mod tests {
    use super::Condition;
    use beamtap_ctf::Value;

    fn holds(condition: &str, value: Value<'_>) -> bool {
        condition.parse::<Condition>().unwrap().holds(&value)
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(holds("a=131", Value::Unsigned(131)) && !holds("a=131", Value::Unsigned(132)));
        assert!(holds("a = 0x1f", Value::Signed(31)));
        assert!(holds("a=-1", Value::Signed(-1)) && !holds("a=-1", Value::Unsigned(u64::MAX)));
        assert!(holds("a=18446744073709551615", Value::Unsigned(u64::MAX)));
        assert!(holds("a!=1", Value::Unsigned(2)) && !holds("a!=1", Value::Unsigned(1)));
        assert!(holds("a<1", Value::Signed(-5)) && !holds("a<1", Value::Unsigned(1)));
        assert!(holds("a<=1", Value::Unsigned(1)) && !holds("a>1", Value::Unsigned(1)));
        assert!(holds("a>=1.5", Value::Unsigned(2)) && holds("a>2", Value::Float(2.5)));
        assert!(!holds("a!=1", Value::Float(f64::NAN)), "not a number is neither");
        assert!(!holds("a=x", Value::Unsigned(0)) && !holds("a!=x", Value::Unsigned(0)));
    }

    #[test]
    fn booleans_are_words_or_numbers() {
        assert!(holds("a=true", Value::Bool(true)) && !holds("a=true", Value::Bool(false)));
        assert!(holds("a!=true", Value::Bool(false)) && holds("a=0", Value::Bool(false)));
        assert!(holds("a>0", Value::Bool(true)) && !holds("a=yes", Value::Bool(true)));
    }

    #[test]
    fn texts_are_compared_as_bytes() {
        assert!(holds("a=sh", Value::Str(b"sh")) && !holds("a=sh", Value::Str(b"shh")));
        assert!(holds("a!=sh", Value::Str(b"\xff")));
        assert!(holds("a=7", Value::Str(b"7")) && !holds("a<8", Value::Str(b"7")));
        assert!(holds("a=b=c", Value::Str(b"b=c")) && holds("a=", Value::Str(b"")));
        assert!(!holds("a=1", Value::Absent) && !holds("a!=1", Value::Absent));
    }

    #[test]
    fn errors_name_the_column() {
        for (text, column) in [("pid", 4), ("", 1), ("=5", 1), ("pid!5", 4), ("é< x", 4), ("a>=", 4)] {
            let error = text.parse::<Condition>().unwrap_err();
            assert!(error.starts_with(&format!("column {column}: expected")), "{text:?}: {error}");
        }
    }
}
