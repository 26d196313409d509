//! Hand-made traces: a list of events with times, which tests feed to a pass or write as a trace directory.

use beamtap_analysis::{Cell, Item, Lost, Pass, Stamp, Table};
use beamtap_schema::{EntityKind, Event, EventKind, ExceptionClass, FieldSource, MessageKind, Phase};

/// The value of one field, in the order of the catalogue.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Number(u64),
    Text(String),
}

impl From<u64> for Value {
    fn from(number: u64) -> Value {
        Value::Number(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

/// What a script is made of.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Event { kind: EventKind, values: Vec<Value> },
    Discarded { count: u64, until_ns: u64 },
    LostPackets { count: u64, until_ns: u64 },
    Other(&'static str),
}

/// One entry with its time and the CPU, which is also the stream, that it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) ns: u64,
    pub(crate) cpu: u32,
    pub(crate) entry: Entry,
}

/// A trace in the making. Times are those of [`Script::at`], which is said first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub(crate) lines: Vec<Line>,
    ns: u64,
    cpu: u32,
}

struct Values<'a>(&'a [Value]);

impl<'a> FieldSource<'a> for Values<'a> {
    fn unsigned(&self, index: usize) -> u64 {
        match &self.0[index] {
            Value::Number(number) => *number,
            Value::Text(text) => panic!("{text:?} is no number"),
        }
    }
    fn text(&self, index: usize) -> &'a str {
        match &self.0[index] {
            Value::Text(text) => text,
            Value::Number(number) => panic!("{number} is no text"),
        }
    }
}

impl Script {
    pub(crate) fn new() -> Script {
        Script::default()
    }

    /// What follows happens at this time.
    pub(crate) fn at(mut self, ns: u64) -> Script {
        self.ns = ns;
        self
    }

    /// What follows is recorded on this CPU.
    pub(crate) fn cpu(mut self, cpu: u32) -> Script {
        self.cpu = cpu;
        self
    }

    pub(crate) fn entry(mut self, entry: Entry) -> Script {
        self.lines.push(Line { ns: self.ns, cpu: self.cpu, entry });
        self
    }

    pub(crate) fn event(self, kind: EventKind, values: Vec<Value>) -> Script {
        assert_eq!(values.len(), kind.info().fields.len(), "{}", kind.info().name);
        self.entry(Entry::Event { kind, values })
    }

    pub(crate) fn call(self, pid: u64, function: u64) -> Script {
        self.event(EventKind::Call, vec![pid.into(), function.into()])
    }

    pub(crate) fn return_from(self, pid: u64, function: u64) -> Script {
        self.event(EventKind::ReturnFrom, vec![pid.into(), function.into()])
    }

    pub(crate) fn exception_from(self, pid: u64, function: u64) -> Script {
        let class = u64::from(ExceptionClass::Error.to_wire());
        self.event(EventKind::ExceptionFrom, vec![pid.into(), function.into(), class.into()])
    }

    pub(crate) fn return_to(self, pid: u64, function: u64) -> Script {
        self.event(EventKind::ReturnTo, vec![pid.into(), function.into()])
    }

    pub(crate) fn scheduled(self, kind: EventKind, pid: u64) -> Script {
        self.event(kind, vec![pid.into(), 0.into(), 1000.into()])
    }

    pub(crate) fn goes_in(self, pid: u64) -> Script {
        self.scheduled(EventKind::In, pid)
    }

    /// Scheduled out in a function.
    pub(crate) fn goes_out_in(self, pid: u64, function: u64) -> Script {
        self.event(EventKind::Out, vec![pid.into(), function.into(), 1000.into()])
    }

    pub(crate) fn goes_out(self, pid: u64) -> Script {
        self.scheduled(EventKind::Out, pid)
    }

    pub(crate) fn gc(self, kind: EventKind, pid: u64) -> Script {
        let mut values: Vec<Value> = vec![pid.into(), 1000.into()];
        values.resize(kind.info().fields.len(), Value::Number(5));
        self.event(kind, values)
    }

    pub(crate) fn spawn(self, parent: u64, pid: u64, function: u64) -> Script {
        self.event(EventKind::Spawn, vec![pid.into(), parent.into(), function.into()])
    }

    pub(crate) fn exit(self, pid: u64) -> Script {
        self.exit_with(pid, "normal")
    }

    pub(crate) fn exit_with(self, pid: u64, reason: &str) -> Script {
        self.event(EventKind::Exit, vec![pid.into(), reason.into()])
    }

    pub(crate) fn unregister(self, pid: u64, name: u64) -> Script {
        self.event(EventKind::Unregister, vec![pid.into(), name.into()])
    }

    pub(crate) fn register(self, pid: u64, name: u64) -> Script {
        self.event(EventKind::Register, vec![pid.into(), name.into()])
    }

    pub(crate) fn send(self, from: u64, to: u64) -> Script {
        let process = u64::from(EntityKind::Process.to_wire());
        let other = u64::from(MessageKind::Other.to_wire());
        let values = [from, process, to, process, other, 0];
        self.event(EventKind::Send, values.map(Value::Number).to_vec())
    }

    pub(crate) fn receive(self, to: u64) -> Script {
        let process = u64::from(EntityKind::Process.to_wire());
        let other = u64::from(MessageKind::Other.to_wire());
        self.event(EventKind::Receive, [to, process, other, 0].map(Value::Number).to_vec())
    }

    pub(crate) fn define(self, function: u64, module: &str, name: &str, arity: u64) -> Script {
        let values = vec![function.into(), module.into(), name.into(), arity.into()];
        self.event(EventKind::DefFunction, values)
    }

    pub(crate) fn ends(self, function: u64, recorded: u64) -> Script {
        self.event(EventKind::DefEnds, vec![function.into(), recorded.into()])
    }

    pub(crate) fn caveat(self, text: &str) -> Script {
        self.event(EventKind::Caveat, vec!["beamtap".into(), text.into()])
    }

    pub(crate) fn define_atom(self, atom: u64, text: &str) -> Script {
        self.event(EventKind::DefAtom, vec![atom.into(), text.into()])
    }

    pub(crate) fn define_process(self, pid: u64, parent: u64, name: u64, function: u64) -> Script {
        let values = [pid, parent, name, function].map(Value::Number).to_vec();
        self.event(EventKind::DefProcess, values)
    }

    pub(crate) fn define_vm(self, os_pid: u64) -> Script {
        let values = vec![
            os_pid.into(),
            "demo@host".into(),
            "25".into(),
            "13.1.5".into(),
            2.into(),
            8.into(),
            "0.1.0".into(),
        ];
        self.event(EventKind::DefVm, values)
    }

    /// The counters of one kind: emitted, and 0 for the rest.
    pub(crate) fn counters(self, phase: Phase, kind: EventKind, emitted: u64) -> Script {
        let name = kind.info().name;
        let values = vec![
            u64::from(phase.to_wire()).into(),
            name.into(),
            emitted.into(),
            0.into(),
            0.into(),
            0.into(),
        ];
        self.event(EventKind::CountersOf, values)
    }

    /// The recording of a session goes on after this long.
    pub(crate) fn gap(self, session: &str, length_ns: u64, emitted: u64, since_begin: u64) -> Script {
        let values = vec![
            session.into(),
            length_ns.into(),
            emitted.into(),
            since_begin.into(),
            "its daemon died".into(),
        ];
        self.event(EventKind::Gap, values)
    }

    pub(crate) fn pause(self, session: &str) -> Script {
        self.event(EventKind::Pause, vec![session.into()])
    }

    pub(crate) fn resume(self, session: &str, length_ns: u64) -> Script {
        self.event(EventKind::Resume, vec![session.into(), length_ns.into()])
    }

    pub(crate) fn ended(self, session: &str, ended_by: &str, length_ns: u64) -> Script {
        self.event(EventKind::Ended, vec![session.into(), ended_by.into(), length_ns.into()])
    }

    /// Events dropped somewhere between now and `until_ns`.
    pub(crate) fn discarded(self, count: u64, until_ns: u64) -> Script {
        self.entry(Entry::Discarded { count, until_ns })
    }

    /// Packets missing between now and `until_ns`.
    pub(crate) fn lost_packets(self, count: u64, until_ns: u64) -> Script {
        self.entry(Entry::LostPackets { count, until_ns })
    }

    pub(crate) fn other(self, name: &'static str) -> Script {
        self.entry(Entry::Other(name))
    }

    /// The tables of the analyses named.
    pub(crate) fn tables(&self, analyses: &[&str]) -> Vec<Table> {
        self.tables_of(&[], analyses)
    }

    /// The tables of the analyses named, of a trace that these LTTng sessions recorded.
    pub(crate) fn tables_of(&self, sessions: &[&str], analyses: &[&str]) -> Vec<Table> {
        let mut pass = Pass::new(analyses).expect("the analyses exist");
        pass.record_sessions(sessions.iter().map(|name| (*name).to_owned()).collect());
        self.feed(&mut pass);
        pass.finish()
    }

    /// The tables of the analyses named, of a trace that may hold these kinds of events.
    pub(crate) fn tables_declaring(&self, analyses: &[&str], kinds: &[EventKind]) -> Vec<Table> {
        let mut pass = Pass::new(analyses).expect("the analyses exist");
        pass.declare(kinds);
        self.feed(&mut pass);
        pass.finish()
    }

    pub(crate) fn feed(&self, pass: &mut Pass) {
        for line in &self.lines {
            line.with_item(|item| pass.push(item));
        }
    }
}

impl Line {
    /// Calls `f` with this line as an item of the trace.
    pub(crate) fn with_item<T>(&self, f: impl FnOnce(&Item<'_>) -> T) -> T {
        let Line { ns, cpu, entry } = self;
        let stamp = Stamp { ns: *ns, stream: *cpu, cpu: Some(*cpu) };
        let lost = |count: u64, until_ns: u64| Lost { stream: *cpu, count, begin_ns: *ns, end_ns: until_ns };
        let item = match entry {
            Entry::Event { kind, values } => {
                let places: Vec<usize> = (0..values.len()).collect();
                Item::Event(stamp, Event::read(*kind, &Values(values), &places))
            }
            Entry::Discarded { count, until_ns } => Item::Discarded(lost(*count, *until_ns)),
            Entry::LostPackets { count, until_ns } => Item::LostPackets(lost(*count, *until_ns)),
            Entry::Other(name) => Item::Other(stamp, name),
        };
        f(&item)
    }
}

/// The rows of a table as text, only the columns named: `-` for what is not known.
pub(crate) fn rows(table: &Table, columns: &[&str]) -> Vec<String> {
    let places: Vec<usize> =
        columns.iter().map(|name| table.column(name).unwrap_or_else(|| panic!("no column {name}"))).collect();
    let text = |row: &Vec<Cell>| {
        let cells: Vec<String> = places.iter().map(|&place| cell(&row[place])).collect();
        cells.join(" | ")
    };
    table.rows.iter().map(text).collect()
}

/// One fact of a table as text.
pub(crate) fn fact(table: &Table, name: &str) -> String {
    table.value(name).map_or_else(|| panic!("no fact {name}"), cell)
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Unknown => "-".to_owned(),
        Cell::Count(n) | Cell::Duration(n) | Cell::Instant(n) => n.to_string(),
        Cell::Difference(n) => n.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Claim(holds) => holds.to_string(),
    }
}
