//! TSDL gives numbers their role by name.

use super::Builder;
use crate::clock::Clock;
use crate::field::{FieldType, Int, Kind, NO_CLOCK, Role};

/// The clock that timestamps belong to which are mapped to none: the only one, or an implicit one of 1 GHz.
pub(super) struct AutoClock<'b> {
    builder: &'b mut Builder,
}

impl<'b> AutoClock<'b> {
    pub(super) fn new(builder: &'b mut Builder) -> AutoClock<'b> {
        AutoClock { builder }
    }

    fn map(&mut self, int: &mut Int) {
        if int.clock != NO_CLOCK {
            return;
        }
        if self.builder.metadata.clocks.is_empty() {
            self.builder.clock(Clock::nanoseconds("default"));
        }
        if let [only] = self.builder.metadata.clocks.as_slice() {
            let name = only.name.clone();
            int.clock = self.builder.clock_reference(&name);
        }
    }
}

pub(super) fn packet_header(ty: &mut FieldType) {
    each_member(ty, &mut |name, ty| match (name, &mut ty.kind) {
        (_, Kind::Int(int)) if !int.signed => {
            int.role = match name {
                "magic" if int.bits == 32 => Role::Magic,
                "stream_id" => Role::StreamClass,
                "stream_instance_id" => Role::StreamInstance,
                _ => Role::None,
            }
        }
        _ => {}
    });
}

pub(super) fn packet_context(ty: &mut FieldType, clocks: &mut AutoClock<'_>) {
    each_member(ty, &mut |name, ty| {
        let Some(int) = ty.as_int_mut().filter(|int| !int.signed) else { return };
        int.role = match name {
            "timestamp_begin" => Role::Begin,
            "timestamp_end" => Role::End,
            "content_size" => Role::ContentSize,
            "packet_size" => Role::PacketSize,
            "packet_seq_num" => Role::SequenceNumber,
            "events_discarded" => Role::Discarded,
            "cpu_id" => Role::Cpu,
            _ => Role::None,
        };
        if matches!(int.role, Role::Begin | Role::End) {
            clocks.map(int);
        }
    });
}

pub(super) fn event_header(ty: &mut FieldType, clocks: &mut AutoClock<'_>) {
    each_member(ty, &mut |name, ty| match &mut ty.kind {
        Kind::Int(int) | Kind::Enum(int, _) if !int.signed => {
            if name == "timestamp" {
                clocks.map(int);
            }
            if int.clock != NO_CLOCK {
                int.role = Role::Timestamp;
            } else if name == "id" {
                int.role = Role::EventClass;
            }
        }
        Kind::Variant(variant) => {
            for choice in &mut variant.choices {
                event_header(&mut choice.ty, clocks);
            }
        }
        Kind::Struct(_) => event_header(ty, clocks),
        _ => {}
    });
}

fn each_member(ty: &mut FieldType, f: &mut dyn FnMut(&str, &mut FieldType)) {
    if let Kind::Struct(members) = &mut ty.kind {
        for member in members {
            f(&member.raw, &mut member.ty);
        }
    }
}
