//! A registration as decisions, field by field, and the row that is made of them.

use sekisho_api::{Registration, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{MAX_REGISTRATIONS, expires, held};
use crate::clean;
use crate::deed::{self, Deed};
use crate::error::Fault;
use crate::sql::{json as to_json, micros};
use crate::store::Database;
use crate::sync::decision;

/// The kind of these decisions.
pub(crate) const KIND: &str = "registration";
/// The field of what a registration is of, of which its identity is made.
const KEYS: &str = "keys";
/// The field that is said as long as a registration stands.
const STANDING: &str = "standing";
/// The field of when it was last entered; its author is who did.
const AT: &str = "at";
/// The fields of its terms.
const TERMS: [&str; 8] = ["purpose", "owner", "vendor", "contact", "contract_end", "hours", "until", "note"];
/// Each side keeps to its own bound while the other does, too.
const MAX_OF_BOTH: usize = 2 * MAX_REGISTRATIONS;

/// What a registration is of.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Keys {
    device: Vec<String>,
    outside: Vec<String>,
    service: Option<String>,
    exit: Vec<String>,
}

/// Decides the fields of a registration that are not as it has them, and that it stands.
pub(super) fn declare(
    database: &Database,
    site: &str,
    deed: &Deed<'_>,
    registration: &Registration,
) -> Result<(), Fault> {
    let thing = (KIND, registration.id.as_str());
    let was = said(database, site, &registration.id)?;
    let is = fields(registration)?;
    for (name, value) in is.iter().filter(|(name, value)| was.get(*name) != Some(value)) {
        deed.say(thing, name, Some(value))?;
    }
    // What one said that was taken back is not said again.
    for name in was.keys().filter(|name| !is.contains_key(*name) && *name != AT) {
        deed.say(thing, name, None::<&Value>)?;
    }
    deed.say(thing, AT, Some(&registration.at))
}

/// Decides that a registration stands no more.
pub(super) fn take_back(
    database: &Database,
    site: &str,
    deed: &Deed<'_>,
    registration: &Registration,
) -> Result<(), Fault> {
    if said(database, site, &registration.id)?.is_empty() {
        // From before decisions were kept: it is told now, so that the other side knows what is taken back.
        declare(database, site, deed, registration)?;
    }
    deed.say((KIND, &registration.id), STANDING, None::<&bool>)
}

/// Reads what is said of a registration.
fn said(database: &Database, site: &str, id: &str) -> Result<Map<String, Value>, Fault> {
    let latest = deed::latest(decision::of(database, site, KIND, id)?);
    Ok(latest.into_iter().filter_map(|(name, decision)| Some((name, deed::value(&decision)?))).collect())
}

/// Gives the fields of which each is decided by itself.
fn fields(registration: &Registration) -> Result<Map<String, Value>, Fault> {
    let Registration { device, outside, service, exit, terms, source, zone, .. } = registration.clone();
    let mut fields = match serde_json::to_value(terms)? {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    fields.insert(KEYS.to_owned(), serde_json::to_value(Keys { device, outside, service, exit })?);
    fields.insert(STANDING.to_owned(), json!(true));
    fields.insert("zone".to_owned(), json!(zone));
    fields.extend(source.map(|source| ("source".to_owned(), json!(source))));
    Ok(fields)
}

/// Makes the row of a registration of what was decided about it, and gives it, also where it is taken back;
/// none where it has no keys yet.
pub(crate) fn make(database: &Database, site: &str, id: &str) -> Result<Option<Registration>, Fault> {
    let latest = deed::latest(decision::of(database, site, KIND, id)?);
    let value = |name: &str| latest.get(name).and_then(deed::value);
    let text = |name: &str| value(name).and_then(|value| value.as_str().map(str::to_owned));
    let keys = value(KEYS).and_then(|keys| serde_json::from_value::<Keys>(keys).ok());
    let Some(Keys { device, outside, service, exit }) = keys else { return Ok(None) };
    let mut terms = Map::new();
    for name in TERMS {
        // By itself: one that cannot be read takes no other with it.
        let known = value(name).map(|value| Map::from_iter([(name.to_owned(), value)]));
        let known = known.filter(|known| serde_json::from_value::<Terms>(known.clone().into()).is_ok());
        terms.extend(known.unwrap_or_default());
    }
    let registration = Registration {
        id: id.to_owned(),
        device,
        outside,
        service,
        exit,
        terms: serde_json::from_value(terms.into())?,
        source: text("source"),
        by: latest.get(AT).map(|decision| decision.author.clone()).unwrap_or_default(),
        at: value(AT).and_then(|at| serde_json::from_value(at).ok()).unwrap_or_default(),
        zone: text("zone").unwrap_or_default(),
    };
    let registration: Registration = clean::row(&registration)?;
    // Nobody says that it stands, or who did took it back.
    let revoked_at = match latest.get(STANDING) {
        Some(standing) if standing.value.is_some() => None,
        Some(standing) => decision::time(&standing.stamp),
        None => Some(micros(registration.at)),
    };
    let sql = "INSERT INTO registrations (site, registration, expires, met, revoked_at, registered, detail) \
               VALUES ($1, $2, $3, 0, $4, $5, $6) ON CONFLICT (site, registration) DO UPDATE SET \
               expires = excluded.expires, revoked_at = excluded.revoked_at, \
               registered = excluded.registered, detail = excluded.detail";
    let (until, detail) = (expires(&registration), to_json(&registration)?);
    database.execute(sql, (site, id, until, revoked_at, micros(registration.at), detail))?;
    Ok(Some(registration))
}

/// Refuses more registrations than both sides together let people enter.
pub(crate) fn check(database: &Database, site: &str) -> Result<(), Fault> {
    if held(database, site)? > MAX_OF_BOTH {
        return Err(Fault::Refused("more registrations than a site may have".to_owned()));
    }
    Ok(())
}
