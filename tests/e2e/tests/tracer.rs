//! The tracer in a stock VM, without a tap: each event that the VM is made to produce comes out of LTTng with the
//! values that the VM itself tells.

use beamtap_e2e::{native, root};
use beamtap_testkit::{Sandbox, WitnessEvent, babeltrace, cannot_run, in_sandbox};
use std::collections::HashMap;
use std::path::Path;

/// Compiles the driver and what it needs of beamtap.
fn compile(sandbox: &Sandbox) {
    let sources = [
        "vm/beamtap_nif",
        "vm/beamtap_files",
        "vm/beamtap_native",
        "vm/beamtap_definitions",
        "typed/beamtap_error",
    ]
    .map(|module| root().join(format!("erlang_src/{module}.erl")));
    let driver = root().join("tests/e2e/tests/tracer_driver.erl");
    let mut command = sandbox.command("erlc");
    let status = command.arg("-o").arg(sandbox.home()).args(sources).arg(driver).status();
    assert!(status.expect("erlc runs").success());
}

/// Runs an expression in a stock VM; answers what it printed, as `name=number` lines.
fn erl(sandbox: &Sandbox, native: &Path, expression: &str) -> HashMap<String, u64> {
    let mut command = sandbox.command("erl");
    command
        .args(["-noshell", "-pa"])
        .arg(sandbox.home())
        .args(["-eval", &format!("{expression}, halt(0).")])
        .env("BEAMTAP_NATIVE_DIR", native);
    let output = command.output().expect("erl runs");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{expression}: {said}{errors}");
    said.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, number)| (name.to_owned(), number.parse().expect("a number")))
        .collect()
}

/// Records what the expression makes the VM do; answers the events and what the VM said.
fn record(sandbox: &Sandbox, expression: &str) -> (Vec<WitnessEvent>, HashMap<String, u64>) {
    let library = native("libbeamtap_nif.so");
    record_with(sandbox, library.parent().unwrap_or(Path::new(".")), expression)
}

/// As [`record`], with the native libraries of a directory.
fn record_with(
    sandbox: &Sandbox,
    native: &Path,
    expression: &str,
) -> (Vec<WitnessEvent>, HashMap<String, u64>) {
    let _sessiond = sandbox.sessiond();
    compile(sandbox);
    let output = format!("--output={}/trace", sandbox.home().display());
    sandbox.run("lttng", &["create", "all", &output]);
    sandbox.run("lttng", &["enable-event", "--userspace", "beamtap:*"]);
    sandbox.run("lttng", &["start"]);
    let said = erl(sandbox, native, &format!("tracer_driver:ready(), {expression}"));
    sandbox.run("lttng", &["destroy"]);
    (babeltrace(&sandbox.home().join("trace")), said)
}

/// The events but for definitions, as `name field=value ...` with fields in alphabetical order, atoms by name and
/// without threads.
fn lines(events: &[WitnessEvent]) -> Vec<String> {
    let atoms: HashMap<_, _> = events
        .iter()
        .filter(|event| event.name == "beamtap:def_atom")
        .map(|event| (&event.fields["atom"], &event.fields["text"]))
        .collect();
    events
        .iter()
        .filter(|event| !event.name.starts_with("beamtap:def_"))
        .map(|event| {
            let mut line = event.name.trim_start_matches("beamtap:").to_owned();
            for (name, value) in &event.fields {
                let is_atom = ["driver", "operation", "name"].contains(&name.as_str());
                let value = if is_atom { atoms.get(value).unwrap_or(&value) } else { value };
                if name != "thread" {
                    line += &format!(" {name}={value}");
                }
            }
            line
        })
        .collect()
}

/// What a port is scheduled for, in and out apart; the rest of what happened to it.
///
/// Which operations the VM carries out at once, and which while the port runs anyway, is a matter of moments: only what
/// they do comes in one order.
fn by_scheduling(lines: &[String]) -> (Vec<&str>, Vec<&str>, Vec<String>) {
    let operations = |end: &str| {
        let said = lines.iter().filter_map(|line| line.strip_prefix(end)?.strip_prefix(" operation="));
        said.filter_map(|rest| rest.split(' ').next()).filter(|operation| *operation != "0").collect()
    };
    let others = lines.iter().filter(|line| !line.contains(" operation=")).cloned().collect();
    (operations("port_in"), operations("port_out"), others)
}

#[test]
fn everything_a_port_does() {
    in_sandbox(|sandbox| {
        let (events, said) = record(sandbox, "tracer_driver:ports()");
        let (port, pid) = (said["port"], said["self"]);
        let told = |op: u8, command: u8, bytes: u8| {
            format!("port_receive bytes={bytes} command={command} from={pid} from_kind=0 op={op} port={port}")
        };
        let linked = |what: &str| format!("port_getting_{what} peer={pid} peer_kind=0 port={port}");
        let answered = format!("send from={port} from_kind=1 message=0 tag=0 to={pid} to_kind=0");
        let expected = [
            format!("open driver=cat opener={pid} port={port}"),
            linked("linked"),
            format!("port_register name=probe_port port={port}"),
            told(1, 0, 5),
            answered.clone(),
            told(1, 0, 4),
            answered.clone(),
            told(1, 0, 7),
            answered.clone(),
            linked("unlinked"),
            linked("linked"),
            told(2, 7, 3),
            // The old owner is told that there is a new one.
            told(4, 0, 0),
            answered,
            format!("port_unregister name=probe_port port={port}"),
            told(5, 0, 0),
            format!("closed port={port} reason=normal"),
        ];
        let lines = lines(&events);
        let (began, ended, others) = by_scheduling(&lines);
        assert_eq!(others, expected);
        let known = ["open", "command", "unlink", "link", "control", "connect", "close"];
        assert!(began.iter().all(|operation| known.contains(operation)), "{began:?}");
        assert_eq!(began.first(), Some(&"open"), "{lines:?}");
        // A port that is closed is not scheduled out any more.
        let lasting: Vec<_> = began.iter().copied().filter(|operation| *operation != "close").collect();
        assert_eq!(lasting, ended);
        let scheduled: Vec<_> = events.iter().filter(|event| event.fields.contains_key("thread")).collect();
        assert!(scheduled.iter().all(|event| event.fields["thread"] != "0"));
        let plain = lines.iter().filter(|line| line.contains("operation=0")).count();
        assert!(plain > 0, "the port's answers come while it is scheduled for no operation of the program");
    });
}

#[test]
fn iolists_are_measured_up_to_a_bound() {
    in_sandbox(|sandbox| {
        let (events, said) = record(sandbox, "tracer_driver:iolists()");
        let (port, pid) = (said["port"], said["self"]);
        let told = |bytes: u32| {
            format!("port_receive bytes={bytes} command=0 from={pid} from_kind=0 op=1 port={port}")
        };
        // Beyond 1024 elements the length is not known.
        assert_eq!(lines(&events), [10, 901, 150_000, 0].map(told));
    });
}

#[test]
fn an_after_that_fires_is_no_message() {
    in_sandbox(|sandbox| {
        let (events, said) = record(sandbox, "tracer_driver:timeouts()");
        let own = said["self"];
        let received = format!("receive message=0 tag=0 to={own} to_kind=0");
        let fired = format!("receive_timeout pid={own}");
        assert_eq!(lines(&events), [&received, &fired, &fired, &received, &received].map(String::as_str));
    });
}

#[test]
fn a_sequence_across_two_processes() {
    in_sandbox(|sandbox| {
        let (events, said) = record(sandbox, "tracer_driver:sequence()");
        let (own, echo) = (said["self"], said["echo"]);
        let passed = |what: &str, from: u64, to: u64, previous: u8, serial: u8| {
            format!(
                "{what} from={from} from_kind=0 label=4711 message=0 previous={previous} serial={serial} tag=0 \
                 to={to} to_kind=0"
            )
        };
        let expected = [
            passed("seq_send", own, echo, 0, 1),
            passed("seq_receive", own, echo, 0, 1),
            passed("seq_send", echo, own, 1, 2),
            passed("seq_receive", echo, own, 1, 2),
            format!("seq_print from={own} from_kind=0 label=4711 previous=2 serial=3"),
        ];
        assert_eq!(lines(&events), expected);
    });
}

#[test]
fn names_and_links_of_a_process() {
    in_sandbox(|sandbox| {
        let (events, said) = record(sandbox, "tracer_driver:names()");
        let (own, child) = (said["self"], said["child"]);
        let function = &events.iter().find(|event| event.name == "beamtap:def_function").expect("one").fields;
        assert_eq!((&*function["module"], &*function["name"], &*function["arity"]), ("lists", "seq", "2"));
        let expected = [
            format!("register name=probe_name pid={own}"),
            format!("unregister name=probe_name pid={own}"),
            format!("spawn function={} parent={own} pid={child}", function["function"]),
            format!("link peer={child} peer_kind=0 pid={own}"),
            format!("getting_unlinked peer={child} peer_kind=0 pid={own}"),
        ];
        assert_eq!(lines(&events), expected);
    });
}

/// Records under a tap with limits; answers how many calls are in the trace and what the VM said.
fn limited(sandbox: &Sandbox, function: &str) -> (u64, HashMap<String, u64>) {
    let (events, said) = record(sandbox, &format!("tracer_driver:{function}()"));
    let calls = events.iter().filter(|event| event.name == "beamtap:call").count() as u64;
    assert_eq!(calls, said["emitted"], "the tap's own count is that of the trace");
    (calls, said)
}

/// Events a thread takes from a budget at once, and schedulers that can hold such a batch when it runs out.
const BATCH: u64 = 64;
const THREADS: u64 = 3;

#[test]
fn a_limit_of_events_is_met() {
    in_sandbox(|sandbox| {
        let (calls, _) = limited(sandbox, "limit_of_events");
        assert!((1000 - BATCH * THREADS..=1000).contains(&calls), "{calls}");
    });
}

#[test]
fn a_rate_too_high_trips() {
    in_sandbox(|sandbox| {
        let (calls, _) = limited(sandbox, "limit_of_rate");
        // A second's worth at once, and what is earned until it is spent; 200,000 calls take less than a second.
        assert!((1000 - THREADS * BATCH..=2000).contains(&calls), "{calls}");
    });
}

#[test]
fn a_rate_below_the_limit_does_not_trip() {
    in_sandbox(|sandbox| assert_eq!(limited(sandbox, "below_the_rate").0, 1200));
}

#[test]
fn a_deadline_ends_the_tap() {
    in_sandbox(|sandbox| {
        let (calls, said) = limited(sandbox, "deadline");
        assert!(calls > 0);
        println!("deadline of 200 ms: the tracer was gone after {} us", said["ran_us"]);
        // The guard looks every 5 ms. The machine that runs the tests may be busy; a guard that does not look is not let pass.
        assert!((200_000..1_000_000).contains(&said["ran_us"]), "{}", said["ran_us"]);
    });
}

#[test]
fn the_owners_death_ends_the_tap() {
    in_sandbox(|sandbox| assert!(limited(sandbox, "owner").0 > 0));
}

#[test]
fn reloading_the_tracer_under_a_hot_process_harms_nothing() {
    in_sandbox(|sandbox| {
        let (events, said) = record(sandbox, "tracer_driver:reloads()");
        assert_eq!(said["alive"], 1);
        assert!(events.iter().any(|event| event.name == "beamtap:call"));
    });
}

/// Needs a library built with the feature `panic-test`, named in `BEAMTAP_PANIC_NATIVE_DIR`.
#[test]
fn a_panic_in_a_callback_is_counted_and_the_tenth_ends_every_tap() {
    let Some(directory) = std::env::var_os("BEAMTAP_PANIC_NATIVE_DIR") else {
        return cannot_run("BEAMTAP_PANIC_NATIVE_DIR names no library built with --features panic-test");
    };
    in_sandbox(|sandbox| {
        let native = Path::new(&directory);
        let (events, said) = record_with(sandbox, native, "tracer_driver:panics()");
        assert!(said["first"] > 0, "{said:?}");
        assert!(said["panics"] >= 10, "{said:?}");
        let calls = events.iter().filter(|event| event.name == "beamtap:call").count() as u64;
        // What panicked was not emitted; what is called after the first panic is.
        assert_eq!(calls, 1);
    });
}
