//! Numbers as people read them.

use crate::charset::Charset;

/// A number with its thousands set apart: `1,234,567`.
pub(crate) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration to three significant digits: `345 ns`, `1.23 ms`, `45.6 s`, `12m34s`, `5h07m`.
pub(crate) fn duration(ns: u64, charset: Charset) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    if ns == 0 {
        return "0".to_owned();
    }
    if ns < 1000 {
        return format!("{ns} ns");
    }
    for (unit, prefix) in [(1e3, charset.micro()), (1e6, "m"), (1e9, "")] {
        let value = ns as f64 / unit;
        // What would round up to the next unit is the next unit's.
        if value < 9.995 {
            return format!("{value:.2} {prefix}s");
        }
        if value < 99.95 {
            return format!("{value:.1} {prefix}s");
        }
        if value < 999.5 {
            return format!("{value:.0} {prefix}s");
        }
    }
    let seconds = ns / 1_000_000_000;
    if seconds < HOUR {
        format!("{}m{:02}s", seconds / MINUTE, seconds % MINUTE)
    } else {
        format!("{}h{:02}m", seconds / HOUR, seconds % HOUR / MINUTE)
    }
}

/// A point in time in UTC; the bare number where no calendar has it.
pub(crate) fn instant(since_epoch_ns: u64) -> String {
    match jiff::Timestamp::from_nanosecond(since_epoch_ns.into()) {
        Ok(time) => format!("{time:.6}"),
        Err(_) => format!("{since_epoch_ns} ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_their_thousands_apart() {
        let texts = [0, 7, 999, 1000, 123_456, 1_234_567].map(count);
        assert_eq!(texts, ["0", "7", "999", "1,000", "123,456", "1,234,567"]);
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn durations_have_three_digits() {
        let texts = [0, 1, 999, 1000, 1234, 12_345, 123_456, 999_499, 999_500]
            .map(|ns| duration(ns, Charset::Unicode));
        assert_eq!(
            texts,
            ["0", "1 ns", "999 ns", "1.00 µs", "1.23 µs", "12.3 µs", "123 µs", "999 µs", "1.00 ms"]
        );
        let second = 1_000_000_000;
        let texts = [second, 59 * second, 999 * second, 1000 * second, 3661 * second]
            .map(|ns| duration(ns, Charset::Unicode));
        assert_eq!(texts, ["1.00 s", "59.0 s", "999 s", "16m40s", "1h01m"]);
        assert_eq!(duration(1234, Charset::Ascii), "1.23 us");
    }

    #[test]
    fn an_instant_is_utc() {
        assert_eq!(instant(1_700_000_000_123_456_789), "2023-11-14T22:13:20.123456Z");
    }
}
