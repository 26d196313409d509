//! The VM's clocks.

use crate::clock::monotonic_ns;
use beamtap_schema::wire;
use rustler::sys::{ErlNifTimeUnit, enif_monotonic_time, enif_time_offset};

/// How the VM's clocks stand to CLOCK_MONOTONIC; nothing on a thread of which the VM knows nothing.
pub(crate) fn clock_offsets() -> Option<wire::DefClock> {
    let unit = ErlNifTimeUnit::ERL_NIF_NSEC;
    // SAFETY: both take a unit and answer with a number.
    let (vm, offset) = unsafe { (enif_monotonic_time(unit), enif_time_offset(unit)) };
    // The smallest number there is says that there is no answer.
    if vm == i64::MIN || offset == i64::MIN {
        return None;
    }
    let now = monotonic_ns();
    Some(wire::DefClock {
        monotonic_offset_ns: now.wrapping_sub(vm as u64),
        system_offset_ns: (vm as u64).wrapping_add(offset as u64).wrapping_sub(now),
    })
}
