//! Stretches of time.

/// A range of time, in nanoseconds since the Unix epoch, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// Earlier events are left out.
    pub begin_ns: i64,
    /// Later events are left out.
    pub end_ns: i64,
}

impl Default for TimeRange {
    /// All of time.
    fn default() -> TimeRange {
        TimeRange { begin_ns: i64::MIN, end_ns: i64::MAX }
    }
}

impl TimeRange {
    #[inline]
    pub(crate) fn contains(&self, time_ns: i64) -> bool {
        (self.begin_ns..=self.end_ns).contains(&time_ns)
    }
}
