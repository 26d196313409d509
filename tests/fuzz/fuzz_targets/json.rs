//! CTF 2 metadata before packets that it may or may not describe.
#![no_main]

use std::sync::LazyLock;

use beamtap_fuzz::Changed;

static TRACE: LazyLock<Option<Changed>> = LazyLock::new(|| Changed::new("metadata").ok());

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // A record separator in front makes JSON of everything.
    let text = [b"\x1e", data].concat();
    if let Some(directory) = TRACE.as_ref().and_then(|trace| trace.with(&text).ok()) {
        beamtap_fuzz::read(directory);
    }
});
