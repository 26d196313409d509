//! What can be asked on the command line.

use crate::choice::{Choice, parse_pid};
use crate::source::Source;
use crate::syntax::Syntax;
use crate::window::Moment;
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::io::IsTerminal;
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes:
  0    the whole trace was read
  1    the trace, or a part of it, could not be read; what could be is shown all the same
  2    the command line is not understood
  130  interrupted

BEAMTAP_LOG=debug logs beamtapd's own work to standard error.";

/// Reads beamtap's traces, and any other in the Common Trace Format, and shows them.
#[derive(Debug, Parser)]
#[command(name = "beamtapd", version, after_help = EXIT_CODES, max_term_width = 100)]
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

/// Shows where time went: a table of functions and one of processes.
///
/// A function's own time is the time it ran itself: not in traced functions it called, not scheduled out (where
/// `running` was recorded), not in garbage collection. Total is from call to end by the clock, everything included;
/// own, gc, out and the total of traced callees add up to it. p50, p99 and max are of single calls, by the clock.
/// Calls that were open at the end, or where events were lost, are counted and have no times.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES, after_long_help = REPORT_JSON)]
pub(crate) struct ReportArguments {
    /// The directory of the trace, or one above it
    pub(crate) directory: PathBuf,
    /// Print JSON, every time in nanoseconds
    #[arg(long)]
    pub(crate) json: bool,
    /// Rows per table [default: 20 as text, all as JSON]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32))]
    pub(crate) top: Option<u32>,
    /// The column to sort by, largest first; `own` for functions and `run` for processes unless given
    #[arg(long, value_name = "COLUMN")]
    pub(crate) sort: Option<String>,
    /// Count from here on only: since the trace's begin (1.5s, 200ms) or a time (2026-11-23T12:41:49.7Z)
    #[arg(long, value_name = "TIME")]
    pub(crate) begin: Option<Moment>,
    /// Count up to here only
    #[arg(long, value_name = "TIME")]
    pub(crate) end: Option<Moment>,
    /// Show functions only
    #[arg(long, conflicts_with = "processes")]
    pub(crate) functions: bool,
    /// Show processes only
    #[arg(long)]
    pub(crate) processes: bool,
    /// Characters in a line of text, for tables to fit [default: those of the terminal]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) width: Option<u16>,
}

/// Shows what is in a trace and what is missing from it.
///
/// The sum law: emitted = read + discarded + lost + gap + residual. `emitted` is the VM's own count; a residual other
/// than 0 means that events went missing unseen.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES, after_long_help = INFO_JSON)]
pub(crate) struct InfoArguments {
    /// The directory of the trace, or one above it
    pub(crate) directory: PathBuf,
    /// Print JSON, every time in nanoseconds
    #[arg(long)]
    pub(crate) json: bool,
}

/// Waits until a recording's canary can be read: what the VM asks before it says that a tap records.
///
/// Exits with 0 when the canary is there, with 1 when it is not in time.
#[derive(Args, Debug)]
#[command(hide = true)]
pub(crate) struct CanaryArguments {
    /// The directory that the trace is written to
    pub(crate) directory: PathBuf,
    /// Upper half of the canary's number
    pub(crate) high: u64,
    /// Lower half of the canary's number
    pub(crate) low: u64,
    /// How long to wait, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 5000)]
    pub(crate) within: u64,
}

/// Runs a VM's own session daemon, and has its flight recorders written when the VM is killed.
///
/// Started by the VM, and ended with it.
#[derive(Args, Debug)]
#[command(hide = true)]
pub(crate) struct GuardArguments {
    /// The VM's process id: this one's parent
    #[arg(long, value_name = "PID")]
    pub(crate) parent: u32,
    /// The session daemon, and what to start it with
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    pub(crate) command: Vec<String>,
}

/// Prints the events of any CTF trace, one a line, as babeltrace2 does or as JSON.
///
/// What is missing from the trace is told on standard error. On a terminal, characters that could steer it are
/// replaced.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES, after_long_help = READ_HELP)]
pub(crate) struct ReadArguments {
    /// The directory of the trace, or one above it; or net://RELAY[:PORT]/host/HOSTNAME/SESSION for a live session
    #[arg(value_name = "DIR|URL", value_parser = OsStringValueParser::new().try_map(Source::parse))]
    pub(crate) source: Source,
    /// Print JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
    /// Print only the fields with these names, of payload and contexts
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) fields: Vec<String>,
    /// Print lines for people, as `watch` does: functions and processes by their names
    #[arg(long, conflicts_with_all = ["json", "fields"])]
    pub(crate) named: bool,
    /// The language that names and terms are written in
    #[arg(long, value_name = "LANGUAGE", default_value = "erlang", requires = "named")]
    pub(crate) syntax: Syntax,
    /// Whether lines with names are coloured; auto: on a terminal, unless NO_COLOR is set or TERM is dumb
    #[arg(long, value_name = "WHEN", default_value = "auto", requires = "named")]
    pub(crate) colour: Colour,
    #[command(flatten)]
    pub(crate) choice: Choice,
    /// How many threads make lines of a recorded trace's events, beside the one that reads them; with 1 all is done by one
    /// [1 to 64; default: as many as there are processors, 8 at the most; for text on two processors, 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) threads: Option<u8>,
    /// Where in a live session to begin [default: beginning]
    #[arg(long, value_name = "PLACE")]
    pub(crate) from: Option<Place>,
    /// Go on with a directory that is still being written, until Ctrl-C; what is there by then is printed to its end
    #[arg(long)]
    pub(crate) follow: bool,
    /// How long to try to attach again when the connection to a relay daemon is lost; 0: not at all
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) reconnect: u64,
}

/// Shows what happens now, in lines for people: functions and processes by their names, and no more than can be read.
///
/// What a second has beyond the limit is counted in a line of its own. Ends with Ctrl-C, or with the recording: of a
/// directory, when no process of this machine has files of it open for writing. `beamtapd read --named DIR` prints all lines
/// of a recorded trace. In the VM itself `beamtap:watch(Tap)` does the same.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct WatchArguments {
    /// net://RELAY[:PORT]/host/HOSTNAME/SESSION of a live session; or the directory of a trace that is being written,
    /// where events show once LTTng writes its buffers out
    #[arg(value_name = "URL|DIR", value_parser = OsStringValueParser::new().try_map(Source::parse))]
    pub(crate) source: Source,
    /// The language that names and terms are written in
    #[arg(long, value_name = "LANGUAGE", default_value = "erlang")]
    pub(crate) syntax: Syntax,
    /// Events to show per second
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) lines: u64,
    /// Whether lines are coloured; auto: on a terminal, unless NO_COLOR is set or TERM is dumb
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) colour: Colour,
    /// Leave out what a process does: <0.87.0>. Given again: also those
    #[arg(long, value_name = "PID", value_parser = parse_pid)]
    pub(crate) without: Vec<u64>,
    #[command(flatten)]
    pub(crate) choice: Choice,
    /// Where in a live session to begin [default: beginning]
    #[arg(long, value_name = "PLACE")]
    pub(crate) from: Option<Place>,
    /// How long to try to attach again when the connection to a relay daemon is lost; 0: not at all
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) reconnect: u64,
    /// End when standard input does: with the program that reads the lines
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

/// Looks at what recording needs of this machine: libraries, daemons, rights, room, limits.
///
/// The same rows as `beamtap:doctor()` in a VM, less those about the VM. Nothing is started and nothing is changed.
#[derive(Args, Debug)]
#[command(after_help = DOCTOR_CODES, after_long_help = DOCTOR_JSON)]
pub(crate) struct DoctorArguments {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The directory that traces are to be written to [default: where beamtap writes them]
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

/// Recovers events from the buffers that a killed VM, session daemon or machine left in a tap's `shm_path`; without one,
/// lists the flight recorders that were written when their VM was killed.
///
/// What had been written before is not in the buffers. With the trace's own directory as output the two read as one:
/// `beamtapd report DIR` and the others take both. Needs lttng-crash.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES, after_long_help = RECOVER_JSON)]
pub(crate) struct RecoverArguments {
    /// The directory that the tap had as `shm_path`, or one below it
    #[arg(value_name = "SHM_PATH")]
    pub(crate) shm_path: Option<PathBuf>,
    /// Where to write what is recovered, below `recovered`: a new directory, or that of the trace as far as it was
    /// written [default: a tap's own trace; else a directory named after the session and `recovered`, where beamtap
    /// writes traces]
    #[arg(long, value_name = "DIR", requires = "shm_path")]
    pub(crate) output: Option<PathBuf>,
    /// Remove the buffers of each session of which every event was recovered and read back; without SHM_PATH, list these flight recorders no more
    #[arg(long)]
    pub(crate) remove: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where in a live session to begin.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Place {
    /// With the first packet that the relay daemon still has
    Beginning,
    /// With what is written from now on
    Now,
}

macro_rules! json_help {
    ($tables:literal) => {
        concat!(
            "The JSON is one object. Members are added between versions; `format` goes up when one changes its meaning.
Times are integers in nanoseconds and end in _ns; what the trace does not tell is null.

  format            1
  beamtapd          the version that answered
  trace             the directory, as given
  emitted, read, discarded, lost, gap, residual
                    the sum law: emitted = read + discarded + lost + gap + residual, in events;
                    emitted, lost and residual are null where the VM's counters are missing; residual also with
                    lost packets, since what they held is what the counters leave over
  emitted_at_least  what was emitted at the least, where emitted is null
  outside           of the events read, those written before the VM's counting began or after it ended
  lost_packets      packets overwritten or never arrived; lost is the number of events in them
  counters          events that carry the VM's counters, which are not in the sum
  other_events      events that are not beamtap's, or not known to this version
  definitions       of the events read, beamtap's own: names, canaries, pauses; the others were traced
  gaps, gap_time_ns how often the recording was interrupted, and how long it was not known to work
  pauses, paused_ns how often, and how long, the tap was paused
  lossy             whether events are missing; null where nothing tells
",
            $tables,
            "  faults            why parts of the trace could not be read; empty when all was
  notes             what a reader should know, one sentence each

Exit codes:
  0    the whole trace was read
  1    the trace, or a part of it, could not be read; what could be is shown all the same
  2    the command line is not understood
  130  interrupted"
        )
    };
}

const REPORT_JSON: &str = json_help!(
    "  span              begin_ns and end_ns since the Unix epoch, duration_ns, canary; ended_by and recorded_ns of a
                    tap that ended in order
  vms               node, os_pid, otp_release, erts, schedulers, word_bytes, beamtap
  functions         function, calls, own_ns, total_ns, gc_ns, out_ns, p50_ns, p99_ns, max_ns, raised,
                    implied, exited, unfinished, interrupted, module, name, arity
  processes         process, calls, run_ns, slices, gcs, gc_ns, received, sent, spawned, ended,
                    processes, pid, name, initial_call, parent
"
);

const INFO_JSON: &str = json_help!(
    "  span              begin_ns and end_ns since the Unix epoch, duration_ns, canary; ended_by and recorded_ns of a
                    tap that ended in order
  vms               node, os_pid, otp_release, erts, schedulers, word_bytes, beamtap
  events            event, flag, read, emitted, suppressed, unreadable, truncated
  losses            loss, count, meaning
  streams           stream, cpu, events, discarded, lost_packets
  threads           thread, kind, scheduler, name
  other             event, read
"
);

const RECOVER_JSON: &str = "\
The JSON is one object. Members are added between versions; `format` goes up when one changes its meaning.

  format            1
  beamtapd          the version that answered
  recovered         for each session buffers, their directory; output, the directory to give to other commands;
                    trace, what was recovered, below it; events, those recovered; read, those in all of
                    output; removed, whether the buffers were; faults
  flights           without SHM_PATH, for each flight recorder session, its name; trace, where it was written, or
                    null; reason, why it was not, or null

Exit codes:
  0    what was there is recovered
  1    there was nothing, or a part of it could not be recovered or read
  2    the command line is not understood
  3    a process still has buffers open, or recovers them
  130  interrupted";

const DOCTOR_CODES: &str = "\
Exit codes:
  0    taps can record
  1    something is missing that taps need
  2    the command line is not understood";

const DOCTOR_JSON: &str = "\
The JSON is one object. Members are added between versions; `format` goes up when one changes its meaning.

  format            1
  beamtapd          the version that answered
  verdict           the gravest of the rows': ok, warning or error
  rows              check, verdict, finding, remedy (empty where nothing need be done)

Exit codes:
  0    taps can record
  1    something is missing that taps need
  2    the command line is not understood";

const READ_HELP: &str = "\
Text has the form of babeltrace2, where an event lacks something that is left out:
[time] (+since the event before) hostname event: { packet context }, { common context },
{ specific context }, { fields }. Times are local: see TZ.

A condition is FIELD OP VALUE. FIELD is looked for in the payload, then in the event's own context,
the context that all events have, and the packet's, such as cpu_id. OP is one of = != < <= > >=.
Numbers are compared as numbers, and VALUE may be 131, -1, 0x1f or 2.5; texts as bytes, by = and !=
only; enumerations by number, or by label with = and !=. An event without the field does not match,
whatever OP is.

A line of JSON is one object. Members are added between versions.

  time_ns           since the Unix epoch, an integer; null where the trace has no clock
  name              the event's name
  hostname          where it was recorded; null where the trace does not tell
  stream            the stream's number: counted from 0 in the order of the streams' paths
  cpu               null where the trace does not tell
  packet_context    what else the packet tells; there only where something is
  common_context    the context that all events of the stream have; there only where they have one
  specific_context  the event's own; there only where it has one
  fields            the payload

Integers are JSON integers of up to 64 bits; numbers that are not finite are \"NaN\", \"Infinity\" and
\"-Infinity\". Booleans are true and false. In text that is not UTF-8, U+FFFD stands for what is
not. An enumeration is {\"value\": 1, \"labels\": [\"ONE\"]}, a variant {\"option\": value}, an
optional field that is not there null.

What is missing has lines of its own, without a name:

  loss              discarded (events, as the buffers were full) or lost_packets (written over
                    before they were saved)
  count             how many
  stream            from which stream
  begin_ns, end_ns  between which times; both 0 where packets tell no time

A loss is a gap, with null for count and stream, where the connection to a relay daemon was lost and
what happened in between was not handed over afterwards.

Exit codes:
  0    the whole trace was read
  1    the trace, or a part of it, could not be read; what could be is shown all the same
  2    the command line is not understood
  130  interrupted";
