//! What callbacks look at for every event, by its kind: half a line of the processor's cache each.

use beamtap_schema::{CATALOGUE, EVENT_COUNT, EventKind, OtpKind, OtpTable, ProviderTable};
use std::ffi::{c_int, c_void};
use std::sync::atomic::{
    AtomicPtr, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// What every switch points to until a provider is there: off.
static OFF: c_int = 0;

type Emit = unsafe extern "C" fn(*const c_void);

#[repr(C, align(32))]
struct Place {
    /// The VM's trace tag; 0, which no term is, until load.
    tag: AtomicU64,
    /// LTTng's switch of the typed event.
    typed: AtomicPtr<c_int>,
    /// LTTng's switch of OTP's event for this one.
    otp: AtomicPtr<c_int>,
    /// What records the typed event: an [`Emit`].
    emit: AtomicPtr<c_void>,
}

#[cfg_attr(target_os = "linux", unsafe(link_section = ".data.beamtap_hot"))]
static BOARD: [Place; EVENT_COUNT] = [const {
    Place {
        tag: AtomicU64::new(0),
        typed: AtomicPtr::new((&raw const OFF).cast_mut()),
        otp: AtomicPtr::new((&raw const OFF).cast_mut()),
        emit: AtomicPtr::new(record_nothing as *mut c_void),
    }
}; EVENT_COUNT];

extern "C" fn record_nothing(_event: *const c_void) {}

/// Looks up, once, at load, what events are called.
pub(crate) fn prepare_tags(make: impl Fn(&str) -> u64) {
    for (place, event) in BOARD.iter().zip(&CATALOGUE) {
        place.tag.store(make(event.tag()), Relaxed);
    }
}

/// Puts the typed provider's switches and functions in place.
pub(crate) fn connect(table: &ProviderTable) {
    for (place, (switch, emit)) in BOARD.iter().zip(table.enabled.iter().zip(table.emit)) {
        // Before the switch: whoever sees that on has the function.
        place.emit.store(emit as *mut c_void, Relaxed);
        place.typed.store(switch.cast_mut(), Release);
    }
}

/// Puts the switches of OTP's events in place.
pub(crate) fn connect_otp(table: &OtpTable) {
    for (place, event) in BOARD.iter().zip(&CATALOGUE) {
        if let Some(kind) = OtpKind::of(event.kind) {
            place.otp.store(table.enabled[kind as usize].cast_mut(), Release);
        }
    }
}

#[inline(always)]
fn is_on(switch: &AtomicPtr<c_int>) -> bool {
    let switch = switch.load(Acquire);
    // SAFETY: the pointer is to OFF or to a switch in a library that is never unloaded. LTTng writes the switch from
    // another thread; a volatile read of an aligned int cannot tear.
    unsafe { switch.read_volatile() != 0 }
}

/// Whether an event of this kind is what the VM's trace tag says.
#[inline(always)]
pub(crate) fn is_tag(kind: EventKind, tag: u64) -> bool {
    BOARD[kind as usize].tag.load(Relaxed) == tag
}

/// Whether some LTTng session has this event enabled.
#[inline(always)]
pub(crate) fn is_enabled(kind: EventKind) -> bool {
    is_on(&BOARD[kind as usize].typed)
}

/// Whether some LTTng session has OTP's event for this one enabled.
#[inline(always)]
pub(crate) fn is_otp_enabled(kind: EventKind) -> bool {
    is_on(&BOARD[kind as usize].otp)
}

/// Records an event. Does nothing while there is no provider.
///
/// # Safety
///
/// `event` points to the kind's structure.
#[inline(always)]
pub(crate) unsafe fn emit(kind: EventKind, event: *const c_void) {
    let emit = BOARD[kind as usize].emit.load(Relaxed);
    // SAFETY: only functions of this type are ever stored, `record_nothing` first; the rest is the caller's contract.
    unsafe { std::mem::transmute::<*mut c_void, Emit>(emit)(event) }
}

/// Whether anybody records this kind.
#[inline(always)]
pub(crate) fn is_wanted(kind: EventKind) -> bool {
    // The question comes before the term that says which kind it is.
    let is_other_wanted = || match kind {
        EventKind::SeqSend => is_enabled(EventKind::SeqReceive) || is_enabled(EventKind::SeqPrint),
        EventKind::Receive => is_enabled(EventKind::ReceiveTimeout),
        _ => false,
    };
    is_enabled(kind) || is_otp_enabled(kind) || is_other_wanted()
}
