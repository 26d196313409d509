//! What somebody wants recorded, checked before LTTng is asked. Pure: no daemon, no clock, no file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::channel::{Channel, Sharing};
use crate::error::{Error, Kind};
use crate::host::{Host, SHM, free_bytes, nearest_existing};
use crate::limits::{check_name, check_path, whole_micros};
use crate::mode::{Mode, Output, TraceFormat};
use crate::step::Step;
use crate::sys::NAME_MAX;

/// A session as it is wanted: name, mode, channels and the processes to record.
///
/// Nothing is checked while it is put together; [`Lttng::open`](crate::Lttng::open) checks it as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    name: String,
    mode: Mode,
    channels: Vec<Channel>,
    sharing: Sharing,
    vpids: Vec<i32>,
    shm_path: Option<PathBuf>,
    rotation: Option<Rotation>,
    format: Option<TraceFormat>,
}

/// When a session closes the chunk it is writing and begins another; closed chunks are complete traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// This often; whole microseconds.
    pub period: Option<Duration>,
    /// When this many bytes are written.
    pub size: Option<u64>,
}

impl Plan {
    /// A session of this name, without channels yet.
    pub fn new(name: impl Into<String>, mode: Mode) -> Self {
        Self {
            name: name.into(),
            mode,
            channels: Vec::new(),
            sharing: Sharing::default(),
            vpids: Vec::new(),
            shm_path: None,
            rotation: None,
            format: None,
        }
    }

    /// Adds a channel.
    #[must_use]
    pub fn channel(mut self, channel: Channel) -> Self {
        self.channels.push(channel);
        self
    }

    /// Sets which processes share the channels' buffers; without it those of a user.
    #[must_use]
    pub fn sharing(mut self, sharing: Sharing) -> Self {
        self.sharing = sharing;
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

    /// Keeps the ring buffers in files below this directory instead of `/dev/shm`, from where `lttng-crash` recovers
    /// them after the daemons, or the machine, were killed. Absolute.
    #[must_use]
    pub fn shm_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.shm_path = Some(path.into());
        self
    }

    /// Rotates the session by itself.
    #[must_use]
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.rotation = Some(rotation);
        self
    }

    /// Has the trace written in this format, whatever is the session daemon's own.
    #[must_use]
    pub fn trace_format(mut self, format: TraceFormat) -> Self {
        self.format = Some(format);
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

    pub(crate) fn shared(&self) -> Sharing {
        self.sharing
    }

    /// Memory in bytes that the session's buffers will take on `host`: for each channel and possible CPU, its
    /// sub-buffers and one more, which the reader holds (in both modes, by measurement).
    ///
    /// LTTng's own bookkeeping, a few pages for each buffer, comes on top.
    pub fn memory(&self, host: &Host) -> u64 {
        self.channels.iter().fold(0, |sum, channel| sum.saturating_add(channel.memory(host)))
    }

    /// The directory whose file system will hold the buffers; it may be yet to make.
    pub(crate) fn shm(&self) -> &Path {
        self.shm_path.as_deref().unwrap_or(Path::new(SHM))
    }

    /// The disk that the session writes to has room for a packet. Without, LTTng says that all is well, writes nothing, and
    /// its consumer daemon may die of it.
    pub(crate) fn check_room(&self) -> Result<(), Error> {
        let Mode::Streaming { output: Output::Local(path) } = &self.mode else { return Ok(()) };
        let packet = self.channels.iter().map(|channel| channel.buffers.subbuf_size).max();
        match free_bytes(nearest_existing(path)) {
            Ok(free) if Some(free) < packet => {
                Err(Kind::OutputFull { path: path.display().to_string() }.into())
            }
            // A session daemon of another user may write where this one cannot look.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// What to ask the session daemon for, in order; nothing of it is asked when any part is wrong.
    pub(crate) fn steps(&self, host: &Host) -> Result<Vec<Step>, Error> {
        check_name("session", &self.name, NAME_MAX)?;
        if self.channels.is_empty() {
            return Err(Error::bad_plan(format!("session {} has no channel", self.name)));
        }
        self.mode.check()?;
        let mut steps = vec![Step::Create { mode: self.mode.clone(), format: self.format }];
        if let Some(path) = &self.shm_path {
            check_path(path)?;
            steps.push(Step::SetShmPath { path: path.clone() });
        }
        for (index, channel) in self.channels.iter().enumerate() {
            if self.channels[..index].iter().any(|earlier| earlier.name == channel.name) {
                return Err(Error::bad_plan(format!("channel {} is named twice", channel.name)));
            }
            channel.check(host)?;
            steps.push(Step::EnableChannel { channel: channel.clone() });
            steps.extend(
                channel
                    .rules
                    .iter()
                    .map(|rule| Step::EnableEvent { channel: channel.name.clone(), rule: rule.clone() }),
            );
        }
        // After the channels: LTTng 2.16 settles on per-PID buffers for a session that has a tracker but no channel yet.
        if !self.vpids.is_empty() {
            steps.push(Step::TrackOnly { vpids: self.checked_vpids()? });
        }
        self.push_rotation(&mut steps)?;
        self.check_memory(host)?;
        Ok(steps)
    }

    fn checked_vpids(&self) -> Result<Vec<i32>, Error> {
        match self.vpids.iter().find(|vpid| **vpid <= 0) {
            Some(vpid) => Err(Error::bad_plan(format!("invalid process id {vpid}"))),
            None => Ok(self.vpids.clone()),
        }
    }

    fn push_rotation(&self, steps: &mut Vec<Step>) -> Result<(), Error> {
        let Some(rotation) = self.rotation else { return Ok(()) };
        if !matches!(self.mode, Mode::Streaming { .. }) {
            return Err(Error::bad_plan("a live or snapshot session cannot rotate"));
        }
        if rotation.period.is_none() && rotation.size.is_none() {
            return Err(Error::bad_plan("a rotation needs a period or a size"));
        }
        if let Some(period) = rotation.period {
            steps.push(Step::RotateEvery { period_us: whole_micros("a rotation's period", period)? });
        }
        match rotation.size {
            Some(0) => return Err(Error::bad_plan("invalid rotation size: 0 bytes")),
            Some(size) => steps.push(Step::RotateAt { size }),
            None => {}
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{Buffers, OnFull, Rule};
    use crate::mode::Output;

    const KIB: u64 = 1024;

    fn host(cpus: u32, shm_free: u64) -> Host {
        Host { possible_cpus: cpus, shm_free, page_size: 4096 }
    }

    fn good() -> Channel {
        Channel::new("c").event("p:a")
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
    fn steps_fill_each_channel_then_track_and_rotate_last() {
        let filtered = Rule::new("p:b*").filter("n > 1");
        let events = Channel::new("events").event("p:a").rule(filtered.clone());
        let defs = Channel::new("defs").event("p:d");
        let plan = Plan::new("s", Mode::local("/t"))
            .rotation(Rotation { period: Some(Duration::from_secs(1)), size: Some(5) })
            .shm_path("/shm")
            .track_vpid(7)
            .channel(events.clone())
            .channel(defs.clone());
        let enable = |channel: &str, rule| Step::EnableEvent { channel: channel.into(), rule };
        assert_eq!(
            plan.steps(&host(2, u64::MAX)).unwrap(),
            [
                Step::Create { mode: Mode::local("/t"), format: None },
                Step::SetShmPath { path: "/shm".into() },
                Step::EnableChannel { channel: events },
                enable("events", Rule::new("p:a")),
                enable("events", filtered),
                Step::EnableChannel { channel: defs },
                enable("defs", Rule::new("p:d")),
                Step::TrackOnly { vpids: vec![7] },
                Step::RotateEvery { period_us: 1_000_000 },
                Step::RotateAt { size: 5 },
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
        assert_eq!(plan(good().buffers(absurd)).memory(&host(2, 0)), u64::MAX);
    }

    #[test]
    fn memory_must_hold_the_buffers_to_the_byte() {
        let needed = 2 * (4 + 1) * 512 * KIB;
        assert!(plan(good()).steps(&host(2, needed)).is_ok());
        let error = plan(good()).steps(&host(2, needed - 1)).unwrap_err();
        assert!(error.is_shm_too_small());
        assert_eq!(
            error.to_string(),
            "/dev/shm is too small: the buffers need 5242880 bytes, 5242879 are free"
        );
        let error = plan(good()).shm_path("/mnt/shm").steps(&host(2, 0)).unwrap_err();
        assert!(error.to_string().starts_with("/mnt/shm is too small"), "{error}");
    }

    #[test]
    fn the_disk_must_hold_a_packet() {
        let absurd = Buffers { subbuf_size: 1 << 62, subbuf_count: 1 };
        let directory = std::env::temp_dir().join("nothing/here/yet");
        let at = |mode: Mode| Plan::new("s", mode).channel(good().buffers(absurd));
        let error = at(Mode::local(&directory)).check_room().unwrap_err();
        assert!(error.is_output_full());
        assert_eq!(error.to_string(), format!("the disk of {} is full", directory.display()));
        assert!(Plan::new("s", Mode::local(&directory)).channel(good()).check_room().is_ok());
        // Nothing is written until somebody asks.
        assert!(at(Mode::Snapshot { output: Output::Local(directory) }).check_room().is_ok());
    }

    #[test]
    fn what_cannot_be_carried_out_is_named() {
        let named = |name: &str| Plan::new(name, Mode::local("/t")).channel(good());
        assert!(reason(&named("a/b")).contains("a/b"));
        assert!(reason(&named("")).contains("session name"));
        assert!(reason(&named("..")).contains(".."));
        assert!(reason(&named(&"x".repeat(255))).contains("254"));
        assert!(reason(&Plan::new("s", Mode::local("t")).channel(good())).contains("absolute"));
        assert!(reason(&Plan::new("s", Mode::local("/t"))).contains("no channel"));
        assert!(reason(&plan(good()).channel(good())).contains("twice"));
        assert!(reason(&plan(good()).track_vpid(0)).contains("process id"));
        assert!(reason(&plan(good()).shm_path("shm")).contains("absolute"));
    }

    #[test]
    fn modes_are_checked() {
        let with = |mode| Plan::new("s", mode).channel(good());
        let live =
            |url: &str, micros| with(Mode::Live { url: url.into(), interval: Duration::from_micros(micros) });
        assert!(live("net://127.0.0.1", 1).steps(&host(1, u64::MAX)).is_ok());
        assert!(reason(&live("net://127.0.0.1", 0)).contains("microseconds"));
        for url in ["", "net://", "127.0.0.1", "tcp://127.0.0.1:5342", "file:///tmp"] {
            assert!(reason(&live(url, 1)).contains("URL"), "{url}");
            assert!(
                reason(&with(Mode::Streaming { output: Output::Net(url.into()) })).contains("URL"),
                "{url}"
            );
        }
        assert!(reason(&with(Mode::Snapshot { output: Output::Local("t".into()) })).contains("absolute"));
    }

    #[test]
    fn rotation_is_for_streaming_sessions_and_needs_an_occasion() {
        let every = Rotation { period: Some(Duration::from_secs(1)), size: None };
        let snapshot = Plan::new("s", Mode::Snapshot { output: Output::Local("/t".into()) }).channel(good());
        assert!(reason(&snapshot.rotation(every)).contains("cannot rotate"));
        let rotated = |period, size| plan(good()).rotation(Rotation { period, size });
        assert!(reason(&rotated(None, None)).contains("period or a size"));
        assert!(reason(&rotated(Some(Duration::ZERO), None)).contains("microseconds"));
        assert!(reason(&rotated(None, Some(0))).contains("0 bytes"));
    }
}
