//! CTF 2 metadata before packets that it may or may not describe.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // A record separator in front makes JSON of everything.
    let text = [b"\x1e", data].concat();
    if let Ok(directory) = beamtap_fuzz::with_file("metadata", &text) {
        beamtap_fuzz::read(directory.path());
    }
});
