//! A C program with an LTTng-UST provider of its own, which emits as many events as it is told to.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use crate::inhabitant::Inhabitant;
use crate::sandbox::Sandbox;

const HEADER: &str = include_str!("emitter/tp.h");
const PROGRAM: &str = include_str!("emitter/main.c");

/// Which of the emitter's two events; both have a field `n` that counts from 0 on each CPU in each burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// `emitter:loose`, 14 bytes with its header: a 4 KiB sub-buffer never gets full to the last byte.
    Loose,
    /// `emitter:exact`, 17 bytes with its header: 236 of them fill a 4 KiB sub-buffer exactly.
    Exact,
}

/// A running emitter.
pub struct Emitter {
    process: Inhabitant,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Payload {
    /// The event's full name.
    #[must_use]
    pub fn event(self) -> &'static str {
        match self {
            Self::Loose => "emitter:loose",
            Self::Exact => "emitter:exact",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Loose => "loose",
            Self::Exact => "exact",
        }
    }
}

impl Emitter {
    /// Compiles the program in the sandbox's home, once, and starts it.
    ///
    /// # Panics
    ///
    /// Panics when it cannot be compiled (liblttng-ust-dev is missing) or started.
    #[must_use]
    pub fn start(sandbox: &Sandbox) -> Self {
        let mut command = sandbox.command(Self::program(sandbox));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = sandbox.spawn(&mut command);
        let stdin = process.take_stdin().expect("stdin is piped");
        let stdout = BufReader::new(process.take_stdout().expect("stdout is piped"));
        Self { process, stdin, stdout }
    }

    /// The emitter's process.
    #[must_use]
    pub fn process(&self) -> &Inhabitant {
        &self.process
    }

    /// Kills the program and waits until it is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Waits until some session records the event.
    pub fn wait_enabled(&mut self, payload: Payload) {
        self.say(&format!("wait {}", payload.word()), "enabled");
    }

    /// Emits `count` events on each CPU as fast as it can; returns how many that are in all.
    pub fn burst(&mut self, payload: Payload, count: u64) -> u64 {
        self.say(&format!("burst {} {count}", payload.word()), "done");
        count * Self::cpus()
    }

    /// Emits `count` events in all, spread over the CPUs, `rate` of them in a second or as near to that as it gets;
    /// returns how many it were, which is less by what does not spread.
    pub fn pace(&mut self, payload: Payload, count: u64, rate: u64) -> u64 {
        let cpus = Self::cpus();
        let (count, rate) = (count / cpus, (rate / cpus).max(1));
        self.say(&format!("pace {} {count} {rate}", payload.word()), "done");
        count * cpus
    }

    fn cpus() -> u64 {
        let cpus = thread::available_parallelism().expect("the number of CPUs").get();
        u64::try_from(cpus).expect("a small number")
    }

    fn say(&mut self, command: &str, expected: &str) {
        writeln!(self.stdin, "{command}").expect("the emitter listens");
        let mut answer = String::new();
        self.stdout.read_line(&mut answer).expect("the emitter answers");
        assert_eq!(answer.trim_end(), expected, "after {command:?}");
    }

    fn program(sandbox: &Sandbox) -> PathBuf {
        let dir = sandbox.home().join("emitter");
        let program = dir.join("emitter");
        if program.exists() {
            return program;
        }
        fs::create_dir_all(&dir).expect("a directory for the emitter");
        fs::write(dir.join("tp.h"), HEADER).expect("tp.h");
        fs::write(dir.join("main.c"), PROGRAM).expect("main.c");
        let output = Command::new("cc")
            .args(["-O2", "-I.", "main.c", "-o", "emitter", "-llttng-ust", "-lpthread"])
            .current_dir(&dir)
            .output()
            .expect("cc can be started");
        assert!(output.status.success(), "cc: {}", String::from_utf8_lossy(&output.stderr));
        program
    }
}
