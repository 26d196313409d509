//! Decodes a trace to values and says how fast: every field of every event is read.
use std::hint::black_box;
use std::time::Instant;

use beamtap_ctf::{FieldKind, Item, TraceSet};

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
    let mut reader = set.reader();
    let (mut events, mut sum) = (0u64, 0u64);
    while let Some(item) = reader.next()? {
        let Item::Event(event) = item else { continue };
        events += 1;
        sum = sum.wrapping_add(event.timestamp_ns() as u64);
        for (i, kind) in kinds[event.class().index()].iter().enumerate() {
            match kind {
                0 => sum = sum.wrapping_add(event.u64(i)),
                1 => sum = sum.wrapping_add(event.f64(i).to_bits()),
                2 => sum = sum.wrapping_add(event.bytes(i).len() as u64),
                _ => {
                    black_box(event.value(i));
                }
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{events} events in {seconds:.3} s: {:.1} M events/s (sum {sum:x})",
        events as f64 / seconds / 1e6
    );
    Ok(())
}
