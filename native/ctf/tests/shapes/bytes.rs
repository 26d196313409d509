//! Values made at random, as a tracer would write them.

use std::collections::HashMap;

use super::{Int, Known, Random, Shape};

/// A packet in the making, bit by bit.
pub(crate) struct Bits {
    pub(crate) bytes: Vec<u8>,
    pub(crate) length: u64,
    /// The trace's byte order.
    is_big: bool,
    /// Length of the shortest text.
    least_text: u64,
}

impl Bits {
    pub(crate) fn new(is_big: bool, least_text: u64) -> Bits {
        Bits { bytes: Vec::new(), length: 0, is_big, least_text }
    }

    /// Appends the low bits of a number, from its least significant or its most significant on.
    pub(crate) fn number(&mut self, value: u64, bits: u32, is_big: bool) {
        for i in 0..bits {
            let at = self.length;
            if at / 8 == self.bytes.len() as u64 {
                self.bytes.push(0);
            }
            let (bit, place) = match is_big {
                true => (value >> (bits - 1 - i) & 1, 7 - at % 8),
                false => (value >> i & 1, at % 8),
            };
            *self.bytes.last_mut().unwrap() |= (bit as u8) << place;
            self.length += 1;
        }
    }

    /// Goes on at a multiple of so many bits; what is passed over is noise.
    pub(crate) fn align(&mut self, align: u32, random: &mut Random) {
        while !self.length.is_multiple_of(align.into()) {
            self.number(random.bits(), 1, self.is_big);
        }
    }

    /// Appends a value of the shape; `numbers` are the fields that may be referred to.
    pub(crate) fn value(
        &mut self,
        shape: &Shape,
        random: &mut Random,
        numbers: &mut HashMap<String, i128>,
    ) -> Known {
        self.align(shape.align(), random);
        match shape {
            Shape::Int(int) => Known::Int(self.int(int, random)),
            Shape::Enum(int, mappings) => {
                let value = match random.below(3) {
                    0 if int.most.is_none() => {
                        let (_, low, high) = &mappings[random.below(mappings.len() as u64) as usize];
                        let value = if random.is_one_in(2) { *low } else { *high };
                        self.number(value as u64, int.bits, int.is_big);
                        value
                    }
                    _ => self.int(int, random),
                };
                Known::Enum(value)
            }
            Shape::Float { bits, is_big, .. } => {
                let special = [0.0, -0.0, 1.5, f64::INFINITY, -1e-9, 123_456.7];
                let value = match special.get(random.below(12) as usize) {
                    Some(value) if *bits == 32 => (*value as f32).to_bits().into(),
                    Some(value) => value.to_bits(),
                    None => random.bits(),
                };
                self.number(value, *bits, *is_big);
                Known::Float(match bits {
                    32 => f32::from_bits(value as u32).into(),
                    _ => f64::from_bits(value),
                })
            }
            Shape::Text => {
                let text: Vec<u8> =
                    (0..self.least_text + random.below(12)).map(|_| character(random)).collect();
                text.iter().chain([&0]).for_each(|byte| self.number((*byte).into(), 8, false));
                Known::Text(text)
            }
            Shape::Struct { members, .. } => {
                let mut known = Vec::new();
                for member in members {
                    let value = self.value(&member.shape, random, numbers);
                    if let Known::Int(number) | Known::Enum(number) = value {
                        numbers.insert(member.name.clone(), number);
                    }
                    known.push((member.name.clone(), value));
                }
                Known::Struct(known)
            }
            Shape::Array(element, length) => self.elements(element, *length, random, numbers),
            Shape::Sequence(element, reference) => {
                let length = numbers[&reference.name] as u64;
                self.elements(element, length, random, numbers)
            }
            Shape::Variant(reference, options) => {
                let tag = numbers[&reference.name];
                let chosen = reference.ranges.iter().position(|(low, high)| (low..=high).contains(&&tag));
                let option = &options[chosen.unwrap()];
                Known::Variant(option.name.clone(), Box::new(self.value(&option.shape, random, numbers)))
            }
        }
    }

    fn elements(
        &mut self,
        element: &Shape,
        length: u64,
        random: &mut Random,
        numbers: &mut HashMap<String, i128>,
    ) -> Known {
        if let Shape::Int(Int { is_text: true, .. }) = element {
            let mut text: Vec<u8> = (0..length).map(|_| character(random)).collect();
            if length > self.least_text && random.is_one_in(2) {
                let end = self.least_text + random.below(length - self.least_text);
                text[end as usize] = 0;
            }
            text.iter().for_each(|byte| self.number((*byte).into(), 8, false));
            return Known::Text(text.split(|byte| *byte == 0).next().unwrap_or_default().to_vec());
        }
        Known::Array((0..length).map(|_| self.value(element, random, numbers)).collect())
    }

    fn int(&mut self, int: &Int, random: &mut Random) -> i128 {
        let mut value = random.bits();
        if let Some(most) = int.most {
            value = (value % most).max(int.least) & (u64::MAX >> (64 - int.bits));
        }
        self.number(value, int.bits, int.is_big);
        let value = value & (u64::MAX >> (64 - int.bits));
        match int.is_signed && value >> (int.bits - 1) != 0 {
            true => i128::from(value) - (1 << int.bits),
            false => value.into(),
        }
    }
}

fn character(random: &mut Random) -> u8 {
    match random.below(8) {
        0 => b"\"\\'?\n\x7f\x01\x1b"[random.below(8) as usize],
        _ => b' ' + random.below(95) as u8,
    }
}
