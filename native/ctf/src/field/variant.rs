//! Variants, and ranges of the values that choose.

use super::{FieldType, Reference};

/// One option of a variant.
#[derive(Debug, Clone)]
pub struct Choice {
    pub(crate) raw: Box<str>,
    pub(crate) strip: u8,
    pub(crate) ty: FieldType,
    /// Selector values that choose this option, both ends included, in the selector's own signedness.
    pub(crate) ranges: Vec<(u64, u64)>,
}

impl Choice {
    /// Name of the option.
    pub fn name(&self) -> &str {
        &self.raw[self.strip as usize..]
    }

    /// Type of the field when this option is chosen.
    pub fn field_type(&self) -> &FieldType {
        &self.ty
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Variant {
    pub(crate) selector: Option<Reference>,
    pub(crate) choices: Vec<Choice>,
    /// First and last selector value of each range with its option's index, sorted, once selectors are resolved; empty
    /// when ranges overlap. Values are ordered as unsigned numbers: signed ones with the sign bit turned.
    pub(super) table: Vec<(u64, u64, u32)>,
}

impl Variant {
    /// Index of the option that a selector value chooses: the first of several.
    pub(crate) fn choose(&self, value: u64, signed: bool) -> Option<usize> {
        if self.table.is_empty() {
            return self
                .choices
                .iter()
                .position(|c| c.ranges.iter().any(|&range| in_range(range, value, signed)));
        }
        let value = ordered(value, signed);
        let behind = self.table.partition_point(|(low, _, _)| *low <= value);
        let (_, high, choice) = self.table.get(behind.checked_sub(1)?)?;
        (value <= *high).then_some(*choice as usize)
    }

    pub(super) fn make_table(&mut self) {
        let signed = self.selector.as_ref().is_some_and(|s| s.signed);
        let ranges = self.choices.iter().enumerate().flat_map(|(i, c)| c.ranges.iter().map(move |r| (i, r)));
        self.table = ranges.map(|(i, r)| (ordered(r.0, signed), ordered(r.1, signed), i as u32)).collect();
        self.table.sort_unstable();
        if self.table.windows(2).any(|pair| pair[1].0 <= pair[0].1) {
            self.table.clear();
        }
    }
}

fn ordered(value: u64, signed: bool) -> u64 {
    if signed { value ^ 1 << 63 } else { value }
}

/// A name for a range of an enumeration's values.
#[derive(Debug, Clone)]
pub struct Mapping {
    pub(crate) label: Box<str>,
    pub(crate) low: u64,
    pub(crate) high: u64,
}

impl Mapping {
    /// The name.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// First and last value, as 64 bits; read them as `i64` when the enumeration is signed.
    pub fn range(&self) -> (u64, u64) {
        (self.low, self.high)
    }

    pub(crate) fn contains(&self, value: u64, signed: bool) -> bool {
        in_range((self.low, self.high), value, signed)
    }
}

pub(crate) fn in_range((low, high): (u64, u64), value: u64, signed: bool) -> bool {
    if signed { (low as i64..=high as i64).contains(&(value as i64)) } else { (low..=high).contains(&value) }
}
