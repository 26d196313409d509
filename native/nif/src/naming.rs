//! The numbers that stand for functions and atoms in events, defined when they are new.

use crate::block::{Block, Outcome};
use crate::board;
use crate::intern::{self, Interned, Key, Named};
use crate::layout;
use crate::provider;
use crate::sys::{AtomName, CallEnv};
use beamtap_schema::{EventKind, WireEvent, wire};

/// Emits one of beamtap's own events, from wherever there is an environment to read atoms in.
pub(crate) fn emit_counted<E: WireEvent>(block: &Block, event: &E) {
    if board::is_enabled(E::KIND) {
        provider::emit(event);
        block.count(E::KIND, Outcome::Emitted);
    }
}

#[cold]
fn number_slowly(env: CallEnv<'_>, block: &Block, key: Key) -> u32 {
    let id = match intern::intern(key) {
        Interned::Known(id) => id,
        Interned::New(id) => {
            define(env, block, id, key);
            id
        }
        Interned::Full => return 0,
    };
    block.remember(key.words(), id);
    id
}

/// Says what a number stands for.
pub(crate) fn define(env: CallEnv<'_>, block: &Block, id: u32, key: Key) {
    match key.named() {
        Named::Function { module, name, arity } => {
            let (mut module_name, mut function_name) = (AtomName::new(), AtomName::new());
            if env.atom_name(module, &mut module_name).is_none()
                || env.atom_name(name, &mut function_name).is_none()
            {
                return block.count(EventKind::DefFunction, Outcome::Unreadable);
            }
            let event = wire::DefFunction {
                function: id,
                module: module_name.as_ptr(),
                name: function_name.as_ptr(),
                arity,
            };
            emit_counted(block, &event);
        }
        Named::Atom(atom) => {
            let mut text = AtomName::new();
            if env.atom_name(atom, &mut text).is_none() {
                return block.count(EventKind::DefAtom, Outcome::Unreadable);
            }
            emit_counted(block, &wire::DefAtom { atom: id, text: text.as_ptr() });
        }
    }
}

/// The number of a function given by three terms, which is defined when it is new; nothing when they are not two atoms
/// and an arity.
#[inline(always)]
pub(crate) fn function_number(env: CallEnv<'_>, block: &Block, mfa: (u64, u64, u64)) -> Option<u32> {
    let (module, name, arity) = mfa;
    block
        .cached([module, name, layout::small(arity)])
        .or_else(|| Key::function(module, name, arity).map(|key| number_slowly(env, block, key)))
}

/// The number of an atom, which is defined when it is new; nothing when the term is none.
pub(crate) fn atom_number(env: CallEnv<'_>, block: &Block, atom: u64) -> Option<u32> {
    block.cached([atom, 0, 0]).or_else(|| Key::atom(atom).map(|key| number_slowly(env, block, key)))
}
