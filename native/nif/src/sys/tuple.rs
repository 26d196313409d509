//! Tuples, read where they lie.

use super::env::CallEnv;
use super::packing::{HEADER_BITS, HEADER_MASK, POINTER_TAGS, PRIMARY_BOXED, PRIMARY_MASK};
use super::word::term_of;
use rustler::sys::{ErlNifTerm, enif_get_tuple};
use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The primary tag of a tuple that can be read where it lies: so that asking whether any can takes no time.
#[cfg_attr(target_os = "linux", unsafe(link_section = ".data.beamtap_hot"))]
static TUPLE_TAG: AtomicU64 = AtomicU64::new(NO_TAG);
/// Before a VM is known to pack tuples as `packing` says: what no term's tag is.
const NO_TAG: u64 = u64::MAX;

/// Whether they are: else the VM is asked.
#[inline(always)]
pub(super) fn reads_tuples() -> bool {
    TUPLE_TAG.load(Relaxed) != NO_TAG
}

/// Reads a tuple where it lies: what the VM's own function does, without the call.
///
/// # Safety
///
/// This VM packs terms as `packing` says, the term is a boxed one and alive for `'a`.
#[inline(always)]
unsafe fn tuple_in_memory<'a>(term: u64) -> Option<&'a [u64]> {
    let address = std::ptr::with_exposed_provenance::<u64>((term & !POINTER_TAGS) as usize);
    // SAFETY: a boxed term points to its header word, by the contract above.
    let header = unsafe { *address };
    if header & HEADER_MASK != 0 {
        return None;
    }
    let arity = (header >> HEADER_BITS) as usize;
    // SAFETY: as above; behind a tuple's header stand as many terms as it says.
    Some(unsafe { std::slice::from_raw_parts(address.add(1), arity) })
}

impl<'a> CallEnv<'a> {
    /// The elements of a tuple, where it can be read without asking the VM.
    #[inline(always)]
    pub(crate) fn tuple_in_place(self, term: u64) -> Option<&'a [u64]> {
        if term & PRIMARY_MASK != TUPLE_TAG.load(Relaxed) {
            return None;
        }
        // SAFETY: checked with a known tuple before `TUPLE_TAG` was set to the tag of boxed terms; the term is one of this
        // call's.
        unsafe { tuple_in_memory(term) }
    }

    /// The elements of a tuple.
    #[inline]
    pub(crate) fn tuple(self, term: u64) -> Option<&'a [u64]> {
        match self.tuple_in_place(term) {
            None if !reads_tuples() => self.tuple_by_vm(term),
            found => found,
        }
    }

    #[cold]
    #[inline(never)]
    fn tuple_by_vm(self, term: u64) -> Option<&'a [u64]> {
        let mut arity: c_int = 0;
        let mut elements: *const ErlNifTerm = std::ptr::null();
        // SAFETY: `self.env` is valid by `new`, and the two out-pointers are to locals.
        let found = unsafe { enif_get_tuple(self.env, term_of(term), &mut arity, &mut elements) };
        if found == 0 || arity <= 0 {
            return None;
        }
        // SAFETY: the VM answered with a tuple of `arity` terms that lives at least as long as the call; a term is one
        // 64-bit word, as `word_of` has the compiler check.
        Some(unsafe { std::slice::from_raw_parts(elements.cast::<u64>(), arity as usize) })
    }

    /// Learns whether tuples can be read where they lie, by comparing with what the VM's function says of one.
    pub(crate) fn calibrate_tuples(self, known: u64) {
        let Some(by_vm) = self.tuple_by_vm(known) else { return };
        let at = by_vm.as_ptr().expose_provenance() as u64;
        // Looked at as numbers first: only a word that points right before the elements is followed.
        let is_boxed =
            known & PRIMARY_MASK == PRIMARY_BOXED && (known & !POINTER_TAGS) + size_of::<u64>() as u64 == at;
        // SAFETY: the word points where the VM says the tuple is.
        if is_boxed && unsafe { tuple_in_memory::<'a>(known) } == Some(by_vm) {
            TUPLE_TAG.store(PRIMARY_BOXED, Relaxed);
        }
    }
}
