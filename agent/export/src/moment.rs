//! When flows happened, as an exporter's datagram tells it.
//!
//! Exporters count from their own start, or by a clock that may run hours off (no NTP, local time set
//! as UTC). A header always says what that clock showed when the datagram left, so where it is off,
//! every time in the datagram is moved by the difference.

const NS_PER_MS: i64 = 1_000_000;
const NS_PER_S: i64 = 1_000_000_000;

/// How far an exporter's clock may be off before its times are moved; well above the delay of any
/// datagram and of a capture's own clock.
const MAX_SKEW_NS: i64 = 300 * NS_PER_S;

/// How long ago a reported flow may have ended: exporters report within an hour, and a template may
/// be waited for about as long.
const MAX_AGE_NS: i64 = 24 * 3_600 * NS_PER_S;

/// How long a flow may last: active time-outs are minutes, and firewalls report a session when it
/// ends, after weeks at the most.
const MAX_DURATION_NS: i64 = 62 * 24 * 3_600 * NS_PER_S;

/// NTP counts seconds from 1900 (RFC 5905 §6).
const NTP_TO_UNIX_S: i64 = 2_208_988_800;

/// One datagram's time, by our clock and by its exporter's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// When the datagram was captured.
    pub(crate) time_ns: i64,
    /// When it left the exporter, by the exporter's clock.
    export_ns: i64,
    /// The exporter's milliseconds since its start, modulo 2^32, where the header has them.
    uptime_ms: Option<u32>,
    /// What makes the exporter's times ours.
    shift_ns: i64,
}

impl Moment {
    /// Reads a header: seconds and nanoseconds of the exporter's clock, and its uptime.
    pub(crate) fn new(time_ns: i64, export_s: u32, export_ns: u32, uptime_ms: Option<u32>) -> Self {
        let export_ns = i64::from(export_s) * NS_PER_S + i64::from(export_ns.min(999_999_999));
        let skew_ns = time_ns.saturating_sub(export_ns);
        let shift_ns = if skew_ns.saturating_abs() > MAX_SKEW_NS { skew_ns } else { 0 };
        Self { time_ns, export_ns, uptime_ms, shift_ns }
    }

    /// By how much the exporter's clock is behind ours; 0 where it agrees.
    pub(crate) const fn skew_ns(&self) -> i64 {
        self.shift_ns
    }

    /// Reads milliseconds since the exporter's start, at most 24 days apart from the header's.
    pub(crate) fn at_uptime_ms(&self, ms: u32) -> Option<i64> {
        let before_export = self.uptime_ms?.wrapping_sub(ms).cast_signed();
        Some(self.export_ns - i64::from(before_export) * NS_PER_MS)
    }

    /// Reads microseconds before the datagram left (IPFIX IE 158 and 159).
    pub(crate) fn before_export_us(&self, us: u64) -> i64 {
        self.export_ns.saturating_sub(i64::try_from(us).unwrap_or(i64::MAX).saturating_mul(1_000))
    }

    /// Makes sense of a flow's times by the exporter's clock: first, last, and its duration.
    ///
    /// The result is never after the datagram; what cannot be is the datagram's time.
    pub(crate) fn settle(
        &self,
        first: Option<i64>,
        last: Option<i64>,
        duration_ns: Option<i64>,
    ) -> (i64, i64) {
        let ours = |ns: i64| ns.saturating_add(self.shift_ns).min(self.time_ns);
        let duration_ns = duration_ns.unwrap_or(0).clamp(0, MAX_DURATION_NS);
        let last = last.or_else(|| first.map(|first| first.saturating_add(duration_ns)));
        let last = last.map_or(self.time_ns, ours);
        let last = if self.time_ns.saturating_sub(last) > MAX_AGE_NS { self.time_ns } else { last };
        let first = first.map_or(last.saturating_sub(duration_ns), ours);
        let is_possible = first <= last && last.saturating_sub(first) <= MAX_DURATION_NS;
        (if is_possible { first } else { last }, last)
    }
}

/// Reads seconds since the Unix epoch.
pub(crate) fn unix_s(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(NS_PER_S)
}

/// Reads milliseconds since the Unix epoch, or a duration in them.
pub(crate) fn unix_ms(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(NS_PER_MS)
}

/// Reads an NTP time stamp: seconds since 1900 and a binary fraction (RFC 7011 §6.1.9, §6.1.10).
pub(crate) fn ntp(stamp: u64) -> i64 {
    let seconds = (stamp >> 32).cast_signed() - NTP_TO_UNIX_S;
    let fraction_ns = ((stamp & 0xffff_ffff) * 1_000_000_000) >> 32;
    seconds * NS_PER_S + fraction_ns.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON_S: u32 = 1_700_000_000;
    const NOON_NS: i64 = NOON_S as i64 * NS_PER_S;

    #[test]
    fn uptimes_count_back_from_the_header_across_the_wrap_of_their_counter() {
        let moment = Moment::new(NOON_NS, NOON_S, 0, Some(500));
        assert_eq!(moment.at_uptime_ms(400), Some(NOON_NS - 100 * NS_PER_MS));
        assert_eq!(moment.at_uptime_ms(u32::MAX), Some(NOON_NS - 501 * NS_PER_MS));
    }

    #[test]
    fn a_clock_nine_hours_ahead_is_moved_and_one_a_minute_off_is_not() {
        let ahead = Moment::new(NOON_NS, NOON_S + 9 * 3_600, 0, None);
        let flow = unix_s(u64::from(NOON_S) + 9 * 3_600 - 10);
        assert_eq!(
            ahead.settle(Some(flow), Some(flow), None),
            (NOON_NS - 10 * NS_PER_S, NOON_NS - 10 * NS_PER_S)
        );
        assert_eq!(Moment::new(NOON_NS, NOON_S - 60, 0, None).skew_ns(), 0);
    }

    #[test]
    fn times_that_cannot_be_are_the_datagram_s() {
        let moment = Moment::new(NOON_NS, NOON_S, 0, None);
        // (why, first, last, duration, settled)
        let cases = [
            ("nothing told", None, None, None, (NOON_NS, NOON_NS)),
            ("after the datagram", Some(NOON_NS + 5), Some(NOON_NS + 9), None, (NOON_NS, NOON_NS)),
            ("1970", Some(0), Some(0), None, (NOON_NS, NOON_NS)),
            ("ends before it begins", Some(NOON_NS - 1), Some(NOON_NS - 9), None, (NOON_NS - 9, NOON_NS - 9)),
            ("start and duration", Some(NOON_NS - 9), None, Some(4), (NOON_NS - 9, NOON_NS - 5)),
            ("end and duration", None, Some(NOON_NS - 5), Some(4), (NOON_NS - 9, NOON_NS - 5)),
            ("extremes", Some(i64::MIN), Some(i64::MAX), Some(i64::MIN), (NOON_NS, NOON_NS)),
        ];
        for (why, first, last, duration, settled) in cases {
            assert_eq!(moment.settle(first, last, duration), settled, "{why}");
        }
    }

    #[test]
    fn a_capture_s_time_may_be_any_number() {
        for time_ns in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX] {
            for export_s in [0, NOON_S, u32::MAX] {
                let moment = Moment::new(time_ns, export_s, u32::MAX, Some(0));
                let told =
                    [None, Some(i64::MIN), moment.at_uptime_ms(5), Some(ntp(u64::MAX)), Some(i64::MAX)];
                for (first, last) in told.into_iter().flat_map(|first| told.map(|last| (first, last))) {
                    let (first, last) = moment.settle(first, last, Some(i64::MAX));
                    assert!(first <= last && last <= time_ns, "{time_ns} {export_s}");
                }
            }
        }
    }

    #[test]
    fn ntp_time_stamps_are_read_to_the_fraction() {
        let stamp = ((u64::from(NOON_S) + NTP_TO_UNIX_S as u64) << 32) | 0x8000_0000;
        assert_eq!(ntp(stamp), NOON_NS + NS_PER_S / 2);
    }
}
