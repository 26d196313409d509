//! Reads a trace, and says on one line how many events there were or what it found, and how long it took in seconds.
//!
//! - `bench values DIRECTORY [THREADS]`: reads every field of every event: in the order of time, or, where THREADS is
//!   given, packet by packet on so many threads
//! - `bench first DIRECTORY`: reads the first event
//! - `bench overview DIRECTORY`: tells from the index what was recorded when
use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use beamtap_ctf::{Event, FieldKind, Item, PacketReader, TimeRange, TraceSet};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, directory, rest @ ..] = arguments.as_slice() else {
        return Err("usage: bench values|first|overview DIRECTORY [THREADS]".into());
    };
    let start = Instant::now();
    let set = TraceSet::open(Path::new(directory))?;
    let found = match what.as_str() {
        "values" => values(&set, rest.first().map(|threads| threads.parse()).transpose()?)?,
        "first" => first_ns(&set)?,
        "overview" => {
            let overview = set.overview(1000);
            assert!(overview.faults.is_empty(), "{:?}", overview.faults);
            overview.bins.iter().map(|bin| bin.content_bytes).sum()
        }
        _ => return Err("unknown measurement".into()),
    };
    println!("{found} {:.6}", start.elapsed().as_secs_f64());
    Ok(())
}

/// Time of the first event.
fn first_ns(set: &TraceSet) -> Result<u64, beamtap_ctf::Error> {
    let mut reader = set.reader();
    loop {
        match reader.next()? {
            Some(Item::Event(event)) => return Ok(event.timestamp_ns() as u64),
            Some(_) => {}
            None => return Ok(0),
        }
    }
}

/// Reads all fields; gives the number of events.
fn values(set: &TraceSet, threads: Option<usize>) -> Result<u64, beamtap_ctf::Error> {
    let kinds: Vec<Vec<u8>> = set
        .classes()
        .iter()
        .map(|class| {
            let kind = |ty: FieldKind<'_>| match ty {
                FieldKind::Unsigned { .. } | FieldKind::Signed { .. } | FieldKind::Enum { .. } => 0,
                FieldKind::Float { .. } => 1,
                FieldKind::Str => 2,
                _ => 3,
            };
            class.fields().iter().map(|f| kind(f.field_type().kind())).collect()
        })
        .collect();
    let (mut events, mut sum) = (0u64, 0u64);
    if let Some(threads) = threads {
        let fold = |packet: &mut PacketReader<'_>| {
            let (mut events, mut sum) = (0u64, 0u64);
            let _ = packet.for_each(|item| {
                if let Item::Event(event) = item {
                    events += 1;
                    sum = sum.wrapping_add(fields(event, &kinds[event.class().index()]));
                }
                ControlFlow::Continue(())
            });
            (events, sum)
        };
        let mut fault = None;
        set.fold_packets(threads, TimeRange::default(), fold, |folded| {
            match folded {
                Ok(folded) => {
                    events += folded.value.0;
                    sum = sum.wrapping_add(folded.value.1);
                }
                Err(error) => fault = Some(error),
            }
            ControlFlow::Continue(())
        });
        fault.map_or(Ok(()), Err)?;
    } else {
        let mut fault = None;
        let _ = set.reader().for_each(|item| {
            match item {
                Ok(Item::Event(event)) => {
                    events += 1;
                    sum = sum.wrapping_add(fields(event, &kinds[event.class().index()]));
                }
                Ok(_) => {}
                Err(error) => fault = Some(error),
            }
            ControlFlow::Continue(())
        });
        fault.map_or(Ok(()), Err)?;
    }
    black_box(sum);
    Ok(events)
}

/// Something of every field, so that none can be left unread.
#[inline]
fn fields(event: Event<'_>, kinds: &[u8]) -> u64 {
    let mut sum = event.timestamp_ns() as u64;
    for (i, kind) in kinds.iter().enumerate() {
        match kind {
            0 => sum = sum.wrapping_add(event.u64(i)),
            1 => sum = sum.wrapping_add(event.f64(i).to_bits()),
            2 => sum = sum.wrapping_add(event.bytes(i).len() as u64),
            _ => {
                black_box(event.value(i));
            }
        }
    }
    sum
}
