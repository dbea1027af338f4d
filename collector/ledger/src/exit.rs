//! Exits, the gateways of off-site traffic: keyed by site and hardware address.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sekisho_api::{Evidence, Exit, ExitRow};
use serde_json::{Value, json};

use crate::change::{ChangeKind, Subject};
use crate::clean::search;
use crate::error::Fault;
use crate::fold::{self, Difference, Kind, Stated, Stored, earlier, merge_evidence};
use crate::sql::{json as to_json, micros, unjson};
use crate::store::Database;

/// Families of evidence that say nothing of the line behind an exit.
const NOT_OF_LINE: &[&str] = &["exit", "name", "oui", "port", "remote", "role", "vendor", "wire"];

/// Makes an exit from that of a connection.
pub(crate) fn of_connection(exit: &Exit, first_seen: Timestamp, last_seen: Timestamp) -> ExitRow {
    let Exit { mac, ip, name, vendor, line } = exit.clone();
    let (first_seen, last_seen) = (Some(first_seen), Some(last_seen));
    ExitRow { mac, ip, name, vendor, line, first_seen, last_seen, ..ExitRow::default() }
}

impl Kind for ExitRow {
    const WORD: &str = "exit";

    fn merge(self, later: Self) -> Self {
        let known_line = Stated::new(self.line, &self.evidence, NOT_OF_LINE);
        let later_line = Stated::new(later.line, &later.evidence, NOT_OF_LINE);
        Self {
            mac: self.mac,
            ip: later.ip.or(self.ip),
            name: later.name.or(self.name),
            vendor: later.vendor.or(self.vendor),
            line: known_line.or_later(later_line),
            registered: later.registered,
            proofs: self
                .proofs
                .into_iter()
                .chain(later.proofs)
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            // Counted when it is read: connections change without their exit being seen.
            connections: 0,
            first_seen: earlier(self.first_seen, later.first_seen),
            last_seen: self.last_seen.max(later.last_seen),
            evidence: merge_evidence(self.evidence, later.evidence),
        }
    }

    fn evidence(&mut self) -> &mut Vec<Evidence> {
        &mut self.evidence
    }

    fn first_seen(&self) -> Option<Timestamp> {
        self.first_seen
    }

    fn not_before(&mut self, first: Option<Timestamp>) {
        fold::not_before(&mut self.first_seen, &mut self.last_seen, first);
    }

    fn not_after(&mut self, last: Timestamp) {
        fold::not_after(&mut self.first_seen, &mut self.last_seen, last);
    }

    fn without_sums(self) -> Self {
        self
    }

    fn summary(&self) -> Value {
        json!({ "mac": self.mac, "ip": self.ip, "name": self.name, "vendor": self.vendor, "line": self.line })
    }

    fn differences(&self, before: &Self) -> Vec<Difference> {
        let named = if before.name.is_none() { ChangeKind::Named } else { ChangeKind::ChangedName };
        let status = |registered| if registered { "registered" } else { "unregistered" };
        let (was, is) = (status(before.registered), status(self.registered));
        [
            Difference::of(ChangeKind::ChangedAddress, "ip", before.ip.as_deref(), self.ip.as_deref()),
            Difference::of(named, "name", before.name.as_deref(), self.name.as_deref()),
            Difference::of(ChangeKind::ChangedLine, "line", before.line.as_deref(), self.line.as_deref()),
            Difference::of(ChangeKind::ChangedStatus, "status", Some(was), Some(is)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Stored for ExitRow {
    fn subject(key: &str) -> Subject {
        Subject::Exit(key.to_owned())
    }

    fn load(database: &Database, site: &str, mac: &str) -> Result<Option<(Self, bool)>, Fault> {
        let sql = "SELECT detail, withdrawn FROM exits WHERE site = $1 AND mac = $2";
        database.query_row(sql, (site, mac), |row| Ok((unjson(&row.get::<String>(0)?)?, row.get(1)?)))
    }

    fn save(&self, database: &Database, site: &str, mac: &str) -> Result<(), Fault> {
        let texts =
            [&self.ip, &self.name, &self.vendor, &self.line].into_iter().flatten().map(String::as_str);
        let search = search(texts.chain([mac]));
        let sql = "INSERT INTO exits (site, mac, first_seen, last_seen, withdrawn, search, detail) \
                   VALUES ($1, $2, $3, $4, 0, $5, $6) \
                   ON CONFLICT (site, mac) DO UPDATE SET first_seen = excluded.first_seen, \
                   last_seen = excluded.last_seen, withdrawn = 0, search = excluded.search, \
                   detail = excluded.detail";
        let (first, last) = (self.first_seen.map(micros), self.last_seen.map(micros));
        database.execute(sql, (site, mac, first, last, search, to_json(self)?))
    }

    fn withdraw(database: &Database, site: &str, key: &str) -> Result<(), Fault> {
        let sql = "UPDATE exits SET withdrawn = 1 WHERE site = $1 AND mac = $2";
        database.execute(sql, (site, key))
    }
}
