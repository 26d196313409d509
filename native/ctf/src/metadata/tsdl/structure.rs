//! Structures and variants.

use std::collections::{HashMap, HashSet};

use super::{Attribute, Parser};
use crate::error::Error;
use crate::field::{Choice, Field, FieldType, Kind};

impl Parser<'_, '_> {
    pub(super) fn structure(&mut self, at: usize) -> Result<FieldType, Error> {
        let name = self.optional_word()?;
        let mut members = None;
        if self.accept("{")? {
            self.scopes.push(HashMap::new());
            let (mut fields, mut names) = (Vec::new(), HashSet::new());
            while !self.at_punct("}") {
                self.member(&mut |p, raw, ty, at| {
                    if !names.insert(raw.clone()) {
                        return Err(p.lexer.error_at(at, format!("the member {raw:?} is declared twice")));
                    }
                    fields.push(Field { raw: raw.into_boxed_str(), strip: 0, ty });
                    Ok(())
                })?;
            }
            strip_underscores(&mut fields);
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

    pub(super) fn variant(&mut self, at: usize) -> Result<FieldType, Error> {
        let name = self.optional_word()?;
        let mut selector = None;
        if self.accept("<")? {
            let at = self.at;
            match self.attribute_value()? {
                Attribute::Path(path) => {
                    if let [word] = path.as_slice() {
                        self.free_word(word, at)?;
                    }
                    selector = Some(self.reference(path, at));
                }
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
        let may_be_definition = TYPES_WITH_NAMES.iter().any(|word| self.at_word(word));
        let (ty, words) = self.declared_type()?;
        // A definition of a named type without a member of that type; babeltrace2 reads it without its semicolon, too.
        let is_followed = may_be_definition && TYPES_WITH_NAMES.iter().any(|word| self.at_word(word));
        if ty.is_some() && (self.accept(";")? || is_followed) {
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
}

/// Words that begin a type which may have a name.
const TYPES_WITH_NAMES: [&str; 3] = ["struct", "variant", "enum"];

/// Finds the public names: those without underscore come first, then what an underscore may be taken from.
fn strip_underscores(fields: &mut [Field]) {
    let mut order: Vec<usize> = (0..fields.len()).collect();
    order.sort_by_key(|&i| fields[i].raw.len());
    let mut strips = vec![0; fields.len()];
    let mut taken = HashSet::new();
    for i in order {
        let raw = &*fields[i].raw;
        let strip = underscore(raw);
        if taken.insert(&raw[usize::from(strip)..]) {
            strips[i] = strip;
        } else {
            taken.insert(raw);
        }
    }
    fields.iter_mut().zip(strips).for_each(|(field, strip)| field.strip = strip);
}

/// TSDL puts an underscore before names so that they clash with no keyword.
fn underscore(raw: &str) -> u8 {
    u8::from(raw.len() > 1 && raw.starts_with('_'))
}
