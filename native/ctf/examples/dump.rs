//! Prints a trace as babeltrace2's text sink does.
use std::io::Write as _;

use beamtap_ctf::{Item, TraceSet};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: dump DIRECTORY")?;
    let set = TraceSet::open(path.as_ref())?;
    let mut reader = set.reader();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut line = Vec::new();
    loop {
        match reader.next() {
            Ok(None) => break,
            Ok(Some(Item::Event(event))) => {
                line.clear();
                if event.has_clock() {
                    let ns = event.timestamp_ns();
                    write!(line, "[{}.{:09}] ", ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000))?;
                }
                event.write_text(&mut line);
                line.push(b'\n');
                out.write_all(&line)?;
            }
            Ok(Some(Item::Discarded(loss))) => eprintln!("{} events discarded", loss.count),
            Ok(Some(Item::LostPackets(loss))) => eprintln!("{} packets lost", loss.count),
            Err(error) => eprintln!("{error}"),
        }
    }
    Ok(out.flush()?)
}
