//! The only place that reads a clock.
//!
//! Times are wall-clock milliseconds that never go backwards within one run: when somebody sets the clock back, ours
//! goes on from where it was at its own pace, and when it is set forward (or the machine slept) ours follows.

use show_core::Time;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

#[derive(Debug)]
pub struct Clock {
    start: Instant,
    /// Wall clock minus monotonic clock, milliseconds, the greatest that was ever seen.
    offset_ms: AtomicI64,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock {
    pub fn new() -> Self {
        Self { start: Instant::now(), offset_ms: AtomicI64::new(wall_ms()) }
    }

    pub fn now(&self) -> Time {
        let elapsed_ms = i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.at(wall_ms(), elapsed_ms)
    }

    fn at(&self, wall_ms: i64, elapsed_ms: i64) -> Time {
        let offset_ms = wall_ms.saturating_sub(elapsed_ms);
        let known_ms = self.offset_ms.fetch_max(offset_ms, Ordering::Relaxed);
        Time(known_ms.max(offset_ms).saturating_add(elapsed_ms))
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the clock adapter")]
fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_forward_is_followed_and_one_set_back_is_outrun() {
        let clock = Clock { start: Instant::now(), offset_ms: AtomicI64::new(1_000) };
        assert_eq!(clock.at(1_000, 0), Time(1_000));
        assert_eq!(clock.at(61_010, 10), Time(61_010), "a minute forward");
        assert_eq!(clock.at(1_020, 20), Time(61_020), "an hour back changes nothing");
        assert_eq!(clock.at(1_030, 30), Time(61_030), "and the pace stays");
    }
}
