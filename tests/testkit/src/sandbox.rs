//! An LTTng world of one test's own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::inhabitant::{Inhabitant, Relayd, all_pids, children, is_alive, signal};
use crate::wait::wait_until;

/// How long a daemon may take to answer for the first time. Generous: test machines are shared.
pub(crate) const DAEMON_TIMEOUT: Duration = Duration::from_secs(30);

/// Mounts the private file systems, says so, and stays until its stdin closes: then the kernel ends every process of
/// the pid namespace. bash, because the namespace's first process must reap what daemons leave behind.
const HOLDER: &str = r#"
exec 2>&1
mount -t tmpfs -o mode=0755 lttng-run "$1" && mount -t tmpfs -o mode=1777,size="$2" shm /dev/shm || exit 70
echo ready
read -r _
"#;

/// An isolated LTTng world.
///
/// As root: mount and pid namespaces with a private `/run/lttng` and `/dev/shm`. As an ordinary user: an `LTTNG_HOME`
/// of its own. Dropping it ends every process in it and removes its directory.
pub struct Sandbox {
    home: Home,
    holder: Option<Holder>,
}

/// How a [`Sandbox`] differs from the usual.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// Bytes of the private `/dev/shm`. Without effect for an ordinary user.
    pub shm_size: u64,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self { shm_size: 1 << 30 }
    }
}

enum Home {
    Owned(TempDir),
    /// This process is inside; the directory belongs to the outer one.
    Inside(PathBuf),
}

struct Holder {
    unshare: Child,
    first: u32,
}

impl Sandbox {
    /// A new world with the default options.
    #[must_use]
    pub fn new() -> Self {
        Self::with(&SandboxOptions::default())
    }

    /// A new world.
    ///
    /// # Panics
    ///
    /// Panics with the reason when the namespaces or the directory cannot be made.
    #[must_use]
    pub fn with(options: &SandboxOptions) -> Self {
        let home = tempfile::Builder::new().prefix("beamtap-test.").tempdir().expect("a temporary directory");
        let holder = is_root().then(|| Holder::start(options));
        Self { home: Home::Owned(home), holder }
    }

    /// The world that this process runs in: see [`crate::in_sandbox`].
    pub(crate) fn inside(home: PathBuf) -> Self {
        Self { home: Home::Inside(home), holder: None }
    }

    /// The world's `HOME` and `LTTNG_HOME`; room for the test's own files, gone with the world.
    #[must_use]
    pub fn home(&self) -> &Path {
        match &self.home {
            Home::Owned(dir) => dir.path(),
            Home::Inside(path) => path,
        }
    }

    /// The processes of this world that run: those that carry its `LTTNG_HOME`, as all that are started from
    /// [`Sandbox::command`] do, and their children. This process is not counted.
    #[must_use]
    pub fn inhabitants(&self) -> Vec<u32> {
        let mark = format!("LTTNG_HOME={}", self.home().display());
        let is_marked = |pid: &u32| {
            fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes()))
        };
        let others = all_pids().into_iter().filter(|pid| *pid != std::process::id() && is_alive(*pid));
        others.filter(is_marked).collect()
    }

    /// Ends every process of the world: daemons detach themselves from their parents.
    fn end_inhabitants(&self) {
        let all_gone = wait_until(DAEMON_TIMEOUT, || {
            let left = self.inhabitants();
            for pid in &left {
                signal(*pid, libc::SIGKILL);
            }
            left.is_empty()
        });
        let home = self.home().display();
        assert!(all_gone || std::thread::panicking(), "processes of {home} cannot be ended");
    }

    /// The world has a `/dev/shm` and run directory of its own, and its processes their own pids.
    #[must_use]
    pub fn is_private(&self) -> bool {
        is_root()
    }

    /// A command that runs inside, in this process's working directory.
    ///
    /// From outside, a child spawned from it is `nsenter`, which gives back the program's exit status; to signal the
    /// program itself use [`Sandbox::spawn`].
    #[must_use]
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let program = program.as_ref();
        let mut command = match &self.holder {
            Some(holder) => {
                let mut command = Command::new("nsenter");
                command.args(["--target", &holder.first.to_string(), "--mount", "--pid", "--wd=.", "--"]);
                command.arg(program);
                command
            }
            None => Command::new(program),
        };
        command.env("HOME", self.home()).env("LTTNG_HOME", self.home());
        command
    }

    /// Starts a command made by [`Sandbox::command`]; the process is killed when the handle is dropped.
    ///
    /// # Panics
    ///
    /// Panics when it cannot be started.
    #[must_use]
    pub fn spawn(&self, command: &mut Command) -> Inhabitant {
        Inhabitant::start(command, self.holder.is_some())
    }

    /// Runs a program to its end and returns its stdout.
    ///
    /// # Panics
    ///
    /// Panics with the program's stderr when it fails.
    pub fn run(&self, program: &str, args: &[&str]) -> String {
        let output = self.command(program).args(args).output().expect("the program can be started");
        assert!(
            output.status.success(),
            "{program} {args:?}: {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Starts a session daemon inside, for user space only, and waits until it answers.
    ///
    /// # Panics
    ///
    /// Panics when it does not answer.
    #[must_use]
    pub fn sessiond(&self) -> Inhabitant {
        let mut command = self.command("lttng-sessiond");
        command.arg("--no-kernel").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let daemon = self.spawn(&mut command);
        assert!(
            wait_until(DAEMON_TIMEOUT, || self.is_sessiond_answering()),
            "lttng-sessiond does not answer"
        );
        daemon
    }

    /// The session daemon lists its sessions.
    #[must_use]
    pub fn is_sessiond_answering(&self) -> bool {
        self.command("lttng")
            .args(["--no-sessiond", "list"])
            .output()
            .is_ok_and(|output| output.status.success())
    }

    /// Starts a relay daemon inside, on free ports of 127.0.0.1, and waits until it accepts connections.
    ///
    /// Its traces are below [`Relayd::output`]. The network is not private: the ports are the machine's.
    ///
    /// # Panics
    ///
    /// Panics when it does not answer.
    #[must_use]
    pub fn relayd(&self) -> Relayd {
        Relayd::start(self)
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if matches!(self.home, Home::Inside(_)) {
            return;
        }
        match self.holder.take() {
            Some(holder) => holder.end(),
            None => self.end_inhabitants(),
        }
    }
}

impl Holder {
    fn start(options: &SandboxOptions) -> Self {
        let run = fs::canonicalize("/var/run").expect("/var/run").join("lttng");
        // A mount point must exist outside. It stays: removing it would unmount other worlds' own.
        fs::create_dir_all(&run).expect("LTTng's run directory");
        let mut unshare = Command::new("unshare")
            .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(["bash", "-c", HOLDER, "lttng-world"])
            .arg(&run)
            .arg(options.shm_size.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // util-linux complains about its own signal mask when its child is killed.
            .stderr(Stdio::null())
            .spawn()
            .expect("unshare");
        let mut said = String::new();
        let stdout = unshare.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut said).expect("the holder's word");
        assert_eq!(said, "ready\n", "no private mounts: may this user make namespaces?");
        let first = children(unshare.id()).first().copied().expect("the namespace's first process");
        Self { unshare, first }
    }

    fn end(mut self) {
        signal(self.first, libc::SIGKILL);
        // Its end is the end of all processes of the namespace; nothing is left to fail.
        let _ = self.unshare.wait();
    }
}

fn is_root() -> bool {
    // SAFETY: geteuid has no preconditions.
    unsafe { libc::geteuid() == 0 }
}
