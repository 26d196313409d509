//! The packets of a CTF 1.8 trace as lttng-ust writes it, read by offset: the witness for what babeltrace2's text does
//! not show.

use std::fs;
use std::path::{Path, PathBuf};

const MAGIC: u32 = 0xC1FC_1FC1;
/// Header and context of a packet (lttng-ust 2.13, 64 bits).
const PREFIX: usize = 84;

/// One stream's file.
#[derive(Clone, Debug)]
pub struct StreamFile {
    /// Where it is; the name is `<channel>_<cpu>`.
    pub path: PathBuf,
    /// Its packets, in the file's order.
    pub packets: Vec<Packet>,
}

/// What a packet says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Bytes in use, header included; 84 for a packet without events.
    pub content_size: u64,
    /// Its number in the stream.
    pub sequence: u64,
    /// Events discarded in this stream since the session began.
    pub events_discarded: u64,
    /// The stream's CPU.
    pub cpu_id: u32,
}

impl StreamFile {
    /// The stream's channel.
    ///
    /// # Panics
    ///
    /// Panics when the file is not named `<channel>_<cpu>`.
    #[must_use]
    pub fn channel(&self) -> &str {
        let name = self.path.file_name().and_then(|name| name.to_str()).expect("a file name");
        name.rsplit_once('_').expect("<channel>_<cpu>").0
    }

    /// Events discarded in this stream, as its last packet tells; 0 for a stream without packets.
    #[must_use]
    pub fn events_discarded(&self) -> u64 {
        self.packets.last().map_or(0, |packet| packet.events_discarded)
    }
}

/// Every stream file below `dir`, by path.
///
/// # Panics
///
/// Panics when a file there is no stream of whole packets.
#[must_use]
pub fn stream_files(dir: &Path) -> Vec<StreamFile> {
    let mut files = Vec::new();
    collect(dir, &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(dir: &Path, files: &mut Vec<StreamFile>) {
    for entry in fs::read_dir(dir).expect("a directory of the trace") {
        let path = entry.expect("an entry of the trace").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if name != "index" {
                collect(&path, files);
            }
        } else if name != "metadata" {
            let packets = packets(&fs::read(&path).expect("a stream file"), &path);
            files.push(StreamFile { path, packets });
        }
    }
}

fn packets(bytes: &[u8], path: &Path) -> Vec<Packet> {
    let mut packets = Vec::new();
    let mut offset = 0;
    while offset < bytes.len() {
        let packet = &bytes[offset..];
        assert!(
            packet.len() >= PREFIX && u32_at(packet, 0) == MAGIC,
            "{}: no packet at {offset}",
            path.display()
        );
        packets.push(Packet {
            content_size: u64_at(packet, 48) / 8,
            sequence: u64_at(packet, 64),
            events_discarded: u64_at(packet, 72),
            cpu_id: u32_at(packet, 80),
        });
        let packet_size = usize::try_from(u64_at(packet, 56) / 8).expect("a size");
        assert!(packet_size >= PREFIX, "{}: a packet of {packet_size} bytes", path.display());
        offset += packet_size;
    }
    packets
}

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(bytes[offset..offset + 4].try_into().expect("4 bytes"))
}

fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes[offset..offset + 8].try_into().expect("8 bytes"))
}
