//! The lines that `read` prints.

use crate::event_json;
use crate::event_text::{self, EventText};
use crate::quantity;
use crate::safe::Safe;
use crate::selection::Selection;
use crate::show::{Missing, Show};
use crate::sink::Sink;
use crate::wall_clock::WallClock;
use beamtap_ctf::{Event, Loss, Trace};
use std::io;
use std::path::Path;

/// Prints events and losses.
pub(crate) struct Lines {
    sink: Sink,
    form: Form,
    selection: Selection,
    clock: WallClock,
    /// What stands in each line on where the event was recorded, by the index of its trace.
    origins: Vec<Option<Vec<u8>>>,
    /// A line without that: the place for it, and the index of the trace.
    gap: Option<(usize, usize)>,
}

enum Form {
    Text(EventText),
    Json,
}

impl Lines {
    pub(crate) fn new(is_json: bool, selection: Selection) -> Lines {
        let form = if is_json { Form::Json } else { Form::Text(EventText::default()) };
        let clock = WallClock::local();
        Lines { sink: Sink::new(), form, selection, clock, origins: Vec::new(), gap: None }
    }

    /// Somebody watches.
    pub(crate) fn are_watched(&self) -> bool {
        self.sink.is_terminal()
    }

    /// Writes all that was printed, and tells what was asked for and is nowhere in the trace.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.sink.flush()?;
        self.selection.unseen().iter().for_each(|sentence| self.warn(sentence));
        Ok(())
    }

    /// A time as the lines show it.
    fn time(&mut self, ns: i64) -> String {
        let mut text = Vec::new();
        self.clock.write(ns, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    fn warn(&self, sentence: &str) {
        eprintln!("beamtapd: warning: {}", Safe(sentence));
    }
}

impl Show for Lines {
    #[inline]
    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        if !self.selection.wants(event) {
            return Ok(());
        }
        self.sink.settle()?;
        let out = self.sink.lines();
        match &mut self.form {
            Form::Text(text) => text.write_time(event, &mut self.clock, out),
            Form::Json => event_json::write_head(event, out),
        }
        match self.origins.get(event.trace()) {
            Some(Some(origin)) => out.extend_from_slice(origin),
            _ => self.gap = Some((out.len(), event.trace())),
        }
        match &mut self.form {
            Form::Text(text) => text.write_body(event, self.selection.fields(), out),
            Form::Json => event_json::write_body(event, self.selection.fields(), out),
        }
        Ok(())
    }

    fn stranger(&self) -> Option<usize> {
        self.gap.map(|(_, trace)| trace)
    }

    fn introduce(&mut self, index: usize, trace: &Trace) {
        let origin = match &self.form {
            Form::Text(_) => event_text::origin(trace),
            Form::Json => event_json::origin(trace),
        };
        if let Some((place, _)) = self.gap.take_if(|(_, missing)| *missing == index) {
            self.sink.lines().splice(place..place, origin.iter().copied());
        }
        if self.origins.len() <= index {
            self.origins.resize_with(index + 1, || None);
        }
        self.origins[index] = Some(origin);
    }

    fn loss(&mut self, missing: Missing, loss: &Loss, stream: Option<&Path>) -> io::Result<()> {
        if matches!(self.form, Form::Json) {
            let what = match missing {
                Missing::Events => "discarded",
                Missing::Packets => "lost_packets",
            };
            event_json::write_loss(what, loss, self.sink.lines());
        }
        // What was printed before the loss comes before its warning.
        self.sink.flush()?;
        let what = match missing {
            Missing::Events => "events discarded because the buffers were full",
            Missing::Packets => "packets lost",
        };
        let when = match (loss.begin_ns, loss.end_ns) {
            (0, 0) => "at a time not known".to_owned(),
            (begin, end) => format!("between [{}] and [{}]", self.time(begin), self.time(end)),
        };
        let stream = stream.map(|path| format!(", in {}", path.display())).unwrap_or_default();
        self.warn(&format!("{} {what} {when}{stream}", quantity::count(loss.count)));
        Ok(())
    }

    fn gap(&mut self, begin_ns: i64, end_ns: i64) -> io::Result<()> {
        if matches!(self.form, Form::Json) {
            event_json::write_gap(begin_ns, end_ns, self.sink.lines());
        }
        self.sink.flush()?;
        let (begin, end) = (self.time(begin_ns), self.time(end_ns));
        self.warn(&format!("what happened between [{begin}] and [{end}] may be missing"));
        Ok(())
    }

    fn fault(&mut self, fault: &str) -> io::Result<()> {
        self.sink.flush()?;
        self.warn(fault);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
