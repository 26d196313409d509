//! How the text of a class's events goes, worked out once: most events are numbers and plain words at known places.

use crate::wall_clock::write_number;
use beamtap_ctf::{Event, FieldKind, FieldType};

/// The text of a class of events.
pub(crate) struct Plan(Vec<Step>);

/// A piece of text that is always the same, and a value behind it.
struct Step {
    before: Box<[u8]>,
    value: Show,
}

#[derive(Clone, Copy)]
enum Show {
    Cpu,
    Number(Place, Notation),
    Text(usize),
    End,
}

#[derive(Clone, Copy)]
enum Place {
    Payload(usize),
    Common(usize),
}

#[derive(Clone, Copy)]
enum Notation {
    Unsigned,
    Signed,
    /// In base 16, of so many bits.
    Hex(u64),
}

impl Plan {
    /// A plan for the class of this event, proven with it; `None` where there is more to its text than a plan can say.
    pub(crate) fn of(event: Event<'_>) -> Option<Plan> {
        let class = event.definition();
        if !class.specific_context().is_empty() || class.fields().is_empty() {
            return None;
        }
        let mut steps = Vec::new();
        let mut before = format!("{}: ", class.name());
        if event.packet_context().into_iter().flatten().any(|(name, _)| name == "cpu_id") {
            steps
                .push(Step { before: format!("{before}{{ cpu_id = ").into_bytes().into(), value: Show::Cpu });
            before = " }, ".to_owned();
        }
        let common = class.common_context().iter().enumerate().map(|(i, field)| (Place::Common(i), field));
        let payload = class.fields().iter().enumerate().map(|(i, field)| (Place::Payload(i), field));
        for (place, field) in common.chain(payload) {
            before += match place {
                Place::Common(0) => "{ ",
                Place::Payload(0) if class.common_context().is_empty() => "{ ",
                Place::Payload(0) => " }, { ",
                _ => ", ",
            };
            before += &format!("{} = ", field.name());
            let value = Show::of(place, field.field_type())?;
            steps.push(Step { before: std::mem::take(&mut before).into_bytes().into(), value });
        }
        steps.push(Step { before: b" }"[..].into(), value: Show::End });
        let plan = Plan(steps);
        let (mut planned, mut proven) = (Vec::new(), Vec::new());
        plan.write(event, &mut planned);
        event.write_text(&mut proven);
        (planned == proven).then_some(plan)
    }

    /// Appends the event's name and fields.
    #[inline]
    pub(crate) fn write(&self, event: Event<'_>, out: &mut Vec<u8>) {
        let begin = out.len();
        for step in &self.0 {
            out.extend_from_slice(&step.before);
            if !step.value.write(event, out) {
                out.truncate(begin);
                return event.write_text(out);
            }
        }
    }
}

impl Show {
    fn of(place: Place, field_type: &FieldType) -> Option<Show> {
        match (field_type.kind(), place) {
            (FieldKind::Unsigned { base: 10, .. }, _) => Some(Show::Number(place, Notation::Unsigned)),
            (FieldKind::Signed { base: 10, .. }, _) => Some(Show::Number(place, Notation::Signed)),
            (FieldKind::Unsigned { base: 16, bits } | FieldKind::Signed { base: 16, bits }, _) => {
                Some(Show::Number(place, Notation::Hex(u64::MAX >> (64 - bits.clamp(1, 64)))))
            }
            (FieldKind::Str, Place::Payload(field)) => Some(Show::Text(field)),
            _ => None,
        }
    }

    /// False where this value is not a plain one.
    #[inline]
    fn write(self, event: Event<'_>, out: &mut Vec<u8>) -> bool {
        match self {
            Show::Cpu => match event.cpu_id() {
                Some(cpu) if cpu <= i32::MAX as u32 => write_number(cpu.into(), out),
                _ => return false,
            },
            Show::Number(place, notation) => {
                let word = match place {
                    Place::Payload(field) => event.u64(field),
                    Place::Common(field) => event.context_u64(field),
                };
                notation.write(word, out);
            }
            Show::Text(field) => {
                let text = event.bytes(field);
                if !text.iter().all(|&byte| is_plain(byte)) {
                    return false;
                }
                out.push(b'"');
                out.extend_from_slice(text);
                out.push(b'"');
            }
            Show::End => {}
        }
        true
    }
}

impl Notation {
    #[inline]
    fn write(self, word: u64, out: &mut Vec<u8>) {
        match self {
            Notation::Unsigned => write_number(word, out),
            Notation::Signed => {
                if (word as i64) < 0 {
                    out.push(b'-');
                }
                write_number((word as i64).unsigned_abs(), out);
            }
            Notation::Hex(mask) => {
                let mut word = word & mask;
                let mut digits = [b'0'; 16];
                let mut at = digits.len();
                loop {
                    at -= 1;
                    digits[at] = b"0123456789ABCDEF"[(word & 15) as usize];
                    word >>= 4;
                    if word == 0 {
                        break;
                    }
                }
                out.extend_from_slice(b"0x");
                out.extend_from_slice(&digits[at..]);
            }
        }
    }
}

/// Stands for itself between quotes.
fn is_plain(byte: u8) -> bool {
    byte >= b' ' && byte != 0x7f && !matches!(byte, b'"' | b'\'' | b'?' | b'\\')
}
