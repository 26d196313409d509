//! The stretch of a trace that a report is asked about.

use crate::quantity;
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
}

impl FromStr for Moment {
    type Err = String;

    /// Reads `1.5s`, `200ms`, `35us`, `10ns`, `2m`, or a time with its zone such as `2026-11-23T12:41:49.7Z`.
    fn from_str(text: &str) -> Result<Moment, String> {
        if let Ok(time) = text.parse::<jiff::Timestamp>() {
            let ns = u64::try_from(time.as_nanosecond()).map_err(|_| "is before 1970".to_owned())?;
            return Ok(Moment::Absolute(ns));
        }
        let refuse = || {
            "give a time since the trace's begin, such as 1.5s or 200ms, or 2026-11-23T12:41:49.7Z".to_owned()
        };
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
        if (0.0..=u64::MAX as f64).contains(&ns) {
            Ok(Moment::SinceBegin(ns.round() as u64))
        } else {
            Err(refuse())
        }
    }
}

impl Moment {
    /// The time in nanoseconds since the Unix epoch, in a trace that begins at `begin_ns`.
    pub(crate) fn resolve(self, begin_ns: u64) -> u64 {
        match self {
            Moment::SinceBegin(ns) => begin_ns.saturating_add(ns),
            Moment::Absolute(ns) => ns,
        }
    }
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
            "Only the events{}{} are counted, and all definitions.",
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
        for wrong in ["", "5", "-1s", "1.5.5s", "nans", "infs", "1969-01-01T00:00:00Z", "1e99s", "s"] {
            assert!(ns(wrong).is_err(), "{wrong:?} was understood as {:?}", ns(wrong));
        }
    }
}
