//! Writes traces in the layout of lttng-ust 2.13 on x86-64, CTF 1.8, byte by byte as LTTng does: for tests that need to
//! know every value, and for traces larger than a repository should hold.
#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// What the clock's 0 is in nanoseconds since the Unix epoch.
pub(crate) const EPOCH_NS: i64 = 1_700_000_000_000_000_000;

/// Which of LTTng's two event headers a channel has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Header {
    /// 5 bits of id, 27 of the clock.
    Compact,
    /// 16 bits of id, 32 of the clock.
    Large,
}

/// A trace: what its metadata says.
pub(crate) struct TraceSpec<'a> {
    pub(crate) uuid: [u8; 16],
    pub(crate) hostname: &'a str,
    pub(crate) header: Header,
    /// Name and the TSDL of the fields, by id; all in stream class 0.
    pub(crate) events: &'a [(&'a str, &'a str)],
}

impl TraceSpec<'_> {
    /// Writes the metadata.
    pub(crate) fn create(&self, directory: &Path) {
        fs::create_dir_all(directory).unwrap();
        fs::write(directory.join("metadata"), self.metadata()).unwrap();
    }

    fn metadata(&self) -> String {
        let hex: Vec<String> = self.uuid.iter().map(|byte| format!("{byte:02x}")).collect();
        let uuid =
            [&hex[..4], &hex[4..6], &hex[6..8], &hex[8..10], &hex[10..]].map(|part| part.concat()).join("-");
        let (id, last, clock) = match self.header {
            Header::Compact => ("integer { size = 5; align = 1; signed = false; }", 30, 27),
            Header::Large => ("uint16_t", 65534, 32),
        };
        let align = if self.header == Header::Compact { 1 } else { 8 };
        let mut text = format!(
            r#"/* CTF 1.8 */
typealias integer {{ size = 8; align = 8; signed = false; }} := uint8_t;
typealias integer {{ size = 16; align = 8; signed = false; }} := uint16_t;
typealias integer {{ size = 32; align = 8; signed = false; }} := uint32_t;
typealias integer {{ size = 64; align = 8; signed = false; }} := uint64_t;
trace {{
	major = 1; minor = 8; uuid = "{uuid}"; byte_order = le;
	packet.header := struct {{
		uint32_t magic; uint8_t uuid[16]; uint32_t stream_id; uint64_t stream_instance_id;
	}};
}};
env {{ domain = "ust"; tracer_name = "lttng-ust"; tracer_major = 2; tracer_minor = 13; hostname = "{}"; }};
clock {{ name = "monotonic"; freq = 1000000000; offset = {EPOCH_NS}; }};
typealias integer {{ size = {clock}; align = {align}; signed = false; map = clock.monotonic.value; }} := short_clock;
typealias integer {{ size = 64; align = 8; signed = false; map = clock.monotonic.value; }} := clock_t;
stream {{
	id = 0;
	event.header := struct {{
		enum : {id} {{ compact = 0 ... {last}, extended = {} }} id;
		variant <id> {{
			struct {{ short_clock timestamp; }} compact;
			struct {{ uint32_t id; clock_t timestamp; }} extended;
		}} v;
	}} align(8);
	packet.context := struct {{
		clock_t timestamp_begin; clock_t timestamp_end; uint64_t content_size; uint64_t packet_size;
		uint64_t packet_seq_num; uint64_t events_discarded; uint32_t cpu_id;
	}};
}};
"#,
            self.hostname,
            last + 1
        );
        for (id, (name, fields)) in self.events.iter().enumerate() {
            text += &format!(
                "event {{\n\tname = \"{name}\"; id = {id}; stream_id = 0; loglevel = 13;\n\
                 \tfields := struct {{ {fields} }};\n}};\n"
            );
        }
        text
    }

    /// Begins a stream file, with its index; packets are of so many bytes.
    pub(crate) fn stream(&self, directory: &Path, name: &str, cpu: u32, packet_bytes: usize) -> StreamWriter {
        StreamWriter {
            uuid: self.uuid,
            header: self.header,
            directory: directory.to_owned(),
            name: name.to_owned(),
            cpu,
            packet_bytes,
            file: None,
            index: Vec::new(),
            offset: 0,
            packet: Vec::new(),
            begin: None,
            last: 0,
            sequence: 0,
            discarded: 0,
        }
    }
}

/// A stream file in the making. Times are in nanoseconds of the clock.
pub(crate) struct StreamWriter {
    uuid: [u8; 16],
    header: Header,
    directory: PathBuf,
    name: String,
    cpu: u32,
    packet_bytes: usize,
    file: Option<BufWriter<File>>,
    index: Vec<u8>,
    offset: u64,
    packet: Vec<u8>,
    /// Begin of the open packet.
    begin: Option<u64>,
    last: u64,
    sequence: u64,
    discarded: u64,
}

/// Bytes of a packet's header and context.
pub(crate) const PREFIX: usize = 84;

impl StreamWriter {
    /// Appends an event; a packet that it does not fit in is closed before, at the time of its last event.
    pub(crate) fn event(&mut self, id: u32, ns: u64, payload: &[u8]) {
        if PREFIX + self.packet.len() + 15 + payload.len() > self.packet_bytes {
            self.end_packet(self.last);
        }
        assert!(ns >= self.last, "a stream's events are in order");
        if self.begin.is_none() {
            // As LTTng does: a packet begins when it is opened, at its first event.
            self.begin = Some(ns);
            self.last = ns;
        }
        let (clock_bits, last_id) = match self.header {
            Header::Compact => (27, 30),
            Header::Large => (32, 65534),
        };
        let is_short = id <= last_id && ns - self.last < 1 << clock_bits;
        match (self.header, is_short) {
            (Header::Compact, true) => {
                self.packet.extend_from_slice(&(id | (ns as u32) << 5).to_le_bytes());
            }
            (Header::Large, true) => {
                self.packet.extend_from_slice(&(id as u16).to_le_bytes());
                self.packet.extend_from_slice(&(ns as u32).to_le_bytes());
            }
            (Header::Compact, false) => self.packet.push(31),
            (Header::Large, false) => self.packet.extend_from_slice(&u16::MAX.to_le_bytes()),
        }
        if !is_short {
            self.packet.extend_from_slice(&id.to_le_bytes());
            self.packet.extend_from_slice(&ns.to_le_bytes());
        }
        self.packet.extend_from_slice(payload);
        self.last = ns;
    }

    /// Events that found no room in the open packet: the next one to be closed counts them.
    pub(crate) fn discard(&mut self, count: u64) {
        self.discarded += count;
    }

    /// Packets that were overwritten before the one that follows.
    pub(crate) fn lose_packets(&mut self, count: u64) {
        self.sequence += count;
    }

    /// Closes the open packet at a time; one without events is written where there is none.
    pub(crate) fn end_packet(&mut self, ns: u64) {
        let begin = self.begin.take().unwrap_or(self.last);
        let content = (PREFIX + self.packet.len()) as u64 * 8;
        let size = self.packet_bytes as u64 * 8;
        let mut head = Vec::with_capacity(PREFIX);
        head.extend_from_slice(&0xC1FC_1FC1_u32.to_le_bytes());
        head.extend_from_slice(&self.uuid);
        head.extend_from_slice(&0_u32.to_le_bytes());
        for number in [self.cpu.into(), begin, ns, content, size, self.sequence, self.discarded] {
            head.extend_from_slice(&u64::to_le_bytes(number));
        }
        head.extend_from_slice(&self.cpu.to_le_bytes());
        assert_eq!(head.len(), PREFIX);
        self.packet.resize(self.packet_bytes - PREFIX, 0);
        let path = self.directory.join(&self.name);
        let file = self.file.get_or_insert_with(|| BufWriter::new(File::create(path).unwrap()));
        file.write_all(&head).unwrap();
        file.write_all(&self.packet).unwrap();
        for number in
            [self.offset, size, content, begin, ns, self.discarded, 0, self.cpu.into(), self.sequence]
        {
            self.index.extend_from_slice(&u64::to_be_bytes(number));
        }
        self.packet.clear();
        self.offset += self.packet_bytes as u64;
        self.sequence += 1;
        self.last = ns;
    }

    /// Ends this file and goes on in another one of the same stream, as with `--tracefile-size`, or in a chunk.
    pub(crate) fn next_file(&mut self, directory: &Path, name: &str) {
        self.end_file();
        (self.directory, self.name) = (directory.to_owned(), name.to_owned());
    }

    /// Closes the open packet, if it has events, and the file with its index.
    pub(crate) fn end_file(&mut self) {
        if !self.packet.is_empty() || self.file.is_none() {
            self.end_packet(self.last);
        }
        self.file.take().unwrap().flush().unwrap();
        let index = self.directory.join("index");
        fs::create_dir_all(&index).unwrap();
        let mut bytes = Vec::new();
        for word in [0xC1F1_DCC1_u32, 1, 1, 72] {
            bytes.extend_from_slice(&word.to_be_bytes());
        }
        bytes.append(&mut self.index);
        fs::write(index.join(format!("{}.idx", self.name)), bytes).unwrap();
        self.offset = 0;
    }
}

/// Events of [`two_traces`].
pub(crate) const TWO_TRACES_EVENTS: usize = 2400;

/// Writes two traces below a directory, of three streams each, in packets of 4 KiB: no two events have the same time, and
/// one stream discards five and loses two packets.
pub(crate) fn two_traces(directory: &Path) {
    let events = [("t:number", "uint64_t _n;"), ("t:text", "string _s; uint8_t _n;")];
    for (trace, header) in [Header::Compact, Header::Large].into_iter().enumerate() {
        let mut uuid = *b"one of two traces"[..16].first_chunk().unwrap();
        uuid[15] = trace as u8;
        let spec = TraceSpec { uuid, hostname: "one", header, events: &events };
        let home = directory.join(format!("trace{trace}"));
        spec.create(&home);
        for cpu in 0..3 {
            let mut stream = spec.stream(&home, &format!("c_{cpu}"), cpu, 4096);
            for n in 0..TWO_TRACES_EVENTS as u64 / 6 {
                let ns = 1000 * n + u64::from(cpu) + 3 * trace as u64;
                if n % 3 == 0 {
                    stream.event(0, ns, &n.to_le_bytes());
                } else {
                    stream.event(1, ns, b"some words that are neither short nor long\0\x07");
                }
                if (trace, cpu, n) == (0, 1, 150) {
                    stream.discard(5);
                    stream.end_packet(ns + 500);
                    stream.lose_packets(2);
                }
            }
            stream.end_file();
        }
    }
}

/// Writes a trace without a clock, of two events with an enumeration, the variant that it chooses, and a sequence: a text
/// and three numbers, then a number and none.
pub(crate) fn tagged(directory: &Path) {
    let metadata = r#"/* CTF 1.8 */
typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
typealias integer { size = 8; align = 8; signed = true; } := int8_t;
trace { major = 1; minor = 8; byte_order = le; };
env { hostname = "host"; };
stream { packet.context := struct { uint8_t cpu_id; }; event.context := struct { uint8_t vpid; }; };
event {
	name = tagged;
	fields := struct {
		enum : uint8_t { NUMBER, TEXT } tag;
		variant <tag> { int8_t NUMBER; string TEXT; } var;
		uint8_t length;
		int8_t seq[length];
	};
};
"#;
    fs::create_dir_all(directory).unwrap();
    fs::write(directory.join("metadata"), metadata).unwrap();
    fs::write(directory.join("stream"), b"\x02\x07\x01a text\0\x03\xff\xfe\xfd\x08\0\xfb\0").unwrap();
}
