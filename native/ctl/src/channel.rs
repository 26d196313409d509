//! A channel of a plan: its ring buffers, and what is recorded into them.

use std::time::Duration;

use crate::error::Error;
use crate::host::Host;
use crate::limits::check_name;
use crate::sys::{NAME_MAX, SYMBOL_NAME_LEN};

/// LTTng's own channel. lttng-sessiond 2.13 takes the name from a client, and aborts when an event is enabled there.
const METADATA: &str = "metadata";

/// A channel: a set of ring buffers and the events recorded into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    pub(crate) name: String,
    pub(crate) buffers: Buffers,
    pub(crate) on_full: OnFull,
    pub(crate) switch_timer: Option<Duration>,
    pub(crate) files: Option<Files>,
    pub(crate) rules: Vec<Rule>,
}

/// A bound on a channel's trace files; the oldest is given up for a new one. Without it there is one, as long as it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Files {
    /// Bytes of one file, at least one sub-buffer. It bounds each stream: there is one for each CPU.
    pub size: u64,
    /// Files kept of each stream; 0 keeps all.
    pub count: u64,
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

/// Which processes share a ring buffer. Holds for a whole session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// All of a user's processes that are recorded: the buffers outlive each of them, also one that was killed.
    #[default]
    PerUid,
    /// None: each process has buffers of its own, and [`Plan::memory`](crate::Plan::memory) of them. They end with it,
    /// once LTTng's daemons have written what they hold; a flight recorder is lost.
    PerPid,
}

/// Which events a channel records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub(crate) event: String,
    pub(crate) filter: Option<String>,
}

impl Buffers {
    /// 512 KiB × 4: LTTng's own default for buffers shared by a user's processes.
    pub const DEFAULT: Self = Self { subbuf_size: 512 * 1024, subbuf_count: 4 };

    fn check(&self, channel: &str, host: &Host) -> Result<(), Error> {
        let Self { subbuf_size, subbuf_count } = *self;
        if !subbuf_size.is_power_of_two() || subbuf_size < host.page_size {
            return Err(Error::bad_plan(format!(
                "channel {channel}: invalid sub-buffer size {subbuf_size}: expected a power of two, at least {} bytes",
                host.page_size
            )));
        }
        if !subbuf_count.is_power_of_two() || subbuf_count < 2 {
            return Err(Error::bad_plan(format!(
                "channel {channel}: invalid number of sub-buffers {subbuf_count}: expected a power of two, at least 2"
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
        Self {
            name: name.into(),
            buffers: Buffers::DEFAULT,
            on_full: OnFull::Discard,
            switch_timer: None,
            files: None,
            rules: Vec::new(),
        }
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

    /// Hands even a half full sub-buffer to the reader this often; without it, when it is full. Counted in whole
    /// microseconds. A live session sets its own.
    #[must_use]
    pub fn switch_timer(mut self, period: Duration) -> Self {
        self.switch_timer = Some(period);
        self
    }

    /// Bounds the channel's trace files.
    #[must_use]
    pub fn files(mut self, files: Files) -> Self {
        self.files = Some(files);
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

    pub(crate) fn memory(&self, host: &Host) -> u64 {
        let subbufs = self.buffers.subbuf_count.saturating_add(1);
        self.buffers.subbuf_size.saturating_mul(subbufs).saturating_mul(u64::from(host.possible_cpus))
    }

    /// Whether LTTng can make it, and record what it is to record.
    pub(crate) fn check(&self, host: &Host) -> Result<(), Error> {
        check_name("channel", &self.name, NAME_MAX)?;
        if self.name == METADATA {
            return Err(Error::bad_plan("invalid channel name \"metadata\": LTTng uses it itself"));
        }
        self.buffers.check(&self.name, host)?;
        if self.rules.is_empty() {
            return Err(Error::bad_plan(format!("channel {} records no event", self.name)));
        }
        self.check_timer()?;
        self.check_files()?;
        self.rules.iter().try_for_each(|rule| rule.check(&self.name))
    }

    fn check_timer(&self) -> Result<(), Error> {
        match self.switch_timer {
            Some(period) if period.as_micros() == 0 || period.as_micros() > u128::from(u32::MAX) => {
                Err(Error::bad_plan(format!(
                    "channel {}: invalid switch timer {period:?}: expected 1 µs to {} µs",
                    self.name,
                    u32::MAX
                )))
            }
            _ => Ok(()),
        }
    }

    fn check_files(&self) -> Result<(), Error> {
        match self.files {
            Some(files) if files.size < self.buffers.subbuf_size => Err(Error::bad_plan(format!(
                "channel {}: invalid file size {}: smaller than a sub-buffer",
                self.name, files.size
            ))),
            _ => Ok(()),
        }
    }
}

impl Rule {
    /// The event of this name, or those that the pattern matches (`provider:*`).
    pub fn new(event: impl Into<String>) -> Self {
        Self { event: event.into(), filter: None }
    }

    /// Records only events for which the expression is true, in LTTng's filter language (`n > 5 && name == "a*"`).
    ///
    /// It is compiled before the session daemon is asked, and evaluated in the traced process for each event.
    #[must_use]
    pub fn filter(mut self, expression: impl Into<String>) -> Self {
        self.filter = Some(expression.into());
        self
    }

    pub(crate) fn check(&self, channel: &str) -> Result<(), Error> {
        let event = &self.event;
        if event.is_empty() || event.len() >= SYMBOL_NAME_LEN || event.contains('\0') {
            return Err(Error::bad_plan(format!(
                "channel {channel}: invalid event name {event:?}: expected 1 to {} bytes",
                SYMBOL_NAME_LEN - 1
            )));
        }
        if let Some(filter) = &self.filter
            && (filter.trim().is_empty() || filter.contains('\0'))
        {
            return Err(Error::bad_plan(format!(
                "channel {channel}: invalid filter {filter:?}: expected an expression"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(channel: &Channel) -> Result<(), Error> {
        channel.check(&Host { possible_cpus: 2, shm_free: u64::MAX, page_size: 4096 })
    }

    fn reason(channel: &Channel) -> String {
        let error = check(channel).unwrap_err();
        assert!(error.is_bad_plan(), "{error}");
        error.to_string()
    }

    fn good() -> Channel {
        Channel::new("c").event("p:a")
    }

    #[test]
    fn what_cannot_be_carried_out_is_named() {
        assert!(reason(&Channel::new("c")).contains("records no event"));
        assert!(reason(&Channel::new("metadata").event("p:a")).contains("metadata"));
        assert!(reason(&Channel::new("a/b").event("p:a")).contains("channel name"));
        assert!(reason(&Channel::new("c").event("")).contains("event name"));
        assert!(reason(&Channel::new("c").event("e".repeat(256))).contains("255"));
        assert!(reason(&Channel::new("c").rule(Rule::new("p:a").filter(" "))).contains("filter"));
        assert!(reason(&good().switch_timer(Duration::from_nanos(999))).contains("switch timer"));
        assert!(reason(&good().switch_timer(Duration::from_secs(4295))).contains("switch timer"));
        assert!(reason(&good().files(Files { size: 4096, count: 2 })).contains("smaller than a sub-buffer"));
    }

    #[test]
    fn buffers_are_powers_of_two() {
        let with = |subbuf_size, subbuf_count| good().buffers(Buffers { subbuf_size, subbuf_count });
        assert!(check(&with(4096, 2)).is_ok());
        for (size, count) in [(2048, 2), (4097, 2), (0, 2), (4096, 1), (4096, 3), (4096, 0)] {
            assert!(reason(&with(size, count)).contains("power of two"), "{size} x {count}");
        }
    }
}
