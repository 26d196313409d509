//! Finds the fields that lengths and selectors name, and gives each such field a slot to leave its value in.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Error;
use crate::field::{Field, FieldType, Kind, Length, Mapping, NO_SLOT, Origin, Reference, Scope};

/// Most slots that one event class may use, those of its packet included.
const MAX_SLOTS: u16 = 4096;

/// The type tree of a scope, open to having slots set.
pub(super) struct ScopeTree<'t> {
    scope: Scope,
    ty: Option<&'t mut FieldType>,
}

impl<'t> ScopeTree<'t> {
    pub(super) fn new(scope: Scope, ty: Option<&'t mut FieldType>) -> ScopeTree<'t> {
        ScopeTree { scope, ty }
    }
}

/// Way down a type tree: index of the member or option at each level, 0 for an array's element.
type Trail = Vec<u32>;

/// What a reference was found to name.
struct Target {
    /// Slot, when the target has one already.
    slot: u16,
    scope: Scope,
    /// The field; of CTF 2 one in each option where the path goes through a variant.
    trails: Vec<Trail>,
    signed: bool,
    mappings: Option<Arc<[Mapping]>>,
    /// Line and column of the reference.
    position: (u32, u32),
}

/// Gives a slot to every number, other than the elements of arrays, of a scope that is decoded once for many events
/// or before the event class is known.
pub(super) fn number_all(ty: &mut FieldType, next: &mut u16) {
    match &mut ty.kind {
        Kind::Int(int) | Kind::Enum(int, _) => {
            if *next < MAX_SLOTS {
                int.slot = *next;
                *next += 1;
            }
        }
        Kind::Float(_) | Kind::Str => {}
        Kind::Struct(members) => members.iter_mut().for_each(|m| number_all(&mut m.ty, next)),
        Kind::Array(array) => {
            if array.element.as_int().is_none() {
                number_all(&mut array.element, next);
            }
        }
        Kind::Variant(variant) => variant.choices.iter_mut().for_each(|c| number_all(&mut c.ty, next)),
        Kind::Optional(optional) => number_all(&mut optional.ty, next),
    }
}

/// Resolves all references in `open`, to fields there or in the scopes before, which are `ready`.
/// True when one of them leads into the event header.
pub(super) fn resolve(
    open: &mut [ScopeTree<'_>],
    ready: &[(Scope, &FieldType)],
    next: &mut u16,
    work_left: &mut u64,
) -> Result<bool, Error> {
    let targets = {
        let mut search =
            Search { roots: ready.to_vec(), found: Vec::new(), frames: Vec::new(), work_left: *work_left };
        for tree in open.iter() {
            if let Some(ty) = tree.ty.as_deref() {
                search.roots.push((tree.scope, ty));
                search.visit(ty, tree.scope, &mut Vec::new())?;
            }
        }
        *work_left = search.work_left;
        search.found
    };
    // Slots are given in the order of the bytes, so that those inside of one field follow each other.
    let mut slots: BTreeMap<(Scope, &[Trail]), u16> = BTreeMap::new();
    let mut fresh: Vec<&Target> = targets.iter().filter(|t| t.slot == NO_SLOT).collect();
    fresh.sort_by(|a, b| (a.scope, &a.trails).cmp(&(b.scope, &b.trails)));
    fresh.dedup_by(|a, b| (a.scope, &a.trails) == (b.scope, &b.trails));
    for Target { scope, trails, position: (line, column), .. } in fresh {
        if *next >= MAX_SLOTS {
            return Err(Error::metadata(
                "too many fields are lengths or selectors of others",
                *line,
                *column,
            ));
        }
        let slot = *next;
        *next += 1;
        slots.insert((*scope, trails), slot);
        let root = open.iter_mut().find(|tree| tree.scope == *scope).and_then(|tree| tree.ty.as_deref_mut());
        let Some(root) = root else { continue };
        for trail in trails {
            let Some(int) = follow(root, trail).and_then(FieldType::as_int_mut) else { continue };
            if int.slot != NO_SLOT {
                let what = "a field is a length or selector by itself and as one of a variant's options";
                return Err(Error::metadata(format!("{what}, which is not supported"), *line, *column));
            }
            int.slot = slot;
        }
    }
    let mut resolved = targets.iter();
    for tree in open.iter_mut() {
        if let Some(ty) = tree.ty.as_deref_mut() {
            for_each_reference(ty, &mut |reference, choices| {
                let Some(target) = resolved.next() else { return };
                reference.slot = if target.slot == NO_SLOT {
                    slots.get(&(target.scope, target.trails.as_slice())).copied().unwrap_or(NO_SLOT)
                } else {
                    target.slot
                };
                reference.signed = target.signed;
                if let (Some(choices), Some(mappings)) = (choices, &target.mappings) {
                    assign_ranges(choices, mappings);
                }
            });
        }
    }
    Ok(targets.iter().any(|t| t.scope == Scope::EventHeader && !open.iter().any(|o| o.scope == t.scope)))
}

fn follow<'t>(root: &'t mut FieldType, trail: &[u32]) -> Option<&'t mut FieldType> {
    trail.iter().try_fold(root, |ty, &step| match &mut ty.kind {
        Kind::Struct(members) => members.get_mut(step as usize).map(|m| &mut m.ty),
        Kind::Variant(variant) => variant.choices.get_mut(step as usize).map(|c| &mut c.ty),
        Kind::Array(array) => Some(&mut array.element),
        Kind::Optional(optional) => Some(&mut optional.ty),
        _ => None,
    })
}

/// Calls `f` for every reference in the order that [`Search::visit`] meets them; for a TSDL variant's with its
/// options, which have no ranges yet.
fn for_each_reference(
    ty: &mut FieldType,
    f: &mut dyn FnMut(&mut Reference, Option<&mut Vec<crate::field::Choice>>),
) {
    match &mut ty.kind {
        Kind::Int(_) | Kind::Enum(..) | Kind::Float(_) | Kind::Str => {}
        Kind::Struct(members) => members.iter_mut().for_each(|m| for_each_reference(&mut m.ty, f)),
        Kind::Array(array) => {
            if let Length::Dynamic(reference) = &mut array.length {
                f(reference, None);
            }
            for_each_reference(&mut array.element, f);
        }
        Kind::Variant(variant) => {
            if let Some(selector) = &mut variant.selector {
                f(selector, Some(&mut variant.choices));
            }
            variant.choices.iter_mut().for_each(|c| for_each_reference(&mut c.ty, f));
        }
        Kind::Optional(optional) => {
            f(&mut optional.selector, None);
            for_each_reference(&mut optional.ty, f);
        }
    }
}

/// Gives each option of a TSDL variant the values of the enumeration that have its name; the option may be
/// spelled with an underscore more.
fn assign_ranges(choices: &mut [crate::field::Choice], mappings: &[Mapping]) {
    if choices.iter().any(|c| !c.ranges.is_empty()) {
        return;
    }
    let labelled = |name: &str| {
        mappings.iter().filter(|m| *m.label == *name).map(|m| (m.low, m.high)).collect::<Vec<_>>()
    };
    for choice in choices {
        choice.ranges = labelled(&choice.raw);
        if choice.ranges.is_empty() {
            choice.ranges = labelled(choice.name());
        }
    }
}

struct Search<'t> {
    roots: Vec<(Scope, &'t FieldType)>,
    found: Vec<Target>,
    /// Structures around the place: length of the trail to each, its members, and how many come before the place.
    frames: Vec<(usize, &'t [Field], usize)>,
    /// Comparisons that may still be made.
    work_left: u64,
}

impl<'t> Search<'t> {
    fn visit(&mut self, ty: &'t FieldType, scope: Scope, trail: &mut Trail) -> Result<(), Error> {
        match &ty.kind {
            Kind::Int(_) | Kind::Enum(..) | Kind::Float(_) | Kind::Str => Ok(()),
            Kind::Struct(members) => {
                for (i, member) in members.iter().enumerate() {
                    self.frames.push((trail.len(), members, i));
                    trail.push(i as u32);
                    self.visit(&member.ty, scope, trail)?;
                    trail.pop();
                    self.frames.pop();
                }
                Ok(())
            }
            Kind::Array(array) => {
                if let Length::Dynamic(reference) = &array.length {
                    let (target, ty) = self.find(reference, scope, trail)?;
                    if ty.as_int().is_none_or(|int| int.signed) {
                        return fault(reference, "the length of a sequence must be an unsigned integer");
                    }
                    self.found.push(target);
                }
                self.below(&array.element, scope, trail, 0)
            }
            Kind::Variant(variant) => {
                let Some(selector) = &variant.selector else {
                    return Err(Error::metadata("a variant has no tag", 1, 1));
                };
                let (target, ty) = self.find(selector, scope, trail)?;
                let by_range = variant.choices.iter().any(|c| !c.ranges.is_empty());
                if !by_range && !matches!(ty.kind, Kind::Enum(..)) {
                    return fault(selector, "the tag of a variant must be an enumeration");
                }
                let labels = target.mappings.as_ref().map_or(0, |m| m.len());
                self.pay(selector, (labels * variant.choices.len()) as u64)?;
                self.found.push(target);
                for (i, choice) in variant.choices.iter().enumerate() {
                    self.below(&choice.ty, scope, trail, i as u32)?;
                }
                Ok(())
            }
            Kind::Optional(optional) => {
                let (target, _) = self.find(&optional.selector, scope, trail)?;
                self.found.push(target);
                self.below(&optional.ty, scope, trail, 0)
            }
        }
    }

    fn pay(&mut self, reference: &Reference, work: u64) -> Result<(), Error> {
        match self.work_left.checked_sub(work) {
            Some(left) => self.work_left = left,
            None => return fault(reference, "the metadata has more references than this reader resolves"),
        }
        Ok(())
    }

    fn below(&mut self, ty: &'t FieldType, scope: Scope, trail: &mut Trail, step: u32) -> Result<(), Error> {
        trail.push(step);
        self.visit(ty, scope, trail)?;
        trail.pop();
        Ok(())
    }

    /// The field that a reference at `trail` in `scope` names.
    fn find(
        &mut self,
        reference: &Reference,
        scope: Scope,
        trail: &Trail,
    ) -> Result<(Target, &'t FieldType), Error> {
        let path = &*reference.path;
        let members = self.frames.iter().map(|(_, _, before)| *before as u64).sum::<u64>();
        let roots = self.roots.iter().map(|(_, root)| root.members().len() as u64).sum::<u64>();
        self.pay(reference, members + roots)?;
        let mut hit = None;
        let mut more = Vec::new();
        match reference.origin {
            Origin::Scope(wanted) => {
                if let Some(&(_, root)) = self.roots.iter().find(|(s, _)| *s == wanted) {
                    hit = descend(root, path, Vec::new()).map(|(ty, found)| (wanted, found, ty));
                }
            }
            Origin::Root(wanted) => {
                if let Some(&(_, root)) = self.roots.iter().find(|(s, _)| *s == wanted) {
                    more = self.descend_all(reference, root, Vec::new())?;
                }
            }
            Origin::Up(up) => {
                let frame = self.frames.len().checked_sub(1 + up).and_then(|i| self.frames.get(i));
                let Some(&(length, _, _)) = frame else {
                    return fault(reference, "the path leads out of the outermost structure");
                };
                let root = self.roots.iter().find(|(s, _)| *s == scope);
                let around = root.and_then(|(_, root)| look(root, &trail[..length]));
                if let Some(around) = around {
                    more = self.descend_all(reference, around, trail[..length].to_vec())?;
                }
            }
            Origin::Around => {
                for &(length, members, before) in self.frames.iter().rev() {
                    let Some(first) = path.first() else { break };
                    let found = members[..before].iter().rposition(|m| m.raw == *first);
                    if let Some(i) = found {
                        let mut way = trail[..length].to_vec();
                        way.push(i as u32);
                        hit = descend(&members[i].ty, &path[1..], way).map(|(ty, found)| (scope, found, ty));
                        break;
                    }
                }
                if hit.is_none() {
                    hit = self.roots.iter().rev().filter(|(s, _)| *s < scope).find_map(|&(s, root)| {
                        descend(root, path, Vec::new()).map(|(ty, found)| (s, found, ty))
                    });
                }
            }
        }
        let name = path.join(".");
        let found_scope = match (&hit, reference.origin) {
            (Some((found_scope, ..)), _) => *found_scope,
            (None, Origin::Root(wanted)) => wanted,
            (None, _) => scope,
        };
        let found: Vec<_> = hit.into_iter().map(|(_, found, ty)| (ty, found)).chain(more).collect();
        let Some(&(first, _)) = found.first() else {
            return fault(reference, format!("no field {name:?} comes before this one"));
        };
        if found_scope > scope || found.iter().any(|(_, found)| found_scope == scope && *found >= *trail) {
            return fault(reference, format!("the field {name:?} does not come before this one"));
        }
        let ints: Option<Vec<_>> = found.iter().map(|(ty, _)| ty.as_int()).collect();
        let Some(ints) = ints else {
            return fault(reference, format!("the field {name:?} is not an integer"));
        };
        let (slot, signed) = (ints[0].slot, ints[0].signed);
        if ints.iter().any(|int| int.slot != slot || int.signed != signed)
            || (ints.len() > 1 && slot != NO_SLOT)
        {
            let what = format!("the fields {name:?} of a variant's options are not alike");
            return fault(reference, what + ", or outside of the event, which is not supported");
        }
        let mappings = match &first.kind {
            Kind::Enum(_, mappings) => Some(mappings.clone()),
            _ => None,
        };
        let trails = found.into_iter().map(|(_, trail)| trail).collect();
        let position = (reference.line, reference.column);
        Ok((Target { slot, scope: found_scope, trails, signed, mappings, position }, first))
    }

    /// Goes down structures by name as CTF 2 does: through arrays to their elements, and through variants to each option,
    /// all of which must have the field.
    fn descend_all(
        &mut self,
        reference: &Reference,
        from: &'t FieldType,
        trail: Trail,
    ) -> Result<Vec<(&'t FieldType, Trail)>, Error> {
        let mut places = vec![(from, trail)];
        for name in &*reference.path {
            let (mut inside, mut inner) = (Vec::new(), places);
            while let Some((ty, trail)) = inner.pop() {
                self.pay(reference, 1 + trail.len() as u64)?;
                let at = |step: usize| trail.iter().copied().chain([step as u32]).collect::<Trail>();
                match &ty.kind {
                    Kind::Array(array) => inner.push((&array.element, at(0))),
                    Kind::Variant(variant) => {
                        let options = variant.choices.iter().enumerate();
                        inner.extend(options.map(|(i, choice)| (&choice.ty, at(i))));
                    }
                    Kind::Optional(_) => {
                        let what =
                            format!("the field {name:?} is in an optional one, which is not supported");
                        return fault(reference, what);
                    }
                    _ => match ty.members().iter().position(|m| m.raw == *name) {
                        Some(i) => inside.push((&ty.members()[i].ty, at(i))),
                        None => return Ok(Vec::new()),
                    },
                }
            }
            places = inside;
        }
        places.sort_by(|a, b| a.1.cmp(&b.1));
        Ok(places)
    }
}

fn look<'t>(root: &'t FieldType, trail: &[u32]) -> Option<&'t FieldType> {
    trail.iter().try_fold(root, |ty, &step| match &ty.kind {
        Kind::Struct(members) => members.get(step as usize).map(|m| &m.ty),
        Kind::Variant(variant) => variant.choices.get(step as usize).map(|c| &c.ty),
        Kind::Array(array) => Some(&array.element),
        Kind::Optional(optional) => Some(&optional.ty),
        _ => None,
    })
}

/// Goes down structures by name, through arrays to their elements.
fn descend<'t>(ty: &'t FieldType, path: &[Box<str>], trail: Trail) -> Option<(&'t FieldType, Trail)> {
    path.iter().try_fold((ty, trail), |(mut ty, mut trail), name| {
        // The current element of an array stands for all of them.
        while let Kind::Array(array) = &ty.kind {
            trail.push(0);
            ty = &array.element;
        }
        let i = ty.members().iter().position(|m| m.raw == *name)?;
        trail.push(i as u32);
        Some((&ty.members()[i].ty, trail))
    })
}

fn fault<T>(reference: &Reference, what: impl Into<String>) -> Result<T, Error> {
    Err(Error::metadata(what, reference.line, reference.column))
}
