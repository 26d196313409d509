//! Types of fields made at random, in both of the metadata's languages, with values written bit by bit.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod bytes;
mod known;
mod language;

pub(crate) use bytes::Bits;
pub(crate) use known::{Known, assert_known};

/// Numbers that look random and are the same for one seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// 64 bits (SplitMix64).
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.bits() % end
    }

    pub(crate) fn is_one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Int(Int),
    Enum(Int, Vec<(String, i128, i128)>),
    Float {
        bits: u32,
        align: u32,
        is_big: bool,
    },
    Text,
    Struct {
        align: u32,
        members: Vec<Member>,
    },
    Array(Box<Shape>, u64),
    Sequence(Box<Shape>, Reference),
    /// Option names with their shapes, and the enumeration that chooses.
    Variant(Reference, Vec<Member>),
}

#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) shape: Shape,
}

/// An earlier field, so many structures further out.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    pub(crate) name: String,
    pub(crate) up: usize,
    /// Ranges of the options, in their order, when it chooses.
    pub(crate) ranges: Vec<(i128, i128)>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Int {
    pub(crate) bits: u32,
    pub(crate) align: u32,
    pub(crate) is_signed: bool,
    pub(crate) is_big: bool,
    pub(crate) base: u32,
    /// A byte of text.
    pub(crate) is_text: bool,
    /// Values are below this, and not below that.
    pub(crate) most: Option<u64>,
    pub(crate) least: u64,
}

/// Makes shapes for a trace of one byte order.
pub(crate) struct Maker<'r> {
    pub(crate) random: &'r mut Random,
    pub(crate) is_big: bool,
    /// Fields refer to others.
    pub(crate) has_references: bool,
    /// Length of the shortest text.
    pub(crate) least_text: u64,
    names: usize,
    /// Lengths that may be referred to, by the structure that they are in.
    lengths: Vec<Vec<String>>,
}

/// Sorted, as names in JSON come.
const LABELS: [&str; 4] = ["_none", "one", "three", "two"];

impl<'r> Maker<'r> {
    pub(crate) fn new(random: &'r mut Random, is_big: bool, least_text: u64) -> Maker<'r> {
        Maker { random, is_big, has_references: true, least_text, names: 0, lengths: Vec::new() }
    }

    pub(crate) fn structure(&mut self, depth: usize, most: u64) -> Shape {
        self.lengths.push(Vec::new());
        let mut members = Vec::new();
        for _ in 0..=self.random.below(most) {
            self.member(depth, &mut members);
        }
        self.lengths.pop();
        let align = if self.random.is_one_in(4) { self.alignment(1) } else { 1 };
        Shape::Struct { align, members }
    }

    fn member(&mut self, depth: usize, members: &mut Vec<Member>) {
        let shape = match self.random.below(if depth == 0 { 9 } else { 13 }) {
            0 => Shape::Text,
            1 => self.float(),
            2 => self.enumeration(),
            3 | 4 if self.has_references => self.sequence(depth, members),
            9 => self.structure(depth - 1, 4),
            10 => Shape::Array(Box::new(self.element(depth - 1)), self.random.below(4)),
            11 if self.has_references => self.variant(depth, members),
            12 => self.text_array(),
            _ => Shape::Int(self.int()),
        };
        members.push(Member { name: self.name(), shape });
    }

    fn name(&mut self) -> String {
        self.names += 1;
        let underscore = if self.random.is_one_in(4) { "_" } else { "" };
        format!("{underscore}f{}", self.names)
    }

    fn alignment(&mut self, least: u32) -> u32 {
        self.random.one_of(&[1, 1, 2, 4, 8, 8, 8, 16, 32, 64, 128, 512]).max(least)
    }

    fn int(&mut self) -> Int {
        let is_signed = self.random.is_one_in(2);
        let is_foreign = self.random.is_one_in(4);
        let (bits, least) = match self.random.below(3) {
            // babeltrace2 reads no number that begins inside of a byte of the other order.
            _ if is_foreign => (8 * (1 + self.random.below(8) as u32), 8),
            0 => (1 + self.random.below(64) as u32, 1),
            _ => (self.random.one_of(&[8, 16, 32, 64]), 8),
        };
        let align = self.alignment(least);
        // babeltrace2 2.0 shows 61 to 63 bits in hexadecimal as 0.
        let bases: &[u32] = if matches!(bits, 61..64) { &[10, 2, 8] } else { &[10, 10, 10, 2, 8, 16] };
        let base = self.random.one_of(bases);
        Int {
            bits,
            align,
            is_signed,
            is_big: self.is_big != is_foreign,
            base,
            is_text: false,
            most: None,
            least: 0,
        }
    }

    fn float(&mut self) -> Shape {
        let is_foreign = self.random.is_one_in(3);
        let align = self.alignment(if is_foreign { 8 } else { 1 });
        Shape::Float { bits: self.random.one_of(&[32, 64]), align, is_big: self.is_big != is_foreign }
    }

    fn enumeration(&mut self) -> Shape {
        let int = self.int();
        let (low, high) = int.range();
        let mut mappings = Vec::new();
        for label in LABELS.iter().take(1 + self.random.below(4) as usize) {
            let begin = low + i128::from(self.random.bits()) % (high - low + 1);
            let end = if self.random.is_one_in(2) {
                begin
            } else {
                (begin + i128::from(self.random.below(1000))).min(high)
            };
            // Versions of babeltrace2 show several names of one value in different ways.
            let is_free = mappings.iter().all(|(_, low, high)| end < *low || *high < begin);
            if is_free || self.least_text == 0 {
                mappings.push(((*label).to_owned(), begin, end));
            }
        }
        Shape::Enum(int, mappings)
    }

    fn element(&mut self, depth: usize) -> Shape {
        match self.random.below(6) {
            0 => Shape::Text,
            1 => self.float(),
            2 if depth > 0 => self.structure(depth - 1, 3),
            3 if depth > 0 => Shape::Array(Box::new(self.element(depth - 1)), self.random.below(3)),
            _ => Shape::Int(self.int()),
        }
    }

    fn text_array(&mut self) -> Shape {
        Shape::Array(Box::new(self.character()), self.least_text + self.random.below(9))
    }

    fn character(&mut self) -> Shape {
        let int = self.int();
        Shape::Int(Int { bits: 8, align: 8, is_signed: false, base: 10, is_text: true, ..int })
    }

    /// Elements, as many as a field says that comes before them, here or in a structure around.
    fn sequence(&mut self, depth: usize, members: &mut Vec<Member>) -> Shape {
        let known: Vec<(usize, String)> = self
            .lengths
            .iter()
            .rev()
            .enumerate()
            .flat_map(|(up, names)| names.iter().map(move |name| (up, name.clone())))
            .collect();
        let (up, name) = if known.is_empty() || self.random.is_one_in(2) {
            let name = self.name();
            let int = Int { is_signed: false, most: Some(4), least: self.least_text, ..self.int() };
            members.push(Member { name: name.clone(), shape: Shape::Int(int) });
            self.lengths.last_mut().unwrap().push(name.clone());
            (0, name)
        } else {
            known[self.random.below(known.len() as u64) as usize].clone()
        };
        let element =
            if self.random.is_one_in(3) { self.character() } else { self.element(depth.saturating_sub(1)) };
        Shape::Sequence(Box::new(element), Reference { name, up, ranges: Vec::new() })
    }

    fn variant(&mut self, depth: usize, members: &mut Vec<Member>) -> Shape {
        let tag = self.name();
        let int = Int { bits: 8, most: Some(12), ..self.int() };
        let (mut mappings, mut options) = (Vec::new(), Vec::new());
        for (i, label) in (0..).zip(LABELS) {
            mappings.push((label.to_owned(), 3 * i, 3 * i + 2));
            let shape =
                if self.random.is_one_in(2) { self.structure(depth - 1, 3) } else { self.element(depth - 1) };
            options.push(Member { name: label.to_owned(), shape });
        }
        let ranges = mappings.iter().map(|(_, low, high)| (*low, *high)).collect();
        members.push(Member { name: tag.clone(), shape: Shape::Enum(int, mappings) });
        if self.random.is_one_in(2) {
            members.push(Member { name: self.name(), shape: Shape::Int(self.int()) });
        }
        Shape::Variant(Reference { name: tag, up: 0, ranges }, options)
    }
}

impl Int {
    fn range(&self) -> (i128, i128) {
        match self.is_signed {
            true => (-(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1),
            false => (0, (1 << self.bits) - 1),
        }
    }
}

impl Shape {
    /// Alignment of the whole, in bits.
    pub(crate) fn align(&self) -> u32 {
        match self {
            Shape::Int(int) | Shape::Enum(int, _) => int.align,
            Shape::Float { align, .. } => *align,
            Shape::Text => 8,
            Shape::Struct { align, members } => {
                members.iter().map(|m| m.shape.align()).fold(*align, u32::max)
            }
            Shape::Array(element, _) | Shape::Sequence(element, _) => element.align(),
            Shape::Variant(..) => 1,
        }
    }
}
