//! The LTTng-live client against a relay daemon that does all the protocol allows.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod witness;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use beamtap_ctf::{Item, LiveReader, LiveUrl, Poll, Seek, live_sessions};
use witness::{Told, assert_same, fixture, line, read_path};

const METADATA: u64 = 7;
const DATA: u64 = 8;
const LATE: u64 = 9;

/// A relay daemon with one session: `ust-mixed`, its second stream announced late.
struct Relay {
    stream: TcpStream,
    minor: u32,
    metadata: Vec<Vec<u8>>,
    /// What is still to be said about each stream's next index.
    script: Vec<(u64, Say)>,
    files: [(u64, Vec<u8>); 2],
    has_announced_late: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Say {
    Retry,
    Inactive(u64),
    /// The packet at an offset, with flags: 1 new metadata, 2 new streams.
    Packet(u64, u32),
    HangUp,
}

impl Relay {
    fn words(&mut self, words: &[u32]) -> std::io::Result<()> {
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
        self.stream.write_all(&bytes)
    }

    fn entry(&mut self, id: u64, channel: &str) -> std::io::Result<()> {
        let mut bytes = [id.to_be_bytes(), 1u64.to_be_bytes()].concat();
        bytes.extend(u32::from(id == METADATA).to_be_bytes());
        bytes.extend({
            let mut path = b"vm/s/ust".to_vec();
            path.resize(4096, 0);
            path
        });
        bytes.extend({
            let mut channel = channel.as_bytes().to_vec();
            channel.resize(255, 0);
            channel
        });
        self.stream.write_all(&bytes)
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
                self.stream.write_all(&5u64.to_be_bytes())?;
                self.words(&[2, self.minor, 1])
            }
            2 => {
                self.words(&[2])?;
                for (number, name) in [(3u64, "other"), (4, "s")] {
                    self.stream.write_all(&number.to_be_bytes())?;
                    self.words(&[100_000, 0, 2])?;
                    let mut text = Vec::new();
                    if self.minor >= 15 {
                        self.words(&[2, name.len() as u32, 0])?;
                        text.extend(b"vm");
                        text.extend(name.as_bytes());
                    } else {
                        text.extend(b"vm");
                        text.resize(64, 0);
                        text.extend(name.as_bytes());
                        text.resize(64 + 255, 0);
                    }
                    self.stream.write_all(&text)?;
                }
                Ok(())
            }
            3 => {
                assert_eq!((id(0), length), (4, 20));
                self.words(&[1, 2])?;
                self.entry(METADATA, "metadata")?;
                self.entry(DATA, "c_1")
            }
            4 => {
                let stream = id(0);
                let at = self.script.iter().position(|(of, _)| *of == stream).unwrap();
                let say = match self.script[at].1 {
                    Say::HangUp => Say::HangUp,
                    _ => self.script.remove(at).1,
                };
                let mut index = [0u64; 7];
                let (status, flags) = match say {
                    Say::Retry => (2, 0),
                    Say::Inactive(until) => {
                        index[4] = until;
                        (5, 0)
                    }
                    Say::Packet(offset, flags) => {
                        (index[0], index[1]) = (offset, 4096 * 8);
                        (1, flags)
                    }
                    Say::HangUp => (3, 0),
                };
                let bytes: Vec<u8> = index.iter().flat_map(|w| w.to_be_bytes()).collect();
                self.stream.write_all(&bytes)?;
                self.words(&[status, flags])
            }
            5 => {
                let (stream, offset) = (id(0), id(8) as usize);
                if !self.metadata.is_empty() {
                    return self.words(&[3, 0, 1]);
                }
                self.words(&[1, 4096, 0])?;
                let bytes = self.files.iter().find(|(of, _)| *of == stream).unwrap().1.clone();
                self.stream.write_all(&bytes[offset..offset + 4096])
            }
            6 => {
                let piece = if self.metadata.is_empty() { None } else { Some(self.metadata.remove(0)) };
                let length = piece.as_ref().map_or(0, |p| p.len() as u64);
                self.stream.write_all(&length.to_be_bytes())?;
                self.words(&[if piece.is_some() { 1 } else { 2 }])?;
                self.stream.write_all(&piece.unwrap_or_default())
            }
            7 => {
                if !self.has_announced_late
                    && self.files.len() == 2
                    && self.script.iter().all(|(of, say)| *of != DATA || *say == Say::HangUp)
                {
                    self.has_announced_late = true;
                    self.words(&[1, 1])?;
                    return self.entry(LATE, "c_0");
                }
                self.words(&[if self.has_announced_late { 4 } else { 2 }, 0])
            }
            8 => self.words(&[1]),
            other => panic!("command {other}"),
        }
    }
}

fn relay(minor: u32, script: Vec<(u64, Say)>) -> (LiveUrl, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let read = |name: &str| fs::read(fixture("ust-mixed").join(name)).unwrap();
        let metadata = read("metadata");
        let mut relay = Relay {
            stream,
            minor,
            // In pieces that end anywhere, one of them empty.
            metadata: vec![
                metadata[..3000].to_vec(),
                vec![],
                metadata[3000..5000].to_vec(),
                metadata[5000..].to_vec(),
            ],
            script,
            files: [(DATA, read("c_1")), (LATE, read("c_0"))],
            has_announced_late: false,
        };
        while relay.answer().is_ok() {}
    });
    (format!("net://127.0.0.1:{port}/host/vm/s").parse().unwrap(), thread)
}

fn drain(reader: &mut LiveReader, told: &mut Told) -> bool {
    loop {
        match reader.poll(i64::MIN) {
            Ok(Poll::Item(Item::Event(event))) => told.lines.push(line(&event)),
            Ok(Poll::Item(_)) => {}
            Ok(Poll::Idle) => return false,
            Ok(Poll::End) => return true,
            Err(error) => {
                let is_over = error.is_disconnected() || error.is_protocol();
                told.errors.push(error);
                if is_over {
                    return true;
                }
            }
        }
    }
}

#[test]
fn live_gives_what_the_directory_gives() {
    for minor in [4, 13, 15] {
        let script = vec![
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
        ];
        let (url, relay) = relay(minor, script);
        let mut reader = LiveReader::attach(&url, Seek::Beginning).unwrap();
        let mut told = Told::default();
        // Each poll makes progress in the script; it ends, so this does.
        while !drain(&mut reader, &mut told) {}
        assert!(told.errors.is_empty(), "{:?}", told.errors);
        assert_same(&told.lines, &read_path(&fixture("ust-mixed")).lines, &format!("minor {minor}"));
        assert_eq!(reader.late(), 0);
        assert_eq!(reader.streams().len(), 2);
        drop(reader);
        relay.join().unwrap();
    }
}

#[test]
fn sessions_are_listed() {
    for minor in [13, 15] {
        let (url, relay) = relay(minor, vec![]);
        let sessions = live_sessions(&url).unwrap();
        let names: Vec<_> = sessions.iter().map(|s| (s.id, s.hostname.as_str(), s.name.as_str())).collect();
        assert_eq!(names, [(3, "vm", "other"), (4, "vm", "s")]);
        relay.join().unwrap();
    }
}

#[test]
fn a_session_that_is_not_there_is_an_error() {
    let (mut url, relay) = relay(13, vec![]);
    url.session = Some(("vm".into(), "nothing".into()));
    let Err(error) = LiveReader::attach(&url, Seek::Now) else { panic!("attached") };
    assert!(error.is_protocol(), "{error}");
    relay.join().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    url.port = free;
    let Err(error) = live_sessions(&url) else { panic!("connected") };
    assert!(error.is_disconnected(), "{error}");
}

#[test]
fn replies_cut_anywhere_or_made_of_noise_are_errors() {
    // A server that sends so many bytes of something and closes.
    let answer_with = |bytes: Vec<u8>| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // The client may have closed by then.
            let _ = stream.write_all(&bytes);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest);
        });
        let url: LiveUrl = format!("net://127.0.0.1:{port}/host/vm/s").parse().unwrap();
        let result = LiveReader::attach(&url, Seek::Beginning);
        thread.join().unwrap();
        result.err()
    };
    let mut greeting = 5u64.to_be_bytes().to_vec();
    for word in [2u32, 13, 1] {
        greeting.extend(word.to_be_bytes());
    }
    for length in 0..greeting.len() {
        assert!(answer_with(greeting[..length].to_vec()).unwrap().is_disconnected(), "cut at {length}");
    }
    for fill in [0u8, 0x01, 0x7f, 0xff] {
        let mut bytes = greeting.clone();
        bytes.resize(5000, fill);
        let error = answer_with(bytes).unwrap();
        assert!(error.is_protocol() || error.is_disconnected() || error.is_limit(), "{error}");
    }
}
