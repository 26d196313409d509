//! `beamtapd`: reads beamtap's traces and shows them.

#![forbid(unsafe_code)]

mod arguments;
mod charset;
mod failure;
mod info;
mod interrupt;
mod json;
mod logging;
mod output;
mod progress;
mod quantity;
mod reading;
mod report;
mod safe;
mod text;
mod window;

use arguments::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = logging::start().and_then(|()| match &arguments.command {
        Command::Report(report) => report::run(report),
        Command::Info(info) => info::run(info),
    });
    match done {
        Ok(code) => code,
        Err(failure) => failure.tell(),
    }
}
