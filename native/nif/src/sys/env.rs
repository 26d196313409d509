//! The environment of a call, and what the VM answers in it.

use super::word::{term_of, word_of};
use rustler::sys::{
    ErlNifBinary, ErlNifEnv, ErlNifHash, ErlNifMapIterator, ErlNifMapIteratorEntry, ErlNifTerm,
    enif_get_map_value, enif_get_uint64, enif_hash, enif_inspect_binary, enif_is_map, enif_is_ref,
    enif_map_iterator_create, enif_map_iterator_destroy, enif_map_iterator_get_pair, enif_map_iterator_next,
};
use std::marker::PhantomData;
use std::mem::MaybeUninit;

/// The environment of one call from the VM. Cannot outlive the call.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct CallEnv<'a> {
    pub(super) env: *mut ErlNifEnv,
    call: PhantomData<&'a ()>,
}

impl<'a> CallEnv<'a> {
    /// Wraps the environment of the call in progress.
    ///
    /// # Safety
    ///
    /// `env` is the environment the VM passed to the call that is running, and `'a` does not outlive that call.
    pub(crate) const unsafe fn new(env: *mut ErlNifEnv) -> Self {
        CallEnv { env, call: PhantomData }
    }

    /// The value of `key` in a map.
    #[inline]
    pub(crate) fn map_value(self, map: u64, key: u64) -> Option<u64> {
        let mut value = ErlNifTerm::default();
        // SAFETY: `self.env` is valid by `new`, the out-pointer is to a local.
        let found = unsafe { enif_get_map_value(self.env, term_of(map), term_of(key), &mut value) };
        (found != 0).then_some(word_of(value))
    }

    /// A non-negative integer below 2^64.
    #[inline]
    pub(crate) fn unsigned(self, term: u64) -> Option<u64> {
        let mut value = 0;
        // SAFETY: `self.env` is valid by `new`, the out-pointer is to a local.
        (unsafe { enif_get_uint64(self.env, term_of(term), &mut value) } != 0).then_some(value)
    }

    /// The bytes of a binary; nothing for other terms, bit strings among them.
    pub(crate) fn bytes(self, term: u64) -> Option<&'a [u8]> {
        let mut binary = MaybeUninit::<ErlNifBinary>::uninit();
        // SAFETY: `self.env` is valid by `new`, the out-pointer is to a local, which the VM fills when it answers
        // non-zero; inspecting copies nothing.
        if unsafe { enif_inspect_binary(self.env, term_of(term), binary.as_mut_ptr()) } == 0 {
            return None;
        }
        // SAFETY: filled by the call above; the bytes live as long as the term, which the VM holds during the call.
        unsafe {
            let binary = binary.assume_init();
            let start = if binary.size == 0 { std::ptr::dangling() } else { binary.data.cast_const() };
            Some(std::slice::from_raw_parts(start, binary.size))
        }
    }

    pub(crate) fn is_map(self, term: u64) -> bool {
        // SAFETY: `self.env` is valid by `new`.
        unsafe { enif_is_map(self.env, term_of(term)) != 0 }
    }

    /// Gives the pairs of a map one by one, for as long as `take` wants more.
    pub(crate) fn each_pair(self, map: u64, mut take: impl FnMut(u64, u64) -> bool) {
        let mut iterator = MaybeUninit::<ErlNifMapIterator>::uninit();
        let entry = ErlNifMapIteratorEntry::ERL_NIF_MAP_ITERATOR_HEAD;
        // SAFETY: `self.env` is valid by `new`; the iterator is a local, which the call fills when it answers non-zero.
        if unsafe { enif_map_iterator_create(self.env, term_of(map), iterator.as_mut_ptr(), entry) } == 0 {
            return;
        }
        let iterator = iterator.as_mut_ptr();
        let (mut key, mut value) = (ErlNifTerm::default(), ErlNifTerm::default());
        // SAFETY: the iterator was made above and is ended below; the out-pointers are to locals.
        unsafe {
            while enif_map_iterator_get_pair(self.env, iterator, &mut key, &mut value) != 0
                && take(word_of(key), word_of(value))
            {
                enif_map_iterator_next(self.env, iterator);
            }
            enif_map_iterator_destroy(self.env, iterator);
        }
    }

    /// A 64-bit hash of a reference, the same for equal references as long as the VM lives; nothing for other terms.
    #[inline]
    pub(crate) fn reference_hash(self, term: u64) -> Option<u64> {
        let term = term_of(term);
        // SAFETY: `self.env` is valid by `new`.
        if unsafe { enif_is_ref(self.env, term) } == 0 {
            return None;
        }
        let half = |salt| {
            // SAFETY: hashing reads the term only; the kind of hash exists in every release with this function.
            unsafe { enif_hash(ErlNifHash::ERL_NIF_INTERNAL_HASH, term, salt) }
        };
        // The VM's internal hash has 32 bits.
        Some(half(0x6265_616d) << 32 | (half(0x7461_7021) & 0xFFFF_FFFF))
    }
}
