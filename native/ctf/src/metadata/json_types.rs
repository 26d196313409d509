//! CTF 2's field classes.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::Builder;
use super::json::Object;
use crate::bits::ByteOrder;
use crate::error::Error;
use crate::field::{
    Choice, Field, FieldType, Float, Form, Int, Length, MAX_ALIGN, MAX_DEPTH, Mapping, NO_CLOCK, NO_SLOT,
    Origin, Reference, Role, Scope,
};

/// Field classes that have names.
#[derive(Default)]
pub(super) struct FieldClasses {
    aliases: HashMap<String, Value>,
}

/// Reads one field class.
struct Reading<'a> {
    aliases: &'a HashMap<String, Value>,
    builder: &'a mut Builder,
    line: u32,
    scope: Scope,
    depth: u16,
}

impl FieldClasses {
    pub(super) fn alias(&mut self, object: &Object<'_>, builder: &mut Builder) -> Result<(), Error> {
        let name = object.required("name", object.text("name")?)?;
        let class = object.required("field-class", object.map.get("field-class"))?;
        // Read once so that faults show where they are; what it means depends on where it is used.
        self.read(class, object.line, Scope::Payload, builder)?;
        if self.aliases.insert(name.to_owned(), class.clone()).is_some() {
            return object.fail(format!("the field class {name:?} is declared twice"));
        }
        Ok(())
    }

    pub(super) fn read(
        &self,
        value: &Value,
        line: u32,
        scope: Scope,
        builder: &mut Builder,
    ) -> Result<FieldType, Error> {
        Reading { aliases: &self.aliases, builder, line, scope, depth: 0 }.class(value)
    }
}

impl Reading<'_> {
    fn fail<T>(&self, what: impl Into<String>) -> Result<T, Error> {
        Err(Error::metadata(what, self.line, 1))
    }

    fn class(&mut self, value: &Value) -> Result<FieldType, Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fail("field classes are nested too deeply");
        }
        if !self.builder.charge(1) {
            return self.fail("the metadata describes more types than this reader keeps");
        }
        let ty = match value {
            Value::String(name) => match self.aliases.get(name) {
                Some(class) => self.class(class)?,
                None => return self.fail(format!("the field class {name:?} is not declared")),
            },
            _ => self.object(&Object::of(value, self.line)?)?,
        };
        self.depth -= 1;
        Ok(ty)
    }

    fn object(&mut self, object: &Object<'_>) -> Result<FieldType, Error> {
        let kind = object.required("type", object.text("type")?)?;
        object.refuse_extensions()?;
        if let Some(encoding) = object.text("encoding")?
            && encoding != "utf-8"
        {
            return self.fail(format!("the encoding {encoding:?} is not supported: expected utf-8"));
        }
        match kind {
            "fixed-length-unsigned-integer"
            | "fixed-length-signed-integer"
            | "fixed-length-bit-array"
            | "fixed-length-bit-map"
            | "fixed-length-boolean"
            | "variable-length-unsigned-integer"
            | "variable-length-signed-integer" => self.integer(object, kind),
            "fixed-length-floating-point-number" => {
                let bits = match object.unsigned("length")? {
                    Some(bits @ (32 | 64)) => bits as u8,
                    _ => return self.fail("a floating-point number must have 32 or 64 bits"),
                };
                let align = self.alignment(object, "alignment", 1)?;
                let order = self.byte_order(object)?;
                let reversed = self.is_reversed(object, order)?;
                Ok(FieldType::float(Float { bits, reversed, native: false, order }, align))
            }
            "null-terminated-string" => Ok(FieldType::string()),
            "static-length-string" => Ok(FieldType::array(byte(true), self.static_length(object)?, true)),
            "dynamic-length-string" => Ok(FieldType::array(byte(true), self.dynamic_length(object)?, true)),
            "static-length-blob" => Ok(FieldType::array(byte(false), self.static_length(object)?, false)),
            "dynamic-length-blob" => Ok(FieldType::array(byte(false), self.dynamic_length(object)?, false)),
            "static-length-array" => {
                let length = self.static_length(object)?;
                self.array(object, length)
            }
            "dynamic-length-array" => {
                let length = self.dynamic_length(object)?;
                self.array(object, length)
            }
            "structure" => self.structure(object),
            "variant" => self.variant(object),
            "optional" => {
                let selector = self.location(object, "selector-field-location")?;
                // A boolean selector has no ranges: anything but 0 is true.
                let ranges = match self.ranges(object.list("selector-field-ranges")?)? {
                    ranges if ranges.is_empty() => vec![(1, u64::MAX >> 1), (1 << 63, u64::MAX)],
                    ranges => ranges,
                };
                let inner = object.required("field-class", object.map.get("field-class"))?;
                Ok(FieldType::optional(selector, ranges, self.class(inner)?))
            }
            other => self.fail(format!("field classes of type {other:?} are not supported")),
        }
    }

    fn integer(&mut self, object: &Object<'_>, kind: &str) -> Result<FieldType, Error> {
        let is_variable = kind.starts_with("variable-length");
        let (bits, order, form, align) = if is_variable {
            (64, ByteOrder::Little, Form::Variable, 8)
        } else {
            let bits = match object.unsigned("length")? {
                Some(bits @ 1..=64) => bits as u8,
                _ => return self.fail("the length of a number must be 1 to 64 bits"),
            };
            let order = self.byte_order(object)?;
            let form = if self.is_reversed(object, order)? { Form::Reversed } else { Form::Plain };
            (bits, order, form, self.alignment(object, "alignment", 1)?)
        };
        let base = match object.unsigned("preferred-display-base")? {
            None => {
                if kind.starts_with("fixed-length-bit") {
                    16
                } else {
                    10
                }
            }
            Some(base @ (2 | 8 | 10 | 16)) => base as u8,
            Some(_) => return self.fail("the display base must be 2, 8, 10 or 16"),
        };
        let int = Int {
            bits,
            form,
            boolean: kind == "fixed-length-boolean",
            signed: kind.ends_with("-signed-integer"),
            base,
            text: false,
            native: false,
            order,
            role: self.role(object)?,
            slot: NO_SLOT,
            clock: NO_CLOCK,
        };
        match object.object("mappings")? {
            Some(mappings) => {
                let mut list = Vec::new();
                for (label, ranges) in mappings.map {
                    let Value::Array(ranges) = ranges else {
                        return self.fail("the ranges of a mapping must be a list");
                    };
                    for (low, high) in self.ranges(ranges)? {
                        if !self.builder.charge(1) {
                            return self.fail("the metadata describes more types than this reader keeps");
                        }
                        list.push(Mapping { label: label.as_str().into(), low, high });
                    }
                }
                Ok(FieldType::enumeration(int, align, list.into()))
            }
            None => Ok(FieldType::int(int, align)),
        }
    }

    fn role(&self, object: &Object<'_>) -> Result<Role, Error> {
        let mut found = Role::None;
        for role in object.list("roles")? {
            let role = match (role.as_str(), self.scope) {
                (Some("packet-magic-number"), Scope::PacketHeader) => Role::Magic,
                (Some("data-stream-class-id"), Scope::PacketHeader) => Role::StreamClass,
                (Some("data-stream-id"), Scope::PacketHeader) => Role::StreamInstance,
                (Some("default-clock-timestamp"), Scope::PacketContext) => Role::Begin,
                (Some("packet-end-default-clock-timestamp"), Scope::PacketContext) => Role::End,
                (Some("packet-content-length"), Scope::PacketContext) => Role::ContentSize,
                (Some("packet-total-length"), Scope::PacketContext) => Role::PacketSize,
                (Some("packet-sequence-number"), Scope::PacketContext) => Role::SequenceNumber,
                (Some("discarded-event-record-counter-snapshot"), Scope::PacketContext) => Role::Discarded,
                (Some("event-record-class-id"), Scope::EventHeader) => Role::EventClass,
                (Some("default-clock-timestamp"), Scope::EventHeader) => Role::Timestamp,
                (Some(_), _) => continue,
                (None, _) => return self.fail("a role must be text"),
            };
            found = role;
        }
        Ok(found)
    }

    fn byte_order(&self, object: &Object<'_>) -> Result<ByteOrder, Error> {
        match object.text("byte-order")? {
            Some("little-endian") => Ok(ByteOrder::Little),
            Some("big-endian") => Ok(ByteOrder::Big),
            Some(other) => self.fail(format!("unknown byte order {other:?}")),
            None => self.fail("\"byte-order\" is missing"),
        }
    }

    /// Whether the order of the bits is not the one that is natural with the byte order.
    fn is_reversed(&self, object: &Object<'_>, order: ByteOrder) -> Result<bool, Error> {
        match object.text("bit-order")? {
            None => Ok(false),
            Some("first-to-last") => Ok(order == ByteOrder::Big),
            Some("last-to-first") => Ok(order == ByteOrder::Little),
            Some(other) => self.fail(format!("unknown bit order {other:?}")),
        }
    }

    fn alignment(&self, object: &Object<'_>, name: &str, default: u64) -> Result<u32, Error> {
        match object.unsigned(name)?.unwrap_or(default) {
            align if !align.is_power_of_two() => self.fail("an alignment must be a power of two"),
            align if align > MAX_ALIGN => {
                self.fail(format!("alignments above {MAX_ALIGN} bits are not supported"))
            }
            align => Ok(align as u32),
        }
    }

    fn static_length(&self, object: &Object<'_>) -> Result<Length, Error> {
        object.required("length", object.unsigned("length")?).map(Length::Static)
    }

    fn dynamic_length(&self, object: &Object<'_>) -> Result<Length, Error> {
        self.location(object, "length-field-location").map(Length::Dynamic)
    }

    fn location(&self, object: &Object<'_>, name: &str) -> Result<Reference, Error> {
        let Some(location) = object.object(name)? else {
            return self.fail(format!("{name:?} is missing"));
        };
        // `null` goes to the structure around; behind a name it takes that back.
        let (mut up, mut path) = (0, Vec::<Box<str>>::new());
        for item in location.list("path")? {
            match item {
                Value::String(name) => path.push(name.as_str().into()),
                Value::Null if path.pop().is_some() => {}
                Value::Null => up += 1,
                _ => return self.fail(format!("the path of {name:?} must be made of names and null")),
            }
        }
        if path.is_empty() {
            return self.fail(format!("the path of {name:?} names no field"));
        }
        let origin = match location.text("origin")? {
            None => Origin::Up(up),
            Some(_) if up > 0 => {
                return self.fail(format!("the path of {name:?} leads out of its origin"));
            }
            Some("packet-header") => Origin::Root(Scope::PacketHeader),
            Some("packet-context") => Origin::Root(Scope::PacketContext),
            Some("event-record-header") => Origin::Root(Scope::EventHeader),
            Some("event-record-common-context") => Origin::Root(Scope::CommonContext),
            Some("event-record-specific-context") => Origin::Root(Scope::SpecificContext),
            Some("event-record-payload") => Origin::Root(Scope::Payload),
            Some(other) => return self.fail(format!("unknown origin {other:?}")),
        };
        Ok(Reference { path: path.into(), origin, line: self.line, column: 1, slot: NO_SLOT, signed: false })
    }

    /// `[value, …]` or `[[first, last], …]`
    fn ranges(&self, list: &[Value]) -> Result<Vec<(u64, u64)>, Error> {
        let number = |value: &Value| value.as_u64().or_else(|| value.as_i64().map(|i| i as u64));
        let mut ranges = Vec::new();
        for item in list {
            let range = match item.as_array().map(Vec::as_slice) {
                Some([first, last]) => number(first).zip(number(last)),
                Some([only]) => number(only).map(|n| (n, n)),
                Some(_) => None,
                None => number(item).map(|n| (n, n)),
            };
            match range {
                Some(range) => ranges.push(range),
                None => return self.fail("a range must be two numbers of 64 bits"),
            }
        }
        Ok(ranges)
    }

    fn array(&mut self, object: &Object<'_>, length: Length) -> Result<FieldType, Error> {
        let element = object.required("element-field-class", object.map.get("element-field-class"))?;
        let element = self.class(element)?;
        let mut ty = FieldType::array(element, length, false);
        ty.align = ty.align.max(self.alignment(object, "minimum-alignment", 1)?);
        Ok(ty)
    }

    fn structure(&mut self, object: &Object<'_>) -> Result<FieldType, Error> {
        let (mut members, mut names) = (Vec::new(), HashSet::new());
        for member in object.list("member-classes")? {
            let member = Object::of(member, self.line)?;
            let name = member.required("name", member.text("name")?)?;
            if !names.insert(name) {
                return self.fail(format!("the member {name:?} is declared twice"));
            }
            let mut ty = self.class(member.required("field-class", member.map.get("field-class"))?)?;
            // The CPU has no role in CTF 2; LTTng's name for it says it.
            if name == "cpu_id"
                && self.scope == Scope::PacketContext
                && let Some(int) = ty.as_int_mut().filter(|int| int.role == Role::None && !int.signed)
            {
                int.role = Role::Cpu;
            }
            members.push(Field { raw: name.into(), strip: 0, ty });
        }
        let min_align = self.alignment(object, "minimum-alignment", 1)?;
        Ok(FieldType::structure(members, min_align))
    }

    fn variant(&mut self, object: &Object<'_>) -> Result<FieldType, Error> {
        let selector = self.location(object, "selector-field-location")?;
        let mut choices = Vec::new();
        for (i, option) in object.list("options")?.iter().enumerate() {
            let option = Object::of(option, self.line)?;
            let ranges = self.ranges(option.list("selector-field-ranges")?)?;
            if ranges.is_empty() {
                return self.fail("an option of a variant has no selector ranges");
            }
            let ty = self.class(option.required("field-class", option.map.get("field-class"))?)?;
            let name = option.text("name")?.map_or_else(|| i.to_string(), str::to_owned);
            choices.push(Choice { raw: name.into(), strip: 0, ty, ranges });
        }
        if choices.is_empty() {
            return self.fail("the variant has no options");
        }
        Ok(FieldType::variant(Some(selector), choices))
    }
}

/// One byte of a string or of a blob.
fn byte(text: bool) -> FieldType {
    let int = Int {
        bits: 8,
        form: Form::Plain,
        boolean: false,
        signed: false,
        base: 16,
        text,
        native: false,
        order: ByteOrder::Little,
        role: Role::None,
        slot: NO_SLOT,
        clock: NO_CLOCK,
    };
    FieldType::int(int, 8)
}
