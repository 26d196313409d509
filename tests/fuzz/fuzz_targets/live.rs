//! A relay daemon that answers with any bytes.
#![no_main]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};

use beamtap_ctf::{LiveReader, LiveUrl, Poll, Seek};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(listener) = TcpListener::bind("127.0.0.1:0") else { return };
    let Ok(address) = listener.local_addr() else { return };
    let url =
        LiveUrl { relay: "127.0.0.1".into(), port: address.port(), session: Some(("vm".into(), "s".into())) };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let Ok((mut stream, _)) = listener.accept() else { return };
            // The client may leave before it has all.
            let _ = stream.write_all(data);
            let _ = stream.shutdown(Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let Ok(mut reader) = LiveReader::attach(&url, Seek::Beginning) else { return };
        // What was sent bounds what can be told: each poll takes some of it or ends.
        for _ in 0..data.len() {
            match reader.poll(i64::MAX) {
                Ok(Poll::Item(_)) => {}
                Ok(Poll::Idle | Poll::End) => break,
                Err(error) if error.is_disconnected() || error.is_protocol() || error.is_limit() => break,
                Err(_) => {}
            }
        }
    });
});
