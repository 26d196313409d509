//! The program under test, and traces for it.

use crate::script::Script;
use crate::trace_writer;
use beamtap_schema::{EventKind, Phase};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

/// What the program did.
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_beamtapd"));
    command.env_remove("BEAMTAP_LOG").env("LC_ALL", "C.UTF-8");
    command
}

pub(crate) fn run(arguments: &[&str]) -> Done {
    done(command().args(arguments).output().expect("beamtapd can be started"))
}

pub(crate) fn done(output: Output) -> Done {
    Done {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// The JSON that a command prints about a trace that is whole.
pub(crate) fn json(arguments: &[&str]) -> Value {
    let done = run(arguments);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(done.stderr, "");
    serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {}", done.stdout))
}

/// A trace in a directory of its own, which is gone with it.
pub(crate) struct Trace(TempDir);

impl Trace {
    pub(crate) fn of(script: &Script) -> Trace {
        let home = tempfile::tempdir().expect("a directory");
        trace_writer::write(script, &home.path().join("ust/uid/0/64-bit"));
        Trace(home)
    }

    /// The directory to give to the program: one above the trace's own, as LTTng leaves it.
    pub(crate) fn path(&self) -> &str {
        self.0.path().to_str().expect("UTF-8")
    }

    /// A stream's file.
    pub(crate) fn stream(&self, name: &str) -> PathBuf {
        self.0.path().join("ust/uid/0/64-bit").join(name)
    }
}

pub(crate) const MICROSECOND: u64 = 1000;

/// Two processes at work: a server, `<0.100.0>` named `demo_server`, that runs `demo:handle/2` 3 times with
/// `demo:work/1` inside, and its client, `<0.101.0>`. One call is left by an exception and one is open at the end.
pub(crate) fn demo() -> Script {
    const SERVER: u64 = 100;
    const CLIENT: u64 = 101;
    const HANDLE: u64 = 11;
    const WORK: u64 = 12;
    const NAME: u64 = 21;
    let us = |n: u64| n * MICROSECOND;
    let mut script = Script::new()
        .at(us(1))
        .define_vm(4711)
        .event(EventKind::Canary, vec![0x1234.into(), 0x5678.into()])
        .define_atom(NAME, "demo_server")
        .define(HANDLE, "demo", "handle", 2)
        .define(WORK, "demo", "work", 1)
        .define_process(SERVER, 1, NAME, HANDLE);
    let counted = [
        (EventKind::Call, 7),
        (EventKind::ReturnFrom, 5),
        (EventKind::ExceptionFrom, 1),
        (EventKind::Send, 3),
        (EventKind::Receive, 3),
        (EventKind::In, 3),
        (EventKind::Out, 3),
        (EventKind::GcMinorStart, 1),
        (EventKind::GcMinorEnd, 1),
        (EventKind::DefVm, 0),
        (EventKind::Canary, 0),
        (EventKind::DefAtom, 0),
        (EventKind::DefFunction, 0),
        (EventKind::DefProcess, 0),
    ];
    for (kind, _) in counted {
        script = script.at(us(2)).counters(Phase::Begin, kind, 1000);
    }
    for round in 0..3 {
        let begin = us(10 + 100 * round);
        script = script
            .at(begin)
            .cpu(0)
            .send(CLIENT, SERVER)
            .receive(SERVER)
            .at(begin + us(1))
            .cpu(1)
            .goes_in(SERVER)
            .at(begin + us(2))
            .call(SERVER, HANDLE)
            .at(begin + us(10))
            .call(SERVER, WORK);
        if round == 0 {
            script = script
                .at(begin + us(20))
                .gc(EventKind::GcMinorStart, SERVER)
                .at(begin + us(30))
                .gc(EventKind::GcMinorEnd, SERVER);
        }
        script = script.at(begin + us(50));
        script =
            if round == 2 { script.exception_from(SERVER, WORK) } else { script.return_from(SERVER, WORK) };
        script = script.at(begin + us(60)).return_from(SERVER, HANDLE).at(begin + us(61)).goes_out(SERVER);
    }
    script = script.at(us(400)).cpu(0).call(CLIENT, HANDLE);
    for (kind, count) in counted {
        script = script.at(us(500)).counters(Phase::End, kind, 1000 + count);
    }
    script
}
