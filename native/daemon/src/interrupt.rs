//! Ctrl-C, as a question that can be asked.

use crate::failure::INTERRUPTED;
use crate::warning;
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Who does not ask for so long after Ctrl-C is stuck: in a pipe that nobody reads, in a large directory, with a relay
/// daemon that does not answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the last word may take.
const LAST_WORD: Duration = Duration::from_millis(100);

/// Whether somebody pressed Ctrl-C. The program ends then within a second, also where it is stuck and does not ask. The
/// second time ends it at once.
pub(crate) struct Interrupt(Arc<State>);

#[derive(Default)]
struct State {
    pressed: Arc<AtomicBool>,
    /// How often somebody asked after it was pressed.
    asked: AtomicU64,
}

impl Interrupt {
    /// Begins to listen.
    pub(crate) fn listen() -> std::io::Result<Interrupt> {
        let state = Arc::new(State::default());
        // In this order: the first Ctrl-C finds the flag unset and only sets it.
        signal_hook::flag::register_conditional_default(SIGINT, state.pressed.clone())?;
        signal_hook::flag::register(SIGINT, state.pressed.clone())?;
        let mut signals = Signals::new([SIGINT])?;
        let watched = state.clone();
        // Ends with the process.
        thread::Builder::new().spawn(move || {
            if signals.forever().next().is_some() {
                watched.end_when_stuck();
            }
        })?;
        Ok(Interrupt(state))
    }

    /// Takes the end of standard input for Ctrl-C: it comes when the program at its other end is gone.
    pub(crate) fn listen_for_end_of_input(&self) {
        let state = self.0.clone();
        // Ends with the process.
        thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            state.pressed.store(true, Relaxed);
            state.end_when_stuck();
        });
    }

    /// Whether it came. Once it did, whoever goes on must ask at least twice a second.
    pub(crate) fn came(&self) -> bool {
        let has_come = self.0.pressed.load(Relaxed);
        if has_come {
            self.0.asked.fetch_add(1, Relaxed);
        }
        has_come
    }
}

impl State {
    fn end_when_stuck(&self) {
        let mut asked = 0;
        loop {
            thread::sleep(PATIENCE);
            let now = self.asked.load(Relaxed);
            if now == asked {
                break;
            }
            asked = now;
        }
        // Standard error may be the pipe that nobody reads.
        let (sender, said) = mpsc::channel();
        thread::spawn(move || {
            warning::line("beamtapd: interrupted");
            let _ = sender.send(());
        });
        let _ = said.recv_timeout(LAST_WORD);
        std::process::exit(INTERRUPTED.into());
    }
}
