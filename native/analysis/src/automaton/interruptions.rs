//! The times in which a tap recorded nothing: pauses, and gaps.

use beamtap_schema::event;

/// Number and duration of the times in which the tap of this trace recorded nothing.
#[derive(Debug, Default)]
pub struct Interruptions {
    /// The LTTng sessions that recorded the trace; unknown where there are none.
    sessions: Vec<String>,
    gaps: u64,
    gap_ns: u64,
    pauses: u64,
    paused_ns: u64,
    /// Since when the tap is paused.
    paused_since_ns: Option<u64>,
}

impl Interruptions {
    pub(super) fn record_sessions(&mut self, names: Vec<String>) {
        self.sessions = names;
    }

    /// Whether an event that names this session is about the tap that recorded the trace. Later sessions of a tap
    /// have the name of the first with a suffix. A session that beamtap did not make records all taps.
    pub fn is_own(&self, session: &str) -> bool {
        let is_of = |name: &String| match name.strip_prefix(session) {
            Some(suffix) => suffix.is_empty() || suffix.starts_with('-'),
            None => false,
        };
        let is_a_taps = |name: &String| name.starts_with("beamtap-");
        self.sessions.is_empty() || self.sessions.iter().any(|name| is_of(name) || !is_a_taps(name))
    }

    /// Takes in a `gap`; whether it is the trace's own.
    pub(super) fn gap(&mut self, gap: &event::Gap<'_>) -> bool {
        let is_own = self.is_own(gap.session);
        if is_own {
            self.gaps += 1;
            self.gap_ns = self.gap_ns.saturating_add(gap.length_ns);
        }
        is_own
    }

    pub(super) fn pause(&mut self, pause: &event::Pause<'_>, ns: u64) {
        // It is told again in a recording that was taken up.
        if self.is_own(pause.session) {
            self.paused_since_ns.get_or_insert(ns);
        }
    }

    pub(super) fn resume(&mut self, resume: &event::Resume<'_>, ns: u64) {
        if !self.is_own(resume.session) {
            return;
        }
        let since_ns = self.paused_since_ns.take();
        let length_ns = since_ns.map_or(resume.length_ns, |since_ns| ns.saturating_sub(since_ns));
        // One that is outside of the stretch asked about has no length.
        self.pauses += u64::from(length_ns > 0);
        self.paused_ns = self.paused_ns.saturating_add(length_ns);
    }

    fn last_pause_ns(&self, now_ns: u64) -> u64 {
        self.paused_since_ns.map_or(0, |since_ns| now_ns.saturating_sub(since_ns))
    }

    /// Number of interruptions of the recording.
    pub fn gaps(&self) -> u64 {
        self.gaps
    }

    /// Time in which the recording may not have worked, over all gaps.
    pub fn gap_ns(&self) -> u64 {
        self.gap_ns
    }

    /// Number of pauses of the tap up to `now_ns`.
    pub fn pauses(&self, now_ns: u64) -> u64 {
        self.pauses + u64::from(self.last_pause_ns(now_ns) > 0)
    }

    /// Time in which the tap was paused, up to `now_ns`.
    pub fn paused_ns(&self, now_ns: u64) -> u64 {
        self.paused_ns.saturating_add(self.last_pause_ns(now_ns))
    }
}
