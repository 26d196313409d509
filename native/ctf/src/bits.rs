//! Loads of integers at any bit position.
//!
//! Buffers that these read from are longer by [`PAD`] bytes than the data in them, so that every load can take
//! eight bytes at once and cut what it needs: no branch on the field's width.

use wide::u8x16;

/// Bytes that a buffer must have behind its data.
pub(crate) const PAD: usize = 16;

/// Which end of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte, and in bit fields least significant bit, first.
    Little,
    /// Most significant byte, and in bit fields most significant bit, first.
    Big,
}

/// Rounds `pos` up to a multiple of `align`, a power of two. Positions and sizes are far below the top of the range:
/// those in metadata are limited to 2^60 bits, those in packets by the length of a file.
#[inline(always)]
pub(crate) fn align_up(pos: u64, align: u64) -> u64 {
    let mask = align - 1;
    pos.wrapping_add(mask) & !mask
}

#[inline(always)]
fn eight(buf: &[u8], at: usize) -> Option<[u8; 8]> {
    buf.get(at..at.checked_add(8)?)?.first_chunk::<8>().copied()
}

/// Loads eight bytes at a byte position, least significant first. Bytes past the buffer read as 0.
#[inline(always)]
pub(crate) fn load_bytes_le(buf: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(eight(buf, at).unwrap_or_default())
}

/// Index of the first NUL at or behind `at`. One at or behind `end` is found or not.
#[inline(always)]
pub(crate) fn find_nul(buf: &[u8], at: usize, end: usize) -> Option<usize> {
    // Most strings are short, and of a length that no branch can foresee: their end is found without any.
    if let Some(first) = at.checked_add(64).and_then(|end| buf.get(at..end))
        && let [a, b, c, d] = first.as_chunks::<16>().0
    {
        let zeros = |bytes: &[u8; 16]| u64::from(u8x16::new(*bytes).simd_eq(u8x16::ZERO).to_bitmask());
        let mask = zeros(a) | zeros(b) << 16 | zeros(c) << 32 | zeros(d) << 48;
        if mask != 0 {
            return Some(at + mask.trailing_zeros() as usize);
        }
    }
    find_far_nul(buf, at, end)
}

/// The same for long strings, and for the last ones of a buffer.
#[inline(never)]
fn find_far_nul(buf: &[u8], at: usize, end: usize) -> Option<usize> {
    let rest = buf.get(at..end)?;
    memchr::memchr(0, rest).map(|n| at + n)
}

/// Loads `bits` (1..=64) at bit position `pos`, least significant first. Bytes past the buffer read as 0.
#[inline(always)]
pub(crate) fn load_le(buf: &[u8], pos: u64, bits: u32) -> u64 {
    let at = (pos >> 3) as usize;
    let shift = (pos & 7) as u32;
    let low = u64::from_le_bytes(eight(buf, at).unwrap_or_default()) >> shift;
    let value = if bits + shift > 64 {
        let next = buf.get(at + 8).copied().unwrap_or(0) as u64;
        low | next << (64 - shift)
    } else {
        low
    };
    value & (u64::MAX >> (64 - bits))
}

/// Loads `bits` (1..=64) at bit position `pos`, most significant first. Bytes past the buffer read as 0.
#[inline(always)]
pub(crate) fn load_be(buf: &[u8], pos: u64, bits: u32) -> u64 {
    let at = (pos >> 3) as usize;
    let shift = (pos & 7) as u32;
    let high = u64::from_be_bytes(eight(buf, at).unwrap_or_default()) << shift;
    let value = if bits + shift > 64 {
        let next = buf.get(at + 8).copied().unwrap_or(0) as u64;
        high | next >> (8 - shift)
    } else {
        high
    };
    value >> (64 - bits)
}

/// Loads an unsigned number of `bits` (1..=64).
#[inline(always)]
pub(crate) fn load(buf: &[u8], pos: u64, bits: u32, order: ByteOrder) -> u64 {
    match order {
        ByteOrder::Little => load_le(buf, pos, bits),
        ByteOrder::Big => load_be(buf, pos, bits),
    }
}

/// Spreads the sign bit of a number of `bits` (1..=64) over all 64.
#[inline(always)]
pub(crate) fn sign_extend(value: u64, bits: u32) -> u64 {
    let gap = 64 - bits;
    (((value << gap) as i64) >> gap) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One bit at a time: the definition, too slow to use.
    fn slow(buf: &[u8], pos: u64, bits: u32, order: ByteOrder) -> u64 {
        let mut value = 0u64;
        for i in 0..bits as u64 {
            let p = pos + i;
            let byte = buf[(p >> 3) as usize];
            match order {
                ByteOrder::Little => value |= u64::from(byte >> (p & 7) & 1) << i,
                ByteOrder::Big => value = value << 1 | u64::from(byte >> (7 - (p & 7)) & 1),
            }
        }
        value
    }

    #[test]
    fn every_width_at_every_shift_equals_the_bitwise_definition() {
        let data: Vec<u8> = (0..40u32).map(|i| (i.wrapping_mul(2654435761) >> 13) as u8).collect();
        for order in [ByteOrder::Little, ByteOrder::Big] {
            for bits in 1..=64 {
                for pos in 0..64 {
                    assert_eq!(
                        load(&data, pos, bits, order),
                        slow(&data, pos, bits, order),
                        "{bits} bits at {pos}"
                    );
                }
            }
        }
    }

    #[test]
    fn nuls_are_found_where_they_are() {
        for length in 0..80 {
            for at in 0..10 {
                let mut data = vec![0x80; 200];
                data[at + length] = 0;
                assert_eq!(find_nul(&data, at, 150), Some(at + length), "{length} at {at}");
                assert!(find_nul(&data, at, at + length).is_none_or(|found| found == at + length));
            }
        }
        assert_eq!(find_nul(&[7; 3 + PAD], 0, 3), None);
    }

    #[test]
    fn signs_spread() {
        assert_eq!(sign_extend(0b101, 3) as i64, -3);
        assert_eq!(sign_extend(0b011, 3) as i64, 3);
        assert_eq!(sign_extend(u64::MAX, 64) as i64, -1);
    }

    #[test]
    fn positions_are_rounded_up() {
        assert_eq!(align_up(9, 8), 16);
        assert_eq!(align_up(16, 8), 16);
        assert_eq!(align_up((1 << 60) - 1, 1 << 19), 1 << 60);
    }
}
