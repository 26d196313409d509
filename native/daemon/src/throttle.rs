//! No more lines than a person can read.

use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(1);

/// Lets so many lines of each second through, and counts the others.
pub(crate) struct Throttle {
    limit: u64,
    since: Instant,
    let_through: u64,
    left_out: u64,
}

impl Throttle {
    pub(crate) fn new(limit: u64, now: Instant) -> Throttle {
        Throttle { limit, since: now, let_through: 0, left_out: 0 }
    }

    /// How many lines were left out, once the second that they belong to is over.
    pub(crate) fn left_out(&mut self, now: Instant) -> Option<u64> {
        if now.duration_since(self.since) < WINDOW {
            return None;
        }
        self.since = now;
        self.let_through = 0;
        self.rest()
    }

    /// How many lines were left out and not told yet.
    pub(crate) fn rest(&mut self) -> Option<u64> {
        Some(std::mem::take(&mut self.left_out)).filter(|&left_out| left_out > 0)
    }

    /// Whether one more line is let through.
    pub(crate) fn lets_through(&mut self) -> bool {
        if self.let_through < self.limit {
            self.let_through += 1;
            true
        } else {
            self.left_out += 1;
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_second_has_beyond_the_limit_is_counted_and_told_once() {
        let begin = Instant::now();
        let mut throttle = Throttle::new(2, begin);
        let taken: Vec<bool> = (0..5).map(|_| throttle.lets_through()).collect();
        assert_eq!(taken, [true, true, false, false, false]);
        assert_eq!(throttle.left_out(begin + WINDOW / 2), None);
        assert_eq!(throttle.left_out(begin + WINDOW), Some(3));
        assert_eq!(throttle.left_out(begin + 2 * WINDOW), None);
        assert!(throttle.lets_through());
        assert_eq!(throttle.rest(), None);
    }
}
