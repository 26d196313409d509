//! The general way through any field: follows the type tree. Event classes whose layout is simple take the
//! [`program`](crate::program) instead and come here only for variants and nested dynamic types.

use crate::bits::{align_up, find_nul, load, load_leb128, reverse, sign_extend};
use crate::error::Fault;
use crate::field::{
    Array, FieldType, Form, Int, Kind, Length, MAX_EMPTY_ELEMENTS, NO_SLOT, ROLES, Role, in_range,
};

/// Numbers that the reader itself needs, found by their role.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roles {
    values: [u64; ROLES],
    /// Width of the number; 0 when the packet had none of this role.
    bits: [u8; ROLES],
}

impl Roles {
    pub(crate) fn get(&self, role: Role) -> Option<u64> {
        (self.bits[role as usize] != 0).then_some(self.values[role as usize])
    }

    pub(crate) fn bits(&self, role: Role) -> u32 {
        self.bits[role as usize].into()
    }

    pub(crate) fn clear(&mut self, role: Role) {
        self.bits[role as usize] = 0;
    }

    fn set(&mut self, role: Role, value: u64, bits: u8) {
        self.values[role as usize] = value;
        self.bits[role as usize] = bits;
    }
}

/// What is known while walking: numbers that later lengths and selectors refer to.
///
/// `own` holds the slots from `first` on and is written to; all others are read from `outer`.
pub(crate) struct Env<'a> {
    pub(crate) outer: &'a [u64],
    pub(crate) own: &'a mut [u64],
    pub(crate) first: u16,
    pub(crate) roles: Option<&'a mut Roles>,
    /// Array elements without bits that may still be walked over.
    pub(crate) budget: u64,
}

impl Env<'_> {
    pub(crate) fn get(&self, slot: u16) -> u64 {
        let own = usize::from(slot.wrapping_sub(self.first));
        match self.own.get(own) {
            Some(value) => *value,
            None => self.outer.get(usize::from(slot)).copied().unwrap_or(0),
        }
    }

    fn pay(&mut self, cost: u64, elements: u64) -> Result<(), Fault> {
        self.budget = self.budget.checked_sub(cost).ok_or(Fault::TooManyElements(elements))?;
        Ok(())
    }

    fn save(&mut self, int: &Int, value: u64, bits: u8) {
        if int.slot != NO_SLOT
            && let Some(slot) = self.own.get_mut(usize::from(int.slot.wrapping_sub(self.first)))
        {
            *slot = value;
        }
        if int.role != Role::None
            && let Some(roles) = self.roles.as_deref_mut()
        {
            roles.set(int.role, value, bits);
        }
    }
}

impl<'a> Env<'a> {
    /// For the reader itself, which knows all slots.
    pub(crate) fn of_all(slots: &'a mut [u64], roles: Option<&'a mut Roles>) -> Env<'a> {
        Env { outer: &[], own: slots, first: 0, roles, budget: MAX_EMPTY_ELEMENTS }
    }
}

/// The value of an integer that lies inside `buf`, its sign spread.
#[inline]
pub(crate) fn load_int(buf: &[u8], pos: u64, int: &Int) -> u64 {
    if int.form != Form::Plain {
        return load_odd_int(buf, pos, int);
    }
    let value = load(buf, pos, int.bits.into(), int.order);
    if int.signed { sign_extend(value, int.bits.into()) } else { value }
}

#[inline(never)]
fn load_odd_int(buf: &[u8], pos: u64, int: &Int) -> u64 {
    if int.form == Form::Variable {
        let number = load_leb128(buf, (pos >> 3) as usize, buf.len(), int.signed);
        return number.flatten().map_or(0, |(value, _)| value);
    }
    let value = reverse(load(buf, pos, int.bits.into(), int.order), int.bits.into());
    if int.signed { sign_extend(value, int.bits.into()) } else { value }
}

/// Moves over a number whose length is in its bytes.
fn skip_variable(int: &Int, buf: &[u8], pos: u64, end: u64, env: &mut Env<'_>) -> Result<u64, Fault> {
    let number = load_leb128(buf, (pos >> 3) as usize, (end >> 3) as usize, int.signed);
    let (value, bytes) = number.ok_or(Fault::PastEnd)?.ok_or(Fault::LongInteger)?;
    // What tells how much of a clock it holds.
    let bits = (7 * bytes).min(64) as u8;
    env.save(int, value, bits);
    Ok(pos + 8 * u64::from(bytes))
}

/// Moves over `size` bits.
#[inline]
pub(crate) fn advance(pos: u64, size: u64, end: u64) -> Result<u64, Fault> {
    match pos.checked_add(size) {
        Some(next) if next <= end => Ok(next),
        _ => Err(Fault::PastEnd),
    }
}

/// Position behind the NUL that ends the string at `pos`, which is at a byte.
#[inline]
pub(crate) fn string_end(buf: &[u8], pos: u64, end: u64) -> Result<u64, Fault> {
    text_end(buf, pos, end).filter(|next| *next <= end).ok_or(Fault::PastEnd)
}

/// The same, where the NUL may be past `end`: then there may be none, or one that is not the string's.
#[inline(always)]
pub(crate) fn text_end(buf: &[u8], pos: u64, end: u64) -> Option<u64> {
    let nul = find_nul(buf, (pos >> 3) as usize, (end >> 3) as usize)?;
    Some((nul as u64 + 1) << 3)
}

/// Moves over a field of type `ty` that begins, before alignment, at `pos`; numbers with slots and roles are saved.
pub(crate) fn skip(ty: &FieldType, buf: &[u8], pos: u64, end: u64, env: &mut Env<'_>) -> Result<u64, Fault> {
    let pos = align_up(pos, ty.align.into());
    if let (Some(size), false) = (ty.size, ty.saves) {
        return match &ty.kind {
            Kind::Array(a) if size == 0 => skip_array(a, buf, pos, end, env),
            _ => advance(pos, size, end),
        };
    }
    match &ty.kind {
        Kind::Int(int) | Kind::Enum(int, _) if int.form == Form::Variable => {
            skip_variable(int, buf, pos, end, env)
        }
        Kind::Int(int) | Kind::Enum(int, _) => {
            let next = advance(pos, int.bits.into(), end)?;
            env.save(int, load_int(buf, pos, int), int.bits);
            Ok(next)
        }
        Kind::Float(float) => advance(pos, float.bits.into(), end),
        Kind::Str => string_end(buf, pos, end),
        Kind::Struct(members) => members.iter().try_fold(pos, |pos, m| skip(&m.ty, buf, pos, end, env)),
        Kind::Array(array) => skip_array(array, buf, pos, end, env),
        Kind::Variant(_) | Kind::Optional(_) => match chosen(ty, env)? {
            Some((_, inner)) => skip(inner, buf, pos, end, env),
            None => Ok(pos),
        },
    }
}

/// The option of a variant that the selector chose, with its index; `None` for an absent optional field.
pub(crate) fn chosen<'t>(ty: &'t FieldType, env: &Env<'_>) -> Result<Option<(usize, &'t FieldType)>, Fault> {
    match &ty.kind {
        Kind::Variant(variant) => {
            let Some(selector) = &variant.selector else { return Err(Fault::NoOption(0)) };
            let value = env.get(selector.slot);
            let found = variant.choose(value, selector.signed);
            match found {
                Some(i) => Ok(Some((i, &variant.choices[i].ty))),
                None => Err(Fault::NoOption(value)),
            }
        }
        Kind::Optional(optional) => {
            let value = env.get(optional.selector.slot);
            let there = optional.ranges.iter().any(|&r| in_range(r, value, optional.selector.signed));
            Ok(there.then_some((0, &optional.ty)))
        }
        _ => Ok(None),
    }
}

/// Number of elements of an array here.
pub(crate) fn count(array: &Array, env: &Env<'_>) -> u64 {
    match &array.length {
        Length::Static(n) => *n,
        Length::Dynamic(reference) => env.get(reference.slot),
    }
}

fn skip_array(array: &Array, buf: &[u8], pos: u64, end: u64, env: &mut Env<'_>) -> Result<u64, Fault> {
    let n = count(array, env);
    let element = &array.element;
    if n == 0 {
        return Ok(pos);
    }
    if let (Some(size), false) = (element.size, element.saves)
        && size > 0
    {
        return skip_elements(pos, size, element.align, n, end);
    }
    if element.size == Some(0) {
        let cost = n.saturating_mul(element.empty_elements().max(1));
        env.pay(cost, n)?;
        return Ok(pos);
    }
    let mut pos = pos;
    for _ in 0..n {
        let next = skip(element, buf, pos, end, env)?;
        // An element without bits would let a few bytes stand for any number of them.
        if next == pos {
            env.pay(1, n)?;
        }
        pos = next;
    }
    Ok(pos)
}

/// Moves over `n` (1 or more) elements of `size` bits each from an aligned `pos`.
#[inline]
pub(crate) fn skip_elements(pos: u64, size: u64, align: u32, n: u64, end: u64) -> Result<u64, Fault> {
    let room = end.saturating_sub(pos);
    if n > room {
        return Err(Fault::PastEnd);
    }
    let stride = align_up(size, align.into());
    let total = stride.checked_mul(n - 1).and_then(|t| t.checked_add(size)).ok_or(Fault::PastEnd)?;
    advance(pos, total, end)
}
