//! Events as the lines that `read` prints.

use crate::event_json;
use crate::event_text::{self, EventText};
use crate::pages::{Page, Pages};
use crate::selection::Selection;
use crate::wall_clock::WallClock;
use beamtap_ctf::{Event, Trace};

/// Writes lines about the events that are wanted.
#[derive(Clone)]
pub(crate) struct Scribe {
    form: Form,
    selection: Selection,
    clock: WallClock,
    /// What stands in each line on where the event was recorded, by the index of its trace.
    origins: Vec<Option<Vec<u8>>>,
    /// A line without that: the place for it, and the index of the trace.
    gap: Option<(usize, usize)>,
    /// Number of events that were too long to be shown whole.
    cut: u64,
}

#[derive(Clone)]
enum Form {
    Text(EventText),
    Json,
}

impl Scribe {
    pub(crate) fn new(is_json: bool, selection: Selection) -> Scribe {
        let form = if is_json { Form::Json } else { Form::Text(EventText::default()) };
        Scribe { form, selection, clock: WallClock::local(), origins: Vec::new(), gap: None, cut: 0 }
    }

    /// Leaves out so many of the first events that are wanted.
    pub(crate) fn leave_out(&mut self, events: u64) {
        self.selection.skip = events;
    }

    /// Appends the event's line, if it is wanted.
    #[inline]
    pub(crate) fn write(&mut self, event: Event<'_>, out: &mut Vec<u8>) {
        if !self.selection.wants(event) {
            return;
        }
        match &mut self.form {
            Form::Text(text) => text.write_time(event, &mut self.clock, out),
            Form::Json => event_json::write_head(event, out),
        }
        match self.origins.get(event.trace()) {
            Some(Some(origin)) => out.extend_from_slice(origin),
            _ => self.gap = Some((out.len(), event.trace())),
        }
        let is_whole = match &mut self.form {
            Form::Text(text) => text.write_body(event, self.selection.fields(), out),
            Form::Json => event_json::write_body(event, self.selection.fields(), out),
        };
        self.cut += u64::from(!is_whole);
    }

    /// Number of events that were too long to be shown whole.
    pub(crate) fn cut(&self) -> u64 {
        self.cut
    }

    /// Index of the trace that is to be introduced, where the last event's was not.
    pub(crate) fn stranger(&self) -> Option<usize> {
        self.gap.map(|(_, trace)| trace)
    }

    /// Says what is known of a trace; the last of the lines may lack it.
    pub(crate) fn introduce(&mut self, index: usize, trace: &Trace, lines: &mut Vec<u8>) {
        let origin = match &self.form {
            Form::Text(_) => event_text::origin(trace),
            Form::Json => event_json::origin(trace),
        };
        if let Some((place, _)) = self.gap.take_if(|(_, missing)| *missing == index) {
            lines.splice(place..place, origin.iter().copied());
        }
        if self.origins.len() <= index {
            self.origins.resize_with(index + 1, || None);
        }
        self.origins[index] = Some(origin);
    }

    pub(crate) fn writes_json(&self) -> bool {
        matches!(self.form, Form::Json)
    }

    pub(crate) fn selection(&self) -> &Selection {
        &self.selection
    }

    /// A time as the lines show it.
    pub(crate) fn time(&mut self, ns: i64) -> String {
        let mut text = Vec::new();
        self.clock.write(ns, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Begins a page: what was before is not known.
    pub(crate) fn begin_page(&mut self) {
        if let Form::Text(text) = &mut self.form {
            *text = EventText::default();
        }
    }

    /// Appends what of a page depends on what was before, and gives the rest.
    pub(crate) fn continue_with<'a>(&mut self, page: &'a Page, out: &mut Vec<u8>) -> &'a [u8] {
        match (&mut self.form, &page.scribe().form) {
            (Form::Text(text), Form::Text(further)) => text.continue_with(further, page.text(), out),
            _ => page.text(),
        }
    }

    /// Takes over what was seen by those who wrote on pages.
    pub(crate) fn learn(&mut self, pages: Pages) {
        for page in pages {
            self.selection.learn_of(&page.scribe().selection);
            self.cut += page.scribe().cut;
        }
    }
}
