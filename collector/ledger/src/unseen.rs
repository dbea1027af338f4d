//! What was declared and never seen: a row a registration, made when the list is read.

use std::net::IpAddr;

use sekisho_api::{Connection, Inside, Mac, Outside, Registered, Registration};

use crate::error::{Fault, LedgerError};
use crate::query::{Filter, Query, Sited};
use crate::sql::unjson;
use crate::store::Database;
use crate::{Reader, missing};

/// The status of such a row, and the slug that stands for a service that the registration does not name.
pub const UNSEEN: &str = "unseen";

impl Reader {
    /// Reads what a list shows besides what was seen: what was declared and never seen and, where the query
    /// asks for it by its status, what should be there and was not seen.
    pub fn not_seen(&self, query: &Query) -> Result<Vec<Sited<Connection>>, LedgerError> {
        self.read(|database| not_seen(database, query))
    }

    /// Reads what was declared and never seen, as far as a query asks for it: one row a registration, without
    /// a number, with the time of the registration in place of that of a connection.
    pub fn unseen(&self, query: &Query) -> Result<Vec<Sited<Connection>>, LedgerError> {
        self.read(|database| unseen(database, query))
    }
}

pub(crate) fn not_seen(database: &Database, query: &Query) -> Result<Vec<Sited<Connection>>, Fault> {
    let mut rows = unseen(database, query)?;
    rows.extend(missing::asked_for(database, query)?);
    Ok(rows)
}

fn unseen(database: &Database, query: &Query) -> Result<Vec<Sited<Connection>>, Fault> {
    if asks_for_what_was_seen(query) {
        return Ok(Vec::new());
    }
    let mut filter = Filter::default();
    filter.always("revoked_at IS NULL AND met = 0");
    filter.and("site = $", query.site.clone());
    let sql = format!("SELECT site, detail FROM registrations{} ORDER BY site, registration", filter.sql);
    let read = database.query(&sql, filter.values, |row| {
        let registration: Registration = unjson(&row.get::<String>(1)?)?;
        Ok(Sited { site: row.get(0)?, row: of(registration) })
    });
    let mut rows = read?;
    rows.retain(|sited| is_asked_for(query, &sited.row));
    rows.truncate(query.limit.map_or(usize::MAX, |rows| usize::try_from(rows).unwrap_or(usize::MAX)));
    Ok(rows)
}

/// Tells whether a query asks for what only a connection on the wire has.
fn asks_for_what_was_seen(query: &Query) -> bool {
    query.status.as_deref().is_some_and(|status| status != UNSEEN)
        || query.number.is_some()
        || query.category.is_some()
        || query.exit.is_some()
        || query.role.is_some()
        || query.since.is_some()
        || query.until.is_some()
        || query.silent.is_some()
        || query.only_tunnels
}

fn is_asked_for(query: &Query, row: &Connection) -> bool {
    let service = query.service.as_ref().is_none_or(|wanted| row.service == *wanted);
    let found = |wanted: &String| {
        let terms = row.registration.as_ref().map(|registered| &registered.registration);
        let said = terms.into_iter().flat_map(|known| {
            let terms = &known.terms;
            let said = [&terms.purpose, &terms.owner, &terms.vendor, &terms.contact, &terms.note];
            said.into_iter().flatten().chain(&known.device).chain(&known.outside).chain(&known.exit)
        });
        let wanted = wanted.to_lowercase();
        said.into_iter().any(|text| text.to_lowercase().contains(&wanted))
    };
    service && query.text.as_ref().is_none_or(found)
}

fn of(registration: Registration) -> Connection {
    let at = registration.at;
    let mut inside = Inside::default();
    for key in &registration.device {
        match (key.parse::<Mac>(), key.parse::<IpAddr>()) {
            (Ok(_), _) => inside.mac = inside.mac.or_else(|| Some(key.clone())),
            (_, Ok(_)) if inside.ip.is_empty() => inside.ip.clone_from(key),
            _ => inside.name = inside.name.or_else(|| Some(key.clone())),
        }
    }
    let mut outside = Outside::default();
    for key in &registration.outside {
        match key.parse::<IpAddr>() {
            Ok(_) => outside.ips.push(key.clone()),
            Err(_) => outside.name = outside.name.or_else(|| Some(key.clone())),
        }
    }
    outside.ip = outside.ips.first().cloned().unwrap_or_default();
    outside.org.clone_from(&registration.terms.vendor);
    let service = registration.service.clone().unwrap_or_else(|| UNSEEN.to_owned());
    Connection {
        inside: inside.into(),
        outside,
        registration: Some(Box::new(Registered { registration, outside_hours: None })),
        ..Connection::bare(&service, UNSEEN, at)
    }
}
