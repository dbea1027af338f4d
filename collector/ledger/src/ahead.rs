//! What was recorded with a clock that ran ahead, put right once the clock was set back.
//!
//! A last sight only moves on, so that one in the future would stay there until that day comes, and what is gone
//! would look as if it had just been seen. Only times are moved, to the newest that makes sense; what was found
//! stays, and so does what the history told then.
//!
//! A clock that fell back (an empty battery, a slip) looks the same, and by it everything would be moved into the
//! past. A time server tells them apart. Without one, a clock that was never set is not believed, nor one on whose
//! next day the sensor has watched already.

use jiff::Timestamp;
use sekisho_api::{Connection, ExitRow};

use crate::connection;
use crate::device::State;
use crate::error::Fault;
use crate::fold::{Kind, Stored};
use crate::sql::{json, time, unjson};
use crate::store::Database;
use crate::watch::RollUp;

const DAY_US: i64 = 24 * 3_600_000_000;
/// How far ahead of the newest frame what was recorded must lie, in microseconds: less is made good by waiting,
/// and files may come from a machine with a clock of its own.
const AHEAD_US: i64 = DAY_US;
/// The same where a time server holds the clock, so that it is known to be the earlier one that was wrong.
const AHEAD_OF_HELD_US: i64 = 5 * 60_000_000;
/// 2026-01-01T00:00:00Z: no sensor has seen an earlier day.
const EARLIEST_US: i64 = 1_767_225_600_000_000;

/// Puts right what lies ahead of `newest`, where the sensor's own last sight does: then its clock was set back.
pub(crate) fn put_right(database: &Database, site: &str, roll_up: &RollUp, newest: i64) -> Result<(), Fault> {
    let sensor = roll_up.sensor.as_str();
    let limit = newest.saturating_add(if roll_up.clock_held { AHEAD_OF_HELD_US } else { AHEAD_US });
    let sql = "SELECT last_seen FROM sensors WHERE site = $1 AND sensor = $2";
    let last: Option<Option<i64>> = database.query_row(sql, (site, sensor), |row| row.get(0))?;
    if last.flatten().is_none_or(|last| last <= limit) {
        return Ok(());
    }
    if !roll_up.clock_held && (newest < EARLIEST_US || has_next_day(database, site, sensor, newest)?) {
        return Ok(());
    }
    let at = time(newest)?;
    rows::<State>(
        database,
        site,
        "SELECT device FROM devices WHERE site = $1 AND last_seen > $2",
        limit,
        at,
    )?;
    rows::<ExitRow>(database, site, "SELECT mac FROM exits WHERE site = $1 AND last_seen > $2", limit, at)?;
    let sql = "SELECT number FROM connections WHERE site = $1 AND last_seen > $2";
    for number in database.query(sql, (site, limit), |row| row.get::<i64>(0))? {
        let mut row = connection::load(database, site, number)?;
        row.connection.not_after(at);
        row.silent_from = row.silent_from.map(|from| from.min(newest));
        connection::update(database, site, &row)?;
        standing::<Connection>(database, site, &number.to_string(), at)?;
    }
    let sql = "UPDATE sensors SET last_seen = $3, first_seen = CASE WHEN first_seen > $3 THEN $3 ELSE first_seen END \
               WHERE site = $1 AND sensor = $2";
    database.execute(sql, (site, sensor, newest))
}

/// Tells whether the sensor has begun to watch another day within the one that follows a time.
fn has_next_day(database: &Database, site: &str, sensor: &str, at: i64) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM captures \
               WHERE site = $1 AND sensor = $2 AND first_seen > $3 AND first_seen <= $4 LIMIT 1";
    let next: Option<i64> =
        database.query_row(sql, (site, sensor, at, at.saturating_add(DAY_US)), |row| row.get(0))?;
    Ok(next.is_some())
}

fn rows<K: Stored>(
    database: &Database,
    site: &str,
    ahead: &str,
    limit: i64,
    at: Timestamp,
) -> Result<(), Fault> {
    for key in database.query(ahead, (site, limit), |row| row.get::<String>(0))? {
        let Some((mut row, withdrawn)) = K::load(database, site, &key)? else { continue };
        row.not_after(at);
        row.save(database, site, &key)?;
        if withdrawn {
            K::withdraw(database, site, &key)?;
        }
        standing::<K>(database, site, &key, at)?;
    }
    Ok(())
}

/// What sensors said of it, from which the row may be made anew.
fn standing<K: Kind>(database: &Database, site: &str, key: &str, at: Timestamp) -> Result<(), Fault> {
    let sql = "SELECT sensor, detail FROM standing WHERE site = $1 AND kind = $2 AND subject = $3";
    let said: Vec<(String, String)> =
        database.query(sql, (site, K::WORD, key), |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (sensor, detail) in said {
        let mut row: K = unjson(&detail)?;
        row.not_after(at);
        let sql =
            "UPDATE standing SET detail = $5 WHERE site = $1 AND kind = $2 AND subject = $3 AND sensor = $4";
        database.execute(sql, (site, K::WORD, key, sensor, json(&row)?))?;
    }
    Ok(())
}
