//! Threads that decode packets.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Scope;

use super::packet_reader::PacketReader;
use super::schedule::Unit;
use crate::cursor::Cursor;
use crate::error::Error;
use crate::loss::StreamKey;
use crate::range::TimeRange;
use crate::trace_set::TraceSet;
use crate::window::Allowance;

/// What was made of a packet, and the fault that ended it.
pub(super) struct Decoded<T> {
    pub(super) unit: Unit,
    pub(super) value: T,
    pub(super) fault: Option<Error>,
}

/// Threads that wait for packets; they leave when this is dropped.
pub(super) struct Team<T> {
    to_workers: Sender<Unit>,
    results: Receiver<Option<Decoded<T>>>,
}

impl<T: Send> Team<T> {
    pub(super) fn start<'scope, 'env, F>(
        scope: &'scope Scope<'scope, 'env>,
        set: &'env TraceSet,
        threads: usize,
        range: TimeRange,
        fold: &'env F,
    ) -> Team<T>
    where
        T: 'scope,
        F: Fn(&mut PacketReader<'_>) -> T + Sync,
    {
        let (to_workers, jobs) = channel();
        let (to_team, results) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..threads {
            let (jobs, to_team) = (jobs.clone(), to_team.clone());
            scope.spawn(move || work(set, range, &jobs, &to_team, fold));
        }
        Team { to_workers, results }
    }

    /// Gives a packet to whoever is free; false when a thread is gone.
    pub(super) fn give(&self, unit: Unit) -> bool {
        self.to_workers.send(unit).is_ok()
    }

    /// Waits for a decoded packet, of those that were given. `None` when a thread is gone: leaving lets its panic show.
    pub(super) fn receive(&self) -> Option<Decoded<T>> {
        self.results.recv().ok().flatten()
    }
}

/// Decodes packets until there are none.
fn work<T>(
    set: &TraceSet,
    range: TimeRange,
    jobs: &Mutex<Receiver<Unit>>,
    results: &Sender<Option<Decoded<T>>>,
    fold: &impl Fn(&mut PacketReader<'_>) -> T,
) {
    /// Tells the team that this thread is gone, should `fold` panic: it would wait for ever otherwise.
    struct Farewell<'s, T>(&'s Sender<Option<Decoded<T>>>);
    impl<T> Drop for Farewell<'_, T> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                // The team may be gone as well.
                let _ = self.0.send(None);
            }
        }
    }
    let _farewell = Farewell(results);
    let mut worker = Worker::new(set, range);
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(unit) = job else { return };
        if results.send(Some(worker.decode(unit, fold))).is_err() {
            return;
        }
    }
}

/// Decodes one packet after the other.
pub(super) struct Worker<'a> {
    set: &'a TraceSet,
    cursor: Cursor,
}

impl<'a> Worker<'a> {
    pub(super) fn new(set: &'a TraceSet, range: TimeRange) -> Worker<'a> {
        let allowance = Allowance::new(4, set.catalog.align_bytes);
        Worker { set, cursor: Cursor::new(StreamKey(0), Vec::new(), &set.catalog, allowance, range) }
    }

    pub(super) fn decode<T>(&mut self, unit: Unit, fold: impl Fn(&mut PacketReader<'_>) -> T) -> Decoded<T> {
        let file = &self.set.streams[unit.stream.index()].files[unit.packet.file];
        let opened = self.cursor.go_to(unit.stream, file, &unit.packet);
        let mut reader = PacketReader::new(
            &mut self.cursor,
            &self.set.catalog,
            &unit.packet,
            unit.stream,
            opened.is_err(),
        );
        let value = fold(&mut reader);
        let fault = opened.err().or_else(|| self.cursor.take_fault());
        Decoded { unit, value, fault }
    }
}
