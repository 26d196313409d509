//! What was made of stretches, handed over in their order.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use super::Ordered;
use super::stretch::{Job, Made};
use super::team::Team;
use crate::cursor::Copied;
use crate::error::Error;
use crate::event::Item;
use crate::reader::Reader;

/// Stretches that may be decoded or wait to be handed over for each thread.
const AHEAD_PER_THREAD: usize = 3;
/// Bytes that they may have together, unless there is only one.
const AHEAD_BYTES: usize = 2 << 20;

/// Hands stretches out to be decoded, and over in order.
pub(super) struct Stretches<'t, T, S> {
    team: &'t Team<Job, Made<T>>,
    ahead: usize,
    sink: S,
    /// What was not handed over yet, in order.
    waiting: VecDeque<Waiting<T>>,
    /// Number of what is first among that.
    first: u64,
    being_decoded: usize,
    bytes: usize,
    /// Memory to copy to.
    spare: Vec<Copied>,
}

enum Waiting<T> {
    BeingDecoded,
    Ready(Result<Ordered<T>, Error>),
}

impl<'t, T, S> Stretches<'t, T, S>
where
    T: Send,
    S: FnMut(Result<Ordered<T>, Error>) -> ControlFlow<()>,
{
    pub(super) fn new(team: &'t Team<Job, Made<T>>, threads: usize, sink: S) -> Stretches<'t, T, S> {
        Stretches {
            team,
            ahead: AHEAD_PER_THREAD * threads,
            sink,
            waiting: VecDeque::new(),
            first: 0,
            being_decoded: 0,
            bytes: 0,
            spare: Vec::new(),
        }
    }

    pub(super) fn run(mut self, reader: &mut Reader) -> ControlFlow<()> {
        let mut copied = Copied::default();
        reader.copy_all(&mut copied, |copied, other| {
            if !copied.is_empty() {
                let next = self.spare.pop().unwrap_or_default();
                self.give(std::mem::replace(copied, next))?;
            }
            if let Some(other) = other {
                self.make_room(0)?;
                self.waiting.push_back(Waiting::Ready(match other {
                    Ok(Item::Discarded(loss)) => Ok(Ordered::Discarded(loss)),
                    Ok(Item::LostPackets(loss)) => Ok(Ordered::LostPackets(loss)),
                    Ok(Item::Event(_)) => return ControlFlow::Continue(()),
                    Err(error) => Err(error),
                }));
            }
            self.hand_over()
        })?;
        while self.being_decoded > 0 {
            self.receive()?;
        }
        ControlFlow::Continue(())
    }

    /// Waits until so many bytes more may wait.
    fn make_room(&mut self, bytes: usize) -> ControlFlow<()> {
        while self.being_decoded > 0 && (self.waiting.len() >= self.ahead || self.bytes + bytes > AHEAD_BYTES)
        {
            self.receive()?;
        }
        ControlFlow::Continue(())
    }

    /// Gives a stretch to whoever is free, once there is room for it.
    fn give(&mut self, copied: Copied) -> ControlFlow<()> {
        let bytes = copied.len();
        self.make_room(bytes)?;
        let job = Job { number: self.first + self.waiting.len() as u64, copied };
        self.waiting.push_back(Waiting::BeingDecoded);
        self.being_decoded += 1;
        self.bytes += bytes;
        if self.team.give(job) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    /// Waits for a stretch that is being decoded, and hands over what can be.
    fn receive(&mut self) -> ControlFlow<()> {
        let Some(Made { job: Job { number, mut copied }, value }) = self.team.receive() else {
            return ControlFlow::Break(());
        };
        self.being_decoded -= 1;
        self.bytes -= copied.len();
        copied.clear();
        self.spare.push(copied);
        if let Some(waiting) = self.waiting.get_mut((number - self.first) as usize) {
            *waiting = Waiting::Ready(Ok(Ordered::Events(value)));
        }
        self.hand_over()
    }

    fn hand_over(&mut self) -> ControlFlow<()> {
        while let Some(Waiting::Ready(_)) = self.waiting.front() {
            if let Some(Waiting::Ready(told)) = self.waiting.pop_front() {
                self.first += 1;
                (self.sink)(told)?;
            }
        }
        ControlFlow::Continue(())
    }
}
