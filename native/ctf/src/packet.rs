//! Packet headers and contexts.

use crate::class::TracePlan;
use crate::error::{Error, Fault, Kind};
use crate::field::{FieldType, Role};
use crate::walk::{self, Env, Roles};
use crate::window::Window;

/// What a packet says about itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct PacketInfo {
    /// Index of the stream class in its trace's plan.
    pub(crate) stream: usize,
    pub(crate) instance: Option<u64>,
    /// Sizes in bits; `None` when the packet reaches to the end of the file.
    pub(crate) packet_bits: Option<u64>,
    pub(crate) content_bits: Option<u64>,
    /// Clock values, in cycles.
    pub(crate) begin: Option<u64>,
    pub(crate) end: Option<u64>,
    pub(crate) sequence_number: Option<u64>,
    pub(crate) discarded: Option<u64>,
    pub(crate) discarded_bits: u32,
    pub(crate) cpu: Option<u32>,
    /// Position of the packet context and of the first event, in bits from the packet's first.
    pub(crate) context_at: u64,
    pub(crate) events_at: u64,
}

/// Largest packet header with context, in bytes.
const MAX_HEADER: usize = 1 << 20;

/// Reads the header and the context of the packet at the window's origin; loads what is missing.
pub(crate) fn load_header(
    window: &mut Window,
    plan: &TracePlan,
    slots: &mut [u64],
    roles: &mut Roles,
) -> Result<PacketInfo, Error> {
    loop {
        let available = window.available();
        match read_header(plan, window.bytes(), available, slots, roles) {
            Ok(info) => return Ok(info),
            Err(HeaderFault::Bad(error)) => return Err(error),
            Err(HeaderFault::PastEnd) if available > MAX_HEADER => {
                return Err(Error::new(Kind::Limit, "the packet's header is too large"));
            }
            Err(HeaderFault::PastEnd) => {
                if !window.refill(0)? {
                    return Err(Error::new(Kind::Truncated, "the file ends in a packet's header"));
                }
            }
        }
    }
}

/// Tells packets that were read from an earlier file already: chunks and snapshots of one session may overlap.
#[derive(Debug, Default)]
pub(crate) struct Overlap {
    files: usize,
    last: PacketInfo,
    /// Where the files before this one end, in cycles.
    seen_end: Option<u64>,
}

impl Overlap {
    /// A file follows.
    pub(crate) fn next_file(&mut self) {
        self.files += 1;
        // The end of a packet that was not finished, as lttng-crash gives it, says nothing: it ends after it began.
        self.seen_end = self.last.end.max(self.last.begin).filter(|_| self.files > 1);
    }

    /// The file is not the stream's first.
    pub(crate) fn has_earlier(&self) -> bool {
        self.files > 1
    }

    /// Whether the packet was read already; if not, it counts as read from now on.
    pub(crate) fn is_seen(&mut self, packet: &PacketInfo) -> bool {
        let identity = |p: &PacketInfo| (p.begin, p.end, p.sequence_number, p.packet_bits);
        let is_seen = self.files > 1
            && (identity(packet) == identity(&self.last)
                || matches!((packet.begin, packet.end, self.seen_end),
                    (Some(begin), Some(end), Some(seen)) if begin < seen && end <= seen));
        if !is_seen {
            self.last.clone_from(packet);
        }
        is_seen
    }
}

/// Why a packet's header could not be read.
enum HeaderFault {
    /// More bytes may help.
    PastEnd,
    Bad(Error),
}

impl From<Fault> for HeaderFault {
    fn from(fault: Fault) -> HeaderFault {
        match fault {
            Fault::PastEnd => HeaderFault::PastEnd,
            other => HeaderFault::Bad(other.into_error()),
        }
    }
}

fn bad<T>(what: impl Into<String>) -> Result<T, HeaderFault> {
    Err(HeaderFault::Bad(Error::new(Kind::Corrupt, what)))
}

/// Reads the header and the context of the packet at the beginning of `buf`, of which `available` bytes are data.
fn read_header(
    plan: &TracePlan,
    buf: &[u8],
    available: usize,
    slots: &mut [u64],
    roles: &mut Roles,
) -> Result<PacketInfo, HeaderFault> {
    let end = available as u64 * 8;
    *roles = Roles::default();
    let mut walk_scope = |ty: Option<&FieldType>, pos: u64, roles: &mut Roles| match ty {
        Some(ty) => {
            let mut env = Env::of_all(slots, Some(roles));
            walk::skip(ty, buf, pos, end, &mut env)
        }
        None => Ok(pos),
    };
    let context_at = walk_scope(plan.packet_header.as_ref(), 0, roles)?;
    let mut info = PacketInfo { context_at, ..PacketInfo::default() };
    if let Some(magic) = roles.get(Role::Magic)
        && magic != 0xC1FC_1FC1
    {
        return bad(format!("the packet begins with {magic:#x} instead of the magic number 0xc1fc1fc1"));
    }
    info.stream = match roles.get(Role::StreamClass) {
        Some(id) => match plan.stream_indexes.get(&id) {
            Some(&index) => index,
            None => {
                let what = format!("stream class id {id} is not in the metadata");
                return Err(HeaderFault::Bad(Error::new(Kind::UnknownClass, what)));
            }
        },
        None if plan.streams.len() == 1 => 0,
        None if plan.streams.is_empty() => {
            let what = "the metadata describes no stream class";
            return Err(HeaderFault::Bad(Error::new(Kind::UnknownClass, what)));
        }
        None => return bad("the packet does not name its stream class"),
    };
    info.events_at = walk_scope(plan.streams[info.stream].packet_context.as_ref(), info.context_at, roles)?;
    info.instance = roles.get(Role::StreamInstance);
    info.begin = roles.get(Role::Begin);
    info.end = roles.get(Role::End);
    info.sequence_number = roles.get(Role::SequenceNumber);
    info.discarded = roles.get(Role::Discarded);
    info.discarded_bits = roles.bits(Role::Discarded);
    info.cpu = roles.get(Role::Cpu).map(|cpu| cpu as u32);
    info.packet_bits = roles.get(Role::PacketSize);
    info.content_bits = roles.get(Role::ContentSize);
    check_sizes(&mut info)?;
    Ok(info)
}

fn check_sizes(info: &mut PacketInfo) -> Result<(), HeaderFault> {
    if let Some(bits) = info.packet_bits {
        if bits % 8 != 0 || bits == 0 {
            return bad(format!("a packet of {bits} bits is not made of bytes"));
        }
        if bits < info.events_at {
            return bad(format!(
                "a packet of {bits} bits is smaller than its own header of {}",
                info.events_at
            ));
        }
    }
    if let Some(content) = info.content_bits {
        if content < info.events_at {
            return bad(format!("{content} bits of content are less than the header's {}", info.events_at));
        }
        match info.packet_bits {
            Some(bits) if content > bits => {
                return bad(format!("{content} bits of content are more than the packet's {bits}"));
            }
            Some(_) => {}
            None => info.packet_bits = Some(content.next_multiple_of(8)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What of two files of one stream, packets given as begin and end, is seen as read before.
    fn seen(first: &[(u64, u64)], second: &[(u64, u64)]) -> Vec<bool> {
        let mut overlap = Overlap::default();
        let mut read = |file: &[(u64, u64)]| {
            overlap.next_file();
            let packet = |&(begin, end): &_| PacketInfo {
                begin: Some(begin),
                end: Some(end),
                ..PacketInfo::default()
            };
            file.iter().map(|times| overlap.is_seen(&packet(times))).collect::<Vec<_>>()
        };
        assert!(read(first).iter().all(|is_seen| !is_seen));
        read(second)
    }

    #[test]
    fn a_packet_that_an_earlier_file_has_is_seen() {
        assert_eq!(seen(&[(1, 2), (3, 4)], &[(3, 4), (5, 6)]), [true, false]);
        assert_eq!(seen(&[(1, 2), (3, 4), (5, 6)], &[(3, 4), (5, 6), (7, 8)]), [true, true, false]);
    }

    #[test]
    fn a_packet_before_one_that_a_crash_left_unfinished_is_seen() {
        assert_eq!(seen(&[(1, 2), (3, 0)], &[(1, 2)]), [true]);
        assert_eq!(seen(&[(1, 2), (3, 0)], &[(1, 2), (5, 6)]), [true, false]);
    }
}
