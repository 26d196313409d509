//! Clocks: from counted cycles to nanoseconds.

use crate::error::Fault;

/// A clock of timestamps.
#[derive(Debug, Clone)]
pub struct Clock {
    pub(crate) name: String,
    pub(crate) uuid: Option<[u8; 16]>,
    pub(crate) description: String,
    pub(crate) frequency: u64,
    pub(crate) offset_seconds: i64,
    pub(crate) offset_cycles: i64,
    /// Offset from the Unix epoch in nanoseconds.
    pub(crate) offset_ns: i64,
}

impl Clock {
    /// A clock of 1 GHz that counts from the Unix epoch.
    pub(crate) fn nanoseconds(name: &str) -> Clock {
        Clock {
            name: name.to_owned(),
            uuid: None,
            description: String::new(),
            frequency: 1_000_000_000,
            offset_seconds: 0,
            offset_cycles: 0,
            offset_ns: 0,
        }
    }

    /// Computes what follows from frequency and offsets; false when the offset does not fit in nanoseconds.
    pub(crate) fn settle(&mut self) -> bool {
        let cycles = i128::from(self.offset_cycles) * 1_000_000_000;
        let ns =
            cycles.div_euclid(self.frequency.max(1).into()) + i128::from(self.offset_seconds) * 1_000_000_000;
        i64::try_from(ns).map(|ns| self.offset_ns = ns).is_ok()
    }

    /// Name in the metadata; LTTng writes `monotonic`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Identity of the clock. LTTng writes the boot id of the system. Streams with the same UUID can be compared
    /// without the offset.
    pub fn uuid(&self) -> Option<[u8; 16]> {
        self.uuid
    }

    /// Description of the clock.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Cycles per second.
    pub fn frequency_hz(&self) -> u64 {
        self.frequency
    }

    /// Time between the Unix epoch and the clock's 0, in nanoseconds.
    pub fn offset_ns(&self) -> i64 {
        self.offset_ns
    }

    pub(crate) fn scale(&self) -> Scale {
        Scale { frequency: self.frequency, offset_ns: self.offset_ns }
    }
}

/// How to turn one stream's clock values into time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    frequency: u64,
    pub(crate) offset_ns: i64,
}

impl Scale {
    /// Nanoseconds since the clock's 0.
    #[inline(always)]
    pub(crate) fn raw_ns(&self, cycles: u64) -> Result<u64, Fault> {
        if self.frequency == 1_000_000_000 { Ok(cycles) } else { self.scaled_ns(cycles) }
    }

    #[inline(never)]
    fn scaled_ns(&self, cycles: u64) -> Result<u64, Fault> {
        let ns = u128::from(cycles) * 1_000_000_000 / u128::from(self.frequency);
        u64::try_from(ns).map_err(|_| Fault::TimeOverflow)
    }

    /// Nanoseconds since the Unix epoch.
    #[inline(always)]
    pub(crate) fn wall_ns(&self, raw_ns: u64) -> Result<i64, Fault> {
        self.offset_ns.checked_add_unsigned(raw_ns).ok_or(Fault::TimeOverflow)
    }
}

/// Brings the clock to the value of which a record holds only the low `bits` (1 or more): at most one wrap lies between.
#[inline(always)]
pub(crate) fn unwrap_low_bits(now: u64, low: u64, bits: u32) -> u64 {
    unwrap_masked(now, low, u64::MAX >> (64 - bits.min(64)))
}

/// The same with a mask of those bits.
#[inline(always)]
pub(crate) fn unwrap_masked(now: u64, low: u64, mask: u64) -> u64 {
    now.wrapping_add(low.wrapping_sub(now) & mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_bits_carry_into_the_high_ones_once() {
        assert_eq!(unwrap_low_bits(0x1_ffff_fff0, 0xffff_fff8, 32), 0x1_ffff_fff8);
        assert_eq!(unwrap_low_bits(0x1_ffff_fff0, 0x0000_0008, 32), 0x2_0000_0008);
        assert_eq!(unwrap_low_bits(0x7ff_ffff, 0, 27), 0x800_0000);
        assert_eq!(unwrap_low_bits(u64::MAX, 5, 64), 5);
    }

    #[test]
    fn the_clock_never_goes_back() {
        for now in [0, 5, 0x7ff_ffff, 0x1_ffff_ffff, u64::MAX - 3] {
            for low in [0, 4, 5, 6, 0x7ff_fffe, 0x7ff_ffff] {
                let next = unwrap_low_bits(now, low, 27);
                assert_eq!(next & 0x7ff_ffff, low);
                assert!(next.wrapping_sub(now) <= 0x7ff_ffff, "{low:x} after {now:x}");
            }
        }
    }

    #[test]
    fn a_slow_clock_with_a_negative_offset() {
        let mut clock = Clock::nanoseconds("c");
        (clock.frequency, clock.offset_seconds, clock.offset_cycles) = (1000, -2, 500);
        assert!(clock.settle());
        assert_eq!(clock.offset_ns, -1_500_000_000);
        let scale = clock.scale();
        assert_eq!(scale.raw_ns(3), Ok(3_000_000));
        assert_eq!(scale.wall_ns(3_000_000), Ok(-1_497_000_000));
    }

    #[test]
    fn an_offset_beyond_nanoseconds_is_refused() {
        let mut clock = Clock::nanoseconds("c");
        clock.offset_seconds = i64::MAX / 2;
        assert!(!clock.settle());
    }
}
