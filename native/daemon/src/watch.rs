//! `beamtapd watch`: what happens now, in lines for people.

use crate::arguments::WatchArguments;
use crate::failure::Failure;
use crate::following::Following;
use crate::growing;
use crate::interrupt::Interrupt;
use crate::live;
use crate::named_lines::{NamedLines, Style};
use crate::recorded;
use crate::source::Source;
use crate::writers;
use std::process::ExitCode;

pub(crate) fn run(arguments: &WatchArguments) -> Result<ExitCode, Failure> {
    let interrupt = Interrupt::listen()?;
    if arguments.while_input {
        interrupt.listen_for_end_of_input();
    }
    let choice = &arguments.choice;
    let style = Style {
        syntax: arguments.syntax,
        is_coloured: arguments.colour.is_wanted(),
        limit: Some(arguments.lines),
        without: arguments.without.clone(),
        tells_faults: true,
    };
    let mut lines = NamedLines::new(choice, style);
    let range = |begin_ns| NamedLines::range(choice, begin_ns);
    let has_faults = match &arguments.source {
        Source::Directory(directory) if choice.last.is_some() && !writers::are_there(directory) => {
            recorded::show_named(directory, choice, &mut lines, &interrupt)
        }
        _ if choice.last.is_some() => return Err(choice.refuse_last()),
        Source::Directory(directory) => {
            growing::show(&mut Following::open(directory)?.until_over(), range, &mut lines, &interrupt)
        }
        Source::Live(url) => {
            let mut live = live::attach(url, arguments.from, arguments.reconnect)?;
            growing::show(&mut live, range, &mut lines, &interrupt)
        }
    };
    lines.end(has_faults)
}
