//! What can be asked on the command line.

use crate::choice::{Choice, parse_pid};
use crate::help::{self, DOCTOR_CODES, EXIT_CODES};
use crate::source::Source;
use crate::syntax::Syntax;
use crate::window::Moment;
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::io::IsTerminal;
use std::path::PathBuf;

/// Read traces of beamtap, or any other trace in the Common Trace Format (CTF).
#[derive(Debug, Parser)]
#[command(name = "beamtapd", version, after_help = help::beamtapd(), max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Report(ReportArguments),
    Info(InfoArguments),
    Read(ReadArguments),
    Watch(WatchArguments),
    Doctor(DoctorArguments),
    Canary(CanaryArguments),
    Guard(GuardArguments),
    Recover(RecoverArguments),
    Traces(crate::traces::Arguments),
}

/// Show where time went, per function and per process. Also spans, system monitor reports and samples.
///
/// A function's total time is the wall-clock time from call to end. It is the sum of four parts: own (running in the
/// function itself), gc (garbage collection), out (waiting to run again) and the total time of the traced functions it
/// calls. Waiting is part of own if the trace was recorded without the class `running`. Calls that were open at the end
/// of the trace, or open when events were lost, are counted without a time.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES, after_long_help = help::report())]
pub(crate) struct ReportArguments {
    /// Directory of the trace, or one above it
    pub(crate) directory: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Show at most N rows of each table [default: 20 in text, all in JSON]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32))]
    pub(crate) top: Option<u32>,
    /// Sort each table that has this column by it, largest first: own, total_ns, calls. --help lists the columns
    #[arg(long, value_name = "COLUMN")]
    pub(crate) sort: Option<String>,
    /// Count from this time on: after the start of the trace (1.5s, 200ms), a time of day (12:41:49.7), or
    /// 2026-11-23T12:41:49.7Z
    #[arg(long, value_name = "TIME")]
    pub(crate) begin: Option<Moment>,
    /// Count up to this time
    #[arg(long, value_name = "TIME")]
    pub(crate) end: Option<Moment>,
    /// Show only the table of functions
    #[arg(long, conflicts_with = "processes")]
    pub(crate) functions: bool,
    /// Show only the table of processes
    #[arg(long)]
    pub(crate) processes: bool,
    /// Fit tables into N characters a line [default: the terminal's width]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) width: Option<u16>,
}

/// Show what is in a trace and what is missing from it.
///
/// The VM counts the events it emits. Each of them is in the trace or has a cause of loss: emitted = read + discarded +
/// lost + gap + residual. A residual other than 0 means that events are missing for no known reason.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES, after_long_help = help::info())]
pub(crate) struct InfoArguments {
    /// Directory of the trace, or one above it
    pub(crate) directory: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Wait until a recording's canary can be read. The VM runs this before it says that a tap records.
///
/// Exits with 0 if the canary is there, and with 1 if it is not there in time.
#[derive(Args, Debug)]
#[command(hide = true)]
pub(crate) struct CanaryArguments {
    /// Directory that the trace is written to
    pub(crate) directory: PathBuf,
    /// Upper half of the canary's number
    pub(crate) high: u64,
    /// Lower half of the canary's number
    pub(crate) low: u64,
    /// Wait this many milliseconds
    #[arg(long, value_name = "MS", default_value_t = 5000)]
    pub(crate) within: u64,
}

/// Run a VM's own session daemon. If the VM is killed, write its flight recorders to disk.
///
/// The VM starts this process; it stops when the VM stops.
#[derive(Args, Debug)]
#[command(hide = true)]
pub(crate) struct GuardArguments {
    /// The VM's process id. The VM is the parent of this process
    #[arg(long, value_name = "PID")]
    pub(crate) parent: u32,
    /// The session daemon and its arguments
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    pub(crate) command: Vec<String>,
}

/// Print the events of a CTF trace, one on each line, as babeltrace2 does or as JSON.
///
/// Lost events are reported on standard error. On a terminal, control characters are replaced.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES, after_long_help = help::read())]
pub(crate) struct ReadArguments {
    /// Directory of the trace, or one above it; or net://RELAY[:PORT]/host/HOSTNAME/SESSION for a live session
    #[arg(value_name = "DIR|URL", value_parser = OsStringValueParser::new().try_map(Source::parse))]
    pub(crate) source: Source,
    /// Print JSON, one object on each line
    #[arg(long)]
    pub(crate) json: bool,
    /// Print only the fields with these names, in the event and in its contexts
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) fields: Vec<String>,
    /// Print lines like those of `watch`, with the names of functions and processes
    #[arg(long, conflicts_with_all = ["json", "fields"])]
    pub(crate) named: bool,
    /// Language of names and terms
    #[arg(long, value_name = "LANGUAGE", default_value = "erlang", requires = "named")]
    pub(crate) syntax: Syntax,
    /// Colour the lines. auto: on a terminal, unless NO_COLOR is set or TERM is dumb
    #[arg(long, value_name = "WHEN", default_value = "auto", requires = "named")]
    pub(crate) colour: Colour,
    #[command(flatten)]
    pub(crate) choice: Choice,
    /// Number of threads that format events, from 1 to 64. One more reads them; with 1, the same thread does both
    /// [default: the number of processors, at most 8; 1 for text on two processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) threads: Option<u8>,
    /// Where to start in a live session [default: beginning]
    #[arg(long, value_name = "PLACE")]
    pub(crate) from: Option<Place>,
    /// Keep reading a directory that LTTng still writes, until Ctrl-C
    #[arg(long)]
    pub(crate) follow: bool,
    /// If the connection to the relay daemon is lost, try to attach again for this many seconds.
    /// 0 disables it
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) reconnect: u64,
}

/// Show events as they happen, with the names of functions and processes, at a rate that people can read.
///
/// If more events come in a second than --lines allows, one line counts the rest. The command ends with Ctrl-C or when the recording ends. The
/// recording of a directory has ended when no process on this machine has files in it open for writing. To print all
/// lines of a recorded trace, use `beamtapd read --named DIR`. In the VM, `beamtap:watch(Tap)` shows the same lines.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct WatchArguments {
    /// net://RELAY[:PORT]/host/HOSTNAME/SESSION of a live session, or the directory of a trace that LTTng still writes.
    /// In a directory, events appear when LTTng writes its buffers to disk
    #[arg(value_name = "URL|DIR", value_parser = OsStringValueParser::new().try_map(Source::parse))]
    pub(crate) source: Source,
    /// Language of names and terms
    #[arg(long, value_name = "LANGUAGE", default_value = "erlang")]
    pub(crate) syntax: Syntax,
    /// Show at most N events per second
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) lines: u64,
    /// Colour the lines. auto: on a terminal, unless NO_COLOR is set or TERM is dumb
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) colour: Colour,
    /// Hide the events of this process: <0.87.0>. Can be repeated
    #[arg(long, value_name = "PID", value_parser = parse_pid)]
    pub(crate) without: Vec<u64>,
    #[command(flatten)]
    pub(crate) choice: Choice,
    /// Where to start in a live session [default: beginning]
    #[arg(long, value_name = "PLACE")]
    pub(crate) from: Option<Place>,
    /// If the connection to the relay daemon is lost, try to attach again for this many seconds.
    /// 0 disables it
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) reconnect: u64,
    /// End when standard input ends, with the program that reads the lines
    #[arg(long, hide = true)]
    pub(crate) while_input: bool,
}

/// When lines are coloured.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Colour {
    Auto,
    Always,
    Never,
}

impl Colour {
    /// Whether lines on standard output are coloured.
    pub(crate) fn is_wanted(self) -> bool {
        match self {
            Colour::Auto => {
                let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() && !is_dumb
            }
            Colour::Always => true,
            Colour::Never => false,
        }
    }
}

/// Check what recording needs on this machine: libraries, daemons, permissions, space, limits.
///
/// `beamtap:doctor()` in a VM shows the same rows and more about the VM. The command starts nothing and changes nothing.
#[derive(Args, Debug)]
#[command(after_help = DOCTOR_CODES, after_long_help = help::doctor())]
pub(crate) struct DoctorArguments {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Directory for traces [default: where beamtap writes them]
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

/// Recover events from the buffers that a killed VM, session daemon or machine left in a tap's `shm_path`.
///
/// The buffers hold the events that LTTng had not yet written to the trace. If --output is the trace's own directory,
/// `beamtapd report DIR` and the other commands read both parts as one trace. Without SHM_PATH, the command lists the
/// flight recorders that were written to disk because their VM was killed. Recovering needs the program lttng-crash.
#[derive(Args, Debug)]
#[command(after_help = help::RECOVER_CODES, after_long_help = help::recover())]
pub(crate) struct RecoverArguments {
    /// The tap's `shm_path`, or a directory below it
    #[arg(value_name = "SHM_PATH")]
    pub(crate) shm_path: Option<PathBuf>,
    /// Write the events to DIR/recovered. DIR is a new directory or that of the trace [default: the directory of the
    /// tap's trace if it is known, else a new one named SESSION-recovered where beamtap writes traces]
    #[arg(long, value_name = "DIR", requires = "shm_path")]
    pub(crate) output: Option<PathBuf>,
    /// Remove the buffers of each session whose events were all recovered and read. Without SHM_PATH: stop listing these
    /// flight recorders; their traces stay
    #[arg(long)]
    pub(crate) remove: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where to start in a live session.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Place {
    /// At the first packet that the relay daemon still has
    Beginning,
    /// At the next event
    Now,
}
