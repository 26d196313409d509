//! The shortest way of OTP's own calls and returns: where their texts have been written before.

use crate::block;
use crate::board;
use crate::depth;
use crate::function_text;
use crate::gate;
use crate::provider::emit_otp;
use crate::traced::Given;
use beamtap_schema::{EventKind, otp_wire};

/// Emits a call or a return that is recorded as OTP's own event alone, with texts written before. Answers whether it did;
/// where it did not, nothing has happened.
#[inline(always)]
pub(crate) fn trace(given: Given<'_>) -> bool {
    let kind = match given.tag() {
        tag if board::is_tag(EventKind::Call, tag) => EventKind::Call,
        tag if board::is_tag(EventKind::ReturnFrom, tag) => EventKind::ReturnFrom,
        _ => return false,
    };
    if !board::is_otp_enabled(kind) || board::is_enabled(kind) {
        return false;
    }
    let Some(block) = block::mine() else { return false };
    let (state, traced) = (given.state(), given.traced());
    block.enter();
    let read = if gate::is_open(state) { traced.process_and_function(block) } else { None };
    let is_emitted = read.is_some_and(|(process, function)| {
        let texts = block.pids.known(traced.tracee).zip(function_text::known(function));
        texts.filter(|_| gate::spend_quickly(block, state)).is_some_and(|(pid, entry)| {
            if kind == EventKind::Call {
                emit_otp(&otp_wire::FunctionCall { pid, entry, depth: depth::enter(process) });
            } else {
                emit_otp(&otp_wire::FunctionReturn { pid, entry, depth: depth::leave(process) });
            }
            true
        })
    });
    block.leave();
    is_emitted
}
