//! The one thread that is ever inside liblttng-ctl.

use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::error::Error;
use crate::socket;
use crate::sys::Functions;

/// How long a call whose conversation was cut may take to come back before its caller leaves without it.
const GRACE: Duration = Duration::from_millis(300);

struct Job {
    id: u64,
    /// Its caller has left before it began.
    is_abandoned: Arc<AtomicBool>,
    work: Box<dyn FnOnce(&Functions) + Send>,
}

/// The job in the library now.
#[derive(Default)]
struct Current {
    id: Option<u64>,
    /// Its caller has left.
    is_overdue: bool,
}

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
    next_id: AtomicU64,
    current: Arc<Mutex<Current>>,
}

impl Worker {
    pub(crate) fn start(functions: Functions) -> Result<Self, Error> {
        let (jobs, queue) = mpsc::channel();
        let current = Arc::<Mutex<Current>>::default();
        let shared = Arc::clone(&current);
        thread::Builder::new()
            .name("beamtap-ctl".into())
            .spawn(move || run(&functions, &queue, &shared))
            .map_err(|error| Error::system("cannot start the LTTng control thread", error))?;
        Ok(Self { jobs, next_id: AtomicU64::new(0), current })
    }

    /// Runs `job` on the thread and waits for it until the deadline.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        deadline: Deadline,
        job: impl FnOnce(&Functions) -> Result<T, Error> + Send + 'static,
    ) -> Outcome<T> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let is_abandoned = Arc::<AtomicBool>::default();
        let (answer, answers) = mpsc::sync_channel(1);
        let work = Box::new(move |functions: &Functions| {
            // A caller who has left has no use for the answer.
            let _ = answer.send(job(functions));
        });
        let job = Job { id, is_abandoned: Arc::clone(&is_abandoned), work };
        if self.jobs.send(job).is_err() {
            return Outcome::Answered(Err(Error::system("the LTTng control thread", "stopped")));
        }
        match answers.recv_timeout(deadline.remaining()) {
            Ok(result) => Outcome::Answered(result),
            Err(RecvTimeoutError::Disconnected) => {
                Outcome::Answered(Err(Error::system("the LTTng control thread", "did not answer")))
            }
            Err(RecvTimeoutError::Timeout) => self.give_up(id, &is_abandoned, &answers),
        }
    }

    fn give_up<T>(
        &self,
        id: u64,
        is_abandoned: &AtomicBool,
        answers: &Receiver<Result<T, Error>>,
    ) -> Outcome<T> {
        // Under the lock no job begins or ends, so only the conversation meant is cut.
        let mut current = lock(&self.current);
        let is_running = current.id == Some(id);
        current.is_overdue |= is_running;
        if current.is_overdue {
            socket::hang_up();
        }
        is_abandoned.store(true, Ordering::Relaxed);
        drop(current);
        match answers.recv_timeout(if is_running { GRACE } else { Duration::ZERO }) {
            // An error after the conversation was cut is the cut's.
            Ok(Err(_)) if is_running => Outcome::CutOff,
            // The answer was under way when the time ran out: it counts.
            Ok(result) => Outcome::Answered(result),
            Err(_) if is_running => Outcome::CutOff,
            Err(_) => Outcome::NotAsked,
        }
    }
}

fn lock(current: &Mutex<Current>) -> MutexGuard<'_, Current> {
    current.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run(functions: &Functions, queue: &Receiver<Job>, current: &Mutex<Current>) {
    block_signals();
    for job in queue {
        let mut now = lock(current);
        if job.is_abandoned.load(Ordering::Relaxed) {
            continue;
        }
        now.id = Some(job.id);
        drop(now);
        // A panic costs its caller an error ("did not answer"), not everybody the library.
        let _ = catch_unwind(AssertUnwindSafe(|| (job.work)(functions)));
        *lock(current) = Current::default();
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
