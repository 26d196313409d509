//! Reads the terms of one traced event and hands the event over.

use crate::block::{Block, Outcome};
use crate::layout;
use crate::naming::{atom_number, function_number};
use crate::provider;
use crate::term::{self, Shape};
use crate::traced::Traced;
use beamtap_schema::{EntityKind, EventKind, WireEvent, wire};

/// One event that may be emitted, and the thread's block it is counted in.
pub(crate) struct Emitter<'a> {
    pub(crate) block: &'static Block,
    pub(crate) traced: &'a Traced<'a>,
}

impl Emitter<'_> {
    /// Reads and emits; nothing when a term cannot be read.
    pub(crate) fn emit(&self, kind: EventKind) -> Option<()> {
        #[cfg(feature = "panic-test")]
        self.panic_if_asked();
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
                let class = term::exception_class(self.traced.env, term::atoms()?, self.extra()?);
                self.put(&wire::ExceptionFrom {
                    pid: self.pid()?,
                    function: self.mfa(self.traced.term)?,
                    class: class.to_wire(),
                })
            }
            EventKind::Send | EventKind::SendToNonExistingProcess => return self.send(kind),
            EventKind::Receive => return self.receive(),
            EventKind::ReceiveTimeout => self.put(&wire::ReceiveTimeout { pid: self.pid()? }),
            EventKind::PortReceive
            | EventKind::Open
            | EventKind::Closed
            | EventKind::PortRegister
            | EventKind::PortUnregister
            | EventKind::PortGettingLinked
            | EventKind::PortGettingUnlinked
            | EventKind::PortIn
            | EventKind::PortOut => return self.port_event(kind),
            EventKind::SeqSend | EventKind::SeqReceive | EventKind::SeqPrint => return self.sequence(kind),
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

    #[cfg(feature = "panic-test")]
    fn panic_if_asked(&self) {
        let mut name = crate::sys::AtomName::new();
        if let Some((_, function, _)) = term::mfa(self.traced.env, self.traced.term)
            && let Some(length) = self.traced.env.atom_name(function, &mut name)
        {
            assert_ne!(name.bytes(length), b"beamtap_panic", "asked for by the test");
        }
    }

    #[inline(always)]
    pub(crate) fn put<E: WireEvent>(&self, event: &E) {
        provider::emit(event);
        self.block.count(E::KIND, Outcome::Emitted);
    }

    #[inline(always)]
    pub(crate) fn pid(&self) -> Option<u64> {
        self.block.pid(self.traced.tracee)
    }

    pub(crate) fn extra(&self) -> Option<u64> {
        self.traced.env.map_value(self.traced.options, term::atoms()?.extra)
    }

    #[inline(always)]
    fn mfa(&self, term: u64) -> Option<u32> {
        let mfa = term::mfa(self.traced.env, term)?;
        function_number(self.traced.env, self.block, mfa)
    }

    /// The function, or 0 where the VM gives `undefined` or 0 for "none".
    fn mfa_or_none(&self, term: u64) -> Option<u32> {
        if layout::small_value(term) == Some(0) || term == term::atoms()?.undefined {
            return Some(0);
        }
        self.mfa(term)
    }

    fn scheduled(&self) -> Option<(u64, u32, u32)> {
        Some((self.pid()?, self.mfa_or_none(self.traced.term)?, self.block.thread_id()))
    }

    /// Who a message goes to, with names as numbers.
    pub(crate) fn destination(&self, term: u64) -> Option<(u64, u8)> {
        let (to, name) = term::destination(self.traced.env, term);
        let id = match name {
            Some(atom) => u64::from(atom_number(self.traced.env, self.block, atom)?),
            None => to.id,
        };
        Some((id, to.kind.to_wire()))
    }

    fn send(&self, kind: EventKind) -> Option<()> {
        let from = layout::entity(self.traced.tracee)?;
        let (to, to_kind) = self.destination(self.extra()?)?;
        let (message, tag) = term::message(self.traced.env, term::atoms()?, self.traced.term);
        let event = wire::Send {
            from: from.id,
            from_kind: from.kind.to_wire(),
            to,
            to_kind,
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
        let (message, tag) = term::message(self.traced.env, term::atoms()?, self.traced.term);
        self.put(&wire::Receive { to: to.id, to_kind: to.kind.to_wire(), message: message.to_wire(), tag });
        Some(())
    }

    /// The events of flag `procs`.
    fn lifecycle(&self, kind: EventKind) -> Option<()> {
        let &Traced { env, term, .. } = self.traced;
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

    pub(crate) fn peer(&self) -> (u64, u8) {
        match layout::entity(self.traced.term) {
            Some(entity) => (entity.id, entity.kind.to_wire()),
            None => (0, EntityKind::Remote.to_wire()),
        }
    }

    fn collection(&self, kind: EventKind) -> Option<()> {
        let (pid, thread) = (self.pid()?, self.block.thread_id());
        let sizes = term::heap_sizes(self.traced.env, term::atoms()?, self.traced.term)?;
        let start = wire::GcMinorStart {
            pid,
            thread,
            need_words: sizes.word_size(),
            heap_words: sizes.heap(),
            heap_block_words: sizes.heap_block(),
            old_heap_words: sizes.old_heap(),
            old_heap_block_words: sizes.old_heap_block(),
            stack_words: sizes.stack(),
            recent_words: sizes.recent(),
            mbuf_words: sizes.mbuf(),
            bin_vheap_words: sizes.bin_vheap(),
            bin_vheap_block_words: sizes.bin_vheap_block(),
            bin_old_vheap_words: sizes.bin_old_vheap(),
            bin_old_vheap_block_words: sizes.bin_old_vheap_block(),
        };
        match kind {
            EventKind::GcMinorStart => self.put(&start),
            EventKind::GcMajorStart => self.put(&major_start(&start)),
            EventKind::GcMinorEnd => self.put(&minor_end(&start)),
            EventKind::GcMajorEnd => self.put(&major_end(&start)),
            _ => self.put(&wire::GcMaxHeapSize {
                pid,
                thread,
                heap_words: sizes.heap(),
                heap_block_words: sizes.heap_block(),
                old_heap_words: sizes.old_heap(),
                old_heap_block_words: sizes.old_heap_block(),
                stack_words: sizes.stack(),
                mbuf_words: sizes.mbuf(),
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
