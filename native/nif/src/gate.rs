//! Who may emit, and how much: the limits, in front of everything else.
//!
//! A tracer's state is a small integer, the tap's token. Per slot one word holds the token's term while the tap may
//! emit and 0 while it may not, so that a callback's question "may I?" is one load and one comparison, which also
//! turns away tracers left over from an earlier tap of the same slot.

use crate::block::{self, Block, SLOTS};
use crate::layout;
use crate::payload::Payloads;
use std::sync::Mutex;
use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

/// The slot of `beamtap:tracer()`: bound by nothing but what LTTng has enabled.
const OPEN_SLOT: usize = 0;
/// The state of a tracer that does nothing, as long as nobody records the event: what the VM itself spends on tracing
/// is measured with it. No tap's token ever is that large.
const FLOOR: u64 = 1 << 48;
/// Events a thread takes from the budget at once; a limit is met to within this many per thread.
const BATCH: u64 = 64;
const SECOND_NS: u64 = 1_000_000_000;
/// No limit.
pub(crate) const UNLIMITED: u64 = u64::MAX / 2;
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
    /// What is left of the events of this second; the guard refills it, so that no callback reads a clock.
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

/// What a tap may take at most.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Events in total; [`UNLIMITED`] for no limit.
    pub(crate) events: u64,
    /// Events in any second, and also at once.
    pub(crate) events_per_second: Option<u64>,
    /// From [`tap_clock`] on.
    pub(crate) duration_ns: Option<u64>,
    /// What may be said of what events carry.
    pub(crate) payloads: Payloads,
}

/// What control calls know of a slot; callbacks never look here.
#[derive(Clone, Copy)]
struct Tap {
    token: u64,
    limits: Limits,
    is_armed: bool,
    /// Nobody emits until it releases what it holds, or is closed.
    is_holding: bool,
    /// Up to when the bucket has been refilled, on CLOCK_MONOTONIC.
    refilled_ns: u64,
}

struct Control {
    taps: [Option<Tap>; SLOTS],
    generation: u64,
}

impl Control {
    fn is_held(&self) -> bool {
        self.taps.iter().flatten().any(|tap| tap.is_holding)
    }
}

static CONTROL: Mutex<Control> = Mutex::new(Control { taps: [None; SLOTS], generation: 0 });

fn control() -> std::sync::MutexGuard<'static, Control> {
    // A panic while holding the lock leaves plain numbers behind, none of them half written.
    CONTROL.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What can be said of a tap.
pub(crate) struct TapState {
    pub(crate) is_armed: bool,
    pub(crate) trip: Trip,
    pub(crate) emitted: u64,
}

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

/// Ends a tap from the inside: no event more, and the VM is told to drop its tracers. The guard tells the owner.
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

/// Opens the slot of `beamtap:tracer()`. Called once at load.
pub(crate) fn open_unbound() {
    let state = layout::small(OPEN_SLOT as u64);
    SLOTS_STATE[OPEN_SLOT].alive.store(state, Relaxed);
    if !control().is_held() {
        SLOTS_STATE[OPEN_SLOT].open.store(state, Release);
    }
}

/// Takes a free slot for a tap with these limits. Answers its token.
pub(crate) fn tap_open(limits: Limits) -> Option<u64> {
    let mut control = control();
    let index = (OPEN_SLOT + 1..SLOTS).find(|&index| control.taps[index].is_none())?;
    control.generation += 1;
    let token = control.generation * SLOTS as u64 + index as u64;
    control.taps[index] = Some(Tap { token, limits, is_armed: false, is_holding: false, refilled_ns: 0 });
    let slot = &SLOTS_STATE[index];
    slot.shared.budget.store(limits.events, Relaxed);
    slot.shared.bucket.store(limits.events_per_second.unwrap_or(UNLIMITED), Relaxed);
    // A slow rate is given out in small change, lest a few threads hold all of it.
    let batch = limits.events_per_second.map_or(BATCH, |rate| (rate / BATCH).clamp(1, BATCH));
    // No thread has anything in hand where events carry payloads: so the shortest way, which knows of none, is closed.
    slot.shared.batch.store(if limits.payloads.is_none() { batch } else { 1 }, Relaxed);
    slot.payloads.store(limits.payloads.bits(), Relaxed);
    slot.deadline_ns.store(0, Relaxed);
    slot.alive.store(layout::small(token), Release);
    Some(token)
}

/// Lets a tap emit; its time does not run yet. Answers whether there was such a tap and it had not tripped.
pub(crate) fn tap_arm(token: u64) -> bool {
    let mut control = control();
    let is_held = control.is_held();
    let Some((index, tap)) = find(&mut control, token) else { return false };
    let slot = &SLOTS_STATE[index];
    if slot.alive.load(Acquire) != layout::small(token) {
        return false;
    }
    tap.is_armed = true;
    tap.refilled_ns = monotonic_ns();
    if !is_held {
        open(slot, token);
    }
    true
}

/// Has the time of an armed tap begin now.
pub(crate) fn tap_clock(token: u64) {
    let mut control = control();
    let Some((index, tap)) = find(&mut control, token) else { return };
    if let Some(duration) = tap.limits.duration_ns.filter(|_| tap.is_armed) {
        SLOTS_STATE[index].deadline_ns.store(monotonic_ns().saturating_add(duration).max(1), Relaxed);
    }
}

/// Opens the slot unless it trips at this very moment: the trip clears `alive` first and `open` after.
fn open(slot: &Slot, token: u64) {
    let state = layout::small(token);
    slot.open.store(state, Release);
    if slot.alive.load(Acquire) != state {
        let _ = slot.open.compare_exchange(state, 0, AcqRel, Relaxed);
    }
}

/// Closes a tap's gate and waits until nobody emits for it. Answers whether that came true.
pub(crate) fn tap_disarm(token: u64) -> bool {
    {
        let mut control = control();
        let Some((index, tap)) = find(&mut control, token) else { return true };
        tap.is_armed = false;
        SLOTS_STATE[index].deadline_ns.store(0, Relaxed);
        let _ = SLOTS_STATE[index].open.compare_exchange(layout::small(token), 0, AcqRel, Relaxed);
    }
    block::quiesce()
}

/// Gives a tap's slot back, and what it holds. Tracers that still carry its token are dropped by the VM at their next
/// event.
pub(crate) fn tap_close(token: u64) {
    tap_disarm(token);
    release(token);
    let mut control = control();
    if let Some((index, _)) = find(&mut control, token) {
        control.taps[index] = None;
        let _ = SLOTS_STATE[index].alive.compare_exchange(layout::small(token), 0, AcqRel, Relaxed);
    }
}

/// What became of a tap.
pub(crate) fn tap_state(token: u64) -> Option<TapState> {
    let mut control = control();
    let (index, tap) = find(&mut control, token)?;
    let slot = &SLOTS_STATE[index];
    let left = slot.shared.budget.load(Relaxed) + block::unspent(index, layout::small(token));
    Some(TapState {
        is_armed: tap.is_armed,
        trip: trip_of(slot, token),
        emitted: tap.limits.events.saturating_sub(left),
    })
}

/// Whether there is a tap that only [`tick`] keeps within its limits.
pub(crate) fn needs_ticks() -> bool {
    control().taps.iter().flatten().any(|tap| {
        tap.is_armed && (tap.limits.duration_ns.is_some() || tap.limits.events_per_second.is_some())
    })
}

/// Ends every tap whose time is over, gives the others the events of the time that has passed, and lists those that
/// have tripped, for whatever reason: token and reason.
pub(crate) fn tick(now_ns: u64) -> Vec<(u64, Trip)> {
    let mut tripped = Vec::new();
    for tap in control().taps.iter_mut().flatten() {
        let slot = &SLOTS_STATE[tap.token as usize % SLOTS];
        let deadline = slot.deadline_ns.load(Relaxed);
        if deadline != 0 && now_ns >= deadline {
            trip(layout::small(tap.token), Trip::Deadline);
        }
        if tap.is_armed {
            fill(slot, tap, now_ns);
        }
        match trip_of(slot, tap.token) {
            Trip::None => {}
            reason => tripped.push((tap.token, reason)),
        }
    }
    tripped
}

/// Puts the events of the time since the last filling into the bucket, which holds those of one second.
fn fill(slot: &Slot, tap: &mut Tap, now_ns: u64) {
    let Some(rate) = tap.limits.events_per_second else { return };
    let passed = u128::from(now_ns.saturating_sub(tap.refilled_ns).min(SECOND_NS));
    let earned = u128::from(rate) * passed / u128::from(SECOND_NS);
    if earned == 0 {
        return;
    }
    // Only the time that whole events took is used up: a slow rate loses nothing to rounding.
    tap.refilled_ns = now_ns - (passed - earned * u128::from(SECOND_NS) / u128::from(rate)) as u64;
    let _ = slot
        .shared
        .bucket
        .fetch_update(Relaxed, Relaxed, |left| Some(left.saturating_add(earned as u64).min(rate)));
}

/// Stops all emission, also through `beamtap:tracer()`, until this tap's [`release`] or end; each tap holds for itself.
/// Answers whether every callback in flight has ended; a tap that was closed meanwhile holds nothing.
pub(crate) fn hold(token: u64) -> bool {
    {
        let mut control = control();
        let Some((_, tap)) = find(&mut control, token) else { return false };
        tap.is_holding = true;
        for slot in &SLOTS_STATE {
            slot.open.store(0, Release);
        }
    }
    block::quiesce()
}

/// Takes the tap's [`hold`] back, if it has one.
pub(crate) fn release(token: u64) {
    let mut control = control();
    let Some((_, tap)) = find(&mut control, token) else { return };
    if !std::mem::take(&mut tap.is_holding) || control.is_held() {
        return;
    }
    open(&SLOTS_STATE[OPEN_SLOT], OPEN_SLOT as u64);
    for tap in control.taps.into_iter().flatten().filter(|tap| tap.is_armed) {
        open(&SLOTS_STATE[tap.token as usize % SLOTS], tap.token);
    }
}

fn find(control: &mut Control, token: u64) -> Option<(usize, &mut Tap)> {
    let index = token as usize % SLOTS;
    control.taps[index].as_mut().filter(|tap| tap.token == token).map(|tap| (index, tap))
}

/// CLOCK_MONOTONIC in nanoseconds: the clock of LTTng's time stamps.
pub(crate) fn monotonic_ns() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the out-pointer is to a local; this clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    now.tv_sec as u64 * SECOND_NS + now.tv_nsec as u64
}
