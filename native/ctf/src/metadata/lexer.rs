//! TSDL's words.

use std::cell::Cell;

use crate::error::Error;

/// One word of TSDL.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token<'s> {
    Ident(&'s str),
    Int(u64),
    Str(String),
    /// A character in single quotes.
    Char(u8),
    /// Punctuation: one of ``{ } [ ] ( ) < > ; , . : = + - *`` or ``:= ... ->``.
    Punct(&'static str),
    End,
}

/// Reads TSDL text word by word, with one word of lookahead for the parser.
pub(crate) struct Lexer<'s> {
    src: &'s str,
    pos: usize,
    /// Where the word that was read last begins.
    pub(crate) start: usize,
    line_base: u32,
    /// A place that was asked for, the lines before it, and where its line begins: the next is mostly behind it.
    known: Cell<(usize, u32, usize)>,
}

const PUNCTUATION: [&str; 19] =
    ["...", ":=", "->", "{", "}", "[", "]", "(", ")", "<", ">", ";", ",", ".", ":", "=", "+", "-", "*"];

impl<'s> Lexer<'s> {
    /// `line_base` lines of the metadata came before `src`.
    pub(crate) fn new(src: &'s str, line_base: u32) -> Lexer<'s> {
        Lexer { src, pos: 0, start: 0, line_base, known: Cell::new((0, 0, 0)) }
    }

    /// Line and column of a place in the text, from 1.
    pub(crate) fn position(&self, at: usize) -> (u32, u32) {
        let at = at.min(self.src.len());
        let (mut from, mut line, mut line_start) = self.known.get();
        if at < from {
            (from, line, line_start) = (0, 0, 0);
        }
        for newline in memchr::memchr_iter(b'\n', &self.src.as_bytes()[from..at]) {
            line += 1;
            line_start = from + newline + 1;
        }
        self.known.set((at, line, line_start));
        (self.line_base + line + 1, (at - line_start) as u32 + 1)
    }

    /// An error at a place in the text.
    pub(crate) fn error_at(&self, at: usize, what: impl Into<String>) -> Error {
        let (line, column) = self.position(at);
        Error::metadata(what, line, column)
    }

    fn rest(&self) -> &'s [u8] {
        &self.src.as_bytes()[self.pos..]
    }

    fn skip_blank(&mut self) -> Result<(), Error> {
        loop {
            let rest = self.rest();
            let blank = rest.iter().take_while(|b| b.is_ascii_whitespace() || **b == 0x0b).count();
            self.pos += blank;
            let rest = self.rest();
            if rest.starts_with(b"/*") {
                match memchr::memmem::find(&rest[2..], b"*/") {
                    Some(n) => self.pos += n + 4,
                    None => return Err(self.error_at(self.pos, "the comment does not end")),
                }
            } else if rest.starts_with(b"//") {
                self.pos += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            } else if blank == 0 {
                return Ok(());
            }
        }
    }

    /// Takes the next word.
    pub(crate) fn next(&mut self) -> Result<Token<'s>, Error> {
        self.skip_blank()?;
        self.start = self.pos;
        let rest = self.rest();
        let Some(&first) = rest.first() else { return Ok(Token::End) };
        match first {
            b'"' => return self.string(1),
            b'L' if rest.get(1) == Some(&b'"') => return self.string(2),
            b'\'' => return self.character(),
            b'0'..=b'9' => return self.number(),
            _ => {}
        }
        let ident = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        if ident > 0 {
            let word = &self.src[self.pos..self.pos + ident];
            self.pos += ident;
            return Ok(Token::Ident(word));
        }
        for punct in PUNCTUATION {
            if rest.starts_with(punct.as_bytes()) {
                self.pos += punct.len();
                return Ok(Token::Punct(punct));
            }
        }
        let what = match self.src.get(self.pos..).and_then(|s| s.chars().next()) {
            Some(c) => format!("unexpected character {c:?}"),
            None => "unexpected byte".to_owned(),
        };
        Err(self.error_at(self.pos, what))
    }

    fn number(&mut self) -> Result<Token<'s>, Error> {
        let rest = self.rest();
        let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let word = &self.src[self.pos..self.pos + length];
        let digits = word.trim_end_matches(['u', 'U', 'l', 'L']);
        let (digits, radix) = match digits.as_bytes() {
            [b'0', b'x' | b'X', ..] => (&digits[2..], 16),
            [b'0', b'b' | b'B', ..] => (&digits[2..], 2),
            [b'0', _, ..] => (&digits[1..], 8),
            _ => (digits, 10),
        };
        let value = u64::from_str_radix(digits, radix)
            .map_err(|_| self.error_at(self.pos, format!("{word} is not a 64-bit number")))?;
        self.pos += length;
        Ok(Token::Int(value))
    }

    fn string(&mut self, prefix: usize) -> Result<Token<'s>, Error> {
        let begin = self.pos;
        self.pos += prefix;
        let mut bytes = Vec::new();
        loop {
            match self.rest().first() {
                None | Some(b'\n') => return Err(self.error_at(begin, "the string does not end")),
                Some(b'"') => break,
                Some(b'\\') => match self.universal()? {
                    Some(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                    None => bytes.push(self.escape()?),
                },
                Some(&b) => {
                    bytes.push(b);
                    self.pos += 1;
                }
            }
        }
        self.pos += 1;
        // Escapes may stand for bytes that are no text.
        Ok(Token::Str(String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn character(&mut self) -> Result<Token<'s>, Error> {
        let begin = self.pos;
        self.pos += 1;
        let value = match self.rest().first() {
            Some(b'\\') => self.escape()?,
            Some(&b) if b != b'\'' && b != b'\n' => {
                self.pos += 1;
                b
            }
            _ => return Err(self.error_at(begin, "the character constant is empty")),
        };
        if self.rest().first() != Some(&b'\'') {
            return Err(self.error_at(begin, "the character constant does not end"));
        }
        self.pos += 1;
        Ok(Token::Char(value))
    }

    /// Takes a character that is given by its number: `\u` and four, or `\U` and eight hexadecimal digits.
    fn universal(&mut self) -> Result<Option<char>, Error> {
        let length = match self.rest().get(1) {
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => return Ok(None),
        };
        let digits = self.src.get(self.pos + 2..self.pos + 2 + length);
        let number = digits
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(c) = number.and_then(char::from_u32) else {
            return Err(self.error_at(self.pos, "unknown escape sequence"));
        };
        self.pos += 2 + length;
        Ok(Some(c))
    }

    /// Takes an escape sequence, as in C.
    fn escape(&mut self) -> Result<u8, Error> {
        let rest = self.rest();
        let fault = || self.error_at(self.pos, "unknown escape sequence");
        let (value, length) = match rest.get(1).ok_or_else(fault)? {
            b'n' => (b'\n', 2),
            b't' => (b'\t', 2),
            b'r' => (b'\r', 2),
            b'a' => (7, 2),
            b'b' => (8, 2),
            b'f' => (12, 2),
            b'v' => (11, 2),
            b'e' => (27, 2),
            &c @ (b'\\' | b'"' | b'\'' | b'?') => (c, 2),
            b'x' => digits(&rest[2..], 16, 2).map(|(v, n)| (v, n + 2)).ok_or_else(fault)?,
            b'0'..=b'7' => digits(&rest[1..], 8, 3).map(|(v, n)| (v, n + 1)).ok_or_else(fault)?,
            _ => return Err(fault()),
        };
        self.pos += length;
        Ok(value)
    }
}

/// Value and length of up to `most` digits; `None` without any, or when they make more than a byte.
fn digits(bytes: &[u8], radix: u32, most: usize) -> Option<(u8, usize)> {
    let n = bytes.iter().take(most).take_while(|b| char::from(**b).is_digit(radix)).count();
    let text = std::str::from_utf8(&bytes[..n]).ok()?;
    u8::from_str_radix(text, radix).ok().map(|v| (v, n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(src: &str) -> Result<Vec<Token<'_>>, Error> {
        let mut lexer = Lexer::new(src, 0);
        let mut tokens = Vec::new();
        loop {
            match lexer.next()? {
                Token::End => return Ok(tokens),
                token => tokens.push(token),
            }
        }
    }

    #[test]
    fn words_of_every_kind() {
        let tokens =
            all("a := 0x1F /* b */ 010 ... 0b11 // c\r\n 'x' '\\n' \"q\\\"\\x41\\101\" 5ULL ->").unwrap();
        use Token::*;
        assert_eq!(
            tokens,
            [
                Ident("a"),
                Punct(":="),
                Int(31),
                Int(8),
                Punct("..."),
                Int(3),
                Char(b'x'),
                Char(b'\n'),
                Str("q\"AA".into()),
                Int(5),
                Punct("->")
            ]
        );
    }

    #[test]
    fn faults_carry_line_and_column() {
        for (src, position) in [
            ("a\n  \"b", (2, 3)),
            ("/* never", (1, 1)),
            ("x\r\n\t@", (2, 2)),
            ("99999999999999999999", (1, 1)),
            ("\n\n 09", (3, 2)),
            ("''", (1, 1)),
        ] {
            let error = all(src).unwrap_err();
            assert_eq!(error.line_column(), Some(position), "{src:?}: {error}");
            assert!(error.is_metadata());
        }
    }
}
