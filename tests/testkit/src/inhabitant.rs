//! A process inside a sandbox.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::sandbox::{DAEMON_TIMEOUT, Sandbox};
use crate::wait::wait_until;

/// A process inside a sandbox, killed when dropped.
pub struct Inhabitant {
    child: Child,
    pid: u32,
}

/// A relay daemon on ports of its own.
pub struct Relayd {
    /// The process.
    pub process: Inhabitant,
    /// Where session daemons send their control messages.
    pub control_port: u16,
    /// Where consumer daemons send their data.
    pub data_port: u16,
    /// Where viewers of live sessions connect.
    pub live_port: u16,
    output: PathBuf,
}

impl Inhabitant {
    pub(crate) fn start(command: &mut Command, is_entered: bool) -> Self {
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut pid = child.id();
        if is_entered {
            // nsenter forks: the program is its only child. A short one may have ended before it was seen.
            assert!(
                wait_until(DAEMON_TIMEOUT, || {
                    if let Some(id) = children(child.id()).first() {
                        pid = *id;
                        return true;
                    }
                    matches!(child.try_wait(), Ok(Some(_)))
                }),
                "{command:?} did not start"
            );
        }
        Self { child, pid }
    }

    /// The program's id as this process sees it (not as those inside see it).
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The program's id as it sees itself.
    ///
    /// # Panics
    ///
    /// Panics when the process is gone.
    #[must_use]
    pub fn inner_pid(&self) -> u32 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).expect("the process lives");
        let line = status.lines().find_map(|line| line.strip_prefix("NSpid:")).expect("a line NSpid");
        line.split_whitespace().last().and_then(|id| id.parse().ok()).expect("a process id")
    }

    /// The program's stdin, once, when the command piped it.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// The program's stdout, once, when the command piped it.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Sends the program a signal. After SIGSTOP it has stopped when this returns, with all its threads.
    ///
    /// # Panics
    ///
    /// Panics when the program does not stop.
    pub fn signal(&self, number: i32) {
        signal(self.pid, number);
        if number == libc::SIGSTOP {
            assert!(wait_until(DAEMON_TIMEOUT, || has_stopped(self.pid)), "{} does not stop", self.pid);
        }
        if number == libc::SIGCONT {
            // nsenter stops itself when the program stops.
            signal(self.child.id(), number);
        }
    }

    /// The program's children, as this process sees them: a session daemon's consumer daemons, for one.
    #[must_use]
    pub fn children(&self) -> Vec<u32> {
        children(self.pid)
    }

    /// Waits for the program's end; `None` when it does not end within the time.
    pub fn wait(&mut self, within: Duration) -> Option<ExitStatus> {
        let mut status = None;
        let has_ended = wait_until(within, || {
            status = self.child.try_wait().expect("a child of ours");
            status.is_some()
        });
        has_ended.then_some(status).flatten()
    }

    /// Kills the program and waits until it is gone.
    pub fn kill(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            signal(self.pid, libc::SIGKILL);
            signal(self.child.id(), libc::SIGCONT);
            // It was killed: there is nothing to learn from its status.
            let _ = self.child.wait();
        }
    }
}

impl Drop for Inhabitant {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Relayd {
    pub(crate) fn start(sandbox: &Sandbox) -> Self {
        // Held together until all are known, so that they differ.
        let listeners: [TcpListener; 3] =
            std::array::from_fn(|_| TcpListener::bind(("127.0.0.1", 0)).expect("a free port"));
        let [control_port, data_port, live_port] =
            listeners.each_ref().map(|listener| listener.local_addr().expect("its address").port());
        drop(listeners);
        let output = sandbox.home().join("relayd");
        let url = |port: u16| format!("tcp://127.0.0.1:{port}");
        let mut command = sandbox.command("lttng-relayd");
        command
            .args(["-C", &url(control_port), "-D", &url(data_port), "-L", &url(live_port), "--output"])
            .arg(&output)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = sandbox.spawn(&mut command);
        for port in [control_port, data_port, live_port] {
            assert!(
                wait_until(DAEMON_TIMEOUT, || TcpStream::connect(("127.0.0.1", port)).is_ok()),
                "lttng-relayd does not answer on port {port}"
            );
        }
        Self { process, control_port, data_port, live_port, output }
    }

    /// The directory below which it writes the traces it receives.
    #[must_use]
    pub fn output(&self) -> &Path {
        &self.output
    }
}

pub(crate) fn signal(pid: u32, number: i32) {
    let pid = libc::pid_t::try_from(pid).expect("a process id");
    // SAFETY: kill has no memory preconditions. That the process has ended already is no matter.
    unsafe { libc::kill(pid, number) };
}

/// Every thread of the process is stopped.
fn has_stopped(pid: u32) -> bool {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    tasks.flatten().all(|task| {
        // The state follows the name, which is in brackets and may hold anything.
        fs::read_to_string(task.path().join("stat"))
            .is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T')))
    })
}

/// The process runs: it exists and is not merely waiting to be reaped.
#[must_use]
pub fn is_alive(pid: u32) -> bool {
    state_and_parent(pid).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
}

/// The ids of a process's children.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    all_pids()
        .into_iter()
        .filter(|id| state_and_parent(*id).is_some_and(|(_, parent)| parent == pid))
        .collect()
}

/// Every process that can be seen.
pub(crate) fn all_pids() -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn state_and_parent(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Both follow the name, which is in brackets and may hold anything.
    let mut words = stat.rsplit_once(") ")?.1.split(' ');
    Some((words.next()?.chars().next()?, words.next()?.parse().ok()?))
}
