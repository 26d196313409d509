//! Waiting for a condition instead of for a time.

use std::thread;
use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_micros(500);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Asks `condition` until it holds, at least once; false when it does not hold within the time.
#[must_use]
pub fn wait_until(within: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    let mut pause = FIRST_PAUSE;
    while !condition() {
        if begin.elapsed() >= within {
            return false;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_until_it_holds() {
        let mut asked = 0;
        assert!(wait_until(Duration::from_secs(60), || {
            asked += 1;
            asked == 5
        }));
    }

    #[test]
    fn gives_up() {
        assert!(!wait_until(Duration::ZERO, || false));
    }
}
