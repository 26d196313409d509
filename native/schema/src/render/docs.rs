//! `docs/EVENTS.md`: what is recorded, for people.

use super::ORIGIN;
use crate::otp::field_name;
use crate::{
    BEAM_DOMAIN, CATALOGUE, Channel, Class, EntityKind, EventInfo, ExceptionClass, FieldType, LOSSES,
    MessageKind, OTP_CATALOGUE, OTP_PROVIDER, OtpKind, PROVIDER, PayloadPart, Phase, PortOp, SpanOutcome,
    ThreadKind, Unit,
};
use std::fmt::Write;

type Values = &'static [(u8, &'static str, &'static str)];

pub(super) fn render() -> String {
    let mut out = format!(
        "<!-- {ORIGIN} -->\n# Events\n\n\
         The events of the LTTng-UST provider `{PROVIDER}`. Each event has a time stamp (CLOCK_MONOTONIC, nanoseconds) and the \
         number of its CPU. Events that come from a trace message of `erlang:trace/3` have the message's name. Functions and \
         atoms are interned: an event has a number, and a definition says which function or atom that is.\n\n\
         Events of the VM are in the channel `{}`, definitions in the channel `{}`. The two channels have separate buffers, \
         so a flood of events loses no definitions.\n",
        Channel::Events.name(),
        Channel::Definitions.name(),
    );
    for class in Class::FLAGS {
        let what = if *class == Class::SeqTrace { "Sequential tracing: class " } else { "Flag " };
        let _ = writeln!(out, "\n## {what}`{}`", class.flag());
        for event in CATALOGUE.iter().filter(|event| event.class == *class) {
            describe(&mut out, event);
        }
    }
    for (title, class) in [
        ("System monitor: class `system_monitor`", Class::SystemMonitor),
        ("Schedulers, sampled: class `schedulers`", Class::Schedulers),
        ("Allocators, sampled: class `allocators`", Class::Allocators),
        ("Payloads", Class::Payload),
        ("The application's own marks and spans", Class::Marks),
        ("Definitions and counters", Class::Own),
    ] {
        let _ = writeln!(out, "\n## {title}");
        for event in CATALOGUE.iter().filter(|event| event.class == class) {
            describe(&mut out, event);
        }
    }
    types(&mut out);
    losses(&mut out);
    otp(&mut out);
    beam_domain(&mut out);
    out
}

/// OTP's own events beside ours.
fn otp(out: &mut String) {
    let _ = write!(
        out,
        "\n## OTP's own events\n\n\
         The same tracer emits the events of OTP's provider `{OTP_PROVIDER}`, on a VM that was not built with LTTng. To record \
         them, enable them in LTTng, as OTP's LTTng guide describes. Names of functions are not cut; other texts are cut at \
         255 bytes.\n\n\
         `depth` is the number of traced calls that have not returned. It is 0 until the first traced return of the process. \
         It is exact if the returns of all traced functions are traced.\n\n\
         | OTP's event | fields | beamtap's events |\n| --- | --- | --- |\n",
    );
    for (place, event) in OTP_CATALOGUE.iter().enumerate() {
        let fields: Vec<_> =
            event.fields.iter().map(|&(name, _)| format!("`{}`", field_name(name))).collect();
        let ours: Vec<_> = CATALOGUE
            .iter()
            .filter(|ours| OtpKind::of(ours.kind).is_some_and(|kind| kind as usize == place))
            .map(|ours| format!("`{}`", ours.name))
            .collect();
        let _ = writeln!(out, "| `{}` | {} | {} |", event.name, fields.join(", "), ours.join(", "));
    }
}

/// What OTP's VM tells by itself when it is built with LTTng, beside what we tell.
fn beam_domain(out: &mut String) {
    out.push_str(
        "\n## OTP's domain `org_erlang_otp`\n\n\
         A VM built with LTTng has a second provider, `org_erlang_otp`, which needs no trace flags. On a VM built without \
         LTTng, the flags `ports`, `running_ports` and `'receive'` on ports, and the class `allocators`, give these events \
         instead:\n\n\
         | OTP's event | beamtap's events | what is missing |\n| --- | --- | --- |\n",
    );
    for event in &BEAM_DOMAIN {
        let ours: Vec<_> = event.ours.iter().map(|kind| format!("`{}`", kind.info().name)).collect();
        let _ = writeln!(out, "| `{}` | {} | {} |", event.name, ours.join(", "), event.lost);
    }
}

fn describe(out: &mut String, event: &EventInfo) {
    let _ = write!(out, "\n### `{PROVIDER}:{}`\n\n{}\n\n", event.name, event.doc.trim());
    out.push_str("| field | type | meaning |\n| --- | --- | --- |\n");
    for field in event.fields {
        let _ = writeln!(out, "| `{}` | {} | {} |", field.name, field.field_type.name(), cell(field.doc));
    }
}

/// The text in a cell of a table, which ends at a bar.
fn cell(text: &str) -> String {
    text.trim().replace('|', "\\|")
}

fn types(out: &mut String) {
    out.push_str(
        "\n## Types of fields\n\n| type | recorded as | unit | meaning |\n| --- | --- | --- | --- |\n",
    );
    for field_type in FieldType::ALL {
        let unit = match field_type.unit() {
            Unit::None => "",
            Unit::Words => "words",
            Unit::Bytes => "bytes",
            Unit::Nanoseconds => "ns",
            Unit::Count => "count",
        };
        let recorded = match field_type.wire() {
            crate::WireType::Text => "string",
            wire => wire.c_type(),
        };
        // Links of the Rust documentation mean nothing in this file.
        let doc = field_type
            .doc()
            .replace("](crate::EntityKind)", "")
            .replace("](crate::Entity)", "")
            .replace('[', "");
        let _ = writeln!(out, "| {} | `{recorded}` | {unit} | {} |", field_type.name(), cell(&doc));
    }
    let enums: [(&str, Values); 8] = [
        ("EntityKind", EntityKind::ALL),
        ("ExceptionClass", ExceptionClass::ALL),
        ("MessageKind", MessageKind::ALL),
        ("PortOp", PortOp::ALL),
        ("PayloadPart", PayloadPart::ALL),
        ("SpanOutcome", SpanOutcome::ALL),
        ("ThreadKind", ThreadKind::ALL),
        ("Phase", Phase::ALL),
    ];
    for (name, values) in enums {
        let _ = write!(out, "\n### {name}\n\n| value | word | meaning |\n| --- | --- | --- |\n");
        for (value, word, doc) in values {
            let _ = writeln!(out, "| {value} | {word} | {} |", cell(doc));
        }
    }
}

fn losses(out: &mut String) {
    out.push_str(
        "\n## Losses\n\n\
         The sum law is `emitted = read + discarded + lost + gap + residual`. A residual other than 0 means that events are \
         missing for no known reason.\n\n\
         | name | meaning |\n| --- | --- |\n",
    );
    for info in &LOSSES {
        let _ = writeln!(out, "| {} | {} |", info.name, info.doc);
    }
}
