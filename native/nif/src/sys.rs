//! Thin safe wrappers around the VM's functions that the tracer path uses.

mod atom_name;
mod size;

pub(crate) use atom_name::AtomName;
use beamtap_schema::wire;
use rustler::sys::{
    ErlNifBinary, ErlNifEnv, ErlNifHash, ErlNifMapIterator, ErlNifMapIteratorEntry, ErlNifTerm,
    ErlNifTimeUnit, enif_get_list_cell, enif_get_list_length, enif_get_map_value, enif_get_tuple,
    enif_get_uint64, enif_hash, enif_inspect_binary, enif_is_map, enif_is_ref, enif_map_iterator_create,
    enif_map_iterator_destroy, enif_map_iterator_get_pair, enif_map_iterator_next, enif_monotonic_time,
    enif_time_offset,
};
use std::ffi::{CStr, c_char, c_int, c_uint};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

unsafe extern "C" {
    // Not among rustler's bindings. Its `%T` is the only way to an atom's name beyond Latin-1 before OTP 26.
    fn enif_snprintf(out: *mut c_char, size: usize, format: *const c_char, ...) -> c_int;
}

/// Whether the VM packs list cells, and tuples, as below: learnt at load, asked of the VM otherwise.
#[cfg_attr(target_os = "linux", unsafe(link_section = ".data.beamtap_hot"))]
static READS_LISTS: AtomicBool = AtomicBool::new(false);
/// The primary tag of a tuple that can be read where it lies: so that asking whether any can takes no time.
#[cfg_attr(target_os = "linux", unsafe(link_section = ".data.beamtap_hot"))]
static TUPLE_TAG: AtomicU64 = AtomicU64::new(NO_TAG);
/// Before a VM is known to pack tuples as below: what no term's tag is.
const NO_TAG: u64 = u64::MAX;
const PRIMARY_MASK: u64 = 0b11;
const PRIMARY_LIST: u64 = 0b01;
const PRIMARY_BOXED: u64 = 0b10;
/// Terms are aligned to words, so the low three bits of a boxed term are tags.
const POINTER_TAGS: u64 = 0b111;
/// A tuple's header has its lowest six bits clear, and its arity above them.
const HEADER_BITS: u32 = 6;
const HEADER_MASK: u64 = (1 << HEADER_BITS) - 1;

/// Elements of an iolist looked at for its length: some microseconds.
const IOLIST_READ: u64 = 1024;
/// Lists inside lists followed for an iolist's length.
const IOLIST_DEPTH: usize = 64;

/// Elements looked at where a list's length is asked for and could be anything.
const LIST_READ: u64 = 256;

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

fn reads_tuples() -> bool {
    TUPLE_TAG.load(Relaxed) != NO_TAG
}

/// Reads a tuple where it lies: what the VM's own function does, without the call.
///
/// # Safety
///
/// This VM packs terms as the constants above say, the term is a boxed one and alive for `'a`.
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

/// The environment of one call from the VM. Cannot outlive the call.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct CallEnv<'a> {
    env: *mut ErlNifEnv,
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

    /// The length of a proper list.
    pub(crate) fn list_length(self, term: u64) -> Option<u32> {
        let mut length: c_uint = 0;
        // SAFETY: `self.env` is valid by `new`, the out-pointer is to a local.
        (unsafe { enif_get_list_length(self.env, term_of(term), &mut length) } != 0).then_some(length)
    }

    /// The length of a proper list of at most [`LIST_READ`] elements; a function has at most 255 arguments.
    #[inline(always)]
    pub(crate) fn short_list_length(self, list: u64) -> Option<u64> {
        let mut rest = list;
        for length in 0..LIST_READ {
            match self.list_cell(rest) {
                Some((_, tail)) => rest = tail,
                None => return self.list_end(rest).then_some(length),
            }
        }
        None
    }

    fn list_end(self, term: u64) -> bool {
        self.list_length(term) == Some(0)
    }

    /// Head and tail of a non-empty list.
    #[inline]
    pub(crate) fn list_cell(self, term: u64) -> Option<(u64, u64)> {
        if !READS_LISTS.load(Relaxed) {
            return self.list_cell_by_vm(term);
        }
        if term & PRIMARY_MASK != PRIMARY_LIST {
            return None;
        }
        let address = std::ptr::with_exposed_provenance::<[u64; 2]>((term & !POINTER_TAGS) as usize);
        // SAFETY: a list cell's term points to its head and tail, in memory that lives as long as the call; that this
        // VM packs terms so was checked with known lists before `READS_LISTS` was set.
        let [head, tail] = unsafe { *address };
        Some((head, tail))
    }

    /// Learns whether list cells can be read where they lie. `known` is a cell whose tail is a tuple already learnt to
    /// be readable, made right after it: a word that does not point beside that tuple is never followed.
    pub(crate) fn calibrate_lists(self, known: u64) {
        let Some((_, tuple)) = self.list_cell_by_vm(known) else { return };
        let is_near = (known & !POINTER_TAGS).abs_diff(tuple & !POINTER_TAGS) <= 64;
        if reads_tuples() && known & PRIMARY_MASK == PRIMARY_LIST && is_near {
            READS_LISTS.store(true, Relaxed);
            if self.list_cell(known) != self.list_cell_by_vm(known) {
                READS_LISTS.store(false, Relaxed);
            }
        }
    }

    fn list_cell_by_vm(self, term: u64) -> Option<(u64, u64)> {
        let (mut head, mut tail) = (ErlNifTerm::default(), ErlNifTerm::default());
        // SAFETY: `self.env` is valid by `new`, the out-pointers are to locals.
        let found = unsafe { enif_get_list_cell(self.env, term_of(term), &mut head, &mut tail) };
        (found != 0).then_some((word_of(head), word_of(tail)))
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

    /// The length of a binary or an iolist; nothing for other terms, and for iolists of more than [`IOLIST_READ`] elements
    /// or deeper than [`IOLIST_DEPTH`].
    pub(crate) fn byte_length(self, term: u64) -> Option<u64> {
        // What is left of the lists around the one that is read.
        let (mut around, mut depth) = ([0; IOLIST_DEPTH], 0);
        let (mut rest, mut length) = (term, 0);
        for _ in 0..IOLIST_READ {
            let Some((head, tail)) = self.list_cell(rest) else {
                // A list's end may be a binary.
                length += if self.list_end(rest) { 0 } else { self.bytes(rest)?.len() as u64 };
                let Some(outer) = around[..depth].last() else { return Some(length) };
                rest = *outer;
                depth -= 1;
                continue;
            };
            rest = tail;
            if let Some(byte) = crate::layout::small_value(head) {
                if byte > 255 {
                    return None;
                }
                length += 1;
            } else if let Some(bytes) = self.bytes(head) {
                length += bytes.len() as u64;
            } else {
                *around.get_mut(depth)? = rest;
                depth += 1;
                rest = head;
            }
        }
        None
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

/// How the VM's clocks stand to CLOCK_MONOTONIC; nothing on a thread of which the VM knows nothing.
pub(crate) fn clock_offsets() -> Option<wire::DefClock> {
    let unit = ErlNifTimeUnit::ERL_NIF_NSEC;
    // SAFETY: both take a unit and answer with a number.
    let (vm, offset) = unsafe { (enif_monotonic_time(unit), enif_time_offset(unit)) };
    // The smallest number there is says that there is no answer.
    if vm == i64::MIN || offset == i64::MIN {
        return None;
    }
    let now = crate::gate::monotonic_ns();
    Some(wire::DefClock {
        monotonic_offset_ns: now.wrapping_sub(vm as u64),
        system_offset_ns: (vm as u64).wrapping_add(offset as u64).wrapping_sub(now),
    })
}

/// Writes a term's text, NUL-terminated, and answers its length; what does not fit is cut. `format` holds one `%T`, with
/// a precision where the term can be of any size: that bounds how much of it the VM looks at.
pub(crate) fn print(out: &mut [u8], format: &CStr, term: u64) -> usize {
    // SAFETY: the buffer's size is given, and the format takes the one term it is given.
    unsafe { enif_snprintf(out.as_mut_ptr().cast(), out.len(), format.as_ptr(), term_of(term)) };
    out.iter().position(|&byte| byte == 0).unwrap_or(0)
}
