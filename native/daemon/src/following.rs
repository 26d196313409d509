//! A directory that is being written, as something that grows.

use crate::failure::Failure;
use crate::growing::{Growing, Mended};
use crate::interrupt::Interrupt;
use crate::show::Show;
use crate::writers;
use beamtap_ctf::{Error, Follower, Poll, Stream, Trace};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a stream without anything new holds up the others. LTTng writes the buffers of a channel out one after the
/// other, and nothing of one that is empty: without a bound a silent processor would hold up all others.
const PATIENCE: Duration = Duration::from_millis(600);
/// Nothing new has come for so long before it is asked whether anybody writes, and time between two such questions.
const QUIET: Duration = Duration::from_secs(1);

/// A trace that LTTng writes to a directory.
pub(crate) struct Following {
    follower: Follower,
    /// It is over when nobody writes any more; else with Ctrl-C.
    ends: bool,
    next_question: Instant,
}

impl Following {
    /// Goes on until Ctrl-C.
    pub(crate) fn open(directory: &Path) -> Result<Following, Failure> {
        Ok(Following { follower: Follower::open(directory)?, ends: false, next_question: Instant::now() })
    }

    /// Ends with the recording.
    pub(crate) fn until_over(self) -> Following {
        Following { ends: true, ..self }
    }
}

impl Growing for Following {
    fn poll(&mut self, settled_ns: i64) -> Result<Poll<'_>, Error> {
        self.follower.poll(settled_ns)
    }

    fn finish(&mut self) {
        self.follower.finish();
    }

    fn trace(&self, index: usize) -> Option<&Trace> {
        self.follower.traces().nth(index)
    }

    fn streams(&self) -> &[Stream] {
        self.follower.streams()
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn is_over(&mut self, quiet: Duration) -> bool {
        if !self.ends || quiet < QUIET || self.streams().is_empty() || Instant::now() < self.next_question {
            return false;
        }
        self.next_question = Instant::now() + QUIET;
        !writers::are_there(self.follower.root())
    }

    /// Only where the directory itself cannot be read any more: files of it may come and go.
    fn is_fatal(&self, error: &Error) -> bool {
        error.path() == Some(self.follower.root())
    }

    fn mend(&mut self, error: Error, _: &mut impl Show, _: &Interrupt) -> Result<Mended, Failure> {
        Ok(Mended::Never(error))
    }
}
