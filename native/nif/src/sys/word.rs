//! A term as the machine word that it is.

use rustler::sys::ErlNifTerm;

/// A term's machine word. The tracer path compares and unpacks words; rustler keeps them opaque.
#[inline]
pub(crate) const fn word_of(term: ErlNifTerm) -> u64 {
    // SAFETY: the type is a transparent wrapper of a pointer-sized integer; the sizes are compared by the compiler.
    unsafe { std::mem::transmute::<ErlNifTerm, u64>(term) }
}

/// The term with this machine word, which came from the VM.
#[inline]
pub(crate) const fn term_of(word: u64) -> ErlNifTerm {
    // SAFETY: as in `word_of`.
    unsafe { std::mem::transmute::<u64, ErlNifTerm>(word) }
}
