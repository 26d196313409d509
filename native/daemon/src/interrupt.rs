//! Ctrl-C, as a question that can be asked.

use signal_hook::consts::SIGINT;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Whether somebody pressed Ctrl-C. The second time ends the program at once.
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Begins to listen.
    pub(crate) fn listen() -> std::io::Result<Interrupt> {
        let pressed = Arc::new(AtomicBool::new(false));
        // In this order: the first Ctrl-C finds the flag unset and only sets it.
        signal_hook::flag::register_conditional_default(SIGINT, pressed.clone())?;
        signal_hook::flag::register(SIGINT, pressed.clone())?;
        Ok(Interrupt(pressed))
    }

    /// Takes the end of standard input for Ctrl-C: it comes when the program at its other end is gone.
    pub(crate) fn listen_for_end_of_input(&self) {
        let pressed = self.0.clone();
        // Ends with the process.
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            pressed.store(true, Relaxed);
        });
    }

    /// Whether it came.
    pub(crate) fn came(&self) -> bool {
        self.0.load(Relaxed)
    }
}
