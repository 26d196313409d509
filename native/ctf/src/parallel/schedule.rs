//! Which packet is decoded next.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::error::Error;
use crate::loss::{Loss, StreamKey};
use crate::packets::{Packet, Packets};
use crate::range::TimeRange;
use crate::trace_set::TraceSet;

/// A packet to decode. Units are numbered in the order of the earliest time that something in them can have.
pub(super) struct Unit {
    pub(super) number: u64,
    pub(super) stream: StreamKey,
    pub(super) packet: Packet,
}

/// Gives packets of all streams in the order of time.
pub(super) struct Schedule<'a> {
    streams: Vec<Packets<'a>>,
    next: BinaryHeap<Reverse<(i64, u32)>>,
    heads: Vec<Option<Result<Packet, Error>>>,
    last_from: Vec<i64>,
    range: TimeRange,
    number: u64,
}

impl<'a> Schedule<'a> {
    pub(super) fn new(set: &'a TraceSet, range: TimeRange) -> Schedule<'a> {
        let count = set.streams.len();
        let mut schedule = Schedule {
            streams: (0..count).map(|i| set.packets(StreamKey(i as u32))).collect(),
            next: BinaryHeap::new(),
            heads: (0..count).map(|_| None).collect(),
            last_from: vec![i64::MIN; count],
            range,
            number: 0,
        };
        for i in 0..count {
            schedule.load(i);
        }
        schedule
    }

    /// Looks at the next packet of a stream that may have something in the range.
    fn load(&mut self, i: usize) {
        let head = self.streams[i].find(|packet| match packet {
            Ok(packet) => packet.end_ns.is_none_or(|end| end >= self.range.begin_ns),
            Err(_) => true,
        });
        if let Some(Ok(packet)) = &head {
            let loss_begin = |loss: Option<Loss>| loss.map_or(i64::MAX, |loss| loss.begin_ns);
            let begin = packet.begin_ns.unwrap_or(self.last_from[i]);
            if begin > self.range.end_ns {
                return;
            }
            let from = begin.min(loss_begin(packet.discarded)).min(loss_begin(packet.lost_packets));
            self.last_from[i] = self.last_from[i].max(from);
        }
        if head.is_some() {
            self.next.push(Reverse((self.last_from[i], i as u32)));
        }
        self.heads[i] = head;
    }

    pub(super) fn take(&mut self) -> Option<Result<Unit, Error>> {
        let Reverse((_, stream)) = self.next.pop()?;
        let head = self.heads[stream as usize].take()?;
        self.load(stream as usize);
        self.number += 1;
        Some(head.map(|packet| Unit { number: self.number, stream: StreamKey(stream), packet }))
    }
}
