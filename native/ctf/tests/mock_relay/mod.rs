//! A relay daemon that does what a script says, for what a real one cannot be made to do.
#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use beamtap_ctf::LiveUrl;

use crate::witness::fixture;

pub(crate) const METADATA: u64 = 7;
pub(crate) const DATA: u64 = 8;
pub(crate) const LATE: u64 = 9;
/// The first of further streams: they are there from the beginning, and hand over what the late stream does.
pub(crate) const FURTHER: u64 = 100;

/// Before the first of a swarm of streams that have nothing to say.
const SWARM: u64 = 1 << 32;

/// What is said about a stream's next index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Say {
    Retry,
    Inactive(u64),
    /// The packet at an offset, with flags: 1 new metadata, 2 new streams.
    Packet(u64, u32),
    /// A packet of so many bits that is not there.
    Announce(u64),
    /// A status of its own.
    Status(u32),
    HangUp,
}

/// One connection: a session with the streams of `ust-mixed`, or of a trace like it.
#[derive(Clone)]
pub(crate) struct Plan {
    /// The trace, with `metadata`, `c_1` for the data stream and `c_0` for the late one.
    pub(crate) trace: PathBuf,
    pub(crate) minor: u32,
    /// What is still to be said about each stream's next index; the last word of each stays.
    pub(crate) script: Vec<(u64, Say)>,
    /// Answer to the attach command.
    pub(crate) attach_status: u32,
    /// Status of the answer to a question for a packet, if it is not the packet.
    pub(crate) packet_status: Option<u32>,
    /// Answers to questions for packets before they are gone.
    pub(crate) pieces: usize,
    /// Bytes of a packet in one answer, at most.
    pub(crate) part: u32,
    /// New streams that are announced whenever they are asked for.
    pub(crate) swarm: u32,
    /// Status of the answer to a question for streams, instead of what is true.
    pub(crate) streams_status: Option<u32>,
    /// The data stream is there.
    pub(crate) has_data: bool,
    /// The late stream comes.
    pub(crate) has_late: bool,
    /// Another trace: its UUID differs.
    pub(crate) is_other: bool,
    /// Answers before the connection is closed.
    pub(crate) answers: usize,
    /// Replies are sent in pieces of so many bytes.
    pub(crate) piece: usize,
    /// Where all that is answered is kept, too.
    pub(crate) record: Arc<Mutex<Vec<u8>>>,
}

impl Plan {
    pub(crate) fn new(minor: u32, script: Vec<(u64, Say)>) -> Plan {
        Plan {
            trace: fixture("ust-mixed"),
            minor,
            script,
            attach_status: 1,
            packet_status: None,
            pieces: usize::MAX,
            part: u32::MAX,
            swarm: 0,
            streams_status: None,
            has_data: true,
            has_late: true,
            is_other: false,
            answers: usize::MAX,
            piece: usize::MAX,
            record: Arc::default(),
        }
    }
}

/// Everything once, the late stream announced by flags.
pub(crate) fn whole() -> Vec<(u64, Say)> {
    vec![
        (DATA, Say::Retry),
        (DATA, Say::Inactive(1)),
        (DATA, Say::Packet(0, 1)),
        (DATA, Say::Retry),
        (DATA, Say::Packet(4096, 3)),
        (DATA, Say::Packet(8192, 0)),
        (DATA, Say::HangUp),
        (LATE, Say::Retry),
        (LATE, Say::Packet(0, 0)),
        (LATE, Say::HangUp),
    ]
}

/// Starts a relay daemon that serves one connection after the other.
pub(crate) fn relay(plans: Vec<Plan>) -> (LiveUrl, JoinHandle<()>) {
    relay_at("127.0.0.1", plans)
}

pub(crate) fn relay_at(address: &str, plans: Vec<Plan>) -> (LiveUrl, JoinHandle<()>) {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        for plan in plans {
            let (stream, _) = listener.accept().unwrap();
            let mut relay = Relay::new(stream, plan);
            while relay.plan.answers > 0 && relay.answer().is_ok() {
                relay.plan.answers -= 1;
            }
        }
    });
    let url = LiveUrl { relay: address.to_owned(), port, session: Some(("vm".to_owned(), "s".to_owned())) };
    (url, thread)
}

struct Relay {
    stream: TcpStream,
    plan: Plan,
    metadata: Vec<Vec<u8>>,
    files: Vec<(u64, Vec<u8>)>,
    has_announced_late: bool,
    swarmed: u64,
    /// The answer so far.
    reply: Vec<u8>,
}

impl Relay {
    fn new(stream: TcpStream, plan: Plan) -> Relay {
        let read = |name: &str| {
            let mut bytes = fs::read(plan.trace.join(name)).unwrap();
            let text = |uuid: &[u8]| {
                let hex: String = uuid.iter().map(|b| format!("{b:02x}")).collect();
                format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
            };
            // The UUID stands behind the magic number of each packet, and in the text.
            let old: [u8; 16] = bytes[4..20].try_into().unwrap();
            let new = [0x5a; 16];
            let mut changes: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
            if plan.is_other {
                changes.push((old.to_vec(), new.to_vec()));
                changes.push((text(&old).into_bytes(), text(&new).into_bytes()));
            }
            for (from, to) in changes {
                for at in 0..bytes.len().saturating_sub(from.len()) {
                    if bytes[at..at + from.len()] == from {
                        bytes[at..at + from.len()].copy_from_slice(&to);
                    }
                }
            }
            bytes
        };
        let metadata = read("metadata");
        let third = metadata.len() / 3;
        Relay {
            stream,
            // In pieces that end anywhere, one of them empty.
            metadata: vec![
                metadata[..third].to_vec(),
                vec![],
                metadata[third..2 * third].to_vec(),
                metadata[2 * third..].to_vec(),
            ],
            files: vec![(DATA, read("c_1")), (LATE, read("c_0"))],
            has_announced_late: false,
            swarmed: 0,
            reply: Vec::new(),
            plan,
        }
    }

    fn words(&mut self, words: &[u32]) {
        words.iter().for_each(|word| self.reply.extend(word.to_be_bytes()));
    }

    fn longs(&mut self, longs: &[u64]) {
        longs.iter().for_each(|long| self.reply.extend(long.to_be_bytes()));
    }

    /// Text with NULs up to a size.
    fn padded(&mut self, text: &str, size: usize) {
        let end = self.reply.len() + size;
        self.reply.extend(text.as_bytes());
        self.reply.resize(end, 0);
    }

    fn entry(&mut self, id: u64, channel: &str) {
        self.longs(&[id, 1]);
        self.words(&[u32::from(id == METADATA)]);
        self.padded("vm/s/ust", 4096);
        self.padded(channel, 255);
    }

    fn sessions(&mut self) {
        self.words(&[2]);
        for (number, name) in [(3, "other"), (4, "s")] {
            self.longs(&[number]);
            self.words(&[100_000, 0, 2]);
            if self.plan.minor >= 15 {
                self.words(&[2, name.len() as u32, 0]);
                self.reply.extend(b"vm");
                self.reply.extend(name.as_bytes());
            } else {
                self.padded("vm", 64);
                self.padded(name, 255);
            }
        }
    }

    fn next_index(&mut self, stream: u64) {
        let Some(at) = self.plan.script.iter().position(|(of, _)| *of == stream) else {
            // One of a swarm.
            self.longs(&[0; 7]);
            return self.words(&[2, 0]);
        };
        let is_last = self.plan.script.iter().filter(|(of, _)| *of == stream).count() == 1;
        let say = if is_last { self.plan.script[at].1 } else { self.plan.script.remove(at).1 };
        // Offset, packet's and content's bits, begin, end, discarded events, stream class.
        let mut index = [0u64; 7];
        let (status, flags) = match say {
            Say::Retry => (2, 0),
            Say::Inactive(until) => {
                index[4] = until;
                (5, 0)
            }
            Say::Packet(offset, flags) => {
                let packet = &self.file(stream)[offset as usize..];
                let long = |at: usize| u64::from_le_bytes(packet[at..at + 8].try_into().unwrap());
                index = [offset, long(56), long(48), long(32), long(40), 0, 0];
                (1, flags)
            }
            Say::Announce(bits) => {
                index[1] = bits;
                (1, 0)
            }
            Say::Status(status) => (status, 0),
            Say::HangUp => (3, 0),
        };
        self.longs(&index);
        self.words(&[status, flags]);
    }

    fn file(&self, stream: u64) -> &[u8] {
        let file = if stream >= FURTHER { LATE } else { stream };
        &self.files.iter().find(|(of, _)| *of == file).unwrap().1
    }

    fn packet(&mut self, stream: u64, offset: usize, length: u32) {
        if !self.metadata.is_empty() {
            return self.words(&[3, 0, 1]);
        }
        if let Some(status) = self.plan.packet_status {
            return self.words(&[status, 0, 0]);
        }
        let Some(left) = self.plan.pieces.checked_sub(1) else {
            return self.words(&[4, 0, 0]);
        };
        self.plan.pieces = left;
        let length = length.min(self.plan.part);
        self.words(&[1, length, 0]);
        let packet = self.file(stream)[offset..offset + length as usize].to_vec();
        self.reply.extend(packet);
    }

    fn metadata(&mut self) {
        match (!self.metadata.is_empty()).then(|| self.metadata.remove(0)) {
            Some(piece) => {
                self.longs(&[piece.len() as u64]);
                self.words(&[1]);
                self.reply.extend(piece);
            }
            None => {
                self.longs(&[0]);
                self.words(&[2]);
            }
        }
    }

    fn new_streams(&mut self) {
        if self.plan.swarm > 0 {
            self.words(&[1, self.plan.swarm]);
            for _ in 0..self.plan.swarm {
                self.swarmed += 1;
                self.entry(SWARM + self.swarmed, "swarm");
            }
            return;
        }
        if let Some(status) = self.plan.streams_status {
            return self.words(&[status, 0]);
        }
        let is_late = |(of, say): &(u64, Say)| *of != DATA || *say == Say::HangUp;
        if self.plan.has_late && !self.has_announced_late && self.plan.script.iter().all(is_late) {
            self.has_announced_late = true;
            self.words(&[1, 1]);
            return self.entry(LATE, "c_0");
        }
        let is_over = self.has_announced_late || !self.plan.has_late;
        self.words(&[if is_over { 4 } else { 2 }, 0]);
    }

    fn answer(&mut self) -> std::io::Result<()> {
        let mut header = [0; 16];
        self.stream.read_exact(&mut header)?;
        let length = u64::from_be_bytes(header[..8].try_into().unwrap()) as usize;
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload)?;
        let id = |at: usize| u64::from_be_bytes(payload[at..at + 8].try_into().unwrap());
        match u32::from_be_bytes(header[8..12].try_into().unwrap()) {
            1 => {
                self.longs(&[5]);
                self.words(&[2, self.plan.minor, 1]);
            }
            2 => self.sessions(),
            3 => {
                assert_eq!((id(0), length), (4, 20));
                let mut further: Vec<u64> = self.plan.script.iter().map(|(of, _)| *of).collect();
                further.retain(|of| *of >= FURTHER);
                further.dedup();
                let count = 1 + u32::from(self.plan.has_data) + further.len() as u32;
                self.words(&[self.plan.attach_status, count]);
                if self.plan.attach_status == 1 {
                    for of in further {
                        self.entry(of, &format!("c_{of}"));
                    }
                    self.entry(METADATA, "metadata");
                    if self.plan.has_data {
                        self.entry(DATA, "c_1");
                    }
                }
            }
            4 => self.next_index(id(0)),
            5 => {
                let length = u32::from_be_bytes(payload[16..20].try_into().unwrap());
                self.packet(id(0), id(8) as usize, length);
            }
            6 => self.metadata(),
            7 => self.new_streams(),
            8 => self.words(&[1]),
            other => panic!("command {other}"),
        }
        let reply = std::mem::take(&mut self.reply);
        self.plan.record.lock().unwrap().extend(&reply);
        for piece in reply.chunks(self.plan.piece) {
            self.stream.write_all(piece)?;
        }
        Ok(())
    }
}
