//! Enumerations.

use super::{Attribute, Parser};
use crate::error::Error;
use crate::field::{FieldType, Int, Kind, Mapping};
use crate::metadata::lexer::Token;

impl Parser<'_, '_> {
    pub(super) fn enumeration(&mut self, at: usize) -> Result<FieldType, Error> {
        let name = self.optional_word()?;
        let mut container = None;
        if self.accept(":")? {
            let at = self.at;
            let ty = self.type_specifier()?;
            match ty.kind {
                Kind::Int(int) => container = Some((int, ty.align)),
                _ => {
                    return Err(self
                        .lexer
                        .error_at(at, "the container of an enumeration must be an integer"));
                }
            }
        }
        if !self.accept("{")? {
            return match (name, container) {
                (Some(name), None) => self.look_up(&format!("enum {name}"), at),
                _ => Err(self.lexer.error_at(at, "the enumeration has no values")),
            };
        }
        let (int, align) = match container {
            Some(container) => container,
            None => match self.look_up("int", at)? {
                FieldType { kind: Kind::Int(int), align, .. } => (int, align),
                _ => return Err(self.lexer.error_at(at, "the type \"int\" is not an integer")),
            },
        };
        let mappings = self.mappings(&int)?;
        let ty = FieldType::enumeration(int, align, mappings.into());
        if let Some(name) = name {
            self.define(format!("enum {name}"), ty.clone(), at)?;
        }
        Ok(ty)
    }

    /// `label [= value [... value]] , … }`
    fn mappings(&mut self, int: &Int) -> Result<Vec<Mapping>, Error> {
        let mut mappings = Vec::new();
        let mut next = 0i128;
        while !self.at_punct("}") {
            let at = self.at;
            let label = match self.bump()? {
                Token::Ident(word) => word.to_owned(),
                Token::Str(text) => text,
                _ => return Err(self.lexer.error_at(at, "expected the name of a value")),
            };
            let (mut low, mut high) = (next, next);
            if self.accept("=")? {
                low = self.enum_value()?;
                high = if self.accept("...")? { self.enum_value()? } else { low };
            }
            if low > high {
                return Err(self.lexer.error_at(at, "the range ends before it begins"));
            }
            let (min, max) = match (int.signed, int.bits) {
                (true, bits) => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
                (false, bits) => (0, (1i128 << bits) - 1),
            };
            if low < min || high > max {
                return Err(self.lexer.error_at(at, "the value does not fit in the enumeration's integer"));
            }
            self.charge(1, at)?;
            mappings.push(Mapping { label: label.into(), low: low as u64, high: high as u64 });
            next = high + 1;
            if !self.accept(",")? {
                break;
            }
        }
        if mappings.is_empty() {
            return self.fail("the enumeration has no values");
        }
        self.expect("}")?;
        Ok(mappings)
    }

    fn enum_value(&mut self) -> Result<i128, Error> {
        let at = self.at;
        match self.attribute_value()? {
            Attribute::Int(i) => Ok(i),
            _ => Err(self.lexer.error_at(at, "expected a number")),
        }
    }
}
