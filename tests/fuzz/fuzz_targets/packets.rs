//! A stream file of any bytes under good metadata.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(directory) = beamtap_fuzz::with_file("c_1", data) {
        beamtap_fuzz::read(directory.path());
    }
});
