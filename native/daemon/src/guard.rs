//! `beamtapd guard`: runs a VM's own session daemon, and outlives the VM by the time that its flight recorders take.

use crate::arguments::GuardArguments;
use crate::failure::Failure;
use beamtap_ctl::{Lttng, daemons};
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

pub(crate) fn run(arguments: &GuardArguments) -> Result<ExitCode, Failure> {
    let told = Arc::new(AtomicBool::new(false));
    let mut signals = Signals::new([SIGTERM])?;
    let (tells, guard) = (told.clone(), thread::current());
    // Ends with the process.
    thread::spawn(move || {
        for _ in &mut signals {
            tells.store(true, Relaxed);
            guard.unpark();
        }
    });
    // The command line does not parse without a program.
    let Some((program, words)) = arguments.command.split_first() else { return Ok(ExitCode::SUCCESS) };
    let is_told = || told.load(Relaxed);
    daemons::guard(&Lttng::load()?, Path::new(program), words, arguments.parent, is_told)?;
    Ok(ExitCode::SUCCESS)
}
