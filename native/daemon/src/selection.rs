//! Which events are printed, and which of their fields.

use crate::condition::Condition;
use crate::glob::Glob;
use beamtap_ctf::{Event, EventClass, Field, Value};
use std::collections::BTreeSet;

/// What somebody wants to see of a trace.
#[derive(Clone)]
pub(crate) struct Selection {
    globs: Vec<(Glob, bool)>,
    conditions: Vec<(Condition, bool)>,
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
    pub(crate) fn new(globs: &[Glob], conditions: &[Condition], fields: &[String]) -> Selection {
        Selection {
            globs: globs.iter().map(|glob| (glob.clone(), false)).collect(),
            conditions: conditions.iter().map(|condition| (condition.clone(), false)).collect(),
            fields: fields.to_vec(),
            unseen: fields.iter().cloned().collect(),
            classes: Vec::new(),
        }
    }

    /// Whether the event is wanted.
    #[inline]
    pub(crate) fn wants(&mut self, event: Event<'_>) -> bool {
        if self.globs.is_empty() && self.conditions.is_empty() && self.unseen.is_empty() {
            return true;
        }
        self.holds_for(event)
    }

    /// The fields wanted; `None` where all are.
    pub(crate) fn fields(&self) -> Option<&[String]> {
        (!self.fields.is_empty()).then_some(&self.fields)
    }

    /// One sentence on each name that nothing in the trace has: it may have been misspelt.
    pub(crate) fn unseen(&self) -> Vec<String> {
        let globs = self.globs.iter().filter(|(_, is_seen)| !is_seen);
        let conditions = self.conditions.iter().filter(|(_, is_seen)| !is_seen);
        globs
            .map(|(glob, _)| format!("no event was named {}", glob.text()))
            .chain(conditions.map(|(condition, _)| format!("no event had a field {}", condition.field())))
            .chain(self.unseen.iter().map(|name| format!("no event had a field {name}")))
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
        let mut holds = true;
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
            if glob.matches(class.name()) {
                (is_named, *is_seen) = (true, true);
            }
        }
        let places = self.conditions.iter().map(|(condition, _)| place(class, condition.field())).collect();
        for scope in [class.fields(), class.specific_context(), class.common_context()] {
            scope.iter().for_each(|field| _ = self.unseen.remove(field.name()));
        }
        event.packet_context().into_iter().flatten().for_each(|(name, _)| _ = self.unseen.remove(name));
        let index = event.class().index();
        if self.classes.len() <= index {
            self.classes.resize_with(index + 1, || None);
        }
        self.classes[index] = Some(Known { is_named, places });
    }
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
