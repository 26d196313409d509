//! An index of any bytes beside a good stream.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(directory) = beamtap_fuzz::with_file("index/c_1.idx", data) {
        beamtap_fuzz::read_by_index(directory.path());
    }
});
