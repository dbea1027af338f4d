//! What a sensor's roll-ups of one day (UTC) add up to: the day's capture, and what each connection
//! counted in it.
//!
//! A roll-up over midnight is parted there: octets by their hours, sessions to the day in which they
//! began. So the days of one sensor never share any time, and what overlaps a file's capture is a day
//! at a time.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_api::{Capture, Connection};

use crate::capture::{self, Span};
use crate::error::Fault;
use crate::rollup::{HOUR_US, Part};
use crate::sql::{count, json, micros, time, uncount, unjson};
use crate::store::{Database, Row};
use crate::summary;

const DAY_US: i64 = 24 * HOUR_US;

/// The number of a day since the Unix epoch.
pub(crate) fn number(micros: i64) -> i64 {
    micros.div_euclid(DAY_US)
}

/// Gives the part of a span that lies in a day.
pub(crate) fn clip(span: Span, day: i64) -> Span {
    let begin = day.saturating_mul(DAY_US);
    let first = span.first.max(begin);
    Span { first, last: span.last.min(begin.saturating_add(DAY_US - 1)).max(first) }
}

/// Moves hours that lie outside a span to its ends, which an honest roll-up never needs.
pub(crate) fn within(hours: &BTreeMap<i64, u64>, span: Span) -> BTreeMap<i64, u64> {
    let [first, last] = [span.first, span.last].map(|at| at.div_euclid(HOUR_US).saturating_mul(HOUR_US));
    let mut kept = BTreeMap::new();
    for (hour, octets) in hours {
        let sum: &mut u64 = kept.entry((*hour).clamp(first, last)).or_default();
        *sum = sum.saturating_add(*octets);
    }
    kept
}

/// Gives the days that a roll-up has something of: those of its ends and of its hours.
pub(crate) fn touched<'h>(span: Span, hours: impl Iterator<Item = &'h BTreeMap<i64, u64>>) -> BTreeSet<i64> {
    let hours = hours.flat_map(BTreeMap::keys).map(|hour| number(*hour));
    hours.chain([number(span.first), number(span.last)]).collect()
}

/// Parts what a connection counted by days; the parts add up to the whole.
pub(crate) fn parts(connection: &Connection, hours: &BTreeMap<i64, u64>) -> BTreeMap<i64, Part> {
    let mut parts: BTreeMap<i64, Part> = BTreeMap::new();
    for (hour, octets) in hours {
        parts.entry(number(*hour)).or_default().hours.insert(*hour, *octets);
    }
    let all: u128 = hours.values().map(|octets| u128::from(*octets)).sum();
    let (mut so_far, mut sessions) = (0_u128, connection.sessions);
    let last = parts.keys().next_back().copied();
    for (day, part) in &mut parts {
        let before = so_far;
        so_far += part.hours.values().map(|octets| u128::from(*octets)).sum::<u128>();
        let whole = Some(*day) == last;
        let until = |value: u64, octets: u128| share(value, octets, all);
        let of = |value: u64| {
            let end = if whole { value } else { until(value, so_far) };
            end.saturating_sub(until(value, before))
        };
        part.bytes_out = of(connection.bytes_out);
        part.bytes_in = of(connection.bytes_in);
        part.sessions = std::mem::take(&mut sessions);
    }
    parts
}

/// Gives a share of a counter, rounded down; nothing of nothing.
fn share(value: u64, part: u128, all: u128) -> u64 {
    u64::try_from((u128::from(value) * part).checked_div(all).unwrap_or(0)).unwrap_or(u64::MAX)
}

/// A day's capture, brought up to date.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extended {
    pub(crate) capture: i64,
    /// Its span before; none where the day is new.
    pub(crate) before: Option<Span>,
}

/// Extends a day's capture by a span and by counters, and makes it with the number from `next` where it
/// is new.
pub(crate) fn extend(
    database: &Database,
    (site, sensor, day): (&str, &str, i64),
    span: Span,
    counted: Capture,
    now: i64,
    next: impl FnOnce() -> i64,
) -> Result<Extended, Fault> {
    let identity = format!("sensor:{}", capture::digest([sensor, &day.to_string()]));
    let known = load(database, site, &identity)?;
    let extended = match &known {
        Some((capture, before, _)) => Extended { capture: *capture, before: Some(*before) },
        None => Extended { capture: next(), before: None },
    };
    let span = extended.before.map_or(span, |before| before.with(span));
    let sum = summary::add(known.map(|(_, _, sum)| sum).unwrap_or_default(), counted);
    let sum = Capture { first_seen: Some(time(span.first)?), last_seen: Some(time(span.last)?), ..sum };
    let sql = "INSERT INTO captures \
               (site, capture, identity, analysis, first_seen, last_seen, recorded_at, detail, sensor) \
               VALUES ($1, $2, $3, '', $4, $5, $6, $7, $8) \
               ON CONFLICT (site, capture) DO UPDATE SET first_seen = excluded.first_seen, \
               last_seen = excluded.last_seen, recorded_at = excluded.recorded_at, detail = excluded.detail";
    let detail = json(&crate::clean::row(&sum)?)?;
    let values = (site, extended.capture, identity, span.first, span.last, now, detail, sensor);
    database.execute(sql, values)?;
    Ok(extended)
}

fn load(database: &Database, site: &str, identity: &str) -> Result<Option<(i64, Span, Capture)>, Fault> {
    let sql = "SELECT capture, first_seen, last_seen, detail FROM captures WHERE site = $1 AND identity = $2";
    database.query_row(sql, (site, identity), |row| {
        let span = Span { first: row.get(1)?, last: row.get(2)? };
        Ok((row.get(0)?, span, unjson(&row.get::<String>(3)?)?))
    })
}

/// Adds what a connection counted to its day.
pub(crate) fn add(
    database: &Database,
    site: &str,
    capture: i64,
    number: i64,
    more: &Part,
) -> Result<(), Fault> {
    let mut sum = of_connection(database, site, capture, number)?.unwrap_or_default();
    sum.sessions = sum.sessions.saturating_add(more.sessions);
    sum.bytes_out = sum.bytes_out.saturating_add(more.bytes_out);
    sum.bytes_in = sum.bytes_in.saturating_add(more.bytes_in);
    for (hour, octets) in &more.hours {
        let total = sum.hours.entry(*hour).or_default();
        *total = total.saturating_add(*octets);
    }
    let hours: BTreeMap<i64, u64> =
        sum.hours.iter().map(|(hour, octets)| (hour.div_euclid(HOUR_US), *octets)).collect();
    let sql = "INSERT INTO days (site, capture, number, sessions, bytes_out, bytes_in, hours) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) \
               ON CONFLICT (site, capture, number) DO UPDATE SET sessions = excluded.sessions, \
               bytes_out = excluded.bytes_out, bytes_in = excluded.bytes_in, hours = excluded.hours";
    let [sessions, out, into] = [sum.sessions, sum.bytes_out, sum.bytes_in].map(count);
    database.execute(sql, (site, capture, number, sessions, out, into, json(&hours)?))
}

/// Reads what a connection counted in one day.
pub(crate) fn of_connection(
    database: &Database,
    site: &str,
    capture: i64,
    number: i64,
) -> Result<Option<Part>, Fault> {
    let sql = "SELECT sessions, bytes_out, bytes_in, hours FROM days \
               WHERE site = $1 AND capture = $2 AND number = $3";
    database.query_row(sql, (site, capture, number), |row| part(row, 0))
}

/// Reads what a connection counted in every day from that of capture `since` on, by capture.
pub(crate) fn all(
    database: &Database,
    site: &str,
    number: i64,
    since: i64,
) -> Result<BTreeMap<i64, Part>, Fault> {
    let sql = "SELECT capture, sessions, bytes_out, bytes_in, hours FROM days \
               WHERE site = $1 AND number = $2 AND capture >= $3";
    let days = database.query(sql, (site, number, since), |row| Ok((row.get(0)?, part(row, 1)?)))?;
    Ok(days.into_iter().collect())
}

/// Reads which connections a day has.
pub(crate) fn connections(database: &Database, site: &str, capture: i64) -> Result<BTreeSet<i64>, Fault> {
    let sql = "SELECT number FROM days WHERE site = $1 AND capture = $2";
    Ok(database.query(sql, (site, capture), |row| row.get(0))?.into_iter().collect())
}

fn part(row: &Row<'_>, from: usize) -> Result<Part, Fault> {
    let hours: BTreeMap<i64, u64> = unjson(&row.get::<String>(from + 3)?)?;
    Ok(Part {
        sessions: uncount(row.get(from)?),
        bytes_out: uncount(row.get(from + 1)?),
        bytes_in: uncount(row.get(from + 2)?),
        hours: hours.into_iter().map(|(hour, octets)| (hour.saturating_mul(HOUR_US), octets)).collect(),
    })
}

/// Gives the span in which a roll-up's connections and frames lie.
pub(crate) fn span(capture: &Capture, connections: &[&Connection]) -> Option<Span> {
    let spans = connections.iter().map(|connection| Span {
        first: micros(connection.first_seen),
        last: micros(connection.last_seen.max(connection.first_seen)),
    });
    spans.chain(frames(capture)).reduce(Span::with)
}

/// Gives the span in which a roll-up's frames lie.
pub(crate) fn frames(capture: &Capture) -> Option<Span> {
    let (first, last) = capture.first_seen.zip(capture.last_seen)?;
    Some(Span { first: micros(first.min(last)), last: micros(last.max(first)) })
}
