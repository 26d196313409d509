//! The texts of functions, written once.

use crate::decimal::Decimal;
use crate::intern::CAPACITY;
use crate::sys::print;
use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::atomic::{
    AtomicPtr, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed},
};

/// Two atoms of 255 characters of up to four bytes, with quotes, escapes, and the arity.
const FUNCTION_BYTES: usize = 2304;

/// Room for the texts of functions, by number: written once, never taken back. Beyond it they are written every time.
const ARENA_BYTES: usize = 8 << 20;
static ARENA: Arena = Arena(std::cell::UnsafeCell::new([0; ARENA_BYTES]));
static ARENA_USED: AtomicUsize = AtomicUsize::new(0);
static FUNCTIONS: [AtomicPtr<c_char>; CAPACITY + 1] =
    [const { AtomicPtr::new(std::ptr::null_mut()) }; CAPACITY + 1];

struct Arena(std::cell::UnsafeCell<[u8; ARENA_BYTES]>);

// SAFETY: every part of the arena is given to one thread by `ARENA_USED`, which writes it before publishing a pointer to
// it, and is only read from then on.
unsafe impl Sync for Arena {}

/// The text of the function with this number, which has been written before.
#[inline(always)]
pub(crate) fn known(number: u32) -> Option<*const c_char> {
    let text = FUNCTIONS.get(number as usize)?.load(Acquire);
    (!text.is_null()).then(|| text.cast_const())
}

/// Room for a function's text, `Module:Name/Arity`, where the arena does not have it. Untouched until it is needed: it
/// is large.
pub(crate) struct FunctionText(MaybeUninit<[u8; FUNCTION_BYTES]>);

impl FunctionText {
    pub(crate) const fn room() -> FunctionText {
        FunctionText(MaybeUninit::uninit())
    }

    /// The text of the function with this number, 0 where it has none; valid as long as this room.
    pub(crate) fn write(&mut self, number: u32, (module, name, arity): (u64, u64, u64)) -> *const c_char {
        let known = FUNCTIONS.get(number as usize);
        let cached = known.map_or(std::ptr::null_mut(), |place| place.load(Acquire));
        if !cached.is_null() && number != 0 {
            return cached;
        }
        let own = self.0.write([0; FUNCTION_BYTES]);
        let length = print_function(own, module, name, arity);
        known
            .filter(|_| number != 0)
            .and_then(|place| keep(place, &own[..=length]))
            .unwrap_or(own.as_ptr().cast())
    }
}

fn print_function(out: &mut [u8; FUNCTION_BYTES], module: u64, name: u64, arity: u64) -> usize {
    let mut length = print(out, c"%T", module);
    for (piece, term) in [(b":", Some(name)), (b"/", None)] {
        out[length..=length].copy_from_slice(piece);
        length += 1;
        if let Some(term) = term {
            length += print(&mut out[length..], c"%T", term);
        }
    }
    for digit in Decimal::of(arity).as_bytes() {
        out[length] = *digit;
        length += 1;
    }
    out[length] = 0;
    length
}

/// Copies a text, its final zero included, into the arena; nothing where that is full.
fn keep(place: &AtomicPtr<c_char>, text: &[u8]) -> Option<*const c_char> {
    let start = ARENA_USED.fetch_add(text.len(), Relaxed);
    if start + text.len() > ARENA_BYTES {
        ARENA_USED.store(ARENA_BYTES, Relaxed);
        return None;
    }
    // SAFETY: the part from `start` on is inside the arena and was given to this call alone.
    let kept = unsafe {
        let kept = ARENA.0.get().cast::<u8>().add(start);
        kept.copy_from_nonoverlapping(text.as_ptr(), text.len());
        kept.cast::<c_char>()
    };
    // Another thread may have written the same text first: then that one is used and this one lies idle.
    match place.compare_exchange(std::ptr::null_mut(), kept, AcqRel, Acquire) {
        Ok(_) => Some(kept),
        Err(first) => Some(first),
    }
}
