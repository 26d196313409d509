//! How the VM packs immediate terms into a machine word: learnt from terms of known value, never assumed.
//!
//! Reading a word is what makes a pid cost nothing; the layout has changed between releases (the number of a pid had
//! 15 bits before OTP 24 and has 28 since), so it is calibrated at load and everything is refused that does not fit.

use beamtap_schema::{Entity, EntityKind};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

const TAG_BITS: u32 = 4;
const TAG_MASK: u64 = 0xF;
const TAG_PID: u64 = 0x3;
const TAG_PORT: u64 = 0x7;
const TAG_SMALL: u64 = 0xF;
/// Atoms have a longer tag: six bits.
const ATOM_BITS: u32 = 6;
const ATOM_MASK: u64 = 0x3F;
const TAG_ATOM: u64 = 0x0B;

/// Where a pid's serial begins, counted from the end of the tag; 0 until calibrated.
static SERIAL_SHIFT: AtomicU32 = AtomicU32::new(0);

/// The word of the small integer `value`.
pub(crate) const fn small(value: u64) -> u64 {
    value << TAG_BITS | TAG_SMALL
}

/// The value of a small, non-negative integer's word.
#[inline]
pub(crate) const fn small_value(word: u64) -> Option<u64> {
    if word & TAG_MASK == TAG_SMALL && (word as i64) >= 0 { Some(word >> TAG_BITS) } else { None }
}

/// The place of an atom in the VM's atom table.
#[inline]
pub(crate) const fn atom_index(word: u64) -> Option<u64> {
    if word & ATOM_MASK == TAG_ATOM { Some(word >> ATOM_BITS) } else { None }
}

/// The word of the atom at `index` of the VM's atom table.
pub(crate) const fn atom_word(index: u64) -> u64 {
    index << ATOM_BITS | TAG_ATOM
}

/// The id of a local process: `serial << 32 | number`; nothing for any other term.
#[inline]
pub(crate) fn pid(word: u64) -> Option<u64> {
    if word & TAG_MASK != TAG_PID {
        return None;
    }
    let data = word >> TAG_BITS;
    let shift = SERIAL_SHIFT.load(Relaxed) & 63;
    let serial = data >> shift;
    Some(serial << 32 | (data & ((1 << shift) - 1)))
}

/// The number of a local port; nothing for any other term.
#[inline]
pub(crate) const fn port(word: u64) -> Option<u64> {
    if word & TAG_MASK == TAG_PORT { Some(word >> TAG_BITS) } else { None }
}

/// A process or port given by its word.
#[inline]
pub(crate) fn entity(word: u64) -> Option<Entity> {
    if let Some(id) = pid(word) {
        Some(Entity { kind: EntityKind::Process, id })
    } else {
        port(word).map(|id| Entity { kind: EntityKind::Port, id })
    }
}

/// A pid's word with the number and serial that its text shows.
pub(crate) struct PidSample {
    pub(crate) word: u64,
    pub(crate) number: u64,
    pub(crate) serial: u64,
}

/// Learns the layout. At least one sample must have number 0 and serial 1: its word shows where the serial begins.
/// Answers whether every sample, the ports and the small integer and atom given fit the layout found.
pub(crate) fn calibrate(pids: &[PidSample], ports: &[(u64, u64)], five: u64, atom: u64) -> bool {
    let Some(first) = pids.iter().find(|sample| sample.number == 0 && sample.serial == 1) else {
        return false;
    };
    let data = first.word >> TAG_BITS;
    if first.word & TAG_MASK != TAG_PID || !data.is_power_of_two() {
        return false;
    }
    SERIAL_SHIFT.store(data.trailing_zeros(), Relaxed);
    pids.iter().all(|sample| pid(sample.word) == Some(sample.serial << 32 | sample.number))
        && ports.iter().all(|&(word, number)| port(word) == Some(number))
        && small_value(five) == Some(5)
        && five == small(5)
        && atom_index(atom).is_some_and(|index| atom_word(index) == atom)
}

/// Whether [`calibrate`] has succeeded at least in finding the serial.
pub(crate) fn is_calibrated() -> bool {
    SERIAL_SHIFT.load(Relaxed) != 0
}
