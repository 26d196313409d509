//! The declarations at TSDL's top level: trace, environment, clocks, streams, events.

use super::{Attribute, Parser};
use crate::bits::ByteOrder;
use crate::clock::Clock;
use crate::error::Error;
use crate::field::FieldType;
use crate::metadata::EnvValue;
use crate::metadata::build::{RawEvent, RawStream};

impl Parser<'_, '_> {
    /// Whether a declaration of a named type comes next inside a block.
    fn at_type_declaration(&self) -> bool {
        ["typealias", "typedef", "struct", "variant", "enum"].iter().any(|w| self.at_word(w))
    }

    pub(super) fn trace(&mut self) -> Result<(), Error> {
        self.bump()?;
        self.block(|p| {
            if p.at_type_declaration() {
                return p.type_declaration();
            }
            let at = p.at;
            let fault = |p: &Self, what: &str| Err(p.lexer.error_at(at, what));
            match p.attribute_or_type()? {
                (name, Ok(value)) => match (name.as_str(), value) {
                    ("major", Attribute::Int(1)) => {}
                    ("major", _) => return fault(p, "the major version of CTF must be 1"),
                    ("minor", Attribute::Int(8)) => {}
                    ("minor", _) => return fault(p, "the minor version of CTF must be 8"),
                    ("uuid", Attribute::Str(s)) => match parse_uuid(&s) {
                        Some(uuid) if p.builder.metadata.uuid.is_none_or(|u| u == uuid) => {
                            p.builder.metadata.uuid = Some(uuid);
                        }
                        Some(_) => return fault(p, "the trace has two UUIDs"),
                        None => return fault(p, "the UUID is malformed"),
                    },
                    ("byte_order", Attribute::Path(words)) => {
                        let order = match words.join(".").as_str() {
                            "le" => ByteOrder::Little,
                            "be" | "network" => ByteOrder::Big,
                            _ => return fault(p, "the byte order must be le, be or network"),
                        };
                        if p.builder.metadata.native.is_some_and(|o| o != order) {
                            return fault(p, "the trace has two byte orders");
                        }
                        p.builder.metadata.native = Some(order);
                    }
                    ("byte_order", _) => return fault(p, "the byte order must be le, be or network"),
                    _ => {}
                },
                (name, Err(ty)) => {
                    if name == "packet.header" && !p.builder.packet_header(ty) {
                        return fault(p, "the packet header must be one structure");
                    }
                }
            }
            Ok(())
        })
    }

    pub(super) fn env(&mut self) -> Result<(), Error> {
        self.bump()?;
        self.block(|p| {
            let at = p.at;
            let (name, value) = p.attribute_or_type()?;
            let value = match value {
                Ok(Attribute::Int(i)) => {
                    match i64::try_from(i).or_else(|_| u64::try_from(i).map(|u| u as i64)) {
                        Ok(i) => EnvValue::Int(i),
                        Err(_) => return Err(p.lexer.error_at(at, "the number does not fit in 64 bits")),
                    }
                }
                Ok(Attribute::Str(s)) => EnvValue::Str(s),
                Ok(Attribute::Path(words)) => EnvValue::Str(words.join(".")),
                Err(_) => return Err(p.lexer.error_at(at, "the environment holds numbers and text only")),
            };
            if !p.builder.environment(name, value) {
                return Err(p.lexer.error_at(at, "the environment has too many entries"));
            }
            Ok(())
        })
    }

    pub(super) fn clock(&mut self) -> Result<(), Error> {
        let declared_at = self.at;
        self.bump()?;
        let mut clock = Clock::nanoseconds("");
        self.block(|p| {
            let at = p.at;
            let (name, value) = p.attribute_or_type()?;
            let fault = |what: &str| Err(p.lexer.error_at(at, what));
            match (name.as_str(), value) {
                ("name", Ok(Attribute::Path(words))) => clock.name = words.join("."),
                ("name" | "description", Ok(Attribute::Str(s))) => {
                    if name == "name" {
                        clock.name = s
                    } else {
                        clock.description = s
                    }
                }
                ("uuid", Ok(Attribute::Str(s))) => match parse_uuid(&s) {
                    Some(uuid) => clock.uuid = Some(uuid),
                    None => return fault("the UUID is malformed"),
                },
                ("freq", Ok(Attribute::Int(hz))) => match u64::try_from(hz) {
                    Ok(hz) if hz != 0 && hz != u64::MAX => clock.frequency = hz,
                    _ => return fault("the frequency of a clock must be positive"),
                },
                (key @ ("offset" | "offset_s"), Ok(Attribute::Int(i))) => match i64::try_from(i) {
                    Ok(i) if key == "offset" => clock.offset_cycles = i,
                    Ok(i) => clock.offset_seconds = i,
                    Err(_) => return fault("the offset does not fit in 64 bits"),
                },
                ("name" | "uuid" | "freq" | "offset" | "offset_s", _) => {
                    return fault("wrong type of value for this attribute");
                }
                _ => {}
            }
            Ok(())
        })?;
        if clock.name.is_empty() {
            return Err(self.lexer.error_at(declared_at, "the clock has no name"));
        }
        if !clock.settle() {
            return Err(self
                .lexer
                .error_at(declared_at, "the clock's offset does not fit in 64 bits of nanoseconds"));
        }
        if !self.builder.clock(clock) {
            return Err(self.lexer.error_at(declared_at, "a clock of this name is already declared"));
        }
        Ok(())
    }

    pub(super) fn stream(&mut self) -> Result<(), Error> {
        let mut stream = RawStream { position: self.lexer.position(self.at), ..RawStream::default() };
        self.bump()?;
        self.block(|p| {
            if p.at_type_declaration() {
                return p.type_declaration();
            }
            let at = p.at;
            let (name, value) = p.attribute_or_type()?;
            match (name.as_str(), value) {
                ("id", value) => stream.id = Some(p.id(value.ok(), stream.id, at)?),
                ("event.header", Err(ty)) => p.once(&mut stream.event_header, ty, at)?,
                ("event.context", Err(ty)) => p.once(&mut stream.event_context, ty, at)?,
                ("packet.context", Err(ty)) => p.once(&mut stream.packet_context, ty, at)?,
                ("event.header" | "event.context" | "packet.context", Ok(_)) => {
                    return Err(p.lexer.error_at(at, "expected \":=\" and a type"));
                }
                _ => {}
            }
            Ok(())
        })?;
        self.builder.stream(stream);
        Ok(())
    }

    pub(super) fn event(&mut self) -> Result<(), Error> {
        let mut event = RawEvent { position: self.lexer.position(self.at), ..RawEvent::default() };
        self.bump()?;
        self.block(|p| {
            if p.at_type_declaration() {
                return p.type_declaration();
            }
            let at = p.at;
            let (name, value) = p.attribute_or_type()?;
            match (name.as_str(), value) {
                ("name", Ok(Attribute::Str(s))) => event.name = s,
                ("name", Ok(Attribute::Path(words))) => event.name = words.join("."),
                ("name", _) => return Err(p.lexer.error_at(at, "the name of an event must be text")),
                ("id", value) => event.id = Some(p.id(value.ok(), event.id, at)?),
                ("stream_id", value) => event.stream_id = Some(p.id(value.ok(), event.stream_id, at)?),
                ("loglevel", Ok(Attribute::Int(i))) => event.log_level = i64::try_from(i).ok(),
                ("model.emf.uri", Ok(Attribute::Str(s))) => event.emf_uri = Some(s),
                ("context", Err(ty)) => p.once(&mut event.specific_context, ty, at)?,
                ("fields", Err(ty)) => p.once(&mut event.payload, ty, at)?,
                ("context" | "fields", Ok(_)) => {
                    return Err(p.lexer.error_at(at, "expected \":=\" and a type"));
                }
                _ => {}
            }
            Ok(())
        })?;
        self.builder.event(event);
        Ok(())
    }

    fn id(&self, value: Option<Attribute>, before: Option<u64>, at: usize) -> Result<u64, Error> {
        let Some(Attribute::Int(i)) = value else {
            return Err(self.lexer.error_at(at, "an id must be a number"));
        };
        if before.is_some() {
            return Err(self.lexer.error_at(at, "the id is given twice"));
        }
        u64::try_from(i).map_err(|_| self.lexer.error_at(at, "an id must not be negative"))
    }

    /// Sets the type of a scope, which must be a structure and must not be set already.
    fn once(&self, slot: &mut Option<FieldType>, ty: FieldType, at: usize) -> Result<(), Error> {
        if slot.is_some() {
            return Err(self.lexer.error_at(at, "the type is given twice"));
        }
        if !matches!(ty.kind, crate::field::Kind::Struct(_)) {
            return Err(self.lexer.error_at(at, "the type must be a structure"));
        }
        *slot = Some(ty);
        Ok(())
    }
}

/// Reads `8-4-4-4-12` hexadecimal digits.
pub(in crate::metadata) fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let bytes = text.as_bytes();
    if bytes.len() != 36 || [8, 13, 18, 23].iter().any(|&i| bytes[i] != b'-') {
        return None;
    }
    let mut digits = bytes.iter().filter(|b| **b != b'-').map(|b| char::from(*b).to_digit(16));
    let mut uuid = [0; 16];
    for byte in &mut uuid {
        *byte = (digits.next()?? << 4 | digits.next()??) as u8;
    }
    digits.next().is_none().then_some(uuid)
}
