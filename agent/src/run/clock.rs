//! Whether the box's clock can be relied on: wall time held against the monotonic clock.
//!
//! A box in a cupboard has an empty battery more often than not. It then starts in the past and jumps
//! when it finds a time server, and times in the ledger before that are wrong: that must be seen.

use std::time::{Duration, Instant, SystemTime};

use super::status::Clock;

/// What a time server corrects without a jump stays far below.
const JUMP: Duration = Duration::from_secs(2);
/// 2026-01-01T00:00:00Z: no box with this program has seen an earlier day.
const EARLIEST: Duration = Duration::from_hours(490_896);

/// The clock as it was last seen.
#[derive(Debug)]
pub(crate) struct ClockCheck {
    seen: (SystemTime, Instant),
    jumps: u64,
    last_jump_s: Option<f64>,
}

impl ClockCheck {
    /// Starts with both clocks as they are now.
    pub(crate) fn new(wall: SystemTime, monotonic: Instant) -> Self {
        Self { seen: (wall, monotonic), jumps: 0, last_jump_s: None }
    }

    /// Looks at both clocks again, and tells how far the wall clock jumped in between, in seconds.
    pub(crate) fn look(&mut self, wall: SystemTime, monotonic: Instant) -> Option<f64> {
        let (wall_before, monotonic_before) = self.seen;
        self.seen = (wall, monotonic);
        let went = match wall.duration_since(wall_before) {
            Ok(forward) => forward.as_secs_f64(),
            Err(back) => -back.duration().as_secs_f64(),
        };
        let jump = went - monotonic.saturating_duration_since(monotonic_before).as_secs_f64();
        if jump.abs() < JUMP.as_secs_f64() {
            return None;
        }
        self.jumps += 1;
        self.last_jump_s = Some(jump);
        self.last_jump_s
    }

    /// Says how the clock stands.
    pub(crate) fn stands(&self) -> Clock {
        let since_epoch = self.seen.0.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Clock { plausible: since_epoch >= EARLIEST, jumps: self.jumps, last_jump_s: self.last_jump_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_is_a_jump_and_one_that_drifts_is_not() {
        // (wall seconds later, monotonic seconds later, jump)
        let cases = [
            (1.0, 1.0, None),
            (1.5, 1.0, None),                  // a time server's slewing, a busy box
            (3_601.0, 1.0, Some(3_600.0)),     // set on, or suspended for an hour
            (-86_399.0, 1.0, Some(-86_400.0)), // set back by a day
            (61.0, 61.0, None),                // only the daemon was held up
        ];
        let (wall, monotonic) =
            (SystemTime::UNIX_EPOCH + EARLIEST + Duration::from_hours(48), Instant::now());
        for (later, passed, jump) in cases {
            let mut check = ClockCheck::new(wall, monotonic);
            let at = match Duration::try_from_secs_f64(later) {
                Ok(on) => wall + on,
                Err(_) => wall - Duration::from_secs_f64(-later),
            };
            let found = check.look(at, monotonic + Duration::from_secs_f64(passed));
            assert_eq!(found.map(f64::round), jump, "{later} s after {passed} s");
            assert_eq!(check.stands().jumps, u64::from(jump.is_some()));
            assert!(check.stands().plausible);
        }
    }

    #[test]
    fn a_clock_that_was_never_set_is_not_plausible() {
        let check = ClockCheck::new(SystemTime::UNIX_EPOCH + Duration::from_hours(1), Instant::now());
        assert!(!check.stands().plausible);
    }
}
