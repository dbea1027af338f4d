//! How long to wait before trying again: twice as long each time, up to a bound.

use std::time::Duration;

/// The first wait: a link that flaps is back within a second.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait: who repairs the box should see it come back while still there.
const LONGEST: Duration = Duration::from_mins(1);

/// The waits of one thing that fails.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Counts a failure, and says how long to wait.
    pub(crate) fn wait(&mut self) -> Duration {
        let factor = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.failures = self.failures.saturating_add(1);
        FIRST.saturating_mul(factor).min(LONGEST)
    }

    /// Starts anew after a success.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_start_anew_after_a_success() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..8).map(|_| backoff.wait().as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        for _ in 0..100 {
            assert_eq!(backoff.wait(), LONGEST);
        }
        backoff.reset();
        assert_eq!(backoff.wait(), FIRST);
    }
}
