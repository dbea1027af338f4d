//! The sums over captures: octets by hour, sessions and octets each way.
//!
//! Roll-ups are kept by (connection, hour, capture), and summed when they are needed:
//!
//! * captures of different times add up, also within one hour (files rotated at half past);
//! * captures of the same time saw the same packets (one file inside another, two mirror ports), so of
//!   these only the one with the most octets in that hour counts. That never counts a packet twice; where
//!   two mirror ports each saw a part, the sum is a lower bound.
//!
//! A sensor's day is a capture like any other here: beside a file of the same hour the larger counts.
//! The days of one sensor are no copies of each other.
//!
//! Sessions and octets each way come by capture, not by hour. A capture that counts in all its hours
//! gives them whole; one that counts in some gives that share of them by octets.

use std::collections::BTreeMap;

use sekisho_api::Connection;

use crate::capture::{Known, Span};
use crate::error::Fault;
use crate::sql::{count, micros, uncount};
use crate::store::Database;

pub(crate) const HOUR_US: i64 = 3_600_000_000;

/// What one capture counted of one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Part {
    pub(crate) sessions: u64,
    pub(crate) bytes_out: u64,
    pub(crate) bytes_in: u64,
    /// Octets by the hour's start in microseconds.
    pub(crate) hours: BTreeMap<i64, u64>,
}

/// Gives the hours of a connection as one capture saw them.
///
/// A connection without roll-ups has all its octets in its first hour.
pub(crate) fn hours(connection: &Connection) -> BTreeMap<i64, u64> {
    let mut hours = BTreeMap::new();
    for (time, octets) in connection.hours.iter() {
        let sum: &mut u64 = hours.entry(hour(micros(*time))).or_default();
        *sum = sum.saturating_add(*octets);
    }
    if hours.is_empty() {
        let octets = connection.bytes_out.saturating_add(connection.bytes_in);
        hours.insert(hour(micros(connection.first_seen)), octets);
    }
    hours
}

/// Writes the hours of a connection as one capture saw them.
pub(crate) fn save(
    database: &Database,
    site: &str,
    number: i64,
    capture: i64,
    hours: &BTreeMap<i64, u64>,
) -> Result<(), Fault> {
    for (hour, octets) in hours {
        let sql = "INSERT INTO activity (site, number, hour, capture, octets) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (site, number, hour, capture) DO UPDATE SET octets = excluded.octets";
        database.execute(sql, (site, number, hour, capture, count(*octets)))?;
    }
    Ok(())
}

/// Reads octets by capture and hour.
pub(crate) fn load(
    database: &Database,
    site: &str,
    number: i64,
) -> Result<BTreeMap<i64, BTreeMap<i64, u64>>, Fault> {
    let sql = "SELECT capture, hour, octets FROM activity WHERE site = $1 AND number = $2";
    let mut by_capture: BTreeMap<i64, BTreeMap<i64, u64>> = BTreeMap::new();
    database.query(sql, (site, number), |row| {
        by_capture.entry(row.get(0)?).or_default().insert(row.get(1)?, uncount(row.get(2)?));
        Ok(())
    })?;
    Ok(by_capture)
}

/// Sums the parts of one connection over captures.
pub(crate) fn total(parts: &BTreeMap<i64, Part>, captures: &BTreeMap<i64, Known>) -> Part {
    let mut by_hour: BTreeMap<i64, Vec<Sight<'_>>> = BTreeMap::new();
    for (number, part) in parts {
        let Some(known) = captures.get(number) else { continue };
        for (hour, octets) in &part.hours {
            by_hour.entry(*hour).or_default().push(Sight { known, octets: *octets });
        }
    }
    let mut sum = Part::default();
    let mut counted: BTreeMap<i64, u128> = BTreeMap::new();
    for (hour, sights) in by_hour {
        for sight in counting(sights) {
            let octets = sum.hours.entry(hour).or_default();
            *octets = octets.saturating_add(sight.octets);
            *counted.entry(sight.known.number).or_default() += weight(sight.octets);
        }
    }
    for (number, counted) in counted {
        let Some(part) = parts.get(&number) else { continue };
        let all = part.hours.values().copied().map(weight).sum();
        sum.sessions = sum.sessions.saturating_add(share(part.sessions, counted, all));
        sum.bytes_out = sum.bytes_out.saturating_add(share(part.bytes_out, counted, all));
        sum.bytes_in = sum.bytes_in.saturating_add(share(part.bytes_in, counted, all));
    }
    sum
}

/// One capture's octets in one hour.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'k> {
    pub(crate) known: &'k Known,
    pub(crate) octets: u64,
}

/// Gives the captures that count in one hour: the largest of each group of the same time.
pub(crate) fn counting(mut sights: Vec<Sight<'_>>) -> Vec<Sight<'_>> {
    // By time and identity, not by number: the sum is the same in whatever order captures were read.
    sights.sort_by(|a, b| {
        let by_time = (a.known.span.first, a.known.span.last).cmp(&(b.known.span.first, b.known.span.last));
        by_time.then_with(|| a.known.identity.cmp(&b.known.identity))
    });
    let mut counting = Vec::new();
    let mut group: Option<(Span, Vec<Origin<'_>>)> = None;
    for sight in sights {
        let span = sight.known.span;
        match &mut group {
            Some((so_far, origins)) if so_far.overlaps(span) => {
                *so_far = so_far.with(span);
                add(origins, sight);
            }
            _ => {
                let before = group.replace((span, vec![Origin::of(sight)]));
                counting.extend(before.into_iter().flat_map(|(_, origins)| largest(origins)));
            }
        }
    }
    counting.extend(group.into_iter().flat_map(|(_, origins)| largest(origins)));
    counting
}

/// What saw the packets of one group: a file's capture, or a sensor with its days.
struct Origin<'k> {
    sights: Vec<Sight<'k>>,
    octets: u64,
}

impl<'k> Origin<'k> {
    fn of(sight: Sight<'k>) -> Self {
        Self { sights: vec![sight], octets: sight.octets }
    }

    /// The days of one sensor hold other packets each, also where its clock was set back.
    fn has(&self, sight: &Sight<'_>) -> bool {
        let sensor = self.sights.first().and_then(|first| first.known.sensor.as_ref());
        sensor.is_some() && sensor == sight.known.sensor.as_ref()
    }
}

fn add<'k>(origins: &mut Vec<Origin<'k>>, sight: Sight<'k>) {
    match origins.iter_mut().find(|origin| origin.has(&sight)) {
        Some(origin) => {
            origin.octets = origin.octets.saturating_add(sight.octets);
            origin.sights.push(sight);
        }
        None => origins.push(Origin::of(sight)),
    }
}

/// Gives the sights of the largest origin, of equals those of the first.
fn largest(origins: Vec<Origin<'_>>) -> Vec<Sight<'_>> {
    let best = origins.into_iter().reduce(|best, next| if next.octets > best.octets { next } else { best });
    best.map(|best| best.sights).unwrap_or_default()
}

/// Gives an hour's weight; an hour without octets still counts for something.
fn weight(octets: u64) -> u128 {
    u128::from(octets.max(1))
}

/// Gives a share of a counter, rounded up.
fn share(value: u64, part: u128, all: u128) -> u64 {
    let shared = (u128::from(value) * part).div_ceil(all.max(1));
    u64::try_from(shared).unwrap_or(u64::MAX)
}

fn hour(micros: i64) -> i64 {
    micros.div_euclid(HOUR_US).saturating_mul(HOUR_US)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First and last minute, and octets by hour.
    type Captures<'c> = &'c [(i64, i64, &'c [(i64, u64)])];

    fn sum(captures: Captures<'_>) -> (u64, Vec<u64>) {
        let minute = 60_000_000;
        let mut known = BTreeMap::new();
        let mut parts = BTreeMap::new();
        for (number, (first, last, octets)) in (1..).zip(captures) {
            let span = Span { first: first * minute, last: last * minute };
            known.insert(number, Known { number, span, identity: format!("{number:04}"), sensor: None });
            let hours: BTreeMap<i64, u64> = octets.iter().map(|(hour, n)| (hour * HOUR_US, *n)).collect();
            let bytes_out = hours.values().sum();
            parts.insert(number, Part { sessions: 1, bytes_out, bytes_in: 0, hours });
        }
        let total = total(&parts, &known);
        (total.bytes_out, total.hours.into_values().collect())
    }

    #[test]
    fn an_hour_is_summed_over_times_and_not_over_copies() {
        // (captures, octets out, octets by hour, why)
        let cases: [(Captures<'_>, u64, &[u64], &str); 6] = [
            (&[(0, 59, &[(0, 10)])], 10, &[10], "one"),
            (&[(0, 30, &[(0, 10)]), (30, 59, &[(0, 7)])], 17, &[17], "files rotated at half past"),
            (&[(0, 59, &[(0, 17)]), (0, 30, &[(0, 10)])], 17, &[17], "the first half read again"),
            (&[(0, 30, &[(0, 10)]), (30, 59, &[(0, 7)]), (0, 59, &[(0, 17)])], 17, &[17], "and both in one"),
            (
                &[(0, 120, &[(0, 10), (1, 20)]), (60, 180, &[(1, 20), (2, 5)])],
                35,
                &[10, 20, 5],
                "a common hour",
            ),
            (&[(0, 59, &[(0, 10)]), (0, 59, &[(0, 10)])], 10, &[10], "two mirror ports"),
        ];
        for (captures, out, hours, why) in cases {
            assert_eq!(sum(captures), (out, hours.to_vec()), "{why}");
        }
    }

    #[test]
    fn counters_at_their_end_stay_there() {
        let most: &[(i64, u64)] = &[(0, u64::MAX)];
        assert_eq!(sum(&[(0, 10, most), (20, 30, most)]), (u64::MAX, vec![u64::MAX]));
    }
}
