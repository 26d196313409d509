//! The metadata file: plain text, or text cut into packets; TSDL or JSON; read whole or as it grows.

use super::Builder;
use super::json::{self, Fragments, Json};
use super::tsdl::Tsdl;
use crate::bits::ByteOrder;
use crate::error::{Error, Kind};

/// Most bytes of metadata that a trace may have.
pub(crate) const MAX_TEXT: usize = 16 << 20;

const MAGIC: u32 = 0x75D1_1D57;
/// What TSDL that is not in packets begins with.
const SIGNATURE: &str = "/* CTF 1.8";
/// Bytes of a metadata packet's header, as both CTF versions have it.
const HEADER: usize = 37;

/// Takes a metadata stream's bytes in pieces and builds classes of every declaration that is whole.
pub(crate) struct MetadataReader {
    pub(crate) builder: Builder,
    tsdl: Tsdl,
    json: Json,
    /// Bytes not yet cut out of their packets.
    bytes: Vec<u8>,
    /// Text not yet parsed.
    text: Vec<u8>,
    layout: Option<Layout>,
    total: usize,
    /// Where the text's fragments end, once it was seen to be JSON.
    fragments: Option<Fragments>,
    /// The text was seen to begin as TSDL does.
    is_signed: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Layout {
    Plain,
    Packets(ByteOrder),
}

impl MetadataReader {
    pub(crate) fn new() -> MetadataReader {
        MetadataReader {
            builder: Builder::new(),
            tsdl: Tsdl::default(),
            json: Json::default(),
            bytes: Vec::new(),
            text: Vec::new(),
            layout: None,
            total: 0,
            fragments: None,
            is_signed: false,
        }
    }

    /// Number of bytes that wait for the rest of a declaration.
    pub(crate) fn pending(&self) -> usize {
        self.bytes.len() + self.text.len()
    }

    /// Takes more bytes. With `is_last`, what is not whole is a fault; without, it waits for more.
    pub(crate) fn push(&mut self, bytes: &[u8], is_last: bool) -> Result<(), Error> {
        self.total += bytes.len();
        if self.total > MAX_TEXT {
            return Err(Error::new(Kind::Limit, format!("the metadata is larger than {MAX_TEXT} bytes")));
        }
        self.bytes.extend_from_slice(bytes);
        self.cut_packets(is_last)?;
        self.parse(is_last)
    }

    fn cut_packets(&mut self, is_last: bool) -> Result<(), Error> {
        let layout = match self.layout {
            Some(layout) => layout,
            None => {
                let Some(first) = self.bytes.first_chunk::<4>() else {
                    if is_last {
                        self.text.append(&mut self.bytes);
                    }
                    return Ok(());
                };
                let layout = match u32::from_le_bytes(*first) {
                    MAGIC => Layout::Packets(ByteOrder::Little),
                    other if other == MAGIC.swap_bytes() => Layout::Packets(ByteOrder::Big),
                    _ => Layout::Plain,
                };
                *self.layout.insert(layout)
            }
        };
        let Layout::Packets(order) = layout else {
            self.text.append(&mut self.bytes);
            return Ok(());
        };
        let mut at = 0;
        while let Some(header) = self.bytes[at..].first_chunk::<HEADER>() {
            let (content, size) = check_header(header, order)?;
            let Some(packet) = self.bytes[at..].get(..size) else { break };
            self.text.extend_from_slice(&packet[HEADER..content]);
            at += size;
        }
        self.bytes.drain(..at);
        if is_last && !self.bytes.is_empty() {
            return Err(Error::new(Kind::Truncated, "the metadata ends in the middle of a packet"));
        }
        Ok(())
    }

    fn parse(&mut self, is_last: bool) -> Result<(), Error> {
        if self.fragments.is_some() || self.text.first() == Some(&json::SEPARATOR) {
            return self.parse_json(is_last);
        }
        let text = std::mem::take(&mut self.text);
        let valid = match std::str::from_utf8(&text) {
            Ok(text) => text,
            Err(e) if !is_last => std::str::from_utf8(&text[..e.valid_up_to()]).unwrap_or_default(),
            Err(e) => {
                let line = memchr::memchr_iter(b'\n', &text[..e.valid_up_to()]).count() as u32;
                return Err(Error::metadata("the metadata is not UTF-8", line + 1, 1));
            }
        };
        let complete = if is_last { valid.len() } else { Tsdl::complete_prefix(valid) };
        if !self.is_signed && complete > 0 {
            if self.layout == Some(Layout::Plain) && !valid.starts_with(SIGNATURE) {
                return Err(Error::metadata(format!("the metadata does not begin with {SIGNATURE:?}"), 1, 1));
            }
            self.is_signed = true;
        }
        self.tsdl.parse(&valid[..complete], &mut self.builder)?;
        self.text = text[complete..].to_vec();
        if is_last && self.is_signed && !self.tsdl.has_declared() {
            let what = "the metadata ends after its header and declares nothing";
            return Err(Error::metadata(what, self.tsdl.next_line(), 1));
        }
        self.builder.finish()
    }

    fn parse_json(&mut self, is_last: bool) -> Result<(), Error> {
        let fragments = self.fragments.get_or_insert_default();
        let whole = fragments.complete_prefix(&self.text)?;
        let complete = if is_last { self.text.len() } else { whole };
        self.json.parse(&self.text[..complete], &mut self.builder)?;
        fragments.drop_prefix(whole);
        self.text.drain(..complete);
        self.builder.finish()
    }
}

/// Sizes of content and packet, in bytes.
fn check_header(header: &[u8; HEADER], order: ByteOrder) -> Result<(usize, usize), Error> {
    let u32_at = |at: usize| {
        let bytes = [header[at], header[at + 1], header[at + 2], header[at + 3]];
        match order {
            ByteOrder::Little => u32::from_le_bytes(bytes),
            ByteOrder::Big => u32::from_be_bytes(bytes),
        }
    };
    let fault = |what: String| Err(Error::metadata(what, 1, 1));
    if u32_at(0) != MAGIC {
        return fault("a metadata packet does not begin with the magic number".into());
    }
    let (content, size) = (u32_at(24) as usize / 8, u32_at(28) as usize / 8);
    let [compression, encryption, checksum, major, minor] = [32, 33, 34, 35, 36].map(|at| header[at]);
    if compression != 0 || encryption != 0 || checksum != 0 {
        return fault("compressed, encrypted or checksummed metadata is not supported".into());
    }
    if !matches!((major, minor), (1, 8) | (2, 0)) {
        return fault(format!("version {major}.{minor} of CTF is not supported"));
    }
    if content < HEADER || size < content {
        return fault(format!("a metadata packet says that {content} of its {size} bytes are content"));
    }
    Ok((content, size))
}
