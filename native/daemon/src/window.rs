//! The stretch of a trace that a report is asked about.

use crate::quantity;
use crate::wall_clock::local_zone;
use beamtap_analysis::{Item, Stamp};
use beamtap_schema::{Class, Event};
use std::str::FromStr;

/// A point in time as people name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So many nanoseconds after the trace's first event.
    SinceBegin(u64),
    /// Nanoseconds since the Unix epoch.
    Absolute(u64),
    /// Nanoseconds since midnight, local time: the first such time that the trace has.
    OfDay(u64),
}

/// One day; a time of day is looked for within the one after the trace's begin.
const DAY_NS: u64 = 86_400_000_000_000;
/// Lines show times in microseconds or less: the begin of a trace is taken for the time that its line has.
const SHOWN_NS: u64 = 1_000_000_000;

impl FromStr for Moment {
    type Err = String;

    /// Reads `1.5s`, `200ms`, `35us`, `10ns`, `2m`, a time of day such as `12:41:49.7`, or a time with its zone such as
    /// `2026-11-23T12:41:49.7Z`.
    fn from_str(text: &str) -> Result<Moment, String> {
        if let Ok(time) = text.parse::<jiff::Timestamp>() {
            let ns =
                u64::try_from(time.as_nanosecond()).map_err(|_| "expected a time after 1970".to_owned())?;
            return Ok(Moment::Absolute(ns));
        }
        if text.contains(':')
            && let Ok(time) = text.parse::<jiff::civil::Time>()
        {
            let ns = time.duration_since(jiff::civil::Time::midnight()).as_nanos();
            return Ok(Moment::OfDay(u64::try_from(ns).unwrap_or(0)));
        }
        duration_ns(text).map(Moment::SinceBegin).map_err(|_| {
            "expected a time after the start of the trace such as 1.5s or 200ms, a time of day such as 12:41:49.7, or a date \
             and time such as 2026-11-23T12:41:49.7Z"
                .to_owned()
        })
    }
}

/// Nanoseconds of a duration as people write it: `1.5s`, `200ms`, `35us`, `10ns`, `2m`.
pub(crate) fn duration_ns(text: &str) -> Result<u64, String> {
    let refuse = || "expected a duration such as 1.5s or 200ms".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ns" => 1.0,
        "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        _ => return Err(refuse()),
    };
    let number: f64 = digits.parse().map_err(|_| refuse())?;
    let ns = number * unit;
    if (0.0..=u64::MAX as f64).contains(&ns) { Ok(ns.round() as u64) } else { Err(refuse()) }
}

impl Moment {
    /// The time in nanoseconds since the Unix epoch, in a trace that begins at `begin_ns`.
    pub(crate) fn resolve(self, begin_ns: u64) -> u64 {
        match self {
            Moment::SinceBegin(ns) => begin_ns.saturating_add(ns),
            Moment::Absolute(ns) => ns,
            Moment::OfDay(ns) => ns_of_day(&local_zone(), begin_ns, ns),
        }
    }
}

/// The first time of this name that is not before the begin of the trace.
fn ns_of_day(zone: &jiff::tz::TimeZone, begin_ns: u64, of_day_ns: u64) -> u64 {
    let Ok(begin) = jiff::Timestamp::from_nanosecond(begin_ns.into()) else { return begin_ns };
    let offset_ns = i128::from(zone.to_offset(begin).seconds()) * 1_000_000_000;
    let local = i128::from(begin_ns) + offset_ns;
    let midnight = local - local.rem_euclid(DAY_NS.into());
    let day = u64::try_from(midnight - offset_ns + i128::from(of_day_ns)).unwrap_or(0);
    if day.saturating_add(SHOWN_NS) < begin_ns { day + DAY_NS } else { day }
}

/// From when to when, both ends included; all of the trace where neither is given.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Window {
    pub(crate) begin: Option<Moment>,
    pub(crate) end: Option<Moment>,
    /// In nanoseconds since the Unix epoch; known from the first event on.
    bounds: Option<(u64, u64)>,
}

impl Window {
    pub(crate) fn new(begin: Option<Moment>, end: Option<Moment>) -> Window {
        Window { begin, end, bounds: None }
    }

    /// It is not the whole trace.
    pub(crate) fn is_narrow(&self) -> bool {
        self.begin.is_some() || self.end.is_some()
    }

    /// What of an item is in the window. Definitions always are, at its edge where they were written outside of it,
    /// since they may name what is inside; counters never, since they count the whole trace.
    pub(crate) fn cut<'a>(&mut self, item: &Item<'a>) -> Option<Item<'a>> {
        let (begin, end) = self.bounds(item);
        match *item {
            Item::Event(_, Event::CountersOf(_)) => None,
            // What lies outside interrupts nothing inside.
            Item::Event(stamp, Event::Gap(gap))
                if stamp.ns < begin || stamp.ns.saturating_sub(gap.length_ns) > end =>
            {
                None
            }
            Item::Event(stamp, Event::Pause(_)) if stamp.ns > end => None,
            Item::Event(stamp, Event::Resume(resume)) if stamp.ns.saturating_sub(resume.length_ns) > end => {
                None
            }
            Item::Event(stamp, event) if event.kind().info().class == Class::Own => {
                Some(Item::Event(Stamp { ns: stamp.ns.clamp(begin, end), ..stamp }, event))
            }
            Item::Event(stamp, _) | Item::Other(stamp, _) => {
                (begin..=end).contains(&stamp.ns).then_some(*item)
            }
            Item::Discarded(lost) | Item::LostPackets(lost) => {
                (lost.begin_ns <= end && begin <= lost.end_ns).then_some(*item)
            }
        }
    }

    /// Whether the window begins after the item, so that it may tell who the processes in the window are.
    pub(crate) fn is_after(&self, item: &Item<'_>) -> bool {
        match (item, self.bounds) {
            (Item::Event(stamp, _), Some((begin, _))) => stamp.ns < begin,
            _ => false,
        }
    }

    fn bounds(&mut self, first: &Item<'_>) -> (u64, u64) {
        *self.bounds.get_or_insert_with(|| {
            let trace_begin = match first {
                Item::Event(stamp, _) | Item::Other(stamp, _) => stamp.ns,
                Item::Discarded(lost) | Item::LostPackets(lost) => lost.begin_ns,
            };
            let begin = self.begin.map_or(0, |moment| moment.resolve(trace_begin));
            let end = self.end.map_or(u64::MAX, |moment| moment.resolve(trace_begin));
            (begin, end.max(begin))
        })
    }

    /// Says which stretch it is; `None` where it is the whole trace.
    pub(crate) fn note(&self) -> Option<String> {
        let (begin, end) = self.bounds.filter(|_| self.is_narrow())?;
        let from = self.begin.map(|_| format!(" from {}", quantity::instant(begin)));
        let to = self.end.map(|_| format!(" to {}", quantity::instant(end)));
        Some(format!(
            "Only events{}{} and all definitions are counted.",
            from.unwrap_or_default(),
            to.unwrap_or_default()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        let ns = |text: &str| text.parse::<Moment>();
        assert_eq!(ns("1.5s"), Ok(Moment::SinceBegin(1_500_000_000)));
        assert_eq!(ns("200ms"), Ok(Moment::SinceBegin(200_000_000)));
        assert_eq!(ns("35us"), Ok(Moment::SinceBegin(35_000)));
        assert_eq!(ns("10ns"), Ok(Moment::SinceBegin(10)));
        assert_eq!(ns("2m"), Ok(Moment::SinceBegin(120_000_000_000)));
        assert_eq!(ns("2023-11-14T22:13:20.5Z"), Ok(Moment::Absolute(1_700_000_000_500_000_000)));
        assert_eq!(
            ns("12:41:49.7"),
            Ok(Moment::OfDay((12 * 3600 + 41 * 60 + 49) * 1_000_000_000 + 700_000_000))
        );
        assert_eq!(ns("00:01"), Ok(Moment::OfDay(60_000_000_000)));
        for wrong in
            ["25:00:00", ":", "", "5", "-1s", "1.5.5s", "nans", "infs", "1969-01-01T00:00:00Z", "1e99s", "s"]
        {
            assert!(ns(wrong).is_err(), "{wrong:?} was understood as {:?}", ns(wrong));
        }
    }

    #[test]
    fn a_time_of_day_is_the_first_one_of_the_trace() {
        let second = 1_000_000_000;
        // 2023-11-14T22:13:20.5Z
        let begin = 1_700_000_000 * second + second / 2;
        let of_day = |zone: &str, time: &str| {
            let Ok(Moment::OfDay(ns)) = time.parse() else { panic!("{time}") };
            ns_of_day(&jiff::tz::TimeZone::posix(zone).unwrap(), begin, ns) - begin
        };
        assert_eq!(of_day("UTC0", "22:13:21.5"), second);
        assert_eq!(of_day("IST-5:30", "03:43:21.5"), second, "local time");
        assert_eq!(of_day("UTC0", "00:00:00"), (3600 + 46 * 60 + 40) * second - second / 2, "the next day");
    }
}
