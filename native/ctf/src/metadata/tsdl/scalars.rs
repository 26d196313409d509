//! Integers, floating-point numbers and strings.

use super::{Attribute, Parser};
use crate::bits::ByteOrder;
use crate::error::Error;
use crate::field::{FieldType, Float, Form, Int, MAX_ALIGN, NO_CLOCK, NO_SLOT, Role};

impl Parser<'_, '_> {
    pub(super) fn alignment(&self, value: &Attribute, at: usize) -> Result<u32, Error> {
        match value {
            Attribute::Int(i) if *i > 0 && (*i as u128).is_power_of_two() => {
                if *i > MAX_ALIGN.into() {
                    return Err(self
                        .lexer
                        .error_at(at, format!("alignments above {MAX_ALIGN} bits are not supported")));
                }
                Ok(*i as u32)
            }
            _ => Err(self.lexer.error_at(at, "an alignment must be a power of two")),
        }
    }

    /// The byte order, and whether it is the trace's.
    fn byte_order(&self, value: &Attribute, at: usize) -> Result<(ByteOrder, bool), Error> {
        let word = match value {
            Attribute::Path(words) if words.len() == 1 => words[0].as_str(),
            _ => "",
        };
        match word {
            "le" => Ok((ByteOrder::Little, false)),
            "be" | "network" => Ok((ByteOrder::Big, false)),
            "native" => Ok((ByteOrder::Little, true)),
            _ => Err(self.lexer.error_at(at, "the byte order must be le, be, network or native")),
        }
    }

    pub(super) fn integer(&mut self, begin: usize) -> Result<FieldType, Error> {
        let (mut bits, mut align) = (None, None);
        let mut int = Int {
            bits: 0,
            form: Form::Plain,
            boolean: false,
            signed: false,
            base: 10,
            text: false,
            native: true,
            order: ByteOrder::Little,
            role: Role::None,
            slot: NO_SLOT,
            clock: NO_CLOCK,
        };
        self.attributes(|p, name, value, at| {
            match name {
                "size" => match value {
                    Attribute::Int(n @ 1..=64) => bits = Some(n as u8),
                    _ => return Err(p.lexer.error_at(at, "the size of an integer must be 1 to 64 bits")),
                },
                "align" => align = Some(p.alignment(&value, at)?),
                "signed" => match boolean(&value) {
                    Some(signed) => int.signed = signed,
                    None => return Err(p.lexer.error_at(at, "expected true or false")),
                },
                "byte_order" => (int.order, int.native) = p.byte_order(&value, at)?,
                "base" => match base(&value) {
                    Some(base) => int.base = base,
                    None => return Err(p.lexer.error_at(at, "unknown base")),
                },
                "encoding" => match encoding(&value) {
                    Some(text) => int.text = text,
                    None => return Err(p.lexer.error_at(at, "unknown encoding")),
                },
                "map" => match &value {
                    Attribute::Path(path) => match path.as_slice() {
                        [clock, name, value] if clock == "clock" && value == "value" => {
                            int.clock = p.builder.clock_reference(name);
                        }
                        _ => return Err(p.lexer.error_at(at, "expected clock.NAME.value")),
                    },
                    _ => return Err(p.lexer.error_at(at, "expected clock.NAME.value")),
                },
                _ => {}
            }
            Ok(())
        })?;
        let Some(bits) = bits else { return Err(self.lexer.error_at(begin, "the integer has no size")) };
        int.bits = bits;
        Ok(FieldType::int(int, align.unwrap_or(if bits % 8 == 0 { 8 } else { 1 })))
    }

    pub(super) fn floating_point(&mut self, begin: usize) -> Result<FieldType, Error> {
        let (mut exponent, mut mantissa, mut align) = (0, 0, None);
        let mut order = (ByteOrder::Little, true);
        self.attributes(|p, name, value, at| {
            match (name, &value) {
                ("exp_dig", Attribute::Int(n)) => exponent = *n,
                ("mant_dig", Attribute::Int(n)) => mantissa = *n,
                ("align", _) => align = Some(p.alignment(&value, at)?),
                ("byte_order", _) => order = p.byte_order(&value, at)?,
                ("exp_dig" | "mant_dig", _) => return Err(p.lexer.error_at(at, "expected a number")),
                _ => {}
            }
            Ok(())
        })?;
        let bits = match (exponent, mantissa) {
            (8, 24) => 32,
            (11, 53) => 64,
            _ => {
                let what = "floating-point numbers must be IEEE 754's binary32 or binary64";
                return Err(self.lexer.error_at(begin, what));
            }
        };
        Ok(FieldType::float(
            Float { bits, reversed: false, order: order.0, native: order.1 },
            align.unwrap_or(8),
        ))
    }

    pub(super) fn string(&mut self) -> Result<FieldType, Error> {
        if self.at_punct("{") {
            self.attributes(|p, name, value, at| match name {
                "encoding" if encoding(&value).is_none() => Err(p.lexer.error_at(at, "unknown encoding")),
                _ => Ok(()),
            })?;
        }
        Ok(FieldType::string())
    }
}

fn boolean(value: &Attribute) -> Option<bool> {
    match value {
        Attribute::Int(0) => Some(false),
        Attribute::Int(1) => Some(true),
        Attribute::Path(words) => match words.join(".").as_str() {
            "true" | "TRUE" => Some(true),
            "false" | "FALSE" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn base(value: &Attribute) -> Option<u8> {
    match value {
        Attribute::Int(n @ (2 | 8 | 10 | 16)) => Some(*n as u8),
        Attribute::Int(_) => None,
        Attribute::Str(word) => base_word(word),
        Attribute::Path(words) => base_word(&words.join(".")),
    }
}

fn base_word(word: &str) -> Option<u8> {
    match word {
        "decimal" | "dec" | "d" | "i" | "u" => Some(10),
        "hexadecimal" | "hex" | "x" | "X" | "p" => Some(16),
        "octal" | "oct" | "o" => Some(8),
        "binary" | "b" => Some(2),
        _ => None,
    }
}

/// Whether the encoding is one of text; `None` when it is unknown.
fn encoding(value: &Attribute) -> Option<bool> {
    let word = match value {
        Attribute::Path(words) => words.join("."),
        Attribute::Str(word) => word.clone(),
        Attribute::Int(_) => return None,
    };
    match word.as_str() {
        "none" => Some(false),
        "UTF8" | "utf8" | "UTF-8" | "utf-8" | "ASCII" | "ascii" => Some(true),
        _ => None,
    }
}
