//! The events of one packet.

use std::ops::ControlFlow;

use crate::class::Catalog;
use crate::cursor::{Cursor, Head, Run};
use crate::error::Error;
use crate::event::{Event, Item};
use crate::loss::StreamKey;
use crate::packets::Packet;

/// Reads the events of one packet, and what was lost before it or in it. [`TraceSet::fold_packets`] passes it to
/// `fold`.
///
/// [`TraceSet::fold_packets`]: crate::TraceSet::fold_packets
pub struct PacketReader<'a> {
    cursor: &'a mut Cursor,
    catalog: &'a Catalog,
    packet: &'a Packet,
    stream: StreamKey,
    is_over: bool,
}

impl<'a> PacketReader<'a> {
    pub(super) fn new(
        cursor: &'a mut Cursor,
        catalog: &'a Catalog,
        packet: &'a Packet,
        stream: StreamKey,
        is_over: bool,
    ) -> PacketReader<'a> {
        PacketReader { cursor, catalog, packet, stream, is_over }
    }

    /// The stream of the packet.
    pub fn stream(&self) -> StreamKey {
        self.stream
    }

    /// The position of the packet and the time it covers.
    pub fn packet(&self) -> &Packet {
        self.packet
    }

    /// The next event or loss; `None` at the end of the packet, or at a fault, which is reported later.
    #[allow(clippy::should_implement_trait, reason = "what it gives borrows from the reader")]
    #[inline]
    pub fn next(&mut self) -> Option<Item<'_>> {
        if self.is_over {
            return None;
        }
        if !self.cursor.advance_in_memory(self.catalog) {
            self.cursor.advance_slowly(self.catalog);
            match self.cursor.head() {
                Head::Event => {}
                Head::Discarded(loss) => return Some(Item::Discarded(*loss)),
                Head::LostPackets(loss) => return Some(Item::LostPackets(*loss)),
                Head::Fault(_) | Head::Taken | Head::Idle | Head::End => {
                    self.is_over = true;
                    return None;
                }
            }
        }
        Some(Item::Event(Event::new(self.cursor, self.catalog)))
    }

    /// Calls `tell` with each event or loss from the next on, until it breaks or the packet ends. Takes half the time
    /// of [`next`](PacketReader::next).
    pub fn for_each(&mut self, mut tell: impl FnMut(Item<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut tell = |item: Result<Item<'_>, Error>| match item {
            Ok(item) => tell(item),
            Err(_) => ControlFlow::Continue(()),
        };
        loop {
            let loss = match self.next() {
                None => return ControlFlow::Continue(()),
                Some(Item::Event(_)) => None,
                Some(Item::Discarded(loss)) => Some(Ok(Item::Discarded(loss))),
                Some(Item::LostPackets(loss)) => Some(Ok(Item::LostPackets(loss))),
            };
            if self.cursor.run(self.catalog, i64::MAX, loss, &mut tell) == Run::Stopped {
                return ControlFlow::Break(());
            }
        }
    }
}
