//! The LTTng-live protocol, version 2.4 and up: commands and replies, all numbers big endian.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::url::LiveUrl;
use crate::error::{Error, Kind};

/// Version that is spoken: CTF 2 sessions show from minor 15 on.
const MAJOR: u32 = 2;
const MINOR: u32 = 15;
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
/// Largest packet, in bytes; more than LTTng's buffers can be.
const MAX_PACKET: u64 = 1 << 32;
/// Longest name in a reply.
const MAX_NAME: u32 = 4096;
/// Most bytes of all names that one connection may tell.
const MAX_NAMES: usize = 16 << 20;

const CONNECT: u32 = 1;
const LIST_SESSIONS: u32 = 2;
const ATTACH_SESSION: u32 = 3;
const GET_NEXT_INDEX: u32 = 4;
const GET_PACKET: u32 = 5;
const GET_METADATA: u32 = 6;
const GET_NEW_STREAMS: u32 = 7;
const CREATE_SESSION: u32 = 8;

/// A session that a relay daemon offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSession {
    /// Number by which the relay daemon knows it.
    pub id: u64,
    /// Period in which data is sent, in microseconds; 0 when the session is not live.
    pub live_timer_us: u32,
    /// Viewers that are attached.
    pub clients: u32,
    /// Streams that it has.
    pub streams: u32,
    /// The traced system.
    pub hostname: String,
    /// Name of the session.
    pub name: String,
}

/// A stream of a session, as the relay daemon announces it.
#[derive(Debug, Clone)]
pub(super) struct StreamEntry {
    pub(super) id: u64,
    pub(super) trace_id: u64,
    pub(super) is_metadata: bool,
    pub(super) path: String,
    pub(super) channel: String,
}

/// What follows in a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct NextIndex {
    pub(super) status: IndexStatus,
    pub(super) has_new_metadata: bool,
    pub(super) has_new_streams: bool,
    pub(super) offset: u64,
    pub(super) packet_bits: u64,
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) stream_class: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IndexStatus {
    Ok,
    Retry,
    /// The stream has ended.
    Gone,
    /// No events up to `end`.
    Inactive,
}

#[derive(Debug)]
pub(super) enum PacketReply {
    Data(Vec<u8>),
    Retry,
    /// Metadata or streams must be asked for first.
    NotYet {
        has_new_metadata: bool,
        has_new_streams: bool,
    },
    Gone,
}

#[derive(Debug)]
pub(super) enum MetadataReply {
    Data(Vec<u8>),
    NothingNew,
    Gone,
}

/// Streams that are new, or the end of the session.
#[derive(Debug)]
pub(super) enum NewStreams {
    Streams(Vec<StreamEntry>),
    NothingNew,
    Gone,
}

/// What a connection goes over.
pub(super) trait Wire: Read + Write + Send {}

impl<T: Read + Write + Send> Wire for T {}

/// A connection to a relay daemon.
pub(super) struct Connection {
    stream: Box<dyn Wire>,
    minor: u32,
    /// When the last command was sent, and how much has come since.
    asked: Instant,
    received: u64,
    /// How long an answer may take.
    patience: Duration,
    names_left: usize,
}

impl Connection {
    pub(super) fn open(url: &LiveUrl) -> Result<Connection, Error> {
        let lost = |e| Error::with_source(Kind::Disconnected, format!("cannot connect to {url}"), e);
        let addresses = (url.relay.as_str(), url.port).to_socket_addrs().map_err(lost)?;
        let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
        for address in addresses {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(lost)?;
                    stream.set_read_timeout(Some(PATIENCE)).map_err(lost)?;
                    stream.set_write_timeout(Some(PATIENCE)).map_err(lost)?;
                    return Connection::greet(Box::new(stream));
                }
                Err(e) => last = e,
            }
        }
        Err(lost(last))
    }
}

fn protocol<T>(what: impl Into<String>) -> Result<T, Error> {
    Err(Error::new(Kind::Protocol, what))
}

impl Connection {
    fn over(stream: Box<dyn Wire>) -> Connection {
        let (asked, received, names_left) = (Instant::now(), 0, MAX_NAMES);
        Connection { stream, minor: 4, asked, received, patience: PATIENCE, names_left }
    }

    pub(super) fn greet(stream: Box<dyn Wire>) -> Result<Connection, Error> {
        let mut connection = Connection::over(stream);
        let mut request = u64::MAX.to_be_bytes().to_vec();
        for word in [MAJOR, MINOR, 1] {
            request.extend(word.to_be_bytes());
        }
        connection.send(CONNECT, &request)?;
        connection.u64()?;
        let (major, minor, _) = (connection.u32()?, connection.u32()?, connection.u32()?);
        if major != MAJOR || minor < 4 {
            return protocol(format!("the relay daemon speaks LTTng-live {major}.{minor}, not 2.4 or later"));
        }
        connection.minor = minor.min(MINOR);
        Ok(connection)
    }

    /// Sends a command in one write: in two, the second would wait for the first's acknowledgement.
    fn send(&mut self, command: u32, payload: &[u8]) -> Result<(), Error> {
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
                    return Err(Error::new(Kind::Disconnected, "the relay daemon has closed the connection"));
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
                format!("the relay daemon answers too slowly: an answer is not whole after {seconds} s");
            return Err(Error::new(Kind::Disconnected, what));
        }
        Ok(length)
    }

    fn u32(&mut self) -> Result<u32, Error> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn u64(&mut self) -> Result<u64, Error> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    /// Takes text of a fixed size, padded with NULs.
    fn text(&mut self, size: u32) -> Result<String, Error> {
        if size > MAX_NAME {
            return protocol(format!("a name of {size} bytes"));
        }
        let mut bytes = vec![0; size as usize];
        self.fill(&mut bytes)?;
        let end = memchr::memchr(0, &bytes).unwrap_or(bytes.len());
        match self.names_left.checked_sub(end) {
            Some(left) => self.names_left = left,
            None => return protocol("the relay daemon tells more names than this reader keeps"),
        }
        Ok(String::from_utf8_lossy(&bytes[..end]).into_owned())
    }

    /// Takes data in pieces, so that memory follows what was really sent.
    fn data(&mut self, length: u64) -> Result<Vec<u8>, Error> {
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

    fn count(&mut self) -> Result<u32, Error> {
        match self.u32()? {
            count if count <= MAX_COUNT => Ok(count),
            count => protocol(format!("the relay daemon lists {count} entries")),
        }
    }

    pub(super) fn list_sessions(&mut self) -> Result<Vec<LiveSession>, Error> {
        self.send(LIST_SESSIONS, &[])?;
        let count = self.count()?;
        let mut sessions = Vec::new();
        for _ in 0..count {
            let (id, live_timer_us, clients, streams) = (self.u64()?, self.u32()?, self.u32()?, self.u32()?);
            let (hostname, name) = if self.minor >= 15 {
                let (hostname, name, _format) = (self.u32()?, self.u32()?, self.u32()?);
                (self.text(hostname)?, self.text(name)?)
            } else {
                (self.text(64)?, self.text(255)?)
            };
            sessions.push(LiveSession { id, live_timer_us, clients, streams, hostname, name });
        }
        Ok(sessions)
    }

    /// Every session of the URL's hostname and name, one at least.
    pub(super) fn sessions_at(&mut self, url: &LiveUrl) -> Result<Vec<LiveSession>, Error> {
        let Some((host, name)) = &url.session else {
            return protocol(format!("{url} names no session"));
        };
        let mut sessions = self.list_sessions()?;
        sessions.retain(|s| s.hostname == *host && s.name == *name);
        if sessions.is_empty() {
            return protocol(format!("there is no session {url}"));
        }
        Ok(sessions)
    }

    pub(super) fn create_session(&mut self) -> Result<(), Error> {
        self.send(CREATE_SESSION, &[])?;
        match self.u32()? {
            1 => Ok(()),
            status => protocol(format!("the relay daemon refuses a viewer's session (status {status})")),
        }
    }

    /// Attaches to a session, from its beginning or from now on.
    pub(super) fn attach(&mut self, session: u64, from_beginning: bool) -> Result<Vec<StreamEntry>, Error> {
        let mut request = session.to_be_bytes().to_vec();
        request.extend(0u64.to_be_bytes());
        request.extend(if from_beginning { 1u32 } else { 2 }.to_be_bytes());
        self.send(ATTACH_SESSION, &request)?;
        let (status, count) = (self.u32()?, self.count()?);
        match status {
            1 => self.streams(count),
            2 => protocol("another viewer is attached to the session"),
            4 => protocol("the session is not live"),
            6 => protocol("the session does not exist any more"),
            status => protocol(format!("the relay daemon refuses to attach (status {status})")),
        }
    }

    fn streams(&mut self, count: u32) -> Result<Vec<StreamEntry>, Error> {
        let mut streams = Vec::new();
        for _ in 0..count {
            streams.push(StreamEntry {
                id: self.u64()?,
                trace_id: self.u64()?,
                is_metadata: self.u32()? != 0,
                path: self.text(4096)?,
                channel: self.text(255)?,
            });
        }
        Ok(streams)
    }

    pub(super) fn new_streams(&mut self, session: u64) -> Result<NewStreams, Error> {
        self.send(GET_NEW_STREAMS, &session.to_be_bytes())?;
        let (status, count) = (self.u32()?, self.count()?);
        match status {
            1 => Ok(NewStreams::Streams(self.streams(count)?)),
            2 => Ok(NewStreams::NothingNew),
            4 => Ok(NewStreams::Gone),
            status => protocol(format!("the relay daemon lists no new streams (status {status})")),
        }
    }

    pub(super) fn next_index(&mut self, stream: u64) -> Result<NextIndex, Error> {
        self.send(GET_NEXT_INDEX, &stream.to_be_bytes())?;
        let (offset, packet_bits, _content_bits) = (self.u64()?, self.u64()?, self.u64()?);
        let (begin, end, _discarded, stream_class) = (self.u64()?, self.u64()?, self.u64()?, self.u64()?);
        let (status, flags) = (self.u32()?, self.u32()?);
        let status = match status {
            1 => IndexStatus::Ok,
            2 => IndexStatus::Retry,
            3 | 6 => IndexStatus::Gone,
            5 => IndexStatus::Inactive,
            status => {
                return protocol(format!("the relay daemon has no index of a stream (status {status})"));
            }
        };
        let (has_new_metadata, has_new_streams) = (flags & 1 != 0, flags & 2 != 0);
        Ok(NextIndex {
            status,
            has_new_metadata,
            has_new_streams,
            offset,
            packet_bits,
            begin,
            end,
            stream_class,
        })
    }

    pub(super) fn packet(&mut self, stream: u64, offset: u64, length: u32) -> Result<PacketReply, Error> {
        let mut request = stream.to_be_bytes().to_vec();
        request.extend(offset.to_be_bytes());
        request.extend(length.to_be_bytes());
        self.send(GET_PACKET, &request)?;
        let (status, sent, flags) = (self.u32()?, self.u32()?, self.u32()?);
        match status {
            1 if sent == 0 => Ok(PacketReply::Retry),
            // Part of what was asked for: the rest is asked for next.
            1 if sent <= length => Ok(PacketReply::Data(self.data(sent.into())?)),
            1 => protocol(format!("the relay daemon sends {sent} bytes of a packet of {length}")),
            2 => Ok(PacketReply::Retry),
            3 if flags & 3 != 0 => {
                Ok(PacketReply::NotYet { has_new_metadata: flags & 1 != 0, has_new_streams: flags & 2 != 0 })
            }
            4 => Ok(PacketReply::Gone),
            status => protocol(format!("the relay daemon has no packet at {offset} (status {status})")),
        }
    }

    pub(super) fn metadata(&mut self, stream: u64) -> Result<MetadataReply, Error> {
        self.send(GET_METADATA, &stream.to_be_bytes())?;
        let (length, status) = (self.u64()?, self.u32()?);
        match status {
            1 => Ok(MetadataReply::Data(self.data(length)?)),
            2 => Ok(MetadataReply::NothingNew),
            3 => Ok(MetadataReply::Gone),
            status => protocol(format!("the relay daemon has no metadata (status {status})")),
        }
    }
}

/// Length of a packet in bytes.
pub(super) fn packet_length(bits: u64) -> Result<u64, Error> {
    match bits / 8 {
        bytes if bytes <= MAX_PACKET && bits.is_multiple_of(8) && bytes > 0 => Ok(bytes),
        _ => Err(Error::new(Kind::Limit, format!("the relay daemon announces a packet of {bits} bits"))),
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
        connection.send(LIST_SESSIONS, &[]).unwrap();
        let error = connection.data(1000).unwrap_err();
        assert!(error.is_disconnected() && error.to_string().contains("not whole after 0.02 s"), "{error}");
        // The next question has its own time.
        connection.send(LIST_SESSIONS, &[]).unwrap();
        assert_eq!(connection.u32().unwrap(), 0);
    }

    #[test]
    fn names_without_end_are_refused() {
        let mut connection = Connection::over(Box::new(Drip(b'x', Duration::ZERO)));
        connection.names_left = 100;
        connection.send(LIST_SESSIONS, &[]).unwrap();
        assert_eq!(connection.text(64).unwrap(), "x".repeat(64));
        let error = connection.text(64).unwrap_err();
        assert!(error.is_protocol() && error.to_string().contains("more names"), "{error}");
    }
}
