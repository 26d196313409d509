//! Decode programs: what must be done to get over one event record, compiled once per event class.
//!
//! Fields at a constant distance from a known place need no step at all: their [`Access`] says where they are.
//! A place is known ("marked") at the beginning and behind every field whose length varies. Marks are numbered in the order in which they
//! are passed; the first is the record's base.

use crate::bits::{ByteOrder, align_up};
use crate::error::Fault;
use crate::field::{FieldType, Form, Int, Kind, Length, NO_SLOT};
use crate::walk::{self, Env, advance, load_int, skip_elements, string_end, text_end};

/// One thing to do at the current position.
#[derive(Debug)]
enum Step {
    /// Round the position up to this many bits.
    Align(u32),
    /// Move over so many bits.
    Advance(u64),
    /// Remember the position.
    Mark,
    /// Leave the number that ends here in its slot.
    Save(Int),
    /// Move over a NUL-terminated string, and remember the position behind it.
    Text,
    /// The same so many bits further on. Where there are none, the string's bytes need not wait for their number.
    TextBehind(u64),
    /// Move over elements, as many as a slot says, of a size (1 or more) and alignment in bits.
    Elements { slot: u16, size: u64, align: u32 },
    /// Walk over a member of one of the scopes by its type.
    Walk { scope: u8, member: u32 },
}

/// Steps over the three scopes of an event record that follow its header.
#[derive(Debug)]
pub(crate) struct Program {
    /// Alignment in bits of the first member, at which the first mark stands: the record's base.
    pub(crate) align: u64,
    /// What comes behind the base.
    steps: Box<[Step]>,
    /// Bits behind the last step; all of the record when there are no steps.
    pub(crate) rest: u64,
    /// Number of marks.
    pub(crate) marks: usize,
    /// It neither leaves numbers in slots nor asks for them.
    is_plain: bool,
}

/// Where a member of a scope is and how to load it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    pub(crate) load: Load,
    pub(crate) bits: u8,
    pub(crate) mark: u16,
    /// Bits from the mark.
    pub(crate) offset: u32,
    /// Slots set inside of the member: first and behind the last.
    pub(crate) own_slots: (u16, u16),
}

/// How to load a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    /// Unsigned and little endian, of whole bytes, at a byte.
    Bytes,
    UnsignedLe,
    SignedLe,
    UnsignedBe,
    SignedBe,
    Float,
    /// A number whose bits are in no natural order.
    ByType,
    /// Bytes up to a NUL, which is before the next mark.
    Text,
    /// An array of characters.
    TextArray,
    Compound,
}

/// The structures that a program goes over: common context, specific context, payload.
pub(crate) type Scopes<'a> = [Option<&'a FieldType>; 3];

struct Compiler {
    steps: Vec<Step>,
    marks: u16,
    /// No mark stands at the current base yet.
    needs_mark: bool,
    /// Bits since the base.
    offset: u64,
    /// The base is a multiple of this many bits.
    known_align: u64,
}

/// Greatest size in bits, texts not counted, at which records are plain: no position in one can be out of range.
const MAX_PLAIN: u64 = 1 << 40;

/// The base is moved when an offset gets larger than this.
const MAX_OFFSET: u64 = 1 << 31;

/// Compiles the scopes; gives the program and, per scope, where its members are.
pub(crate) fn compile(scopes: Scopes<'_>) -> (Program, [Vec<Access>; 3]) {
    let mut compiler = Compiler { steps: Vec::new(), marks: 0, needs_mark: true, offset: 0, known_align: 1 };
    let mut accesses: [Vec<Access>; 3] = Default::default();
    for (i, scope) in scopes.iter().enumerate() {
        if let Some(ty) = scope {
            accesses[i] = compiler.scope(ty, i as u8);
        }
    }
    compiler.flush();
    (Program::new(compiler.steps), accesses)
}

impl Compiler {
    fn scope(&mut self, ty: &FieldType, scope: u8) -> Vec<Access> {
        self.align_to(ty.align.into());
        ty.members().iter().enumerate().map(|(i, m)| self.member(&m.ty, scope, i as u32)).collect()
    }

    fn member(&mut self, ty: &FieldType, scope: u8, member: u32) -> Access {
        if self.offset > MAX_OFFSET {
            self.flush();
        }
        if let Kind::Str = ty.kind {
            let access = self.here(ty);
            self.flush();
            self.push_text();
            self.marks += 1;
            self.varied(8);
            self.needs_mark = false;
            return access;
        }
        if let (Some(size), false) = (ty.size, ty.saves)
            && (size > 0 || !matches!(ty.kind, Kind::Array(_)))
        {
            let access = self.here(ty);
            self.offset += size;
            return access;
        }
        if let Kind::Int(int) | Kind::Enum(int, _) = &ty.kind
            && ty.size.is_some()
        {
            let access = self.here(ty);
            self.offset += u64::from(int.bits);
            self.flush();
            self.steps.push(Step::Save(*int));
            return access;
        }
        if let Kind::Array(array) = &ty.kind
            && let (Length::Dynamic(length), Some(size), false) =
                (&array.length, array.element.size, array.element.saves)
            && size > 0
        {
            let access = self.here(ty);
            self.flush();
            let align = array.element.align;
            self.steps.push(Step::Elements { slot: length.slot, size, align });
            let stride = align_up(size, align.into());
            self.varied(lowest_bit(size | stride | u64::from(align)));
            return access;
        }
        let access = self.here(ty);
        self.flush();
        self.steps.push(Step::Walk { scope, member });
        self.varied(1);
        access
    }

    /// Where a member that comes next is, once aligned.
    fn here(&mut self, ty: &FieldType) -> Access {
        self.align_to(ty.align.into());
        if std::mem::take(&mut self.needs_mark) {
            self.steps.push(Step::Mark);
            self.marks += 1;
        }
        let (load, bits) = match &ty.kind {
            Kind::Int(int) | Kind::Enum(int, _) => {
                let load = match (int.order, int.signed) {
                    _ if int.form != Form::Plain => Load::ByType,
                    (ByteOrder::Little, false)
                        if int.bits.is_multiple_of(8)
                            && self.known_align >= 8
                            && self.offset.is_multiple_of(8) =>
                    {
                        Load::Bytes
                    }
                    (ByteOrder::Little, false) => Load::UnsignedLe,
                    (ByteOrder::Little, true) => Load::SignedLe,
                    (ByteOrder::Big, false) => Load::UnsignedBe,
                    (ByteOrder::Big, true) => Load::SignedBe,
                };
                (load, int.bits)
            }
            Kind::Float(float) => (Load::Float, float.bits),
            Kind::Str => (Load::Text, 0),
            Kind::Array(array) if array.text => (Load::TextArray, 0),
            _ => (Load::Compound, 0),
        };
        Access { load, bits, mark: self.marks - 1, offset: self.offset as u32, own_slots: own_slots(ty) }
    }

    fn align_to(&mut self, align: u64) {
        if align <= self.known_align {
            self.offset = align_up(self.offset, align);
            return;
        }
        self.flush();
        self.steps.push(Step::Align(align as u32));
        self.known_align = align;
        // A mark that stands here was set before the position was rounded up.
        self.needs_mark = true;
    }

    /// Adds the step over a string, and takes in what was to be moved over before it.
    fn push_text(&mut self) {
        let before = match self.steps.last() {
            Some(&Step::Advance(size)) => {
                self.steps.pop();
                size
            }
            _ => 0,
        };
        self.steps.push(if before == 0 { Step::Text } else { Step::TextBehind(before) });
    }

    /// Moves the base to the current position.
    fn flush(&mut self) {
        if self.offset > 0 {
            self.steps.push(Step::Advance(self.offset));
            self.known_align = self.known_align.min(lowest_bit(self.offset));
            self.offset = 0;
            self.needs_mark = true;
        }
    }

    /// A field of varying length was added, which ends at a multiple of `align` bits.
    fn varied(&mut self, align: u64) {
        self.known_align = align;
        self.needs_mark = true;
    }
}

fn lowest_bit(n: u64) -> u64 {
    n & n.wrapping_neg()
}

/// First and behind the last of the slots that are set inside of a field.
pub(crate) fn own_slots(ty: &FieldType) -> (u16, u16) {
    let join = |a: (u16, u16), b: (u16, u16)| if b.0 < b.1 { (a.0.min(b.0), a.1.max(b.1)) } else { a };
    let none = (NO_SLOT, 0);
    match &ty.kind {
        Kind::Int(int) | Kind::Enum(int, _) if int.slot != NO_SLOT => (int.slot, int.slot + 1),
        Kind::Int(_) | Kind::Enum(..) | Kind::Float(_) | Kind::Str => none,
        Kind::Struct(members) => members.iter().map(|m| own_slots(&m.ty)).fold(none, join),
        Kind::Array(array) => own_slots(&array.element),
        Kind::Variant(variant) => variant.choices.iter().map(|c| own_slots(&c.ty)).fold(none, join),
        Kind::Optional(optional) => own_slots(&optional.ty),
    }
}

impl Program {
    /// Takes what is done in every record out of the steps: finding the base, and moving over the last fields.
    fn new(mut steps: Vec<Step>) -> Program {
        let mut align = 1;
        let mut head = 0;
        while let Some(Step::Align(bits)) = steps.get(head) {
            align = align.max(u64::from(*bits));
            head += 1;
        }
        if let Some(Step::Mark) = steps.get(head) {
            head += 1;
        }
        steps.drain(..head);
        let rest = match steps.last() {
            Some(&Step::Advance(size)) => {
                steps.pop();
                size
            }
            _ => 0,
        };
        let fixed = steps.iter().try_fold(rest, |sum: u64, step| match step {
            Step::Align(bits) => sum.checked_add(u64::from(*bits)),
            Step::Advance(size) | Step::TextBehind(size) => sum.checked_add(*size),
            Step::Mark | Step::Text => Some(sum),
            Step::Save(_) | Step::Elements { .. } | Step::Walk { .. } => None,
        });
        let is_plain = fixed.is_some_and(|fixed| fixed <= MAX_PLAIN);
        let marks = 1 + steps
            .iter()
            .filter(|step| matches!(step, Step::Mark | Step::Text | Step::TextBehind(_)))
            .count();
        Program { align, steps: steps.into(), rest, marks, is_plain }
    }

    /// Whether all records are of one size, which then is `rest`.
    pub(crate) fn is_fixed(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether [`run_plain`](Program::run_plain) can run it.
    pub(crate) fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Moves over a plain record with this base; gives the end of the record, which may be past `end` when the record is
    /// not whole, or none when texts in it do not end or there is no room for all marks.
    #[inline(always)]
    pub(crate) fn run_plain(&self, buf: &[u8], base: u64, end: u64, marks: &mut [u64]) -> Option<u64> {
        let mut marks = marks.iter_mut();
        *marks.next()? = base;
        let mut pos = base;
        for step in &*self.steps {
            if let Step::Text = step {
                pos = text_end(buf, pos, end)?;
                *marks.next()? = pos;
                continue;
            }
            match step {
                Step::TextBehind(size) => {
                    pos = text_end(buf, pos + size, end)?;
                    *marks.next()? = pos;
                }
                Step::Advance(size) => pos += size,
                Step::Align(align) => pos = align_up(pos, u64::from(*align)),
                Step::Mark => *marks.next()? = pos,
                Step::Text | Step::Save(_) | Step::Elements { .. } | Step::Walk { .. } => {}
            }
        }
        Some(pos + self.rest)
    }

    /// Moves over a record with this base; gives the end of the record. There must be room for all marks.
    pub(crate) fn run(
        &self,
        scopes: Scopes<'_>,
        buf: &[u8],
        base: u64,
        end: u64,
        marks: &mut [u64],
        slots: &mut [u64],
    ) -> Result<u64, Fault> {
        let mut pos = base;
        let mut marks = marks.iter_mut();
        let mut mark = |pos| marks.next().into_iter().for_each(|mark| *mark = pos);
        mark(base);
        for step in &*self.steps {
            match step {
                Step::Align(align) => pos = align_up(pos, u64::from(*align)),
                Step::Advance(size) => pos = advance(pos, *size, end)?,
                Step::Mark => mark(pos),
                Step::Save(int) => {
                    if let Some(slot) = slots.get_mut(usize::from(int.slot)) {
                        *slot = load_int(buf, pos - u64::from(int.bits), int);
                    }
                }
                Step::Text => {
                    pos = string_end(buf, pos, end)?;
                    mark(pos);
                }
                Step::TextBehind(size) => {
                    pos = string_end(buf, advance(pos, *size, end)?, end)?;
                    mark(pos);
                }
                Step::Elements { slot, size, align } => {
                    let n = slots.get(usize::from(*slot)).copied().unwrap_or(0);
                    if n > 0 {
                        pos = skip_elements(pos, *size, *align, n, end)?;
                    }
                }
                Step::Walk { scope, member } => {
                    let Some(ty) = scopes[usize::from(*scope)] else { continue };
                    let Some(member) = ty.members().get(*member as usize) else { continue };
                    let mut env = Env::of_all(slots, None);
                    pos = walk::skip(&member.ty, buf, pos, end, &mut env)?;
                }
            }
        }
        advance(pos, self.rest, end)
    }
}
