//! Who may emit, and how much: the limits, in front of everything else.
//!
//! A tracer's state is a small integer, the tap's token. Per slot one word holds the token's term while the tap may
//! emit and 0 while it may not, so that a callback's question "may I?" is one load and one comparison, which also
//! turns away tracers left over from an earlier tap of the same slot.

use crate::block::{Block, SLOTS};
use crate::layout;
use crate::payload::Payloads;
use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

pub(crate) mod tap;

/// The slot of `beamtap:tracer()`: bound by nothing but what LTTng has enabled.
const OPEN_SLOT: usize = 0;
/// The state of a tracer that does nothing, as long as nobody records the event: what the VM itself spends on tracing
/// is measured with it. No tap's token ever is that large.
const FLOOR: u64 = 1 << 48;
/// Panics in callbacks after which every tap is disarmed.
const PANICS_TOLERATED: u32 = 10;

/// Why a tap stopped emitting by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Trip {
    None = 0,
    Events = 1,
    Deadline = 2,
    Owner = 3,
    Panics = 4,
    Rate = 5,
}

impl Trip {
    const fn from_code(code: u8) -> Trip {
        match code {
            1 => Trip::Events,
            2 => Trip::Deadline,
            3 => Trip::Owner,
            4 => Trip::Panics,
            5 => Trip::Rate,
            _ => Trip::None,
        }
    }
}

/// What every event looks at stands in one line of the processor's cache, what threads take from in another.
#[repr(C, align(128))]
struct Slot {
    /// The token's term while callbacks may emit.
    open: AtomicU64,
    /// The token's term while the VM is to keep the tracer.
    alive: AtomicU64,
    /// The tap's [`Payloads`].
    payloads: AtomicU64,
    /// When the tap ends, on CLOCK_MONOTONIC; 0 while its time does not run.
    deadline_ns: AtomicU64,
    /// Who has tripped last, and why; see [`tripped_word`].
    tripped: AtomicU64,
    shared: Shared,
}

#[repr(C, align(64))]
struct Shared {
    /// What is left of the event budget.
    budget: AtomicU64,
    /// What is left of the events of this second; the ticker refills it, so that no callback reads a clock.
    bucket: AtomicU64,
    /// Events a thread takes of both at once.
    batch: AtomicU64,
}

#[cfg_attr(target_os = "linux", unsafe(link_section = ".data.beamtap_hot"))]
static SLOTS_STATE: [Slot; SLOTS] = [const {
    Slot {
        open: AtomicU64::new(0),
        alive: AtomicU64::new(0),
        payloads: AtomicU64::new(0),
        deadline_ns: AtomicU64::new(0),
        tripped: AtomicU64::new(0),
        shared: Shared { budget: AtomicU64::new(0), bucket: AtomicU64::new(0), batch: AtomicU64::new(0) },
    }
}; SLOTS];

static PANICS: AtomicU32 = AtomicU32::new(0);

/// The slot that a tracer's state names, were it valid: whether it is shows when the slot's words are compared with it.
#[inline]
fn slot_of(state: u64) -> (usize, &'static Slot) {
    let slot = layout::small_bits(state) as usize % SLOTS;
    (slot, &SLOTS_STATE[slot])
}

/// Whether a tracer with this state may emit now.
#[inline]
pub(crate) fn is_open(state: u64) -> bool {
    slot_of(state).1.open.load(Relaxed) == state
}

/// Whether the VM should keep a tracer with this state.
#[inline]
pub(crate) fn is_alive(state: u64) -> bool {
    slot_of(state).1.alive.load(Relaxed) == state
}

/// Whether the state is [`FLOOR`]: the VM traces, and nothing comes of it.
#[inline]
pub(crate) fn is_floor(state: u64) -> bool {
    state == layout::small(FLOOR)
}

/// What the tap with this state may say of what events carry.
#[inline]
pub(crate) fn payloads(state: u64) -> Payloads {
    Payloads::from_bits(slot_of(state).1.payloads.load(Relaxed))
}

/// Whether beamtap's own callers may emit now: nothing does while everything is held.
pub(crate) fn is_open_unbound() -> bool {
    is_open(layout::small(OPEN_SLOT as u64))
}

/// Takes one event from the budget of the tap with this state. Trips the tap when nothing is left.
#[inline]
pub(crate) fn spend(block: &Block, state: u64) -> bool {
    let (index, slot) = slot_of(state);
    spend_quickly(block, state) || refill(block, index, slot, state)
}

/// As [`spend`] out of what the thread has; answers no where that is nothing.
#[inline(always)]
pub(crate) fn spend_quickly(block: &Block, state: u64) -> bool {
    let (index, _) = slot_of(state);
    if index == OPEN_SLOT {
        return true;
    }
    let share = &block.shares[index];
    let left = share.left.load(Relaxed);
    if share.token.load(Relaxed) != state || left == 0 {
        return false;
    }
    share.left.store(left - 1, Relaxed);
    true
}

#[cold]
fn refill(block: &Block, index: usize, slot: &Slot, state: u64) -> bool {
    let rated = take(&slot.shared.bucket, slot.shared.batch.load(Relaxed));
    if rated == 0 {
        trip(state, Trip::Rate);
        return false;
    }
    let batch = take(&slot.shared.budget, rated);
    if batch == 0 {
        trip(state, Trip::Events);
        return false;
    }
    block.shares[index].token.store(state, Relaxed);
    block.shares[index].left.store(batch - 1, Relaxed);
    true
}

/// Takes what there is, at most `most`.
fn take(from: &AtomicU64, most: u64) -> u64 {
    // The closure always gives a value, so there is always an old one.
    let had = from.fetch_update(Relaxed, Relaxed, |left| Some(left - left.min(most)));
    had.unwrap_or_else(|left| left).min(most)
}

/// Ends a tap from the inside: no event more, and the VM is told to drop its tracers. The ticker tells the owner.
pub(crate) fn trip(state: u64, reason: Trip) {
    let (_, slot) = slot_of(state);
    if state == 0 {
        return;
    }
    if slot.alive.compare_exchange(state, 0, AcqRel, Relaxed).is_ok() {
        slot.tripped.store(tripped_word(layout::small_bits(state), reason), Release);
        let _ = slot.open.compare_exchange(state, 0, AcqRel, Relaxed);
    }
}

/// A trip as its slot keeps it. It names the tap: the thread that trips one may be held up until the slot is another's.
const fn tripped_word(token: u64, reason: Trip) -> u64 {
    token << 8 | reason as u64
}

fn trip_of(slot: &Slot, token: u64) -> Trip {
    let word = slot.tripped.load(Acquire);
    if word >> 8 == token { Trip::from_code(word as u8) } else { Trip::None }
}

/// Counts a panic caught in a callback; from the tenth on no tap emits any more.
#[cold]
pub(crate) fn panicked() {
    if PANICS.fetch_add(1, Relaxed) + 1 >= PANICS_TOLERATED {
        for slot in &SLOTS_STATE {
            trip(slot.alive.load(Relaxed), Trip::Panics);
        }
    }
}

/// How many panics were caught in callbacks.
pub(crate) fn panics() -> u32 {
    PANICS.load(Relaxed)
}
