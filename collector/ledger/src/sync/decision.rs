//! What people decided: one writer's word a row, never changed. The latest stamp of a field holds; the
//! earlier ones are its history, on both sides the same.
//!
//! A stamp is a hybrid logical clock: the time, but later than every stamp that its writer had seen. So a
//! decision made in knowledge of another prevails over it, whatever the clocks say. There is always room for
//! one: nobody brings the other's stamps near the end of time ([`LAST_MICROS`]).

use jiff::Timestamp;
use sekisho_api::sync::{Cursor, Decision};

use super::outbox::fresh_id;
use crate::capture::digest;
use crate::clean;
use crate::error::Fault;
use crate::sql::micros;
use crate::store::{Database, Row};

/// Decisions that one answer carries.
const PAGE: usize = 500;
/// Octets of a decision's value: a note of some pages.
const MAX_VALUE_BYTES: usize = 64 * 1024;
/// Hexadecimal digits of the time in a stamp, and of what makes it unique.
const DIGITS: usize = 16;
/// The year 2200: what the other side sends may lie beyond it only where it follows what is known here.
const LAST_MICROS: i64 = 7_258_118_400_000_000;
/// How far it may follow, in microseconds: a day, of which a decision takes one.
const STEP_MICROS: i64 = 24 * 3_600_000_000;

/// Where a decision was made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Origin {
    Here,
    There,
}

/// What is decided about one field.
pub(crate) struct Field<'f> {
    pub(crate) kind: &'f str,
    pub(crate) subject: &'f str,
    pub(crate) name: &'f str,
}

/// Enters a decision that is made here.
pub(crate) fn decide(
    database: &Database,
    site: &str,
    field: &Field<'_>,
    value: Option<&str>,
    author: &str,
    now: Timestamp,
) -> Result<Decision, Fault> {
    let decision = Decision {
        kind: clean::text(field.kind),
        subject: clean::text(field.subject),
        field: clean::text(field.name),
        stamp: stamp(database, site, now)?,
        value: value.map(str::to_owned),
        author: clean::text(author),
    };
    merge(database, site, &decision, Origin::Here)?;
    Ok(decision)
}

/// Makes a stamp for what is decided here.
pub(crate) fn stamp(database: &Database, site: &str, now: Timestamp) -> Result<String, Fault> {
    let time = micros(now).max(latest(database, site)?.saturating_add(1));
    let unique: String = fresh_id()?.chars().take(DIGITS).collect();
    Ok(format!("{time:016x}-{unique}"))
}

/// Makes a stamp of what was decided at a time: whoever makes it again makes the same.
pub(crate) fn stamp_of<'t>(at: i64, what: impl IntoIterator<Item = &'t str>) -> String {
    let unique: String = digest(what).chars().take(DIGITS).collect();
    format!("{:016x}-{unique}", at.max(0))
}

/// Enters a decision; one that is there already changes nothing.
pub(crate) fn merge(
    database: &Database,
    site: &str,
    decision: &Decision,
    origin: Origin,
) -> Result<(), Fault> {
    check(decision)?;
    let Decision { kind, subject, field, stamp, value, author } = decision;
    let beyond = time(stamp).filter(|time| *time > LAST_MICROS);
    if let Some(time) = beyond
        && origin == Origin::There
        && time > latest(database, site)?.saturating_add(STEP_MICROS)
    {
        return Err(Fault::Refused("a decision of the far future".to_owned()));
    }
    let next = "SELECT COALESCE(MAX(arrived), 0) + 1 FROM decisions WHERE site = $1";
    let arrived: i64 = database.query_row(next, (site,), |row| row.get(0))?.unwrap_or(1);
    let sql = "INSERT INTO decisions (site, kind, subject, field, stamp, value, author, origin, arrived) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
               ON CONFLICT (site, kind, subject, field, stamp) DO NOTHING";
    let origin = i64::from(origin == Origin::There);
    database.execute(sql, (site, kind, subject, field, stamp, value, author, origin, arrived))
}

/// Gives the time of the latest stamp of a site.
fn latest(database: &Database, site: &str) -> Result<i64, Fault> {
    let sql = "SELECT MAX(stamp) FROM decisions WHERE site = $1";
    let latest: Option<Option<String>> = database.query_row(sql, (site,), |row| row.get(0))?;
    Ok(latest.flatten().and_then(|stamp| time(&stamp)).unwrap_or(0))
}

/// Refuses a decision that could not be kept.
pub(super) fn check(decision: &Decision) -> Result<(), Fault> {
    let Decision { kind, subject, field, stamp, value, author } = decision;
    let texts = [kind, subject, field, author];
    let sound = time(stamp).is_some()
        && texts.iter().all(|text| text.len() <= clean::MAX_TEXT_BYTES && !text.contains('\0'))
        && value.as_ref().is_none_or(|value| value.len() <= MAX_VALUE_BYTES && !value.contains('\0'));
    if sound { Ok(()) } else { Err(Fault::Refused("a decision that is not sound".to_owned())) }
}

/// Gives what holds of one kind, in the order of subjects and fields.
pub(crate) fn current(database: &Database, site: &str, kind: &str) -> Result<Vec<Decision>, Fault> {
    let sql = "SELECT kind, subject, field, stamp, value, author FROM decisions d \
               WHERE site = $1 AND kind = $2 AND stamp = (SELECT MAX(stamp) FROM decisions e \
               WHERE e.site = d.site AND e.kind = d.kind AND e.subject = d.subject AND e.field = d.field) \
               ORDER BY subject, field";
    database.query(sql, (site, kind), decision)
}

/// Gives all that was decided of one kind, the latest last.
pub(crate) fn all(database: &Database, site: &str, kind: &str) -> Result<Vec<Decision>, Fault> {
    let sql = "SELECT kind, subject, field, stamp, value, author FROM decisions \
               WHERE site = $1 AND kind = $2 ORDER BY stamp";
    database.query(sql, (site, kind), decision)
}

/// Gives all that was decided of one thing, the latest last.
pub(crate) fn of(database: &Database, site: &str, kind: &str, subject: &str) -> Result<Vec<Decision>, Fault> {
    let sql = "SELECT kind, subject, field, stamp, value, author FROM decisions \
               WHERE site = $1 AND kind = $2 AND subject = $3 ORDER BY stamp";
    database.query(sql, (site, kind, subject), decision)
}

/// Gives what was decided here after a place, where the next begins, and whether there is more. Who has nothing
/// yet, or was put back, gets its own back, too: those that had arrived up to `own_until`.
pub(crate) fn after(
    database: &Database,
    site: &str,
    known: &Cursor,
    own_until: i64,
) -> Result<(Vec<Decision>, Cursor, bool), Fault> {
    let known = if is_here(database, site, known)? { known.clone() } else { Cursor::default() };
    let sql = "SELECT kind, subject, field, stamp, value, author, arrived FROM decisions \
               WHERE site = $1 AND arrived > $2 AND (origin = 0 OR $2 = 0 OR arrived <= $4) \
               ORDER BY arrived LIMIT $3";
    let page = i64::try_from(PAGE).unwrap_or(i64::MAX);
    let values = (site, known.place, page, own_until);
    let found = database.query(sql, values, |row| Ok((decision(row)?, row.get(6)?)))?;
    let next = found.last().map(|(last, place)| Cursor { place: *place, mark: last.stamp.clone() });
    let next = next.unwrap_or(known);
    let decisions: Vec<Decision> = found.into_iter().map(|(decision, _)| decision).collect();
    let more = decisions.len() == PAGE;
    Ok((decisions, next, more))
}

/// Says whether a cursor is of this ledger as it is, and not of one that was put back since.
pub(super) fn is_here(database: &Database, site: &str, known: &Cursor) -> Result<bool, Fault> {
    if *known == Cursor::default() {
        return Ok(true);
    }
    let sql = "SELECT stamp FROM decisions WHERE site = $1 AND arrived = $2";
    let mark: Option<String> = database.query_row(sql, (site, known.place), |row| row.get(0))?;
    Ok(mark.is_some_and(|mark| mark == known.mark))
}

fn decision(row: &Row<'_>) -> Result<Decision, Fault> {
    Ok(Decision {
        kind: row.get(0)?,
        subject: row.get(1)?,
        field: row.get(2)?,
        stamp: row.get(3)?,
        value: row.get(4)?,
        author: row.get(5)?,
    })
}

/// Reads the time of a stamp, in microseconds; nothing where it is none.
pub(crate) fn time(stamp: &str) -> Option<i64> {
    let (time, unique) = stamp.split_once('-')?;
    let is_hex =
        |text: &str| text.len() == DIGITS && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    if !is_hex(time) || !is_hex(unique) {
        return None;
    }
    i64::from_str_radix(time, 16).ok()
}
