//! From trace directories to the items that the script said.

use crate::script::{Script, Value};
use crate::trace_writer::{self, EPOCH_NS};
use beamtap_analysis::{Error, Item, Lift, Lost};
use beamtap_ctf::TraceSet;
use beamtap_schema::{CATALOGUE, Event, EventKind, WireType};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

/// One event of every kind, with values of every width.
fn every_kind() -> Script {
    let mut script = Script::new();
    for (index, info) in (0..).zip(&CATALOGUE) {
        let value = |wire: WireType| match wire {
            WireType::U8 => Value::Number(200 + index % 56),
            WireType::U32 => Value::Number(u64::from(u32::MAX) - index),
            WireType::U64 => Value::Number(u64::MAX - index),
            WireType::Text => Value::Text(format!("text {index}")),
        };
        let values = info.fields.iter().map(|field| value(field.field_type.wire())).collect();
        // Far enough apart that some time stamps need more than 32 bits.
        script = script.at(index * 900_000_000).cpu(index as u32 % 2).event(info.kind, values);
    }
    script
}

fn items(directory: &Path) -> Result<Vec<String>, Error> {
    let set = TraceSet::open(directory)?;
    let (mut lift, mut items) = (Lift::new(&set), Vec::new());
    while let Some(item) = lift.next()? {
        items.push(told(&item));
    }
    let mut handed = Vec::new();
    let flow = Lift::new(&set).for_each(|item| {
        handed.extend(item.as_ref().map(told));
        ControlFlow::Continue(())
    });
    assert!(flow.is_continue());
    assert_eq!(handed, items, "handed over and asked for");
    Ok(items)
}

fn told(item: &Item<'_>) -> String {
    match item {
        Item::Event(stamp, event) => format!("{} {:?} {event:?}", stamp.ns, stamp.cpu),
        Item::Discarded(lost) => format!("discarded {}", stretch(lost)),
        Item::LostPackets(lost) => format!("lost {}", stretch(lost)),
        Item::Other(stamp, name) => format!("{} {:?} {name}", stamp.ns, stamp.cpu),
    }
}

fn stretch(lost: &Lost) -> String {
    format!("{} from {} to {}", lost.count, lost.begin_ns - EPOCH_NS, lost.end_ns - EPOCH_NS)
}

#[test]
fn what_a_script_says_is_what_is_read() {
    let home = tempfile::tempdir().unwrap();
    let script = every_kind();
    trace_writer::write(&script, home.path());
    let said: Vec<String> = script
        .lines
        .iter()
        .map(|line| {
            line.with_item(|item| match item {
                Item::Event(stamp, event) => format!("{} {:?} {event:?}", stamp.ns + EPOCH_NS, stamp.cpu),
                other => panic!("{other:?} was not said"),
            })
        })
        .collect();
    assert_eq!(items(home.path()).unwrap(), said);
}

#[test]
fn babeltrace_reads_what_the_writer_writes() {
    let home = tempfile::tempdir().unwrap();
    let end = CATALOGUE.len() as u64 * 900_000_000;
    let script = every_kind().discarded(7, end).at(end + 1).call(1, 2);
    trace_writer::write(&script, home.path());
    let output = Command::new("babeltrace2").arg("--names=none").arg(home.path()).output();
    let output = output.expect("babeltrace2 is installed");
    let text = String::from_utf8(output.stdout).unwrap();
    let warnings = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{warnings}");
    assert_eq!(text.lines().count(), script.lines.len() - 1, "{text}");
    for info in &CATALOGUE {
        let name = info.full_name();
        let expected = 1 + usize::from(info.kind == EventKind::Call);
        assert_eq!(
            text.lines().filter(|line| line.contains(&format!(" {name}: "))).count(),
            expected,
            "{name}"
        );
    }
    assert!(warnings.contains("Tracer discarded 7 events"), "{warnings}");
}

#[test]
fn losses_come_with_their_stretch_of_time() {
    let home = tempfile::tempdir().unwrap();
    let script = Script::new()
        .at(10)
        .call(1, 2)
        .at(20)
        .discarded(5, 40)
        .at(30)
        .call(1, 3)
        .at(50)
        .call(1, 4)
        .at(60)
        .lost_packets(2, 90)
        .at(100)
        .call(1, 5);
    trace_writer::write(&script, home.path());
    let items = items(home.path()).unwrap();
    let losses: Vec<&String> = items.iter().filter(|item| item.contains(" from ")).collect();
    assert_eq!(losses, ["discarded 5 from 20 to 40", "lost 2 from 60 to 90"]);
    let place = |what: &str| items.iter().position(|item| item.contains(what)).unwrap();
    assert!(place("function: 2") < place("discarded") && place("discarded") < place("function: 3"));
    assert!(place("function: 4") < place("lost") && place("lost") < place("function: 5"));
}

#[test]
fn events_of_others_keep_their_names() {
    let home = tempfile::tempdir().unwrap();
    let script =
        Script::new().at(1).other("lttng_ust_statedump:start").call(1, 2).at(2).other("beamtap:of_tomorrow");
    trace_writer::write(&script, home.path());
    let items = items(home.path()).unwrap();
    assert!(items[0].ends_with("lttng_ust_statedump:start"), "{items:?}");
    assert!(items[2].ends_with("beamtap:of_tomorrow"), "{items:?}");
}

#[test]
fn text_that_is_not_utf8_is_replaced() {
    let home = tempfile::tempdir().unwrap();
    trace_writer::write(&Script::new().define(1, "moduleX", "name", 3).define(2, "m", "g", 0), home.path());
    let stream = home.path().join("beamtap-defs_0");
    let mut bytes = fs::read(&stream).unwrap();
    let place = bytes.windows(7).position(|window| window == b"moduleX").unwrap();
    bytes[place + 6] = 0xff;
    fs::write(&stream, bytes).unwrap();
    let mut lift = Lift::new(&TraceSet::open(home.path()).unwrap());
    let mut modules = Vec::new();
    while let Some(item) = lift.next().unwrap() {
        let Item::Event(_, Event::DefFunction(def)) = item else { panic!("only definitions were written") };
        modules.push((def.module.to_owned(), def.name.to_owned()));
    }
    assert_eq!(modules, [("module\u{fffd}".into(), "name".into()), ("m".into(), "g".into())]);
}

/// Reads two calls and a return after the metadata's text was changed, which must stay as long as it was.
fn read_with_metadata_changed(from: &str, to: &str) -> (Vec<String>, Vec<Error>) {
    assert_eq!(from.len(), to.len());
    let home = tempfile::tempdir().expect("a directory");
    let script = Script::new().at(1).call(1, 2).at(2).return_from(1, 2).at(3).call(1, 2);
    trace_writer::write(&script, home.path());
    let path = home.path().join("metadata");
    let mut bytes = fs::read(&path).expect("metadata");
    let place = bytes.windows(from.len()).position(|window| window == from.as_bytes()).expect("the text");
    bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
    fs::write(&path, bytes).expect("metadata");
    let mut lift = Lift::new(&TraceSet::open(home.path()).expect("a trace"));
    let (mut items, mut errors) = (Vec::new(), Vec::new());
    loop {
        match lift.next() {
            Ok(Some(Item::Event(_, event))) => items.push(event.kind().info().name.to_owned()),
            Ok(Some(item)) => items.push(format!("{item:?}")),
            Ok(None) => break,
            Err(error) => errors.push(error),
        }
    }
    let mut handed = Vec::new();
    let _ = Lift::new(&TraceSet::open(home.path()).expect("a trace")).for_each(|item| {
        handed.extend(item.err().map(|error| error.to_string()));
        ControlFlow::Continue(())
    });
    assert_eq!(handed, errors.iter().map(Error::to_string).collect::<Vec<_>>(), "handed over and asked for");
    (items, errors)
}

#[test]
fn an_event_without_its_field_is_a_mismatch_said_once_and_the_rest_is_read() {
    let (items, errors) = read_with_metadata_changed("uint32_t _function;", "uint32_t _funktion;");
    assert_eq!(items.len(), 2, "{items:?}");
    assert_eq!(items[0], "return_from");
    assert!(items[1].starts_with("Other(") && items[1].contains("beamtap:call"), "{items:?}");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].is_mismatch() && !errors[0].is_trace());
    let text = errors[0].to_string();
    assert!(text.contains("beamtap:call") && text.contains("\"function\""), "{text}");
}

#[test]
fn a_field_of_another_type_or_too_wide_is_a_mismatch() {
    for (from, to) in [("uint64_t _pid;", "string   _pid;"), ("uint32_t _function;", "uint64_t _function;")] {
        let (_, errors) = read_with_metadata_changed(from, to);
        assert!(errors[0].is_mismatch(), "{errors:?}");
    }
}

#[test]
fn a_stream_cut_short_is_a_fault_of_the_trace() {
    let home = tempfile::tempdir().unwrap();
    trace_writer::write(&Script::new().at(1).call(1, 2).at(2).call(1, 3), home.path());
    let stream = home.path().join("beamtap-events_0");
    let bytes = fs::read(&stream).unwrap();
    fs::write(&stream, &bytes[..84 + 18 + 5]).unwrap();
    let mut lift = Lift::new(&TraceSet::open(home.path()).unwrap());
    let mut calls = 0;
    let error = loop {
        match lift.next() {
            Ok(Some(Item::Event(_, Event::Call(_)))) => calls += 1,
            Ok(item) => panic!("{item:?} instead of the fault"),
            Err(error) => break error,
        }
    };
    assert!(error.is_trace(), "{error}");
    assert!(error.to_string().contains("beamtap-events_0"), "{error}");
    assert_eq!(calls, 1);
    assert!(lift.next().unwrap().is_none());
}
