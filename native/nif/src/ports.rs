//! The events of ports.

use crate::block::Outcome;
use crate::emitter::Emitter;
use crate::layout;
use crate::naming::atom_number;
use crate::sys::CallEnv;
use crate::term::{self, Atoms, Shape};
use beamtap_schema::{EventKind, PortOp, wire};

impl Emitter<'_> {
    /// Emits the event of a port; nothing when a term cannot be read.
    pub(crate) fn port_event(&self, kind: EventKind) -> Option<()> {
        let (env, term) = (self.traced.env, self.traced.term);
        let port = layout::port(self.traced.tracee)?;
        match kind {
            EventKind::Open => {
                let driver = atom_number(env, self.block, self.extra()?)?;
                self.put(&wire::Open { port, opener: layout::pid(term).unwrap_or(0), driver });
            }
            EventKind::Closed => {
                let shape = Shape::of(env, term);
                self.put(&wire::Closed { port, reason: shape.as_ptr() });
                if shape.is_truncated() {
                    self.block.count(kind, Outcome::Truncated);
                }
            }
            EventKind::PortRegister => {
                self.put(&wire::PortRegister { port, name: atom_number(env, self.block, term)? });
            }
            EventKind::PortUnregister => {
                self.put(&wire::PortUnregister { port, name: atom_number(env, self.block, term)? });
            }
            EventKind::PortGettingLinked => {
                let (peer, peer_kind) = self.peer();
                self.put(&wire::PortGettingLinked { port, peer, peer_kind });
            }
            EventKind::PortGettingUnlinked => {
                let (peer, peer_kind) = self.peer();
                self.put(&wire::PortGettingUnlinked { port, peer, peer_kind });
            }
            EventKind::PortIn => {
                self.put(&wire::PortIn {
                    port,
                    operation: self.operation()?,
                    thread: self.block.thread_id(),
                });
            }
            EventKind::PortOut => {
                self.put(&wire::PortOut {
                    port,
                    operation: self.operation()?,
                    thread: self.block.thread_id(),
                });
            }
            EventKind::PortReceive => {
                let &[caller, told] = env.tuple(term)? else { return None };
                let (from, from_kind) = self.destination(caller)?;
                let told = told_of(env, term::atoms()?, told);
                self.put(&wire::PortReceive {
                    port,
                    from,
                    from_kind,
                    op: told.op.to_wire(),
                    command: told.command,
                    bytes: told.bytes,
                });
            }
            _ => return None,
        }
        Some(())
    }

    /// Where in its work the port is: an atom, or 0 where the VM gives none.
    fn operation(&self) -> Option<u32> {
        match layout::small_value(self.traced.term) {
            Some(_) => Some(0),
            None => atom_number(self.traced.env, self.block, self.traced.term),
        }
    }
}

/// What a port was told.
struct Told {
    op: PortOp,
    command: u64,
    bytes: u64,
}

fn told_of(env: CallEnv<'_>, atoms: &Atoms, term: u64) -> Told {
    let plain = |op| Told { op, command: 0, bytes: 0 };
    match env.tuple(term) {
        None if term == atoms.close => plain(PortOp::Close),
        Some(&[op, data]) if op == atoms.command => {
            Told { op: PortOp::Command, command: 0, bytes: env.byte_length(data).unwrap_or(0) }
        }
        Some(&[op, arguments]) if op == atoms.control => numbered(env, PortOp::Control, arguments),
        Some(&[op, arguments]) if op == atoms.call => numbered(env, PortOp::Call, arguments),
        Some(&[op, _]) if op == atoms.connect => plain(PortOp::Connect),
        _ => plain(PortOp::Other),
    }
}

/// `{Number, Data}`.
fn numbered(env: CallEnv<'_>, op: PortOp, arguments: u64) -> Told {
    match env.tuple(arguments) {
        Some(&[number, data]) => {
            Told { op, command: env.unsigned(number).unwrap_or(0), bytes: env.byte_length(data).unwrap_or(0) }
        }
        _ => Told { op, command: 0, bytes: 0 },
    }
}
