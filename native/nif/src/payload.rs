//! What a tap may say of what events carried.

use beamtap_schema::PayloadPart;

/// Longest text, in bytes: rendering takes some tens of microseconds at most.
pub(crate) const TEXT_BYTES: usize = 4096;

/// What may be said of one kind of payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    None,
    Size,
    /// Text of at most this many bytes.
    Text(u16),
}

/// What a tap may say of arguments, return values (and what exceptions carry), messages and exit reasons: 16 bits each,
/// 0 for nothing, 1 for the size, else the bytes of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Payloads(u64);

const BITS: usize = 16;

impl Payloads {
    pub(crate) const NONE: Payloads = Payloads(0);

    pub(crate) fn new(payloads: [Payload; 4]) -> Payloads {
        let bits = payloads.into_iter().rev().fold(0, |bits, payload| {
            bits << BITS
                | match payload {
                    Payload::None => 0,
                    Payload::Size => 1,
                    Payload::Text(bytes) => u64::from(bytes.clamp(2, TEXT_BYTES as u16)),
                }
        });
        Payloads(bits)
    }

    #[inline]
    pub(crate) const fn is_none(self) -> bool {
        self.0 == 0
    }

    #[inline]
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    #[inline]
    pub(crate) const fn from_bits(bits: u64) -> Payloads {
        Payloads(bits)
    }

    pub(crate) const fn of(self, what: PayloadPart) -> Payload {
        let place = match what {
            PayloadPart::Arguments => 0,
            PayloadPart::ReturnValue | PayloadPart::ExceptionValue => 1,
            PayloadPart::Message => 2,
            PayloadPart::ExitReason => 3,
        };
        match (self.0 >> (place * BITS)) as u16 {
            0 => Payload::None,
            1 => Payload::Size,
            bytes => Payload::Text(bytes),
        }
    }
}
