//! The interface between the NIF and the tracepoint provider: one table, looked up by name in the loaded library.

use crate::catalogue::{CATALOGUE, EVENT_COUNT};
use std::ffi::{c_int, c_void};

/// The name of the LTTng-UST provider that carries the catalogue.
pub const PROVIDER: &str = "beamtap";

/// The function that the provider library exports: `extern "C" fn() -> *const ProviderTable`.
pub const PROVIDER_SYMBOL: &str = "beamtap_provider";

/// What a provider library with `N` events offers, indexed by their kind.
#[repr(C)]
pub struct Table<const N: usize> {
    /// The id of the catalogue in the library. The table can be used only if the caller has the same id.
    pub schema_id: u64,
    /// Non-zero while a session somewhere has the event enabled. Written by LTTng's listener thread.
    pub enabled: [*const c_int; N],
    /// Records one event; the argument points to the kind's structure in [`wire`](crate::wire) or
    /// [`otp_wire`](crate::otp_wire).
    pub emit: [unsafe extern "C" fn(*const c_void); N],
}

/// The table of the typed events, indexed by [`EventKind`](crate::EventKind).
pub type ProviderTable = Table<EVENT_COUNT>;

/// A number that changes whenever an event's name, field or type does.
pub const SCHEMA_ID: u64 = {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut kind = 0;
    while kind < EVENT_COUNT {
        hash = fold(hash, CATALOGUE[kind].name.as_bytes());
        let fields = CATALOGUE[kind].fields;
        let mut field = 0;
        while field < fields.len() {
            hash = fold(hash, fields[field].name.as_bytes());
            hash = fold(hash, fields[field].field_type.wire().c_type().as_bytes());
            field += 1;
        }
        kind += 1;
    }
    hash
};

/// FNV-1a, with the length folded in so that neighbours cannot run into each other.
pub(crate) const fn fold(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x100_0000_01b3);
        i += 1;
    }
    (hash ^ bytes.len() as u64).wrapping_mul(0x100_0000_01b3)
}
