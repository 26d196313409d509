//! Packets without their events: what a stream's index, or its packets' headers, tell.

use crate::class::Catalog;
use crate::clock::Scale;
use crate::cursor::StreamFile;
use crate::error::Error;
use crate::index::{Entries, Index};
use crate::loss::{self, Loss, PacketCounts, StreamKey};
use crate::packet::{Overlap, PacketInfo, load_header};
use crate::trace_set::TraceSet;
use crate::walk::Roles;
use crate::window::{Allowance, Window};

/// A packet: a part of a stream that was written at once.
#[derive(Debug, Clone, Copy)]
pub struct Packet {
    /// Index of the file among the stream's files.
    pub file: usize,
    /// Offset in the file, in bytes.
    pub offset: u64,
    /// Number of packets before it in the file.
    pub index: u64,
    /// Size of its events and headers, in bits.
    pub content_bits: u64,
    /// Start of the time it covers, in nanoseconds since the Unix epoch; `None` if packets have no times.
    pub begin_ns: Option<i64>,
    /// End of the time it covers.
    pub end_ns: Option<i64>,
    /// Events that were discarded between the end of the previous packet and the end of this one.
    pub discarded: Option<Loss>,
    /// Packets that are missing between the previous packet and this one.
    pub lost_packets: Option<Loss>,
    pub(crate) counts_before: PacketCounts,
}

/// The packets of a stream, in order.
pub struct Packets<'a> {
    catalog: &'a Catalog,
    stream: StreamKey,
    files: &'a [StreamFile],
    next_file: usize,
    source: Source,
    overlap: Overlap,
    counts: PacketCounts,
    next_index: u64,
}

enum Source {
    Between,
    Index { entries: Entries, class: usize },
    Headers(Box<Headers>),
}

struct Headers {
    window: Window,
    offset: u64,
    slots: Vec<u64>,
    roles: Roles,
}

impl<'a> Packets<'a> {
    pub(crate) fn new(set: &'a TraceSet, stream: StreamKey) -> Packets<'a> {
        Packets {
            catalog: &set.catalog,
            stream,
            files: set.streams.get(stream.index()).map_or(&[], |s| &s.files),
            next_file: 0,
            source: Source::Between,
            overlap: Overlap::default(),
            counts: PacketCounts::default(),
            next_index: 0,
        }
    }

    fn open(&mut self, file: &StreamFile) -> Result<Source, Error> {
        let mut window = Window::new(Allowance::for_a_look());
        window.open(&file.path)?;
        let mut headers = Box::new(Headers {
            window,
            offset: 0,
            slots: vec![0; self.catalog.slots],
            roles: Roles::default(),
        });
        let index = Index::of(&file.path).filter(|index| index.covered() == Some(headers.window.file_len()));
        let Some(index) = index else { return Ok(Source::Headers(headers)) };
        // The index does not say the stream class; the first packet does, and shows whether the index is of this file.
        let first = headers.read(self.catalog, file)?.map(|(_, info)| info);
        match (first, index.entry(0)) {
            (Some(info), Some(entry)) if entry.describes(&info) => {
                Ok(Source::Index { entries: index.into_entries(), class: info.stream })
            }
            _ => {
                headers.offset = 0;
                Ok(Source::Headers(headers))
            }
        }
    }

    /// The next packet of the file: its offset and what it says.
    fn next_of_file(&mut self) -> Result<Option<(u64, PacketInfo)>, Error> {
        let file = &self.files[self.next_file - 1];
        match &mut self.source {
            Source::Between => Ok(None),
            Source::Index { entries, class } => {
                Ok(entries.next().map(|entry| (entry.offset, entry.info(*class))))
            }
            Source::Headers(headers) => headers.read(self.catalog, file),
        }
    }

    fn advance(&mut self) -> Result<Option<Packet>, Error> {
        loop {
            if let Source::Between = self.source {
                let Some(file) = self.files.get(self.next_file) else { return Ok(None) };
                self.next_file += 1;
                self.next_index = 0;
                self.overlap.next_file();
                self.source = self.open(file)?;
            }
            let Some((offset, info)) = self.next_of_file()? else {
                self.source = Source::Between;
                continue;
            };
            let index = self.next_index;
            self.next_index += 1;
            if self.overlap.is_seen(&info) {
                continue;
            }
            let trace = self.files[self.next_file - 1].trace;
            let scale = self.catalog.traces[trace].streams[info.stream].scale;
            let times = (wall(scale, info.begin)?, wall(scale, info.end)?);
            let counts_before = self.counts;
            let (discarded, lost_packets) = loss::compare(self.stream, &mut self.counts, &info, times);
            return Ok(Some(Packet {
                file: self.next_file - 1,
                offset,
                index,
                content_bits: info.content_bits.or(info.packet_bits).unwrap_or(0),
                begin_ns: times.0,
                end_ns: times.1,
                discarded,
                lost_packets,
                counts_before,
            }));
        }
    }
}

fn wall(scale: Option<Scale>, cycles: Option<u64>) -> Result<Option<i64>, Error> {
    let ns = |cycles| match scale {
        Some(scale) => scale.raw_ns(cycles).and_then(|ns| scale.wall_ns(ns)),
        None => Ok(0),
    };
    cycles.map(ns).transpose().map_err(crate::error::Fault::into_error)
}

impl Iterator for Packets<'_> {
    type Item = Result<Packet, Error>;

    /// The next packet. After an error the rest of the file is left out.
    fn next(&mut self) -> Option<Result<Packet, Error>> {
        match self.advance() {
            Ok(packet) => packet.map(Ok),
            Err(error) => {
                self.source = Source::Between;
                let file = self.files.get(self.next_file.wrapping_sub(1));
                Some(Err(match file {
                    Some(file) => error.in_file(&file.path),
                    None => error,
                }))
            }
        }
    }
}

impl Headers {
    fn read(&mut self, catalog: &Catalog, file: &StreamFile) -> Result<Option<(u64, PacketInfo)>, Error> {
        let (offset, file_len) = (self.offset, self.window.file_len());
        if offset >= file_len {
            return Ok(None);
        }
        self.window.seek(offset);
        let plan = &catalog.traces[file.trace];
        let info = load_header(&mut self.window, plan, &mut self.slots, &mut self.roles)?;
        self.offset = match info.packet_bits {
            Some(bits) => offset.saturating_add(bits / 8),
            None => file_len,
        };
        Ok(Some((offset, info)))
    }
}
