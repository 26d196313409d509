//! Identities of the VM as 64-bit numbers.

use crate::field::wire_enum;
use std::fmt;

wire_enum! {
    /// Which kind of thing an [`Entity`] is.
    EntityKind {
        /// A process of this node.
        Process = 0 "process",
        /// A port of this node.
        Port = 1 "port",
        /// A registered name: the number is an interned atom.
        Name = 2 "name",
        /// A process, port or name of another node: the number is 0.
        Remote = 3 "remote",
        /// A process alias: the number is a hash of the reference.
        Alias = 4 "alias",
        /// The VM passed something of an unknown form: the number is 0.
        Unknown = 5 "unknown",
    }
}

/// A process or port of the traced node, or another receiver of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entity {
    /// What kind of thing it is.
    pub kind: EntityKind,
    /// Its number; for a process `serial << 32 | number`.
    pub id: u64,
}

impl Entity {
    /// The local process `<0.number.serial>`.
    pub const fn process(number: u32, serial: u32) -> Self {
        Entity { kind: EntityKind::Process, id: (serial as u64) << 32 | number as u64 }
    }

    /// The entity with the two numbers of a recorded event. A kind that this version does not know becomes `Unknown`.
    pub const fn from_wire(kind: u8, id: u64) -> Self {
        match EntityKind::from_wire(kind) {
            Some(kind) => Entity { kind, id },
            None => Entity { kind: EntityKind::Unknown, id },
        }
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            EntityKind::Process => write!(f, "<0.{}.{}>", self.id as u32, self.id >> 32),
            EntityKind::Port => write!(f, "#Port<0.{}>", self.id),
            EntityKind::Name => write!(f, "name {}", self.id),
            EntityKind::Alias => write!(f, "alias {:016x}", self.id),
            EntityKind::Remote => f.write_str("remote"),
            EntityKind::Unknown => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_reads_as_the_shell_prints_it() {
        assert_eq!(Entity::process(131, 0).to_string(), "<0.131.0>");
        assert_eq!(Entity::process(7, 2), Entity::from_wire(0, (2 << 32) + 7));
        assert_eq!(Entity::from_wire(0, (2 << 32) + 7).to_string(), "<0.7.2>");
        assert_eq!(Entity::from_wire(99, 7).kind, EntityKind::Unknown);
    }
}
