//! Event classes, and the plans by which the streams of a trace are decoded.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::clock::{Clock, Scale};
use crate::field::{Field, FieldType};
use crate::header::HeaderPlan;
use crate::metadata::{EnvValue, EventDef, Metadata};
use crate::program::{Access, Program, compile, own_slots};
use crate::text_plan::TextPlan;

/// Key of an event class: its index in [`TraceSet::classes`](crate::TraceSet::classes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassKey(pub(crate) u32);

impl ClassKey {
    /// Index in the slice of classes.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A kind of event: its name and its fields. Cheap to clone.
#[derive(Clone)]
pub struct EventClass(pub(crate) Arc<ClassData>);

pub(crate) struct ClassData {
    pub(crate) key: ClassKey,
    pub(crate) trace: u32,
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) log_level: Option<i64>,
    pub(crate) emf_uri: Option<String>,
    pub(crate) common: Option<FieldType>,
    pub(crate) specific: Option<FieldType>,
    pub(crate) payload: Option<FieldType>,
    pub(crate) program: Program,
    pub(crate) common_access: Vec<Access>,
    pub(crate) specific_access: Vec<Access>,
    pub(crate) payload_access: Vec<Access>,
    pub(crate) slots: u16,
    pub(crate) uses_header: bool,
    /// Made when the first event is written as text.
    pub(crate) text: OnceLock<TextPlan>,
}

impl ClassData {
    /// Common context, specific context and payload, and where their members are.
    pub(crate) fn scopes(&self) -> [(Option<&FieldType>, &[Access]); 3] {
        [
            (self.common.as_ref(), &self.common_access),
            (self.specific.as_ref(), &self.specific_access),
            (self.payload.as_ref(), &self.payload_access),
        ]
    }
}

impl EventClass {
    fn new(def: EventDef, key: ClassKey, trace: u32) -> EventClass {
        let scopes = [&def.common_context, &def.specific_context, &def.payload].map(Option::as_ref);
        let (program, [common_access, specific_access, payload_access]) = compile(scopes);
        EventClass(Arc::new(ClassData {
            key,
            trace,
            id: def.id,
            name: def.name,
            log_level: def.log_level,
            emf_uri: def.emf_uri,
            common: def.common_context,
            specific: def.specific_context,
            payload: def.payload,
            program,
            common_access,
            specific_access,
            payload_access,
            slots: def.slots,
            uses_header: def.uses_header,
            text: OnceLock::new(),
        }))
    }

    /// Index of this class among all of the set's.
    pub fn key(&self) -> ClassKey {
        self.0.key
    }

    /// Name, as in `provider:event`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Number of this class in the trace, unique in one stream class only.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Index of the first trace that describes this class: see [`TraceSet::traces`](crate::TraceSet::traces).
    pub fn trace(&self) -> usize {
        self.0.trace as usize
    }

    /// LTTng's log level, 0 (emergency) to 14 (debug).
    pub fn log_level(&self) -> Option<i64> {
        self.0.log_level
    }

    /// URI of the event's description.
    pub fn emf_uri(&self) -> Option<&str> {
        self.0.emf_uri.as_deref()
    }

    /// Fields of the payload, in order. [`Event`](crate::Event)'s accessors take an index of this list.
    pub fn fields(&self) -> &[Field] {
        self.0.payload.as_ref().map_or(&[], FieldType::members)
    }

    /// Index of a field of the payload.
    pub fn field_index(&self, name: &str) -> Option<usize> {
        self.fields().iter().position(|f| f.name() == name)
    }

    /// Fields of the context that all events of the stream have, such as `vtid`.
    pub fn common_context(&self) -> &[Field] {
        self.0.common.as_ref().map_or(&[], FieldType::members)
    }

    /// Fields of the context that only events of this class have.
    pub fn specific_context(&self) -> &[Field] {
        self.0.specific.as_ref().map_or(&[], FieldType::members)
    }
}

impl fmt::Debug for EventClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventClass")
            .field("name", &self.name())
            .field("common_context", &self.0.common)
            .field("specific_context", &self.0.specific)
            .field("fields", &self.0.payload)
            .finish()
    }
}

/// How to decode the packets of one stream class.
pub(crate) struct StreamPlan {
    pub(crate) id: u64,
    pub(crate) packet_context: Option<FieldType>,
    pub(crate) packet_context_slots: (u16, u16),
    pub(crate) event_header: Option<FieldType>,
    pub(crate) header: HeaderPlan,
    pub(crate) scale: Option<Scale>,
    /// What is needed to get over a record, by event class id, for ids that are small and in short headers.
    table: Vec<Shape>,
    /// Keys of the classes with other ids.
    large_ids: HashMap<u64, u32>,
}

/// What is needed to get over a record of a class, all in one place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) key: u32,
    pub(crate) way: Way,
    /// Alignment of the record's base, and bits behind the base where the size is fixed.
    pub(crate) align: u32,
    pub(crate) size: u32,
}

/// How to get over a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// All records are of one size, and begin at any byte.
    Fixed,
    /// By the steps of the class's program, which ask for nothing but the record. They begin at any byte.
    Plain,
    /// The same where records begin at other places.
    Aligned,
    /// With what the header and earlier fields say.
    General,
}

impl Shape {
    const NONE: Shape = Shape { key: NO_CLASS, way: Way::General, align: 1, size: 0 };

    fn of(class: &EventClass, key: u32) -> Shape {
        let program = &class.0.program;
        let size = u32::try_from(program.rest).ok().filter(|_| program.is_fixed());
        let way = match size {
            _ if class.0.uses_header || !program.is_plain() => Way::General,
            _ if program.align > 8 => Way::Aligned,
            Some(_) => Way::Fixed,
            None => Way::Plain,
        };
        Shape { key, way, align: program.align as u32, size: size.unwrap_or(0) }
    }
}

/// Ids below this are looked up by index at most.
const TABLE_SIZE: u64 = 1 << 16;
const NO_CLASS: u32 = u32::MAX;

impl StreamPlan {
    /// Shape of the records with this event class id, if it is small and in short headers.
    #[inline(always)]
    pub(crate) fn shape(&self, id: u64) -> Option<&Shape> {
        self.table.get(id as usize)
    }

    /// Index of the class with this id.
    pub(crate) fn class(&self, id: u64) -> Option<usize> {
        let key = match self.table.get(id as usize) {
            Some(shape) => shape.key,
            None => *self.large_ids.get(&id)?,
        };
        (key != NO_CLASS).then_some(key as usize)
    }

    fn insert(&mut self, class: &EventClass, key: u32) {
        let id = class.id();
        // An id that a short header cannot have must not be found by one.
        let size = match &self.header {
            HeaderPlan::Packed(header) => TABLE_SIZE.min(header.last_id + 1),
            _ => TABLE_SIZE,
        };
        if id < size {
            let needed = id as usize + 1;
            if self.table.len() < needed {
                self.table.resize(needed, Shape::NONE);
            }
            self.table[id as usize] = Shape::of(class, key);
        } else {
            self.large_ids.insert(id, key);
        }
    }
}

/// How to decode the packets of one trace.
pub(crate) struct TracePlan {
    pub(crate) uuid: Option<[u8; 16]>,
    pub(crate) packet_header: Option<FieldType>,
    pub(crate) streams: Vec<StreamPlan>,
    /// Index among the streams, by id.
    pub(crate) stream_indexes: HashMap<u64, usize>,
    pub(crate) environment: Arc<[(String, EnvValue)]>,
    pub(crate) clocks: Arc<[Clock]>,
}

/// All that is known from metadata: what cursors decode with.
#[derive(Default)]
pub(crate) struct Catalog {
    /// Shared by traces of the same metadata.
    pub(crate) traces: Vec<Arc<TracePlan>>,
    pub(crate) classes: Vec<EventClass>,
    /// Slots that any of the classes needs.
    pub(crate) slots: usize,
    /// Greatest alignment of any type, in bytes.
    pub(crate) align_bytes: usize,
}

impl Catalog {
    /// A trace that this metadata describes, too, as far as it goes: the chunks of a rotated session have each their own,
    /// which say the same.
    pub(crate) fn same_trace(&self, metadata: &Metadata) -> Option<usize> {
        let uuid = metadata.uuid?;
        let ids = || metadata.streams.iter().map(|stream| stream.id);
        self.traces.iter().position(|plan| {
            plan.uuid == Some(uuid) && plan.streams.iter().zip(ids()).all(|(known, id)| known.id == id)
        })
    }

    /// As [`absorb`](Catalog::absorb), less what the trace knows already.
    pub(crate) fn absorb_again(&mut self, trace: usize, metadata: &mut Metadata) {
        for (stream, known) in metadata.streams.iter_mut().zip(&self.traces[trace].streams) {
            stream.events.retain(|event| known.class(event.id).is_none());
        }
        self.absorb(trace, metadata);
    }

    /// Takes a trace in whose metadata is that of an earlier one.
    pub(crate) fn share(&mut self, earlier: usize) {
        self.traces.push(self.traces[earlier].clone());
    }

    /// Takes over what `metadata` has gained; `trace` is the number of traces before for a new one.
    pub(crate) fn absorb(&mut self, trace: usize, metadata: &mut Metadata) {
        if trace == self.traces.len() {
            self.traces.push(Arc::new(TracePlan {
                uuid: None,
                packet_header: None,
                streams: Vec::new(),
                stream_indexes: HashMap::new(),
                environment: Arc::default(),
                clocks: Arc::default(),
            }));
        }
        self.align_bytes = self.align_bytes.max(8);
        // Metadata that is shared is whole.
        let Some(plan) = Arc::get_mut(&mut self.traces[trace]) else { return };
        plan.uuid = metadata.uuid;
        plan.environment = metadata.environment.as_slice().into();
        plan.clocks = metadata.clocks.as_slice().into();
        if plan.packet_header.is_none() {
            plan.packet_header.clone_from(&metadata.packet_header);
        }
        let mut widest = plan.packet_header.as_ref().map_or(8, max_align);
        for (i, stream) in metadata.streams.iter_mut().enumerate() {
            if i == plan.streams.len() {
                self.slots = self.slots.max(stream.slots.into());
                plan.stream_indexes.insert(stream.id, i);
                plan.streams.push(StreamPlan {
                    id: stream.id,
                    packet_context_slots: stream.packet_context.as_ref().map_or((0, 0), own_slots),
                    packet_context: stream.packet_context.clone(),
                    header: HeaderPlan::new(stream.event_header.as_ref()),
                    event_header: stream.event_header.clone(),
                    scale: stream.clock.map(|c| metadata.clocks[c].scale()),
                    table: Vec::new(),
                    large_ids: HashMap::new(),
                });
                let types = [&stream.packet_context, &stream.event_header];
                widest = types.into_iter().flatten().map(max_align).fold(widest, u32::max);
            }
            for def in stream.events.drain(..) {
                let key = self.classes.len() as u32;
                let types = [&def.common_context, &def.specific_context, &def.payload];
                widest = types.into_iter().flatten().map(max_align).fold(widest, u32::max);
                let class = EventClass::new(def, ClassKey(key), trace as u32);
                self.slots = self.slots.max(class.0.slots.into());
                plan.streams[i].insert(&class, key);
                self.classes.push(class);
            }
        }
        self.align_bytes = self.align_bytes.max(widest as usize / 8);
    }
}

/// Greatest alignment in a type tree, in bits.
fn max_align(ty: &FieldType) -> u32 {
    use crate::field::Kind;
    let inner = match &ty.kind {
        Kind::Struct(members) => members.iter().map(|m| max_align(&m.ty)).max(),
        Kind::Array(array) => Some(max_align(&array.element)),
        Kind::Variant(variant) => variant.choices.iter().map(|c| max_align(&c.ty)).max(),
        Kind::Optional(optional) => Some(max_align(&optional.ty)),
        Kind::Int(_) | Kind::Enum(..) | Kind::Float(_) | Kind::Str => None,
    };
    inner.unwrap_or(1).max(ty.align)
}
