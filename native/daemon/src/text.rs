//! Tables for people.

use crate::charset::Charset;
use crate::heading;
use crate::quantity;
use crate::reading::Reading;
use crate::safe::Safe;
use crate::verdict;
use crate::wrap;
use beamtap_analysis::{Align, Cell, Column, Shape, Table};
use std::fmt::Write;
use std::path::Path;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A column of names is not made narrower than this while there is another way.
const NARROW: usize = 24;
/// A column of names is not made narrower than this.
const NARROWEST: usize = 16;
/// Between two columns.
const GUTTER: usize = 2;
/// Between two columns where there is little room.
const NARROW_GUTTER: usize = 1;

/// Text in the making.
pub(crate) struct Text {
    out: String,
    /// The terminal's width; no limit where the text goes elsewhere.
    width: Option<usize>,
    charset: Charset,
}

/// A column as it will be shown.
struct Shown {
    name: String,
    align: Align,
    cells: Vec<String>,
    width: usize,
}

impl Text {
    pub(crate) fn new(width: Option<usize>) -> Text {
        Text { out: String::new(), width, charset: Charset::of_environment() }
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    fn parts<'a>(&mut self, parts: impl IntoIterator<Item = &'a str>, separator: &str) {
        for line in wrap::lines(parts, separator, self.width) {
            self.line(&line);
        }
    }

    pub(crate) fn blank(&mut self) {
        self.line("");
    }

    /// A sentence.
    pub(crate) fn sentence(&mut self, sentence: &str) {
        self.parts(sentence.split(' '), " ");
    }

    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// What the answer is about: trace, VM, time, and first of all whether something is missing.
    pub(crate) fn heading(&mut self, directory: &Path, reading: &Reading) {
        let charset = self.charset;
        let line = Safe(&directory.to_string_lossy()).to_string();
        self.line(&line);
        let mut parts = Vec::new();
        if let Some(vms) = reading.table("vms") {
            for row in 0..vms.rows.len() {
                let cell = |name: &str| {
                    vms.column(name).map(|place| shown(&vms.rows[row][place], charset)).unwrap_or_default()
                };
                parts.push(cell("node"));
                parts.push(format!("OTP {} (ERTS {})", cell("otp_release"), cell("erts")));
                parts.push(format!("{} schedulers", cell("schedulers")));
            }
        }
        let fact = |table: &str, name: &str| {
            reading.table(table).and_then(|table| table.value(name)).map(|cell| shown(cell, charset))
        };
        parts.extend(fact("span", "begin").filter(|begin| begin != UNKNOWN));
        parts.extend(fact("span", "duration").filter(|duration| duration != UNKNOWN));
        parts.extend(heading::recorded(reading));
        self.parts(parts.iter().map(String::as_str), charset.separator());
        if let Some(stretch) = &reading.stretch {
            self.line(stretch);
        }
        if let Some(line) = heading::missing(reading, charset) {
            self.sentence(&line);
        }
        if let Some(line) = heading::paused(reading, charset) {
            self.sentence(&line);
        }
    }

    /// A table: its notes, its header, and its first `top` rows.
    pub(crate) fn table(&mut self, table: &Table, top: usize) {
        if table.shape == Shape::Rows && table.rows.is_empty() {
            if table.notes.is_empty() && is_optional(table) {
                return;
            }
            let _ = writeln!(self.out, "\n{}: none", table.title);
            return;
        }
        let _ = match table.rows.len() {
            rows if rows > top => {
                write!(self.out, "\n{} (first {top} of {})\n", table.title, quantity::count(rows as u64))
            }
            _ => write!(self.out, "\n{}\n", table.title),
        };
        if table.id == "functions"
            && let Some(verdict) = verdict::of(table, self.charset)
        {
            self.sentence(&Safe(&verdict).to_string());
        }
        self.notes(table);
        match table.shape {
            Shape::Facts => self.facts(table),
            Shape::Rows => self.rows(table, top),
        }
    }

    /// What must be known to read a table right.
    pub(crate) fn notes(&mut self, table: &Table) {
        for note in &table.notes {
            let note = format!("! {}", Safe(note));
            self.sentence(&note);
        }
    }

    fn facts(&mut self, table: &Table) {
        let charset = self.charset;
        let Some(row) = table.rows.first() else { return };
        let known = || table.columns.iter().zip(row).filter(|(_, cell)| **cell != Cell::Unknown);
        let names = known().map(|(column, _)| column.title().width()).max().unwrap_or(0);
        let numbers = known()
            .filter(|(_, cell)| is_number(cell))
            .map(|(_, cell)| shown(cell, charset).width())
            .max()
            .unwrap_or(0);
        for (column, cell) in known() {
            let width = if is_number(cell) { numbers } else { 0 };
            let name = padded(&column.title(), names, Align::Left);
            let line = format!("{name}  {}", padded(&shown(cell, charset), width, Align::Right));
            self.line(&line);
        }
    }

    fn rows(&mut self, table: &Table, top: usize) {
        let charset = self.charset;
        let rows = &table.rows[..table.rows.len().min(top)];
        let mut columns: Vec<Shown> = (0..table.columns.len())
            .filter(|&place| is_telling(&table.columns[place], place, rows))
            .map(|place| {
                let cells: Vec<String> = rows.iter().map(|row| shown(&row[place], charset)).collect();
                let name = table.columns[place].title();
                let width = cells.iter().map(|cell| cell.width()).chain([name.width()]).max().unwrap_or(0);
                Shown { name, align: table.columns[place].align(), cells, width }
            })
            .collect();
        let (gutter, hidden) = self.fit(&mut columns);
        let heads: Vec<(&str, &Shown)> =
            columns.iter().map(|column| (column.name.as_str(), column)).collect();
        self.row(&heads, gutter);
        for index in 0..rows.len() {
            let cells: Vec<(&str, &Shown)> =
                columns.iter().map(|column| (column.cells[index].as_str(), column)).collect();
            self.row(&cells, gutter);
        }
        if !hidden.is_empty() {
            self.sentence(&format!("(without {}: the terminal is too narrow)", hidden.join(", ")));
        }
    }

    fn row(&mut self, cells: &[(&str, &Shown)], gutter: usize) {
        let mut line = String::new();
        for (index, (cell, column)) in cells.iter().enumerate() {
            if index > 0 {
                line.push_str(&" ".repeat(gutter));
            }
            line.push_str(&padded(&cut(cell, column.width, self.charset), column.width, column.align));
        }
        let line = line.trim_end().to_owned();
        self.line(&line);
    }

    /// Makes the columns fit the terminal: names narrower first, then what is between columns, then names again, then
    /// the last columns go. Answers with the room between columns, and the names of those that went.
    fn fit(&self, columns: &mut Vec<Shown>) -> (usize, Vec<String>) {
        let (mut gutter, mut hidden) = (GUTTER, Vec::new());
        let Some(width) = self.width else { return (gutter, hidden) };
        loop {
            let needed: usize = columns.iter().map(|column| column.width + gutter).sum();
            let excess = needed.saturating_sub(gutter).saturating_sub(width);
            if excess == 0 {
                break;
            }
            let narrowest = if gutter == GUTTER { NARROW } else { NARROWEST };
            let names = columns.iter_mut().filter(|column| column.align == Align::Left);
            let widest = names.max_by_key(|column| column.width).filter(|column| column.width > narrowest);
            if let Some(column) = widest {
                column.width = column.width.saturating_sub(excess).max(narrowest);
            } else if gutter == GUTTER {
                gutter = NARROW_GUTTER;
            } else if columns.len() > 1 {
                hidden.extend(columns.pop().map(|column| column.name));
            } else {
                break;
            }
        }
        hidden.reverse();
        (gutter, hidden)
    }
}

const UNKNOWN: &str = "-";

/// A table of what is seldom there says nothing when it is not.
fn is_optional(table: &Table) -> bool {
    matches!(table.id, "other" | "threads" | "vms")
}

/// A column is worth its room when some row has something to say in it.
fn is_telling(column: &Column, place: usize, rows: &[Vec<Cell>]) -> bool {
    let tells = |cell: &Cell| match cell {
        Cell::Unknown | Cell::Claim(false) => false,
        Cell::Count(n) | Cell::Duration(n) => *n != 0,
        Cell::Difference(n) => *n != 0,
        Cell::Instant(_) | Cell::Claim(true) => true,
        Cell::Text(text) => !text.is_empty(),
    };
    !column.detail && (place == 0 || rows.iter().any(|row| tells(&row[place])))
}

fn is_number(cell: &Cell) -> bool {
    matches!(cell, Cell::Count(_) | Cell::Difference(_))
}

fn shown(cell: &Cell, charset: Charset) -> String {
    match cell {
        Cell::Unknown => UNKNOWN.to_owned(),
        Cell::Count(n) => quantity::count(*n),
        Cell::Difference(n) if *n < 0 => format!("-{}", quantity::count(n.unsigned_abs())),
        Cell::Difference(n) => quantity::count(n.unsigned_abs()),
        Cell::Duration(ns) => quantity::duration(*ns, charset),
        Cell::Instant(ns) => quantity::instant(*ns),
        Cell::Text(text) => Safe(text).to_string(),
        Cell::Claim(true) => "yes".to_owned(),
        Cell::Claim(false) => "no".to_owned(),
    }
}

fn padded(text: &str, width: usize, align: Align) -> String {
    let padding = " ".repeat(width.saturating_sub(text.width()));
    match align {
        Align::Left => format!("{text}{padding}"),
        Align::Right => format!("{padding}{text}"),
    }
}

/// The text, or its beginning and its end where it does not fit: names tell most at their ends.
fn cut(text: &str, width: usize, charset: Charset) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let begin = fitting(text.chars(), room / 2);
    let mut end: Vec<char> = fitting(text.chars().rev(), room - room / 2).chars().collect();
    end.reverse();
    let end: String = end.into_iter().collect();
    format!("{begin}{}{end}", charset.ellipsis())
}

/// As many of the characters as fit.
fn fitting(chars: impl Iterator<Item = char>, width: usize) -> String {
    let mut used = 0;
    chars
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= width
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Text, cut};
    use crate::charset::Charset;
    use beamtap_analysis::{Cell, Column, Shape, Table, TableInfo};
    use unicode_width::UnicodeWidthStr;

    fn table() -> Table {
        const COLUMNS: &[Column] =
            &[Column::text("function", ""), Column::duration("own", ""), Column::duration("p99", "")];
        let info = TableInfo {
            id: "names",
            title: "Names",
            doc: "",
            shape: Shape::Rows,
            columns: COLUMNS,
            absent: None,
        };
        let mut table = Table::new(&info);
        for name in ["compile:'-run_sub_passes/2-anonymous-0-'/3", "日本:長い関数の名前です/2", "m:f/0"]
        {
            table.rows.push(vec![Cell::Text(name.into()), Cell::Duration(1234), Cell::Duration(5678)]);
        }
        table
    }

    fn shown(width: Option<usize>) -> Vec<String> {
        let mut text = Text { out: String::new(), width, charset: Charset::Unicode };
        text.table(&table(), 20);
        text.finish().lines().skip(2).map(str::to_owned).collect()
    }

    #[test]
    fn what_is_cut_keeps_its_beginning_and_its_end() {
        assert_eq!(cut("abcdefgh", 8, Charset::Unicode), "abcdefgh");
        assert_eq!(cut("abcdefgh", 7, Charset::Unicode), "abc…fgh");
        assert_eq!(cut("abcdefgh", 6, Charset::Ascii), "ab~fgh");
        assert_eq!(cut("日本語の名前", 8, Charset::Unicode).width(), 7, "a wide character is not halved");
    }

    #[test]
    fn tables_fit_the_terminal() {
        assert_eq!(shown(None)[1], "compile:'-run_sub_passes/2-anonymous-0-'/3  1.23 µs  5.68 µs");
        let lines = shown(Some(48));
        assert!(lines.iter().all(|line| line.width() <= 48), "{lines:?}");
        assert_eq!(lines[1], "compile:'-run_…anonymous-0-'/3  1.23 µs  5.68 µs");
        // Names at 24 do not fit beside two spaces; one will do.
        let lines = shown(Some(40));
        assert_eq!(lines[1], "compile:'-r…nymous-0-'/3 1.23 µs 5.68 µs", "{lines:?}");
        let lines = shown(Some(24));
        assert!(lines.iter().all(|line| line.width() <= 24), "{lines:?}");
        assert_eq!(lines[4..].join(" "), "(without p99: the terminal is too narrow)");
    }
}
