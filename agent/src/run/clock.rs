//! Whether the box's clock can be relied on: wall time held against the monotonic clock.
//!
//! A box in a cupboard has an empty battery more often than not. It then starts in the past and jumps
//! when it finds a time server. Right after its start nothing is therefore recorded until a time server holds
//! the clock, for a few minutes at most; what was seen before the clock was set then is left out, for its
//! times are wrong and would stay in the ledger. Any later jump is told. A far one has recording wait once more:
//! a wrong year is mostly put right within minutes, and what was recorded meanwhile would lie in the future, or
//! would have what the ledger has look as if it did.

use std::time::{Duration, Instant, SystemTime};

use nix::time::{ClockId, clock_gettime};

use super::status::Clock;

/// What a time server corrects without a jump stays far below.
const JUMP: Duration = Duration::from_secs(2);
/// 2026-01-01T00:00:00Z: no box with this program has seen an earlier day.
const EARLIEST: Duration = Duration::from_hours(490_896);

/// How long after the box's start a time server may take. A roll-up comes as often, so that a box in a closed
/// network, which has none, loses nothing by it.
const SETTLING: Duration = Duration::from_mins(5);

/// A running box's clock that is set by more stood wrong before or stands wrong now: no drift and no change of
/// zone comes to this.
const FAR: Duration = Duration::from_hours(24);

/// What may be done with what was seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Settle {
    /// It may be recorded.
    Go,
    /// It is to wait.
    Hold,
    /// It is to be left out: the clock was set meanwhile.
    Forget,
}

/// The clock as it was last seen.
#[derive(Debug)]
pub(crate) struct ClockCheck {
    seen: (SystemTime, Instant),
    jumps: u64,
    last_jump_s: Option<f64>,
    synchronised: Option<bool>,
    holds: bool,
    /// Until when a clock that was set far on or back is to prove itself; `None` where the box's start counts.
    proves_until: Option<Instant>,
    /// How far it was set since it began to, in seconds.
    away_s: f64,
    /// What was left out, in seconds.
    left_out_s: Option<f64>,
    /// When what is held began.
    began: Instant,
}

impl ClockCheck {
    /// Starts with both clocks as they are now.
    pub(crate) fn new(wall: SystemTime, monotonic: Instant) -> Self {
        Self {
            seen: (wall, monotonic),
            jumps: 0,
            last_jump_s: None,
            synchronised: None,
            holds: true,
            proves_until: None,
            away_s: 0.0,
            left_out_s: None,
            began: monotonic,
        }
    }

    /// Looks at both clocks again, and tells how far the wall clock jumped in between, in seconds.
    pub(crate) fn look(&mut self, wall: SystemTime, monotonic: Instant) -> Option<f64> {
        let jump = jump_s(self.seen, (wall, monotonic));
        self.seen = (wall, monotonic);
        if jump.abs() < JUMP.as_secs_f64() {
            return None;
        }
        self.jumps += 1;
        self.last_jump_s = Some(jump);
        self.last_jump_s
    }

    /// Says what is to be done with what was seen. `jump`: how far the clock did since the last time, in seconds;
    /// `up`: how long the box has been.
    pub(crate) fn settle(&mut self, synchronised: Option<bool>, up: Duration, jump: Option<f64>) -> Settle {
        self.synchronised = synchronised;
        let now = self.seen.1;
        let is_far = jump.is_some_and(|jump_s| jump_s.abs() > FAR.as_secs_f64());
        if !self.holds && !is_far {
            return Settle::Go;
        }
        if self.holds && jump.is_some() {
            self.left_out_s = Some((now - self.began).as_secs_f64());
            self.began = now;
            self.away_s += jump.unwrap_or_default();
            // Back from where it had been set, it has nothing more to prove.
            let is_back = self.away_s.abs() <= FAR.as_secs_f64();
            self.proves_until = self.proves_until.map(|_| if is_back { now } else { now + SETTLING });
            return Settle::Forget;
        }
        if is_far {
            (self.began, self.proves_until) = (now, Some(now + SETTLING));
            self.away_s = jump.unwrap_or_default();
        }
        self.holds = match self.proves_until {
            None => synchronised == Some(false) && up < SETTLING,
            Some(until) => synchronised != Some(true) && now < until,
        };
        if self.holds { Settle::Hold } else { Settle::Go }
    }

    /// Says how the clock stands.
    pub(crate) fn stands(&self) -> Clock {
        let since_epoch = self.seen.0.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Clock {
            plausible: since_epoch >= EARLIEST,
            synchronised: self.synchronised,
            waits: self.holds,
            left_out_s: self.left_out_s,
            jumps: self.jumps,
            last_jump_s: self.last_jump_s,
        }
    }
}

/// How much further the wall clock went than the monotonic one, in seconds.
fn jump_s(before: (SystemTime, Instant), now: (SystemTime, Instant)) -> f64 {
    let went = match now.0.duration_since(before.0) {
        Ok(forward) => forward.as_secs_f64(),
        Err(back) => -back.duration().as_secs_f64(),
    };
    went - now.1.saturating_duration_since(before.1).as_secs_f64()
}

/// Whether recording waits, by what was found when the clocks were looked at last. They are looked at every second:
/// what is recorded in the second in which a clock is set would have its times.
#[derive(Debug)]
pub(crate) struct Hold {
    waits: bool,
    seen: (SystemTime, Instant),
}

impl Hold {
    /// Has recording wait, or go on, from a look at both clocks on.
    pub(crate) fn new(waits: bool, wall: SystemTime, monotonic: Instant) -> Self {
        Self { waits, seen: (wall, monotonic) }
    }

    /// Tells whether it waits now: a clock that was set far since then is for whoever looks next.
    pub(crate) fn waits(&self, wall: SystemTime, monotonic: Instant) -> bool {
        self.waits || jump_s(self.seen, (wall, monotonic)).abs() > FAR.as_secs_f64()
    }
}

/// How long the box has been up.
pub(crate) fn up() -> Duration {
    // Where it cannot be told, nothing is waited for.
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Duration::MAX, Duration::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a time server holds the clock, how long the box has been up, how far the clock jumped.
    type Seen = (Option<bool>, Duration, Option<f64>);

    /// A case's name, whether a time server holds the clock, how far it jumps second by second, what is done then.
    type Course<'c> = (&'c str, Option<bool>, &'c [Option<f64>], &'c [Settle]);

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
    fn after_the_start_nothing_is_recorded_until_the_clock_is_held() {
        let (soon, late) = (Duration::from_secs(40), SETTLING);
        // (what is seen in turn: held by a time server, since the box's start, jumped; what is done)
        let cases: [(&[Seen], Settle); 7] = [
            (&[(Some(true), soon, None)], Settle::Go),
            (&[(Some(false), soon, None)], Settle::Hold),
            (&[(Some(false), late, None)], Settle::Go),
            (&[(None, soon, None)], Settle::Go),
            (&[(Some(false), soon, None), (Some(true), soon, Some(60.0))], Settle::Forget),
            (
                &[(Some(false), soon, None), (Some(true), soon, Some(60.0)), (Some(true), soon, None)],
                Settle::Go,
            ),
            (&[(Some(true), soon, None), (Some(false), soon, Some(60.0))], Settle::Go),
        ];
        for (seen, wanted) in cases {
            let mut check = ClockCheck::new(SystemTime::UNIX_EPOCH, Instant::now());
            let done = seen.iter().map(|(held, up, jumped)| check.settle(*held, *up, *jumped)).last();
            assert_eq!(done, Some(wanted), "{seen:?}");
            assert_eq!(check.stands().waits, matches!(wanted, Settle::Hold | Settle::Forget), "{seen:?}");
        }
    }

    #[test]
    fn a_clock_set_far_on_has_recording_wait_until_it_has_proved_itself() {
        let (decade, second) = (10.0 * 365.0 * 24.0 * 3_600.0, Duration::from_secs(1));
        let cases: [Course<'_>; 6] = [
            ("a time server says so", Some(true), &[Some(decade)], &[Settle::Go]),
            ("an hour", Some(false), &[Some(3_600.0), None], &[Settle::Go, Settle::Go]),
            ("an hour back", Some(false), &[Some(-3_600.0), None], &[Settle::Go, Settle::Go]),
            (
                "back, and put right",
                Some(false),
                &[Some(-decade), None, Some(decade), None],
                &[Settle::Hold, Settle::Hold, Settle::Forget, Settle::Go],
            ),
            (
                "a slip that is put right",
                Some(false),
                &[Some(decade), None, Some(-decade), None, None],
                &[Settle::Hold, Settle::Hold, Settle::Forget, Settle::Go, Settle::Go],
            ),
            (
                "a slip put right by another",
                None,
                &[Some(decade), Some(decade), None],
                &[Settle::Hold, Settle::Forget, Settle::Hold],
            ),
        ];
        for (why, synchronised, jumps, wanted) in cases {
            let mut now = Instant::now();
            let mut check = ClockCheck::new(SystemTime::now(), now);
            assert_eq!(check.settle(Some(true), SETTLING, None), Settle::Go);
            let mut done = Vec::new();
            for jump in jumps {
                now += second;
                check.look(SystemTime::now(), now);
                done.push(check.settle(synchronised, SETTLING * 2, *jump));
            }
            assert_eq!(done, wanted, "{why}");
        }
        // One that stays is the new time.
        let now = Instant::now();
        let mut check = ClockCheck::new(SystemTime::now(), now);
        check.settle(Some(true), SETTLING, None);
        assert_eq!(check.settle(Some(false), SETTLING, Some(decade)), Settle::Hold);
        check.look(SystemTime::now(), now + SETTLING);
        assert_eq!(check.settle(Some(false), SETTLING, None), Settle::Go);
    }

    #[test]
    fn recording_waits_from_the_moment_in_which_a_clock_is_set_far() {
        let (wall, now, second) = (SystemTime::now(), Instant::now(), Duration::from_secs(1));
        // (whether it waited, the wall clock a second later, whether it waits then)
        let cases = [
            (false, wall + second, false),
            (false, wall + Duration::from_hours(1), false),
            (false, wall + FAR * 30, true),
            (false, wall - FAR * 30, true),
            (true, wall + second, true),
        ];
        for (waited, later, waits) in cases {
            assert_eq!(Hold::new(waited, wall, now).waits(later, now + second), waits, "{waited} {later:?}");
        }
    }

    #[test]
    fn a_clock_that_was_never_set_is_not_plausible() {
        let check = ClockCheck::new(SystemTime::UNIX_EPOCH + Duration::from_hours(1), Instant::now());
        assert!(!check.stands().plausible);
    }
}
