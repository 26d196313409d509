//! OTP's LTTng events: the same fields with the same texts as a VM built with LTTng gives.

use crate::depth;
use crate::emitter::Emitter;
use crate::function_text::FunctionText;
use crate::layout;
use crate::naming::function_number;
use crate::provider::emit_otp;
use crate::term::{self, HeapSizes};
use crate::writer::{OTP_BYTES, Text};
use beamtap_schema::{EventKind, ExceptionClass, otp_wire};
use std::ffi::{CStr, c_char};

impl Emitter<'_> {
    /// Emits OTP's event for this one; nothing when a term cannot be read.
    #[cold]
    #[inline(never)]
    pub(crate) fn emit_as_otp(&self, kind: EventKind) -> Option<()> {
        let (tracee, term) = (self.traced.tracee, self.traced.term);
        match kind {
            EventKind::Call | EventKind::ReturnFrom | EventKind::ReturnTo | EventKind::ExceptionFrom => {
                return self.function_as_otp(kind);
            }
            EventKind::Send | EventKind::SendToNonExistingProcess => {
                let (mut own, to, message) = (None, self.text(self.extra()?), self.text(term));
                emit_otp(&otp_wire::MessageSend {
                    from: self.tracee_text(&mut own),
                    to: to.as_ptr(),
                    message: message.as_ptr(),
                });
            }
            EventKind::Receive | EventKind::ReceiveTimeout | EventKind::PortReceive => {
                let (mut own, message) = (None, self.text(term));
                let to = self.tracee_text(&mut own);
                emit_otp(&otp_wire::MessageReceive { to, message: message.as_ptr() });
            }
            EventKind::Spawn => {
                let (pid, mut own, mut room) = (self.text(term), None, FunctionText::room());
                let parent = self.tracee_text(&mut own);
                let entry = self.function_text(&mut room, self.extra()?);
                emit_otp(&otp_wire::ProcessSpawn { pid: pid.as_ptr(), parent, entry });
            }
            EventKind::Exit => {
                let (mut own, reason) = (None, self.text(term));
                let pid = self.tracee_text(&mut own);
                emit_otp(&otp_wire::ProcessExit { pid, reason: reason.as_ptr() });
            }
            EventKind::Register | EventKind::Unregister => {
                let (pid, name) = (self.text(tracee), self.text(term));
                let what = if kind == EventKind::Register { c"register" } else { c"unregister" };
                emit_otp(&otp_wire::ProcessRegister {
                    pid: pid.as_ptr(),
                    name: name.as_ptr(),
                    r#type: what.as_ptr(),
                });
            }
            EventKind::Link | EventKind::Unlink | EventKind::GettingLinked | EventKind::GettingUnlinked => {
                let (own, peer) = (self.text(tracee), self.text(term));
                let is_own = matches!(kind, EventKind::Link | EventKind::Unlink);
                let (from, to) = if is_own { (&own, &peer) } else { (&peer, &own) };
                let is_link = matches!(kind, EventKind::Link | EventKind::GettingLinked);
                emit_otp(&otp_wire::ProcessLink {
                    from: from.as_ptr(),
                    to: to.as_ptr(),
                    r#type: link_word(is_link).as_ptr(),
                });
            }
            EventKind::In
            | EventKind::Out
            | EventKind::InExiting
            | EventKind::OutExiting
            | EventKind::OutExited => {
                let (mut own, mut room) = (None, FunctionText::room());
                let pid = self.tracee_text(&mut own);
                let entry = self.function_text(&mut room, term);
                let what = match kind {
                    EventKind::In => c"in",
                    EventKind::Out => c"out",
                    EventKind::InExiting => c"in_exiting",
                    EventKind::OutExiting => c"out_exiting",
                    _ => c"out_exited",
                };
                emit_otp(&otp_wire::ProcessScheduled { pid, entry, r#type: what.as_ptr() });
            }
            EventKind::GcMinorStart
            | EventKind::GcMinorEnd
            | EventKind::GcMajorStart
            | EventKind::GcMajorEnd => {
                let sizes = term::heap_sizes(self.traced.env, term::atoms()?, term)?;
                collection(kind, self.tracee_text(&mut None), &sizes);
            }
            _ => return self.port_as_otp(kind),
        }
        Some(())
    }

    fn port_as_otp(&self, kind: EventKind) -> Option<()> {
        let (port, other) = (self.text(self.traced.tracee), self.text(self.traced.term));
        match kind {
            EventKind::Open => {
                let driver = self.text(self.extra()?);
                emit_otp(&otp_wire::PortOpen {
                    pid: other.as_ptr(),
                    driver: driver.as_ptr(),
                    port: port.as_ptr(),
                });
            }
            EventKind::Closed => {
                emit_otp(&otp_wire::PortExit { port: port.as_ptr(), reason: other.as_ptr() });
            }
            EventKind::PortGettingLinked | EventKind::PortGettingUnlinked => {
                let is_link = kind == EventKind::PortGettingLinked;
                emit_otp(&otp_wire::PortLink {
                    from: other.as_ptr(),
                    to: port.as_ptr(),
                    r#type: link_word(is_link).as_ptr(),
                });
            }
            EventKind::PortIn | EventKind::PortOut => {
                let what = if kind == EventKind::PortIn { c"in" } else { c"out" };
                emit_otp(&otp_wire::PortScheduled {
                    pid: port.as_ptr(),
                    entry: other.as_ptr(),
                    r#type: what.as_ptr(),
                });
            }
            // OTP has no event for it.
            _ => {}
        }
        Some(())
    }

    fn function_as_otp(&self, kind: EventKind) -> Option<()> {
        let process = self.pid()?;
        let (mut own, mut room) = (None, FunctionText::room());
        let pid = self.tracee_text(&mut own);
        let entry = self.function_text(&mut room, self.traced.term);
        match kind {
            EventKind::Call => {
                emit_otp(&otp_wire::FunctionCall { pid, entry, depth: depth::enter(process) });
            }
            EventKind::ReturnFrom => {
                emit_otp(&otp_wire::FunctionReturn { pid, entry, depth: depth::leave(process) });
            }
            EventKind::ReturnTo => {
                emit_otp(&otp_wire::FunctionReturn { pid, entry, depth: depth::now(process) });
            }
            _ => {
                depth::leave(process);
                let class = match term::exception_class(self.traced.env, term::atoms()?, self.extra()?) {
                    ExceptionClass::Error => c"error",
                    ExceptionClass::Exit => c"exit",
                    ExceptionClass::Throw => c"throw",
                    ExceptionClass::Unknown => c"undefined",
                };
                emit_otp(&otp_wire::FunctionException { pid, entry, class: class.as_ptr() });
            }
        }
        Some(())
    }

    fn text(&self, term: u64) -> Text<OTP_BYTES> {
        Text::of(self.traced.env, term)
    }

    /// The text of whom the event is about; in `room` where that is a port.
    fn tracee_text(&self, room: &mut Option<Text<OTP_BYTES>>) -> *const c_char {
        let tracee = self.traced.tracee;
        self.block.pids.of(tracee).unwrap_or_else(|| room.insert(self.text(tracee)).as_ptr())
    }

    /// The text of `{M, F, Args}` or `{M, F, Arity}`; `undefined` for anything else.
    fn function_text(&self, room: &mut FunctionText, term: u64) -> *const c_char {
        match term::mfa(self.traced.env, term) {
            Some(function) if layout::atom_index(function.0).is_some() => {
                let number = function_number(self.traced.env, self.block, function).unwrap_or(0);
                room.write(number, function)
            }
            _ => c"undefined".as_ptr(),
        }
    }
}

const fn link_word(is_link: bool) -> &'static CStr {
    if is_link { c"link" } else { c"unlink" }
}

fn collection(kind: EventKind, pid: *const c_char, sizes: &HeapSizes) {
    let (first, heap, old_heap) = (sizes.word_size(), sizes.heap_block(), sizes.old_heap_block());
    match kind {
        EventKind::GcMinorStart => emit_otp(&otp_wire::GcMinorStart { pid, need: first, heap, old_heap }),
        EventKind::GcMajorStart => emit_otp(&otp_wire::GcMajorStart { pid, need: first, heap, old_heap }),
        EventKind::GcMinorEnd => emit_otp(&otp_wire::GcMinorEnd { pid, reclaimed: first, heap, old_heap }),
        _ => emit_otp(&otp_wire::GcMajorEnd { pid, reclaimed: first, heap, old_heap }),
    }
}
