//! How the text of a class's events goes, worked out once: what is always the same, and how each value between is
//! written.

use crate::class::{ClassData, StreamPlan};
use crate::event::Event;
use crate::field::{FieldType, Kind, Role};
use crate::program::{Access, Load};
use crate::text::{PACKET_MEMBERS, write_decimal, write_packet, write_string, write_value};

/// The text of a class of events, without what stands before the name.
#[derive(Debug)]
pub(crate) struct TextPlan {
    steps: Vec<Step>,
    end: Box<[u8]>,
}

/// A piece of text that is always the same, and a value behind it.
#[derive(Debug)]
struct Step {
    before: Box<[u8]>,
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
            steps.push(Step { before: std::mem::take(before).into_bytes().into(), value });
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
        TextPlan { steps, end: before.into_bytes().into() }
    }

    /// Appends the event's name and fields.
    pub(crate) fn write(&self, event: Event<'_>, out: &mut Vec<u8>) {
        for step in &self.steps {
            out.extend_from_slice(&step.before);
            match &step.value {
                Show::Cpu => write_decimal(out, event.cpu_id().unwrap_or(0).into()),
                Show::Packet => write_packet(out, event),
                Show::Unsigned(access) => write_decimal(out, event.number(access)),
                Show::Signed(access) => {
                    let number = event.number(access) as i64;
                    if number < 0 {
                        out.push(b'-');
                    }
                    write_decimal(out, number.unsigned_abs());
                }
                Show::Text(access) => write_string(out, event.text_at(access)),
                Show::Value { scope, member } => {
                    if let Some((ty, value)) = event.member(*scope, *member) {
                        write_value(out, ty, value);
                    }
                }
            }
        }
        out.extend_from_slice(&self.end);
    }
}

impl Show {
    /// The quick way to write a value of this type, if there is one.
    fn of(ty: &FieldType, access: &Access) -> Option<Show> {
        match (&ty.kind, access.load) {
            (Kind::Int(int), _) if int.base == 10 && int.signed => Some(Show::Signed(*access)),
            (Kind::Int(int), _) if int.base == 10 => Some(Show::Unsigned(*access)),
            (Kind::Str, Load::Text) => Some(Show::Text(*access)),
            _ => None,
        }
    }
}

fn is_cpu(ty: &FieldType) -> bool {
    matches!(&ty.kind, Kind::Int(int) if int.role == Role::Cpu && !int.signed && int.base == 10 && int.bits <= 32)
}
