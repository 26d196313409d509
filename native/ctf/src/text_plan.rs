//! How the text of a class's events goes, worked out once: what is always the same, and how each value between is
//! written.

use crate::class::{ClassData, StreamPlan};
use crate::decimal;
use crate::event::Event;
use crate::field::{FieldType, Kind, Role};
use crate::piece::Piece;
use crate::program::{Access, Load};
use crate::text::{LONGEST_STRING, PACKET_MEMBERS, Room, write_packet, write_string_within, write_value};

/// The text of a class of events, without what stands before the name.
#[derive(Debug)]
pub(crate) struct TextPlan {
    steps: Vec<Step>,
    end: Piece,
}

/// A piece of text that is always the same, and a value behind it.
#[derive(Debug)]
struct Step {
    before: Piece,
    value: Show,
}

#[derive(Debug)]
enum Show {
    /// The number that the packet says it was filled on.
    Cpu,
    /// All members of the packet's context that are about the trace.
    Packet,
    Unsigned(Access),
    Signed(Access),
    Text(Access),
    /// A member of a scope, by its type.
    Value {
        scope: usize,
        member: usize,
    },
}

impl TextPlan {
    pub(crate) fn of(class: &ClassData, stream: &StreamPlan) -> TextPlan {
        let mut steps = Vec::new();
        let mut before = format!("{}: ", class.name);
        let mut is_first = true;
        let mut step = |before: &mut String, value| {
            steps.push(Step { before: Piece::new(std::mem::take(before).as_bytes()), value });
        };
        let packet = stream.packet_context.as_ref().map_or(&[][..], FieldType::members);
        let told: Vec<_> = packet.iter().filter(|m| !PACKET_MEMBERS.contains(&m.name())).collect();
        match told.as_slice() {
            [] => {}
            [only] if is_cpu(&only.ty) => {
                before += &format!("{{ {} = ", only.name());
                step(&mut before, Show::Cpu);
                before += " }";
                is_first = false;
            }
            _ => {
                step(&mut before, Show::Packet);
                is_first = false;
            }
        }
        for (scope, (ty, accesses)) in class.scopes().into_iter().enumerate() {
            let Some(ty) = ty else { continue };
            before += if std::mem::replace(&mut is_first, false) { "{" } else { ", {" };
            for (member, (field, access)) in ty.members().iter().zip(accesses).enumerate() {
                before += if member == 0 { " " } else { ", " };
                before += field.name();
                before += " = ";
                let value = Show::of(&field.ty, access).unwrap_or(Show::Value { scope, member });
                step(&mut before, value);
            }
            before += " }";
        }
        TextPlan { steps, end: Piece::new(before.as_bytes()) }
    }

    /// Appends the event's name and fields; says whether there was room for all.
    pub(crate) fn write(&self, event: Event<'_>, out: &mut Vec<u8>) -> bool {
        let mut room = Room::behind(out);
        for step in &self.steps {
            step.before.push(out);
            match &step.value {
                Show::Cpu => decimal::write(out, event.cpu_id().unwrap_or(0).into()),
                Show::Packet => write_packet(out, event, &mut room),
                Show::Unsigned(access) => decimal::write(out, event.number(access)),
                Show::Signed(access) => {
                    let number = event.number(access) as i64;
                    if number < 0 {
                        out.push(b'-');
                    }
                    decimal::write(out, number.unsigned_abs());
                }
                Show::Text(access) => {
                    let (bytes, length) = event.text_within(access);
                    write_string_within(out, bytes, length.min(LONGEST_STRING));
                    if length > LONGEST_STRING {
                        room.elide(out, b"...");
                    }
                }
                Show::Value { scope, member } => {
                    if let Some((ty, value)) = event.member(*scope, *member) {
                        write_value(out, ty, value, &mut room);
                    }
                }
            }
        }
        self.end.push(out);
        room.is_enough()
    }
}

impl Show {
    /// The quick way to write a value of this type, if there is one.
    fn of(ty: &FieldType, access: &Access) -> Option<Show> {
        match (&ty.kind, access.load) {
            // A number without a natural order of its bits is loaded by its type, which the access does not have.
            (Kind::Int(int), _) if !int.is_plain() => None,
            (Kind::Int(int), _) if int.base == 10 && int.signed => Some(Show::Signed(*access)),
            (Kind::Int(int), _) if int.base == 10 => Some(Show::Unsigned(*access)),
            (Kind::Str, Load::Text) => Some(Show::Text(*access)),
            _ => None,
        }
    }
}

fn is_cpu(ty: &FieldType) -> bool {
    matches!(&ty.kind, Kind::Int(int) if int.role == Role::Cpu && int.is_plain() && !int.signed && int.base == 10 && int.bits <= 32)
}
