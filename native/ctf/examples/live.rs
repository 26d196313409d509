//! Prints a live session until it ends: `live net://localhost/host/HOST/SESSION [now]`.
use std::io::Write as _;
use std::time::Duration;

use beamtap_ctf::{Item, LiveReader, LiveUrl, Poll, Seek, live_sessions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let url: LiveUrl = arguments.next().ok_or("usage: live URL [now]")?.parse()?;
    if url.session.is_none() {
        for session in live_sessions(&url)? {
            println!("{session:?}");
        }
        return Ok(());
    }
    let seek = if arguments.next().is_some() { Seek::Now } else { Seek::Beginning };
    let mut reader = LiveReader::attach(&url, seek)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut line = Vec::new();
    loop {
        match reader.poll(i64::MIN) {
            Ok(Poll::Item(Item::Event(event))) => {
                line.clear();
                let ns = event.timestamp_ns();
                write!(line, "[{}.{:09}] ", ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000))?;
                event.write_text(&mut line);
                line.push(b'\n');
                out.write_all(&line)?;
            }
            Ok(Poll::Item(loss)) => eprintln!("{loss:?}"),
            Ok(Poll::Idle) => {
                out.flush()?;
                std::thread::sleep(Duration::from_millis(20));
            }
            Ok(Poll::End) => break,
            Err(error) if error.is_disconnected() || error.is_protocol() => return Err(error.into()),
            Err(error) => eprintln!("{error}"),
        }
    }
    out.flush()?;
    eprintln!("{} late", reader.late());
    Ok(())
}
