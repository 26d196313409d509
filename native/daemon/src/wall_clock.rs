//! The time of day, as babeltrace2 writes it.

use beamtap_ctf::decimal;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

const NS_PER_SECOND: i64 = 1_000_000_000;
/// Largest file that describes a time zone: more than 200 times what any does.
const LARGEST_ZONE: u64 = 1 << 20;

/// Writes times of day. Looking up what a second is called costs more than the rest, and many events share one.
#[derive(Clone)]
pub(crate) struct WallClock {
    zone: TimeZone,
    second: i64,
    /// `HH:MM:SS` of that second.
    text: [u8; 8],
}

impl WallClock {
    /// A clock that shows the local time.
    pub(crate) fn local() -> WallClock {
        let mut clock = WallClock { zone: local_zone(), second: 0, text: *b"00:00:00" };
        clock.turn_to(0);
        clock
    }

    /// Appends `HH:MM:SS.nnnnnnnnn`; seconds and nanoseconds before 1970, as babeltrace2 does.
    #[inline]
    pub(crate) fn write(&mut self, since_epoch_ns: i64, out: &mut Vec<u8>) {
        if since_epoch_ns < 0 {
            out.push(b'-');
            return write_seconds(since_epoch_ns.unsigned_abs(), out);
        }
        let second = since_epoch_ns / NS_PER_SECOND;
        if second != self.second {
            self.turn_to(second);
        }
        out.extend_from_slice(&self.text);
        out.push(b'.');
        out.extend_from_slice(&decimal::nine_digits((since_epoch_ns % NS_PER_SECOND) as u32));
    }

    #[inline(never)]
    fn turn_to(&mut self, second: i64) {
        self.second = second;
        let offset = Timestamp::from_second(second).map_or(0, |time| self.zone.to_offset(time).seconds());
        let of_day = (second + i64::from(offset)).rem_euclid(86_400);
        for (place, part) in [(0, of_day / 3600), (3, of_day / 60 % 60), (6, of_day % 60)] {
            self.text[place] = b'0' + (part / 10) as u8;
            self.text[place + 1] = b'0' + (part % 10) as u8;
        }
    }
}

/// The zone that times of day are of: see TZ.
pub(crate) fn local_zone() -> TimeZone {
    // The C library takes UTC where TZ cannot be read, too.
    match std::env::var_os("TZ") {
        Some(tz) if !is_sane(&tz) => TimeZone::UTC,
        _ => TimeZone::system(),
    }
}

/// Whether the time zone is no file that could be read without end.
fn is_sane(tz: &OsStr) -> bool {
    let path = tz.as_bytes();
    let path = OsStr::from_bytes(path.strip_prefix(b":").unwrap_or(path));
    fs::metadata(path).map_or(true, |file| file.is_dir() || (file.is_file() && file.len() <= LARGEST_ZONE))
}

/// Appends a duration as seconds with nine decimals.
#[inline]
pub(crate) fn write_seconds(ns: u64, out: &mut Vec<u8>) {
    decimal::write(out, ns / NS_PER_SECOND as u64);
    out.push(b'.');
    out.extend_from_slice(&decimal::nine_digits((ns % NS_PER_SECOND as u64) as u32));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(zone: &str, ns: i64) -> String {
        let zone = TimeZone::posix(zone).unwrap();
        let mut clock = WallClock { zone, second: -1, text: *b"--:--:--" };
        let mut out = Vec::new();
        clock.write(ns, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_are_of_the_zone() {
        assert_eq!(written("UTC0", 1_351_532_897_586_558_519), "17:48:17.586558519");
        assert_eq!(written("EST5EDT,M3.2.0,M11.1.0", 1_351_532_897_586_558_519), "13:48:17.586558519");
        assert_eq!(written("IST-5:30", 0), "05:30:00.000000000");
        assert_eq!(written("UTC0", -1_500_000_000), "-1.500000000");
    }

    #[test]
    fn files_that_are_no_time_zones_are_not_read() {
        for tz in
            ["", "UTC", "EST5EDT,M3.2.0,M11.1.0", "America/New_York", ":/etc/localtime", "/no/such/zone"]
        {
            assert!(is_sane(OsStr::new(tz)), "{tz}");
        }
        assert!(!is_sane(OsStr::new("/dev/zero")) && !is_sane(OsStr::new(":/dev/zero")));
        let dir = tempfile::tempdir().unwrap();
        let large = dir.path().join("large");
        fs::File::create(&large).unwrap().set_len(1 << 40).unwrap();
        assert!(!is_sane(large.as_os_str()));
    }

    #[test]
    fn seconds_have_nine_decimals() {
        for (ns, text) in
            [(0, "0.000000000"), (1_000_000_007, "1.000000007"), (u64::MAX, "18446744073.709551615")]
        {
            let mut out = Vec::new();
            write_seconds(ns, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
