//! How the VM packs terms into words, where they are read without asking it. Each reader learns at load whether it is so.

pub(super) const PRIMARY_MASK: u64 = 0b11;
pub(super) const PRIMARY_LIST: u64 = 0b01;
pub(super) const PRIMARY_BOXED: u64 = 0b10;
/// Terms are aligned to words, so the low three bits of a boxed term are tags.
pub(super) const POINTER_TAGS: u64 = 0b111;
/// A tuple's header has its lowest six bits clear, and its arity above them.
pub(super) const HEADER_BITS: u32 = 6;
pub(super) const HEADER_MASK: u64 = (1 << HEADER_BITS) - 1;
