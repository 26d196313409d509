//! The wire to a relay daemon: numbers, names and data of its answers, in time and within bounds.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::error::{Error, Kind};

/// Longest time to wait for the relay daemon to connect or to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Least bytes of a long answer in a second: what comes slower is as if nothing came.
const RATE: u64 = 64 << 10;
/// Most sessions and streams that a reply may list.
const MAX_COUNT: u32 = 1 << 16;
/// Largest piece of a packet and of metadata, in bytes.
const MAX_DATA: u32 = 32 << 20;
/// Bytes of data for which room is made at once.
const SMALLEST_PIECE: usize = 64 << 10;
const LARGEST_PIECE: usize = 1 << 20;
/// Longest name in a reply.
const MAX_NAME: u32 = 4096;
/// Most bytes of all names that one connection may tell.
const MAX_NAMES: usize = 16 << 20;

/// What a connection goes over.
pub(super) trait Wire: Read + Write + Send {}

impl<T: Read + Write + Send> Wire for T {}

/// A connection to a relay daemon.
pub(super) struct Connection {
    stream: Box<dyn Wire>,
    pub(super) minor: u32,
    /// When the last command was sent, and how much has come since.
    asked: Instant,
    received: u64,
    /// How long an answer may take.
    patience: Duration,
    names_left: usize,
}

pub(super) fn protocol<T>(what: impl Into<String>) -> Result<T, Error> {
    Err(Error::new(Kind::Protocol, what))
}

impl Connection {
    pub(super) fn over(stream: Box<dyn Wire>) -> Connection {
        let (asked, received, names_left) = (Instant::now(), 0, MAX_NAMES);
        Connection { stream, minor: 4, asked, received, patience: PATIENCE, names_left }
    }

    /// Sends a command in one write: in two, the second would wait for the first's acknowledgement.
    pub(super) fn send(&mut self, command: u32, payload: &[u8]) -> Result<(), Error> {
        let mut message = Vec::with_capacity(16 + payload.len());
        message.extend((payload.len() as u64).to_be_bytes());
        message.extend(command.to_be_bytes());
        message.extend(0u32.to_be_bytes());
        message.extend(payload);
        (self.asked, self.received) = (Instant::now(), 0);
        self.stream
            .write_all(&message)
            .map_err(|e| Error::with_source(Kind::Disconnected, "cannot send to the relay daemon", e))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        let mut done = 0;
        while done < bytes.len() {
            done += self.read(&mut bytes[done..])?;
        }
        Ok(())
    }

    /// Takes some bytes of the answer. A wait for one of them ends by itself; that all of it comes in time is seen to here.
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Error> {
        let length = loop {
            match self.stream.read(bytes) {
                Ok(0) => {
                    return Err(Error::new(Kind::Disconnected, "the relay daemon closed the connection"));
                }
                Ok(length) => break length,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => {
                    let what = "the relay daemon does not answer";
                    return Err(Error::with_source(Kind::Disconnected, what, e));
                }
            }
        };
        self.received += length as u64;
        if self.asked.elapsed() > self.patience + Duration::from_secs(self.received / RATE) {
            let seconds = self.patience.as_secs_f64();
            let what =
                format!("the relay daemon answers too slowly: an answer is incomplete after {seconds} s");
            return Err(Error::new(Kind::Disconnected, what));
        }
        Ok(length)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Error> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    pub(super) fn u64(&mut self) -> Result<u64, Error> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    /// Takes text of a fixed size, padded with NULs.
    pub(super) fn text(&mut self, size: u32) -> Result<String, Error> {
        if size > MAX_NAME {
            return protocol(format!("a name of {size} bytes"));
        }
        let mut bytes = vec![0; size as usize];
        self.fill(&mut bytes)?;
        let end = memchr::memchr(0, &bytes).unwrap_or(bytes.len());
        match self.names_left.checked_sub(end) {
            Some(left) => self.names_left = left,
            None => return protocol("the relay daemon sends more names than this reader keeps"),
        }
        Ok(String::from_utf8_lossy(&bytes[..end]).into_owned())
    }

    /// Takes data in pieces, so that memory follows what was really sent.
    pub(super) fn data(&mut self, length: u64) -> Result<Vec<u8>, Error> {
        if length > MAX_DATA.into() {
            return protocol(format!("the relay daemon sends {length} bytes at once"));
        }
        let mut data = Vec::new();
        let mut done = 0;
        while done < length as usize {
            if done == data.len() {
                let more = data.len().clamp(SMALLEST_PIECE, LARGEST_PIECE).min(length as usize - done);
                data.reserve_exact(more);
                data.resize(done + more, 0);
            }
            done += self.read(&mut data[done..])?;
        }
        Ok(data)
    }

    pub(super) fn count(&mut self) -> Result<u32, Error> {
        match self.u32()? {
            count if count <= MAX_COUNT => Ok(count),
            count => protocol(format!("the relay daemon lists {count} entries")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte at a time, and takes its time for each.
    struct Drip(u8, Duration);

    impl Read for Drip {
        fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
            std::thread::sleep(self.1);
            bytes[0] = self.0;
            Ok(1)
        }
    }

    impl Write for Drip {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_answer_that_drips_ends_in_time() {
        let mut connection = Connection::over(Box::new(Drip(0, Duration::from_millis(1))));
        connection.patience = Duration::from_millis(20);
        // A thousand bytes that never come fast enough: each of them came in time.
        connection.send(2, &[]).unwrap();
        let error = connection.data(1000).unwrap_err();
        assert!(error.is_disconnected() && error.to_string().contains("incomplete after 0.02 s"), "{error}");
        // The next question has its own time.
        connection.send(2, &[]).unwrap();
        assert_eq!(connection.u32().unwrap(), 0);
    }

    #[test]
    fn names_without_end_are_refused() {
        let mut connection = Connection::over(Box::new(Drip(b'x', Duration::ZERO)));
        connection.names_left = 100;
        connection.send(2, &[]).unwrap();
        assert_eq!(connection.text(64).unwrap(), "x".repeat(64));
        let error = connection.text(64).unwrap_err();
        assert!(error.is_protocol() && error.to_string().contains("more names"), "{error}");
    }
}
