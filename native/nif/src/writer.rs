//! Terms as text, as the VM's `%T` writes them, but bounded while they are written: the VM's own would read a message of
//! any size to its end to keep the first 255 bytes.
//!
//! Two differences: text is UTF-8 also where a string has Latin-1 letters, and maps are written as maps at any size.

use crate::layout;
use crate::sys::{CallEnv, print};
use std::ffi::c_char;

/// Bytes of a rendered term at most, its end included: what OTP allows.
const TERM_BYTES: usize = 256;
/// Terms inside terms; deeper ones are cut.
const DEPTH: u32 = 64;
/// An integer of more words has more digits than there is room for, and takes the VM quadratic time to write.
const INTEGER_WORDS: usize = 16;

/// A term's text.
pub(crate) struct Text {
    bytes: [u8; TERM_BYTES],
    length: usize,
}

impl Text {
    /// The text of any term, cut where there is no room.
    pub(crate) fn of(env: CallEnv<'_>, term: u64) -> Text {
        let mut text = Text { bytes: [0; TERM_BYTES], length: 0 };
        text.write(env, term, DEPTH);
        text
    }

    pub(crate) const fn as_ptr(&self) -> *const c_char {
        self.bytes.as_ptr().cast()
    }

    const fn is_full(&self) -> bool {
        self.length >= TERM_BYTES - 1
    }

    /// Adds what there is room for; the last byte stays 0.
    fn push(&mut self, bytes: &[u8]) {
        let taken = bytes.len().min(TERM_BYTES - 1 - self.length);
        self.bytes[self.length..self.length + taken].copy_from_slice(&bytes[..taken]);
        self.length += taken;
    }

    fn number(&mut self, number: u64) {
        let digits = decimal(number);
        let first = digits.iter().position(|digit| *digit != 0).unwrap_or(0);
        self.push(&digits[first..]);
    }

    /// As the VM writes it: for terms whose size is bounded.
    fn by_vm(&mut self, term: u64) {
        self.length += print(&mut self.bytes[self.length..], c"%.256T", term);
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
        } else if env.integer_words(term).is_some_and(|words| words > INTEGER_WORDS) {
            self.push(b"#Integer<");
            self.number(env.integer_words(term).unwrap_or(0) as u64);
            self.push(b" words>");
        } else {
            self.by_vm(term);
        }
    }

    fn list(&mut self, env: CallEnv<'_>, list: u64, (mut head, mut tail): (u64, u64), depth: u32) {
        if is_string(env, list) {
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
        let shown = &bytes[..bytes.len().min(TERM_BYTES)];
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

/// Whether a list is text, as far as it can be shown.
fn is_string(env: CallEnv<'_>, mut list: u64) -> bool {
    for _ in 0..TERM_BYTES {
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

/// A number's digits, zero bytes before them.
pub(crate) fn decimal(mut number: u64) -> [u8; 20] {
    let mut digits = [0; 20];
    for place in digits.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    digits
}
