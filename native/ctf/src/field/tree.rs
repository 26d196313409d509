//! Whole trees of types.

use super::{FieldType, Float, Int, Kind, Length, NO_SLOT, Role};

pub(crate) enum Scalar<'a> {
    Int(&'a mut Int),
    Float(&'a mut Float),
}

impl FieldType {
    /// Number of types in the tree, names of enumeration values included: what keeping it costs.
    pub(crate) fn weight(&self) -> u64 {
        1 + match &self.kind {
            Kind::Struct(members) => members.iter().map(|m| m.ty.weight()).sum(),
            Kind::Array(a) => a.element.weight(),
            Kind::Variant(v) => v.choices.iter().map(|c| c.ty.weight() + c.ranges.len() as u64).sum(),
            Kind::Optional(o) => o.ty.weight(),
            Kind::Int(_) | Kind::Enum(..) | Kind::Float(_) | Kind::Str => 0,
        }
    }

    /// Number of array elements without bits in the tree, those aside whose number is in the packet.
    pub(crate) fn empty_elements(&self) -> u64 {
        let sum = |counts: &mut dyn Iterator<Item = u64>| counts.fold(0, u64::saturating_add);
        match &self.kind {
            Kind::Int(_) | Kind::Enum(..) | Kind::Float(_) | Kind::Str => 0,
            Kind::Struct(members) => sum(&mut members.iter().map(|m| m.ty.empty_elements())),
            Kind::Array(a) => match (&a.length, a.element.size) {
                (Length::Static(n), Some(0)) => n.saturating_mul(a.element.empty_elements().max(1)),
                _ => a.element.empty_elements(),
            },
            Kind::Variant(v) => v.choices.iter().map(|c| c.ty.empty_elements()).max().unwrap_or(0),
            Kind::Optional(o) => o.ty.empty_elements(),
        }
    }

    /// Finds out for the whole tree where [`saves`](FieldType::saves) holds and which values choose which options, once
    /// slots, roles and references are settled.
    pub(crate) fn note_saves(&mut self) -> bool {
        self.saves = match &mut self.kind {
            Kind::Int(int) | Kind::Enum(int, _) => int.slot != NO_SLOT || int.role != Role::None,
            Kind::Float(_) | Kind::Str => false,
            Kind::Struct(members) => members.iter_mut().fold(false, |any, m| m.ty.note_saves() | any),
            Kind::Array(a) => a.element.note_saves(),
            Kind::Variant(v) => {
                v.make_table();
                v.choices.iter_mut().fold(false, |any, c| c.ty.note_saves() | any)
            }
            Kind::Optional(o) => o.ty.note_saves(),
        };
        self.saves
    }

    /// Calls `f` for every integer and floating-point type in the tree, from the first byte to the last.
    pub(crate) fn for_each_scalar(&mut self, f: &mut dyn FnMut(Scalar<'_>)) {
        match &mut self.kind {
            Kind::Int(int) | Kind::Enum(int, _) => f(Scalar::Int(int)),
            Kind::Float(float) => f(Scalar::Float(float)),
            Kind::Str => {}
            Kind::Struct(members) => members.iter_mut().for_each(|m| m.ty.for_each_scalar(f)),
            Kind::Array(a) => a.element.for_each_scalar(f),
            Kind::Variant(v) => v.choices.iter_mut().for_each(|c| c.ty.for_each_scalar(f)),
            Kind::Optional(o) => o.ty.for_each_scalar(f),
        }
    }
}
