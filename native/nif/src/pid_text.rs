//! The texts of the processes that a thread has lately run, written once for many events.

use crate::decimal::Decimal;
use crate::layout;
use std::ffi::c_char;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Processes of one thread whose texts are kept; another process takes a place over.
const PROCESSES: usize = 16;
/// Words of `<0.4294967295.4294967295>` with its final zero.
const WORDS: usize = 4;

struct PidText {
    /// The pid as the VM has it; 0 for none.
    word: AtomicU64,
    /// Atomics, because a block is shared; only its thread uses these.
    text: [AtomicU64; WORDS],
}

/// A thread's texts.
pub(crate) struct PidTexts([PidText; PROCESSES]);

impl PidTexts {
    pub(crate) const fn new() -> Self {
        PidTexts(
            [const { PidText { word: AtomicU64::new(0), text: [const { AtomicU64::new(0) }; WORDS] } };
                PROCESSES],
        )
    }

    /// The text of a local process, where it is at hand.
    #[inline(always)]
    pub(crate) fn known(&self, word: u64) -> Option<*const c_char> {
        let place = &self.0[layout::pid(word)? as usize % PROCESSES];
        (place.word.load(Relaxed) == word).then(|| place.text.as_ptr().cast())
    }

    /// The text of a local process, as the VM writes it; nothing for any other term. Valid until the thread asks for
    /// another one.
    #[inline]
    pub(crate) fn of(&self, word: u64) -> Option<*const c_char> {
        let pid = layout::pid(word)?;
        let place = &self.0[pid as usize % PROCESSES];
        if place.word.load(Relaxed) != word {
            place.write(word, pid);
        }
        Some(place.text.as_ptr().cast())
    }
}

impl PidText {
    #[cold]
    fn write(&self, word: u64, pid: u64) {
        let mut bytes = [0; WORDS * 8];
        let mut length = 0;
        let mut push = |byte: u8| {
            bytes[length] = byte;
            length += 1;
        };
        b"<0".iter().for_each(|&byte| push(byte));
        for number in [pid & 0xFFFF_FFFF, pid >> 32] {
            push(b'.');
            Decimal::of(number).as_bytes().iter().for_each(|&digit| push(digit));
        }
        push(b'>');
        for (words, eight) in self.text.iter().zip(bytes.as_chunks::<8>().0) {
            words.store(u64::from_ne_bytes(*eight), Relaxed);
        }
        self.word.store(word, Relaxed);
    }
}
