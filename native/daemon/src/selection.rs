//! Which events are printed, and which of their fields.

use crate::choice::Choice;
use crate::condition::Condition;
use crate::glob::Glob;
use beamtap_ctf::{Event, EventClass, Field, FieldKind, TimeRange, Value};
use beamtap_schema::{Class, Entity, EntityKind, EventInfo, EventKind, FieldType, OTP_PROVIDER, PROVIDER};
use std::collections::BTreeSet;

/// What somebody wants to see of a trace.
#[derive(Clone)]
pub(crate) struct Selection {
    globs: Vec<(Glob, bool)>,
    conditions: Vec<(Condition, bool)>,
    processes: Vec<(u64, bool)>,
    /// Only events that have a sentence of their own are wanted.
    with_sentence: bool,
    range: TimeRange,
    /// How many of those that are wanted are left out at first.
    pub(crate) skip: u64,
    /// Names of the fields wanted; all where there are none.
    fields: Vec<String>,
    unseen: BTreeSet<String>,
    /// What is known of each class, by its index.
    classes: Vec<Option<Known>>,
}

/// What the conditions mean for the events of one class.
#[derive(Clone)]
struct Known {
    is_named: bool,
    /// Where each condition finds its field.
    places: Vec<Place>,
    /// Where events of the class name processes.
    processes: Vec<ProcessPlace>,
}

/// A field of the payload that may name a process.
#[derive(Clone, Copy)]
enum ProcessPlace {
    Pid(usize),
    /// And the field that tells whether it is one.
    Entity(usize, usize),
    /// As OTP's own events have it.
    Text(usize),
}

#[derive(Clone, Copy)]
enum Place {
    Payload(usize),
    Specific(usize),
    Common(usize),
    /// With the packet, or nowhere.
    Packet,
}

impl Selection {
    pub(crate) fn new(choice: &Choice, fields: &[String]) -> Selection {
        Selection {
            globs: choice.events.iter().map(|glob| (glob.clone(), false)).collect(),
            conditions: choice.conditions.iter().map(|condition| (condition.clone(), false)).collect(),
            processes: choice.processes.iter().map(|process| (*process, false)).collect(),
            with_sentence: false,
            range: TimeRange::default(),
            skip: 0,
            fields: fields.to_vec(),
            unseen: fields.iter().cloned().collect(),
            classes: Vec::new(),
        }
    }

    /// The same without events that have no sentence of their own: definitions, and what other events carried.
    pub(crate) fn with_sentence(self) -> Selection {
        Selection { with_sentence: true, ..self }
    }

    /// The same of a stretch of time.
    pub(crate) fn within(self, range: TimeRange) -> Selection {
        Selection { range, ..self }
    }

    /// The same without so many of the first.
    pub(crate) fn behind(self, skip: u64) -> Selection {
        Selection { skip, ..self }
    }

    /// Whether something of a stretch of time is wanted.
    pub(crate) fn reaches(&self, begin_ns: i64, end_ns: i64) -> bool {
        begin_ns <= self.range.end_ns && self.range.begin_ns <= end_ns
    }

    /// Whether the event is wanted.
    #[inline]
    pub(crate) fn wants(&mut self, event: Event<'_>) -> bool {
        let is_all = self.globs.is_empty()
            && self.conditions.is_empty()
            && self.processes.is_empty()
            && self.unseen.is_empty()
            && !self.with_sentence;
        if is_all && self.skip == 0 {
            return true;
        }
        if !(is_all || self.holds_for(event)) {
            return false;
        }
        self.skip == 0 || {
            self.skip -= 1;
            false
        }
    }

    /// The fields wanted; `None` where all are.
    pub(crate) fn fields(&self) -> Option<&[String]> {
        (!self.fields.is_empty()).then_some(&self.fields)
    }

    /// One sentence on each name that nothing in the trace has: it may have been misspelt.
    pub(crate) fn unseen(&self) -> Vec<String> {
        let globs = self.globs.iter().filter(|(_, is_seen)| !is_seen);
        let conditions = self.conditions.iter().filter(|(_, is_seen)| !is_seen);
        let processes = self.processes.iter().filter(|(_, is_seen)| !is_seen);
        globs
            .map(|(glob, _)| format!("no event has the name {}", glob.text()))
            .chain(conditions.map(|(condition, _)| format!("no event has a field {}", condition.field())))
            .chain(processes.map(|(process, _)| {
                format!("no event names the process {}", Entity { kind: EntityKind::Process, id: *process })
            }))
            .chain(self.unseen.iter().map(|name| format!("no event has a field {name}")))
            .collect()
    }

    /// Takes over what was seen with the same selection in other parts of the trace.
    pub(crate) fn learn_of(&mut self, other: &Selection) {
        for ((_, is_seen), (_, was_seen)) in self.globs.iter_mut().zip(&other.globs) {
            *is_seen |= was_seen;
        }
        for ((_, is_seen), (_, was_seen)) in self.conditions.iter_mut().zip(&other.conditions) {
            *is_seen |= was_seen;
        }
        for ((_, is_seen), (_, was_seen)) in self.processes.iter_mut().zip(&other.processes) {
            *is_seen |= was_seen;
        }
        self.unseen.retain(|name| other.unseen.contains(name));
    }

    fn holds_for(&mut self, event: Event<'_>) -> bool {
        let class = event.class().index();
        if self.classes.get(class).is_none_or(Option::is_none) {
            self.learn(event);
        }
        let Some(Some(known)) = self.classes.get(class) else { return false };
        if !known.is_named {
            return false;
        }
        let ns = event.timestamp_ns();
        let mut holds = !event.has_clock() || (self.range.begin_ns..=self.range.end_ns).contains(&ns);
        if !self.processes.is_empty() {
            let mut is_named = false;
            for (process, is_seen) in &mut self.processes {
                if known.processes.iter().any(|place| place.names(event, *process)) {
                    (is_named, *is_seen) = (true, true);
                }
            }
            holds = holds && is_named;
        }
        for ((condition, is_seen), place) in self.conditions.iter_mut().zip(&known.places) {
            let value = value(event, *place, condition.field());
            *is_seen |= value.is_some();
            holds = holds && value.is_some_and(|value| condition.holds(&value));
        }
        holds
    }

    /// Looks once at the class of an event.
    fn learn(&mut self, event: Event<'_>) {
        let class = event.definition();
        let mut is_named = self.globs.is_empty();
        for (glob, is_seen) in &mut self.globs {
            if glob.matches_event(class.name()) {
                (is_named, *is_seen) = (true, true);
            }
        }
        is_named = is_named && !(self.with_sentence && catalogued(class).is_some_and(is_silent));
        let processes = if self.processes.is_empty() { Vec::new() } else { process_places(class) };
        let places = self.conditions.iter().map(|(condition, _)| place(class, condition.field())).collect();
        for scope in [class.fields(), class.specific_context(), class.common_context()] {
            scope.iter().for_each(|field| _ = self.unseen.remove(field.name()));
        }
        event.packet_context().into_iter().flatten().for_each(|(name, _)| _ = self.unseen.remove(name));
        let index = event.class().index();
        if self.classes.len() <= index {
            self.classes.resize_with(index + 1, || None);
        }
        self.classes[index] = Some(Known { is_named, places, processes });
    }
}

impl ProcessPlace {
    fn names(self, event: Event<'_>, process: u64) -> bool {
        match self {
            ProcessPlace::Pid(field) => event.u64(field) == process,
            ProcessPlace::Entity(field, kind) => {
                let entity = Entity::from_wire(event.u64(kind) as u8, event.u64(field));
                entity == Entity { kind: EntityKind::Process, id: process }
            }
            ProcessPlace::Text(field) => {
                let entity = Entity { kind: EntityKind::Process, id: process };
                event.bytes(field) == entity.to_string().as_bytes()
            }
        }
    }
}

/// What the catalogue says of events of this class.
fn catalogued(class: &EventClass) -> Option<&'static EventInfo> {
    let name = class.name().strip_prefix(PROVIDER)?.strip_prefix(':')?;
    EventKind::from_name(name).map(EventKind::info)
}

/// There is no sentence about the event itself.
fn is_silent(info: &EventInfo) -> bool {
    matches!(info.class, Class::Own | Class::Payload)
}

fn process_places(class: &EventClass) -> Vec<ProcessPlace> {
    if let Some(info) = catalogued(class) {
        let place = |index: usize| class.field_index(info.fields.get(index)?.name);
        let of_field = |(index, field): (usize, &beamtap_schema::FieldInfo)| match field.field_type {
            FieldType::Pid => place(index).map(ProcessPlace::Pid),
            FieldType::Entity => Some(ProcessPlace::Entity(place(index)?, place(index + 1)?)),
            _ => None,
        };
        return info.fields.iter().enumerate().filter_map(of_field).collect();
    }
    if !class.name().starts_with(OTP_PROVIDER) {
        return Vec::new();
    }
    let is_text = |field: &Field| matches!(field.field_type().kind(), FieldKind::Str);
    let texts = class.fields().iter().enumerate().filter(|(_, field)| is_text(field));
    texts.map(|(index, _)| ProcessPlace::Text(index)).collect()
}

fn place(class: &EventClass, name: &str) -> Place {
    let find = |fields: &[Field]| fields.iter().position(|field| field.name() == name);
    class
        .field_index(name)
        .map(Place::Payload)
        .or_else(|| find(class.specific_context()).map(Place::Specific))
        .or_else(|| find(class.common_context()).map(Place::Common))
        .unwrap_or(Place::Packet)
}

fn value<'a>(event: Event<'a>, place: Place, name: &str) -> Option<Value<'a>> {
    let value = match place {
        Place::Payload(field) => event.value(field),
        Place::Specific(field) => event.specific_context().nth(field).map(|(_, value)| value),
        Place::Common(field) => event.common_context().nth(field).map(|(_, value)| value),
        Place::Packet => event.packet_context()?.find(|(known, _)| *known == name).map(|(_, value)| value),
    };
    value.filter(|value| !matches!(value, Value::Absent))
}
