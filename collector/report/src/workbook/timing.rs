//! When a connection is used: always or now and then, at which hours, how often.
//!
//! Told from the ledger's hours of traffic where there are any; a single capture of minutes cannot
//! tell what is always on, and then nothing of it is said.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use sekisho_api::Connection;

use crate::calendar::Calendar;
use crate::text::{Lang, fill, text};

use super::cell::Cell;

/// Hours of observation from which "always on" means something.
const ENOUGH_HOURS: i64 = 8;
/// Percent of the hours in sight that a connection always on fills: it may miss one at a restart.
const ALWAYS_PERCENT: i64 = 90;
/// The score from which an interval is named.
const REGULAR: f64 = 0.7;

/// The days of a week, from Monday, in the catalogue.
const DAYS: [&str; 7] = [
    "day.monday",
    "day.tuesday",
    "day.wednesday",
    "day.thursday",
    "day.friday",
    "day.saturday",
    "day.sunday",
];

/// Gives the cell of a connection.
pub(super) fn of(connection: &Connection, lang: Lang, zone: &TimeZone) -> Cell {
    Cell::lines([
        presence(connection, lang),
        hours(connection, zone),
        Some(frequency(connection, lang)),
        peak(connection, lang, zone),
        worked(connection, lang, zone),
    ])
}

/// Gives on how many days of the zone it was seen.
pub(super) fn days(connection: &Connection, zone: &TimeZone) -> Cell {
    let day = |at: jiff::Timestamp| at.to_zoned(zone.clone()).date();
    let mut days: BTreeSet<_> = connection.hours.iter().map(|(hour, _)| day(*hour)).collect();
    days.extend([day(connection.first_seen), day(connection.last_seen)]);
    Cell::Count(days.len() as u64)
}

fn presence(connection: &Connection, lang: Lang) -> Option<String> {
    let (first, _) = connection.hours.first()?;
    let (last, _) = connection.hours.last()?;
    let span = (last.as_second() - first.as_second()) / 3600 + 1;
    if span < ENOUGH_HOURS {
        return None;
    }
    let with_traffic = i64::try_from(connection.hours.len()).unwrap_or(i64::MAX);
    let always = with_traffic.saturating_mul(100) >= span.saturating_mul(ALWAYS_PERCENT);
    Some(match (always, lang) {
        (true, Lang::Ja) => "常時".to_owned(),
        (true, Lang::En) => "Always on".to_owned(),
        (false, Lang::Ja) => format!("都度（{span} 時間中 {with_traffic} 時間）"),
        (false, Lang::En) => format!("Now and then ({with_traffic} of {span} hours)"),
    })
}

/// Gives the hours of the day with traffic as ranges, unless it is all of them.
fn hours(connection: &Connection, zone: &TimeZone) -> Option<String> {
    let hours: BTreeSet<i8> =
        connection.hours.iter().map(|(hour, _)| hour.to_zoned(zone.clone()).hour()).collect();
    if hours.is_empty() || hours.len() == 24 {
        return None;
    }
    let hours: Vec<i8> = hours.into_iter().collect();
    let runs = hours.chunk_by(|before, after| before + 1 == *after);
    let ranges = runs.filter_map(|run| Some(format!("{:02}:00-{:02}:00", run.first()?, run.last()? + 1)));
    Some(ranges.collect::<Vec<_>>().join(", "))
}

fn frequency(connection: &Connection, lang: Lang) -> String {
    let sessions = connection.sessions;
    let interval = connection.beacon.as_ref().filter(|beacon| beacon.score >= REGULAR);
    match (interval, lang) {
        (Some(beacon), Lang::Ja) => format!("{sessions} 回、約 {} 間隔", interval_of(beacon.period_s, lang)),
        (Some(beacon), Lang::En) => {
            format!("{sessions} times, about every {}", interval_of(beacon.period_s, lang))
        }
        (None, Lang::Ja) => format!("{sessions} 回"),
        (None, Lang::En) if sessions == 1 => "once".to_owned(),
        (None, Lang::En) => format!("{sessions} times"),
    }
}

/// Gives the hour of the week in which it is used most, where one stands out.
fn peak(connection: &Connection, lang: Lang, zone: &TimeZone) -> Option<String> {
    let (day, hour) = Calendar::of(connection, zone)?.peak()?;
    let day = text(lang, DAYS.get(day)?);
    let hour = format!("{hour:02}:00");
    Some(fill(lang, "summary.peak", &[("day", &day), ("hour", &hour)]))
}

/// Gives how often somebody worked from outside, and when last.
fn worked(connection: &Connection, lang: Lang, zone: &TimeZone) -> Option<String> {
    let last = connection.maintenance.last()?;
    let local = |at: jiff::Timestamp, form: &str| at.to_zoned(zone.clone()).strftime(form).to_string();
    let (start, end) = (local(last.start, "%Y-%m-%d %H:%M"), local(last.end, "%H:%M"));
    let count = connection.maintenance.len();
    Some(fill(lang, "summary.worked", &[("count", &count), ("start", &start), ("end", &end)]))
}

fn interval_of(seconds: f64, lang: Lang) -> String {
    let (count, ja, en) = match seconds {
        ..120.0 => (seconds, "秒", "s"),
        120.0..7200.0 => (seconds / 60.0, "分", "min"),
        _ => (seconds / 3600.0, "時間", "h"),
    };
    match lang {
        Lang::Ja => format!("{count:.0} {ja}"),
        Lang::En => format!("{count:.0} {en}"),
    }
}
