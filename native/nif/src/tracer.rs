//! What the callbacks do: ask the gate, read the terms, hand over one event.

use crate::block::{self, Block, Outcome};
use crate::gate;
use crate::intern::{self, Interned, Key, Named};
use crate::layout;
use crate::provider;
use crate::sys::{AtomName, CallEnv};
use crate::term::{self, Atoms, Shape};
use beamtap_schema::{CATALOGUE, EVENT_COUNT, EntityKind, EventKind, WireEvent, wire};
use std::sync::OnceLock;

/// The kinds one family of callbacks is asked about.
pub(crate) type Family = &'static [EventKind];

pub(crate) const CALL: Family = &[EventKind::Call];
pub(crate) const SEND: Family = &[EventKind::Send, EventKind::SendToNonExistingProcess];
pub(crate) const RECEIVE: Family = &[EventKind::Receive];
pub(crate) const PROCS: Family = &[
    EventKind::Spawn,
    EventKind::Spawned,
    EventKind::Exit,
    EventKind::Register,
    EventKind::Unregister,
    EventKind::Link,
    EventKind::Unlink,
    EventKind::GettingLinked,
    EventKind::GettingUnlinked,
];
pub(crate) const RUNNING_PROCS: Family =
    &[EventKind::In, EventKind::Out, EventKind::InExiting, EventKind::OutExiting, EventKind::OutExited];
pub(crate) const GARBAGE_COLLECTION: Family = &[
    EventKind::GcMinorStart,
    EventKind::GcMinorEnd,
    EventKind::GcMajorStart,
    EventKind::GcMajorEnd,
    EventKind::GcMaxHeapSize,
];
/// The kinds that come through `trace/5` because their own callbacks must not exist (the VM would call them with too
/// few arguments) or do not; besides calls, which go their own way.
pub(crate) const DEFAULT: Family = &[
    EventKind::ReturnFrom,
    EventKind::ReturnTo,
    EventKind::ExceptionFrom,
    EventKind::Send,
    EventKind::SendToNonExistingProcess,
];
/// What `enabled/3` is asked about where the VM finds no callback of the family's own: in practice `trace_status`.
pub(crate) const ALL: Family = &[
    EventKind::Call,
    EventKind::ReturnFrom,
    EventKind::ReturnTo,
    EventKind::ExceptionFrom,
    EventKind::Send,
    EventKind::SendToNonExistingProcess,
];
/// Ports have no events yet: the VM is told so before it builds anything.
pub(crate) const NONE: Family = &[];

/// The VM's words for the trace tags, by kind.
static TAGS: OnceLock<[u64; EVENT_COUNT]> = OnceLock::new();

/// Looks the trace tags up, once, at load: an event's name is its tag.
pub(crate) fn prepare_tags(make: impl Fn(&str) -> u64) {
    TAGS.get_or_init(|| CATALOGUE.each_ref().map(|event| make(event.name)));
}

#[inline(always)]
fn kind_of(family: Family, tag: u64) -> Option<EventKind> {
    let tags = TAGS.get()?;
    family.iter().copied().find(|&kind| tags[kind as usize] == tag)
}

/// Answers an `enabled` question with `trace`, `discard`, or, for `trace_status` alone, `remove`.
#[inline(always)]
pub(crate) fn enabled(atoms: &Atoms, family: Family, tag: u64, state: u64) -> u64 {
    if tag == atoms.trace_status {
        return if gate::is_alive(state) { atoms.trace } else { atoms.remove };
    }
    let Some(kind) = kind_of(family, tag) else { return atoms.discard };
    if !provider::is_enabled(kind) {
        return atoms.discard;
    }
    if gate::is_open(state) {
        return atoms.trace;
    }
    suppressed(kind);
    atoms.discard
}

#[cold]
fn suppressed(kind: EventKind) {
    match block::mine() {
        Some(block) => block.count(kind, Outcome::Suppressed),
        None => block::overflowed(kind),
    }
}

/// One traced event, as the VM hands it over.
pub(crate) struct Traced<'a> {
    pub(crate) env: CallEnv<'a>,
    pub(crate) atoms: &'static Atoms,
    pub(crate) tracee: u64,
    pub(crate) term: u64,
    pub(crate) options: u64,
}

/// Emits one event that came through `trace/5`: calls, which are most, take the shortest way.
#[inline]
pub(crate) fn trace_default(tag: u64, state: u64, traced: &Traced<'_>) {
    if TAGS.get().is_some_and(|tags| tags[EventKind::Call as usize] == tag) {
        call(state, traced);
    } else {
        trace(DEFAULT, tag, state, traced);
    }
}

/// The same as [`trace`] for the one kind, with nothing to choose.
#[inline]
fn call(state: u64, traced: &Traced<'_>) {
    if !provider::is_enabled(EventKind::Call) {
        return;
    }
    let Some(block) = block::mine() else { return block::overflowed(EventKind::Call) };
    block.enter();
    if gate::is_open(state) && gate::spend(block, state) {
        let emitter = Emitter { block, traced };
        match (emitter.pid(), emitter.mfa(traced.term)) {
            (Some(pid), Some(function)) => emitter.put(&wire::Call { pid, function }),
            _ => block.count(EventKind::Call, Outcome::Unreadable),
        }
    } else {
        block.count(EventKind::Call, Outcome::Suppressed);
    }
    block.leave();
}

/// Emits one event, unless the gate or a limit says no.
pub(crate) fn trace(family: Family, tag: u64, state: u64, traced: &Traced<'_>) {
    let Some(kind) = kind_of(family, tag) else { return };
    // Returns and exceptions come without having been asked about, and the switch may have changed since the question.
    if !provider::is_enabled(kind) {
        return;
    }
    let Some(block) = block::mine() else { return block::overflowed(kind) };
    block.enter();
    if gate::is_open(state) && gate::spend(block, state) {
        let emitter = Emitter { block, traced };
        if emitter.emit(kind).is_none() {
            block.count(kind, Outcome::Unreadable);
        }
    } else {
        block.count(kind, Outcome::Suppressed);
    }
    block.leave();
}

/// Emits one of beamtap's own events, from wherever there is an environment to read atoms in.
pub(crate) fn emit_counted<E: WireEvent>(block: &Block, event: &E) {
    if provider::is_enabled(E::KIND) {
        provider::emit(event);
        block.count(E::KIND, Outcome::Emitted);
    }
}

/// The number of a function or atom; defines it when it is new.
#[inline]
fn number(env: CallEnv<'_>, block: &Block, key: Key) -> u32 {
    match block.cached(key) {
        0 => number_slowly(env, block, key),
        id => id,
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
    block.remember(key, id);
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

/// The number of a function given by three terms; nothing when they are not two atoms and an arity.
pub(crate) fn function_number(env: CallEnv<'_>, block: &Block, mfa: (u64, u64, u64)) -> Option<u32> {
    Key::function(mfa.0, mfa.1, mfa.2).map(|key| number(env, block, key))
}

/// The number of an atom; nothing when the term is none.
pub(crate) fn atom_number(env: CallEnv<'_>, block: &Block, atom: u64) -> Option<u32> {
    Key::atom(atom).map(|key| number(env, block, key))
}

struct Emitter<'a> {
    block: &'static Block,
    traced: &'a Traced<'a>,
}

impl Emitter<'_> {
    /// Reads and emits; nothing when a term cannot be read.
    #[inline]
    fn emit(&self, kind: EventKind) -> Option<()> {
        match kind {
            EventKind::Call => {
                self.put(&wire::Call { pid: self.pid()?, function: self.mfa(self.traced.term)? })
            }
            EventKind::ReturnFrom => {
                self.put(&wire::ReturnFrom { pid: self.pid()?, function: self.mfa(self.traced.term)? })
            }
            EventKind::ReturnTo => {
                self.put(&wire::ReturnTo { pid: self.pid()?, function: self.mfa_or_none(self.traced.term)? })
            }
            EventKind::ExceptionFrom => {
                let class = term::exception_class(self.traced.env, self.traced.atoms, self.extra()?);
                self.put(&wire::ExceptionFrom {
                    pid: self.pid()?,
                    function: self.mfa(self.traced.term)?,
                    class: class.to_wire(),
                })
            }
            EventKind::Send | EventKind::SendToNonExistingProcess => return self.send(kind),
            EventKind::Receive => return self.receive(),
            EventKind::In => {
                let (pid, function, thread) = self.scheduled()?;
                self.put(&wire::In { pid, function, thread })
            }
            EventKind::Out => {
                let (pid, function, thread) = self.scheduled()?;
                self.put(&wire::Out { pid, function, thread })
            }
            EventKind::InExiting => {
                let (pid, function, thread) = self.scheduled()?;
                self.put(&wire::InExiting { pid, function, thread })
            }
            EventKind::OutExiting => {
                let (pid, function, thread) = self.scheduled()?;
                self.put(&wire::OutExiting { pid, function, thread })
            }
            EventKind::OutExited => {
                let (pid, function, thread) = self.scheduled()?;
                self.put(&wire::OutExited { pid, function, thread })
            }
            EventKind::GcMinorStart
            | EventKind::GcMinorEnd
            | EventKind::GcMajorStart
            | EventKind::GcMajorEnd
            | EventKind::GcMaxHeapSize => return self.collection(kind),
            _ => return self.lifecycle(kind),
        }
        Some(())
    }

    #[inline]
    fn put<E: WireEvent>(&self, event: &E) {
        provider::emit(event);
        self.block.count(E::KIND, Outcome::Emitted);
    }

    #[inline]
    fn pid(&self) -> Option<u64> {
        layout::pid(self.traced.tracee)
    }

    fn extra(&self) -> Option<u64> {
        self.traced.env.map_value(self.traced.options, self.traced.atoms.extra)
    }

    #[inline]
    fn mfa(&self, term: u64) -> Option<u32> {
        let mfa = term::mfa(self.traced.env, term)?;
        function_number(self.traced.env, self.block, mfa)
    }

    /// The function, or 0 where the VM gives `undefined` or 0 for "none".
    fn mfa_or_none(&self, term: u64) -> Option<u32> {
        if term == self.traced.atoms.undefined || layout::small_value(term) == Some(0) {
            return Some(0);
        }
        self.mfa(term)
    }

    fn scheduled(&self) -> Option<(u64, u32, u32)> {
        Some((self.pid()?, self.mfa_or_none(self.traced.term)?, self.block.thread_id()))
    }

    fn send(&self, kind: EventKind) -> Option<()> {
        let from = layout::entity(self.traced.tracee)?;
        let (to, name) = term::destination(self.traced.env, self.extra()?);
        let to_id = match name {
            Some(atom) => u64::from(atom_number(self.traced.env, self.block, atom)?),
            None => to.id,
        };
        let (message, tag) = term::message(self.traced.env, self.traced.atoms, self.traced.term);
        let event = wire::Send {
            from: from.id,
            from_kind: from.kind.to_wire(),
            to: to_id,
            to_kind: to.kind.to_wire(),
            message: message.to_wire(),
            tag,
        };
        if kind == EventKind::Send {
            self.put(&event);
        } else {
            let wire::Send { from, from_kind, to, to_kind, message, tag } = event;
            self.put(&wire::SendToNonExistingProcess { from, from_kind, to, to_kind, message, tag });
        }
        Some(())
    }

    fn receive(&self) -> Option<()> {
        let to = layout::entity(self.traced.tracee)?;
        let (message, tag) = term::message(self.traced.env, self.traced.atoms, self.traced.term);
        self.put(&wire::Receive { to: to.id, to_kind: to.kind.to_wire(), message: message.to_wire(), tag });
        Some(())
    }

    /// The events of flag `procs`.
    fn lifecycle(&self, kind: EventKind) -> Option<()> {
        let Traced { env, term, .. } = *self.traced;
        let pid = self.pid()?;
        match kind {
            EventKind::Spawn => {
                let function = self.mfa(self.extra()?)?;
                // A child on another node is not ours to name.
                self.put(&wire::Spawn { pid: layout::pid(term)?, parent: pid, function });
            }
            EventKind::Spawned => {
                let function = self.mfa(self.extra()?)?;
                self.put(&wire::Spawned { pid, parent: layout::pid(term).unwrap_or(0), function });
            }
            EventKind::Exit => {
                let shape = Shape::of(env, term);
                self.put(&wire::Exit { pid, reason: shape.as_ptr() });
                if shape.is_truncated() {
                    self.block.count(kind, Outcome::Truncated);
                }
            }
            EventKind::Register => {
                self.put(&wire::Register { pid, name: atom_number(env, self.block, term)? });
            }
            EventKind::Unregister => {
                self.put(&wire::Unregister { pid, name: atom_number(env, self.block, term)? });
            }
            EventKind::Link => {
                let (peer, peer_kind) = self.peer();
                self.put(&wire::Link { pid, peer, peer_kind });
            }
            EventKind::Unlink => {
                let (peer, peer_kind) = self.peer();
                self.put(&wire::Unlink { pid, peer, peer_kind });
            }
            EventKind::GettingLinked => {
                let (peer, peer_kind) = self.peer();
                self.put(&wire::GettingLinked { pid, peer, peer_kind });
            }
            EventKind::GettingUnlinked => {
                let (peer, peer_kind) = self.peer();
                self.put(&wire::GettingUnlinked { pid, peer, peer_kind });
            }
            // Own events do not come from the VM.
            _ => return None,
        }
        Some(())
    }

    fn peer(&self) -> (u64, u8) {
        match layout::entity(self.traced.term) {
            Some(entity) => (entity.id, entity.kind.to_wire()),
            None => (0, EntityKind::Remote.to_wire()),
        }
    }

    fn collection(&self, kind: EventKind) -> Option<()> {
        let (pid, thread) = (self.pid()?, self.block.thread_id());
        let sizes = term::heap_sizes(self.traced.env, self.traced.atoms, self.traced.term)?;
        let start = wire::GcMinorStart {
            pid,
            thread,
            need_words: sizes.word_size,
            heap_words: sizes.heap,
            heap_block_words: sizes.heap_block,
            old_heap_words: sizes.old_heap,
            old_heap_block_words: sizes.old_heap_block,
            stack_words: sizes.stack,
            recent_words: sizes.recent,
            mbuf_words: sizes.mbuf,
            bin_vheap_words: sizes.bin_vheap,
            bin_vheap_block_words: sizes.bin_vheap_block,
            bin_old_vheap_words: sizes.bin_old_vheap,
            bin_old_vheap_block_words: sizes.bin_old_vheap_block,
        };
        match kind {
            EventKind::GcMinorStart => self.put(&start),
            EventKind::GcMajorStart => self.put(&major_start(&start)),
            EventKind::GcMinorEnd => self.put(&minor_end(&start)),
            EventKind::GcMajorEnd => self.put(&major_end(&start)),
            _ => self.put(&wire::GcMaxHeapSize {
                pid,
                thread,
                heap_words: sizes.heap,
                heap_block_words: sizes.heap_block,
                old_heap_words: sizes.old_heap,
                old_heap_block_words: sizes.old_heap_block,
                stack_words: sizes.stack,
                mbuf_words: sizes.mbuf,
            }),
        }
        Some(())
    }
}

/// The same sizes under another event's name; `$from` and `$to` name the first size, which differs in meaning.
macro_rules! collection_event {
    ($function:ident, $event:ident, $first:ident) => {
        fn $function(from: &wire::GcMinorStart) -> wire::$event {
            wire::$event {
                pid: from.pid,
                thread: from.thread,
                $first: from.need_words,
                heap_words: from.heap_words,
                heap_block_words: from.heap_block_words,
                old_heap_words: from.old_heap_words,
                old_heap_block_words: from.old_heap_block_words,
                stack_words: from.stack_words,
                recent_words: from.recent_words,
                mbuf_words: from.mbuf_words,
                bin_vheap_words: from.bin_vheap_words,
                bin_vheap_block_words: from.bin_vheap_block_words,
                bin_old_vheap_words: from.bin_old_vheap_words,
                bin_old_vheap_block_words: from.bin_old_vheap_block_words,
            }
        }
    };
}
collection_event!(major_start, GcMajorStart, need_words);
collection_event!(minor_end, GcMinorEnd, reclaimed_words);
collection_event!(major_end, GcMajorEnd, reclaimed_words);
