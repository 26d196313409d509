//! Writes a script as a CTF 1.8 trace directory, in the layout of lttng-ust 2.13 on x86-64.

use crate::script::{Entry, Line, Script, Value};
use beamtap_schema::{CATALOGUE, Channel, WireType};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// What the clock's 0 is in nanoseconds since the Unix epoch.
pub(crate) const EPOCH_NS: u64 = 1_700_000_000_000_000_000;

const UUID: [u8; 16] = *b"beamtap test uid";
const PACKET_MAGIC: u32 = 0xC1FC_1FC1;
const METADATA_MAGIC: u32 = 0x75D1_1D57;
/// Packet header and context.
const PREFIX: usize = 84;
/// Packets are padded to a multiple of this.
const PAGE: usize = 4096;
/// The event id that says that the real one, and a full time stamp, follow.
const EXTENDED: u16 = u16::MAX;

/// Writes the script's trace into `directory`, which is made.
pub(crate) fn write(script: &Script, directory: &Path) {
    fs::create_dir_all(directory).expect("the directory can be made");
    let others = other_names(script);
    fs::write(directory.join("metadata"), metadata_packets(&metadata(&others)))
        .expect("the metadata can be written");
    let mut streams: BTreeMap<(u32, u32), Stream> = BTreeMap::new();
    for line in &script.lines {
        let channel = match &line.entry {
            Entry::Event { kind, .. } => stream_id(kind.info().channel),
            Entry::Discarded { .. } | Entry::LostPackets { .. } | Entry::Other(_) => {
                stream_id(Channel::Events)
            }
        };
        let stream = streams.entry((channel, line.cpu)).or_insert_with(|| Stream::new(channel, line.cpu));
        stream.add(line, &others);
    }
    for ((channel, cpu), stream) in streams {
        let name = if channel == stream_id(Channel::Events) { Channel::Events } else { Channel::Definitions };
        fs::write(directory.join(format!("{}_{cpu}", name.name())), stream.finish())
            .expect("the stream can be written");
    }
}

fn stream_id(channel: Channel) -> u32 {
    match channel {
        Channel::Events => 0,
        Channel::Definitions => 1,
    }
}

fn other_names(script: &Script) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for line in &script.lines {
        if let Entry::Other(name) = line.entry
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}

struct Stream {
    bytes: Vec<u8>,
    channel: u32,
    cpu: u32,
    packet: Vec<u8>,
    begin_ns: u64,
    last_ns: u64,
    /// The end that the open packet must have: that of the stretch in which events were discarded.
    end_ns: Option<u64>,
    sequence: u64,
    discarded: u64,
}

impl Stream {
    fn new(channel: u32, cpu: u32) -> Stream {
        Stream {
            bytes: Vec::new(),
            channel,
            cpu,
            packet: Vec::new(),
            begin_ns: 0,
            last_ns: 0,
            end_ns: None,
            sequence: 0,
            discarded: 0,
        }
    }

    fn add(&mut self, line: &Line, others: &[&str]) {
        if self.end_ns.is_some_and(|end| line.ns > end) {
            self.close();
        }
        if self.bytes.is_empty() && self.packet.is_empty() {
            (self.begin_ns, self.last_ns) = (line.ns, line.ns);
        }
        match &line.entry {
            Entry::Event { kind, values } => {
                self.header(*kind as u32, line.ns);
                for (field, value) in kind.info().fields.iter().zip(values) {
                    self.value(field.field_type.wire(), value);
                }
            }
            Entry::Other(name) => {
                let id = CATALOGUE.len()
                    + others.iter().position(|known| known == name).expect("every name was listed");
                self.header(id as u32, line.ns);
            }
            Entry::Discarded { count, until_ns } => {
                self.last_ns = line.ns;
                self.close();
                self.discarded += count;
                self.end_ns = Some(*until_ns);
            }
            Entry::LostPackets { count, until_ns } => {
                self.last_ns = line.ns;
                self.close();
                self.sequence += count;
                (self.begin_ns, self.last_ns) = (*until_ns, *until_ns);
            }
        }
    }

    fn header(&mut self, id: u32, ns: u64) {
        assert!(ns >= self.last_ns, "a stream's events are in order");
        if ns - self.last_ns < 1 << 32 {
            self.packet.extend_from_slice(&(id as u16).to_le_bytes());
            self.packet.extend_from_slice(&(ns as u32).to_le_bytes());
        } else {
            self.packet.extend_from_slice(&EXTENDED.to_le_bytes());
            self.packet.extend_from_slice(&id.to_le_bytes());
            self.packet.extend_from_slice(&ns.to_le_bytes());
        }
        self.last_ns = ns;
    }

    fn value(&mut self, wire: WireType, value: &Value) {
        match (wire, value) {
            (WireType::U8, Value::Number(n)) => self.packet.push(u8::try_from(*n).expect("a byte")),
            (WireType::U32, Value::Number(n)) => {
                self.packet.extend_from_slice(&u32::try_from(*n).expect("32 bits").to_le_bytes());
            }
            (WireType::U64, Value::Number(n)) => self.packet.extend_from_slice(&n.to_le_bytes()),
            (WireType::Text, Value::Text(text)) => {
                self.packet.extend_from_slice(text.as_bytes());
                self.packet.push(0);
            }
            (wire, value) => panic!("{value:?} is no {wire:?}"),
        }
    }

    fn close(&mut self) {
        let content = PREFIX + self.packet.len();
        let size = content.next_multiple_of(PAGE);
        let end_ns = self.end_ns.take().unwrap_or(self.last_ns);
        let out = &mut self.bytes;
        let packet_begin = out.len();
        out.extend_from_slice(&PACKET_MAGIC.to_le_bytes());
        out.extend_from_slice(&UUID);
        out.extend_from_slice(&self.channel.to_le_bytes());
        for number in [self.cpu.into(), self.begin_ns, end_ns, content as u64 * 8, size as u64 * 8] {
            out.extend_from_slice(&u64::to_le_bytes(number));
        }
        out.extend_from_slice(&self.sequence.to_le_bytes());
        out.extend_from_slice(&self.discarded.to_le_bytes());
        out.extend_from_slice(&self.cpu.to_le_bytes());
        assert_eq!(out.len() - packet_begin, PREFIX);
        out.append(&mut self.packet);
        out.resize(packet_begin + size, 0);
        self.sequence += 1;
        (self.begin_ns, self.last_ns) = (end_ns, end_ns);
    }

    fn finish(mut self) -> Vec<u8> {
        if !self.packet.is_empty() || self.end_ns.is_some() || self.bytes.is_empty() {
            self.close();
        }
        self.bytes
    }
}

/// The text in packets, as lttng-sessiond writes the file.
fn metadata_packets(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in text.as_bytes().chunks(PAGE - 37) {
        let bits = (37 + chunk.len()) as u32 * 8;
        out.extend_from_slice(&METADATA_MAGIC.to_le_bytes());
        out.extend_from_slice(&UUID);
        for number in [0, bits, bits] {
            out.extend_from_slice(&u32::to_le_bytes(number));
        }
        out.extend_from_slice(&[0, 0, 0, 1, 8]);
        out.extend_from_slice(chunk);
    }
    out
}

fn metadata(others: &[&str]) -> String {
    let hex: Vec<String> = UUID.iter().map(|byte| format!("{byte:02x}")).collect();
    let uuid =
        [&hex[..4], &hex[4..6], &hex[6..8], &hex[8..10], &hex[10..]].map(|part| part.concat()).join("-");
    let mut out = format!(
        r#"/* CTF 1.8 */

typealias integer {{ size = 8; align = 8; signed = false; }} := uint8_t;
typealias integer {{ size = 16; align = 8; signed = false; }} := uint16_t;
typealias integer {{ size = 32; align = 8; signed = false; }} := uint32_t;
typealias integer {{ size = 64; align = 8; signed = false; }} := uint64_t;
typealias integer {{ size = 64; align = 8; signed = false; }} := unsigned long;

trace {{
	major = 1;
	minor = 8;
	uuid = "{uuid}";
	byte_order = le;
	packet.header := struct {{
		uint32_t magic;
		uint8_t  uuid[16];
		uint32_t stream_id;
		uint64_t stream_instance_id;
	}};
}};

env {{
	domain = "ust";
	tracer_name = "lttng-ust";
	tracer_major = 2;
	tracer_minor = 13;
}};

clock {{
	name = "monotonic";
	description = "Monotonic Clock";
	freq = 1000000000;
	offset = {EPOCH_NS};
}};

typealias integer {{
	size = 32; align = 8; signed = false;
	map = clock.monotonic.value;
}} := uint32_clock_monotonic_t;

typealias integer {{
	size = 64; align = 8; signed = false;
	map = clock.monotonic.value;
}} := uint64_clock_monotonic_t;

struct packet_context {{
	uint64_clock_monotonic_t timestamp_begin;
	uint64_clock_monotonic_t timestamp_end;
	uint64_t content_size;
	uint64_t packet_size;
	uint64_t packet_seq_num;
	unsigned long events_discarded;
	uint32_t cpu_id;
}};

struct event_header_large {{
	enum : uint16_t {{ compact = 0 ... 65534, extended = 65535 }} id;
	variant <id> {{
		struct {{
			uint32_clock_monotonic_t timestamp;
		}} compact;
		struct {{
			uint32_t id;
			uint64_clock_monotonic_t timestamp;
		}} extended;
	}} v;
}} align(8);
"#
    );
    for channel in [Channel::Events, Channel::Definitions] {
        let id = stream_id(channel);
        let _ = write!(
            out,
            "\nstream {{\n\tid = {id};\n\tevent.header := struct event_header_large;\n\
             \tpacket.context := struct packet_context;\n}};\n"
        );
    }
    for info in &CATALOGUE {
        let fields = info.fields.iter().map(|field| match field.field_type.wire() {
            WireType::Text => format!("\t\tstring _{};\n", field.name),
            wire => format!("\t\t{} _{};\n", wire.c_type(), field.name),
        });
        let fields: String = fields.collect();
        event(&mut out, &info.full_name(), info.kind as usize, stream_id(info.channel), &fields);
    }
    for (index, name) in others.iter().enumerate() {
        event(&mut out, name, CATALOGUE.len() + index, stream_id(Channel::Events), "");
    }
    out
}

fn event(out: &mut String, name: &str, id: usize, stream: u32, fields: &str) {
    let _ = write!(
        out,
        "\nevent {{\n\tname = \"{name}\";\n\tid = {id};\n\tstream_id = {stream};\n\tloglevel = 13;\n\
         \tfields := struct {{\n{fields}\t}};\n}};\n"
    );
}
