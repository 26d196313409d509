//! What was made of packets, handed over in the order of the packets.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::Folded;
use super::schedule::{Schedule, Unit};
use super::team::{Decoded, Team};
use crate::error::Error;

/// Packets that may be decoded or wait to be handed over for each thread.
const AHEAD_PER_THREAD: usize = 4;

/// Puts results in the order of their packets.
pub(super) struct InOrder {
    /// File of each stream in which a fault was found: nothing more of it is handed over.
    broken_file: Vec<Option<usize>>,
}

impl InOrder {
    pub(super) fn new(streams: usize) -> InOrder {
        InOrder { broken_file: vec![None; streams] }
    }

    pub(super) fn run<T: Send>(
        mut self,
        schedule: &mut Schedule<'_>,
        team: &Team<Unit, Decoded<T>>,
        threads: usize,
        sink: &mut impl FnMut(Result<Folded<T>, Error>) -> ControlFlow<()>,
    ) {
        // By the number of the packet; faults that the schedule met have numbers too.
        let mut early: BTreeMap<u64, Result<Decoded<T>, Error>> = BTreeMap::new();
        let (mut given, mut received, mut told, mut is_over) = (0, 0, 0, false);
        loop {
            while !is_over && given + 1 - told <= (AHEAD_PER_THREAD * threads) as u64 {
                match schedule.take() {
                    Some(Ok(unit)) => {
                        given += 1;
                        if !team.give(unit) {
                            return;
                        }
                    }
                    Some(Err(error)) => {
                        given += 1;
                        received += 1;
                        early.insert(given, Err(error));
                    }
                    None => is_over = true,
                }
            }
            while let Some(result) = early.remove(&(told + 1)) {
                told += 1;
                let flow = match result {
                    Ok(decoded) => self.tell(decoded, sink),
                    Err(error) => sink(Err(error)),
                };
                if flow.is_break() {
                    return;
                }
            }
            if told == given && is_over {
                return;
            }
            if received < given {
                let Some(decoded) = team.receive() else { return };
                received += 1;
                early.insert(decoded.unit.number, Ok(decoded));
            }
        }
    }

    /// Hands over a packet, unless a fault before it has ended its file.
    pub(super) fn tell<T>(
        &mut self,
        decoded: Decoded<T>,
        sink: &mut impl FnMut(Result<Folded<T>, Error>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Decoded { unit, value, fault } = decoded;
        let broken = &mut self.broken_file[unit.stream.index()];
        if *broken == Some(unit.packet.file) {
            return ControlFlow::Continue(());
        }
        if fault.is_some() {
            *broken = Some(unit.packet.file);
        }
        sink(Ok(Folded { stream: unit.stream, packet: unit.packet, value }))?;
        fault.map_or(ControlFlow::Continue(()), |error| sink(Err(error)))
    }
}
