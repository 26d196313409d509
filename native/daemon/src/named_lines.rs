//! Lines for people: functions and processes by their names.

use crate::choice::Choice;
use crate::failure::{BAD_TRACE, Failure};
use crate::quantity;
use crate::safe::Safe;
use crate::selection::Selection;
use crate::sentence::{self, Dictionary, Sentence, Tone};
use crate::show::{Missing, Show};
use crate::syntax::Syntax;
use crate::throttle::Throttle;
use crate::wall_clock::WallClock;
use crate::warning;
use beamtap_analysis::{Bindings, Item, Stamp};
use beamtap_ctf::{Event, Loss, TimeRange};
use beamtap_schema::{Entity, EntityKind, Event as Catalogued};
use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Lines wait no longer than that, whatever comes after them.
const PROMPT: Duration = Duration::from_millis(100);
/// Lines that wait at the most: what completes a line comes right after it, or not at all.
const MOST_WAITING: usize = 1024;
/// `HH:MM:SS.uuuuuu`
const TIME_BYTES: usize = 15;

const DIM: &str = "\x1b[2m";
const BOLD: &str = "\x1b[1m";
const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const RESET: &str = "\x1b[0m";

/// Shows what it is given as lines that a person can follow. It must be given all of a trace up to what is wanted, since
/// names are told once.
pub(crate) struct NamedLines<'a> {
    bindings: Bindings,
    choice: &'a Choice,
    /// Of the stretch of time that is chosen, once the trace's begin is known.
    selection: Option<Selection>,
    tells_faults: bool,
    page: Page,
}

/// How lines look.
pub(crate) struct Style {
    pub(crate) syntax: Syntax,
    pub(crate) is_coloured: bool,
    /// Most lines a second; all where there is no limit.
    pub(crate) limit: Option<u64>,
    /// What these processes do is left out.
    pub(crate) without: Vec<u64>,
    /// What is at fault is told between the lines; else on standard error.
    pub(crate) tells_faults: bool,
}

impl<'a> NamedLines<'a> {
    pub(crate) fn new(choice: &'a Choice, style: Style) -> NamedLines<'a> {
        let tells_faults = style.tells_faults;
        NamedLines {
            bindings: Bindings::default(),
            choice,
            selection: None,
            tells_faults,
            page: Page::new(style),
        }
    }

    /// Shows only what is in the stretch of time, without so many of the first events of it.
    pub(crate) fn choose(&mut self, range: TimeRange, skip: u64) {
        self.selection = Some(NamedLines::selection(self.choice).within(range).behind(skip));
    }

    /// The stretch of a growing trace that must be read: names are told before what is shown.
    pub(crate) fn range(choice: &Choice, begin_ns: i64) -> TimeRange {
        TimeRange { begin_ns: i64::MIN, ..choice.range(|| begin_ns) }
    }

    /// Which events have a line.
    pub(crate) fn selection(choice: &Choice) -> Selection {
        Selection::new(choice, &[]).with_sentence()
    }

    /// Shows all lines, tells what was asked for and is nowhere in the trace, and gives the exit code.
    pub(crate) fn end(mut self, has_faults: Result<bool, Failure>) -> Result<ExitCode, Failure> {
        if !matches!(has_faults, Err(Failure::Output(_))) {
            self.page.finish()?;
        }
        let has_faults = has_faults?;
        self.selection.iter().flat_map(Selection::unseen).for_each(|sentence| warning::tell(&sentence));
        Ok(ExitCode::from(if has_faults { BAD_TRACE } else { 0 }))
    }
}

/// The lines and what they are made with.
struct Page {
    dictionary: Dictionary,
    clock: WallClock,
    throttle: Throttle,
    is_coloured: bool,
    without: Vec<u64>,
    /// It was told that there are several VMs.
    is_mixed: bool,
    /// Lines that were not printed yet; what an event carried comes in an event of its own, right after it.
    waiting: VecDeque<Line>,
    /// Number of the first of them, counted from the first line of all.
    first: u64,
    /// By stream, the number of the line that may still be completed.
    open: Vec<Option<u64>>,
    printed: Instant,
}

struct Line {
    ns: i64,
    sentence: Sentence,
}

impl Page {
    fn new(style: Style) -> Page {
        let now = Instant::now();
        Page {
            dictionary: Dictionary::new(style.syntax),
            clock: WallClock::local(),
            throttle: Throttle::new(style.limit.unwrap_or(u64::MAX), now),
            is_coloured: style.is_coloured,
            without: style.without,
            is_mixed: false,
            waiting: VecDeque::new(),
            first: 0,
            open: Vec::new(),
            printed: now,
        }
    }

    /// Takes one event of the catalogue, of which a line is shown if it is wanted.
    fn take(
        &mut self,
        stamp: Stamp,
        event: &Catalogued<'_>,
        recorded: Event<'_>,
        selection: &mut Selection,
    ) -> io::Result<()> {
        let stream = stamp.stream as usize;
        match event {
            Catalogued::PayloadText(payload) => {
                let owner = Entity::from_wire(payload.owner_kind, payload.owner);
                self.complete(stream, owner, payload.part, payload.text);
                return Ok(());
            }
            Catalogued::PayloadSize(payload) => {
                let owner = Entity::from_wire(payload.owner_kind, payload.owner);
                self.complete(
                    stream,
                    owner,
                    payload.part,
                    &format!("({} bytes)", quantity::count(payload.bytes)),
                );
                return Ok(());
            }
            _ if self.dictionary.learn(event) => {
                if self.dictionary.has_several_vms() && !std::mem::replace(&mut self.is_mixed, true) {
                    return self
                        .tell("several VMs record into this session: names may be wrong. Watch each VM in its own session");
                }
                return Ok(());
            }
            _ => {}
        }
        self.begin_line(stream)?;
        let owner = sentence::owner(event.kind(), recorded);
        let is_hidden = owner.kind == EntityKind::Process && self.without.contains(&owner.id);
        if !is_hidden && selection.wants(recorded) && self.throttle.lets_through() {
            self.open[stream] = Some(self.first + self.waiting.len() as u64);
            let sentence = self.dictionary.sentence(event, recorded);
            self.waiting.push_back(Line { ns: recorded.timestamp_ns(), sentence });
        }
        self.dictionary.forget(event);
        Ok(())
    }

    /// Takes an event of which the catalogue knows nothing.
    fn take_other(&mut self, stamp: Stamp, recorded: Event<'_>, selection: &mut Selection) -> io::Result<()> {
        self.begin_line(stamp.stream as usize)?;
        if selection.wants(recorded) && self.throttle.lets_through() {
            let sentence = Sentence::of_other(recorded);
            self.waiting.push_back(Line { ns: recorded.timestamp_ns(), sentence });
        }
        Ok(())
    }

    /// What comes next of a stream does not complete the line before.
    fn begin_line(&mut self, stream: usize) -> io::Result<()> {
        if self.open.len() <= stream {
            self.open.resize(stream + 1, None);
        }
        self.open[stream] = None;
        if self.waiting.len() >= MOST_WAITING {
            self.flush()
        } else if self.printed.elapsed() >= PROMPT {
            self.print_complete()
        } else {
            Ok(())
        }
    }

    /// Takes what an event carried to the line of that event.
    fn complete(&mut self, stream: usize, owner: Entity, part: u8, text: &str) {
        let number = self.open.get_mut(stream).and_then(Option::take);
        let Some(line) = number.and_then(|number| self.waiting.get_mut((number - self.first) as usize))
        else {
            return;
        };
        if line.sentence.owner == owner {
            self.dictionary.add_payload(&mut line.sentence, part, text);
        }
    }

    /// Prints lines, but for those that may still be completed and what comes after them.
    fn print_complete(&mut self) -> io::Result<()> {
        let open = self.open.iter().flatten().min().copied();
        let complete = open.map_or(self.waiting.len(), |number| (number - self.first) as usize);
        self.print(complete)
    }

    fn print(&mut self, count: usize) -> io::Result<()> {
        self.printed = Instant::now();
        let mut out = Vec::new();
        for line in self.waiting.drain(..count) {
            write_line(&line, self.is_coloured, &mut self.clock, &mut out)?;
        }
        self.first += count as u64;
        if let Some(left_out) = self.throttle.left_out(self.printed) {
            write_left_out(left_out, self.is_coloured, &mut out)?;
        }
        if out.is_empty() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        stdout.write_all(&out)?;
        stdout.flush()
    }

    /// Prints all lines: nothing more is there for now.
    fn flush(&mut self) -> io::Result<()> {
        self.open.fill(None);
        self.print(self.waiting.len())
    }

    fn tell(&mut self, text: &str) -> io::Result<()> {
        self.flush()?;
        let mut out = Vec::new();
        write_note(text, self.is_coloured, &mut out)?;
        io::stdout().write_all(&out)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.flush()?;
        match self.throttle.rest() {
            Some(left_out) => {
                let mut out = Vec::new();
                write_left_out(left_out, self.is_coloured, &mut out)?;
                io::stdout().write_all(&out)
            }
            None => Ok(()),
        }
    }
}

impl Show for NamedLines<'_> {
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        let choice = self.choice;
        let selection = self.selection.get_or_insert_with(|| {
            let range = choice.range(|| event.timestamp_ns());
            NamedLines::selection(choice).within(range)
        });
        match self.bindings.lift(event) {
            Ok(Item::Event(stamp, lifted)) => self.page.take(stamp, &lifted, event, selection),
            Ok(Item::Other(stamp, _)) => self.page.take_other(stamp, event, selection),
            Ok(_) => Ok(()),
            Err(error) => self.page.tell(&format!("{error}; these events are left out")),
        }
    }

    fn loss(&mut self, missing: Missing, loss: &Loss, _: Option<&Path>) -> io::Result<()> {
        if self.selection.as_ref().is_some_and(|selection| !selection.reaches(loss.begin_ns, loss.end_ns)) {
            return Ok(());
        }
        let what = match missing {
            Missing::Events => "events lost here (LTTng's buffers were full)",
            Missing::Packets => "packets of events lost here",
        };
        self.page.tell(&format!("{} {what}", quantity::count(loss.count)))
    }

    fn gap(&mut self, _: i64, _: i64) -> io::Result<()> {
        self.page.tell("events may be missing here")
    }

    fn fault(&mut self, fault: &str) -> io::Result<()> {
        if self.tells_faults {
            return self.page.tell(fault);
        }
        self.page.flush()?;
        warning::tell(fault);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.page.flush()
    }
}

fn write_line(line: &Line, is_coloured: bool, clock: &mut WallClock, out: &mut Vec<u8>) -> io::Result<()> {
    let paint = |code: &'static str| if is_coloured { code } else { "" };
    let Sentence { who, what, more, tone, .. } = &line.sentence;
    let more_colour = match tone {
        Tone::Plain => "",
        Tone::Result => GREEN,
        Tone::Failure => RED,
    };
    out.extend_from_slice(paint(DIM).as_bytes());
    let begin = out.len();
    clock.write(line.ns, out);
    out.truncate(begin + TIME_BYTES);
    writeln!(
        out,
        "{reset} {who} {bold}{what}{reset}{colour}{more}{reset}",
        reset = paint(RESET),
        bold = paint(BOLD),
        colour = paint(more_colour),
        who = Safe(who),
        what = Safe(what),
        more = Safe(more),
    )
}

fn write_left_out(left_out: u64, is_coloured: bool, out: &mut Vec<u8>) -> io::Result<()> {
    write_note(&format!("{} more", quantity::count(left_out)), is_coloured, out)
}

fn write_note(text: &str, is_coloured: bool, out: &mut Vec<u8>) -> io::Result<()> {
    let (dim, reset) = if is_coloured { (DIM, RESET) } else { ("", "") };
    writeln!(out, "{dim}… {}{reset}", Safe(text))
}
