//! Declarators: a name with the stars and brackets around it, and paths to the fields that lengths come from.

use super::names::C_WORDS;
use super::{Attribute, Parser};
use crate::error::Error;
use crate::field::{FieldType, Length, NO_SLOT, Origin, Reference, Scope};
use crate::metadata::EnvValue;

/// Words that cannot be names, besides C's.
const KEYWORDS: [&str; 16] = [
    "align",
    "callsite",
    "clock",
    "const",
    "enum",
    "env",
    "event",
    "floating_point",
    "integer",
    "stream",
    "string",
    "struct",
    "trace",
    "typealias",
    "typedef",
    "variant",
];

pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

/// Beginnings of paths that name a scope.
const SCOPES: [(&[&str], Scope); 6] = [
    (&["trace", "packet", "header"], Scope::PacketHeader),
    (&["stream", "packet", "context"], Scope::PacketContext),
    (&["stream", "event", "header"], Scope::EventHeader),
    (&["stream", "event", "context"], Scope::CommonContext),
    (&["event", "context"], Scope::SpecificContext),
    (&["event", "fields"], Scope::Payload),
];

/// A name with what stands around it: `*p`, `a[3][n]`.
pub(super) struct Declarator {
    pub(super) name: String,
    pointers: usize,
    lengths: Vec<Length>,
    pub(super) at: usize,
}

impl Parser<'_, '_> {
    /// Refuses a word that means something in the language.
    pub(super) fn free_word(&self, word: &str, at: usize) -> Result<(), Error> {
        if is_keyword(word) || C_WORDS.contains(&word) {
            return Err(self.lexer.error_at(at, format!("the keyword {word:?} cannot be a name")));
        }
        Ok(())
    }

    pub(super) fn declarator(&mut self) -> Result<Declarator, Error> {
        let mut pointers = 0;
        loop {
            if self.accept("*")? {
                pointers += 1;
            } else if self.at_word("const") {
                self.bump()?;
            } else {
                break;
            }
        }
        let at = self.at;
        let name = self.expect_word()?;
        self.free_word(name, at)?;
        let name = name.to_owned();
        let mut lengths = Vec::new();
        while self.accept("[")? {
            lengths.push(self.length()?);
        }
        Ok(Declarator { name, pointers, lengths, at })
    }

    /// Arrays in a `typealias`, where there is no name to put them behind.
    pub(super) fn abstract_arrays(&mut self, ty: FieldType) -> Result<FieldType, Error> {
        let at = self.at;
        let mut lengths = Vec::new();
        while self.accept("[")? {
            lengths.push(self.length()?);
        }
        self.arrays(ty, lengths, at)
    }

    /// `n ]` or `path ]`
    fn length(&mut self) -> Result<Length, Error> {
        let at = self.at;
        let length = match self.attribute_value()? {
            Attribute::Int(n) => match u64::try_from(n) {
                Ok(n) => Length::Static(n),
                Err(_) => return Err(self.lexer.error_at(at, "the length of an array must not be negative")),
            },
            Attribute::Path(path) => match path.as_slice() {
                [env, name] if env == "env" => Length::Static(self.environment_number(name, at)?),
                _ => Length::Dynamic(self.reference(path, at)),
            },
            Attribute::Str(_) => return Err(self.lexer.error_at(at, "expected a length")),
        };
        self.expect("]")?;
        Ok(length)
    }

    /// A number of the environment as the length of an array.
    fn environment_number(&self, name: &str, at: usize) -> Result<u64, Error> {
        let fault = |what: &str| Err(self.lexer.error_at(at, format!("\"env.{name}\" {what}")));
        match self.builder.environment_value(name) {
            Some(EnvValue::Int(n)) => match u64::try_from(*n) {
                Ok(n) => Ok(n),
                Err(_) => fault("is negative and cannot be the length of an array"),
            },
            Some(EnvValue::Str(_)) => fault("is text and cannot be the length of an array"),
            None => fault("is not in the environment declared so far"),
        }
    }

    pub(super) fn reference(&self, path: Vec<String>, at: usize) -> Reference {
        let scope = SCOPES
            .iter()
            .find(|(prefix, _)| path.len() > prefix.len() && path.iter().zip(*prefix).all(|(a, b)| a == b));
        let skip = scope.map_or(0, |(prefix, _)| prefix.len());
        let (line, column) = self.lexer.position(at);
        Reference {
            path: path.into_iter().skip(skip).map(String::into_boxed_str).collect(),
            origin: scope.map_or(Origin::Around, |(_, scope)| Origin::Scope(*scope)),
            line,
            column,
            slot: NO_SLOT,
            signed: false,
        }
    }

    fn arrays(&mut self, ty: FieldType, lengths: Vec<Length>, at: usize) -> Result<FieldType, Error> {
        let mut ty = ty;
        for length in lengths.into_iter().rev() {
            let text = ty.align == 8 && ty.as_int().is_some_and(|int| int.text && int.bits == 8);
            ty = FieldType::array(ty, length, text);
            ty = self.checked(ty, at)?;
        }
        Ok(ty)
    }

    /// The type of a declared name.
    pub(super) fn declare(
        &mut self,
        ty: Option<&FieldType>,
        words: &str,
        declarator: Declarator,
    ) -> Result<FieldType, Error> {
        let at = declarator.at;
        let stars = " *".repeat(declarator.pointers);
        let ty = match ty {
            Some(ty) if stars.is_empty() => {
                self.charge(ty.weight(), at)?;
                ty.clone()
            }
            Some(_) => return Err(self.lexer.error_at(at, "only a named type can be pointed to")),
            None => self.look_up(&format!("{words}{stars}"), at)?,
        };
        self.arrays(ty, declarator.lengths, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_names_do_not_begin_each_other() {
        for (i, (a, _)) in SCOPES.iter().enumerate() {
            for (b, _) in &SCOPES[i + 1..] {
                assert!(!a.starts_with(b) && !b.starts_with(a), "{a:?} {b:?}");
            }
        }
    }
}
