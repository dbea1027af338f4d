//! Reading: rows in the order in which people should look at them.
//!
//! Devices by role and key, exits the unregistered first; connections are read in `page`. What was
//! withdrawn is left out; its history is not.
//!
//! Every value that a caller gives is a bound parameter; the texts here are the only SQL.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sekisho_api::{Connection, Device, Exit, ExitRow, Inside, Registered, Registration};
use serde::{Deserialize, Serialize};

use crate::capture;
use crate::change::{Cause, Change, ChangeKind, Subject};
use crate::clean;
use crate::day;
use crate::device::State;
use crate::error::Fault;
use crate::fold;
use crate::page::Place;
use crate::registration;
use crate::rollup::{self, Part};
use crate::sql::{micros, time, uncount, unjson};
use crate::store::{Database, Dialect, Value};

/// How far back the hours of a sensor's days are listed where no time is asked for, in microseconds: a
/// quarter shows every rhythm, and years of hours of thousands of connections are more than a box holds.
const LISTED_US: i64 = 92 * 24 * rollup::HOUR_US;

/// Which rows to read; a field that is not set does not choose.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Query {
    /// One site.
    pub site: Option<String>,
    /// Connections with this number in their site.
    pub number: Option<i64>,
    /// Connections of this service.
    pub service: Option<String>,
    /// Connections of this category.
    pub category: Option<String>,
    /// Connections of this status, such as `unregistered`.
    pub status: Option<String>,
    /// Connections by the exit of this hardware address.
    pub exit: Option<String>,
    /// Devices of this role, or their connections.
    pub role: Option<String>,
    /// What was last seen then or later.
    pub since: Option<Timestamp>,
    /// What was first seen then or earlier.
    pub until: Option<Timestamp>,
    /// What has this text in a name, an address or an organisation; case does not matter.
    pub text: Option<String>,
    /// Tunnels only.
    pub only_tunnels: bool,
    /// Leaves out the general Internet, tunnels apart.
    pub only_surveyed: bool,
    /// Connections that have gone silent, or those that have not.
    pub silent: Option<bool>,
    /// When the list is looked at, for what has expired by then; where absent, each connection is as it was
    /// when it was last seen.
    pub now: Option<Timestamp>,
    /// Connections after this place in the list.
    pub after: Option<Place>,
    /// At most this many rows.
    pub limit: Option<u32>,
    /// Leaves connections without their hours, which are most of what a row is read from.
    pub without_hours: bool,
}

/// Which changes to read; a field that is not set does not choose.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HistoryQuery {
    /// One site.
    pub site: Option<String>,
    /// One kind of change.
    pub kind: Option<ChangeKind>,
    /// One connection, device or exit; numbers and keys are those of a site, so name that too.
    pub subject: Option<Subject>,
    /// What happened then or later.
    pub since: Option<Timestamp>,
    /// What happened then or earlier.
    pub until: Option<Timestamp>,
    /// At most this many rows.
    pub limit: Option<u32>,
}

/// A row and its site.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Sited<T> {
    /// The site.
    pub site: String,
    /// The row.
    #[serde(flatten)]
    pub row: T,
}

/// A site and how much the ledger holds of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Site {
    /// Its name.
    pub site: String,
    /// Captures recorded.
    pub captures: u64,
    /// Connections.
    pub connections: u64,
    /// Devices.
    pub devices: u64,
    /// Exits.
    pub exits: u64,
    /// The earliest frame.
    pub first_seen: Option<Timestamp>,
    /// The latest frame.
    pub last_seen: Option<Timestamp>,
}

/// The conditions of a statement and the values bound to it.
#[derive(Default)]
pub(crate) struct Filter {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value<'static>>,
}

impl Filter {
    /// Adds a condition; `$` in it stands for the value.
    pub(crate) fn and(&mut self, condition: &str, value: Option<impl Into<Value<'static>>>) {
        let Some(value) = value else { return };
        self.values.push(value.into());
        let place = format!("${}", self.values.len());
        self.always(&condition.replace('$', &place));
    }

    /// Adds the condition that a column has a text in it; case does not matter.
    pub(crate) fn has(&mut self, dialect: Dialect, column: &str, text: Option<&str>) {
        let Some(text) = text else { return };
        self.values.push(searched(text).into());
        self.always(&dialect.has(column, self.values.len()));
    }

    pub(crate) fn always(&mut self, condition: &str) {
        self.sql.push_str(if self.sql.is_empty() { " WHERE " } else { " AND " });
        self.sql.push_str(condition);
    }

    pub(crate) fn limit(&mut self, rows: Option<u32>) {
        let Some(rows) = rows else { return };
        self.values.push(i64::from(rows).into());
        let place = self.values.len().to_string();
        self.sql.push_str(" LIMIT $");
        self.sql.push_str(&place);
    }
}

/// Gives a text as it is looked for: as those are written that searches look through.
pub(crate) fn searched(text: &str) -> String {
    clean::text(text).to_lowercase()
}

/// What connections need from other tables, read when the first that needs it comes: a page of many sites' list
/// needs little of them.
pub(crate) struct Details<'d> {
    database: &'d Database,
    query: &'d Query,
    captures: BTreeMap<String, BTreeMap<i64, capture::Known>>,
    exits: BTreeMap<String, BTreeMap<String, ExitRow>>,
    registrations: BTreeMap<(String, String), Option<Registration>>,
}

impl<'d> Details<'d> {
    pub(crate) fn of(database: &'d Database, query: &'d Query) -> Self {
        let (captures, exits, registrations) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { database, query, captures, exits, registrations }
    }

    /// Adds number, evidence and hours, and what later captures told of device and exit.
    pub(crate) fn complete(
        &mut self,
        site: &str,
        number: i64,
        mut connection: Connection,
        device: Device,
    ) -> Result<Connection, Fault> {
        connection.number = Some(number);
        connection.evidence = fold::evidence::<Connection>(self.database, site, &number.to_string())?;
        if !self.query.without_hours {
            connection.hours = self.hours(site, number)?.into();
        }
        fill_inside(&mut connection.inside, device);
        if let Some(exit) = &mut connection.exit {
            if !self.exits.contains_key(site) {
                self.exits.insert(site.to_owned(), exit_rows(self.database, site)?);
            }
            if let Some(row) = self.exits.get(site).and_then(|exits| exits.get(&exit.mac)) {
                fill_exit(exit, row);
            }
        }
        Ok(connection)
    }

    /// Gives a connection the registration that it has.
    pub(crate) fn registered(
        &mut self,
        site: &str,
        id: Option<String>,
        outside_hours: Option<Timestamp>,
    ) -> Result<Option<Box<Registered>>, Fault> {
        let Some(id) = id else { return Ok(None) };
        let key = (site.to_owned(), id);
        if !self.registrations.contains_key(&key) {
            let holds = registration::holding(self.database, &key.0, &key.1)?;
            self.registrations.insert(key.clone(), holds);
        }
        let known = self.registrations.get(&key).cloned().flatten();
        Ok(known.map(|registration| Box::new(Registered { registration, outside_hours })))
    }

    fn hours(&mut self, site: &str, number: i64) -> Result<BTreeMap<Timestamp, u64>, Fault> {
        if !self.captures.contains_key(site) {
            self.captures.insert(site.to_owned(), capture::all(self.database, site)?);
        }
        let Some(captures) = self.captures.get(site) else { return Ok(BTreeMap::new()) };
        let by_capture = rollup::load(self.database, site, number)?;
        let parts =
            by_capture.into_iter().map(|(capture, hours)| (capture, Part { hours, ..Part::default() }));
        let mut parts: BTreeMap<i64, Part> = parts.collect();
        parts.extend(day::all(self.database, site, number, self.first_day(captures))?);
        let total = rollup::total(&parts, captures);
        let in_time = |hour: &Timestamp| {
            let begun = self.query.until.is_none_or(|until| *hour <= until);
            begun && self.query.since.is_none_or(|since| micros(*hour) + rollup::HOUR_US > micros(since))
        };
        let mut hours = BTreeMap::new();
        for (hour, octets) in total.hours {
            hours.insert(time(hour)?, octets);
        }
        hours.retain(|hour, _| in_time(hour));
        Ok(hours)
    }
}

impl Details<'_> {
    /// Gives the least number of the captures whose hours are listed.
    fn first_day(&self, captures: &BTreeMap<i64, capture::Known>) -> i64 {
        // A day that a clock far ahead made is not what the others are old beside.
        let now = micros(Timestamp::now()).saturating_add(rollup::HOUR_US * 24);
        let newest = captures.values().map(|known| known.span.last).filter(|last| *last <= now);
        let newest = newest.max().unwrap_or(0);
        let from = self.query.since.map_or(newest.saturating_sub(LISTED_US), micros);
        let listed = captures.values().filter(|known| known.span.last >= from);
        listed.map(|known| known.number).min().unwrap_or(0)
    }
}

fn fill_inside(inside: &mut Inside, device: Device) {
    inside.name = inside.name.take().or_else(|| device.names.into_iter().next());
    // The device's row holds the surest of what was said of it.
    inside.role = device.role.or(inside.role.take());
    inside.vendor = inside.vendor.take().or(device.vendor);
}

fn fill_exit(exit: &mut Exit, row: &ExitRow) {
    exit.ip = exit.ip.take().or_else(|| row.ip.clone());
    exit.name = exit.name.take().or_else(|| row.name.clone());
    exit.vendor = exit.vendor.take().or_else(|| row.vendor.clone());
    exit.line = exit.line.take().or_else(|| row.line.clone());
}

/// Reads devices.
pub(crate) fn devices(database: &Database, query: &Query) -> Result<Vec<Sited<Device>>, Fault> {
    let mut filter = Filter::default();
    filter.always("d.withdrawn = 0");
    filter.and("d.site = $", query.site.clone());
    filter.and("d.role = $", query.role.clone());
    filter.and("d.last_seen >= $", query.since.map(micros));
    filter.and("d.first_seen <= $", query.until.map(micros));
    filter.has(database.dialect(), "d.search", query.text.as_deref());
    filter.sql.push_str(" ORDER BY d.site, CASE WHEN d.role IS NULL THEN 1 ELSE 0 END, d.role, d.device");
    filter.limit(query.limit);
    let sql = format!("SELECT d.site, d.device, d.detail FROM devices d{}", filter.sql);
    database.query(&sql, filter.values, |row| {
        let (site, key, detail): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let State { mut device, .. } = unjson(&detail)?;
        device.evidence = fold::evidence::<State>(database, &site, &key)?;
        Ok(Sited { site, row: device })
    })
}

/// Reads exits with the number of their connections.
pub(crate) fn exits(database: &Database, query: &Query) -> Result<Vec<Sited<ExitRow>>, Fault> {
    let mut filter = Filter::default();
    filter.always("e.withdrawn = 0");
    filter.and("e.site = $", query.site.clone());
    filter.and("e.mac = $", query.exit.clone());
    filter.and("e.last_seen >= $", query.since.map(micros));
    filter.and("e.first_seen <= $", query.until.map(micros));
    filter.has(database.dialect(), "e.search", query.text.as_deref());
    filter.sql.push_str(" ORDER BY e.site, e.mac");
    let sql = "SELECT e.site, e.mac, e.detail, (SELECT COUNT(*) FROM connections c \
               WHERE c.site = e.site AND c.exit_mac = e.mac AND c.withdrawn = 0) FROM exits e";
    let mut found = database.query(&format!("{sql}{}", filter.sql), filter.values, |row| {
        let (site, mac, detail): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let mut exit: ExitRow = unjson(&detail)?;
        (exit.mac, exit.connections) = (mac, uncount(row.get(3)?));
        Ok(Sited { site, row: exit })
    })?;
    // Stable: by site and address within the unregistered and the registered.
    found.sort_by_key(|exit| exit.row.registered);
    found.truncate(query.limit.map_or(usize::MAX, |rows| usize::try_from(rows).unwrap_or(usize::MAX)));
    for exit in &mut found {
        exit.row.evidence = fold::evidence::<ExitRow>(database, &exit.site, &exit.row.mac)?;
    }
    Ok(found)
}

fn exit_rows(database: &Database, site: &str) -> Result<BTreeMap<String, ExitRow>, Fault> {
    let sql = "SELECT mac, detail FROM exits WHERE site = $1";
    let found = database.query(sql, (site,), |row| Ok((row.get(0)?, unjson(&row.get::<String>(1)?)?)))?;
    Ok(found.into_iter().collect())
}

/// Reads the history, the latest first.
pub(crate) fn history(database: &Database, query: &HistoryQuery) -> Result<Vec<Change>, Fault> {
    let mut filter = Filter::default();
    filter.and("site = $", query.site.clone());
    filter.and("kind = $", query.kind.map(|kind| kind.slug().to_owned()));
    filter.and("subject_kind = $", query.subject.as_ref().map(|subject| subject.kind().to_owned()));
    filter.and("subject = $", query.subject.as_ref().map(Subject::key));
    filter.and("at >= $", query.since.map(micros));
    filter.and("at <= $", query.until.map(micros));
    filter.sql.push_str(" ORDER BY at DESC, site, change DESC, stamp DESC");
    filter.limit(query.limit);
    let sql = "SELECT site, change, at, recorded_at, capture, cause, kind, subject_kind, subject, \
               before_json, after_json FROM (SELECT site, change, '' AS stamp, at, recorded_at, capture, cause, \
               kind, subject_kind, subject, before_json, after_json FROM changes UNION ALL \
               SELECT site, CAST(0 AS BIGINT), stamp, at, at, CAST(0 AS BIGINT), 'person', \
               kind, subject_kind, subject, before_json, after_json FROM acts) h";
    database.query(&format!("{sql}{}", filter.sql), filter.values, |row| {
        let (cause, kind, subject): (String, String, String) = (row.get(5)?, row.get(6)?, row.get(7)?);
        let (before, after): (Option<String>, Option<String>) = (row.get(9)?, row.get(10)?);
        Ok(Change {
            site: row.get(0)?,
            number: row.get(1)?,
            at: time(row.get(2)?)?,
            recorded_at: time(row.get(3)?)?,
            capture: row.get(4)?,
            cause: Cause::stored(&cause)?,
            kind: ChangeKind::stored(&kind)?,
            subject: Subject::stored(&subject, row.get(8)?)?,
            before: before.as_deref().map(unjson).transpose()?,
            after: after.as_deref().map(unjson).transpose()?,
        })
    })
}

/// Reads the names of the sites, in order.
pub(crate) fn site_names(database: &Database) -> Result<Vec<String>, Fault> {
    database.query("SELECT site FROM sites ORDER BY site", (), |row| row.get(0))
}

/// Reads the sites by name.
pub(crate) fn sites(database: &Database) -> Result<Vec<Site>, Fault> {
    let sql = "SELECT s.site, \
               (SELECT COUNT(*) FROM captures c WHERE c.site = s.site), \
               (SELECT COUNT(*) FROM connections c WHERE c.site = s.site AND c.withdrawn = 0), \
               (SELECT COUNT(*) FROM devices d WHERE d.site = s.site AND d.withdrawn = 0), \
               (SELECT COUNT(*) FROM exits e WHERE e.site = s.site AND e.withdrawn = 0), \
               (SELECT MIN(c.first_seen) FROM captures c WHERE c.site = s.site), \
               (SELECT MAX(c.last_seen) FROM captures c WHERE c.site = s.site) \
               FROM sites s ORDER BY s.site";
    database.query(sql, (), |row| {
        let (first, last): (Option<i64>, Option<i64>) = (row.get(5)?, row.get(6)?);
        Ok(Site {
            site: row.get(0)?,
            captures: uncount(row.get(1)?),
            connections: uncount(row.get(2)?),
            devices: uncount(row.get(3)?),
            exits: uncount(row.get(4)?),
            first_seen: first.map(time).transpose()?,
            last_seen: last.map(time).transpose()?,
        })
    })
}
