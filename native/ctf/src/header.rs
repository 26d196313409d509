//! Event record headers: LTTng's in one load, any other by its type.

use crate::bits::{ByteOrder, align_up, load_bytes_le};
use crate::error::Fault;
use crate::field::{FieldType, Int, Kind, Role};
use crate::walk::{self, Env, Roles, advance, load_int};

/// How to read the headers of a stream class.
#[derive(Debug)]
pub(crate) enum HeaderPlan {
    /// There is none: the stream has one event class.
    Absent,
    /// LTTng's compact and large headers: a class id and the low bits of the clock, side by side, little endian,
    /// unless the id is above `last_id`; then the full header follows, which is read as in `Walk`.
    Packed(PackedHeader),
    /// Every field at a constant place.
    Fixed { align: u64, size: u64, id: Option<(u64, Int)>, clock: Option<(u64, Int)> },
    /// Anything else.
    Walk,
}

/// A class id and behind it the low bits of the clock, all in the low bits of one 64-bit load, of whole bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackedHeader {
    /// In bits.
    pub(crate) align: u64,
    /// Greatest id with which this is all of the header.
    pub(crate) last_id: u64,
    pub(crate) id_mask: u64,
    pub(crate) clock_bits: u32,
    id_bits: u32,
    pub(crate) clock_mask: u64,
    /// Size in bits.
    pub(crate) bits: u64,
}

impl PackedHeader {
    /// The low bits of the clock in the word that the header begins.
    #[inline(always)]
    pub(crate) fn clock_of(&self, word: u64) -> u64 {
        (word >> self.id_bits) & self.clock_mask
    }
}

/// What a header says.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct HeaderValues {
    pub(crate) id: u64,
    /// Low bits of the clock, and how many there are; 0 when the header has no timestamp.
    pub(crate) clock: u64,
    pub(crate) clock_bits: u32,
}

impl HeaderPlan {
    pub(crate) fn new(ty: Option<&FieldType>) -> HeaderPlan {
        let Some(ty) = ty else { return HeaderPlan::Absent };
        packed(ty).or_else(|| fixed(ty)).unwrap_or(HeaderPlan::Walk)
    }

    /// Reads the header at `pos`; gives the position behind it.
    pub(crate) fn read(
        &self,
        ty: Option<&FieldType>,
        buf: &[u8],
        pos: u64,
        end: u64,
        slots: &mut [u64],
        roles: &mut Roles,
    ) -> Result<(u64, HeaderValues), Fault> {
        if let HeaderPlan::Packed(header) = self {
            let start = align_up(pos, header.align);
            let word = load_bytes_le(buf, (start >> 3) as usize);
            let id = word & header.id_mask;
            if id <= header.last_id {
                let next = advance(start, header.bits, end)?;
                let values = HeaderValues { id, clock: header.clock_of(word), clock_bits: header.clock_bits };
                return Ok((next, values));
            }
        }
        match (self, ty) {
            (HeaderPlan::Fixed { align, size, id, clock }, _) => {
                let start = align_up(pos, *align);
                let next = advance(start, *size, end)?;
                let value = |place: &Option<(u64, Int)>| {
                    place.as_ref().map_or(0, |(offset, int)| load_int(buf, start + offset, int))
                };
                let clock_bits = clock.as_ref().map_or(0, |(_, int)| int.bits.into());
                Ok((next, HeaderValues { id: value(id), clock: value(clock), clock_bits }))
            }
            (_, Some(ty)) => walk_header(ty, buf, pos, end, slots, roles),
            (_, None) => Ok((pos, HeaderValues::default())),
        }
    }
}

/// Reads a header by its type; numbers in it are left in their slots.
pub(crate) fn walk_header(
    ty: &FieldType,
    buf: &[u8],
    pos: u64,
    end: u64,
    slots: &mut [u64],
    roles: &mut Roles,
) -> Result<(u64, HeaderValues), Fault> {
    roles.clear(Role::EventClass);
    roles.clear(Role::Timestamp);
    let mut env = Env::of_all(slots, Some(&mut *roles));
    let next = walk::skip(ty, buf, pos, end, &mut env)?;
    let values = HeaderValues {
        id: roles.get(Role::EventClass).unwrap_or(0),
        clock: roles.get(Role::Timestamp).unwrap_or(0),
        clock_bits: roles.bits(Role::Timestamp),
    };
    Ok((next, values))
}

fn packed(ty: &FieldType) -> Option<HeaderPlan> {
    let [first, second] = ty.members() else { return None };
    let (Kind::Int(id) | Kind::Enum(id, _), Kind::Variant(variant)) = (&first.ty.kind, &second.ty.kind)
    else {
        return None;
    };
    let is_plain = |int: &Int| int.is_plain() && !int.signed && int.order == ByteOrder::Little;
    if id.role != Role::EventClass || !is_plain(id) || variant.selector.as_ref()?.slot != id.slot {
        return None;
    }
    let short = variant.choices.iter().find(|c| matches!(c.ranges.as_slice(), [(0, _)]))?;
    let [member] = short.ty.members() else { return None };
    let clock = member.ty.as_int()?;
    let last_id = short.ranges[0].1;
    let is_adjacent = short.ty.align <= ty.align && u32::from(id.bits) % short.ty.align == 0;
    let bits = id.bits + clock.bits;
    let fits = ty.align >= 8 && id.bits < 32 && bits <= 64 && bits % 8 == 0 && last_id < (1 << id.bits) - 1;
    if clock.role != Role::Timestamp || !is_plain(clock) || !is_adjacent || !fits {
        return None;
    }
    Some(HeaderPlan::Packed(PackedHeader {
        align: ty.align.into(),
        last_id,
        id_mask: (1 << id.bits) - 1,
        clock_bits: clock.bits.into(),
        id_bits: id.bits.into(),
        clock_mask: u64::MAX >> (64 - u32::from(clock.bits)),
        bits: bits.into(),
    }))
}

fn fixed(ty: &FieldType) -> Option<HeaderPlan> {
    let size = ty.size?;
    let (mut id, mut clock, mut at) = (None, None, 0);
    for member in ty.members() {
        at = align_up(at, member.ty.align.into());
        match member.ty.as_int() {
            Some(int) if int.role == Role::EventClass => id = Some((at, *int)),
            Some(int) if int.role == Role::Timestamp => clock = Some((at, *int)),
            Some(_) => {}
            // Numbers deeper inside may have roles too.
            None if member.ty.saves => return None,
            None => {}
        }
        at += member.ty.size?;
    }
    Some(HeaderPlan::Fixed { align: ty.align.into(), size, id, clock })
}
