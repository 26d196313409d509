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

/// Exchanges the first bit of a number of `bits` (1..=64) for the last, and so on.
pub(crate) fn reverse(value: u64, bits: u32) -> u64 {
    value.reverse_bits() >> (64 - bits)
}

/// Most bytes that 64 bits take when each byte has seven of them.
const LEB128: usize = 10;

/// Loads a number of which each byte has seven bits, the least significant first, and the last byte's highest bit is
/// clear; gives the number and how many bytes it takes. `None` when it does not end before `end` (in bytes), `Some(None)`
/// when it has more than 64 bits.
pub(crate) fn load_leb128(buf: &[u8], at: usize, end: usize, signed: bool) -> Option<Option<(u64, u32)>> {
    let mut value = 0;
    for i in 0..LEB128 {
        let byte = *buf.get(at..end)?.get(i)?;
        let seven = u64::from(byte & 0x7f);
        value |= seven << (7 * i);
        if byte & 0x80 != 0 {
            continue;
        }
        let bits = 7 * (i as u32 + 1);
        let fits = bits < 64 || seven == 0 || if signed { seven == 0x7f } else { seven == 1 };
        let is_negative = signed && byte & 0x40 != 0 && bits < 64;
        let value = if is_negative { sign_extend(value, bits) } else { value };
        return Some(fits.then_some((value, i as u32 + 1)));
    }
    Some(None)
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
    fn numbers_of_seven_bits_a_byte_are_put_together() {
        let load = |bytes: &[u8], signed| load_leb128(bytes, 0, bytes.len(), signed);
        for value in [0, 1, 63, 64, 127, 128, 300, 1 << 35, u64::MAX >> 1, 1 << 63, u64::MAX] {
            let (mut bytes, mut rest) = (Vec::new(), value);
            while rest > 0x7f {
                bytes.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            bytes.push(rest as u8);
            assert_eq!(load(&bytes, false), Some(Some((value, bytes.len() as u32))), "{value}");
            assert_eq!(load(&bytes[..bytes.len() - 1], false), None, "{value}");
        }
        for (bytes, value) in [
            (&[0x7f][..], -1),
            (&[0x40], -64),
            (&[0xbf, 0x7f], -65),
            (&[0xc0, 0x00], 64),
            (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f], i64::MIN),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00], i64::MAX),
        ] {
            assert_eq!(load(bytes, true), Some(Some((value as u64, bytes.len() as u32))), "{value}");
        }
        let long = [[0xff; 9].as_slice(), &[2]].concat();
        assert_eq!(load(&long, false), Some(None));
        assert_eq!(load(&[0xff; 20], true), Some(None));
    }

    #[test]
    fn bits_are_reversed() {
        assert_eq!(reverse(0b1_1101_1010, 9), 0b0_1011_0111);
        assert_eq!(reverse(1, 64), 1 << 63);
        assert_eq!(reverse(1, 1), 1);
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
