//! Taps as whoever opens, arms, holds and closes them knows them. Callbacks never look here.

use super::{OPEN_SLOT, SLOTS_STATE, Slot, Trip, trip, trip_of};
use crate::block::{self, SLOTS};
use crate::clock::monotonic_ns;
use crate::layout;
use crate::payload::Payloads;
use std::sync::Mutex;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// Events a thread takes from the budget at once; a limit is met to within this many per thread.
const BATCH: u64 = 64;
/// No limit.
pub(crate) const UNLIMITED: u64 = u64::MAX / 2;
const SECOND_NS: u64 = 1_000_000_000;

/// What a tap may take at most.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Events in total; [`UNLIMITED`] for no limit.
    pub(crate) events: u64,
    /// Events in any second, and also at once.
    pub(crate) events_per_second: Option<u64>,
    /// From [`clock`] on.
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
pub(crate) struct State {
    pub(crate) is_armed: bool,
    pub(crate) trip: Trip,
    pub(crate) emitted: u64,
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
pub(crate) fn open(limits: Limits) -> Option<u64> {
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
pub(crate) fn arm(token: u64) -> bool {
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
        open_slot(slot, token);
    }
    true
}

/// Has the time of an armed tap begin now.
pub(crate) fn clock(token: u64) {
    let mut control = control();
    let Some((index, tap)) = find(&mut control, token) else { return };
    if let Some(duration) = tap.limits.duration_ns.filter(|_| tap.is_armed) {
        SLOTS_STATE[index].deadline_ns.store(monotonic_ns().saturating_add(duration).max(1), Relaxed);
    }
}

/// Opens the slot unless it trips at this very moment: the trip clears `alive` first and `open` after.
fn open_slot(slot: &Slot, token: u64) {
    let state = layout::small(token);
    slot.open.store(state, Release);
    if slot.alive.load(Acquire) != state {
        let _ = slot.open.compare_exchange(state, 0, AcqRel, Relaxed);
    }
}

/// Closes a tap's gate and waits until nobody emits for it. Answers whether that came true.
pub(crate) fn disarm(token: u64) -> bool {
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
pub(crate) fn close(token: u64) {
    disarm(token);
    release(token);
    let mut control = control();
    if let Some((index, _)) = find(&mut control, token) {
        control.taps[index] = None;
        let _ = SLOTS_STATE[index].alive.compare_exchange(layout::small(token), 0, AcqRel, Relaxed);
    }
}

/// What became of a tap.
pub(crate) fn state(token: u64) -> Option<State> {
    let mut control = control();
    let (index, tap) = find(&mut control, token)?;
    let slot = &SLOTS_STATE[index];
    let left = slot.shared.budget.load(Relaxed) + block::unspent(index, layout::small(token));
    Some(State {
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
    open_slot(&SLOTS_STATE[OPEN_SLOT], OPEN_SLOT as u64);
    for tap in control.taps.into_iter().flatten().filter(|tap| tap.is_armed) {
        open_slot(&SLOTS_STATE[tap.token as usize % SLOTS], tap.token);
    }
}

fn find(control: &mut Control, token: u64) -> Option<(usize, &mut Tap)> {
    let index = token as usize % SLOTS;
    control.taps[index].as_mut().filter(|tap| tap.token == token).map(|tap| (index, tap))
}
