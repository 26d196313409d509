//! What events carried, where a tap asks for it: as text or as a size, bounded while it is read.

use crate::block::Outcome;
use crate::board;
use crate::emitter::Emitter;
use crate::layout;
use crate::payload::{Payload, Payloads, TEXT_BYTES};
use crate::sys::CallEnv;
use crate::term;
use crate::writer::Text;
use beamtap_schema::{Entity, EventKind, PayloadPart, wire};

/// A text, the byte that tells it was cut, and its end.
const ROOM: usize = TEXT_BYTES + 2;
/// Terms inside a term that are looked at for its size.
const TERMS: u32 = 1024;
/// Terms inside terms that are followed for its size.
const DEPTH: u32 = 64;
const WORD: u64 = size_of::<usize>() as u64;

impl Emitter<'_> {
    /// Emits what the event that was just emitted carried. It belongs to that event: it takes nothing from the budget.
    #[cold]
    #[inline(never)]
    pub(crate) fn emit_payload(&self, kind: EventKind, payloads: Payloads) {
        let (env, term) = (self.traced.env, self.traced.term);
        let Some(owner) = layout::entity(self.traced.tracee) else { return };
        let (part, term) = match kind {
            EventKind::Call => match env.tuple(term) {
                // Where the VM was asked for the arity alone, there are no arguments to be had.
                Some(&[_, _, arguments]) if layout::small_value(arguments).is_none() => {
                    (PayloadPart::Arguments, Some(arguments))
                }
                _ => return,
            },
            EventKind::ReturnFrom => (PayloadPart::ReturnValue, self.extra()),
            EventKind::ExceptionFrom => (PayloadPart::ExceptionValue, self.exception_value()),
            EventKind::Send
            | EventKind::SendToNonExistingProcess
            | EventKind::Receive
            | EventKind::PortReceive => (PayloadPart::Message, Some(term)),
            EventKind::Exit | EventKind::Closed => (PayloadPart::ExitReason, Some(term)),
            _ => return,
        };
        match (payloads.of(part), term) {
            (Payload::None, _) | (_, None) => {}
            (Payload::Size, Some(term)) if board::is_enabled(EventKind::PayloadSize) => {
                self.emit_size(owner, part, term);
            }
            (Payload::Text(bytes), Some(term)) if board::is_enabled(EventKind::PayloadText) => {
                self.emit_text(owner, part, term, usize::from(bytes));
            }
            _ => {}
        }
    }

    fn exception_value(&self) -> Option<u64> {
        match self.traced.env.tuple(self.extra()?) {
            Some(&[_, value]) => Some(value),
            _ => None,
        }
    }

    fn emit_text(&self, owner: Entity, part: PayloadPart, term: u64, bytes: usize) {
        let env = self.traced.env;
        // The tags are told by the event itself; a bounded text has more room for what it is about.
        let term = match (part, term::atoms()) {
            (PayloadPart::Message, Some(atoms)) => term::message_body(env, atoms, term),
            _ => term,
        };
        let (text, is_truncated) = Text::<ROOM>::bounded(bytes, |text| match part {
            PayloadPart::Arguments => text.arguments(env, term),
            _ => text.term(env, term),
        });
        self.put(&wire::PayloadText {
            owner: owner.id,
            owner_kind: owner.kind.to_wire(),
            part: part.to_wire(),
            is_truncated: is_truncated.into(),
            text: text.as_ptr(),
        });
        if is_truncated {
            self.block.count(EventKind::PayloadText, Outcome::Truncated);
        }
    }

    fn emit_size(&self, owner: Entity, part: PayloadPart, term: u64) {
        let mut size = Size { bytes: 0, left: TERMS, is_whole: true };
        size.add(self.traced.env, term, DEPTH);
        self.put(&wire::PayloadSize {
            owner: owner.id,
            owner_kind: owner.kind.to_wire(),
            part: part.to_wire(),
            is_lower_bound: (!size.is_whole).into(),
            bytes: size.bytes,
        });
        if !size.is_whole {
            self.block.count(EventKind::PayloadSize, Outcome::Truncated);
        }
    }
}

/// The size of a term, as far as it has been looked at.
struct Size {
    bytes: u64,
    left: u32,
    is_whole: bool,
}

impl Size {
    fn words(&mut self, words: u64) {
        self.bytes += words * WORD;
    }

    fn add(&mut self, env: CallEnv<'_>, term: u64, depth: u32) {
        let mut term = term;
        loop {
            if self.left == 0 || depth == 0 {
                self.is_whole = false;
                return;
            }
            self.left -= 1;
            if layout::is_immediate(term) {
                return;
            }
            let Some((head, tail)) = env.list_cell(term) else { break };
            self.words(2);
            self.add(env, head, depth - 1);
            term = tail;
        }
        if let Some(elements) = env.tuple(term) {
            self.words(1 + elements.len() as u64);
            for &element in elements {
                if self.left == 0 {
                    self.is_whole = false;
                    return;
                }
                self.add(env, element, depth - 1);
            }
        } else if env.is_map(term) {
            self.words(3);
            env.each_pair(term, |key, value| {
                self.words(2);
                self.add(env, key, depth - 1);
                self.add(env, value, depth - 1);
                self.left > 0 || {
                    self.is_whole = false;
                    false
                }
            });
        } else if let Some(bytes) = env.bytes(term) {
            self.words(2);
            self.bytes += bytes.len() as u64;
        } else {
            // Floats have two words; what is inside of funs and references is not looked at.
            self.words(1 + env.integer_words(term).unwrap_or(1) as u64);
        }
    }
}
