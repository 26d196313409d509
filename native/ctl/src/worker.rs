//! The one thread that is ever inside liblttng-ctl.

use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::Error;
use crate::socket;
use crate::sys::Functions;

/// How long a call whose conversation was cut may take to come back before its caller leaves without it.
const GRACE: Duration = Duration::from_millis(300);

const QUEUED: u8 = 0;
const RUNNING: u8 = 1;
const ABANDONED: u8 = 2;

type Job = Box<dyn FnOnce(&Functions) + Send>;

/// A call's answer, and whether anything was said to the daemon before the time was over.
pub(crate) enum Outcome<T> {
    Answered(Result<T, Error>),
    /// The daemon has heard the request; it may still act on it.
    CutOff,
    /// The thread was busy until the time was over; the daemon has heard nothing.
    NotAsked,
}

pub(crate) struct Worker {
    jobs: Sender<Job>,
    /// A job runs whose caller has left.
    overdue: Arc<AtomicBool>,
}

impl Worker {
    pub(crate) fn start(functions: Functions) -> Result<Self, Error> {
        let (jobs, queue) = mpsc::channel::<Job>();
        thread::Builder::new()
            .name("beamtap-ctl".into())
            .spawn(move || run(&functions, &queue))
            .map_err(|error| Error::system("cannot start the LTTng control thread", error))?;
        Ok(Self { jobs, overdue: Arc::default() })
    }

    /// Runs `job` on the thread and waits for it until the deadline.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        deadline: Deadline,
        job: impl FnOnce(&Functions) -> Result<T, Error> + Send + 'static,
    ) -> Outcome<T> {
        let phase = Arc::new(AtomicU8::new(QUEUED));
        let (answer, answers) = mpsc::sync_channel(1);
        let (job_phase, overdue) = (Arc::clone(&phase), Arc::clone(&self.overdue));
        let queued: Job = Box::new(move |functions| {
            if job_phase.compare_exchange(QUEUED, RUNNING, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                let result = job(functions);
                overdue.store(false, Ordering::Release);
                // A caller who has left has no use for the answer.
                let _ = answer.send(result);
            }
        });
        if self.jobs.send(queued).is_err() {
            return Outcome::Answered(Err(Error::system("the LTTng control thread", "has ended")));
        }
        match answers.recv_timeout(deadline.remaining()) {
            Ok(result) => Outcome::Answered(result),
            Err(RecvTimeoutError::Disconnected) => {
                Outcome::Answered(Err(Error::system("the LTTng control thread", "gave no answer")))
            }
            Err(RecvTimeoutError::Timeout) => self.give_up(&phase, &answers),
        }
    }

    fn give_up<T>(&self, phase: &AtomicU8, answers: &Receiver<Result<T, Error>>) -> Outcome<T> {
        if phase.compare_exchange(QUEUED, ABANDONED, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            // Not our conversation: cut it only when its own caller has given it up.
            if self.overdue.load(Ordering::Acquire) {
                socket::hang_up();
            }
            return Outcome::NotAsked;
        }
        self.overdue.store(true, Ordering::Release);
        socket::hang_up();
        match answers.recv_timeout(GRACE) {
            // The answer was under way when the time ran out: it counts.
            Ok(Ok(value)) => Outcome::Answered(Ok(value)),
            Ok(Err(_)) | Err(_) => Outcome::CutOff,
        }
    }
}

fn run(functions: &Functions, queue: &Receiver<Job>) {
    block_signals();
    for job in queue {
        // A panic costs its caller an error ("gave no answer"), not everybody the library.
        let _ = catch_unwind(AssertUnwindSafe(|| job(functions)));
    }
}

/// Leaves signals to the host program's own threads.
fn block_signals() {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigfillset initialises the set it is given; pthread_sigmask reads it and changes this thread only.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), std::ptr::null_mut());
    }
}
