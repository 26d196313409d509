//! What one event says, in words.

use crate::charset::Charset;
use crate::elixir_term;
use crate::quantity;
use crate::syntax::Syntax;
use beamtap_analysis::Names;
use beamtap_ctf::Event as Recorded;
use beamtap_schema::{
    Entity, EntityKind, Event, EventKind, ExceptionClass, FieldInfo, FieldType, MessageKind, PayloadPart,
    PortOp, SpanOutcome, ThreadKind, event,
};
use std::collections::HashMap;

/// A line tells no more of an event; those of garbage collections have a dozen.
const MOST_VALUES: usize = 5;
/// Calls under way whose callers are remembered; a node has no more of them at a time.
const MOST_CALLS: usize = 1 << 16;

/// What to call things.
pub(crate) struct Dictionary {
    pub(crate) syntax: Syntax,
    names: Names,
    /// Registered names as atoms, by process.
    registered: HashMap<u64, u32>,
    /// Who called, by the call's tag: a reply goes to an alias, which has no other name than that.
    callers: HashMap<u64, u64>,
}

/// One event, as it is shown.
pub(crate) struct Sentence {
    /// Who it is about.
    pub(crate) owner: Entity,
    pub(crate) who: String,
    /// What happened.
    pub(crate) what: String,
    /// What came with it, or of it.
    pub(crate) more: String,
    pub(crate) tone: Tone,
}

/// How good news are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Result,
    Failure,
}

impl Sentence {
    /// What an event says that is not in the catalogue: its name and fields as they are.
    pub(crate) fn of_other(recorded: Recorded<'_>) -> Sentence {
        let mut text = Vec::new();
        recorded.write_text(&mut text);
        let text = String::from_utf8_lossy(&text);
        let (what, more) = text.split_at(recorded.name().len().min(text.len()));
        Sentence {
            owner: Entity { kind: EntityKind::Unknown, id: 0 },
            who: recorded.cpu_id().map_or_else(|| "-".to_owned(), |cpu| format!("CPU {cpu}")),
            what: what.to_owned(),
            more: more.to_owned(),
            tone: Tone::Plain,
        }
    }
}

impl Dictionary {
    pub(crate) fn new(syntax: Syntax) -> Dictionary {
        Dictionary { syntax, names: Names::default(), registered: HashMap::new(), callers: HashMap::new() }
    }

    /// Takes in what an event says of names; whether it is there for nothing else.
    pub(crate) fn learn(&mut self, event: &Event<'_>) -> bool {
        match event {
            Event::DefProcess(def) => {
                if def.name != 0 {
                    self.registered.insert(def.pid, def.name);
                }
                true
            }
            Event::Register(register) => {
                self.registered.insert(register.pid, register.name);
                false
            }
            Event::Unregister(_) | Event::Exit(_) => false,
            Event::Send(send) => {
                let is_call = MessageKind::from_wire(send.message) == Some(MessageKind::GenCall);
                if is_call
                    && send.tag != 0
                    && EntityKind::from_wire(send.from_kind) == Some(EntityKind::Process)
                {
                    if self.callers.len() == MOST_CALLS {
                        self.callers.clear();
                    }
                    self.callers.insert(send.tag, send.from);
                }
                false
            }
            Event::DefProcessLabel(_)
            | Event::DefModule(_)
            | Event::DefClock(_)
            | Event::Canary(_)
            | Event::CountersOf(_) => true,
            _ => self.names.learn(event),
        }
    }

    /// Names of several VMs were taken in, which use the same numbers.
    pub(crate) fn has_several_vms(&self) -> bool {
        self.names.vms().len() > 1
    }

    /// Forgets the name that a process had up to this event.
    pub(crate) fn forget(&mut self, event: &Event<'_>) {
        if let Event::Unregister(event::Unregister { pid, .. }) | Event::Exit(event::Exit { pid, .. }) = event
        {
            self.registered.remove(pid);
        }
    }

    /// What an event of the catalogue says.
    pub(crate) fn sentence(&self, event: &Event<'_>, recorded: Recorded<'_>) -> Sentence {
        let kind = event.kind();
        let fields = Fields { infos: kind.info().fields, recorded };
        let owner = fields.owner();
        let (what, more, tone) = match event {
            Event::Call(call) => (self.function(call.function), String::new(), Tone::Plain),
            Event::ReturnFrom(ended) => (self.function(ended.function), " -> _".to_owned(), Tone::Result),
            Event::ExceptionFrom(raised) => {
                let class = ExceptionClass::from_wire(raised.class).map_or("unknown", ExceptionClass::as_str);
                (self.function(raised.function), format!(" raised {class}"), Tone::Failure)
            }
            _ => (kind.info().name.to_owned(), self.values(&fields), Tone::Plain),
        };
        Sentence { owner, who: self.who(owner, &fields), what, more, tone }
    }

    /// Samples are about a kind of scheduler or an allocator.
    fn who(&self, owner: Entity, fields: &Fields<'_>) -> String {
        match fields.infos.first().map(|info| info.field_type) {
            Some(FieldType::ThreadTag) => {
                ThreadKind::from_wire(fields.number(0) as u8).map_or("unknown", ThreadKind::as_str).to_owned()
            }
            Some(FieldType::Atom) => self.atom(fields.number(0) as u32),
            // What became of a tap names its session.
            Some(FieldType::Text) => fields.text(0),
            _ => self.entity(owner),
        }
    }

    /// Adds what an event carried, from the event that follows it.
    pub(crate) fn add_payload(&self, sentence: &mut Sentence, part: u8, text: &str) {
        let text = match self.syntax {
            Syntax::Erlang => text.to_owned(),
            Syntax::Elixir => elixir_term::from_erlang(text),
        };
        match PayloadPart::from_wire(part) {
            Some(PayloadPart::Arguments) => {
                let name = sentence.what.rfind('/').map_or(sentence.what.len(), |slash| slash);
                sentence.what.truncate(name);
                sentence.more = text;
            }
            Some(PayloadPart::ReturnValue) => sentence.more = format!(" -> {text}"),
            _ => {
                sentence.more.push_str(": ");
                sentence.more.push_str(&text);
            }
        }
    }

    fn function(&self, id: u32) -> String {
        match self.names.function(id) {
            Some(name) => format!("{}/{}", self.syntax.function(name), name.arity),
            None => self.names.function_text(id),
        }
    }

    fn atom(&self, id: u32) -> String {
        self.names.atom(id).map_or_else(|| self.names.atom_text(id), |name| self.syntax.atom(name))
    }

    fn entity(&self, entity: Entity) -> String {
        match entity.kind {
            EntityKind::Process => match self.registered.get(&entity.id) {
                Some(&name) => self.atom(name),
                None => self.syntax.pid(entity.id),
            },
            EntityKind::Name => self.atom(entity.id as u32),
            EntityKind::Alias => match self.callers.get(&entity.id) {
                Some(&id) => self.entity(Entity { kind: EntityKind::Process, id }),
                None => entity.to_string(),
            },
            _ => entity.to_string(),
        }
    }

    /// What an event says beyond whom it is about; what says itself what it is has no label.
    fn values(&self, fields: &Fields<'_>) -> String {
        let mut text = String::new();
        let mut said_values = 0;
        for (index, info) in fields.infos.iter().enumerate().skip(1) {
            if said_values == MOST_VALUES {
                break;
            }
            let number = fields.number(index);
            let word = |word: Option<&str>| {
                word.filter(|&word| word != "other").map(|word| (false, word.to_owned()))
            };
            let said = match info.field_type {
                FieldType::Pid => Some((true, self.entity(Entity { kind: EntityKind::Process, id: number }))),
                FieldType::Entity => Some((true, self.entity(fields.entity(index)))),
                FieldType::Port => Some((true, Entity { kind: EntityKind::Port, id: number }.to_string())),
                FieldType::Function => (number != 0).then(|| (false, self.function(number as u32))),
                FieldType::Atom => (number != 0).then(|| (false, self.atom(number as u32))),
                FieldType::Text => Some((false, fields.text(index))),
                FieldType::Message => word(MessageKind::from_wire(number as u8).map(MessageKind::as_str)),
                FieldType::PortOp => word(PortOp::from_wire(number as u8).map(PortOp::as_str)),
                FieldType::Outcome => word(SpanOutcome::from_wire(number as u8).map(SpanOutcome::as_str)),
                FieldType::Nanoseconds => Some((true, quantity::duration(number, Charset::Unicode))),
                FieldType::EntityTag
                | FieldType::Tag
                | FieldType::Flag
                | FieldType::Span
                | FieldType::PayloadTag
                | FieldType::Label => None,
                _ => Some((true, quantity::count(number))),
            };
            if let Some((is_labelled, value)) = said {
                said_values += 1;
                text.push(' ');
                if is_labelled {
                    text.push_str(info.name);
                    text.push(' ');
                }
                text.push_str(&value);
            }
        }
        text
    }
}

/// Whom an event is about.
pub(crate) fn owner(kind: EventKind, recorded: Recorded<'_>) -> Entity {
    Fields { infos: kind.info().fields, recorded }.owner()
}

/// The fields of an event by their places in the catalogue.
struct Fields<'a> {
    infos: &'static [FieldInfo],
    recorded: Recorded<'a>,
}

impl Fields<'_> {
    fn place(&self, index: usize) -> Option<usize> {
        self.recorded.definition().field_index(self.infos.get(index)?.name)
    }

    fn number(&self, index: usize) -> u64 {
        match self.infos.get(index) {
            Some(info) if info.field_type != FieldType::Text => {
                self.place(index).map_or(0, |place| self.recorded.u64(place))
            }
            _ => 0,
        }
    }

    fn text(&self, index: usize) -> String {
        self.place(index).map_or_else(String::new, |place| self.recorded.str(place).into_owned())
    }

    /// A process, port or name; the field after it says which.
    fn entity(&self, index: usize) -> Entity {
        Entity::from_wire(self.number(index + 1) as u8, self.number(index))
    }

    /// Whom the event is about: its first field.
    fn owner(&self) -> Entity {
        match self.infos.first().map(|info| info.field_type) {
            Some(FieldType::Pid) => Entity { kind: EntityKind::Process, id: self.number(0) },
            Some(FieldType::Port) => Entity { kind: EntityKind::Port, id: self.number(0) },
            Some(FieldType::Entity) => self.entity(0),
            _ => Entity { kind: EntityKind::Unknown, id: 0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(tag: u64, from: u64, kind: EntityKind) -> Event<'static> {
        Event::Send(event::Send {
            from,
            from_kind: kind.to_wire(),
            to: 9,
            to_kind: EntityKind::Process.to_wire(),
            message: MessageKind::GenCall.to_wire(),
            tag,
        })
    }

    #[test]
    fn an_alias_is_called_what_the_caller_is_called() {
        let mut dictionary = Dictionary::new(Syntax::Elixir);
        let alias = |id| Entity { kind: EntityKind::Alias, id };
        assert_eq!(dictionary.entity(alias(7)), "alias 0000000000000007");
        assert!(!dictionary.learn(&call(7, 5, EntityKind::Process)));
        assert_eq!(dictionary.entity(alias(7)), "#PID<0.5.0>");
        // Without a tag, or of no process, a call says nothing.
        dictionary.learn(&call(0, 5, EntityKind::Process));
        dictionary.learn(&call(8, 5, EntityKind::Port));
        assert_eq!(dictionary.entity(alias(0)), "alias 0000000000000000");
        assert_eq!(dictionary.entity(alias(8)), "alias 0000000000000008");
    }

    #[test]
    fn no_more_calls_are_remembered_than_there_can_be() {
        let mut dictionary = Dictionary::new(Syntax::Erlang);
        for tag in 1..=2 * MOST_CALLS as u64 + 1 {
            dictionary.learn(&call(tag, 5, EntityKind::Process));
            assert!(dictionary.callers.len() <= MOST_CALLS);
        }
        assert_eq!(
            dictionary.entity(Entity { kind: EntityKind::Alias, id: 2 * MOST_CALLS as u64 + 1 }),
            "<0.5.0>"
        );
    }
}
