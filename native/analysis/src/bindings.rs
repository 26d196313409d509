//! Event classes of a trace bound to the catalogue.

use crate::error::Error;
use crate::item::{Item, Stamp};
use crate::lift::nanoseconds;
use beamtap_ctf::{EventClass, FieldKind};
use beamtap_schema::{Event, EventKind, FieldInfo, FieldSource, PROVIDER, WireType};
use std::str;

/// Turns a trace reader's events into events of the catalogue, one by one. [`Lift`](crate::Lift) does this for a
/// whole recorded trace.
#[derive(Default)]
pub struct Bindings {
    /// By class; one that appears while reading is bound at its first event.
    classes: Vec<Option<Binding>>,
    /// Replacements for the texts of the present event that are not UTF-8, by field of its class.
    texts: Vec<Option<String>>,
}

/// What an event class of the trace is in the catalogue.
enum Binding {
    Known {
        kind: EventKind,
        /// For each field of the catalogue its place in the class.
        places: Box<[usize]>,
        /// The places that hold text.
        texts: Box<[usize]>,
    },
    Other,
    /// It has the name of one of the catalogue's events but not its fields, in these words.
    Refused(String),
}

struct Fields<'a> {
    event: beamtap_ctf::Event<'a>,
    texts: &'a [Option<String>],
}

impl<'a> FieldSource<'a> for Fields<'a> {
    #[inline(always)]
    fn unsigned(&self, index: usize) -> u64 {
        self.event.u64(index)
    }

    fn text(&self, index: usize) -> &'a str {
        match self.texts.get(index) {
            Some(Some(replaced)) => replaced,
            _ => str::from_utf8(self.event.bytes(index)).unwrap_or_default(),
        }
    }
}

impl Bindings {
    /// Binds the classes known so far.
    pub(crate) fn of<'a>(classes: impl Iterator<Item = &'a EventClass>) -> Bindings {
        Bindings { classes: classes.map(|class| Some(bind(class))).collect(), texts: Vec::new() }
    }

    /// The kinds of events among the event classes known so far.
    pub(crate) fn kinds(&self) -> Vec<EventKind> {
        let kind = |binding: &Option<Binding>| match binding {
            Some(Binding::Known { kind, .. }) => Some(*kind),
            _ => None,
        };
        self.classes.iter().filter_map(kind).collect()
    }

    /// The item that an event is.
    ///
    /// # Errors
    ///
    /// [`Error::is_mismatch`] at the first event that has a name of the catalogue, but not its fields. Later events
    /// of that name are returned as [`Item::Other`].
    #[inline(always)]
    pub fn lift<'a>(&'a mut self, event: beamtap_ctf::Event<'a>) -> Result<Item<'a>, Error> {
        let stamp = Stamp {
            ns: nanoseconds(event.timestamp_ns()),
            stream: event.stream().index() as u32,
            cpu: event.cpu_id(),
        };
        let class = event.class().index();
        if self.classes.get(class).is_none_or(Option::is_none) {
            self.classes.resize_with(self.classes.len().max(class + 1), || None);
            self.classes[class] = Some(bind(event.definition()));
        }
        if let Some(Binding::Refused(why)) = &mut self.classes[class] {
            let error = Error::mismatch(std::mem::take(why));
            self.classes[class] = Some(Binding::Other);
            return Err(error);
        }
        match &self.classes[class] {
            None | Some(Binding::Other | Binding::Refused(_)) => Ok(Item::Other(stamp, event.name())),
            Some(Binding::Known { kind, places, texts }) => {
                if !texts.is_empty() {
                    replace_texts(&mut self.texts, &event, texts);
                }
                let fields = Fields { event, texts: &self.texts };
                Ok(Item::Event(stamp, Event::read(*kind, &fields, places)))
            }
        }
    }
}

#[cold]
fn replace_texts(replaced: &mut Vec<Option<String>>, event: &beamtap_ctf::Event<'_>, places: &[usize]) {
    replaced.clear();
    for &place in places {
        let bytes = event.bytes(place);
        if str::from_utf8(bytes).is_err() {
            replaced.resize(replaced.len().max(place + 1), None);
            replaced[place] = Some(String::from_utf8_lossy(bytes).into_owned());
        }
    }
}

fn bind(class: &EventClass) -> Binding {
    let known = class.name().strip_prefix(PROVIDER).and_then(|name| name.strip_prefix(':'));
    let Some(kind) = known.and_then(EventKind::from_name) else { return Binding::Other };
    let fields = kind.info().fields;
    let places = match fields.iter().map(|field| place(class, field)).collect::<Result<Box<[usize]>, _>>() {
        Ok(places) => places,
        Err(why) => return Binding::Refused(why),
    };
    let is_text = |field: &FieldInfo| field.field_type.wire() == WireType::Text;
    let texts =
        fields.iter().zip(&places).filter(|(field, _)| is_text(field)).map(|(_, &place)| place).collect();
    Binding::Known { kind, places, texts }
}

/// The place of a catalogue's field in a class of the trace.
fn place(class: &EventClass, field: &FieldInfo) -> Result<usize, String> {
    let refuse = |what: &str| {
        format!(
            "event {} of the trace {what} \"{}\": another version of beamtap recorded it",
            class.name(),
            field.name
        )
    };
    let place = class.field_index(field.name).ok_or_else(|| refuse("has no field"))?;
    let wide = match field.field_type.wire() {
        WireType::Text => None,
        WireType::U8 => Some(8),
        WireType::U32 => Some(32),
        WireType::U64 => Some(64),
    };
    let fits = match (class.fields()[place].field_type().kind(), wide) {
        (FieldKind::Str, None) => true,
        (FieldKind::Unsigned { bits, .. }, Some(wide)) => bits <= wide,
        _ => false,
    };
    if fits { Ok(place) } else { Err(refuse("has another type of field")) }
}

impl std::fmt::Debug for Bindings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bindings").field("classes", &self.classes.len()).finish_non_exhaustive()
    }
}
