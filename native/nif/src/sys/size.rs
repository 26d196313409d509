//! How large terms are that can be of any size: what is too large to be written is told by its size.

use super::env::CallEnv;
use super::packing::{HEADER_BITS, HEADER_MASK, POINTER_TAGS, PRIMARY_BOXED, PRIMARY_MASK};
use super::tuple::reads_tuples;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Headers of large integers have the number of words in the place of the arity.
const HEADER_POSITIVE: u64 = 0x08;
const HEADER_NEGATIVE: u64 = 0x0C;

/// How this VM packs a string of bits that is not one of bytes and too large for the heap: its header, and where behind
/// it stands the size in bytes (before OTP 27), or the first bit and the one behind the last. A header of 0 is none.
static BITS_HEADER: AtomicU64 = AtomicU64::new(0);
static BITS_PLACE: AtomicU64 = AtomicU64::new(0);
/// In [`BITS_PLACE`]: it is that of two bounds.
const BITS_ARE_BOUNDS: u64 = 1 << 32;
/// Words behind the header in which the size is looked for; every form of the VM has as many.
const BITS_WORDS: usize = 4;

impl CallEnv<'_> {
    /// The words of an integer too large to be immediate; nothing for other terms and where it cannot be told.
    pub(crate) fn integer_words(self, term: u64) -> Option<usize> {
        if !reads_tuples() || term & PRIMARY_MASK != PRIMARY_BOXED {
            return None;
        }
        let address = std::ptr::with_exposed_provenance::<u64>((term & !POINTER_TAGS) as usize);
        // SAFETY: as in `tuple_in_memory`: a boxed term points to its header.
        let header = unsafe { *address };
        let is_integer = matches!(header & HEADER_MASK, HEADER_POSITIVE | HEADER_NEGATIVE);
        is_integer.then_some((header >> HEADER_BITS) as usize)
    }

    /// The header of a boxed term and the words behind it; nothing for other terms and where terms are not read in place.
    fn boxed(self, term: u64) -> Option<(u64, [u64; BITS_WORDS])> {
        if !reads_tuples() || term & PRIMARY_MASK != PRIMARY_BOXED {
            return None;
        }
        let address = std::ptr::with_exposed_provenance::<u64>((term & !POINTER_TAGS) as usize);
        // SAFETY: as in `tuple_in_memory`: a boxed term points to its header.
        let header = unsafe { *address };
        if header >> HEADER_BITS < BITS_WORDS as u64 {
            return None;
        }
        // SAFETY: behind a header stand as many words as it says, which is enough.
        Some((header, unsafe { *address.add(1).cast::<[u64; BITS_WORDS]>() }))
    }

    /// Learns how large strings of bits are packed from one of this many bytes and three bits.
    pub(crate) fn calibrate_bits(self, known: u64, bytes: u64) {
        let Some((header, words)) = self.boxed(known) else { return };
        let size = words.iter().position(|&word| word == bytes);
        let bounds = words.windows(2).position(|pair| pair[1].wrapping_sub(pair[0]) == bytes * 8 + 3);
        let place = match (size, bounds) {
            (Some(place), None) => place as u64,
            (None, Some(place)) => place as u64 | BITS_ARE_BOUNDS,
            _ => return,
        };
        BITS_PLACE.store(place, Relaxed);
        BITS_HEADER.store(header, Relaxed);
    }

    /// The whole bytes in a string of bits that is large enough for the VM to keep it outside the heap.
    pub(crate) fn bits_bytes(self, term: u64) -> Option<u64> {
        let (header, words) = self.boxed(term)?;
        if header != BITS_HEADER.load(Relaxed) {
            return None;
        }
        let place = BITS_PLACE.load(Relaxed);
        let at = (place & !BITS_ARE_BOUNDS) as usize;
        if place & BITS_ARE_BOUNDS == 0 {
            return words.get(at).copied();
        }
        Some(words.get(at + 1)?.wrapping_sub(*words.get(at)?) / 8)
    }
}
