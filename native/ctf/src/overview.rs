//! What happened when in a trace, without reading its events.

use crate::error::Error;
use crate::loss::{Loss, StreamKey};
use crate::trace_set::TraceSet;

/// Bytes recorded and events lost over time. Made by [`TraceSet::overview`].
#[derive(Debug)]
pub struct Overview {
    /// Consecutive intervals of equal length, from the start of the earliest packet.
    pub bins: Vec<Bin>,
    /// Number of packets. Packets without times are in no bin.
    pub packets: u64,
    /// Why packets could not be read; the rest of their files is left out.
    pub faults: Vec<Error>,
}

/// An interval. What belongs to several intervals is divided between them by time, so sums over all intervals are
/// exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bin {
    /// First nanosecond, since the Unix epoch.
    pub begin_ns: i64,
    /// First nanosecond after it.
    pub end_ns: i64,
    /// Bytes of events, with their packets' headers.
    pub content_bytes: u64,
    /// Events that the tracer discarded because its buffers were full.
    pub discarded: u64,
    /// Packets that were overwritten before they were saved.
    pub lost_packets: u64,
}

/// Something that happened between two times, both included.
struct Stretch {
    begin_ns: i64,
    end_ns: i64,
    amount: u64,
    of: Of,
}

#[derive(Clone, Copy)]
enum Of {
    Content,
    Discarded,
    LostPackets,
}

impl TraceSet {
    /// How much was recorded and lost over time, in `bins` intervals (at least one). It reads only indexes, or
    /// packets' headers if there are no indexes: that takes milliseconds where reading takes minutes.
    ///
    /// A trace whose packets have no times has no bins.
    pub fn overview(&self, bins: usize) -> Overview {
        let (mut stretches, mut packets, mut faults) = (Vec::new(), 0, Vec::new());
        for stream in 0..self.streams.len() {
            for packet in self.packets(StreamKey(stream as u32)) {
                let packet = match packet {
                    Ok(packet) => packet,
                    Err(error) => {
                        faults.push(error);
                        continue;
                    }
                };
                packets += 1;
                if let (Some(begin_ns), Some(end_ns)) = (packet.begin_ns, packet.end_ns) {
                    let end_ns = end_ns.max(begin_ns);
                    let amount = packet.content_bits / 8;
                    stretches.push(Stretch { begin_ns, end_ns, amount, of: Of::Content });
                    let losses = [(packet.discarded, Of::Discarded), (packet.lost_packets, Of::LostPackets)];
                    stretches
                        .extend(losses.into_iter().filter_map(|(loss, of)| Some(Stretch::of(loss?, of))));
                }
            }
        }
        Overview { bins: share_out(&stretches, bins.max(1)), packets, faults }
    }
}

impl Stretch {
    fn of(loss: Loss, of: Of) -> Stretch {
        Stretch { begin_ns: loss.begin_ns, end_ns: loss.end_ns.max(loss.begin_ns), amount: loss.count, of }
    }
}

fn share_out(stretches: &[Stretch], count: usize) -> Vec<Bin> {
    let begin = stretches.iter().map(|s| s.begin_ns).min();
    let (Some(begin), Some(end)) = (begin, stretches.iter().map(|s| s.end_ns).max()) else {
        return Vec::new();
    };
    // Times are anywhere in 64 bits: the sums are made in more.
    let span = i128::from(end) - i128::from(begin) + 1;
    let width = (span + count as i128 - 1) / count as i128;
    let edge = |i: i128| i64::try_from(i128::from(begin) + i * width).unwrap_or(i64::MAX);
    let mut bins: Vec<Bin> = (0..count as i128)
        .map(|i| Bin { begin_ns: edge(i), end_ns: edge(i + 1), ..Bin::default() })
        .collect();
    for stretch in stretches {
        let from = i128::from(stretch.begin_ns) - i128::from(begin);
        let length = i128::from(stretch.end_ns) - i128::from(stretch.begin_ns) + 1;
        let (first, last) = (from / width, (from + length - 1) / width);
        let mut given = 0;
        for i in first..=last {
            // What is due by the end of this bin, less what was given before.
            let passed = (((i + 1) * width).min(from + length) - from) as u128;
            let due = (u128::from(stretch.amount) * passed / length as u128) as u64;
            let bin = &mut bins[i as usize];
            let field = match stretch.of {
                Of::Content => &mut bin.content_bytes,
                Of::Discarded => &mut bin.discarded,
                Of::LostPackets => &mut bin.lost_packets,
            };
            *field = field.saturating_add(due - given);
            given = due;
        }
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(begin_ns: i64, end_ns: i64, amount: u64, of: Of) -> Stretch {
        Stretch { begin_ns, end_ns, amount, of }
    }

    #[test]
    fn amounts_are_shared_by_time_and_none_is_lost() {
        let stretches = [
            stretch(0, 99, 1000, Of::Content),
            stretch(50, 50, 7, Of::Discarded),
            stretch(20, 44, 3, Of::LostPackets),
        ];
        let bins = share_out(&stretches, 4);
        let edges: Vec<_> = bins.iter().map(|b| (b.begin_ns, b.end_ns)).collect();
        assert_eq!(edges, [(0, 25), (25, 50), (50, 75), (75, 100)]);
        assert_eq!(bins.iter().map(|b| b.content_bytes).collect::<Vec<_>>(), [250, 250, 250, 250]);
        assert_eq!(bins.iter().map(|b| b.discarded).collect::<Vec<_>>(), [0, 0, 7, 0]);
        assert_eq!(bins.iter().map(|b| b.lost_packets).sum::<u64>(), 3);
    }

    #[test]
    fn times_at_the_ends_of_the_range_do_not_overflow() {
        let stretches = [stretch(i64::MIN, i64::MAX, u64::MAX, Of::Content)];
        for count in [1, 2, 3, 1000] {
            let bins = share_out(&stretches, count);
            assert_eq!(bins.len(), count);
            let sum: u128 = bins.iter().map(|b| u128::from(b.content_bytes)).sum();
            assert_eq!(sum, u64::MAX.into());
        }
    }

    #[test]
    fn without_times_there_are_no_bins() {
        assert!(share_out(&[], 5).is_empty());
    }
}
