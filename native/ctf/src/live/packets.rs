//! Packets of a live session, taken in pieces as they are decoded.

use super::LiveReader;
use super::protocol::{NextIndex, PacketReply, packet_length};
use crate::error::{Error, Kind};

/// Times that a piece is asked for in a row while metadata and streams are still being handed over.
const TRIES: usize = 16;
/// Bytes of packets that all streams hold together; and bounds of a piece of one of them.
const SHARED: u64 = 16 << 20;
const SMALLEST: u64 = 8 << 10;
const LARGEST: u64 = 1 << 20;

impl LiveReader {
    /// Asks for the beginning of a packet; false when it is not to be had yet.
    pub(super) fn fetch_packet(&mut self, lane: usize, index: NextIndex) -> Result<bool, Error> {
        let piece = (SHARED / self.sources.len() as u64).clamp(SMALLEST, LARGEST);
        let source = &mut self.sources[lane];
        // A packet that cannot be had is passed over: the next one tells what is missing.
        source.announced = None;
        let length = packet_length(index.packet_bits).map_err(|e| e.in_file(&source.path))?;
        source.announced = Some(NextIndex { has_new_metadata: false, has_new_streams: false, ..index });
        match self.piece(lane, index.offset, length.min(piece))? {
            PacketReply::Data(bytes) => {
                let source = &mut self.sources[lane];
                (source.announced, source.current) = (None, Some(index));
                source.first.get_or_insert(index.begin);
                let lane = &mut self.lanes.lanes[lane];
                lane.cursor.feed(source.trace, &source.path, bytes, index.offset, length);
                lane.cursor.fit(&self.lanes.catalog);
                lane.advance(&self.lanes.catalog);
                Ok(true)
            }
            PacketReply::Retry | PacketReply::NotYet { .. } => Ok(false),
            PacketReply::Gone => self.end(lane),
        }
    }

    /// Asks for what follows of a packet that was handed over in part; false when it is not to be had yet.
    pub(super) fn fetch_piece(&mut self, lane: usize) -> Result<bool, Error> {
        let Some((offset, length)) = self.lanes.lanes[lane].cursor.hunger() else { return Ok(false) };
        match self.piece(lane, offset, length)? {
            PacketReply::Data(bytes) => {
                let lane = &mut self.lanes.lanes[lane];
                lane.cursor.feed_more(&bytes);
                lane.cursor.fit(&self.lanes.catalog);
                lane.advance(&self.lanes.catalog);
                Ok(true)
            }
            PacketReply::Retry | PacketReply::NotYet { .. } => Ok(false),
            PacketReply::Gone => self.end(lane),
        }
    }

    /// Goes on with a packet that was handed over in part before the connection was lost, if this is the one.
    pub(super) fn go_on(&mut self, lane: usize, index: NextIndex) -> Result<bool, Error> {
        let source = &mut self.sources[lane];
        let identity = |index: &NextIndex| (index.offset, index.packet_bits, index.begin, index.end);
        if source.current.as_ref().map(identity) == Some(identity(&index)) {
            return self.fetch_piece(lane);
        }
        source.announced = Some(NextIndex { has_new_metadata: false, has_new_streams: false, ..index });
        Err(self.leave_rest(lane))
    }

    /// A stream has ended.
    pub(super) fn end(&mut self, lane: usize) -> Result<bool, Error> {
        self.lanes.lanes[lane].is_closed = true;
        match self.lanes.lanes[lane].cursor.hunger() {
            Some(_) => Err(self.leave_rest(lane)),
            None => Ok(true),
        }
    }

    /// Notes that a packet was handed over, when nothing of it is left.
    pub(super) fn settle(&mut self, lane: usize) {
        let source = &mut self.sources[lane];
        if !self.lanes.lanes[lane].cursor.has_unread()
            && let Some(index) = source.current.take()
        {
            source.received = Some((index.begin, index.end));
        }
    }

    /// Gives up the rest of a packet.
    fn leave_rest(&mut self, lane: usize) -> Error {
        self.lanes.lanes[lane].cursor.leave_rest();
        let what = "the relay daemon no longer has the rest of a packet";
        Error::new(Kind::Truncated, what).in_file(&self.sources[lane].path)
    }

    /// Asks for bytes of a packet.
    fn piece(&mut self, lane: usize, offset: u64, length: u64) -> Result<PacketReply, Error> {
        let source = &self.sources[lane];
        let (id, trace) = (source.id, source.trace);
        for _ in 0..TRIES {
            match self.connection.packet(id, offset, length as u32)? {
                PacketReply::NotYet { has_new_metadata, has_new_streams } => {
                    if has_new_streams {
                        self.find_new_streams()?;
                    }
                    if has_new_metadata {
                        self.fetch_metadata(trace)?;
                    }
                }
                reply => return Ok(reply),
            }
        }
        Ok(PacketReply::Retry)
    }
}
