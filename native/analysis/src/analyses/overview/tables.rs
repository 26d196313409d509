//! The tables that the overview answers with.

use super::Stream;
use super::law::{self, Sum};
use crate::automaton::{Interruptions, Names, Vm};
use crate::table::{Cell, Column, Table};
use beamtap_schema::{CATALOGUE, Counters, EVENT_COUNT, LOSSES, Loss};
use std::collections::BTreeMap;

const SUM: &[Column] = &[
    Column::count("emitted", "What the VM handed to LTTng, by its own counters"),
    Column::count("read", "What is in the trace, counters events left out"),
    Column::count("discarded", "Dropped because LTTng's buffers were full"),
    Column::count("lost", "In packets that were overwritten or never arrived"),
    Column::count("gap", "Emitted while the recording was interrupted, or in buffers that were lost with it"),
    Column::count(
        "residual",
        "emitted - read - discarded - lost - gap: 0 when nothing got lost unseen; not known with lost packets",
    ),
    Column::count("emitted_at_least", "Where emitted is not known, what was emitted at the least"),
    Column::count(
        "outside",
        "Events read that were written before the VM's counting began or after it ended",
    ),
    Column::count("lost_packets", "Packets that were overwritten or never arrived"),
    Column::count("counters", "Events that carry the VM's counters; they are not part of the sum"),
    Column::count("other_events", "Events that are not beamtap's, or not known to this version"),
    Column::count(
        "definitions",
        "Events read that are beamtap's own and not traced: names, canaries, pauses",
    ),
    Column::count("gaps", "How often the recording was interrupted"),
    Column::duration("gap_time", "How long it was not known to work then"),
    Column::count("pauses", "How often the tap was paused"),
    Column::duration("paused", "How long it was paused"),
];

const SPAN: &[Column] = &[
    Column::instant("begin", "Time of the first event"),
    Column::instant("end", "Time of the last event"),
    Column::duration("duration", "Between the two"),
    Column::text(
        "canary",
        "The number of the recording, which proves that the way from VM to reader was open",
    ),
    Column::text(
        "ended_by",
        "Why the tap ended, as its receipt says; not known before it has ended in order",
    ),
    Column::duration("recorded", "How long the tap recorded, pauses and gaps included"),
];

const EVENTS: &[Column] = &[
    Column::text("event", "The event, without the provider"),
    Column::text("flag", "The trace flag that makes the VM produce it"),
    Column::count("read", "Events of this kind in the trace"),
    Column::count(
        "emitted",
        "Handed to LTTng by the VM between the first and the last counters in the trace",
    ),
    Column::count("suppressed", "Kept back by a limit or because no recording was open"),
    Column::count("unreadable", "Not emitted because the VM's term could not be read"),
    Column::count("truncated", "Emitted with a text cut to its bound"),
];

const STREAMS: &[Column] = &[
    Column::count("stream", "The stream's index in the trace"),
    Column::count("cpu", "The CPU it was recorded on"),
    Column::count("events", "Events read from it"),
    Column::count("discarded", "Events dropped because the buffers were full"),
    Column::count("lost_packets", "Packets that were overwritten or never arrived"),
];

const THREADS: &[Column] = &[
    Column::count("thread", "The kernel's thread id"),
    Column::text("kind", "What it does"),
    Column::count("scheduler", "The scheduler's number"),
    Column::text("name", "The name the VM gave it"),
];

const VMS: &[Column] = &[
    Column::text("node", "The node's name"),
    Column::count("os_pid", "The kernel's process id"),
    Column::text("otp_release", "The OTP release"),
    Column::text("erts", "The version of the run-time system"),
    Column::count("schedulers", "Schedulers online"),
    Column::count("word_bytes", "Bytes in a word"),
    Column::text("beamtap", "The version of beamtap that recorded"),
];

const LOST: &[Column] = &[
    Column::text("loss", "How events went missing"),
    Column::count("count", "How many"),
    Column::text("meaning", "What happened, and what to do about it"),
];

const OTHER: &[Column] = &[
    Column::text("event", "The event's full name"),
    Column::count("read", "Events of this name in the trace"),
];

pub(super) fn sum(
    sum: &Sum,
    others: u64,
    interruptions: &Interruptions,
    end_ns: u64,
    caveats: Vec<String>,
) -> Table {
    let count = |count: Option<u64>| count.map_or(Cell::Unknown, Cell::Count);
    let facts = vec![
        count(sum.emitted.ok()),
        Cell::Count(sum.read),
        Cell::Count(sum.discarded),
        count(sum.lost),
        count(sum.gap),
        sum.residual.map_or(Cell::Unknown, Cell::Difference),
        count(sum.at_least),
        Cell::Count(sum.outside),
        Cell::Count(sum.lost_packets),
        Cell::Count(sum.counters),
        Cell::Count(others),
        Cell::Count(sum.definitions),
        Cell::Count(interruptions.gaps()),
        Cell::Duration(interruptions.gap_ns()),
        Cell::Count(interruptions.pauses(end_ns)),
        Cell::Duration(interruptions.paused_ns(end_ns)),
    ];
    let mut table = Table::facts("sum", "Events", SUM, facts);
    table.notes = caveats;
    if let Err(reason) = sum.emitted {
        table.notes.push(reason.to_owned());
    }
    if sum.lost.is_some_and(|lost| lost > 0) {
        table.notes.push(
            "What lost packets held is what the counters leave over: any other loss would hide in it."
                .to_owned(),
        );
    }
    if sum.residual.is_some_and(|residual| residual != 0) {
        table.notes.push(
            "The sum does not come out: events got lost, or were counted, in a way that has no name."
                .to_owned(),
        );
    }
    table
}

pub(super) fn span(span: Option<(u64, u64)>, canaries: &[u128], ended: Option<(Box<str>, u64)>) -> Table {
    let nonces: Vec<String> = canaries.iter().map(|nonce| format!("{nonce:032x}")).collect();
    let facts = vec![
        span.map_or(Cell::Unknown, |(begin, _)| Cell::Instant(begin)),
        span.map_or(Cell::Unknown, |(_, end)| Cell::Instant(end)),
        span.map_or(Cell::Unknown, |(begin, end)| Cell::Duration(end - begin)),
        if nonces.is_empty() { Cell::Unknown } else { Cell::Text(nonces.join(" ")) },
        ended.as_ref().map_or(Cell::Unknown, |(ended_by, _)| Cell::Text(ended_by.to_string())),
        ended.map_or(Cell::Unknown, |(_, length_ns)| Cell::Duration(length_ns)),
    ];
    Table::facts("span", "Time", SPAN, facts)
}

pub(super) fn events(kinds: &[u64; EVENT_COUNT], sum: &Sum) -> Table {
    let mut table = Table::rows("events", "Events by kind", EVENTS);
    for info in &CATALOGUE {
        let (read, counters) = (kinds[info.kind as usize], sum.kinds[info.kind as usize]);
        if read == 0 && counters.is_none_or(|c| c == Default::default()) {
            continue;
        }
        let count =
            |of: fn(&Counters) -> u64| counters.as_ref().map_or(Cell::Unknown, |c| Cell::Count(of(c)));
        table.rows.push(vec![
            Cell::Text(info.name.to_owned()),
            Cell::Text(info.class.flag().to_owned()),
            Cell::Count(read),
            count(|c| c.emitted),
            count(|c| c.suppressed),
            count(|c| c.unreadable),
            count(|c| c.truncated),
        ]);
    }
    table.sort_by(2);
    table
}

pub(super) fn streams(streams: &[Stream]) -> Table {
    let mut table = Table::rows("streams", "Streams", STREAMS);
    for (index, stream) in (0..).zip(streams) {
        table.rows.push(vec![
            Cell::Count(index),
            stream.cpu.map_or(Cell::Unknown, |cpu| Cell::Count(cpu.into())),
            Cell::Count(stream.events),
            Cell::Count(stream.discarded),
            Cell::Count(stream.lost_packets),
        ]);
    }
    table
}

pub(super) fn other(names: &BTreeMap<String, u64>, others: u64) -> Table {
    let mut table = Table::rows("other", "Events of others", OTHER);
    for (name, count) in names {
        table.rows.push(vec![Cell::Text(name.clone()), Cell::Count(*count)]);
    }
    table.sort_by(1);
    let named: u64 = names.values().sum();
    if named < others {
        table.notes.push(format!("{} events of further names are not listed.", others - named));
    }
    table
}

pub(super) fn losses(sum: &Sum) -> Table {
    let counters = |of: fn(&Counters) -> u64| Some(law::total(sum.kinds.iter().flatten().map(of)));
    let mut table = Table::rows("losses", "Losses", LOST);
    for info in &LOSSES {
        let count: Option<u64> = match info.loss {
            Loss::Suppressed => counters(|c| c.suppressed),
            Loss::Unreadable => counters(|c| c.unreadable),
            Loss::Truncated => counters(|c| c.truncated),
            Loss::Discarded => Some(sum.discarded),
            Loss::LostPackets => sum.lost,
            Loss::Gap => sum.gap,
        };
        table.rows.push(vec![
            Cell::Text(info.name.to_owned()),
            count.map_or(Cell::Unknown, Cell::Count),
            Cell::Text(info.doc.to_owned()),
        ]);
    }
    table
}

pub(super) fn threads(names: &Names) -> Table {
    let mut table = Table::rows("threads", "Threads", THREADS);
    let mut threads: Vec<_> = names.threads().iter().collect();
    threads.sort_by_key(|(id, _)| **id);
    for (id, thread) in threads {
        table.rows.push(vec![
            Cell::Count(u64::from(*id)),
            thread.kind.map_or(Cell::Unknown, |kind| Cell::Text(kind.as_str().to_owned())),
            if thread.scheduler == 0 { Cell::Unknown } else { Cell::Count(thread.scheduler.into()) },
            Cell::Text(thread.name.to_string()),
        ]);
    }
    table
}

pub(super) fn vms(vms: &[Vm]) -> Table {
    let mut table = Table::rows("vms", "Traced VM", VMS);
    for vm in vms {
        let text = |text: &str| Cell::Text(text.to_owned());
        table.rows.push(vec![
            text(&vm.node),
            Cell::Count(vm.os_pid.into()),
            text(&vm.otp_release),
            text(&vm.erts),
            Cell::Count(vm.schedulers.into()),
            Cell::Count(vm.word_bytes.into()),
            text(&vm.beamtap),
        ]);
    }
    table
}
