//! The table the NIF looks up.

use beamtap_schema::{OtpTable, OTP_EVENT_COUNT, OTP_SCHEMA_ID};
use std::ffi::c_int;
use std::sync::OnceLock;

lttng_ust::import_tracepoints!(concat!(env!("CARGO_MANIFEST_DIR"), "/generated/tracepoints.rs"), tracepoints);

struct Shared(OtpTable);

// SAFETY: the table is never written after it was made, and what it points to are LTTng's switches, which LTTng itself
// writes from another thread while everybody else only reads them.
unsafe impl Sync for Shared {}
// SAFETY: as above; nothing in the table belongs to the thread that made it.
unsafe impl Send for Shared {}

static TABLE: OnceLock<Shared> = OnceLock::new();

/// The provider's table. It stays valid for the life of the process, since the library is never unloaded.
#[no_mangle]
pub extern "C" fn beamtap_provider_otp() -> *const OtpTable {
    let table = TABLE.get_or_init(|| {
        let mut enabled = [std::ptr::null::<c_int>(); OTP_EVENT_COUNT];
        for (switch, find) in enabled.iter_mut().zip(tracepoints::ENABLED) {
            // SAFETY: the function takes nothing and returns the address of a static of the rendered C source.
            *switch = unsafe { find() };
        }
        Shared(OtpTable { schema_id: OTP_SCHEMA_ID, enabled, emit: tracepoints::EMIT })
    });
    &table.0
}
