//! Flight recorders that a VM left when it was killed.

use super::row::Row;
use crate::flights::Flight;

const CHECK: &str = "flight recorders";
const FORGET: &str = "to list them, run `beamtapd recover`; with --remove, they are not listed again";

/// No row where there is nothing to tell.
pub(super) fn row() -> Option<Row> {
    told(&Flight::list())
}

fn told(flights: &[Flight]) -> Option<Row> {
    let failed = flights.iter().find_map(|flight| Some((flight.session(), flight.written().err()?)));
    match (failed, flights) {
        (Some((session, why)), _) => {
            Some(Row::warning(CHECK, format!("{session} of a killed VM was not written: {why}"), FORGET))
        }
        (None, [first, ..]) => {
            let place = first.written().map(|place| place.display().to_string()).unwrap_or_default();
            let others = match flights.len() - 1 {
                0 => String::new(),
                others => format!(" and {others} more"),
            };
            let finding = format!("of a killed VM: {place}{others}");
            Some(Row { remedy: FORGET.into(), ..Row::ok(CHECK, finding) })
        }
        (None, []) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::row::Verdict;

    #[test]
    fn what_was_written_is_named_and_what_was_not_is_a_warning() {
        assert_eq!(told(&[]), None);
        let written = || Flight::new("a", Ok("/trace/last-1".into()));
        let row = told(&[written(), written()]).unwrap();
        assert_eq!(
            (row.verdict, row.finding.as_str()),
            (Verdict::Ok, "of a killed VM: /trace/last-1 and 1 more")
        );
        let row = told(&[written(), Flight::new("b", Err("no space".into()))]).unwrap();
        assert_eq!(row.verdict, Verdict::Warning);
        assert!(row.finding.contains("b of a killed VM was not written: no space"), "{}", row.finding);
    }
}
