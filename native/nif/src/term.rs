//! Reads what the VM hands over. Total: whatever a term is, the answer is a value or "unreadable", in bounded time.

use crate::layout;
use crate::sys::{AtomName, CallEnv};
use beamtap_schema::{Entity, EntityKind, ExceptionClass, MessageKind};
use std::ffi::c_char;
use std::sync::OnceLock;

/// The atoms the tracer compares terms with, as the VM's words.
pub(crate) struct Atoms {
    pub(crate) extra: u64,
    pub(crate) undefined: u64,
    pub(crate) normal: u64,
    pub(crate) alias: u64,
    pub(crate) gen_call: u64,
    pub(crate) gen_cast: u64,
    pub(crate) down: u64,
    pub(crate) exit_message: u64,
    pub(crate) timeout: u64,
    pub(crate) error: u64,
    pub(crate) exit: u64,
    pub(crate) throw: u64,
    pub(crate) send: u64,
    pub(crate) receive: u64,
    pub(crate) print: u64,
    pub(crate) command: u64,
    pub(crate) control: u64,
    pub(crate) call: u64,
    pub(crate) connect: u64,
    pub(crate) close: u64,
    /// By place in [`HeapSizes`].
    sizes: [u64; SIZES],
}

static ATOMS: OnceLock<Atoms> = OnceLock::new();

/// Looks every atom up, once, at load. `make` turns a name into the VM's word.
pub(crate) fn prepare_atoms(make: impl Fn(&str) -> u64) {
    ATOMS.get_or_init(|| Atoms {
        extra: make("extra"),
        undefined: make("undefined"),
        normal: make("normal"),
        alias: make("alias"),
        gen_call: make("$gen_call"),
        gen_cast: make("$gen_cast"),
        down: make("DOWN"),
        exit_message: make("EXIT"),
        timeout: make("timeout"),
        error: make("error"),
        exit: make("exit"),
        throw: make("throw"),
        send: make("send"),
        receive: make("receive"),
        print: make("print"),
        command: make("command"),
        control: make("control"),
        call: make("call"),
        connect: make("connect"),
        close: make("close"),
        sizes: SIZE_NAMES.map(make),
    });
}

/// The atoms; nothing before [`prepare_atoms`], when no callback can run yet.
#[inline]
pub(crate) fn atoms() -> Option<&'static Atoms> {
    ATOMS.get()
}

/// Module, name and arity of `{M, F, Arity}` or `{M, F, Args}`.
#[inline(always)]
pub(crate) fn mfa(env: CallEnv<'_>, term: u64) -> Option<(u64, u64, u64)> {
    let &[module, name, arity] = env.tuple(term)? else { return None };
    let arity = match layout::small_value(arity) {
        Some(arity) => arity,
        None => env.short_list_length(arity)?,
    };
    Some((module, name, arity))
}

/// What a message is sent to: process, port, name, alias, or anything of another node.
pub(crate) fn destination(env: CallEnv<'_>, term: u64) -> (Entity, Option<u64>) {
    if let Some(entity) = layout::entity(term) {
        return (entity, None);
    }
    if layout::atom_index(term).is_some() {
        return (Entity { kind: EntityKind::Name, id: 0 }, Some(term));
    }
    if let Some(hash) = env.reference_hash(term) {
        return (Entity { kind: EntityKind::Alias, id: hash }, None);
    }
    // {Name, Node}, or a pid or port of another node.
    let kind = if env.tuple(term).is_none_or(|pair| pair.len() == 2) {
        EntityKind::Remote
    } else {
        EntityKind::Unknown
    };
    (Entity { kind, id: 0 }, None)
}

/// What a message is by its outer form, and the hash that ties a call to its reply (0 when it has none).
pub(crate) fn message(env: CallEnv<'_>, atoms: &Atoms, term: u64) -> (MessageKind, u64) {
    match env.tuple(term) {
        Some(elements) => message_of(env, atoms, elements),
        None => (MessageKind::Other, 0),
    }
}

/// What a message of a generic server is about, without what it is tagged with: the request of a call or a cast, the
/// answer of a reply. Any other message is about itself.
pub(crate) fn message_body(env: CallEnv<'_>, atoms: &Atoms, term: u64) -> u64 {
    match (message(env, atoms, term).0, env.tuple(term)) {
        (MessageKind::GenCall | MessageKind::GenCast | MessageKind::Reply, Some(&[.., body])) => body,
        _ => term,
    }
}

/// As [`message`], of a tuple.
#[inline(always)]
pub(crate) fn message_of(env: CallEnv<'_>, atoms: &Atoms, elements: &[u64]) -> (MessageKind, u64) {
    let other = (MessageKind::Other, 0);
    match *elements {
        [first, _] if first == atoms.gen_cast => (MessageKind::GenCast, 0),
        [first, _] => match tag_hash(env, atoms, first) {
            Some(hash) => (MessageKind::Reply, hash),
            None => other,
        },
        [first, from, _] if first == atoms.gen_call => {
            let hash = match env.tuple(from) {
                Some(&[_, tag]) => tag_hash(env, atoms, tag).unwrap_or(0),
                _ => 0,
            };
            (MessageKind::GenCall, hash)
        }
        [first, _, _] if first == atoms.exit_message => (MessageKind::Exit, 0),
        [first, reference, _] if first == atoms.timeout => {
            (MessageKind::Timeout, env.reference_hash(reference).unwrap_or(0))
        }
        [first, reference, _, _, _] if first == atoms.down => {
            (MessageKind::Down, env.reference_hash(reference).unwrap_or(0))
        }
        _ => other,
    }
}

/// Whether what the VM calls received is the `after` of a `receive` that fired, or a message of the same look.
#[inline(always)]
pub(crate) fn is_timeout(term: u64) -> bool {
    atoms().is_some_and(|atoms| term == atoms.timeout)
}

/// The hash of a call's tag: a reference, bare or as `[alias | Ref]`.
fn tag_hash(env: CallEnv<'_>, atoms: &Atoms, tag: u64) -> Option<u64> {
    env.reference_hash(tag).or_else(|| {
        let (head, tail) = env.list_cell(tag)?;
        if head == atoms.alias { env.reference_hash(tail) } else { None }
    })
}

/// The class in `{Class, Value}`.
pub(crate) fn exception_class(env: CallEnv<'_>, atoms: &Atoms, term: u64) -> ExceptionClass {
    match env.tuple(term) {
        Some(&[class, _]) if class == atoms.error => ExceptionClass::Error,
        Some(&[class, _]) if class == atoms.exit => ExceptionClass::Exit,
        Some(&[class, _]) if class == atoms.throw => ExceptionClass::Throw,
        _ => ExceptionClass::Unknown,
    }
}

/// The sizes the VM tells at a garbage collection, in words; 0 where the VM gives none.
#[derive(Clone, Copy, Default)]
pub(crate) struct HeapSizes([u64; SIZES]);

const SIZES: usize = 12;

macro_rules! heap_sizes {
    ($( $name:ident = $place:literal $atom:literal, )+) => {
        /// The VM's names of the sizes, in the order in which it lists them today.
        const SIZE_NAMES: [&str; SIZES] = [ $( $atom, )+ ];

        impl HeapSizes {
            $( pub(crate) const fn $name(&self) -> u64 { self.0[$place] } )+
        }
    };
}
heap_sizes! {
    word_size = 0 "wordsize",
    old_heap_block = 1 "old_heap_block_size",
    heap_block = 2 "heap_block_size",
    mbuf = 3 "mbuf_size",
    recent = 4 "recent_size",
    stack = 5 "stack_size",
    old_heap = 6 "old_heap_size",
    heap = 7 "heap_size",
    bin_vheap = 8 "bin_vheap_size",
    bin_vheap_block = 9 "bin_vheap_block_size",
    bin_old_vheap = 10 "bin_old_vheap_size",
    bin_old_vheap_block = 11 "bin_old_vheap_block_size",
}

/// Entries looked at in the VM's list; it has twelve.
const SIZES_READ: usize = 32;

/// Reads `[{Name, Words}, ...]`, by name: releases may list them in any order. The order of today's is tried first.
pub(crate) fn heap_sizes(env: CallEnv<'_>, atoms: &Atoms, list: u64) -> Option<HeapSizes> {
    let mut sizes = HeapSizes::default();
    if sizes.read_in_order(env, atoms, list).is_some() {
        return Some(sizes);
    }
    sizes = HeapSizes::default();
    sizes.read_by_name(env, atoms, list)?;
    Some(sizes)
}

impl HeapSizes {
    /// All of them, each where it is today, and none larger than a small integer.
    #[inline(always)]
    fn read_in_order(&mut self, env: CallEnv<'_>, atoms: &Atoms, mut list: u64) -> Option<()> {
        for (size, &expected) in self.0.iter_mut().zip(&atoms.sizes) {
            let (head, tail) = env.list_cell(list)?;
            let &[name, value] = env.tuple_in_place(head)? else { return None };
            if name != expected {
                return None;
            }
            *size = layout::small_value(value)?;
            list = tail;
        }
        Some(())
    }

    #[cold]
    #[inline(never)]
    fn read_by_name(&mut self, env: CallEnv<'_>, atoms: &Atoms, mut list: u64) -> Option<()> {
        let mut found = 0;
        for _ in 0..SIZES_READ {
            let Some((head, tail)) = env.list_cell(list) else { break };
            list = tail;
            let Some(&[name, value]) = env.tuple(head) else { continue };
            let Some(place) = atoms.sizes.iter().position(|&size| size == name) else { continue };
            self.0[place] = match layout::small_value(value) {
                Some(words) => words,
                None => env.unsigned(value)?,
            };
            found += 1;
        }
        (found > 0).then_some(())
    }
}

/// An exit reason reduced to its shape: `normal`, `{badmatch,_}`, `{{badmatch,_},_}`, `_`. No data leaves the VM.
pub(crate) struct Shape {
    text: [u8; SHAPE_BYTES],
    length: usize,
    is_truncated: bool,
}

const SHAPE_BYTES: usize = 256;
/// Room that is always left for the closing of what was opened.
const SHAPE_RESERVE: usize = 32;
const SHAPE_DEPTH: u32 = 2;
const SHAPE_ELEMENTS: usize = 4;

impl Shape {
    pub(crate) fn of(env: CallEnv<'_>, reason: u64) -> Shape {
        let mut shape = Shape { text: [0; SHAPE_BYTES], length: 0, is_truncated: false };
        shape.write(env, reason, SHAPE_DEPTH);
        shape
    }

    pub(crate) const fn as_ptr(&self) -> *const c_char {
        self.text.as_ptr().cast()
    }

    pub(crate) const fn is_truncated(&self) -> bool {
        self.is_truncated
    }

    fn write(&mut self, env: CallEnv<'_>, term: u64, depth: u32) {
        if layout::atom_index(term).is_some() {
            let mut latin = [0; 256];
            match env.latin_atom(term, &mut latin).filter(|name| name.is_ascii() && !name.contains(&0)) {
                Some(name) => self.push_name(name),
                None => self.write_other_atom(env, term),
            }
            return;
        }
        let Some(elements) = env.tuple(term).filter(|_| depth > 0) else { return self.push(b"_") };
        self.push(b"{");
        for (index, &element) in elements.iter().enumerate() {
            if index > 0 {
                self.push(b",");
            }
            match index {
                0 => self.write(env, element, depth - 1),
                SHAPE_ELEMENTS.. => {
                    self.push(b"...");
                    break;
                }
                _ => self.push(b"_"),
            }
        }
        self.push(b"}");
    }

    /// Adds an atom's name of any letters, for which more room is needed.
    #[cold]
    #[inline(never)]
    fn write_other_atom(&mut self, env: CallEnv<'_>, atom: u64) {
        let mut name = AtomName::new();
        match env.atom_name(atom, &mut name) {
            Some(length) => self.push_name(name.bytes(length)),
            None => self.push(b"_"),
        }
    }

    /// Adds an atom's name as far as there is room, cut at a character.
    fn push_name(&mut self, name: &[u8]) {
        let room = (SHAPE_BYTES - SHAPE_RESERVE).saturating_sub(self.length);
        if name.len() <= room {
            return self.push(name);
        }
        self.is_truncated = true;
        let mut cut = room;
        while cut > 0 && name[cut] & 0xC0 == 0x80 {
            cut -= 1;
        }
        self.push(&name[..cut]);
        self.push("…".as_bytes());
    }

    /// Adds bytes that fit into what the reserve guarantees; the last byte stays 0.
    fn push(&mut self, bytes: &[u8]) {
        let room = SHAPE_BYTES - 1 - self.length;
        let taken = bytes.len().min(room);
        self.text[self.length..self.length + taken].copy_from_slice(&bytes[..taken]);
        self.length += taken;
    }
}
