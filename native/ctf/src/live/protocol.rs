//! The LTTng-live protocol, version 2.4 and up: commands and replies, all numbers big endian.

use std::net::{TcpStream, ToSocketAddrs};

use super::url::LiveUrl;
use super::wire::{Connection, PATIENCE, Wire, protocol};
use crate::error::{Error, Kind};

/// Version that is spoken: CTF 2 sessions show from minor 15 on.
const MAJOR: u32 = 2;
const MINOR: u32 = 15;
/// Largest packet, in bytes; more than LTTng's buffers can be.
const MAX_PACKET: u64 = 1 << 32;

const CONNECT: u32 = 1;
const LIST_SESSIONS: u32 = 2;
const ATTACH_SESSION: u32 = 3;
const GET_NEXT_INDEX: u32 = 4;
const GET_PACKET: u32 = 5;
const GET_METADATA: u32 = 6;
const GET_NEW_STREAMS: u32 = 7;
const CREATE_SESSION: u32 = 8;

/// A session of a relay daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSession {
    /// Its number at the relay daemon.
    pub id: u64,
    /// Interval at which data is sent, in microseconds; 0 if the session is not live.
    pub live_timer_us: u32,
    /// Number of attached viewers.
    pub clients: u32,
    /// Number of streams.
    pub streams: u32,
    /// Hostname of the traced system.
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
            return protocol(format!("{url} does not name a session"));
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
            status => protocol(format!("the relay daemon refuses viewers (status {status})")),
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
            6 => protocol("the session no longer exists"),
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
