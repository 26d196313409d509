//! What NIFs answer with, for people.

use crate::atoms;
use rustler::{Atom, Encoder, Env, OwnedBinary, Term};

/// A binary from bytes.
pub(crate) fn binary<'a>(env: Env<'a>, bytes: &[u8]) -> Term<'a> {
    let mut owned = OwnedBinary::new(bytes.len());
    owned.as_mut_slice().copy_from_slice(bytes);
    owned.release(env).encode(env)
}

/// `{error, {Kind, Line, Remedy}}`: what went wrong and what to do about it, for people.
pub(crate) fn failure<'a>(env: Env<'a>, kind: Atom, line: &str, remedy: &str) -> Term<'a> {
    (atoms::error(), (kind, binary(env, line.as_bytes()), binary(env, remedy.as_bytes()))).encode(env)
}
