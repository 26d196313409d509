//! The names of atoms.

use super::env::CallEnv;
use super::print::enif_snprintf;
use super::word::term_of;
use crate::layout;
use rustler::sys::{ErlNifCharEncoding, enif_get_atom};
use std::ffi::{c_char, c_uint};

impl CallEnv<'_> {
    /// The name of an atom, in Latin-1; nothing where it has other letters.
    pub(crate) fn latin_atom(self, atom: u64, room: &mut [u8; 256]) -> Option<&[u8]> {
        // SAFETY: `self.env` is valid by `new`; the buffer is as long as the call is told.
        let written = unsafe {
            enif_get_atom(
                self.env,
                term_of(atom),
                room.as_mut_ptr().cast(),
                room.len() as c_uint,
                ErlNifCharEncoding::ERL_NIF_LATIN1,
            )
        };
        room.get(..usize::try_from(written).ok()?.checked_sub(1)?)
    }

    /// Writes an atom's name in UTF-8, NUL-terminated and without quotes, and answers its length.
    pub(crate) fn atom_name(self, atom: u64, out: &mut AtomName) -> Option<usize> {
        let mut latin = [0; 256];
        if let Some(name) = self.latin_atom(atom, &mut latin) {
            return Some(out.fill(name.iter().map(|&byte| char::from(byte))));
        }
        layout::atom_index(atom)?;
        // SAFETY: the buffer's size is given; an atom prints as at most 255 characters, quotes and escapes, and what
        // does not fit is cut.
        let printed =
            unsafe { enif_snprintf(out.0.as_mut_ptr().cast(), out.0.len(), c"%T".as_ptr(), term_of(atom)) };
        (printed > 0).then(|| out.unquote())
    }
}

/// Room for the longest atom: 255 characters of up to four bytes, quotes, escapes and a NUL.
pub(crate) struct AtomName([u8; 1280]);

impl AtomName {
    pub(crate) const fn new() -> Self {
        AtomName([0; 1280])
    }

    /// The name as a C string.
    pub(crate) const fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }

    /// The name's bytes, for a length that [`CallEnv::atom_name`] answered.
    pub(crate) fn bytes(&self, length: usize) -> &[u8] {
        self.0.get(..length).unwrap_or_default()
    }

    /// Takes the characters that fit and ends them with a NUL.
    fn fill(&mut self, characters: impl Iterator<Item = char>) -> usize {
        let mut length = 0;
        for character in characters {
            let mut utf8 = [0; 4];
            let encoded = character.encode_utf8(&mut utf8).as_bytes();
            // A NUL inside an atom would end the C string early; the field's text shows it as a space.
            let encoded = if encoded == [0] { &[b' '][..] } else { encoded };
            let Some(room) = self.0.get_mut(length..length + encoded.len()) else { break };
            room.copy_from_slice(encoded);
            length += encoded.len();
        }
        let end = length.min(self.0.len() - 1);
        self.0[end] = 0;
        end
    }

    /// Takes the quotes and escapes off a printed atom, in place.
    fn unquote(&mut self) -> usize {
        let printed = self.0.iter().position(|&byte| byte == 0).unwrap_or(self.0.len() - 1);
        let quoted = printed >= 2 && self.0[0] == b'\'';
        let (mut read, end) = if quoted { (1, printed - 1) } else { (0, printed) };
        let mut write = 0;
        while read < end {
            if quoted && self.0[read] == b'\\' && read + 1 < end {
                read += 1;
            }
            self.0[write] = self.0[read];
            write += 1;
            read += 1;
        }
        self.0[write] = 0;
        write
    }
}
