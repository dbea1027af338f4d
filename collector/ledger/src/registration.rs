//! What the hospital declared: entered, changed and taken back by people, each act with who and when.
//!
//! A registration is known by its keys, so that a sheet imported twice changes nothing. One that is taken
//! back keeps its row. The row is made of decisions, field by field, so that a site and its collector can both
//! change it (`deed`). Which connections it is of is told in `matching`, and what that makes of their
//! status in `settle`.

mod made;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sekisho_api::{Connection, Registration, Terms};
use serde_json::{Value, json};

use crate::act::Act;
use crate::capture::digest;
use crate::change::{ChangeKind, Subject};
use crate::clean;
use crate::counters::Counters;
use crate::deed::Deed;
use crate::error::{Fault, LedgerError};
use crate::matching::key;
use crate::query::{Filter, Sited};
use crate::settle;
use crate::sql::{json as to_json, micros, time, unjson};
use crate::store::Database;
use crate::sync::decision;
use crate::{Ledger, Reader};

pub(crate) use made::{KIND, check, make};

/// Registrations of one site, those taken back included: many times what any hospital declares.
pub const MAX_REGISTRATIONS: usize = 20_000;
/// Digits of a registration's identity: short enough to be typed, long enough for all of a site.
const ID_DIGITS: usize = 10;
/// Octets of a registration: two times as many go into an act, which crosses the wire.
const MAX_BYTES: usize = 16 * 1024;

/// A registration to enter.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Declared {
    /// What is declared; its identity is made from its keys.
    pub registration: Registration,
    /// The connection on which it was approved, in whose history the act is told.
    pub connection: Option<i64>,
}

impl Declared {
    /// Declares a connection as it is: its device, its outside party, its service, its exit.
    #[must_use]
    pub fn of(connection: &Connection) -> Self {
        let (inside, outside) = (&connection.inside, &connection.outside);
        // A device that has a hardware address keeps it when its address changes.
        let device = inside.mac.clone().filter(|mac| !mac.is_empty()).unwrap_or_else(|| inside.ip.clone());
        let party = outside.name.iter().chain([&outside.ip]).filter(|key| !key.is_empty());
        let registration = Registration {
            device: vec![device],
            outside: party.cloned().collect(),
            service: Some(connection.service.clone()),
            exit: connection.exit.iter().map(|exit| exit.mac.clone()).collect(),
            ..Registration::default()
        };
        Self { registration, connection: connection.number }
    }
}

/// What entering a registration did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Entered {
    /// The site did not have it.
    New,
    /// The site had it with other terms.
    Changed,
    /// The site had it as it is.
    Same,
}

impl Ledger {
    /// Enters registrations of a site, all or, on an error, none, and tells of each what that did.
    ///
    /// What a registration does not say stays as it was said before. `now` is when it is entered.
    pub fn register(
        &mut self,
        site: &str,
        declared: &[Declared],
        now: Timestamp,
    ) -> Result<Vec<Entered>, LedgerError> {
        let Reader { database, path } = &mut self.reader;
        enter(database, site, declared, now).map_err(|fault| fault.at(path))
    }

    /// Takes a registration back, and gives it; none where the site has none of that identity.
    pub fn unregister(
        &mut self,
        site: &str,
        id: &str,
        connection: Option<i64>,
        by: &str,
        now: Timestamp,
    ) -> Result<Option<Registration>, LedgerError> {
        let Reader { database, path } = &mut self.reader;
        take_back(database, site, id, connection, by, now).map_err(|fault| fault.at(path))
    }
}

impl Reader {
    /// Reads the registrations of a site, or of all, by identity; without those taken back.
    pub fn registrations(&self, site: Option<&str>) -> Result<Vec<Sited<Registration>>, LedgerError> {
        self.read(|database| all(database, site))
    }
}

/// Gives the identity of a registration: what its keys are, whatever their order and spelling.
#[must_use]
pub fn identity(registration: &Registration) -> String {
    let Registration { device, outside, service, exit, .. } = registration;
    let mut parts = Vec::new();
    for (name, keys) in [("device", device), ("outside", outside), ("exit", exit)] {
        let mut keys: Vec<String> = keys.iter().map(|text| key(text)).filter(|key| !key.is_empty()).collect();
        keys.sort();
        keys.dedup();
        parts.push(name.to_owned());
        parts.extend(keys);
    }
    parts.extend(["service".to_owned(), service.clone().unwrap_or_default()]);
    let digest = digest(parts.iter().map(String::as_str));
    format!("r{}", digest.get(..ID_DIGITS).unwrap_or(&digest))
}

/// Reads the registrations that hold.
pub(crate) fn all(database: &Database, site: Option<&str>) -> Result<Vec<Sited<Registration>>, Fault> {
    let mut filter = Filter::default();
    filter.always("revoked_at IS NULL");
    filter.and("site = $", site.map(str::to_owned));
    let sql = format!("SELECT site, detail FROM registrations{} ORDER BY site, registration", filter.sql);
    database.query(&sql, filter.values, |row| {
        Ok(Sited { site: row.get(0)?, row: unjson(&row.get::<String>(1)?)? })
    })
}

/// Reads one registration, if it holds.
pub(crate) fn holding(database: &Database, site: &str, id: &str) -> Result<Option<Registration>, Fault> {
    let found = load(database, site, id)?;
    Ok(found.filter(|(_, is_revoked)| !is_revoked).map(|(registration, _)| registration))
}

/// Enters a registration of before as decisions.
pub(crate) fn enter_older(
    database: &Database,
    site: &str,
    known: &Registration,
    revoked_at: Option<i64>,
) -> Result<(), Fault> {
    if !decision::of(database, site, KIND, &known.id)?.is_empty() {
        return Ok(());
    }
    let deed = Deed::older(database, site, &known.by, known.at, [KIND, &known.id]);
    made::declare(database, site, &deed, known)?;
    let Some(revoked_at) = revoked_at else { return Ok(()) };
    let at = time(revoked_at.max(micros(known.at).saturating_add(1)))?;
    let deed = Deed::older(database, site, "", at, [KIND, &known.id, "taken back"]);
    made::take_back(database, site, &deed, known)
}

fn enter(
    database: &Database,
    site: &str,
    declared: &[Declared],
    now: Timestamp,
) -> Result<Vec<Entered>, Fault> {
    let site = clean::text(site.trim());
    if site.is_empty() {
        return Err(Fault::NoSite);
    }
    let transaction = database.begin()?;
    Counters::load(&transaction, &site, micros(now))?;
    let mut done = Vec::with_capacity(declared.len());
    let mut changed = Vec::new();
    for one in declared {
        let registration = tidied(&one.registration, now)?;
        let (entered, kept) = keep(&transaction, &site, registration, one.connection)?;
        if entered != Entered::Same {
            changed.extend(kept);
        }
        done.push(entered);
    }
    if held(&transaction, &site)? > MAX_REGISTRATIONS {
        return Err(Fault::TooManyRegistrations);
    }
    settle::changed(&transaction, &site, &changed)?;
    transaction.commit()?;
    Ok(done)
}

/// Counts the registrations of a site, those taken back included.
fn held(database: &Database, site: &str) -> Result<usize, Fault> {
    let sql = "SELECT COUNT(*) FROM registrations WHERE site = $1";
    let held: Option<i64> = database.query_row(sql, (site,), |row| row.get(0))?;
    Ok(held.and_then(|held| usize::try_from(held).ok()).unwrap_or(0))
}

/// Gives a registration in bounds, with its identity.
fn tidied(registration: &Registration, now: Timestamp) -> Result<Registration, Fault> {
    let mut tidied: Registration = clean::row(registration)?;
    for keys in [&mut tidied.device, &mut tidied.outside, &mut tidied.exit] {
        keys.retain(|text| !key(text).is_empty());
    }
    if tidied.device.is_empty() && tidied.outside.is_empty() {
        return Err(Fault::NoKeys);
    }
    if to_json(&tidied)?.len() > MAX_BYTES {
        return Err(Fault::Refused(format!("a registration of more than {MAX_BYTES} octets")));
    }
    tidied.id = identity(&tidied);
    tidied.at = now;
    Ok(tidied)
}

fn keep(
    database: &Database,
    site: &str,
    mut registration: Registration,
    connection: Option<i64>,
) -> Result<(Entered, Option<Registration>), Fault> {
    let (earlier, taken_back) = match load(database, site, &registration.id)? {
        Some((earlier, taken_back)) => (Some(earlier), taken_back),
        None => (None, false),
    };
    let before = earlier.as_ref().filter(|_| !taken_back);
    if let Some(before) = before {
        registration.terms = std::mem::take(&mut registration.terms).or(before.terms.clone());
        if registration.terms == before.terms && registration.zone == before.zone {
            return Ok((Entered::Same, None));
        }
    }
    let deed = Deed::begin(database, site, &registration.by, registration.at)?;
    made::declare(database, site, &deed, &registration)?;
    deed.tell(&Act {
        kind: ChangeKind::Registered,
        subject: subject(&registration, connection),
        before: before.map(|before| told(before, &before.terms)),
        after: Some(told(&registration, &registration.terms)),
    })?;
    let entered = if before.is_some() { Entered::Changed } else { Entered::New };
    Ok((entered, make(database, site, &registration.id)?))
}

fn take_back(
    database: &Database,
    site: &str,
    id: &str,
    connection: Option<i64>,
    by: &str,
    now: Timestamp,
) -> Result<Option<Registration>, Fault> {
    let site = clean::text(site.trim());
    let transaction = database.begin()?;
    let Some((registration, false)) = load(&transaction, &site, id)? else { return Ok(None) };
    let deed = Deed::begin(&transaction, &site, by, now)?;
    made::take_back(&transaction, &site, &deed, &registration)?;
    deed.tell(&Act {
        kind: ChangeKind::Unregistered,
        subject: subject(&registration, connection),
        before: Some(told(&registration, &registration.terms)),
        after: Some(json!({ "by": clean::text(by.trim()) })),
    })?;
    make(&transaction, &site, id)?;
    settle::changed(&transaction, &site, std::slice::from_ref(&registration))?;
    transaction.commit()?;
    Ok(Some(registration))
}

/// Reads one registration, and whether it was taken back.
fn load(database: &Database, site: &str, id: &str) -> Result<Option<(Registration, bool)>, Fault> {
    let sql = "SELECT detail, CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END FROM registrations \
               WHERE site = $1 AND registration = $2";
    database.query_row(sql, (site, id), |row| Ok((unjson(&row.get::<String>(0)?)?, row.get(1)?)))
}

/// Gives the end of the last day on which a registration holds, in its zone.
pub(crate) fn expires(registration: &Registration) -> Option<i64> {
    let next = registration.terms.last_day()?.tomorrow().ok()?;
    Some(micros(next.to_zoned(zone(registration)).ok()?.timestamp()))
}

/// Gives the zone of a registration's hours and days.
pub(crate) fn zone(registration: &Registration) -> TimeZone {
    TimeZone::get(&registration.zone).unwrap_or(TimeZone::UTC)
}

fn subject(registration: &Registration, connection: Option<i64>) -> Subject {
    connection.map_or_else(|| Subject::Registration(registration.id.clone()), Subject::Connection)
}

/// What the history tells of a registration.
fn told(registration: &Registration, terms: &Terms) -> Value {
    let text = |text: &Option<String>| text.clone().map(Value::from);
    let keys = |keys: &Vec<String>| (!keys.is_empty()).then(|| json!(keys));
    let fields = BTreeMap::from([
        ("registration", Some(json!(registration.id))),
        ("device", keys(&registration.device)),
        ("party", keys(&registration.outside)),
        ("service", text(&registration.service)),
        ("purpose", text(&terms.purpose)),
        ("owner", text(&terms.owner)),
        ("vendor_contact", text(&terms.contact)),
        ("supplier", text(&terms.vendor)),
        ("contract_end", terms.contract_end.map(|day| json!(day))),
        ("hours", terms.hours.as_ref().map(|hours| json!(hours.to_string()))),
        ("until", terms.until.map(|day| json!(day))),
        ("note", text(&terms.note)),
        ("source", text(&registration.source)),
        ("by", Some(json!(registration.by))),
    ]);
    let known = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(known.collect())
}
