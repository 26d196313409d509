//! Where the time of traced functions went, in a sentence: what the table of functions says at first glance.

use crate::charset::Charset;
use crate::quantity;
use beamtap_analysis::{Cell, Table};

/// The sentence; none where no time was counted.
///
/// A function's own time, collections and waiting add up, over all functions, to the time that processes were in traced
/// functions, so that the shares are of one whole.
pub(crate) fn of(functions: &Table, charset: Charset) -> Option<String> {
    let sum = |name: &str| -> u64 {
        let Some(place) = functions.column(name) else { return 0 };
        functions.rows.iter().map(|row| duration(&row[place])).sum()
    };
    let (own, gc, out) = (sum("own"), sum("gc"), sum("out"));
    let all = own + gc + out;
    let own_title = functions.column("own").map(|place| functions.columns[place].title()).unwrap_or_default();
    let parts: Vec<String> = [(own, own_title.as_str()), (gc, "collecting garbage"), (out, "waiting")]
        .into_iter()
        .filter(|(ns, _)| *ns > 0)
        .map(|(ns, what)| format!("{} {what}", share(ns, all)))
        .collect();
    let (most, name) = most(functions)?;
    let time = quantity::duration(all, charset);
    // Without the flags that would tell, all of it is one part.
    let told = if parts.len() > 1 { format!(": {}", parts.join(", ")) } else { String::new() };
    Some(format!("{time} in traced functions{told}. Most in {name}: {}.", share(most, all)))
}

/// The function that most of the time went to, callees left out.
fn most(functions: &Table) -> Option<(u64, &str)> {
    let places: Vec<usize> = ["own", "gc", "out"].iter().filter_map(|name| functions.column(name)).collect();
    let time = |row: &[Cell]| places.iter().map(|&place| duration(&row[place])).sum::<u64>();
    let row = functions.rows.iter().max_by_key(|row| time(row)).filter(|row| time(row) > 0)?;
    match &row[functions.column("function")?] {
        Cell::Text(name) => Some((time(row), name)),
        _ => None,
    }
}

fn duration(cell: &Cell) -> u64 {
    match cell {
        Cell::Duration(ns) => *ns,
        _ => 0,
    }
}

/// In whole percent; what is there is not nothing.
fn share(part: u64, all: u64) -> String {
    match (part as f64 / all as f64 * 100.0).round() as u64 {
        0 => "<1 %".to_owned(),
        percent => format!("{percent} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::charset::Charset;
    use beamtap_analysis::{ANALYSES, Cell, Table};

    fn table(rows: &[(&str, u64, u64, u64)]) -> Table {
        let functions = ANALYSES.iter().find(|info| info.name == "functions").unwrap();
        let mut table = Table::new(&functions.tables[0]);
        for &(name, own, gc, out) in rows {
            let mut row = vec![Cell::Unknown; table.columns.len()];
            row[table.column("function").unwrap()] = Cell::Text(name.into());
            for (column, ns) in [("own", own), ("gc", gc), ("out", out)] {
                row[table.column(column).unwrap()] = Cell::Duration(ns);
            }
            table.rows.push(row);
        }
        table
    }

    #[test]
    fn shares_are_of_the_time_in_all_functions() {
        let slow = table(&[("m:f/1", 600_000, 100_000, 0), ("m:g/0", 50_000, 50_000, 200_000)]);
        assert_eq!(
            of(&slow, Charset::Unicode).unwrap(),
            "1.00 ms in traced functions: 65 % own, 15 % collecting garbage, 20 % waiting. Most in m:f/1: 70 %."
        );
        assert_eq!(
            of(&table(&[("m:f/1", 1000, 1, 0)]), Charset::Ascii).unwrap(),
            "1.00 us in traced functions: 100 % own, <1 % collecting garbage. Most in m:f/1: 100 %."
        );
        assert_eq!(
            of(&table(&[("m:f/1", 1000, 0, 0)]), Charset::Ascii).unwrap(),
            "1.00 us in traced functions. Most in m:f/1: 100 %."
        );
    }

    #[test]
    fn nothing_is_said_where_no_time_was_counted() {
        assert_eq!(of(&table(&[]), Charset::Unicode), None);
        assert_eq!(of(&table(&[("m:f/1", 0, 0, 0)]), Charset::Unicode), None);
    }
}
