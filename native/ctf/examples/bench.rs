//! Decodes a trace to values and says how fast: every field of every event is read. `bench DIRECTORY [THREADS]`
use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::Instant;

use beamtap_ctf::{Event, FieldKind, Item, Merged, TimeRange, TraceSet};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: bench DIRECTORY")?;
    let start = Instant::now();
    let set = TraceSet::open(path.as_ref())?;
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
    let threads: usize = std::env::args().nth(2).map_or(Ok(1), |n| n.parse())?;
    if threads > 1 {
        let map = |event: Event<'_>| Some(values(event, &kinds[event.class().index()]));
        set.map_parallel(threads, TimeRange::default(), map, |item| {
            if let Ok(Merged::Event { value, .. }) = item {
                events += 1;
                sum = sum.wrapping_add(value);
            }
            ControlFlow::Continue(())
        });
    } else {
        let mut reader = set.reader();
        while let Some(item) = reader.next()? {
            let Item::Event(event) = item else { continue };
            events += 1;
            sum = sum.wrapping_add(values(event, &kinds[event.class().index()]));
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{events} events in {seconds:.3} s: {:.1} M events/s (sum {sum:x})",
        events as f64 / seconds / 1e6
    );
    Ok(())
}

/// Something of every field, so that none can be left unread.
#[inline]
fn values(event: Event<'_>, kinds: &[u8]) -> u64 {
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
