//! TSDL metadata, in packets or plain, before packets that it may or may not describe.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(directory) = beamtap_fuzz::with_file("metadata", data) {
        beamtap_fuzz::read(directory.path());
    }
});
