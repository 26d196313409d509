//! The tables that the overview answers with.

use super::Stream;
use super::law::{self, Sum};
use crate::automaton::{Interruptions, Names, Vm};
use crate::table::{Cell, Column, Shape, Table, TableInfo};
use beamtap_schema::{CATALOGUE, Counters, EVENT_COUNT, Loss};
use std::collections::BTreeMap;

/// Every table of the overview, in the order of the answer.
pub(crate) const TABLES: &[TableInfo] = &[SUM, SPAN, VMS, EVENTS, LOSSES, STREAMS, THREADS, OTHER];

/// When the terms of the sum law are unknown.
const NO_COUNTERS: &str = "the VM's counters are missing in the trace, or are of several VMs";

const SUM: TableInfo = TableInfo {
    id: "sum",
    title: "Events",
    doc: "The sum law: emitted = read + discarded + lost + gap + residual",
    shape: Shape::Facts,
    columns: &[
        Column::count("emitted", "Events that the VM handed to LTTng, by its own counters")
            .unknown(NO_COUNTERS),
        Column::count("read", "Events in the trace, without `counters` events"),
        Column::count("discarded", "Events that LTTng dropped because its buffers were full"),
        Column::count("lost", "Events in lost packets: the emitted events that nothing else explains")
            .unknown(NO_COUNTERS),
        Column::count("gap", "Events emitted while the recording was interrupted, or lost with its buffers")
            .unknown("the counters are of several VMs"),
        Column::count(
            "residual",
            "emitted - read - discarded - lost - gap. Not 0: events are missing for no known reason",
        )
        .unknown("`emitted` is unknown, or packets were lost"),
        Column::count("emitted_at_least", "A lower bound of `emitted`")
            .unknown("`emitted` is known, or there is no bound"),
        Column::count("outside", "Events in `read` from before the VM started counting or after it stopped"),
        Column::count("lost_packets", "Packets that were overwritten or never arrived"),
        Column::count(
            "counters",
            "`counters` events, which carry the VM's counters. They are not part of the sum",
        ),
        Column::count("other_events", "Events that are not beamtap's, or that this version does not know"),
        Column::count("definitions", "Events in `read` that beamtap adds itself: names, canaries, pauses"),
        Column::count("gaps", "Number of interruptions of the recording"),
        Column::duration("gap_time", "Time in which the recording may not have worked"),
        Column::count("pauses", "Number of pauses of the tap"),
        Column::duration("paused", "Time in which the tap was paused"),
    ],
    absent: None,
};

const SPAN: TableInfo = TableInfo {
    id: "span",
    title: "Time",
    doc: "The time that the trace covers, and how its tap ended",
    shape: Shape::Facts,
    columns: &[
        Column::instant("begin", "Time of the first event").unknown("the trace has no events"),
        Column::instant("end", "Time of the last event").unknown("the trace has no events"),
        Column::duration("duration", "Time from the first to the last event")
            .unknown("the trace has no events"),
        Column::text("canary", "The number in the canary, the event that proves that events reach the trace")
            .unknown("the trace has no canary"),
        Column::text("ended_by", "Why the tap ended: `ended_by` in its receipt")
            .unknown("the tap still records, or did not end in order"),
        Column::duration("recorded", "Time the tap recorded, with pauses and gaps")
            .unknown("the tap still records, or did not end in order"),
    ],
    absent: None,
};

const VMS: TableInfo = TableInfo {
    id: "vms",
    title: "Traced VM",
    doc: "The traced VM",
    shape: Shape::Rows,
    columns: &[
        Column::text("node", "The node's name"),
        Column::count("os_pid", "The VM's process id in the operating system"),
        Column::text("otp_release", "The OTP release"),
        Column::text("erts", "The version of the runtime system (ERTS)"),
        Column::count("schedulers", "Number of schedulers online"),
        Column::bytes("word_bytes", "Size of a word"),
        Column::text("beamtap", "The version of beamtap that recorded the trace"),
    ],
    absent: None,
};

const EVENTS: TableInfo = TableInfo {
    id: "events",
    title: "Events by kind",
    doc: "Number of events of each kind",
    shape: Shape::Rows,
    columns: &[
        Column::text("event", "The event, without the provider"),
        Column::text(
            "flag",
            "The trace flag or class that it needs; empty for events that beamtap adds itself",
        ),
        Column::count("read", "Events of this kind in the trace"),
        Column::count(
            "emitted",
            "Events handed to LTTng between the first and the last counters in the trace",
        )
        .unknown(NO_COUNTERS),
        Column::count("suppressed", "Events held back by a limit, or because no recording was open")
            .unknown(NO_COUNTERS),
        Column::count("unreadable", "Events not emitted because a term was of an unknown form")
            .unknown(NO_COUNTERS),
        Column::count("truncated", "Events emitted with a text cut to its limit").unknown(NO_COUNTERS),
    ],
    absent: None,
};

const LOSSES: TableInfo = TableInfo {
    id: "losses",
    title: "Losses",
    doc: "Number of events lost, by cause",
    shape: Shape::Rows,
    columns: &[
        Column::text("loss", "The cause"),
        Column::count("count", "Number of events").unknown(NO_COUNTERS),
        Column::text("meaning", "What happened and what to do"),
    ],
    absent: None,
};

const STREAMS: TableInfo = TableInfo {
    id: "streams",
    title: "Streams",
    doc: "The streams of the trace, one for each file",
    shape: Shape::Rows,
    columns: &[
        Column::count("stream", "Number of the stream in the trace"),
        Column::count("cpu", "The CPU it was recorded on").unknown("the trace does not have it"),
        Column::count("events", "Events in the stream"),
        Column::count("discarded", "Events that LTTng dropped because its buffers were full"),
        Column::count("lost_packets", "Packets that were overwritten or never arrived"),
    ],
    absent: None,
};

const THREADS: TableInfo = TableInfo {
    id: "threads",
    title: "Threads",
    doc: "The VM's threads",
    shape: Shape::Rows,
    columns: &[
        Column::count("thread", "The thread id in the operating system"),
        Column::text("kind", "What the thread does").unknown("this version does not know the kind"),
        Column::count("scheduler", "The scheduler's number").unknown("the thread is no scheduler"),
        Column::text("name", "The thread's name"),
    ],
    absent: None,
};

const OTHER: TableInfo = TableInfo {
    id: "other",
    title: "Events of others",
    doc: "Events that are not beamtap's, or that this version does not know, by name",
    shape: Shape::Rows,
    columns: &[
        Column::text("event", "The event's full name"),
        Column::count("read", "Events of this name in the trace"),
    ],
    absent: None,
};

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
    let mut table = Table::facts(&SUM, facts);
    table.notes = caveats;
    if let Err(reason) = sum.emitted {
        table.notes.push(reason.to_owned());
    }
    if sum.lost.is_some_and(|lost| lost > 0) {
        table.notes.push(
            "`lost` is what the counters leave over. It would also contain events lost for an unknown reason."
                .to_owned(),
        );
    }
    if sum.residual.is_some_and(|residual| residual != 0) {
        table
            .notes
            .push("The sum law does not hold: events were lost, or counted, for no known reason.".to_owned());
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
    Table::facts(&SPAN, facts)
}

pub(super) fn events(kinds: &[u64; EVENT_COUNT], sum: &Sum) -> Table {
    let mut table = Table::new(&EVENTS);
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
    let mut table = Table::new(&STREAMS);
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
    let mut table = Table::new(&OTHER);
    for (name, count) in names {
        table.rows.push(vec![Cell::Text(name.clone()), Cell::Count(*count)]);
    }
    table.sort_by(1);
    let named: u64 = names.values().sum();
    if named < others {
        table.notes.push(format!("{} events with other names are not listed.", others - named));
    }
    table
}

pub(super) fn losses(sum: &Sum) -> Table {
    let counters = |of: fn(&Counters) -> u64| Some(law::total(sum.kinds.iter().flatten().map(of)));
    let mut table = Table::new(&LOSSES);
    for info in &beamtap_schema::LOSSES {
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
    let mut table = Table::new(&THREADS);
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
    let mut table = Table::new(&VMS);
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
