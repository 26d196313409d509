//! Which events of a trace somebody wants to see.

use crate::condition::Condition;
use crate::failure::Failure;
use crate::glob::Glob;
use crate::window::{Moment, duration_ns};
use beamtap_ctf::TimeRange;
use beamtap_schema::Entity;
use clap::Args;
use std::str::FromStr;

/// Nanoseconds before and behind the time that `--around` names, unless it is said how many.
const AROUND_NS: u64 = 10_000_000;

/// The options that `read` and `watch` have in common.
#[derive(Args, Debug)]
pub(crate) struct Choice {
    /// Show only events with this name, with or without the provider: call, beamtap:call. `*` is any text, `?` any
    /// character. Repeat to show more events
    #[arg(long = "event", value_name = "GLOB")]
    pub(crate) events: Vec<Glob>,
    /// Show only events that meet this condition: pid=131, size>=0x1000, comm!=sh. If repeated, all must hold
    #[arg(long = "where", value_name = "CONDITION")]
    pub(crate) conditions: Vec<Condition>,
    /// Show only events that name this process: <0.87.0>. Repeat for more processes
    #[arg(long = "pid", value_name = "PID", value_parser = parse_pid)]
    pub(crate) processes: Vec<u64>,
    /// Show events from this time on: after the start of the trace (1.5s, 200ms), a time of day (12:41:49.7), or
    /// 2026-11-23T12:41:49.7Z
    #[arg(long, value_name = "TIME")]
    pub(crate) begin: Option<Moment>,
    /// Show events up to this time
    #[arg(long, value_name = "TIME")]
    pub(crate) end: Option<Moment>,
    /// Show events around this time, from --within before it to --within after it
    #[arg(long, value_name = "TIME", conflicts_with_all = ["begin", "end"])]
    pub(crate) around: Option<Moment>,
    /// Time before and after --around [default: 10ms]
    #[arg(long, value_name = "DURATION", requires = "around", value_parser = duration_ns)]
    pub(crate) within: Option<u64>,
    /// Show only the last N of these events (100), or those of the last DURATION (2s). Only for recorded traces
    #[arg(long, value_name = "N|DURATION")]
    pub(crate) last: Option<Last>,
}

/// How much of the end is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    /// So many events.
    Events(u64),
    /// So many nanoseconds.
    Nanoseconds(u64),
}

impl FromStr for Last {
    type Err = String;

    fn from_str(text: &str) -> Result<Last, String> {
        match text.parse() {
            Ok(count) => Ok(Last::Events(count)),
            Err(_) => duration_ns(text).map(Last::Nanoseconds).map_err(|_| {
                "expected a number of events such as 100, or a duration such as 2s or 200ms".to_owned()
            }),
        }
    }
}

impl Choice {
    /// The stretch of time; `begin_ns` tells the trace's first time, where it matters.
    pub(crate) fn range(&self, begin_ns: impl FnOnce() -> i64) -> TimeRange {
        if self.begin.is_none() && self.end.is_none() && self.around.is_none() {
            return TimeRange::default();
        }
        let begin_ns = u64::try_from(begin_ns()).unwrap_or(0);
        let at = |ns: u64| i64::try_from(ns).unwrap_or(i64::MAX);
        if let Some(moment) = self.around {
            let (ns, within) = (moment.resolve(begin_ns), self.within.unwrap_or(AROUND_NS));
            return TimeRange {
                begin_ns: at(ns.saturating_sub(within)),
                end_ns: at(ns.saturating_add(within)),
            };
        }
        TimeRange {
            begin_ns: self.begin.map_or(i64::MIN, |moment| at(moment.resolve(begin_ns))),
            end_ns: self.end.map_or(i64::MAX, |moment| at(moment.resolve(begin_ns))),
        }
    }

    /// Why the last events of a trace that grows cannot be shown.
    pub(crate) fn refuse_last(&self) -> Failure {
        Failure::Usage(
            "--last is not possible here: the trace is still being recorded, and its end is not known"
                .to_owned(),
        )
    }
}

/// A local process as Erlang or Elixir writes it, as events have it.
pub(crate) fn parse_pid(text: &str) -> Result<u64, String> {
    let numbers = text
        .strip_prefix("#PID")
        .unwrap_or(text)
        .strip_prefix("<0.")
        .and_then(|rest| rest.strip_suffix('>'))
        .and_then(|rest| rest.split_once('.'));
    match numbers.map(|(number, serial)| (number.parse::<u32>(), serial.parse::<u32>())) {
        Some((Ok(number), Ok(serial))) => Ok(Entity::process(number, serial).id),
        _ => Err("expected a local process such as <0.87.0>".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_read_as_both_languages_write_them() {
        assert_eq!(parse_pid("<0.87.1>"), Ok(87 | 1 << 32));
        assert_eq!(parse_pid("#PID<0.87.0>"), Ok(87));
        for wrong in ["87", "<1.87.0>", "<0.87>", "#PID", "<0.87.0", "<0.-1.0>"] {
            assert!(parse_pid(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_last_are_a_number_or_a_time() {
        assert_eq!("100".parse(), Ok(Last::Events(100)));
        assert_eq!("1.5s".parse(), Ok(Last::Nanoseconds(1_500_000_000)));
        for wrong in ["", "-1", "s", "1.5"] {
            assert!(wrong.parse::<Last>().is_err(), "{wrong}");
        }
    }
}
