//! What every analysis answers with: a table that knows its units, for people and programs alike.

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Text, such as a name.
    Text,
    /// True or false.
    Claim,
    /// A number of things.
    Count,
    /// A number of bytes; the column's name says so.
    Bytes,
    /// A number of the VM's words; the column's name says so.
    Words,
    /// A share in whole percent; the column's name says so.
    Percent,
    /// A length of time in nanoseconds.
    Nanoseconds,
    /// A point in time, in nanoseconds since the Unix epoch.
    EpochNanoseconds,
}

/// The alignment of the cells of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Names.
    Left,
    /// Quantities.
    Right,
}

/// One column of a [`Table`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// One word, or several joined with `_`.
    pub name: &'static str,
    /// What its cells hold.
    pub unit: Unit,
    /// Only JSON has it: text shows the same in another column.
    pub detail: bool,
    /// One line on what it means.
    pub doc: &'static str,
    /// When its cells are [unknown](Cell::Unknown); `None` for a column whose cells never are.
    pub unknown: Option<&'static str>,
    /// What text shows above it, where that is not its name.
    title: Option<&'static str>,
}

impl Column {
    const fn new(name: &'static str, unit: Unit, doc: &'static str) -> Column {
        Column { name, unit, detail: false, doc, unknown: None, title: None }
    }

    /// A column of text.
    pub const fn text(name: &'static str, doc: &'static str) -> Column {
        Column::new(name, Unit::Text, doc)
    }

    /// A column of claims that hold or do not.
    pub const fn claim(name: &'static str, doc: &'static str) -> Column {
        Column::new(name, Unit::Claim, doc)
    }

    /// A column of numbers of bytes.
    pub const fn bytes(name: &'static str, doc: &'static str) -> Column {
        Column::new(name, Unit::Bytes, doc)
    }

    /// A column of numbers of words.
    pub const fn words(name: &'static str, doc: &'static str) -> Column {
        Column::new(name, Unit::Words, doc)
    }

    /// A column of shares in whole percent.
    pub const fn percent(name: &'static str, doc: &'static str) -> Column {
        Column::new(name, Unit::Percent, doc)
    }

    /// A column of numbers of things.
    pub const fn count(name: &'static str, doc: &'static str) -> Column {
        Column::new(name, Unit::Count, doc)
    }

    /// A column of durations.
    pub const fn duration(name: &'static str, doc: &'static str) -> Column {
        Column::new(name, Unit::Nanoseconds, doc)
    }

    /// A column of points in time.
    pub const fn instant(name: &'static str, doc: &'static str) -> Column {
        Column::new(name, Unit::EpochNanoseconds, doc)
    }

    /// The same column, with a reason why some of its cells are unknown.
    pub const fn unknown(mut self, when: &'static str) -> Column {
        self.unknown = Some(when);
        self
    }

    /// The same column, in JSON only.
    pub const fn detail(mut self) -> Column {
        self.detail = true;
        self
    }

    /// The same column under a title that says what its values are in this trace.
    pub const fn titled(mut self, title: &'static str) -> Column {
        self.title = Some(title);
        self
    }

    /// What text shows above it.
    pub fn title(&self) -> String {
        self.title.map_or_else(|| self.name.replace('_', " "), str::to_owned)
    }

    /// The side on which its cells line up.
    pub const fn align(&self) -> Align {
        match self.unit {
            Unit::Text | Unit::Claim | Unit::EpochNanoseconds => Align::Left,
            Unit::Count | Unit::Bytes | Unit::Words | Unit::Percent | Unit::Nanoseconds => Align::Right,
        }
    }

    /// Its key in JSON: its name, with `_ns` at the end of a time's.
    pub fn key(&self) -> String {
        match self.unit {
            Unit::Nanoseconds | Unit::EpochNanoseconds => format!("{}_ns", self.name),
            _ => self.name.to_owned(),
        }
    }

    /// Whether the cell is of the kind that the column says.
    fn admits(&self, cell: &Cell) -> bool {
        match cell {
            Cell::Unknown => self.unknown.is_some(),
            Cell::Text(_) => self.unit == Unit::Text,
            Cell::Claim(_) => self.unit == Unit::Claim,
            Cell::Duration(_) => self.unit == Unit::Nanoseconds,
            Cell::Instant(_) => self.unit == Unit::EpochNanoseconds,
            Cell::Count(_) | Cell::Difference(_) => {
                matches!(self.unit, Unit::Count | Unit::Bytes | Unit::Words | Unit::Percent)
            }
        }
    }
}

/// One value in a [`Table`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// The trace does not tell.
    Unknown,
    /// A number of things.
    Count(u64),
    /// A difference of two numbers of things.
    Difference(i64),
    /// A duration in nanoseconds.
    Duration(u64),
    /// A point in time, in nanoseconds since the Unix epoch.
    Instant(u64),
    /// A name, as the trace has it: not safe to print to a terminal as it is.
    Text(String),
    /// A claim that holds or does not.
    Claim(bool),
}

impl Cell {
    /// The cell's place among others of its column, for sorting; what is not known comes before everything.
    fn rank(&self) -> (u8, i128, &str) {
        match self {
            Cell::Unknown => (0, 0, ""),
            Cell::Count(n) | Cell::Duration(n) | Cell::Instant(n) => (1, i128::from(*n), ""),
            Cell::Difference(n) => (1, i128::from(*n), ""),
            Cell::Claim(holds) => (1, i128::from(*holds), ""),
            Cell::Text(text) => (1, 0, text),
        }
    }
}

/// How to read the rows of a [`Table`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Rows of the same kind, one below the other.
    Rows,
    /// The only row's cells are single facts about the whole trace, named by their columns.
    Facts,
}

/// The declaration of a [`Table`]. Help and documentation are made from it.
#[derive(Clone, Copy, Debug)]
pub struct TableInfo {
    /// Its key in JSON.
    pub id: &'static str,
    /// The heading that text shows above it.
    pub title: &'static str,
    /// One line on what it tells.
    pub doc: &'static str,
    /// How to read its rows.
    pub shape: Shape,
    /// Its columns.
    pub columns: &'static [Column],
    /// When an answer does not have it; `None` for a table that is always there.
    pub absent: Option<&'static str>,
}

/// The result of an analysis.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its key in JSON.
    pub id: &'static str,
    /// The heading that text shows above it.
    pub title: &'static str,
    /// How to read its rows.
    pub shape: Shape,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, each with one cell per column; exactly one for [`Shape::Facts`].
    pub rows: Vec<Vec<Cell>>,
    /// Whether events are missing in what it was computed from.
    pub lossy: bool,
    /// What to know when reading the numbers, one sentence each.
    pub notes: Vec<String>,
}

impl Table {
    /// An empty table.
    pub fn new(info: &TableInfo) -> Table {
        Table {
            id: info.id,
            title: info.title,
            shape: info.shape,
            columns: info.columns.to_vec(),
            rows: Vec::new(),
            lossy: false,
            notes: Vec::new(),
        }
    }

    /// A table of facts, one for each column.
    pub fn facts(info: &TableInfo, facts: Vec<Cell>) -> Table {
        Table { rows: vec![facts], ..Table::new(info) }
    }

    /// Whether each cell is of the kind that its column declares, and is unknown only if the column declares a
    /// reason.
    pub fn is_as_documented(&self) -> bool {
        let admits = |row: &Vec<Cell>| {
            row.len() == self.columns.len()
                && self.columns.iter().zip(row).all(|(column, cell)| column.admits(cell))
        };
        self.rows.iter().all(admits)
    }

    /// The index of the column with this name, or with this [key](Column::key).
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name || column.key() == name)
    }

    /// The cell of the first row in the column with this name: the value of a fact.
    pub fn value(&self, name: &str) -> Option<&Cell> {
        self.rows.first()?.get(self.column(name)?)
    }

    /// Sorts the rows by a column: numbers largest first, names in alphabetical order, unknown cells last. Equal rows
    /// keep their order. Does nothing if there is no such column.
    pub fn sort_by(&mut self, column: usize) {
        let Some(align) = self.columns.get(column).map(Column::align) else { return };
        self.rows.sort_by(|a, b| {
            let (a, b) = (a[column].rank(), b[column].rank());
            let known = b.0.cmp(&a.0);
            known.then_with(|| if align == Align::Right { b.cmp(&a) } else { a.cmp(&b) })
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_sort_largest_first_and_unknown_last() {
        const COLUMNS: &[Column] = &[Column::text("name", ""), Column::duration("own", "").unknown("no end")];
        let info =
            TableInfo { id: "t", title: "T", doc: "", shape: Shape::Rows, columns: COLUMNS, absent: None };
        let mut table = Table::new(&info);
        for (name, own) in [("b", None), ("c", Some(5)), ("a", Some(70))] {
            table.rows.push(vec![Cell::Text(name.into()), own.map_or(Cell::Unknown, Cell::Duration)]);
        }
        let names = |table: &Table| -> Vec<Cell> { table.rows.iter().map(|row| row[0].clone()).collect() };
        let text = |names: [&str; 3]| names.map(|name| Cell::Text(name.into())).to_vec();
        table.sort_by(table.column("own_ns").unwrap());
        assert_eq!(names(&table), text(["a", "c", "b"]));
        table.sort_by(table.column("name").unwrap());
        assert_eq!(names(&table), text(["a", "b", "c"]));
        assert_eq!(table.column("total"), None);
        assert!(table.is_as_documented());
        for wrong in
            [vec![Cell::Unknown, Cell::Duration(1)], vec![Cell::Text("d".into()), Cell::Count(1)], vec![]]
        {
            table.rows = vec![wrong];
            assert!(!table.is_as_documented(), "{:?}", table.rows);
        }
    }
}
