//! Events and packets that the tracer could not keep.

use crate::packet::PacketInfo;

/// Key of a stream: its index in [`Reader::streams`](crate::Reader::streams).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamKey(pub(crate) u32);

impl StreamKey {
    /// Index in the slice of streams.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Events or packets that are missing in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// The stream in which they are missing.
    pub stream: StreamKey,
    /// Number of events or packets.
    pub count: u64,
    /// End of the last packet before the loss, in nanoseconds since the Unix epoch. Start of the first packet if
    /// there is none before; 0 if packets have no times.
    pub begin_ns: i64,
    /// For discarded events the end of the first packet after the loss; for lost packets its start.
    pub end_ns: i64,
}

/// Counters of the packet before.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PacketCounts {
    pub(crate) end_ns: Option<i64>,
    /// In cycles.
    pub(crate) end: Option<u64>,
    pub(crate) discarded: u64,
    /// Packets came before that were not read.
    pub(crate) starts_late: bool,
    pub(crate) sequence_number: Option<u64>,
}

/// What went missing between the packet before and this one: events, and packets.
pub(crate) fn compare(
    stream: StreamKey,
    before: &mut PacketCounts,
    packet: &PacketInfo,
    (begin_ns, end_ns): (Option<i64>, Option<i64>),
) -> (Option<Loss>, Option<Loss>) {
    let from = before.end_ns.or(begin_ns).unwrap_or(0);
    let discarded = packet
        .discarded
        .filter(|_| !before.starts_late)
        .map_or(0, |now| increase(before.discarded, now, packet.discarded_bits));
    let skipped = match (before.sequence_number, packet.sequence_number) {
        (Some(last), Some(this)) => this.saturating_sub(last).saturating_sub(1),
        _ => 0,
    };
    let loss = |count: u64, end: Option<i64>| {
        (count > 0).then(|| Loss { stream, count, begin_ns: from, end_ns: end.unwrap_or(from).max(from) })
    };
    let result = (loss(discarded, end_ns.or(begin_ns)), loss(skipped, begin_ns));
    *before = PacketCounts {
        end_ns: end_ns.or(begin_ns).or(before.end_ns),
        end: packet.end.or(before.end),
        // LTTng-UST now and then writes a packet whose counter is 0 between two that go on counting: the highest value
        // so far is what the next one is compared with.
        discarded: packet
            .discarded
            .filter(|_| discarded > 0 || before.starts_late)
            .unwrap_or(before.discarded),
        starts_late: false,
        sequence_number: packet.sequence_number.or(before.sequence_number),
    };
    result
}

/// How far a counter of so many bits went up; 0 when it went back rather than wrapped.
fn increase(before: u64, now: u64, bits: u32) -> u64 {
    if now >= before {
        return now - before;
    }
    let mask = if bits >= 64 { u64::MAX } else { (1 << bits) - 1 };
    let wrapped = now.wrapping_sub(before) & mask;
    if wrapped <= mask >> 1 { wrapped } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_wrap_but_do_not_go_back() {
        assert_eq!(increase(3, 10, 64), 7);
        assert_eq!(increase(0xffff_fff0, 4, 32), 20);
        assert_eq!(increase(1000, 0, 32), 0);
        assert_eq!(increase(1000, 0, 64), 0);
    }

    #[test]
    fn a_packet_that_counts_nothing_between_two_that_do_is_passed_over() {
        let packet = |discarded, sequence_number| PacketInfo {
            discarded: Some(discarded),
            discarded_bits: 64,
            sequence_number: Some(sequence_number),
            ..PacketInfo::default()
        };
        let mut before = PacketCounts::default();
        let counts = [10, 42_560, 0, 42_560, 43_000].into_iter().zip(0..);
        let total: u64 = counts
            .filter_map(|(discarded, number)| {
                compare(StreamKey(0), &mut before, &packet(discarded, number), (None, None)).0
            })
            .map(|loss| loss.count)
            .sum();
        assert_eq!(total, 43_000);
    }
}
