//! CTF 2's metadata: a sequence of JSON objects, each after a record separator (RFC 7464). Types are in
//! [`json_types`](super::json_types).

use serde_json::{Map, Value};

use super::build::{Builder, RawEvent, RawStream};
use super::json_types::FieldClasses;
use super::{EnvValue, tsdl};
use crate::clock::Clock;
use crate::error::{Error, Kind};
use crate::field::{FieldType, Scope};

/// Largest fragment, in bytes: as a tree it takes up to 32 times as much.
const MAX_FRAGMENT: usize = 512 << 10;
/// Begins each fragment.
pub(super) const SEPARATOR: u8 = 0x1e;

/// What JSON metadata has declared so far.
#[derive(Default)]
pub(crate) struct Json {
    classes: FieldClasses,
    lines: u32,
}

/// Where the fragments of growing text end. LTTng writes nothing behind a fragment, so that the last one is whole when
/// its object is closed.
#[derive(Default)]
pub(crate) struct Fragments {
    /// Bytes looked at, and of them those that make whole fragments.
    seen: usize,
    whole: usize,
    depth: u32,
    is_in_string: bool,
    is_escaped: bool,
}

impl Fragments {
    /// Length of the longest beginning of `text` that is made of whole fragments. `text` is what the last call was
    /// given, and more.
    pub(super) fn complete_prefix(&mut self, text: &[u8]) -> Result<usize, Error> {
        for (at, byte) in text.iter().enumerate().skip(self.seen) {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                // JSON holds no bare separator: whatever was open before has been cut off.
                &SEPARATOR => *self = Fragments { whole: at, ..Fragments::default() },
                b'\\' if self.is_in_string => self.is_escaped = true,
                b'"' => self.is_in_string = !self.is_in_string,
                b'{' if !self.is_in_string => self.depth = self.depth.saturating_add(1),
                b'}' if !self.is_in_string && self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        self.whole = at + 1;
                    }
                }
                _ => {}
            }
        }
        self.seen = text.len();
        if self.seen - self.whole > MAX_FRAGMENT {
            return Err(too_large());
        }
        Ok(self.whole)
    }

    /// The first `length` bytes of the text are gone.
    pub(super) fn drop_prefix(&mut self, length: usize) {
        self.seen -= length;
        self.whole -= length;
    }
}

fn too_large() -> Error {
    Error::new(Kind::Limit, format!("a fragment of the metadata is larger than {MAX_FRAGMENT} bytes"))
}

/// An object with the line that its fragment begins in.
pub(super) struct Object<'v> {
    pub(super) map: &'v Map<String, Value>,
    pub(super) line: u32,
}

impl<'v> Object<'v> {
    pub(super) fn of(value: &'v Value, line: u32) -> Result<Object<'v>, Error> {
        match value {
            Value::Object(map) => Ok(Object { map, line }),
            _ => Err(Error::metadata("expected a JSON object", line, 1)),
        }
    }

    pub(super) fn fail<T>(&self, what: impl Into<String>) -> Result<T, Error> {
        Err(Error::metadata(what, self.line, 1))
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'v str>, Error> {
        match self.map.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => self.fail(format!("{name:?} must be text")),
        }
    }

    pub(super) fn unsigned(&self, name: &str) -> Result<Option<u64>, Error> {
        match self.map.get(name) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) => Ok(Some(number)),
                None => self.fail(format!("{name:?} must be a number that is not negative")),
            },
        }
    }

    pub(super) fn signed(&self, name: &str) -> Result<Option<i64>, Error> {
        match self.map.get(name) {
            None => Ok(None),
            Some(value) => match value.as_i64() {
                Some(number) => Ok(Some(number)),
                None => self.fail(format!("{name:?} must be a number of 64 bits")),
            },
        }
    }

    pub(super) fn list(&self, name: &str) -> Result<&'v [Value], Error> {
        match self.map.get(name) {
            None => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => self.fail(format!("{name:?} must be a list")),
        }
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<Object<'v>>, Error> {
        self.map.get(name).map(|value| Object::of(value, self.line)).transpose()
    }

    /// Refuses what extends the format: without knowing how, nothing can be read right.
    pub(super) fn refuse_extensions(&self) -> Result<(), Error> {
        match self.object("extensions")? {
            Some(extensions) => match extensions.map.iter().next() {
                Some((namespace, _)) => self
                    .fail(format!("the metadata needs an extension of {namespace:?}, and none is supported")),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    pub(super) fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, Error> {
        match value {
            Some(value) => Ok(value),
            None => self.fail(format!("{name:?} is missing")),
        }
    }
}

impl Json {
    /// Reads `text`, which is made of whole fragments.
    pub(super) fn parse(&mut self, text: &[u8], builder: &mut Builder) -> Result<(), Error> {
        builder.explicit_roles = true;
        for fragment in text.split(|b| *b == SEPARATOR) {
            let line = self.lines + 1;
            self.lines += memchr::memchr_iter(b'\n', fragment).count() as u32;
            if fragment.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if fragment.len() > MAX_FRAGMENT {
                return Err(too_large());
            }
            let value: Value = serde_json::from_slice(fragment).map_err(|e| {
                let (below, column) = (e.line().saturating_sub(1) as u32, e.column() as u32);
                Error::metadata(format!("not JSON: {e}"), line + below, column)
            })?;
            self.fragment(&Object::of(&value, line)?, builder)?;
        }
        Ok(())
    }

    fn fragment(&mut self, object: &Object<'_>, builder: &mut Builder) -> Result<(), Error> {
        object.refuse_extensions()?;
        match object.text("type")? {
            Some("preamble") => preamble(object, builder),
            Some("field-class-alias") => self.classes.alias(object, builder),
            Some("trace-class") => self.trace_class(object, builder),
            Some("clock-class") => clock_class(object, builder),
            Some("data-stream-class") => self.data_stream_class(object, builder),
            Some("event-record-class") => self.event_record_class(object, builder),
            Some(other) => object.fail(format!("unknown fragment type {other:?}")),
            None => object.fail("a fragment has no \"type\""),
        }
    }

    /// The structure of a scope, if it is there.
    fn scope(
        &self,
        object: &Object<'_>,
        name: &str,
        scope: Scope,
        builder: &mut Builder,
    ) -> Result<Option<FieldType>, Error> {
        let Some(value) = object.map.get(name) else { return Ok(None) };
        let ty = self.classes.read(value, object.line, scope, builder)?;
        if !matches!(ty.kind, crate::field::Kind::Struct(_)) {
            return object.fail(format!("{name:?} must be a structure"));
        }
        Ok(Some(ty))
    }

    fn trace_class(&self, object: &Object<'_>, builder: &mut Builder) -> Result<(), Error> {
        if let Some(uid) = object.text("uid")? {
            builder.metadata.uuid = builder.metadata.uuid.or(tsdl::parse_uuid(uid));
        }
        if let Some(environment) = object.object("environment")? {
            for (name, value) in environment.map {
                let value = match (value, value.as_i64()) {
                    (Value::String(text), _) => EnvValue::Str(text.clone()),
                    (_, Some(number)) => EnvValue::Int(number),
                    _ => return object.fail("the environment holds numbers and text only"),
                };
                if !builder.environment(name.clone(), value) {
                    return object.fail("the environment has too many entries");
                }
            }
        }
        if let Some(ty) = self.scope(object, "packet-header-field-class", Scope::PacketHeader, builder)?
            && !builder.packet_header(ty)
        {
            return object.fail("there are two trace classes");
        }
        Ok(())
    }

    fn data_stream_class(&self, object: &Object<'_>, builder: &mut Builder) -> Result<(), Error> {
        let clock = object.text("default-clock-class-id")?.or(object.text("default-clock-class-name")?);
        let stream = RawStream {
            id: Some(object.unsigned("id")?.unwrap_or(0)),
            packet_context: self.scope(
                object,
                "packet-context-field-class",
                Scope::PacketContext,
                builder,
            )?,
            event_header: self.scope(
                object,
                "event-record-header-field-class",
                Scope::EventHeader,
                builder,
            )?,
            event_context: self.scope(
                object,
                "event-record-common-context-field-class",
                Scope::CommonContext,
                builder,
            )?,
            clock: clock.map(str::to_owned),
            position: (object.line, 1),
        };
        builder.stream(stream);
        Ok(())
    }

    fn event_record_class(&self, object: &Object<'_>, builder: &mut Builder) -> Result<(), Error> {
        let lttng = match object.object("attributes")? {
            Some(attributes) => attributes.object("lttng.org,2009")?,
            None => None,
        };
        let (mut log_level, mut emf_uri) = (None, None);
        if let Some(lttng) = lttng {
            log_level = log_level_number(&lttng)?;
            emf_uri = lttng.text("emf-uri")?.map(str::to_owned);
        }
        let event = RawEvent {
            id: Some(object.unsigned("id")?.unwrap_or(0)),
            stream_id: Some(object.unsigned("data-stream-class-id")?.unwrap_or(0)),
            name: object.text("name")?.unwrap_or_default().to_owned(),
            log_level,
            emf_uri,
            specific_context: self.scope(
                object,
                "specific-context-field-class",
                Scope::SpecificContext,
                builder,
            )?,
            payload: self.scope(object, "payload-field-class", Scope::Payload, builder)?,
            position: (object.line, 1),
        };
        builder.event(event);
        Ok(())
    }
}

fn preamble(object: &Object<'_>, builder: &mut Builder) -> Result<(), Error> {
    match object.unsigned("version")? {
        Some(2) => {}
        version => return object.fail(format!("the version of the metadata is {version:?} and not 2")),
    }
    let uuid: Vec<u8> = object.list("uuid")?.iter().filter_map(|v| u8::try_from(v.as_u64()?).ok()).collect();
    builder.metadata.uuid = <[u8; 16]>::try_from(uuid).ok();
    Ok(())
}

fn clock_class(object: &Object<'_>, builder: &mut Builder) -> Result<(), Error> {
    let name = object.text("id")?.or(object.text("name")?).unwrap_or_default();
    let mut clock = Clock::nanoseconds(name);
    clock.description = object.text("description")?.unwrap_or_default().to_owned();
    clock.uuid = object.text("uid")?.and_then(tsdl::parse_uuid);
    clock.frequency = object.required("frequency", object.unsigned("frequency")?)?;
    if clock.frequency == 0 {
        return object.fail("the frequency of a clock must be positive");
    }
    if let Some(offset) = object.object("offset-from-origin")? {
        clock.offset_seconds = offset.signed("seconds")?.unwrap_or(0);
        clock.offset_cycles = match i64::try_from(offset.unsigned("cycles")?.unwrap_or(0)) {
            Ok(cycles) => cycles,
            Err(_) => return object.fail("the clock's offset is too large"),
        };
    }
    if !clock.settle() {
        return object.fail("the clock's offset does not fit in 64 bits of nanoseconds");
    }
    if !builder.clock(clock) {
        return object.fail(format!("the clock {name:?} is declared twice"));
    }
    Ok(())
}

/// LTTng 2.15 and newer name the level; the numbers are those of CTF 1.8 metadata and of syslog.
fn log_level_number(lttng: &Object<'_>) -> Result<Option<i64>, Error> {
    const NAMES: [&str; 15] = [
        "emergency",
        "alert",
        "critical",
        "error",
        "warning",
        "notice",
        "info",
        "debug:system",
        "debug:program",
        "debug:process",
        "debug:module",
        "debug:unit",
        "debug:function",
        "debug:line",
        "debug",
    ];
    let name = match lttng.map.get("log-level") {
        Some(Value::String(name)) => name,
        _ => return lttng.signed("log-level"),
    };
    // A name that is not known says nothing about the events themselves.
    Ok(NAMES.iter().position(|known| known == name).and_then(|level| i64::try_from(level).ok()))
}
