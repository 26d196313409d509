//! From declarations, in whichever language, to a [`Metadata`] that packets can be decoded with.

use std::collections::{HashMap, HashSet};

use super::resolve::{self, ScopeTree};
use super::{EnvValue, EventDef, Metadata, StreamClass, roles};
use crate::bits::ByteOrder;
use crate::clock::Clock;
use crate::error::Error;
use crate::field::{FieldType, Kind, MAX_EMPTY_ELEMENTS, NO_CLOCK, Role, Scalar, Scope};

/// Most types that the metadata of one trace may describe: what bounds the memory that hostile metadata can take.
const MAX_TYPES: u64 = 1 << 17;

/// Most comparisons of names that resolving the references of one trace's metadata may take.
const MAX_WORK: u64 = 1 << 26;
/// Most clocks that a trace may have.
const MAX_CLOCKS: usize = 256;

/// Collects declarations; [`finish`](Builder::finish) turns those that are new into classes.
pub(crate) struct Builder {
    pub(crate) metadata: Metadata,
    /// True when names are known by role and reference paths are absolute: CTF 2.
    pub(crate) explicit_roles: bool,
    clock_references: Vec<String>,
    header_is_settled: bool,
    streams: Vec<RawStream>,
    events: Vec<RawEvent>,
    weight_left: u64,
    /// Comparisons that may still be made while looking for the fields that references name.
    work_left: u64,
    stream_indexes: HashMap<u64, usize>,
    environment_indexes: HashMap<String, usize>,
    event_ids: HashSet<(u64, u64)>,
}

/// A stream class as declared.
#[derive(Default)]
pub(crate) struct RawStream {
    pub(crate) id: Option<u64>,
    pub(crate) packet_context: Option<FieldType>,
    pub(crate) event_header: Option<FieldType>,
    pub(crate) event_context: Option<FieldType>,
    /// Name of the clock, when the declaration says it.
    pub(crate) clock: Option<String>,
    /// Line and column of the declaration.
    pub(crate) position: (u32, u32),
}

/// An event class as declared.
#[derive(Default)]
pub(crate) struct RawEvent {
    pub(crate) id: Option<u64>,
    pub(crate) stream_id: Option<u64>,
    pub(crate) name: String,
    pub(crate) log_level: Option<i64>,
    pub(crate) emf_uri: Option<String>,
    pub(crate) specific_context: Option<FieldType>,
    pub(crate) payload: Option<FieldType>,
    pub(crate) position: (u32, u32),
}

impl Builder {
    pub(crate) fn new() -> Builder {
        Builder {
            metadata: Metadata::default(),
            explicit_roles: false,
            clock_references: Vec::new(),
            header_is_settled: false,
            streams: Vec::new(),
            events: Vec::new(),
            weight_left: MAX_TYPES,
            work_left: MAX_WORK,
            stream_indexes: HashMap::new(),
            environment_indexes: HashMap::new(),
            event_ids: HashSet::new(),
        }
    }

    /// Number of types that were paid for.
    pub(crate) fn weight(&self) -> u64 {
        MAX_TYPES - self.weight_left
    }

    /// Pays for so many types; false when there are too many.
    pub(crate) fn charge(&mut self, weight: u64) -> bool {
        match self.weight_left.checked_sub(weight) {
            Some(left) => {
                self.weight_left = left;
                true
            }
            None => false,
        }
    }

    /// Number to stand for a clock's name in types, which may be named before the clock is declared.
    pub(crate) fn clock_reference(&mut self, name: &str) -> u16 {
        let known = self.clock_references.iter().position(|n| n == name);
        let index = known.unwrap_or_else(|| {
            // One more than there can be clocks: a name that is not among them leads to one that cannot be either.
            if self.clock_references.len() <= MAX_CLOCKS {
                self.clock_references.push(name.to_owned());
            }
            self.clock_references.len() - 1
        });
        u16::try_from(index).unwrap_or(NO_CLOCK)
    }

    /// Adds a clock; false when its name is taken or there are too many.
    pub(crate) fn clock(&mut self, clock: Clock) -> bool {
        let clocks = &self.metadata.clocks;
        let is_new = clocks.len() < MAX_CLOCKS && clocks.iter().all(|c| c.name != clock.name);
        if is_new {
            self.metadata.clocks.push(clock);
        }
        is_new
    }

    /// Sets the packet header's type; false when there is one, when a stream was made without, or when the type is no
    /// structure.
    pub(crate) fn packet_header(&mut self, ty: FieldType) -> bool {
        let is_first = self.metadata.packet_header.is_none() && !self.header_is_settled;
        let fits = is_first && matches!(ty.kind, Kind::Struct(_));
        if fits {
            self.metadata.packet_header = Some(ty);
        }
        fits
    }

    /// An entry of the environment.
    pub(crate) fn environment_value(&self, name: &str) -> Option<&EnvValue> {
        let index = *self.environment_indexes.get(name)?;
        self.metadata.environment.get(index).map(|(_, value)| value)
    }

    /// Sets an entry of the environment; false when there are too many.
    pub(crate) fn environment(&mut self, name: String, value: EnvValue) -> bool {
        if !self.charge(1) {
            return false;
        }
        let environment = &mut self.metadata.environment;
        match self.environment_indexes.get(&name) {
            Some(&i) => environment[i].1 = value,
            None => {
                self.environment_indexes.insert(name.clone(), environment.len());
                environment.push((name, value));
            }
        }
        true
    }

    pub(crate) fn stream(&mut self, stream: RawStream) {
        self.streams.push(stream);
    }

    pub(crate) fn event(&mut self, event: RawEvent) {
        self.events.push(event);
    }

    /// Makes classes of what was declared since the last time.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        // Streams rely on it: it is settled with the first of them at the latest.
        if !self.header_is_settled && (self.metadata.packet_header.is_some() || !self.streams.is_empty()) {
            if let Some(mut header) = self.metadata.packet_header.take() {
                self.settle(&mut header, (1, 1))?;
                if !self.explicit_roles {
                    roles::packet_header(&mut header);
                }
                let mut slots = 0;
                resolve::number_all(&mut header, &mut slots);
                resolve::resolve(
                    &mut [ScopeTree::new(Scope::PacketHeader, Some(&mut header))],
                    &[],
                    &mut slots,
                    &mut self.work_left,
                )?;
                header.note_saves();
                self.metadata.packet_header = Some(header);
                self.metadata.header_slots = slots;
            }
            self.header_is_settled = true;
        }
        for stream in std::mem::take(&mut self.streams) {
            self.finish_stream(stream)?;
        }
        for event in std::mem::take(&mut self.events) {
            self.finish_event(event)?;
        }
        Ok(())
    }

    fn finish_stream(&mut self, raw: RawStream) -> Result<(), Error> {
        let fault = |what: String| Err(Error::metadata(what, raw.position.0, raw.position.1));
        let id = match raw.id {
            Some(id) => id,
            None if self.metadata.streams.is_empty() => 0,
            None => return fault("a stream without an id must be the only one".into()),
        };
        if self.stream_indexes.contains_key(&id) {
            return fault(format!("the stream {id} is declared twice"));
        }
        let (mut packet_context, mut event_header, mut event_context) =
            (raw.packet_context, raw.event_header, raw.event_context);
        for ty in [&mut packet_context, &mut event_header, &mut event_context].into_iter().flatten() {
            self.settle(ty, raw.position)?;
        }
        if !self.explicit_roles {
            let mut clocks = roles::AutoClock::new(self);
            if let Some(ty) = &mut packet_context {
                roles::packet_context(ty, &mut clocks);
            }
            if let Some(ty) = &mut event_header {
                roles::event_header(ty, &mut clocks);
            }
        }
        let clock = self.stream_clock(raw.clock.as_deref(), event_header.as_mut(), packet_context.as_mut());
        let clock = match clock {
            Ok(clock) => clock,
            Err(what) => return fault(what),
        };
        let mut slots = self.metadata.header_slots;
        let mut ready = Vec::new();
        if let Some(header) = &self.metadata.packet_header {
            ready.push((Scope::PacketHeader, header));
        }
        if let Some(ty) = &mut packet_context {
            resolve::number_all(ty, &mut slots);
            resolve::resolve(
                &mut [ScopeTree::new(Scope::PacketContext, Some(ty))],
                &ready,
                &mut slots,
                &mut self.work_left,
            )?;
            ty.note_saves();
        }
        ready.extend(packet_context.as_ref().map(|ty| (Scope::PacketContext, ty)));
        if let Some(ty) = &mut event_header {
            resolve::number_all(ty, &mut slots);
            resolve::resolve(
                &mut [ScopeTree::new(Scope::EventHeader, Some(ty))],
                &ready,
                &mut slots,
                &mut self.work_left,
            )?;
            ty.note_saves();
        }
        ready.extend(event_header.as_ref().map(|ty| (Scope::EventHeader, ty)));
        if let Some(context) = &event_context {
            // Faults in it must show even when the stream has no events; what resolves is thrown away.
            let (mut trial, mut trial_slots) = (context.clone(), slots);
            let mut scopes = [ScopeTree::new(Scope::CommonContext, Some(&mut trial))];
            resolve::resolve(&mut scopes, &ready, &mut trial_slots, &mut self.work_left)?;
        }
        let events = Vec::new();
        self.stream_indexes.insert(id, self.metadata.streams.len());
        self.metadata.streams.push(StreamClass {
            id,
            packet_context,
            event_header,
            event_context,
            clock,
            slots,
            events,
        });
        Ok(())
    }

    /// The clock of a stream: the one that its timestamps are mapped to.
    fn stream_clock(
        &self,
        name: Option<&str>,
        event_header: Option<&mut FieldType>,
        packet_context: Option<&mut FieldType>,
    ) -> Result<Option<usize>, String> {
        let by_name = |name: &str| {
            let index = self.metadata.clocks.iter().position(|c| c.name == name);
            index.map(Some).ok_or_else(|| format!("the clock {name:?} is not declared"))
        };
        if let Some(name) = name {
            return by_name(name);
        }
        let mut found = None;
        for ty in [event_header, packet_context].into_iter().flatten() {
            ty.for_each_scalar(&mut |scalar| {
                if let Scalar::Int(int) = scalar
                    && int.clock != NO_CLOCK
                    && int.role != Role::None
                    && found.is_none()
                {
                    found = Some(int.clock);
                }
            });
        }
        match found.and_then(|reference| self.clock_references.get(usize::from(reference))) {
            Some(name) => by_name(name),
            None => Ok(None),
        }
    }

    fn finish_event(&mut self, raw: RawEvent) -> Result<(), Error> {
        let fault = |what: String| Err(Error::metadata(what, raw.position.0, raw.position.1));
        if self.metadata.streams.is_empty() && raw.stream_id.is_none_or(|id| id == 0) {
            self.finish_stream(RawStream { position: raw.position, ..RawStream::default() })?;
        }
        let stream = match raw.stream_id {
            Some(id) => self.stream_indexes.get(&id).copied(),
            None => (self.metadata.streams.len() == 1).then_some(0),
        };
        let Some(index) = stream else {
            return fault("the event does not name a declared stream".into());
        };
        let (mut specific_context, mut payload) = (raw.specific_context, raw.payload);
        for ty in [&mut specific_context, &mut payload].into_iter().flatten() {
            self.settle(ty, raw.position)?;
        }
        let stream = &self.metadata.streams[index];
        let Some(id) = raw.id.or(stream.events.is_empty().then_some(0)) else {
            return fault("an event without an id must be the only one of its stream".into());
        };
        if !self.event_ids.insert((stream.id, id)) {
            return fault(format!("the event {id} of stream {} is declared twice", stream.id));
        }
        let weight = stream.event_context.as_ref().map_or(0, FieldType::weight);
        if !self.charge(weight) {
            return fault("the metadata describes more types than this reader keeps".into());
        }
        let metadata = &self.metadata;
        let stream = &metadata.streams[index];
        let mut common_context = stream.event_context.clone();
        let mut slots = stream.slots;
        let ready: Vec<_> = [
            (Scope::PacketHeader, metadata.packet_header.as_ref()),
            (Scope::PacketContext, stream.packet_context.as_ref()),
            (Scope::EventHeader, stream.event_header.as_ref()),
        ]
        .into_iter()
        .filter_map(|(scope, ty)| Some((scope, ty?)))
        .collect();
        let mut scopes = [
            ScopeTree::new(Scope::CommonContext, common_context.as_mut()),
            ScopeTree::new(Scope::SpecificContext, specific_context.as_mut()),
            ScopeTree::new(Scope::Payload, payload.as_mut()),
        ];
        let uses_header = resolve::resolve(&mut scopes, &ready, &mut slots, &mut self.work_left)?;
        for ty in [&mut common_context, &mut specific_context, &mut payload].into_iter().flatten() {
            ty.note_saves();
        }
        self.metadata.streams[index].events.push(EventDef {
            id,
            name: raw.name,
            log_level: raw.log_level,
            emf_uri: raw.emf_uri,
            common_context,
            specific_context,
            payload,
            slots,
            uses_header,
        });
        Ok(())
    }

    /// Fills in the trace's byte order where a type leaves it open, and checks clock names.
    fn settle(&self, ty: &mut FieldType, (line, column): (u32, u32)) -> Result<(), Error> {
        if ty.empty_elements() > MAX_EMPTY_ELEMENTS {
            return Err(Error::metadata("an array has too many elements without any bits", line, column));
        }
        let native = self.metadata.native;
        let mut needs_native = false;
        let mut clocks = Vec::new();
        ty.for_each_scalar(&mut |scalar| {
            let (is_native, order) = match scalar {
                Scalar::Int(int) => {
                    if int.clock != NO_CLOCK && !clocks.contains(&int.clock) {
                        clocks.push(int.clock);
                    }
                    (&mut int.native, &mut int.order)
                }
                Scalar::Float(float) => (&mut float.native, &mut float.order),
            };
            if std::mem::take(is_native) {
                needs_native |= native.is_none();
                *order = native.unwrap_or(ByteOrder::Little);
            }
        });
        if needs_native {
            return Err(Error::metadata("the trace does not say its byte order", line, column));
        }
        for name in clocks.iter().filter_map(|c| self.clock_references.get(usize::from(*c))) {
            if self.metadata.clocks.iter().all(|c| c.name != *name) {
                return Err(Error::metadata(format!("the clock {name:?} is not declared"), line, column));
            }
        }
        Ok(())
    }
}
