//! The atoms that NIFs take and answer with.

use crate::gate::Trip;
use rustler::Atom;

rustler::atoms! {
    ok,
    error,
    timeout,
    infinity,
    not_loaded,
    loaded,
    failed,
    unknown_layout,
    no_slot,
    no_tap,
    no_provider,
    has_own,
    lttng,
    no_guard,
    not_quiet,
    idle,
    armed,
    tripped,
    none,
    events,
    events_per_second,
    rate,
    deadline,
    deadline_ms,
    owner,
    panics,
    payloads,
    size,
    text,
    number,
    begin = "begin",
    running,
    end = "end",
    snapshot,
}

/// Why a tap stopped by itself.
pub(crate) fn trip_atom(reason: Trip) -> Atom {
    match reason {
        Trip::None => none(),
        Trip::Events => events(),
        Trip::Deadline => deadline(),
        Trip::Owner => owner(),
        Trip::Panics => panics(),
        Trip::Rate => rate(),
    }
}
