//! An index of any bytes beside a good stream.
#![no_main]

use std::sync::LazyLock;

use beamtap_fuzz::Changed;

static TRACE: LazyLock<Option<Changed>> = LazyLock::new(|| Changed::new("index/c_1.idx").ok());

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some(directory) = TRACE.as_ref().and_then(|trace| trace.with(data).ok()) {
        beamtap_fuzz::read_by_index(directory);
    }
});
