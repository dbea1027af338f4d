//! What registrations make of connections: which one a connection has, and the status that comes of it.
//!
//! It is worked out when a registration or a connection changes, for the connections that this can touch,
//! and kept with them, so that a list of any length is read without looking for registrations. It rests on
//! all that the ledger holds, so that an approval applies to the past too. Only expiry depends on the hour
//! of reading: the row holds when, and [`shown`] tells.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use jiff::Timestamp;
use sekisho_api::{Connection, Registration};

use crate::day;
use crate::device::State;
use crate::error::Fault;
use crate::matching::{Index, key};
use crate::query::searched;
use crate::registration::{self, expires, zone};
use crate::rollup;
use crate::sql::{time, unjson};
use crate::store::{Database, Dialect, Row, Value};
use crate::{LedgerError, Reader};

/// From so many changed registrations on, all connections are gone through once.
const FEW: usize = 8;

/// The status of what nobody declared.
pub(crate) const UNREGISTERED: &str = "unregistered";

/// A connection whose registration is not the one that is stored, or whose hours have to be looked at.
struct Found {
    number: i64,
    /// As the analysis has it.
    status: String,
    /// The place of its registration.
    registration: Option<usize>,
}

impl Reader {
    /// Tells of each of some registrations, entered or not, which connections of a site fit it.
    pub fn fitting(&self, site: &str, registrations: &[Registration]) -> Result<Vec<Vec<i64>>, LedgerError> {
        self.read(|database| fitting(database, site, registrations))
    }
}

fn fitting(database: &Database, site: &str, registrations: &[Registration]) -> Result<Vec<Vec<i64>>, Fault> {
    let index = Index::new(registrations.iter().cloned());
    let mut numbers = vec![Vec::new(); registrations.len()];
    let sql = "SELECT c.number, c.detail, d.detail FROM connections c \
               JOIN devices d ON d.site = c.site AND d.device = c.device \
               WHERE c.site = $1 AND c.withdrawn = 0 ORDER BY c.number";
    database.visit(sql, (site,), |row| {
        let connection: Connection = unjson(&row.get::<String>(1)?)?;
        let State { device, .. } = unjson(&row.get::<String>(2)?)?;
        for place in index.of(&connection, &device) {
            if let Some(numbers) = numbers.get_mut(place) {
                numbers.push(row.get(0)?);
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(numbers)
}

/// Brings the connections up to date that changed registrations can touch.
pub(crate) fn changed(database: &Database, site: &str, changed: &[Registration]) -> Result<(), Fault> {
    if changed.is_empty() {
        return Ok(());
    }
    let index = index(database, site)?;
    let mut met = BTreeSet::new();
    for one in changed {
        let sql = "UPDATE registrations SET met = 0 WHERE site = $1 AND registration = $2";
        database.execute(sql, (site, &one.id))?;
    }
    if changed.len() > FEW {
        let found = look(database, site, &index, "", Vec::new(), &mut met)?;
        apply(database, site, &index, found)?;
    } else {
        for one in changed {
            let mut values = vec![one.id.clone().into()];
            let condition = touched_by(database.dialect(), one, &mut values);
            let found = look(database, site, &index, &condition, values, &mut met)?;
            apply(database, site, &index, found)?;
        }
    }
    note(database, site, &index, &met)
}

/// Tells whether anything is declared of a site.
pub(crate) fn has_registrations(database: &Database, site: &str) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM registrations WHERE site = $1 AND revoked_at IS NULL LIMIT 1";
    Ok(database.query_row(sql, (site,), |row| row.get::<i64>(0))?.is_some())
}

/// Brings connections up to date that were seen again.
pub(crate) fn seen(database: &Database, site: &str, numbers: &BTreeSet<i64>) -> Result<(), Fault> {
    if numbers.is_empty() || !has_registrations(database, site)? {
        return Ok(());
    }
    again(database, site, numbers)
}

/// Works some connections out anew, whatever is declared.
pub(crate) fn again(database: &Database, site: &str, numbers: &BTreeSet<i64>) -> Result<(), Fault> {
    if numbers.is_empty() {
        return Ok(());
    }
    let index = index(database, site)?;
    let mut met = BTreeSet::new();
    for number in numbers {
        let values = vec![(*number).into()];
        let found = look(database, site, &index, " AND c.number = $2", values, &mut met)?;
        apply(database, site, &index, found)?;
    }
    note(database, site, &index, &met)
}

fn index(database: &Database, site: &str) -> Result<Index, Fault> {
    Ok(Index::new(registration::all(database, Some(site))?.into_iter().map(|sited| sited.row)))
}

/// Gives the condition for the connections that a registration is of or was of: of its first kind of keys
/// any is among their texts.
fn touched_by(dialect: Dialect, one: &Registration, values: &mut Vec<Value<'static>>) -> String {
    let keys = if one.device.is_empty() { &one.outside } else { &one.device };
    let mut condition = " AND (c.registration = $2".to_owned();
    for text in keys {
        values.push(searched(&key(text)).into());
        // The site is the first value.
        let place = values.len() + 1;
        let [seen, device] = ["c.search", "d.search"].map(|column| dialect.has(column, place));
        // Writing to a `String` cannot fail.
        let _ = write!(condition, " OR {seen} OR {device}");
    }
    condition.push(')');
    condition
}

/// Finds what has to be written of the connections of a condition.
fn look(
    database: &Database,
    site: &str,
    index: &Index,
    condition: &str,
    mut values: Vec<Value<'static>>,
    met: &mut BTreeSet<usize>,
) -> Result<Vec<Found>, Fault> {
    values.insert(0, site.to_owned().into());
    let sql = format!(
        "SELECT c.number, c.registration, c.detail, d.detail, c.status FROM connections c \
         JOIN devices d ON d.site = c.site AND d.device = c.device \
         WHERE c.site = $1 AND c.withdrawn = 0{condition}"
    );
    let read = |row: &Row<'_>| {
        let (number, known): (i64, Option<String>) = (row.get(0)?, row.get(1)?);
        let connection: Connection = unjson(&row.get::<String>(2)?)?;
        let State { device, .. } = unjson(&row.get::<String>(3)?)?;
        let fitting = index.of(&connection, &device);
        met.extend(&fitting);
        let registration = fitting.last().copied();
        let differs = known.is_some() || registration.is_some() || row.get::<String>(4)? != connection.status;
        Ok(differs.then_some(Found { number, status: connection.status, registration }))
    };
    let found = database.query(&sql, values, read)?;
    Ok(found.into_iter().flatten().collect())
}

fn apply(database: &Database, site: &str, index: &Index, found: Vec<Found>) -> Result<(), Fault> {
    for Found { number, status, registration } in found {
        let registration = registration.and_then(|place| index.get(place));
        let outside_hours = match registration {
            Some(registration) => outside_hours(database, site, number, registration)?,
            None => None,
        };
        let status = match (registration, outside_hours) {
            (Some(_), Some(_)) if status == UNREGISTERED => "outside-hours",
            (Some(_), None) if status == UNREGISTERED => "registered",
            _ => &status,
        };
        let sql = "UPDATE connections SET registration = $3, status = $4, expires = $5, outside_hours = $6 \
                   WHERE site = $1 AND number = $2";
        let id = registration.map(|registration| registration.id.as_str());
        database.execute(sql, (site, number, id, status, registration.and_then(expires), outside_hours))?;
    }
    Ok(())
}

/// Gives the last hour in which a connection was used and was not permitted to be.
fn outside_hours(
    database: &Database,
    site: &str,
    number: i64,
    registration: &Registration,
) -> Result<Option<i64>, Fault> {
    let Some(permitted) = &registration.terms.hours else { return Ok(None) };
    let zone = zone(registration);
    let files = rollup::load(database, site, number)?.into_values();
    let days = day::all(database, site, number, 0)?.into_values().map(|part| part.hours);
    let used = files.chain(days).flatten().filter(|(_, octets)| *octets > 0).map(|(hour, _)| hour);
    let used: BTreeSet<i64> = used.collect();
    for hour in used.into_iter().rev() {
        if !permitted.permit(&time(hour)?.to_zoned(zone.clone())) {
            return Ok(Some(hour));
        }
    }
    Ok(None)
}

/// Notes which registrations any connection fits.
fn note(database: &Database, site: &str, index: &Index, met: &BTreeSet<usize>) -> Result<(), Fault> {
    for registration in met.iter().filter_map(|place| index.get(*place)) {
        let sql = "UPDATE registrations SET met = 1 WHERE site = $1 AND registration = $2 AND met = 0";
        database.execute(sql, (site, &registration.id))?;
    }
    Ok(())
}

/// Gives the status as it is at a time, or, where no time is given, as it was when the connection was last
/// seen.
pub(crate) fn shown(status: String, expires: Option<i64>, at: i64) -> String {
    if expires.is_some_and(|expires| expires <= at) { "expired".to_owned() } else { status }
}

/// Gives the start of the hour in which a connection last broke its hours.
pub(crate) fn broken(at: Option<i64>) -> Result<Option<Timestamp>, Fault> {
    at.map(time).transpose()
}
