//! The week of a connection: octets by day and hour, in the reader's zone.
//!
//! Kept up by keep-alives, a tunnel has traffic in every hour; when it is used shows in how much.

use jiff::tz::TimeZone;
use sekisho_api::Connection;

/// Hours of a week, from Monday's first.
const HOURS: usize = 7 * 24;
/// Seconds in sight from which a week shows.
const WEEK_S: i64 = 7 * 24 * 3_600;
/// How many times the usual hour stands out.
const STANDS_OUT: u64 = 8;

/// Octets both ways by hour of the week.
pub(crate) struct Calendar([u64; HOURS]);

impl Calendar {
    /// Adds up a connection's hours; none where less than a week is in sight.
    pub(crate) fn of(connection: &Connection, zone: &TimeZone) -> Option<Self> {
        let (first, _) = connection.hours.first()?;
        let (last, _) = connection.hours.last()?;
        if last.as_second() - first.as_second() < WEEK_S {
            return None;
        }
        let mut octets = [0_u64; HOURS];
        for (hour, bytes) in connection.hours.iter() {
            let local = hour.to_zoned(zone.clone());
            let day = local.weekday().to_monday_zero_offset();
            let place = usize::try_from(i32::from(day) * 24 + i32::from(local.hour())).ok()?;
            if let Some(sum) = octets.get_mut(place) {
                *sum = sum.saturating_add(*bytes);
            }
        }
        Some(Self(octets))
    }

    /// The day, from Monday, and the hour that stands out from the others; none where none does.
    pub(crate) fn peak(&self) -> Option<(usize, usize)> {
        let (place, most) = self.0.iter().enumerate().rev().max_by_key(|(_, octets)| **octets)?;
        let mut octets = self.0;
        octets.sort_unstable();
        let usual = octets.get(HOURS / 2).copied()?;
        (*most > usual.saturating_mul(STANDS_OUT)).then_some((place / 24, place % 24))
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Span, Timestamp};

    use super::*;

    #[test]
    fn the_evening_on_which_a_kept_up_tunnel_is_used_stands_out() {
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        let mut connection = crate::tests::samples::connections().remove(0);
        // A Monday at midnight in Tokyo.
        let start: Timestamp = "2026-01-04T15:00:00Z".parse().unwrap();
        let tunnel = |days: i64, used: u64| {
            let at = |hour: i64| start + Span::new().hours(hour);
            let bytes = move |hour: i64| if hour % (7 * 24) == 24 + 22 { used } else { 20_000 };
            (0..days * 24).map(move |hour| (at(hour), bytes(hour))).collect()
        };
        // (days, octets on Tuesdays at 22:00, peak, why)
        let cases = [
            (21, 45_000_000, Some((1, 22)), "three weeks"),
            (21, 20_000, None, "never used"),
            (6, 45_000_000, None, "less than a week"),
        ];
        for (days, used, peak, why) in cases {
            connection.hours = tunnel(days, used);
            let calendar = Calendar::of(&connection, &zone);
            assert_eq!(calendar.and_then(|calendar| calendar.peak()), peak, "{why}");
        }
    }
}
