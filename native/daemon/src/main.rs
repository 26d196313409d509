//! `beamtapd`: reads beamtap's traces, and any other in the Common Trace Format, and shows them.

#![forbid(unsafe_code)]

mod arguments;
mod canary;
mod charset;
mod choice;
mod condition;
mod course;
mod cut;
mod doctor;
mod elixir_term;
mod ending;
mod event_json;
mod event_text;
mod failure;
mod faults;
mod flights;
mod following;
mod glob;
mod growing;
mod guard;
mod heading;
mod help;
mod info;
mod interrupt;
mod json;
#[cfg(test)]
mod json_document;
mod keys;
mod lines;
mod live;
mod logging;
mod named_lines;
mod output;
mod pages;
mod progress;
mod quantity;
mod read;
mod reading;
mod recorded;
mod recover;
mod report;
mod safe;
mod scribe;
mod selection;
mod sentence;
mod show;
mod sink;
mod source;
mod syntax;
mod text;
mod throttle;
mod traces;
mod verdict;
mod wall_clock;
mod warning;
mod watch;
mod window;
mod wrap;
mod writers;

use arguments::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = logging::start().and_then(|()| match &arguments.command {
        Command::Report(report) => report::run(report),
        Command::Info(info) => info::run(info),
        Command::Read(read) => read::run(read),
        Command::Watch(watch) => watch::run(watch),
        Command::Doctor(doctor) => doctor::run(doctor),
        Command::Canary(canary) => canary::run(canary),
        Command::Guard(guard) => guard::run(guard),
        Command::Recover(recover) => recover::run(recover),
        Command::Traces(arguments) => traces::run(arguments),
    });
    match done {
        Ok(code) => code,
        Err(failure) => failure.tell(),
    }
}
