//! Numbers as decimal digits, many digits at a time.

use crate::piece::push_first;

const EIGHT: u64 = 100_000_000;

/// Appends a number without leading zeros.
///
/// # Example: a number between other text
///
/// ```
/// let mut text = b"n = ".to_vec();
/// beamtap_ctf::decimal::write(&mut text, 1234);
/// assert_eq!(text, b"n = 1234");
/// ```
#[inline]
pub fn write(out: &mut Vec<u8>, value: u64) {
    if value < EIGHT {
        return write_short(out, value);
    }
    let (high, low) = (value / EIGHT, value % EIGHT);
    if high < EIGHT {
        write_short(out, high);
    } else {
        write_short(out, high / EIGHT);
        out.extend_from_slice(&(eight(high % EIGHT) | ASCII).to_le_bytes());
    }
    out.extend_from_slice(&(eight(low) | ASCII).to_le_bytes());
}

/// The same for a number below 10^8.
#[inline(always)]
fn write_short(out: &mut Vec<u8>, value: u64) {
    let digits = eight(value);
    // The last digit stays where all are 0.
    let zeros = (digits | 1 << 56).trailing_zeros() & !7;
    push_first(out, &((digits | ASCII) >> zeros).to_le_bytes(), 8 - (zeros >> 3) as usize);
}

/// The last nine digits of a number, with leading zeros: nanoseconds of a second.
#[inline]
pub fn nine_digits(value: u32) -> [u8; 9] {
    let value = u64::from(value);
    let mut text = [0; 9];
    text[0] = b'0' + (value / EIGHT % 10) as u8;
    text[1..].copy_from_slice(&(eight(value % EIGHT) | ASCII).to_le_bytes());
    text
}

/// What makes eight digits from 0 to 9 those of ASCII.
const ASCII: u64 = 0x3030_3030_3030_3030;

/// The digits of a number below 10^8, the first in the lowest byte. Halves the number three times, in all parts at once;
/// the factors stand for divisions by 100 and by 10 and are exact for parts so small.
#[inline]
fn eight(value: u64) -> u64 {
    let fours = (value / 10_000) | ((value % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((pairs - 10 * tens) << 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_no_leading_zeros() {
        let around = (0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]);
        let powers = (0..20).map(|n| 10_u64.pow(n)).flat_map(|power| [power - 1, power, power + 1]);
        let spread = (0..100_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (n % 60));
        for number in (0..=20_000).chain(around).chain(powers).chain(spread).chain([u64::MAX]) {
            let mut out = b"x".to_vec();
            write(&mut out, number);
            assert_eq!(String::from_utf8(out).unwrap(), format!("x{number}"));
        }
    }

    #[test]
    fn every_group_of_four_digits_is_right_in_both_places() {
        for number in 0..10_000_u64 {
            let text = |value: u64| String::from_utf8((eight(value) | ASCII).to_le_bytes().to_vec()).unwrap();
            assert_eq!(text(number), format!("{number:08}"));
            assert_eq!(text(number * 10_000 + 9_999 - number), format!("{number:04}{:04}", 9_999 - number));
        }
    }

    #[test]
    fn nanoseconds_have_nine_digits() {
        for number in [0, 7, 99_999_999, 100_000_000, 123_456_789, 999_999_999] {
            assert_eq!(String::from_utf8(nine_digits(number).to_vec()).unwrap(), format!("{number:09}"));
        }
    }
}
