//! Sensors: what of their roll-ups is recorded, and how long each has watched.
//!
//! Silence is told by a sensor's watch and not by the clock: the watch runs only while frames come in,
//! so that a box that was off tells nobody silent when it comes back, and it never goes back. A
//! connection is waited for by the sensor that saw it last; one that only files show, by the first
//! sensor that watches after them.

use jiff::Timestamp;

use crate::capture::Span;
use crate::connection::{self, Row};
use crate::error::Fault;
use crate::sql::{count, time, uncount};
use crate::store::Database;

/// The longest that one roll-up counts as watched, in microseconds: it spans minutes, and one that
/// claims more was merged after an outage, or saw the clock being set. Silence is told later for it,
/// and never falsely.
const WATCHED_AT_MOST_US: i64 = 3_600_000_000;

/// How many runs of one sensor are remembered: a repeated roll-up is of the last run or of the one
/// before, and a daemon that starts anew every few minutes shall not fill the ledger.
const RUNS: i64 = 64;

/// Which roll-up this is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RollUp {
    /// The sensor's name: the box, and the same after it was replaced.
    pub sensor: String,
    /// The random id of this start of the daemon.
    pub run: String,
    /// Its number in the run: each is larger than the one before.
    pub sequence: u64,
    /// Whether a time server holds the clock by which it has its times.
    pub clock_held: bool,
}

/// The roll-up of a sensor that was recorded last.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LastRollUp {
    /// The start of the daemon that it is of.
    pub run: String,
    /// Its number in the run.
    pub sequence: u64,
    /// When it was recorded.
    pub at: Timestamp,
}

/// Says whether a roll-up is recorded, or one after it in its run.
pub(crate) fn is_recorded(database: &Database, site: &str, roll_up: &RollUp) -> Result<bool, Fault> {
    let sql = "SELECT sequence FROM runs WHERE site = $1 AND sensor = $2 AND run = $3";
    let last: Option<i64> =
        database.query_row(sql, (site, &roll_up.sensor, &roll_up.run), |row| row.get(0))?;
    Ok(last.is_some_and(|last| count(roll_up.sequence) <= last))
}

/// Enters a roll-up that is of a span, of which frames take up their own, and gives the sensor's watch after it.
pub(crate) fn enter(
    database: &Database,
    site: &str,
    roll_up: &RollUp,
    (span, frames): (Option<Span>, Option<Span>),
    now: i64,
) -> Result<i64, Fault> {
    let watched = frames.map_or(0, |span| span.last.saturating_sub(span.first).clamp(0, WATCHED_AT_MOST_US));
    let sql = "INSERT INTO sensors (site, sensor, watched, roll_ups, first_seen, last_seen) \
               VALUES ($1, $2, $3, 1, $4, $5) ON CONFLICT (site, sensor) DO UPDATE SET \
               watched = sensors.watched + excluded.watched, roll_ups = sensors.roll_ups + 1, \
               first_seen = CASE WHEN excluded.first_seen < sensors.first_seen THEN excluded.first_seen \
                 ELSE COALESCE(sensors.first_seen, excluded.first_seen) END, \
               last_seen = CASE WHEN excluded.last_seen > sensors.last_seen THEN excluded.last_seen \
                 ELSE COALESCE(sensors.last_seen, excluded.last_seen) END";
    let (first, last) = (span.map(|span| span.first), span.map(|span| span.last));
    database.execute(sql, (site, &roll_up.sensor, watched, first, last))?;
    let sql = "SELECT watched, roll_ups FROM sensors WHERE site = $1 AND sensor = $2";
    let entered: Option<(i64, i64)> =
        database.query_row(sql, (site, &roll_up.sensor), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let gone = || Fault::Damaged(format!("sensor `{}` is not there", roll_up.sensor));
    let (reading, place) = entered.ok_or_else(gone)?;
    let sql = "INSERT INTO runs (site, sensor, run, sequence, place, recorded_at) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (site, sensor, run) DO UPDATE SET \
               sequence = excluded.sequence, place = excluded.place, recorded_at = excluded.recorded_at";
    let sequence = count(roll_up.sequence);
    database.execute(sql, (site, &roll_up.sensor, &roll_up.run, sequence, place, now))?;
    let sql = "DELETE FROM runs WHERE site = $1 AND sensor = $2 AND run NOT IN \
               (SELECT run FROM runs WHERE site = $1 AND sensor = $2 ORDER BY place DESC LIMIT $3)";
    database.execute(sql, (site, &roll_up.sensor, RUNS))?;
    Ok(reading)
}

/// Reads which roll-up of a sensor was recorded last.
pub(crate) fn last(database: &Database, site: &str, sensor: &str) -> Result<Option<LastRollUp>, Fault> {
    let sql = "SELECT run, sequence, recorded_at FROM runs WHERE site = $1 AND sensor = $2 \
               ORDER BY place DESC LIMIT 1";
    database.query_row(sql, (site, sensor), |row| {
        Ok(LastRollUp { run: row.get(0)?, sequence: uncount(row.get(1)?), at: time(row.get(2)?)? })
    })
}

/// Lets a sensor wait for a connection that it saw, until a reading of its watch.
pub(crate) fn wait_for(
    database: &Database,
    site: &str,
    number: i64,
    sensor: &str,
    silent_at: i64,
) -> Result<(), Fault> {
    let sql = "UPDATE connections SET watched_by = $3, silent_at = $4 WHERE site = $1 AND number = $2";
    database.execute(sql, (site, number, sensor, silent_at))
}

/// Lets the next sensor that watches wait for a connection that a file showed later than any sensor.
pub(crate) fn release(database: &Database, site: &str, number: i64) -> Result<(), Fault> {
    let sql = "UPDATE connections SET watched_by = NULL, silent_at = NULL WHERE site = $1 AND number = $2";
    database.execute(sql, (site, number))
}

/// Reads the connections that nobody waits for and that were last seen before a time.
pub(crate) fn unwatched(database: &Database, site: &str, before: i64) -> Result<Vec<Row>, Fault> {
    // `+` keeps time from choosing the index: nearly all of a site was last seen before now.
    let choice = "site = $1 AND watched_by IS NULL AND +last_seen < $2";
    connection::not_silent(database, choice, (site, before))
}

/// Reads the connections for which a sensor has waited long enough.
pub(crate) fn overdue(
    database: &Database,
    site: &str,
    sensor: &str,
    reading: i64,
) -> Result<Vec<Row>, Fault> {
    let choice = "site = $1 AND watched_by = $2 AND silent_at <= $3";
    connection::not_silent(database, choice, (site, sensor, reading))
}
