//! What somebody wants recorded, checked before LTTng is asked. Pure: no daemon, no clock, no file.

use std::path::{Path, PathBuf};

use crate::error::{Error, Kind};
use crate::host::{Host, SHM};
use crate::sys::{NAME_MAX, SYMBOL_NAME_LEN};

/// LTTng's own channel. lttng-sessiond 2.13 takes the name from a client, and aborts when an event is enabled there.
const METADATA: &str = "metadata";

/// A session as it is wanted: name, mode, channels and the processes to record.
///
/// Nothing is checked while it is put together; [`Lttng::open`](crate::Lttng::open) checks it as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    name: String,
    mode: Mode,
    channels: Vec<Channel>,
    vpids: Vec<i32>,
}

/// Where the events go.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Into a directory of this machine, as they come.
    Local {
        /// The trace's directory; absolute. LTTng makes it, and its parents, when they are missing.
        path: PathBuf,
    },
}

/// A channel: a set of ring buffers and the events recorded into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    name: String,
    buffers: Buffers,
    on_full: OnFull,
    rules: Vec<Rule>,
}

/// The size of a channel's ring buffer. LTTng makes one for each possible CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffers {
    /// Bytes of one sub-buffer: a power of two, at least one memory page. An event that is larger is discarded.
    pub subbuf_size: u64,
    /// Sub-buffers in the ring: a power of two, at least 2.
    pub subbuf_count: u64,
}

/// What happens to an event when no sub-buffer is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFull {
    /// The new event is discarded and counted.
    Discard,
    /// The oldest sub-buffer is given up; whole packets are lost, and only those are counted.
    Overwrite,
}

/// Which events a channel records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    event: String,
}

/// One request to the session daemon; a plan is carried out in the order of [`Plan::steps`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    CreateLocal { path: PathBuf },
    TrackOnly { vpids: Vec<i32> },
    EnableChannel { channel: String, buffers: Buffers, on_full: OnFull },
    EnableEvent { channel: String, event: String },
}

impl Plan {
    /// A session of this name, without channels yet.
    pub fn new(name: impl Into<String>, mode: Mode) -> Self {
        Self { name: name.into(), mode, channels: Vec::new(), vpids: Vec::new() }
    }

    /// Adds a channel.
    #[must_use]
    pub fn channel(mut self, channel: Channel) -> Self {
        self.channels.push(channel);
        self
    }

    /// Records this process only, and others named the same way; without it every process of the user is recorded.
    ///
    /// The number is the process's id in its own pid namespace (`getpid(2)`).
    #[must_use]
    pub fn track_vpid(mut self, vpid: i32) -> Self {
        self.vpids.push(vpid);
        self
    }

    /// The session's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the events go.
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// The channels, in the order they were added.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// Shared memory in bytes that the session's buffers will take on `host`: for each channel and possible CPU, its
    /// sub-buffers and one more, which the reader holds (in both modes, by measurement).
    ///
    /// LTTng's own bookkeeping, a few pages for each buffer, comes on top.
    pub fn memory(&self, host: &Host) -> u64 {
        self.channels.iter().fold(0, |sum, channel| sum.saturating_add(channel.memory(host)))
    }

    /// The directory whose file system will hold the buffers.
    pub(crate) fn shm(&self) -> &Path {
        Path::new(SHM)
    }

    /// What to ask the session daemon for, in order; nothing of it is asked when any part is wrong.
    pub(crate) fn steps(&self, host: &Host) -> Result<Vec<Step>, Error> {
        check_name("session", &self.name, NAME_MAX)?;
        if self.channels.is_empty() {
            return Err(Error::bad_plan(format!("session {} has no channel", self.name)));
        }
        let mut steps = vec![self.mode.step()?];
        if !self.vpids.is_empty() {
            steps.push(Step::TrackOnly { vpids: self.checked_vpids()? });
        }
        for (index, channel) in self.channels.iter().enumerate() {
            if self.channels[..index].iter().any(|earlier| earlier.name == channel.name) {
                return Err(Error::bad_plan(format!("channel {} is named twice", channel.name)));
            }
            channel.push_steps(host, &mut steps)?;
        }
        self.check_memory(host)?;
        Ok(steps)
    }

    fn checked_vpids(&self) -> Result<Vec<i32>, Error> {
        match self.vpids.iter().find(|vpid| **vpid <= 0) {
            Some(vpid) => Err(Error::bad_plan(format!("{vpid} is no process id"))),
            None => Ok(self.vpids.clone()),
        }
    }

    fn check_memory(&self, host: &Host) -> Result<(), Error> {
        let needed = self.memory(host);
        if needed > host.shm_free {
            let path = self.shm().display().to_string();
            return Err(Kind::ShmTooSmall { path, needed, free: host.shm_free }.into());
        }
        Ok(())
    }
}

impl Mode {
    /// Records into a directory of this machine.
    pub fn local(path: impl Into<PathBuf>) -> Self {
        Self::Local { path: path.into() }
    }

    fn step(&self) -> Result<Step, Error> {
        match self {
            Self::Local { path } => {
                check_path(path)?;
                Ok(Step::CreateLocal { path: path.clone() })
            }
        }
    }
}

impl Buffers {
    /// 512 KiB × 4: LTTng's own default for buffers shared by a user's processes.
    pub const DEFAULT: Self = Self { subbuf_size: 512 * 1024, subbuf_count: 4 };

    fn check(&self, channel: &str, host: &Host) -> Result<(), Error> {
        let Self { subbuf_size, subbuf_count } = *self;
        if !subbuf_size.is_power_of_two() || subbuf_size < host.page_size {
            return Err(Error::bad_plan(format!(
                "channel {channel}: a sub-buffer of {subbuf_size} bytes is no power of two of at least {}",
                host.page_size
            )));
        }
        if !subbuf_count.is_power_of_two() || subbuf_count < 2 {
            return Err(Error::bad_plan(format!(
                "channel {channel}: {subbuf_count} sub-buffers are no power of two of at least 2"
            )));
        }
        Ok(())
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Channel {
    /// A channel of this name with [`Buffers::DEFAULT`] that discards when full and records nothing yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), buffers: Buffers::DEFAULT, on_full: OnFull::Discard, rules: Vec::new() }
    }

    /// Sets the size of the ring buffers.
    #[must_use]
    pub fn buffers(mut self, buffers: Buffers) -> Self {
        self.buffers = buffers;
        self
    }

    /// Sets what happens when no sub-buffer is free.
    #[must_use]
    pub fn on_full(mut self, on_full: OnFull) -> Self {
        self.on_full = on_full;
        self
    }

    /// Records the event of this name, or those that the pattern matches (`provider:*`).
    #[must_use]
    pub fn event(self, event: impl Into<String>) -> Self {
        self.rule(Rule::new(event))
    }

    /// Records the events that the rule names.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// The channel's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What happens when no sub-buffer is free.
    pub fn full_buffers(&self) -> OnFull {
        self.on_full
    }

    fn memory(&self, host: &Host) -> u64 {
        let subbufs = self.buffers.subbuf_count.saturating_add(1);
        self.buffers.subbuf_size.saturating_mul(subbufs).saturating_mul(u64::from(host.possible_cpus))
    }

    fn push_steps(&self, host: &Host, steps: &mut Vec<Step>) -> Result<(), Error> {
        check_name("channel", &self.name, NAME_MAX)?;
        if self.name == METADATA {
            return Err(Error::bad_plan("a channel cannot be named metadata: LTTng has one of that name"));
        }
        self.buffers.check(&self.name, host)?;
        if self.rules.is_empty() {
            return Err(Error::bad_plan(format!("channel {} records no event", self.name)));
        }
        let channel = self.name.clone();
        steps.push(Step::EnableChannel {
            channel: channel.clone(),
            buffers: self.buffers,
            on_full: self.on_full,
        });
        for rule in &self.rules {
            steps.push(rule.step(&channel)?);
        }
        Ok(())
    }
}

impl Rule {
    /// The event of this name, or those that the pattern matches (`provider:*`).
    pub fn new(event: impl Into<String>) -> Self {
        Self { event: event.into() }
    }

    pub(crate) fn step(&self, channel: &str) -> Result<Step, Error> {
        let event = &self.event;
        if event.is_empty() || event.len() >= SYMBOL_NAME_LEN || event.contains('\0') {
            return Err(Error::bad_plan(format!(
                "channel {channel}: {event:?} is no event name of 1 to {} bytes",
                SYMBOL_NAME_LEN - 1
            )));
        }
        Ok(Step::EnableEvent { channel: channel.to_owned(), event: event.clone() })
    }
}

/// LTTng makes directories and files of these names.
fn check_name(what: &str, name: &str, length: usize) -> Result<(), Error> {
    let is_plain =
        !name.is_empty() && name.len() < length && !name.contains(['/', '\0']) && !name.starts_with('.');
    if is_plain {
        Ok(())
    } else {
        Err(Error::bad_plan(format!(
            "{name:?} is no {what} name: 1 to {} bytes, no slash, not starting with a dot",
            length - 1
        )))
    }
}

fn check_path(path: &Path) -> Result<(), Error> {
    let text = path.to_str().ok_or_else(|| Error::bad_plan(format!("{} is not UTF-8", path.display())))?;
    if path.is_absolute() && !text.contains('\0') && text.len() < libc::PATH_MAX as usize {
        Ok(())
    } else {
        Err(Error::bad_plan(format!("{text:?} is no absolute path")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: u64 = 1024;

    fn host(cpus: u32, shm_free: u64) -> Host {
        Host { possible_cpus: cpus, shm_free, page_size: 4096 }
    }

    fn plan(channel: Channel) -> Plan {
        Plan::new("s", Mode::local("/t")).channel(channel)
    }

    fn reason(plan: &Plan) -> String {
        let error = plan.steps(&host(2, u64::MAX)).unwrap_err();
        assert!(error.is_bad_plan(), "{error}");
        error.to_string()
    }

    #[test]
    fn steps_create_track_then_fill_each_channel() {
        let plan = Plan::new("s", Mode::local("/t"))
            .track_vpid(7)
            .channel(Channel::new("events").event("p:a").event("p:b*"))
            .channel(Channel::new("defs").event("p:d"));
        let default = |channel: &str| Step::EnableChannel {
            channel: channel.into(),
            buffers: Buffers::DEFAULT,
            on_full: OnFull::Discard,
        };
        let enable =
            |channel: &str, event: &str| Step::EnableEvent { channel: channel.into(), event: event.into() };
        assert_eq!(
            plan.steps(&host(2, u64::MAX)).unwrap(),
            [
                Step::CreateLocal { path: "/t".into() },
                Step::TrackOnly { vpids: vec![7] },
                default("events"),
                enable("events", "p:a"),
                enable("events", "p:b*"),
                default("defs"),
                enable("defs", "p:d"),
            ]
        );
    }

    #[test]
    fn memory_is_every_channel_on_every_possible_cpu() {
        let small = Buffers { subbuf_size: 64 * KIB, subbuf_count: 8 };
        let plan = plan(Channel::new("events").event("p:a"))
            .channel(Channel::new("defs").buffers(small).on_full(OnFull::Overwrite).event("p:d"));
        // events: 512 KiB * (4 + 1); defs: 64 KiB * (8 + 1); times 64 CPUs.
        assert_eq!(plan.memory(&host(64, 0)), 64 * (2560 + 576) * KIB);
    }

    #[test]
    fn memory_of_absurd_buffers_does_not_wrap() {
        let absurd = Buffers { subbuf_size: 1 << 63, subbuf_count: 1 << 63 };
        assert_eq!(plan(Channel::new("c").buffers(absurd)).memory(&host(2, 0)), u64::MAX);
    }

    #[test]
    fn shared_memory_must_hold_the_buffers_to_the_byte() {
        let plan = plan(Channel::new("c").event("p:a"));
        let needed = 2 * (4 + 1) * 512 * KIB;
        assert!(plan.steps(&host(2, needed)).is_ok());
        let error = plan.steps(&host(2, needed - 1)).unwrap_err();
        assert!(error.is_shm_too_small());
        assert_eq!(
            error.to_string(),
            "/dev/shm is too small: the buffers need 5242880 bytes, 5242879 are free"
        );
    }

    #[test]
    fn what_cannot_be_carried_out_is_named() {
        let good = || Channel::new("c").event("p:a");
        assert!(reason(&Plan::new("a/b", Mode::local("/t")).channel(good())).contains("a/b"));
        assert!(reason(&Plan::new("", Mode::local("/t")).channel(good())).contains("session name"));
        assert!(reason(&Plan::new("..", Mode::local("/t")).channel(good())).contains(".."));
        assert!(reason(&Plan::new("x".repeat(255), Mode::local("/t")).channel(good())).contains("254"));
        assert!(reason(&Plan::new("s", Mode::local("t")).channel(good())).contains("absolute"));
        assert!(reason(&Plan::new("s", Mode::local("/t"))).contains("no channel"));
        assert!(reason(&plan(Channel::new("c"))).contains("records no event"));
        assert!(reason(&plan(Channel::new("metadata").event("p:a"))).contains("metadata"));
        assert!(reason(&plan(Channel::new("c").event(""))).contains("event name"));
        assert!(reason(&plan(Channel::new("c").event("e".repeat(256)))).contains("255"));
        assert!(reason(&plan(good()).channel(good())).contains("twice"));
        assert!(reason(&plan(good()).track_vpid(0)).contains("process id"));
    }

    #[test]
    fn buffers_are_powers_of_two() {
        let with = |subbuf_size, subbuf_count| {
            plan(Channel::new("c").buffers(Buffers { subbuf_size, subbuf_count }).event("p:a"))
        };
        assert!(with(4096, 2).steps(&host(1, u64::MAX)).is_ok());
        for (size, count) in [(2048, 2), (4097, 2), (0, 2), (4096, 1), (4096, 3), (4096, 0)] {
            assert!(reason(&with(size, count)).contains("power of two"), "{size} x {count}");
        }
    }
}
