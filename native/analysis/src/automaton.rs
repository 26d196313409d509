//! What is true of the traced VM now: who is in which calls, who runs where, and what the numbers stand for.
//!
//! # When events are missing
//!
//! A return that was discarded would leave its frame open and charge all that follows to it. So the calls that are
//! open at the beginning of a stretch with losses, and those open at its end, are given up
//! ([`Ending::Interrupted`]). Calls whose both ends were recorded inside the stretch count: what is missing may be
//! calls between, and every result says that it is lossy.
//!
//! The same is done where a recording was interrupted (`gap`), and where a tap was paused and resumed: an event does
//! not tell which processes are its tap's, so that all open calls are given up.
//!
//! # When a process exits
//!
//! Its `exit` is not its last event: it gives up its name after that and, with the flag `exiting`, is scheduled until
//! `out_exited`. All of that is the same process's ([`Departed`]). Whatever only a living process does, under the pid of
//! one that has exited, is another process's: the VM uses pids again.

mod change;
mod departed;
mod interruptions;
mod names;
mod process;
mod stack;

pub use change::{Change, Collection, EndedCall, Ending, Slice};
pub use interruptions::Interruptions;
pub use names::{FunctionName, Names, ThreadName, Vm};
pub use process::{Identity, Process};

use crate::item::{Item, Lost};
use beamtap_schema::{EVENT_COUNT, EntityKind, Event, EventKind};
use departed::Departed;
use foldhash::HashMap;
use stack::{Matched, Sink};

/// The state of the traced VM at one point of the trace.
#[derive(Debug, Default)]
pub struct Automaton {
    slots: Vec<Process>,
    free: Vec<u32>,
    by_pid: HashMap<u64, u32>,
    /// The process met last and its slot: the next event is most often of the same one.
    met: Option<(u64, u32)>,
    /// Freed before the next item: the analyses still look at them.
    leaving: Vec<u32>,
    departed: Departed,
    names: Names,
    /// Frames on all stacks together, stale ones included.
    open_calls: usize,
    /// Counts how often everything open had to be given up. A process that is behind is brought up when it is met.
    epoch: u32,
    /// The end of the stretch with losses that the trace is in.
    suspect_until_ns: u64,
    lossy: bool,
    /// A process was scheduled in.
    has_scheduling: bool,
    unmatched_returns: u64,
    guessed_returns: u64,
    overfull: u64,
    last_ns: u64,
    interruptions: Interruptions,
    was_paused: bool,
    /// The kinds that the trace may hold; unknown until told.
    declared: Option<[bool; EVENT_COUNT]>,
}

impl Automaton {
    /// The largest number of open calls, in all processes together. In a trace without returns, open calls pile up;
    /// at this limit, all of them are given up as interrupted.
    pub const MAX_OPEN_CALLS: usize = 1 << 21;

    /// The process in a slot, as after the last item.
    ///
    /// Slots are small numbers that are reused when a process is gone.
    pub fn process(&self, slot: u32) -> Option<&Process> {
        self.slots.get(slot as usize)
    }

    /// The slots of the processes that are known now.
    pub fn live_slots(&self) -> impl Iterator<Item = u32> {
        self.by_pid.values().copied()
    }

    /// The definitions read so far.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Says which kinds of events the trace may hold.
    pub(crate) fn declare(&mut self, kinds: &[EventKind]) {
        self.declared = Some(std::array::from_fn(|kind| kinds.iter().any(|&known| known as usize == kind)));
    }

    /// By kind, whether the trace may hold such events; all of them where nobody said.
    pub(crate) fn declared(&self) -> [bool; EVENT_COUNT] {
        self.declared.unwrap_or([true; EVENT_COUNT])
    }

    /// Whether events or packets were lost, or the recording was interrupted, up to now.
    pub fn is_lossy(&self) -> bool {
        self.lossy
    }

    /// Whether the trace tells running from waiting. If no process was scheduled, it does if the trace can have such
    /// events; a session that beamtap did not make records every kind, which does not prove that the VM emits them.
    pub fn tells_waiting(&self) -> bool {
        self.has_scheduling
            || self.declared.is_some_and(|kinds| kinds[EventKind::In as usize] && kinds.contains(&false))
    }

    /// Says by which names LTTng knows the sessions that recorded the trace. What is told of other taps' interruptions
    /// is then not counted as the trace's own.
    pub(crate) fn record_sessions(&mut self, names: Vec<String>) {
        self.interruptions.record_sessions(names);
    }

    /// Pauses of the tap, and interruptions of the recording.
    pub fn interruptions(&self) -> &Interruptions {
        &self.interruptions
    }

    /// Some tap was paused up to now.
    pub(crate) fn was_paused(&self) -> bool {
        self.was_paused
    }

    /// Number of returns and exceptions without a call in the trace: the call was made before the trace started, or
    /// was lost.
    pub fn unmatched_returns(&self) -> u64 {
        self.unmatched_returns
    }

    /// Number of returns to functions that are not traced. How many calls ended with them is not known.
    pub fn guessed_returns(&self) -> u64 {
        self.guessed_returns
    }

    /// Number of times that all open calls were given up because of [`Automaton::MAX_OPEN_CALLS`].
    pub fn overfull(&self) -> u64 {
        self.overfull
    }

    /// Takes one item, and appends what ended with it to `changes`.
    ///
    /// Returns the slot of the process that the item is about; `None` if it is not about a process.
    #[inline]
    pub fn apply(&mut self, item: &Item<'_>, changes: &mut Vec<Change>) -> Option<u32> {
        while let Some(slot) = self.leaving.pop() {
            self.release(slot);
        }
        match item {
            Item::Event(stamp, event) => {
                self.last_ns = self.last_ns.max(stamp.ns);
                if self.suspect_until_ns != 0 && stamp.ns > self.suspect_until_ns {
                    self.suspect_until_ns = 0;
                    self.epoch += 1;
                }
                self.event(stamp.ns, event, changes)
            }
            Item::Discarded(lost) | Item::LostPackets(lost) => {
                self.lose(lost);
                None
            }
            Item::Other(..) => None,
        }
    }

    /// Takes in who processes are from an item that is not to be counted.
    pub(crate) fn learn(&mut self, item: &Item<'_>, changes: &mut Vec<Change>) {
        if let Item::Event(
            _,
            Event::Spawn(_) | Event::Spawned(_) | Event::Register(_) | Event::Exit(_) | Event::OutExited(_),
        ) = item
        {
            self.apply(item, changes);
        }
    }

    /// Ends what is still open at the end of the trace.
    pub fn finish(&mut self, changes: &mut Vec<Change>) {
        let mut slots: Vec<u32> = self.live_slots().collect();
        slots.sort_unstable();
        for slot in slots {
            if self.slots[slot as usize].has_exited() {
                self.dismiss(slot, self.last_ns, changes);
                continue;
            }
            let stale = self.slots[slot as usize].epoch != self.epoch;
            let how = if stale { Ending::Interrupted } else { Ending::Unfinished };
            let mut sink = Sink { slot, ns: self.last_ns, changes };
            self.slots[slot as usize].stack.clear(how, &mut sink);
        }
        self.open_calls = 0;
    }

    /// Gives up what is open in every process: each does so when it is met.
    fn interrupt_all(&mut self) {
        self.epoch += 1;
    }

    fn lose(&mut self, lost: &Lost) {
        self.lossy = true;
        self.interrupt_all();
        self.suspect_until_ns = self.suspect_until_ns.max(lost.end_ns);
    }

    #[inline]
    fn event(&mut self, ns: u64, event: &Event<'_>, changes: &mut Vec<Change>) -> Option<u32> {
        match event {
            Event::Call(e) => {
                if self.open_calls >= Self::MAX_OPEN_CALLS {
                    self.give_up_all(ns, changes);
                }
                let slot = self.enter(e.pid, ns, changes);
                let process = &mut self.slots[slot as usize];
                process.execute(ns);
                if self.names.is_endless(e.function) {
                    changes.push(Change::Call(EndedCall::unrecorded(slot, e.function)));
                } else {
                    process.stack.call(ns, e.function);
                    self.open_calls += 1;
                }
                Some(slot)
            }
            Event::ReturnFrom(e) => Some(self.leave(e.pid, ns, changes, |p, sink| {
                p.stack.return_from(e.function, Ending::Returned, sink)
            })),
            Event::ExceptionFrom(e) => {
                Some(self.leave(e.pid, ns, changes, |p, sink| {
                    p.stack.return_from(e.function, Ending::Raised, sink)
                }))
            }
            Event::ReturnTo(e) => {
                Some(self.leave(e.pid, ns, changes, |p, sink| p.stack.return_to(e.function, sink)))
            }
            Event::In(e) => {
                self.has_scheduling = true;
                let slot = self.enter(e.pid, ns, changes);
                self.slots[slot as usize].schedule_in(ns, e.thread);
                Some(slot)
            }
            Event::InExiting(e) => {
                let slot = self.enter_late(e.pid, ns, changes)?;
                let process = &mut self.slots[slot as usize];
                process.settle(slot, changes);
                process.schedule_in(ns, e.thread);
                Some(slot)
            }
            Event::Out(e) => {
                let slot = self.enter(e.pid, ns, changes);
                let process = &mut self.slots[slot as usize];
                let sink = &mut Sink { slot, ns, changes };
                if self.names.leaves_no_stack(e.function) {
                    self.open_calls -= process.depth();
                    process.hibernate(sink);
                }
                process.schedule_out(sink);
                Some(slot)
            }
            Event::OutExiting(e) => self.out_exiting(e.pid, ns, changes),
            Event::OutExited(e) => {
                let slot = self.out_exiting(e.pid, ns, changes)?;
                self.dismiss(slot, ns, changes);
                Some(slot)
            }
            Event::GcMinorStart(e) => Some(self.begin_collection(e.pid, ns, changes)),
            Event::GcMajorStart(e) => Some(self.begin_collection(e.pid, ns, changes)),
            Event::GcMinorEnd(e) => Some(self.end_collection(e.pid, false, ns, changes)),
            Event::GcMajorEnd(e) => Some(self.end_collection(e.pid, true, ns, changes)),
            Event::GcMaxHeapSize(e) => Some(self.enter(e.pid, ns, changes)),
            Event::Send(e) => self.enter_entity(e.from_kind, e.from, ns, changes),
            Event::SendToNonExistingProcess(e) => self.enter_entity(e.from_kind, e.from, ns, changes),
            Event::Receive(e) => self.enter_entity(e.to_kind, e.to, ns, changes),
            Event::ReceiveTimeout(e) => Some(self.enter(e.pid, ns, changes)),
            Event::Spawn(e) => {
                let slot = self.enter(e.parent, ns, changes);
                self.born(e.pid, e.parent, e.function, ns, changes);
                Some(slot)
            }
            Event::Spawned(e) => Some(self.born(e.pid, e.parent, e.function, ns, changes)),
            Event::Exit(e) => {
                let slot = self.enter(e.pid, ns, changes);
                let how = if is_orderly(e.reason) { Ending::Exited } else { Ending::Crashed };
                self.exit(slot, how, ns, changes);
                Some(slot)
            }
            Event::Register(e) => {
                let slot = self.enter(e.pid, ns, changes);
                self.slots[slot as usize].identify(0, e.name, 0);
                Some(slot)
            }
            Event::Unregister(e) => self.enter_late(e.pid, ns, changes),
            Event::Open(e) => Some(self.enter(e.opener, ns, changes)),
            Event::Link(e) => Some(self.enter(e.pid, ns, changes)),
            Event::Unlink(e) => self.enter_late(e.pid, ns, changes),
            Event::GettingLinked(e) => Some(self.enter(e.pid, ns, changes)),
            Event::GettingUnlinked(e) => self.enter_late(e.pid, ns, changes),
            Event::DefProcess(e) => {
                let slot = self.enter(e.pid, ns, changes);
                self.slots[slot as usize].identify(e.parent, e.name, e.function);
                None
            }
            Event::DefFunction(_)
            | Event::DefEnds(_)
            | Event::DefAtom(_)
            | Event::DefThread(_)
            | Event::DefVm(_) => {
                self.names.learn(event);
                None
            }
            Event::Gap(e) => {
                self.lossy |= self.interruptions.gap(e);
                self.interrupt_all();
                None
            }
            Event::Pause(e) => {
                self.was_paused = true;
                self.interruptions.pause(e, ns);
                self.interrupt_all();
                None
            }
            Event::Resume(e) => {
                self.interruptions.resume(e, ns);
                self.interrupt_all();
                None
            }
            // What changes nothing of what is kept here.
            _ => None,
        }
    }

    /// The slot of a process that is named in an event, brought up to the present epoch.
    #[inline]
    fn enter(&mut self, pid: u64, ns: u64, changes: &mut Vec<Change>) -> u32 {
        let slot = match self.met {
            Some((met, slot)) if met == pid => slot,
            _ => self.find(pid),
        };
        if self.slots[slot as usize].epoch != self.epoch { self.bring_up(slot, ns, changes) } else { slot }
    }

    /// Brings a process up to the present epoch. One that has exited makes room for the one that has its pid now.
    #[cold]
    fn bring_up(&mut self, slot: u32, ns: u64, changes: &mut Vec<Change>) -> u32 {
        let process = &self.slots[slot as usize];
        if process.has_exited() {
            let pid = process.identity().pid;
            self.dismiss(slot, ns, changes);
            return self.admit(pid);
        }
        self.interrupt(slot, ns, changes);
        slot
    }

    /// The slot of a process named in an event that may come after its `exit`; `None` where it is gone.
    fn enter_late(&mut self, pid: u64, ns: u64, changes: &mut Vec<Change>) -> Option<u32> {
        match self.by_pid.get(&pid) {
            Some(&slot) if self.slots[slot as usize].has_exited() => {
                self.slots[slot as usize].go_on_exiting(self.epoch, slot, changes);
                Some(slot)
            }
            None if self.departed.is_gone(pid) => None,
            _ => Some(self.enter(pid, ns, changes)),
        }
    }

    fn find(&mut self, pid: u64) -> u32 {
        let slot = match self.by_pid.get(&pid) {
            Some(&slot) => slot,
            None => self.admit(pid),
        };
        self.met = Some((pid, slot));
        slot
    }

    fn enter_entity(&mut self, kind: u8, id: u64, ns: u64, changes: &mut Vec<Change>) -> Option<u32> {
        (EntityKind::from_wire(kind) == Some(EntityKind::Process)).then(|| self.enter(id, ns, changes))
    }

    fn admit(&mut self, pid: u64) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Process::default());
            self.slots.len() as u32 - 1
        });
        self.slots[slot as usize] = Process::new(pid, self.epoch);
        self.by_pid.insert(pid, slot);
        self.departed.forget(pid);
        slot
    }

    #[inline]
    fn leave(
        &mut self,
        pid: u64,
        ns: u64,
        changes: &mut Vec<Change>,
        apply: impl FnOnce(&mut Process, &mut Sink<'_>) -> Matched,
    ) -> u32 {
        let slot = self.enter(pid, ns, changes);
        let process = &mut self.slots[slot as usize];
        process.execute(ns);
        let before = process.depth();
        match apply(process, &mut Sink { slot, ns, changes }) {
            Matched::Told => {}
            Matched::Guessed => self.guessed_returns += 1,
            Matched::Nothing => self.unmatched_returns += 1,
        }
        self.open_calls -= before - process.depth();
        slot
    }

    fn begin_collection(&mut self, pid: u64, ns: u64, changes: &mut Vec<Change>) -> u32 {
        let slot = self.enter(pid, ns, changes);
        self.slots[slot as usize].begin_collection(ns);
        slot
    }

    fn end_collection(&mut self, pid: u64, major: bool, ns: u64, changes: &mut Vec<Change>) -> u32 {
        let slot = self.enter(pid, ns, changes);
        self.slots[slot as usize].end_collection(major, &mut Sink { slot, ns, changes });
        slot
    }

    /// A process that begins to exist.
    fn born(&mut self, pid: u64, parent: u64, function: u32, ns: u64, changes: &mut Vec<Change>) -> u32 {
        let slot = self.enter(pid, ns, changes);
        self.slots[slot as usize].identify(parent, 0, function);
        slot
    }

    fn exit(&mut self, slot: u32, how: Ending, ns: u64, changes: &mut Vec<Change>) {
        let process = &mut self.slots[slot as usize];
        self.open_calls -= process.depth();
        process.exit(how, self.epoch, &mut Sink { slot, ns, changes });
        // Where the trace cannot hold events of the flag `exiting`, nothing comes that counts.
        if !self.may_hold_exiting() {
            self.dismiss(slot, ns, changes);
        } else if let Some((waited, exit_ns)) = self.departed.wait(slot, ns)
            && self.slots[waited as usize].exit_ns() == Some(exit_ns)
        {
            self.dismiss(waited, ns, changes);
        }
    }

    fn may_hold_exiting(&self) -> bool {
        self.declared.is_none_or(|declared| declared[EventKind::OutExited as usize])
    }

    /// An `out` of an exiting process. One that is gone already has had its say.
    fn out_exiting(&mut self, pid: u64, ns: u64, changes: &mut Vec<Change>) -> Option<u32> {
        if !self.by_pid.contains_key(&pid) {
            return None;
        }
        let slot = self.enter_late(pid, ns, changes)?;
        self.slots[slot as usize].schedule_out(&mut Sink { slot, ns, changes });
        Some(slot)
    }

    /// Says that the slot's process is gone; the slot itself lasts until the next item.
    fn dismiss(&mut self, slot: u32, ns: u64, changes: &mut Vec<Change>) {
        self.interrupt(slot, ns, changes);
        let pid = self.slots[slot as usize].identity().pid;
        self.by_pid.remove(&pid);
        self.departed.remember(pid);
        self.met = None;
        changes.push(Change::Gone { slot });
        self.leaving.push(slot);
    }

    fn release(&mut self, slot: u32) {
        self.slots[slot as usize] = Process::default();
        self.free.push(slot);
    }

    fn interrupt(&mut self, slot: u32, ns: u64, changes: &mut Vec<Change>) {
        let process = &mut self.slots[slot as usize];
        self.open_calls -= process.depth();
        process.interrupt(self.epoch, &mut Sink { slot, ns, changes });
    }

    #[cold]
    fn give_up_all(&mut self, ns: u64, changes: &mut Vec<Change>) {
        self.overfull += 1;
        self.epoch += 1;
        let slots: Vec<u32> = self.live_slots().collect();
        for slot in slots {
            if !self.slots[slot as usize].has_exited() {
                self.interrupt(slot, ns, changes);
            }
        }
    }
}

/// Whether a process that exits with a reason of this shape does so in order, as supervisors see it.
fn is_orderly(reason: &str) -> bool {
    matches!(reason, "normal" | "shutdown" | "{shutdown,_}")
}
