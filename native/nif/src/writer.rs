//! Terms as text, as the VM's `%T` writes them, but bounded while they are written: the VM's own would read a message of
//! any size to its end to keep the first 255 bytes.
//!
//! Differences: text is UTF-8 also where a string has Latin-1 letters, maps are written as maps at any size, and integers
//! and strings of bits too large to be shown are told by their size.

use crate::decimal::Decimal;
use crate::layout;
use crate::sys::{AtomName, CallEnv, print};
use std::ffi::c_char;

/// Bytes of a rendered term at most, its end included, where OTP says so.
pub(crate) const OTP_BYTES: usize = 256;
/// What a text that was cut ends with.
const MARK: &str = "…";
/// Terms inside terms; deeper ones are cut.
const DEPTH: u32 = 64;
/// An integer of more words has more digits than there is room for, and takes the VM quadratic time to write.
const INTEGER_WORDS: usize = 16;

/// A term's text, in `ROOM` bytes, its end included.
pub(crate) struct Text<const ROOM: usize> {
    bytes: [u8; ROOM],
    length: usize,
    /// Bytes that may be written; below `ROOM`.
    limit: usize,
    /// List cells looked at for characters: those that add nothing must not be without end.
    looked: usize,
}

impl<const ROOM: usize> Text<ROOM> {
    /// The text of any term, cut where there is no room.
    pub(crate) fn of(env: CallEnv<'_>, term: u64) -> Self {
        let mut text = Text { bytes: [0; ROOM], length: 0, limit: ROOM - 1, looked: 0 };
        text.write(env, term, DEPTH);
        text
    }

    /// What `write` writes, in at most `limit` bytes, and whether it was cut: then it ends with a mark.
    pub(crate) fn bounded(limit: usize, write: impl FnOnce(&mut Self)) -> (Self, bool) {
        let limit = limit.clamp(MARK.len(), ROOM - 2);
        // One byte more than may stay tells what fits from what was cut.
        let mut text = Text { bytes: [0; ROOM], length: 0, limit: limit + 1, looked: 0 };
        write(&mut text);
        let is_cut = text.length > limit;
        if is_cut {
            let mut end = limit - MARK.len();
            while end > 0 && text.bytes[end] & 0xC0 == 0x80 {
                end -= 1;
            }
            text.bytes[end..end + MARK.len()].copy_from_slice(MARK.as_bytes());
            text.length = end + MARK.len();
            text.bytes[text.length..].fill(0);
        }
        (text, is_cut)
    }

    /// Adds any term.
    pub(crate) fn term(&mut self, env: CallEnv<'_>, term: u64) {
        self.write(env, term, DEPTH);
    }

    /// Adds the elements of a list as arguments of a call: in parentheses, and never as a string.
    pub(crate) fn arguments(&mut self, env: CallEnv<'_>, mut list: u64) {
        self.push(b"(");
        let mut is_first = true;
        while let Some((head, tail)) = env.list_cell(list) {
            if self.is_full() {
                return;
            }
            self.push(if is_first { b"" } else { b"," });
            is_first = false;
            self.write(env, head, DEPTH - 1);
            list = tail;
        }
        self.push(b")");
    }

    /// Adds text as `io:put_chars/1` takes it: binaries in UTF-8 and characters in lists, nested or not; an atom adds
    /// its name, any other term what [`Text::term`] adds.
    pub(crate) fn characters(&mut self, env: CallEnv<'_>, term: u64) {
        self.characters_within(env, term, DEPTH);
    }

    fn characters_within(&mut self, env: CallEnv<'_>, term: u64, depth: u32) {
        if depth == 0 {
            return self.push(b"...");
        }
        if let Some(bytes) = env.bytes(term) {
            return self.utf8(bytes);
        }
        let Some(mut cell) = env.list_cell(term) else { return self.name_or_term(env, term) };
        while !self.is_full() {
            self.looked += 1;
            if self.looked > ROOM * 4 {
                return;
            }
            let (head, tail) = cell;
            match layout::small_value(head).and_then(|code| char::from_u32(u32::try_from(code).ok()?)) {
                Some(character) => self.character(character),
                None => self.characters_within(env, head, depth - 1),
            }
            match env.list_cell(tail) {
                Some(next) => cell = next,
                None if env.list_length(tail) == Some(0) => return,
                None => return self.characters_within(env, tail, depth - 1),
            }
        }
    }

    fn name_or_term(&mut self, env: CallEnv<'_>, term: u64) {
        if env.list_length(term) == Some(0) {
            return;
        }
        let mut name = AtomName::new();
        match env.atom_name(term, &mut name) {
            Some(length) => self.push(name.bytes(length)),
            None => self.term(env, term),
        }
    }

    fn utf8(&mut self, bytes: &[u8]) {
        let shown = &bytes[..bytes.len().min(ROOM)];
        for chunk in shown.utf8_chunks() {
            chunk.valid().chars().for_each(|character| self.character(character));
            if !chunk.invalid().is_empty() {
                self.character(char::REPLACEMENT_CHARACTER);
            }
        }
    }

    /// A NUL would end the recorded string.
    fn character(&mut self, character: char) {
        let shown = if character == '\0' { char::REPLACEMENT_CHARACTER } else { character };
        self.push(shown.encode_utf8(&mut [0; 4]).as_bytes());
    }

    pub(crate) const fn as_ptr(&self) -> *const c_char {
        self.bytes.as_ptr().cast()
    }

    const fn is_full(&self) -> bool {
        self.length >= self.limit
    }

    /// Adds what there is room for; the last byte stays 0.
    fn push(&mut self, bytes: &[u8]) {
        let taken = bytes.len().min(self.limit - self.length);
        self.bytes[self.length..self.length + taken].copy_from_slice(&bytes[..taken]);
        self.length += taken;
    }

    fn number(&mut self, number: u64) {
        self.push(Decimal::of(number).as_bytes());
    }

    /// As the VM writes it: for terms whose size is bounded.
    fn by_vm(&mut self, term: u64) {
        self.length += print(&mut self.bytes[self.length..=self.limit], c"%.256T", term);
    }

    fn write(&mut self, env: CallEnv<'_>, term: u64, depth: u32) {
        if self.is_full() {
            return;
        }
        if depth == 0 {
            return self.push(b"...");
        }
        if let Some(id) = layout::pid(term) {
            self.push(b"<0.");
            self.number(id & 0xFFFF_FFFF);
            self.push(b".");
            self.number(id >> 32);
            self.push(b">");
        } else if let Some(number) = layout::port(term) {
            self.push(b"#Port<0.");
            self.number(number);
            self.push(b">");
        } else if let Some(number) = layout::small_value(term) {
            self.number(number);
        } else if layout::atom_index(term).is_some() {
            let mut name = [0; 256];
            match env.latin_atom(term, &mut name).filter(|name| is_plain(name)) {
                Some(name) => self.push(name),
                None => self.by_vm(term),
            }
        } else if let Some(elements) = env.tuple(term) {
            self.push(b"{");
            for (place, &element) in elements.iter().enumerate() {
                if self.is_full() {
                    return;
                }
                self.push(if place > 0 { b"," } else { b"" });
                self.write(env, element, depth - 1);
            }
            self.push(b"}");
        } else if let Some(cell) = env.list_cell(term) {
            self.list(env, term, cell, depth);
        } else if let Some(bytes) = env.bytes(term) {
            self.binary(bytes);
        } else if env.is_map(term) {
            self.push(b"#{");
            let mut is_first = true;
            env.each_pair(term, |key, value| {
                self.push(if is_first { b"" } else { b"," });
                is_first = false;
                self.write(env, key, depth - 1);
                self.push(b"=>");
                self.write(env, value, depth - 1);
                !self.is_full()
            });
            self.push(b"}");
        } else if let Some(bytes) = env.bits_bytes(term).filter(|&bytes| bytes > OTP_BYTES as u64) {
            self.push(b"#Bits<");
            self.number(bytes);
            self.push(b" bytes>");
        } else if env.integer_words(term).is_some_and(|words| words > INTEGER_WORDS) {
            self.push(b"#Integer<");
            self.number(env.integer_words(term).unwrap_or(0) as u64);
            self.push(b" words>");
        } else {
            self.by_vm(term);
        }
    }

    fn list(&mut self, env: CallEnv<'_>, list: u64, (mut head, mut tail): (u64, u64), depth: u32) {
        if is_string(env, list, ROOM) {
            return self.string(env, list);
        }
        self.push(b"[");
        loop {
            self.write(env, head, depth - 1);
            if self.is_full() {
                return;
            }
            match env.list_cell(tail) {
                Some(next) => {
                    self.push(b",");
                    (head, tail) = next;
                }
                None if env.list_length(tail) == Some(0) => break,
                None => {
                    self.push(b"|");
                    self.write(env, tail, depth - 1);
                    break;
                }
            }
        }
        self.push(b"]");
    }

    fn string(&mut self, env: CallEnv<'_>, mut list: u64) {
        self.push(b"\"");
        while let Some((head, tail)) = env.list_cell(list) {
            match character(head) {
                Some('"') => self.push(b"\\\""),
                Some('\n') => self.push(b"\\n"),
                Some(character) => self.push(character.encode_utf8(&mut [0; 4]).as_bytes()),
                None => {}
            }
            if self.is_full() {
                return;
            }
            list = tail;
        }
        self.push(b"\"");
    }

    fn binary(&mut self, bytes: &[u8]) {
        // What is behind the first of them cannot be shown anyway.
        let shown = &bytes[..bytes.len().min(ROOM)];
        if !shown.is_empty() && shown.iter().all(|byte| (b' '..0x7F).contains(byte)) {
            self.push(b"<<\"");
            self.push(shown);
            return self.push(b"\">>");
        }
        self.push(b"<<");
        for (place, &byte) in shown.iter().enumerate() {
            self.push(if place > 0 { b"," } else { b"" });
            self.number(u64::from(byte));
        }
        self.push(b">>");
    }
}

/// Whether the VM writes an atom of this name as it is, without quotes.
fn is_plain(name: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    name.first().is_some_and(u8::is_ascii_lowercase) && name.iter().all(is_letter)
}

/// Whether a list is text, as far as it can be shown.
fn is_string(env: CallEnv<'_>, mut list: u64, shown: usize) -> bool {
    for _ in 0..shown {
        let Some((head, tail)) = env.list_cell(list) else { return env.list_length(list) == Some(0) };
        if character(head).is_none() {
            return false;
        }
        list = tail;
    }
    true
}

/// The letter of a small integer, where it is one of Latin-1 that prints.
fn character(term: u64) -> Option<char> {
    let byte = u8::try_from(layout::small_value(term)?).ok()?;
    matches!(byte, b'\t'..=b'\r' | b' '..=0x7E | 0xA0..).then(|| char::from(byte))
}
