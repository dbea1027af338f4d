//! Connections: how what captures say of one is merged, and its row.
//!
//! A connection is inside device × outside party × service, over an exit; which known row a new one
//! continues is told in `pairing`.

use jiff::Timestamp;
use sekisho_api::{ByHour, Connection, Evidence, Exit, Inside, Outside, Shared};
use serde_json::{Value, json};

use crate::behaviour;
use crate::change::ChangeKind;
use crate::clean::search;
use crate::error::Fault;
use crate::fold::{Difference, Kind, Stated, later_first, merge_evidence, union};
use crate::sql::{count, json as to_json, micros, unjson};
use crate::store::{self, Database, Params};

/// Families of evidence that say nothing of a category.
const NOT_OF_CATEGORY: &[&str] = &["exit", "line", "mobile", "name", "oui", "port", "remote", "role", "wire"];

/// A stored connection.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) number: i64,
    /// Without evidence and hours.
    pub(crate) connection: Connection,
    /// The start of the capture that no longer had it.
    pub(crate) silent_from: Option<i64>,
    pub(crate) withdrawn: bool,
}

impl Kind for Connection {
    const WORD: &str = "connection";

    fn merge(self, later: Self) -> Self {
        let known_category = Stated::new(self.category, &self.evidence, NOT_OF_CATEGORY);
        let later_category = Stated::new(later.category, &later.evidence, NOT_OF_CATEGORY);
        Self {
            number: None,
            service: self.service,
            transport: later.transport,
            port: later.port,
            endpoints: later_first(self.endpoints, later.endpoints),
            initiator: later.initiator,
            inside: merge_inside(self.inside.take(), later.inside.take()).into(),
            outside: merge_outside(self.outside, later.outside),
            exit: merge_exit(self.exit.map(Shared::take), later.exit.map(Shared::take)).map(Shared::from),
            tunnel: self.tunnel || later.tunnel,
            category: known_category.or_later(later_category),
            status: later.status,
            registration: None,
            first_seen: self.first_seen.min(later.first_seen),
            last_seen: self.last_seen.max(later.last_seen),
            sessions: self.sessions.saturating_add(later.sessions),
            bytes_out: self.bytes_out.saturating_add(later.bytes_out),
            bytes_in: self.bytes_in.saturating_add(later.bytes_in),
            hours: ByHour::default(),
            beacon: later.beacon.or(self.beacon),
            behaviour: behaviour::merge(
                self.behaviour.map(|known| *known),
                later.behaviour.map(|told| *told),
            )
            .map(Box::new),
            maintenance: behaviour::works(self.maintenance, later.maintenance),
            exporters: union(self.exporters, later.exporters),
            evidence: merge_evidence(self.evidence, later.evidence),
        }
    }

    fn evidence(&mut self) -> &mut Vec<Evidence> {
        &mut self.evidence
    }

    fn first_seen(&self) -> Option<Timestamp> {
        Some(self.first_seen)
    }

    fn not_before(&mut self, first: Option<Timestamp>) {
        self.first_seen = first.map_or(self.first_seen, |first| self.first_seen.max(first));
        self.last_seen = self.last_seen.max(self.first_seen);
    }

    fn not_after(&mut self, last: Timestamp) {
        self.first_seen = self.first_seen.min(last);
        self.last_seen = self.last_seen.min(last);
    }

    fn without_sums(self) -> Self {
        Self { sessions: 0, bytes_out: 0, bytes_in: 0, ..self }
    }

    fn summary(&self) -> Value {
        json!({
            "service": self.service,
            "inside": { "ip": self.inside.ip, "mac": self.inside.mac, "name": self.inside.name },
            "outside": { "ip": self.outside.ip, "name": self.outside.name },
            "exit": exit_summary(self),
            "tunnel": self.tunnel,
            "category": self.category,
        })
    }

    fn differences(&self, before: &Self) -> Vec<Difference> {
        let (was, is) = (before.category.as_deref(), self.category.as_deref());
        let category = Difference::of(ChangeKind::ChangedCategory, "category", was, is);
        let (was, is) = (Some(before.status.as_str()), Some(self.status.as_str()));
        let status = Difference::of(ChangeKind::ChangedStatus, "status", was, is);
        [
            seen_earlier(before, self),
            named(before, self),
            exit(before, self),
            category,
            status,
            tunnel(before, self),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn merge_inside(known: Inside, later: Inside) -> Inside {
    Inside {
        ip: later.ip,
        mac: later.mac.or(known.mac),
        vlan: later.vlan.or(known.vlan),
        name: later.name.or(known.name),
        role: later.role.or(known.role),
        vendor: later.vendor.or(known.vendor),
    }
}

fn merge_outside(known: Outside, later: Outside) -> Outside {
    Outside {
        ip: later.ip,
        ips: union(known.ips, later.ips),
        name: later.name.or(known.name),
        org: later.org.or(known.org),
        country: later.country.or(known.country),
        asn: later.asn.or(known.asn),
    }
}

/// Merges the gateway: another one replaces it, the same one loses nothing that was known of it.
fn merge_exit(known: Option<Exit>, later: Option<Exit>) -> Option<Exit> {
    match (known, later) {
        (Some(known), Some(later)) if known.mac == later.mac => Some(Exit {
            mac: later.mac,
            ip: later.ip.or(known.ip),
            name: later.name.or(known.name),
            vendor: later.vendor.or(known.vendor),
            line: later.line.or(known.line),
        }),
        (known, later) => later.or(known),
    }
}

fn seen_earlier(before: &Connection, after: &Connection) -> Option<Difference> {
    (after.first_seen < before.first_seen).then(|| Difference {
        kind: ChangeKind::SeenEarlier,
        before: Some(json!({ "first_seen": before.first_seen })),
        after: Some(json!({ "first_seen": after.first_seen })),
    })
}

/// Tells of a name where there was none; that it is spelt otherwise is no news.
fn named(before: &Connection, after: &Connection) -> Option<Difference> {
    if before.outside.name.is_some() {
        return None;
    }
    Difference::of(ChangeKind::Named, "name", None, after.outside.name.as_deref())
}

fn exit(before: &Connection, after: &Connection) -> Option<Difference> {
    let mac = |connection: &Connection| connection.exit.as_ref().map(|exit| exit.mac.clone());
    if mac(before) == mac(after) {
        return None;
    }
    let [before, after] = [before, after].map(exit_summary).map(|exit| (!exit.is_null()).then_some(exit));
    Some(Difference { kind: ChangeKind::ChangedExit, before, after })
}

fn exit_summary(connection: &Connection) -> Value {
    connection.exit.as_ref().map_or(Value::Null, |exit| {
        json!({ "mac": exit.mac, "ip": exit.ip, "name": exit.name, "vendor": exit.vendor, "line": exit.line })
    })
}

fn tunnel(before: &Connection, after: &Connection) -> Option<Difference> {
    (before.tunnel != after.tunnel).then(|| Difference {
        kind: ChangeKind::ChangedTunnel,
        before: Some(json!({ "tunnel": before.tunnel })),
        after: Some(json!({ "tunnel": after.tunnel })),
    })
}

/// Reads the connections of one device and service, the one seen last first.
pub(crate) fn of_device(
    database: &Database,
    site: &str,
    device: &str,
    service: &str,
) -> Result<Vec<Row>, Fault> {
    // `+` keeps the order from choosing the index: by time it would read the whole site.
    let sql = "SELECT number, detail, silent_from, withdrawn FROM connections \
               WHERE site = $1 AND device = $2 AND service = $3 ORDER BY +last_seen DESC, number";
    database.query(sql, (site, device, service), stored)
}

/// Reads the connections that were last seen before a time and are not known to be silent, as far as no
/// sensor waits for them: one that watched until `watching_since` or later.
pub(crate) fn last_seen_before(
    database: &Database,
    site: &str,
    time: i64,
    watching_since: i64,
) -> Result<Vec<Row>, Fault> {
    let choice = "site = $1 AND last_seen < $2 AND NOT EXISTS (SELECT 1 FROM sensors s \
                  WHERE s.site = connections.site AND s.sensor = watched_by AND s.last_seen >= $3)";
    not_silent(database, choice, (site, time, watching_since))
}

/// Reads the connections of a choice that are not known to be silent.
pub(crate) fn not_silent<'v>(
    database: &Database,
    choice: &str,
    values: impl Params<'v>,
) -> Result<Vec<Row>, Fault> {
    let sql = format!(
        "SELECT number, detail, silent_from, withdrawn FROM connections \
         WHERE {choice} AND silent_from IS NULL AND withdrawn = 0 ORDER BY +number"
    );
    database.query(&sql, values, stored)
}

/// Reads one connection.
pub(crate) fn load(database: &Database, site: &str, number: i64) -> Result<Row, Fault> {
    let sql =
        "SELECT number, detail, silent_from, withdrawn FROM connections WHERE site = $1 AND number = $2";
    let found = database.query_row(sql, (site, number), stored)?;
    found.ok_or_else(|| Fault::Damaged(format!("connection {number} of site `{site}` is not there")))
}

fn stored(row: &store::Row<'_>) -> Result<Row, Fault> {
    let detail: String = row.get(1)?;
    Ok(Row {
        number: row.get(0)?,
        connection: unjson(&detail)?,
        silent_from: row.get(2)?,
        withdrawn: row.get(3)?,
    })
}

/// Writes a new connection without its evidence and hours.
pub(crate) fn insert(database: &Database, site: &str, device: &str, row: &Row) -> Result<(), Fault> {
    let sql = "INSERT INTO connections (site, number, device, service, status, tunnel, first_seen, last_seen, \
               sessions, bytes_out, bytes_in, withdrawn, search, detail) \
               VALUES ($1, $2, $3, $4, '', 0, 0, 0, 0, 0, 0, 0, '', '')";
    database.execute(sql, (site, row.number, device, &row.connection.service))?;
    update(database, site, row)
}

/// Writes what is known of a connection now, without its evidence and hours. The status of one that is
/// registered is `settle`'s to write.
pub(crate) fn update(database: &Database, site: &str, row: &Row) -> Result<(), Fault> {
    let connection = &row.connection;
    let exit_mac = connection.exit.as_ref().map(|exit| exit.mac.as_str());
    let sql = "UPDATE connections SET exit_mac = $3, category = $4, \
               status = CASE WHEN registration IS NULL THEN $5 ELSE status END, tunnel = $6, \
               first_seen = $7, last_seen = $8, sessions = $9, bytes_out = $10, bytes_in = $11, \
               silent_from = $12, withdrawn = $13, search = $14, detail = $15 \
               WHERE site = $1 AND number = $2";
    let values = (
        site,
        row.number,
        exit_mac,
        &connection.category,
        &connection.status,
        connection.tunnel,
        micros(connection.first_seen),
        micros(connection.last_seen),
        count(connection.sessions),
        count(connection.bytes_out),
        count(connection.bytes_in),
        row.silent_from,
        row.withdrawn,
        search(texts(connection)),
        to_json(connection)?,
    );
    database.execute(sql, values)
}

/// Gives what a search looks through; the device's own texts are with the device.
fn texts(connection: &Connection) -> impl Iterator<Item = &str> {
    let Connection { service, inside, outside, exit, category, transport, .. } = connection;
    let plain = [service, transport, &inside.ip, &outside.ip].into_iter();
    let optional = [&inside.mac, &inside.name, &inside.role, &inside.vendor, category]
        .into_iter()
        .chain([&outside.name, &outside.org, &outside.country])
        .flatten();
    let gateway = exit.iter().flat_map(|exit| {
        let known = [&exit.ip, &exit.name, &exit.vendor, &exit.line].into_iter().flatten();
        known.chain([&exit.mac])
    });
    // Addresses last: there can be more of them than a search looks through.
    plain.chain(optional).chain(gateway).chain(&outside.ips).map(String::as_str)
}
