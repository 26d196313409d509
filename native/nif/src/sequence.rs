//! The events of sequential tracing.

use crate::emitter::Emitter;
use crate::layout;
use crate::term;
use crate::traced::Traced;
use beamtap_schema::{EventKind, wire};

/// Which of the events it is: the VM has one tag for all and says it in the term.
pub(crate) fn kind(traced: &Traced<'_>) -> Option<EventKind> {
    let atoms = term::atoms()?;
    match *traced.env.tuple(traced.term)?.first()? {
        what if what == atoms.send => Some(EventKind::SeqSend),
        what if what == atoms.receive => Some(EventKind::SeqReceive),
        what if what == atoms.print => Some(EventKind::SeqPrint),
        _ => None,
    }
}

impl Emitter<'_> {
    /// Emits the event of `{What, {Previous, Serial}, From, To, Message}`; the label stands where other events have
    /// their tracee.
    pub(crate) fn sequence(&self, kind: EventKind) -> Option<()> {
        let env = self.traced.env;
        let &[_, serials, from, to, message] = env.tuple(self.traced.term)? else { return None };
        let &[previous, serial] = env.tuple(serials)? else { return None };
        let (previous, serial) = (env.unsigned(previous)?, env.unsigned(serial)?);
        let label = layout::small_value(self.traced.tracee)
            .unwrap_or_else(|| env.reference_hash(self.traced.tracee).unwrap_or(0));
        let (from, from_kind) = self.destination(from)?;
        if kind == EventKind::SeqPrint {
            self.put(&wire::SeqPrint { label, previous, serial, from, from_kind });
            return Some(());
        }
        let (to, to_kind) = self.destination(to)?;
        let (message, tag) = term::message(env, term::atoms()?, message);
        let message = message.to_wire();
        if kind == EventKind::SeqSend {
            self.put(&wire::SeqSend { label, previous, serial, from, from_kind, to, to_kind, message, tag });
        } else {
            self.put(&wire::SeqReceive {
                label,
                previous,
                serial,
                from,
                from_kind,
                to,
                to_kind,
                message,
                tag,
            });
        }
        Some(())
    }
}
