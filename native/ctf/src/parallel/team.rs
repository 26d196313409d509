//! Threads that decode.

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

/// Threads that wait for something to do; they leave when this is dropped.
pub(super) struct Team<J, R> {
    to_workers: Sender<J>,
    results: Receiver<Option<R>>,
}

impl<J: Send, R: Send> Team<J, R> {
    /// Starts threads that do what the function given makes for each of them.
    pub(super) fn start<'scope, W>(
        scope: &'scope Scope<'scope, '_>,
        threads: usize,
        worker: impl Fn() -> W,
    ) -> Team<J, R>
    where
        J: 'scope,
        R: 'scope,
        W: FnMut(J) -> R + Send + 'scope,
    {
        let (to_workers, jobs) = channel();
        let (to_team, results) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..threads {
            let (jobs, to_team, worker) = (jobs.clone(), to_team.clone(), worker());
            scope.spawn(move || work(&jobs, &to_team, worker));
        }
        Team { to_workers, results }
    }

    /// Gives something to do to whoever is free; false when a thread is gone.
    pub(super) fn give(&self, job: J) -> bool {
        self.to_workers.send(job).is_ok()
    }

    /// Waits for what became of something that was given. `None` when a thread is gone: leaving lets its panic show.
    pub(super) fn receive(&self) -> Option<R> {
        self.results.recv().ok().flatten()
    }
}

/// Works until there is nothing to do.
fn work<J, R>(jobs: &Mutex<Receiver<J>>, results: &Sender<Option<R>>, mut worker: impl FnMut(J) -> R) {
    /// Tells the team that this thread is gone, should it panic: it would wait for ever otherwise.
    struct Farewell<'s, R>(&'s Sender<Option<R>>);
    impl<R> Drop for Farewell<'_, R> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                // The team may be gone as well.
                let _ = self.0.send(None);
            }
        }
    }
    let _farewell = Farewell(results);
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        if results.send(Some(worker(job))).is_err() {
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
