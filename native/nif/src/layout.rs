//! How the VM packs immediate terms into a machine word: learnt from terms of known value, never assumed.
//!
//! Reading a word is what makes a pid cost nothing. Releases differ in how many bits number and serial have and in
//! what else the word repeats of them (OTP 25 keeps a copy in the upper half for its process table, OTP 27 rotates the
//! lower bits of the number), so the places are calibrated at load from single-bit samples, and a VM that fits nothing
//! known is refused.

use beamtap_schema::{Entity, EntityKind};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

const IMMEDIATE_MASK: u64 = 0b11;
const TAG_BITS: u32 = 4;
const TAG_MASK: u64 = 0xF;
const TAG_PID: u64 = 0x3;
const TAG_PORT: u64 = 0x7;
const TAG_SMALL: u64 = 0xF;
/// Atoms have a longer tag: six bits.
const ATOM_BITS: u32 = 6;
const ATOM_MASK: u64 = 0x3F;
const TAG_ATOM: u64 = 0x0B;

/// Runs that a number's bits may be split into. OTP 25 keeps them together; OTP 27 rotates the lower ones.
const RUNS: usize = 3;

/// Where the bits of a number stand in a word; all masks empty until calibrated.
struct Bits {
    runs: [Run; RUNS],
}

/// Bits that stand together in the word and in the number: `(word >> from & mask) << to`.
struct Run {
    from: AtomicU32,
    to: AtomicU32,
    mask: AtomicU64,
}

#[cfg_attr(target_os = "linux", unsafe(link_section = ".data.beamtap_hot"))]
static PID_NUMBER: Bits = Bits::unknown();
#[cfg_attr(target_os = "linux", unsafe(link_section = ".data.beamtap_hot"))]
static PID_SERIAL: Bits = Bits::unknown();
static PORT_NUMBER: Bits = Bits::unknown();

impl Bits {
    const fn unknown() -> Self {
        Bits {
            runs: [const { Run { from: AtomicU32::new(0), to: AtomicU32::new(0), mask: AtomicU64::new(0) } };
                RUNS],
        }
    }

    #[inline(always)]
    fn of(&self, word: u64) -> u64 {
        let mut number = self.runs[0].of(word);
        for run in &self.runs[1..] {
            if run.mask.load(Relaxed) == 0 {
                break;
            }
            number |= run.of(word);
        }
        number
    }

    /// Learns the runs from the words of 0 and of 1, 2, 4, ...: the lowest bit in which a word differs from that of 0.
    /// Answers whether there are no more runs than can be kept.
    fn learn(&self, zero: u64, powers: impl Iterator<Item = (u64, u64)>) -> bool {
        let mut places: Vec<(u32, u32)> =
            powers.map(|(word, value)| (value.trailing_zeros(), (word ^ zero).trailing_zeros())).collect();
        places.sort_unstable();
        let mut found = 0;
        for run in places.chunk_by(|a, b| b.0 == a.0 + 1 && b.1 == a.1 + 1) {
            let Some(kept) = self.runs.get(found) else { return false };
            kept.to.store(run[0].0, Relaxed);
            kept.from.store(run[0].1, Relaxed);
            kept.mask.store(u64::MAX >> (64 - run.len().min(64)), Relaxed);
            found += 1;
        }
        found > 0
    }
}

impl Run {
    #[inline(always)]
    fn of(&self, word: u64) -> u64 {
        (word >> (self.from.load(Relaxed) & 63) & self.mask.load(Relaxed)) << (self.to.load(Relaxed) & 63)
    }
}

/// The word of the small integer `value`.
pub(crate) const fn small(value: u64) -> u64 {
    value << TAG_BITS | TAG_SMALL
}

/// What a small integer's word holds above its tag; of any other term, some number.
#[inline]
pub(crate) const fn small_bits(word: u64) -> u64 {
    word >> TAG_BITS
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
#[inline(always)]
pub(crate) fn pid(word: u64) -> Option<u64> {
    if word & TAG_MASK != TAG_PID {
        return None;
    }
    Some(PID_SERIAL.of(word) << 32 | PID_NUMBER.of(word))
}

/// The number of a local port; nothing for any other term.
#[inline]
pub(crate) fn port(word: u64) -> Option<u64> {
    (word & TAG_MASK == TAG_PORT).then(|| PORT_NUMBER.of(word))
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

/// Learns the layout. The samples hold 0, and every power of two that the release allows, for the pid's number, the
/// pid's serial and the port's number. Answers whether these and every other sample, the small integer 5 and the atom
/// given fit the layout found.
pub(crate) fn calibrate(pids: &[PidSample], ports: &[(u64, u64)], five: u64, atom: u64) -> bool {
    let Some(pid_zero) = pids.iter().find(|sample| sample.number == 0 && sample.serial == 0) else {
        return false;
    };
    let Some(port_zero) = ports.iter().find(|(_, number)| *number == 0) else { return false };
    let numbers = pids.iter().filter(|sample| sample.serial == 0 && sample.number.is_power_of_two());
    let serials = pids.iter().filter(|sample| sample.number == 0 && sample.serial.is_power_of_two());
    let port_numbers = ports.iter().copied().filter(|(_, number)| number.is_power_of_two());
    PID_NUMBER.learn(pid_zero.word, numbers.map(|sample| (sample.word, sample.number)))
        && PID_SERIAL.learn(pid_zero.word, serials.map(|sample| (sample.word, sample.serial)))
        && PORT_NUMBER.learn(port_zero.0, port_numbers)
        && pids.iter().all(|sample| pid(sample.word) == Some(sample.serial << 32 | sample.number))
        && ports.iter().all(|&(word, number)| port(word) == Some(number))
        && five == small(5)
        && atom_index(atom).is_some_and(|index| atom_word(index) == atom)
}

/// Whether [`calibrate`] has found a layout.
pub(crate) fn is_calibrated() -> bool {
    PORT_NUMBER.runs[0].mask.load(Relaxed) != 0
}

/// Whether the term is all in its word: a small integer, an atom, a local pid or port, the empty list.
pub(crate) const fn is_immediate(word: u64) -> bool {
    word & IMMEDIATE_MASK == IMMEDIATE_MASK
}
