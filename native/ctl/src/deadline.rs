//! A point in time shared by the steps of one operation.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;

/// The first pause of [`Deadline::poll`]; each further one is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    end: Instant,
    within: Duration,
}

impl Deadline {
    pub(crate) fn after(within: Duration) -> Self {
        let now = Instant::now();
        // A caller who waits "forever" means a time no clock reaches; a day bounds it.
        let end = now.checked_add(within).unwrap_or(now + Duration::from_secs(86_400));
        Self { end, within }
    }

    /// What is left; zero when it has passed.
    pub(crate) fn remaining(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    pub(crate) fn has_passed(&self) -> bool {
        self.remaining().is_zero()
    }

    /// The time the caller gave, for error texts.
    pub(crate) fn within(&self) -> Duration {
        self.within
    }

    /// Asks `question` until it answers `Some`, at least once; `None` when the deadline passes first.
    pub(crate) fn poll<T>(
        &self,
        mut question: impl FnMut() -> Result<Option<T>, Error>,
    ) -> Result<Option<T>, Error> {
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(answer) = question()? {
                return Ok(Some(answer));
            }
            if self.has_passed() {
                return Ok(None);
            }
            thread::sleep(pause.min(self.remaining()));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poll_asks_until_answered() {
        let mut asked = 0;
        let answer = Deadline::after(Duration::from_secs(60)).poll(|| {
            asked += 1;
            Ok((asked == 4).then_some(asked))
        });
        assert_eq!(answer, Ok(Some(4)));
    }

    #[test]
    fn poll_asks_once_even_when_time_is_over() {
        let mut asked = 0;
        let answer = Deadline::after(Duration::ZERO).poll(|| {
            asked += 1;
            Ok(None)
        });
        assert_eq!((answer, asked), (Ok(None::<()>), 1));
    }

    #[test]
    fn an_endless_wait_does_not_overflow() {
        assert!(!Deadline::after(Duration::MAX).has_passed());
    }
}
