//! TSDL's types: integers, structures, variants, arrays and the names given to them.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::tsdl::{Attribute, Parser};
use crate::bits::ByteOrder;
use crate::error::Error;
use crate::field::{
    Choice, Field, FieldType, Float, Int, Kind, Length, MAX_ALIGN, MAX_DEPTH, Mapping, NO_CLOCK, NO_SLOT,
    Reference, Role, Scope,
};
use crate::metadata::lexer::Token;

/// Words of C's type names, which may follow each other.
const C_WORDS: [&str; 12] = [
    "void",
    "char",
    "short",
    "int",
    "long",
    "float",
    "double",
    "signed",
    "unsigned",
    "_Bool",
    "_Complex",
    "_Imaginary",
];

/// Words that cannot be names, besides C's.
const KEYWORDS: [&str; 15] = [
    "align",
    "callsite",
    "clock",
    "const",
    "enum",
    "env",
    "event",
    "floating_point",
    "integer",
    "stream",
    "string",
    "struct",
    "trace",
    "typealias",
    "typedef",
];

/// Beginnings of paths that name a scope.
const SCOPES: [(&[&str], Scope); 6] = [
    (&["trace", "packet", "header"], Scope::PacketHeader),
    (&["stream", "packet", "context"], Scope::PacketContext),
    (&["stream", "event", "header"], Scope::EventHeader),
    (&["stream", "event", "context"], Scope::CommonContext),
    (&["event", "context"], Scope::SpecificContext),
    (&["event", "fields"], Scope::Payload),
];

/// A name with what stands around it: `*p`, `a[3][n]`.
struct Declarator {
    name: String,
    pointers: usize,
    lengths: Vec<Length>,
    at: usize,
}

impl<'s> Parser<'s, '_> {
    /// `typealias … ;`, `typedef … ;`, or the definition of a named type.
    pub(super) fn type_declaration(&mut self) -> Result<(), Error> {
        if self.at_word("typealias") {
            self.bump()?;
            let ty = self.type_specifier()?;
            let ty = self.abstract_arrays(ty)?;
            self.expect(":=")?;
            let at = self.at;
            let name = self.alias_name()?;
            self.expect(";")?;
            return self.define(name, ty, at);
        }
        if self.at_word("typedef") {
            self.bump()?;
            let (ty, words) = self.declared_type()?;
            loop {
                let declarator = self.declarator()?;
                let at = declarator.at;
                let name = declarator.name.clone();
                let ty = self.declare(ty.as_ref(), &words, declarator)?;
                self.define(name, ty, at)?;
                if !self.accept(",")? {
                    break;
                }
            }
            return self.expect(";");
        }
        self.type_specifier()?;
        self.expect(";")
    }

    /// Name on the right of a `typealias`: words and stars.
    fn alias_name(&mut self) -> Result<String, Error> {
        let mut name = String::new();
        loop {
            let word = match self.token {
                Token::Ident(word) => word,
                Token::Punct("*") => "*",
                _ if name.is_empty() => return self.fail("expected the alias's name"),
                _ => return Ok(name),
            };
            if word != "const" {
                if !name.is_empty() {
                    name.push(' ');
                }
                name.push_str(word);
            }
            self.bump()?;
        }
    }

    fn define(&mut self, name: String, ty: FieldType, at: usize) -> Result<(), Error> {
        match self.scopes.last_mut().map(|scope| scope.entry(name)) {
            Some(Entry::Vacant(free)) => {
                free.insert(ty);
                Ok(())
            }
            Some(Entry::Occupied(taken)) => {
                let what = format!("the type {:?} is already declared", taken.key());
                Err(self.lexer.error_at(at, what))
            }
            None => Err(self.lexer.error_at(at, "no type can be declared here")),
        }
    }

    fn look_up(&mut self, name: &str, at: usize) -> Result<FieldType, Error> {
        let Some(ty) = self.scopes.iter().rev().find_map(|scope| scope.get(name)) else {
            return Err(self.lexer.error_at(at, format!("the type {name:?} is not declared")));
        };
        let ty = ty.clone();
        self.charge(ty.weight(), at)?;
        Ok(ty)
    }

    /// Pays for `weight` more types.
    fn charge(&mut self, weight: u64, at: usize) -> Result<(), Error> {
        if self.builder.charge(weight) {
            return Ok(());
        }
        Err(self.lexer.error_at(at, "the metadata describes more types than this reader keeps"))
    }

    fn checked(&mut self, ty: FieldType, at: usize) -> Result<FieldType, Error> {
        self.charge(1, at)?;
        if ty.depth > MAX_DEPTH {
            return Err(self.lexer.error_at(at, "types are nested too deeply"));
        }
        Ok(ty)
    }

    /// A type where no name follows.
    pub(super) fn type_specifier(&mut self) -> Result<FieldType, Error> {
        let at = self.at;
        match self.declared_type()? {
            (Some(ty), _) => Ok(ty),
            (None, mut words) => {
                while self.accept("*")? {
                    words.push_str(" *");
                }
                self.look_up(&words, at)
            }
        }
    }

    /// A type, or the words of its name: stars of a declarator may still belong to it.
    fn declared_type(&mut self) -> Result<(Option<FieldType>, String), Error> {
        self.depth += 1;
        if self.depth > u32::from(MAX_DEPTH) {
            return self.fail("types are nested too deeply");
        }
        while self.at_word("const") {
            self.bump()?;
        }
        let at = self.at;
        let word = self.expect_word()?;
        let ty = match word {
            "integer" => Some(self.integer(at)?),
            "floating_point" => Some(self.floating_point(at)?),
            "string" => Some(self.string()?),
            "struct" => Some(self.structure(at)?),
            "variant" => Some(self.variant(at)?),
            "enum" => Some(self.enumeration(at)?),
            _ => None,
        };
        let mut words = String::new();
        if let Some(ty) = ty {
            self.depth -= 1;
            return Ok((Some(self.checked(ty, at)?), words));
        }
        words.push_str(word);
        let mut in_c = C_WORDS.contains(&word);
        while let Token::Ident(more) = self.token {
            if more == "const" {
                self.bump()?;
                continue;
            }
            in_c &= C_WORDS.contains(&more);
            if !in_c {
                break;
            }
            words.push(' ');
            words.push_str(more);
            self.bump()?;
        }
        self.depth -= 1;
        Ok((None, words))
    }

    fn declarator(&mut self) -> Result<Declarator, Error> {
        let mut pointers = 0;
        loop {
            if self.accept("*")? {
                pointers += 1;
            } else if self.at_word("const") {
                self.bump()?;
            } else {
                break;
            }
        }
        let at = self.at;
        let name = self.expect_word()?.to_owned();
        if KEYWORDS.contains(&name.as_str()) || C_WORDS.contains(&name.as_str()) {
            return Err(self.lexer.error_at(at, format!("the keyword {name:?} cannot be a name")));
        }
        let mut lengths = Vec::new();
        while self.accept("[")? {
            lengths.push(self.length()?);
        }
        Ok(Declarator { name, pointers, lengths, at })
    }

    /// Arrays in a `typealias`, where there is no name to put them behind.
    fn abstract_arrays(&mut self, ty: FieldType) -> Result<FieldType, Error> {
        let at = self.at;
        let mut lengths = Vec::new();
        while self.accept("[")? {
            lengths.push(self.length()?);
        }
        self.arrays(ty, lengths, at)
    }

    /// `n ]` or `path ]`
    fn length(&mut self) -> Result<Length, Error> {
        let at = self.at;
        let length = match self.attribute_value()? {
            Attribute::Int(n) => match u64::try_from(n) {
                Ok(n) => Length::Static(n),
                Err(_) => return Err(self.lexer.error_at(at, "the length of an array must not be negative")),
            },
            Attribute::Path(path) => Length::Dynamic(self.reference(path, at)),
            Attribute::Str(_) => return Err(self.lexer.error_at(at, "expected a length")),
        };
        self.expect("]")?;
        Ok(length)
    }

    fn reference(&self, path: Vec<String>, at: usize) -> Reference {
        let scope = SCOPES
            .iter()
            .find(|(prefix, _)| path.len() > prefix.len() && path.iter().zip(*prefix).all(|(a, b)| a == b));
        let skip = scope.map_or(0, |(prefix, _)| prefix.len());
        let (line, column) = self.lexer.position(at);
        Reference {
            path: path.into_iter().skip(skip).map(String::into_boxed_str).collect(),
            scope: scope.map(|(_, scope)| *scope),
            line,
            column,
            slot: NO_SLOT,
            signed: false,
        }
    }

    fn arrays(&mut self, ty: FieldType, lengths: Vec<Length>, at: usize) -> Result<FieldType, Error> {
        let mut ty = ty;
        for length in lengths.into_iter().rev() {
            let text = ty.align == 8 && ty.as_int().is_some_and(|int| int.text && int.bits == 8);
            ty = FieldType::array(ty, length, text);
            ty = self.checked(ty, at)?;
        }
        Ok(ty)
    }

    /// The type of a declared name.
    fn declare(
        &mut self,
        ty: Option<&FieldType>,
        words: &str,
        declarator: Declarator,
    ) -> Result<FieldType, Error> {
        let at = declarator.at;
        let stars = " *".repeat(declarator.pointers);
        let ty = match ty {
            Some(ty) if stars.is_empty() => {
                self.charge(ty.weight(), at)?;
                ty.clone()
            }
            Some(_) => return Err(self.lexer.error_at(at, "only a named type can be pointed to")),
            None => self.look_up(&format!("{words}{stars}"), at)?,
        };
        self.arrays(ty, declarator.lengths, at)
    }

    /// `{ name = value ; … }`, each handed to `item` with its place.
    fn attributes(
        &mut self,
        mut item: impl FnMut(&mut Self, &str, Attribute, usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.expect("{")?;
        while !self.at_punct("}") {
            if self.accept(";")? {
                continue;
            }
            let at = self.at;
            let name = self.expect_word()?;
            self.expect("=")?;
            let value = self.attribute_value()?;
            item(self, name, value, at)?;
            self.expect(";")?;
        }
        self.expect("}")
    }

    fn alignment(&self, value: &Attribute, at: usize) -> Result<u32, Error> {
        match value {
            Attribute::Int(i) if *i > 0 && (*i as u128).is_power_of_two() => {
                if *i > MAX_ALIGN.into() {
                    return Err(self
                        .lexer
                        .error_at(at, format!("alignments above {MAX_ALIGN} bits are not supported")));
                }
                Ok(*i as u32)
            }
            _ => Err(self.lexer.error_at(at, "an alignment must be a power of two")),
        }
    }

    /// The byte order, and whether it is the trace's.
    fn byte_order(&self, value: &Attribute, at: usize) -> Result<(ByteOrder, bool), Error> {
        let word = match value {
            Attribute::Path(words) if words.len() == 1 => words[0].as_str(),
            _ => "",
        };
        match word {
            "le" => Ok((ByteOrder::Little, false)),
            "be" | "network" => Ok((ByteOrder::Big, false)),
            "native" => Ok((ByteOrder::Little, true)),
            _ => Err(self.lexer.error_at(at, "the byte order must be le, be, network or native")),
        }
    }

    fn integer(&mut self, begin: usize) -> Result<FieldType, Error> {
        let (mut bits, mut align) = (None, None);
        let mut int = Int {
            bits: 0,
            signed: false,
            base: 10,
            text: false,
            native: true,
            order: ByteOrder::Little,
            role: Role::None,
            slot: NO_SLOT,
            clock: NO_CLOCK,
        };
        self.attributes(|p, name, value, at| {
            match name {
                "size" => match value {
                    Attribute::Int(n @ 1..=64) => bits = Some(n as u8),
                    _ => return Err(p.lexer.error_at(at, "the size of an integer must be 1 to 64 bits")),
                },
                "align" => align = Some(p.alignment(&value, at)?),
                "signed" => match boolean(&value) {
                    Some(signed) => int.signed = signed,
                    None => return Err(p.lexer.error_at(at, "expected true or false")),
                },
                "byte_order" => (int.order, int.native) = p.byte_order(&value, at)?,
                "base" => match base(&value) {
                    Some(base) => int.base = base,
                    None => return Err(p.lexer.error_at(at, "unknown base")),
                },
                "encoding" => match encoding(&value) {
                    Some(text) => int.text = text,
                    None => return Err(p.lexer.error_at(at, "unknown encoding")),
                },
                "map" => match &value {
                    Attribute::Path(path) => match path.as_slice() {
                        [clock, name, value] if clock == "clock" && value == "value" => {
                            int.clock = p.builder.clock_reference(name);
                        }
                        _ => return Err(p.lexer.error_at(at, "expected clock.NAME.value")),
                    },
                    _ => return Err(p.lexer.error_at(at, "expected clock.NAME.value")),
                },
                _ => {}
            }
            Ok(())
        })?;
        let Some(bits) = bits else { return Err(self.lexer.error_at(begin, "the integer has no size")) };
        int.bits = bits;
        Ok(FieldType::int(int, align.unwrap_or(if bits % 8 == 0 { 8 } else { 1 })))
    }

    fn floating_point(&mut self, begin: usize) -> Result<FieldType, Error> {
        let (mut exponent, mut mantissa, mut align) = (0, 0, None);
        let mut order = (ByteOrder::Little, true);
        self.attributes(|p, name, value, at| {
            match (name, &value) {
                ("exp_dig", Attribute::Int(n)) => exponent = *n,
                ("mant_dig", Attribute::Int(n)) => mantissa = *n,
                ("align", _) => align = Some(p.alignment(&value, at)?),
                ("byte_order", _) => order = p.byte_order(&value, at)?,
                ("exp_dig" | "mant_dig", _) => return Err(p.lexer.error_at(at, "expected a number")),
                _ => {}
            }
            Ok(())
        })?;
        let bits = match (exponent, mantissa) {
            (8, 24) => 32,
            (11, 53) => 64,
            _ => {
                let what = "floating-point numbers must be IEEE 754's binary32 or binary64";
                return Err(self.lexer.error_at(begin, what));
            }
        };
        Ok(FieldType::float(Float { bits, order: order.0, native: order.1 }, align.unwrap_or(8)))
    }

    fn string(&mut self) -> Result<FieldType, Error> {
        if self.at_punct("{") {
            self.attributes(|p, name, value, at| match name {
                "encoding" if encoding(&value).is_none() => Err(p.lexer.error_at(at, "unknown encoding")),
                _ => Ok(()),
            })?;
        }
        Ok(FieldType::string())
    }

    fn structure(&mut self, at: usize) -> Result<FieldType, Error> {
        let name = self.optional_word()?;
        let mut members = None;
        if self.accept("{")? {
            self.scopes.push(HashMap::new());
            let (mut fields, mut names) = (Vec::new(), HashSet::new());
            while !self.at_punct("}") {
                self.member(&mut |p, raw, ty, at| {
                    let strip = underscore(&raw);
                    if !names.insert(raw[usize::from(strip)..].to_owned()) {
                        return Err(p.lexer.error_at(at, format!("the member {raw:?} is declared twice")));
                    }
                    fields.push(Field { raw: raw.into_boxed_str(), strip, ty });
                    Ok(())
                })?;
            }
            self.scopes.pop();
            self.expect("}")?;
            members = Some(fields);
        }
        let mut min_align = 1;
        if self.at_word("align") {
            self.bump()?;
            self.expect("(")?;
            let at = self.at;
            let value = self.attribute_value()?;
            min_align = self.alignment(&value, at)?;
            self.expect(")")?;
        }
        match (name, members) {
            (name, Some(members)) => {
                let ty = FieldType::structure(members, min_align);
                if let Some(name) = name {
                    self.charge(ty.weight(), at)?;
                    self.define(format!("struct {name}"), ty.clone(), at)?;
                }
                Ok(ty)
            }
            (Some(name), None) => {
                let mut ty = self.look_up(&format!("struct {name}"), at)?;
                ty.align = ty.align.max(min_align);
                Ok(ty)
            }
            (None, None) => Err(self.lexer.error_at(at, "the structure has neither name nor members")),
        }
    }

    fn variant(&mut self, at: usize) -> Result<FieldType, Error> {
        let name = self.optional_word()?;
        let mut selector = None;
        if self.accept("<")? {
            let at = self.at;
            match self.attribute_value()? {
                Attribute::Path(path) => selector = Some(self.reference(path, at)),
                _ => return Err(self.lexer.error_at(at, "expected the tag of the variant")),
            }
            self.expect(">")?;
        }
        let mut ty = if self.accept("{")? {
            self.scopes.push(HashMap::new());
            let (mut choices, mut names) = (Vec::new(), HashSet::new());
            while !self.at_punct("}") {
                self.member(&mut |p, raw, ty, at| {
                    if !names.insert(raw.clone()) {
                        return Err(p.lexer.error_at(at, format!("the option {raw:?} is declared twice")));
                    }
                    let strip = underscore(&raw);
                    choices.push(Choice { raw: raw.into_boxed_str(), strip, ty, ranges: Vec::new() });
                    Ok(())
                })?;
            }
            self.scopes.pop();
            self.expect("}")?;
            if choices.is_empty() {
                return Err(self.lexer.error_at(at, "the variant has no options"));
            }
            let ty = FieldType::variant(None, choices);
            if let Some(name) = name {
                self.charge(ty.weight(), at)?;
                self.define(format!("variant {name}"), ty.clone(), at)?;
            }
            ty
        } else if let Some(name) = name {
            self.look_up(&format!("variant {name}"), at)?
        } else {
            return Err(self.lexer.error_at(at, "the variant has neither name nor options"));
        };
        if let (Kind::Variant(variant), Some(_)) = (&mut ty.kind, &selector) {
            variant.selector = selector;
        }
        Ok(ty)
    }

    /// One declaration inside a structure or a variant; each name it declares is handed to `add`.
    #[allow(clippy::type_complexity, reason = "a callback's signature says what it is given")]
    fn member(
        &mut self,
        add: &mut dyn FnMut(&mut Self, String, FieldType, usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.accept(";")? {
            return Ok(());
        }
        if self.at_word("typealias") || self.at_word("typedef") {
            return self.type_declaration();
        }
        let (ty, words) = self.declared_type()?;
        // A definition of a named type without a member of that type.
        if ty.is_some() && self.accept(";")? {
            return Ok(());
        }
        loop {
            let declarator = self.declarator()?;
            let (name, at) = (declarator.name.clone(), declarator.at);
            let ty = self.declare(ty.as_ref(), &words, declarator)?;
            add(self, name, ty, at)?;
            if !self.accept(",")? {
                return self.expect(";");
            }
        }
    }

    fn optional_word(&mut self) -> Result<Option<&'s str>, Error> {
        match self.token {
            Token::Ident(word) if word != "align" => {
                self.bump()?;
                Ok(Some(word))
            }
            _ => Ok(None),
        }
    }

    fn enumeration(&mut self, at: usize) -> Result<FieldType, Error> {
        let name = self.optional_word()?;
        let mut container = None;
        if self.accept(":")? {
            let at = self.at;
            let ty = self.type_specifier()?;
            match ty.kind {
                Kind::Int(int) => container = Some((int, ty.align)),
                _ => {
                    return Err(self
                        .lexer
                        .error_at(at, "the container of an enumeration must be an integer"));
                }
            }
        }
        if !self.accept("{")? {
            return match (name, container) {
                (Some(name), None) => self.look_up(&format!("enum {name}"), at),
                _ => Err(self.lexer.error_at(at, "the enumeration has no values")),
            };
        }
        let (int, align) = match container {
            Some(container) => container,
            None => match self.look_up("int", at)? {
                FieldType { kind: Kind::Int(int), align, .. } => (int, align),
                _ => return Err(self.lexer.error_at(at, "the type \"int\" is not an integer")),
            },
        };
        let mappings = self.mappings(&int)?;
        let ty = FieldType::enumeration(int, align, mappings.into());
        if let Some(name) = name {
            self.define(format!("enum {name}"), ty.clone(), at)?;
        }
        Ok(ty)
    }

    /// `label [= value [... value]] , … }`
    fn mappings(&mut self, int: &Int) -> Result<Vec<Mapping>, Error> {
        let mut mappings = Vec::new();
        let mut next = 0i128;
        while !self.at_punct("}") {
            let at = self.at;
            let label = match self.bump()? {
                Token::Ident(word) => word.to_owned(),
                Token::Str(text) => text,
                _ => return Err(self.lexer.error_at(at, "expected the name of a value")),
            };
            let (mut low, mut high) = (next, next);
            if self.accept("=")? {
                low = self.enum_value()?;
                high = if self.accept("...")? { self.enum_value()? } else { low };
            }
            if low > high {
                return Err(self.lexer.error_at(at, "the range ends before it begins"));
            }
            let (min, max) = match (int.signed, int.bits) {
                (true, bits) => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
                (false, bits) => (0, (1i128 << bits) - 1),
            };
            if low < min || high > max {
                return Err(self.lexer.error_at(at, "the value does not fit in the enumeration's integer"));
            }
            self.charge(1, at)?;
            mappings.push(Mapping { label: label.into(), low: low as u64, high: high as u64 });
            next = high + 1;
            if !self.accept(",")? {
                break;
            }
        }
        self.expect("}")?;
        Ok(mappings)
    }

    fn enum_value(&mut self) -> Result<i128, Error> {
        let at = self.at;
        match self.attribute_value()? {
            Attribute::Int(i) => Ok(i),
            _ => Err(self.lexer.error_at(at, "expected a number")),
        }
    }
}

/// TSDL puts an underscore before names so that they clash with no keyword.
fn underscore(raw: &str) -> u8 {
    u8::from(raw.len() > 1 && raw.starts_with('_'))
}

fn boolean(value: &Attribute) -> Option<bool> {
    match value {
        Attribute::Int(0) => Some(false),
        Attribute::Int(1) => Some(true),
        Attribute::Path(words) => match words.join(".").as_str() {
            "true" | "TRUE" => Some(true),
            "false" | "FALSE" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn base(value: &Attribute) -> Option<u8> {
    match value {
        Attribute::Int(n @ (2 | 8 | 10 | 16)) => Some(*n as u8),
        Attribute::Int(_) => None,
        Attribute::Str(word) => base_word(word),
        Attribute::Path(words) => base_word(&words.join(".")),
    }
}

fn base_word(word: &str) -> Option<u8> {
    match word {
        "decimal" | "dec" | "d" | "i" | "u" => Some(10),
        "hexadecimal" | "hex" | "x" | "X" | "p" => Some(16),
        "octal" | "oct" | "o" => Some(8),
        "binary" | "b" => Some(2),
        _ => None,
    }
}

/// Whether the encoding is one of text; `None` when it is unknown.
fn encoding(value: &Attribute) -> Option<bool> {
    let word = match value {
        Attribute::Path(words) => words.join("."),
        Attribute::Str(word) => word.clone(),
        Attribute::Int(_) => return None,
    };
    match word.as_str() {
        "none" => Some(false),
        "UTF8" | "utf8" | "UTF-8" | "utf-8" | "ASCII" | "ascii" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_names_do_not_begin_each_other() {
        for (i, (a, _)) in SCOPES.iter().enumerate() {
            for (b, _) in &SCOPES[i + 1..] {
                assert!(!a.starts_with(b) && !b.starts_with(a), "{a:?} {b:?}");
            }
        }
    }
}
