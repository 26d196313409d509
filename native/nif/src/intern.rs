//! Functions and atoms as small numbers, given out without a lock and never taken back.
//!
//! A key packs the atom-table places of module and function with the arity into 64 bits, exactly: no two functions
//! share one. The shared table is open addressed; one compare-and-swap both publishes a key and, since the id is the
//! key's place in the table, its id: no thread ever waits for another.

use crate::layout;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How many functions and atoms can be named. Beyond that their number is 0, "unknown".
pub(crate) const CAPACITY: usize = 1 << 17;
/// Places looked at before a table counts as full: keeps a look-up's time bounded.
const PROBES: usize = 64;
/// 28 bits for each atom's place: the VM's default limit is 2^20 atoms, and 2^28 would take 16 GB.
const ATOM_LIMIT: u64 = 1 << 28;
/// The function half of a key that names a plain atom.
const PLAIN_ATOM: u64 = ATOM_LIMIT - 1;

static KEYS: [AtomicU64; CAPACITY] = [const { AtomicU64::new(0) }; CAPACITY];

/// What a number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(u64);

/// What has a number, in the words that the VM has for it.
pub(crate) type Words = [u64; 3];

/// A key taken apart: atoms as the VM's terms.
pub(crate) enum Named {
    Function { module: u64, name: u64, arity: u8 },
    Atom(u64),
}

impl Key {
    /// The key of a function; nothing when the terms are not two atoms and a small arity.
    #[inline]
    pub(crate) const fn function(module: u64, name: u64, arity: u64) -> Option<Key> {
        match (layout::atom_index(module), layout::atom_index(name)) {
            (Some(m), Some(f)) if m < PLAIN_ATOM && f < PLAIN_ATOM && arity < 256 => {
                Some(Key(arity << 56 | m << 28 | f))
            }
            _ => None,
        }
    }

    /// The key of a plain atom.
    pub(crate) const fn atom(atom: u64) -> Option<Key> {
        match layout::atom_index(atom) {
            Some(index) if index < PLAIN_ATOM => Some(Key(index << 28 | PLAIN_ATOM)),
            _ => None,
        }
    }

    /// The VM's terms for it: module, name and arity of a function; a plain atom and two words that are no terms.
    #[inline]
    pub(crate) const fn words(self) -> Words {
        match self.named() {
            Named::Function { module, name, arity } => [module, name, layout::small(arity as u64)],
            Named::Atom(atom) => [atom, 0, 0],
        }
    }

    /// The key as a number; never 0, since no function is named by atom 0 in module atom 0.
    #[inline]
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// Spreads the key over `bits` bits.
    #[inline]
    pub(crate) const fn hash(self, bits: u32) -> usize {
        (self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - bits)) as usize
    }

    pub(crate) const fn named(self) -> Named {
        let m = self.0 >> 28 & (ATOM_LIMIT - 1);
        let f = self.0 & (ATOM_LIMIT - 1);
        if f == PLAIN_ATOM {
            Named::Atom(layout::atom_word(m))
        } else {
            Named::Function {
                module: layout::atom_word(m),
                name: layout::atom_word(f),
                arity: (self.0 >> 56) as u8,
            }
        }
    }
}

/// What a look-up in the shared table found.
pub(crate) enum Interned {
    /// The number, known before.
    Known(u32),
    /// The number, given out by this call: the caller defines it.
    New(u32),
    /// The table is full.
    Full,
}

/// Finds or gives out the number of `key`. Numbers begin at 1.
pub(crate) fn intern(key: Key) -> Interned {
    if key.bits() == 0 {
        return Interned::Full;
    }
    let start = key.hash(CAPACITY.trailing_zeros());
    for probe in 0..PROBES {
        let place = (start + probe) % CAPACITY;
        let id = place as u32 + 1;
        match KEYS[place].load(Relaxed) {
            0 => match KEYS[place].compare_exchange(0, key.bits(), Relaxed, Relaxed) {
                Ok(_) => return Interned::New(id),
                Err(now) if now == key.bits() => return Interned::Known(id),
                Err(_) => {}
            },
            now if now == key.bits() => return Interned::Known(id),
            _ => {}
        }
    }
    Interned::Full
}

/// Everything that has a number.
pub(crate) fn all() -> impl Iterator<Item = (u32, Key)> {
    KEYS.iter().enumerate().filter_map(|(place, key)| match key.load(Relaxed) {
        0 => None,
        bits => Some((place as u32 + 1, Key(bits))),
    })
}
