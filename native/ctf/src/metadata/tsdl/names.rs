//! Types by name: `typealias`, `typedef`, C's names of several words, and the scopes that names live in.

use std::collections::hash_map::Entry;

use super::Parser;
use super::declarator::is_keyword;
use crate::error::Error;
use crate::field::{FieldType, MAX_DEPTH};
use crate::metadata::lexer::Token;

/// Words of C's type names, which may follow each other.
pub(super) const C_WORDS: [&str; 12] = [
    "void",
    "char",
    "short",
    "int",
    "long",
    "float",
    "double",
    "signed",
    "unsigned",
    "_Bool",
    "_Complex",
    "_Imaginary",
];

impl<'s> Parser<'s, '_> {
    /// `typealias … ;`, `typedef … ;`, or the definition of a named type.
    pub(super) fn type_declaration(&mut self) -> Result<(), Error> {
        if self.at_word("typealias") {
            self.bump()?;
            let ty = self.type_specifier()?;
            let ty = self.abstract_arrays(ty)?;
            self.expect(":=")?;
            let at = self.at;
            let name = self.alias_name()?;
            self.expect(";")?;
            return self.define(name, ty, at);
        }
        if self.at_word("typedef") {
            self.bump()?;
            let (ty, words) = self.declared_type()?;
            loop {
                let declarator = self.declarator()?;
                let at = declarator.at;
                let name = declarator.name.clone();
                let ty = self.declare(ty.as_ref(), &words, declarator)?;
                self.define(name, ty, at)?;
                if !self.accept(",")? {
                    break;
                }
            }
            return self.expect(";");
        }
        self.type_specifier()?;
        self.expect(";")
    }

    /// Name on the right of a `typealias`: words and stars.
    fn alias_name(&mut self) -> Result<String, Error> {
        let mut name = String::new();
        loop {
            let word = match self.token {
                Token::Ident(word) if word != "const" && is_keyword(word) => {
                    return self.fail(format!("the keyword {word:?} cannot be a name"));
                }
                Token::Ident(word) => word,
                Token::Punct("*") => "*",
                _ if name.is_empty() => return self.fail("expected the alias's name"),
                _ => return Ok(name),
            };
            if word != "const" {
                if !name.is_empty() {
                    name.push(' ');
                }
                name.push_str(word);
            }
            self.bump()?;
        }
    }

    pub(super) fn define(&mut self, name: String, ty: FieldType, at: usize) -> Result<(), Error> {
        match self.scopes.last_mut().map(|scope| scope.entry(name)) {
            Some(Entry::Vacant(free)) => {
                free.insert(ty);
                Ok(())
            }
            Some(Entry::Occupied(taken)) => {
                let what = format!("the type {:?} is already declared", taken.key());
                Err(self.lexer.error_at(at, what))
            }
            None => Err(self.lexer.error_at(at, "no type can be declared here")),
        }
    }

    pub(super) fn look_up(&mut self, name: &str, at: usize) -> Result<FieldType, Error> {
        let Some(ty) = self.scopes.iter().rev().find_map(|scope| scope.get(name)) else {
            return Err(self.lexer.error_at(at, format!("the type {name:?} is not declared")));
        };
        let ty = ty.clone();
        self.charge(ty.weight(), at)?;
        Ok(ty)
    }

    /// Pays for `weight` more types.
    pub(super) fn charge(&mut self, weight: u64, at: usize) -> Result<(), Error> {
        if self.builder.charge(weight) {
            return Ok(());
        }
        Err(self.lexer.error_at(at, "the metadata describes more types than this reader keeps"))
    }

    pub(super) fn checked(&mut self, ty: FieldType, at: usize) -> Result<FieldType, Error> {
        self.charge(1, at)?;
        if ty.depth > MAX_DEPTH {
            return Err(self.lexer.error_at(at, "types are nested too deeply"));
        }
        Ok(ty)
    }

    /// A type where no name follows.
    pub(super) fn type_specifier(&mut self) -> Result<FieldType, Error> {
        let at = self.at;
        match self.declared_type()? {
            (Some(ty), _) => Ok(ty),
            (None, mut words) => {
                while self.accept("*")? {
                    words.push_str(" *");
                }
                self.look_up(&words, at)
            }
        }
    }

    /// A type, or the words of its name: stars of a declarator may still belong to it.
    pub(super) fn declared_type(&mut self) -> Result<(Option<FieldType>, String), Error> {
        self.depth += 1;
        if self.depth > u32::from(MAX_DEPTH) {
            return self.fail("types are nested too deeply");
        }
        while self.at_word("const") {
            self.bump()?;
        }
        let at = self.at;
        let word = self.expect_word()?;
        let ty = match word {
            "integer" => Some(self.integer(at)?),
            "floating_point" => Some(self.floating_point(at)?),
            "string" => Some(self.string()?),
            "struct" => Some(self.structure(at)?),
            "variant" => Some(self.variant(at)?),
            "enum" => Some(self.enumeration(at)?),
            _ => None,
        };
        let mut words = String::new();
        if let Some(ty) = ty {
            self.depth -= 1;
            return Ok((Some(self.checked(ty, at)?), words));
        }
        words.push_str(word);
        let mut in_c = C_WORDS.contains(&word);
        while let Token::Ident(more) = self.token {
            if more == "const" {
                self.bump()?;
                continue;
            }
            in_c &= C_WORDS.contains(&more);
            if !in_c {
                break;
            }
            words.push(' ');
            words.push_str(more);
            self.bump()?;
        }
        self.depth -= 1;
        Ok((None, words))
    }

    pub(super) fn optional_word(&mut self) -> Result<Option<&'s str>, Error> {
        match self.token {
            Token::Ident(word) if word != "align" => {
                self.free_word(word, self.at)?;
                self.bump()?;
                Ok(Some(word))
            }
            _ => Ok(None),
        }
    }
}
