//! What people did, added to the history: numbered with the changes that captures showed, and never altered.

use jiff::Timestamp;
use serde_json::Value;

use crate::change::{ChangeKind, Subject};
use crate::counters::Counters;
use crate::error::Fault;
use crate::sql::micros;
use crate::store::Database;

/// An act, to be added.
pub(crate) struct Act<'a> {
    pub(crate) kind: ChangeKind,
    pub(crate) subject: &'a Subject,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

/// Adds an act of a site.
pub(crate) fn add(
    database: &Database,
    site: &str,
    counters: &mut Counters,
    act: Act<'_>,
    now: Timestamp,
) -> Result<(), Fault> {
    let sql = "INSERT INTO acts (site, change, at, kind, subject_kind, subject, before_json, after_json) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let Act { kind, subject, before, after } = act;
    let [before, after] = [before, after].map(|value| value.map(|value| value.to_string()));
    let values =
        (site, counters.change(), micros(now), kind.slug(), subject.kind(), subject.key(), before, after);
    database.execute(sql, values)
}
