//! Lists, their cells read where they lie.

use super::env::CallEnv;
use super::packing::{POINTER_TAGS, PRIMARY_LIST, PRIMARY_MASK};
use super::tuple::reads_tuples;
use super::word::{term_of, word_of};
use crate::layout;
use rustler::sys::{ErlNifTerm, enif_get_list_cell, enif_get_list_length};
use std::ffi::c_uint;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Whether the VM packs list cells as `packing` says: learnt at load, asked of the VM otherwise.
#[cfg_attr(target_os = "linux", unsafe(link_section = ".data.beamtap_hot"))]
static READS_LISTS: AtomicBool = AtomicBool::new(false);

/// Elements of an iolist looked at for its length: some microseconds.
const IOLIST_READ: u64 = 1024;
/// Lists inside lists followed for an iolist's length.
const IOLIST_DEPTH: usize = 64;

/// Elements looked at where a list's length is asked for and could be anything.
const LIST_READ: u64 = 256;

impl CallEnv<'_> {
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
            if let Some(byte) = layout::small_value(head) {
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
}
