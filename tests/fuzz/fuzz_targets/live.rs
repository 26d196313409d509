//! A relay daemon that answers with any bytes.
#![no_main]

use std::io::{self, Read, Write};

use beamtap_ctf::{LiveReader, LiveUrl, Poll, Seek};

/// Says what it has to say, whatever it is asked.
struct Answers(io::Cursor<Vec<u8>>);

impl Read for Answers {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl Write for Answers {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let url = LiveUrl { relay: "relay".into(), port: 5344, session: Some(("vm".into(), "s".into())) };
    let answers = Answers(io::Cursor::new(data.to_vec()));
    let Ok(mut reader) = LiveReader::attach_to(answers, &url, Seek::Beginning) else { return };
    // What was said bounds what can be told: each poll takes some of it or ends.
    for _ in 0..data.len() {
        match reader.poll(i64::MAX) {
            Ok(Poll::Item(_)) => {}
            Ok(Poll::Idle | Poll::End) => break,
            Err(error) if error.is_disconnected() || error.is_protocol() || error.is_limit() => break,
            Err(_) => {}
        }
    }
    reader.finish();
    for _ in 0..data.len() {
        if matches!(reader.poll(i64::MAX), Ok(Poll::End)) {
            return;
        }
    }
    panic!("no end after it is said");
});
