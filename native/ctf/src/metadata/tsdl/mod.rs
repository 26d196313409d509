//! TSDL, the language of CTF 1.8's metadata: its tokens, its declarations, and what is right of a `=`.

mod blocks;
mod declarator;
mod enumeration;
mod names;
mod scalars;
mod structure;

use std::collections::HashMap;

use super::build::Builder;
use super::lexer::{Lexer, Token};
use crate::error::Error;
use crate::field::FieldType;

pub(super) use blocks::parse_uuid;

/// What TSDL text has declared so far; text may come in pieces that end between declarations.
#[derive(Default)]
pub(crate) struct Tsdl {
    /// Named types, innermost scope last; between pieces only the outermost is there.
    scopes: Vec<HashMap<String, FieldType>>,
    lines: u32,
    has_declared: bool,
}

/// Value of an attribute: what is right of a `=`.
#[derive(Debug, Clone, PartialEq)]
enum Attribute {
    Int(i128),
    Str(String),
    Path(Vec<String>),
}

/// Reads one piece of text.
struct Parser<'s, 'b> {
    lexer: Lexer<'s>,
    token: Token<'s>,
    /// Where `token` begins.
    at: usize,
    builder: &'b mut Builder,
    scopes: Vec<HashMap<String, FieldType>>,
    depth: u32,
}

impl Tsdl {
    /// Reads `text`, which is made of whole declarations.
    pub(crate) fn parse(&mut self, text: &str, builder: &mut Builder) -> Result<(), Error> {
        let mut scopes = std::mem::take(&mut self.scopes);
        if scopes.is_empty() {
            scopes.push(HashMap::new());
        }
        let lexer = Lexer::new(text, self.lines);
        let mut parser = Parser { lexer, token: Token::End, at: 0, builder, scopes, depth: 0 };
        parser.bump()?;
        while parser.token != Token::End {
            parser.top_level()?;
            self.has_declared = true;
        }
        self.scopes = parser.scopes;
        self.lines += memchr::memchr_iter(b'\n', text.as_bytes()).count() as u32;
        Ok(())
    }

    /// Whether there was anything but comments.
    pub(crate) fn has_declared(&self) -> bool {
        self.has_declared
    }

    /// Line that follows what was read.
    pub(crate) fn next_line(&self) -> u32 {
        self.lines + 1
    }

    /// Length of the longest beginning of `text` that is made of whole declarations.
    pub(crate) fn complete_prefix(text: &str) -> usize {
        let mut lexer = Lexer::new(text, 0);
        let (mut depth, mut complete) = (0usize, 0);
        while let Ok(token) = lexer.next() {
            match token {
                Token::End => break,
                Token::Punct("{") => depth += 1,
                Token::Punct("}") => depth = depth.saturating_sub(1),
                Token::Punct(";") if depth == 0 => complete = lexer.start + 1,
                _ => {}
            }
        }
        complete
    }
}

impl<'s> Parser<'s, '_> {
    fn bump(&mut self) -> Result<Token<'s>, Error> {
        let next = self.lexer.next()?;
        self.at = self.lexer.start;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn fail<T>(&self, what: impl Into<String>) -> Result<T, Error> {
        Err(self.lexer.error_at(self.at, what))
    }

    fn at_punct(&self, punct: &str) -> bool {
        matches!(self.token, Token::Punct(p) if p == punct)
    }

    fn at_word(&self, word: &str) -> bool {
        matches!(self.token, Token::Ident(w) if w == word)
    }

    /// Takes `punct` if it is next.
    fn accept(&mut self, punct: &str) -> Result<bool, Error> {
        let there = self.at_punct(punct);
        if there {
            self.bump()?;
        }
        Ok(there)
    }

    fn expect(&mut self, punct: &str) -> Result<(), Error> {
        if self.accept(punct)? { Ok(()) } else { self.fail(format!("expected {punct:?}")) }
    }

    fn expect_word(&mut self) -> Result<&'s str, Error> {
        match self.token {
            Token::Ident(word) => {
                self.bump()?;
                Ok(word)
            }
            _ => self.fail("expected a name"),
        }
    }

    fn top_level(&mut self) -> Result<(), Error> {
        if self.accept(";")? {
            return Ok(());
        }
        match self.token {
            Token::Ident("trace") => self.trace(),
            Token::Ident("env") => self.env(),
            Token::Ident("clock") => self.clock(),
            Token::Ident("stream") => self.stream(),
            Token::Ident("event") => self.event(),
            Token::Ident("callsite") => {
                self.bump()?;
                self.block(|p| p.attribute_or_type().map(drop))
            }
            Token::Ident("typealias" | "typedef" | "struct" | "variant" | "enum") => self.type_declaration(),
            Token::Ident(word) => self.fail(format!("unexpected {word:?} at the top level")),
            _ => self.fail("expected a declaration"),
        }
    }

    /// `{ item* } ;`
    fn block(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        self.expect("{")?;
        self.scopes.push(HashMap::new());
        while !self.at_punct("}") {
            if !self.accept(";")? {
                item(self)?;
            }
        }
        self.scopes.pop();
        self.expect("}")?;
        self.expect(";")
    }

    /// `a.b.c = value ;` or `a.b.c := type ;`; the path is joined with dots.
    fn attribute_or_type(&mut self) -> Result<(String, Result<Attribute, FieldType>), Error> {
        let mut path = self.expect_word()?.to_owned();
        while self.accept(".")? {
            path.push('.');
            path.push_str(self.expect_word()?);
        }
        let value = if self.accept(":=")? {
            Err(self.type_specifier()?)
        } else {
            self.expect("=")?;
            Ok(self.attribute_value()?)
        };
        self.expect(";")?;
        Ok((path, value))
    }

    fn attribute_value(&mut self) -> Result<Attribute, Error> {
        let negative = self.accept("-")?;
        if !negative {
            self.accept("+")?;
        }
        match self.bump()? {
            Token::Int(i) => Ok(Attribute::Int(if negative { -i128::from(i) } else { i.into() })),
            Token::Char(c) if !negative => Ok(Attribute::Int(c.into())),
            Token::Str(text) if !negative => Ok(Attribute::Str(text)),
            Token::Ident(word) if !negative => {
                let mut path = vec![word.to_owned()];
                while self.accept(".")? {
                    path.push(self.expect_word()?.to_owned());
                }
                Ok(Attribute::Path(path))
            }
            _ => self.fail("expected a value"),
        }
    }

    /// `{ name = value ; … }`, each handed to `item` with its place.
    fn attributes(
        &mut self,
        mut item: impl FnMut(&mut Self, &str, Attribute, usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.expect("{")?;
        while !self.at_punct("}") {
            if self.accept(";")? {
                continue;
            }
            let at = self.at;
            let name = self.expect_word()?;
            self.expect("=")?;
            let value = self.attribute_value()?;
            item(self, name, value, at)?;
            self.expect(";")?;
        }
        self.expect("}")
    }
}
