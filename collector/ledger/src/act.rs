//! What people did, in the history: known by its stamp, never altered, on both sides the same.

use jiff::Timestamp;
use sekisho_api::sync::Decision;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::change::{ChangeKind, Subject};
use crate::deed;
use crate::error::Fault;
use crate::sql::micros;
use crate::store::Database;

/// The kind of the decisions that are acts.
pub(crate) const KIND: &str = "act";

/// An act.
pub(crate) struct Act {
    pub(crate) kind: ChangeKind,
    pub(crate) subject: Subject,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

/// An act as it crosses the wire; its kind is the decision's field.
#[derive(Deserialize, Serialize)]
pub(crate) struct Said {
    /// By the clock of who did it, which the stamp may be ahead of.
    at: Timestamp,
    of: Subject,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Value>,
}

impl Act {
    /// Gives the subject of the decision that tells of it.
    pub(crate) fn told_of(&self) -> String {
        format!("{} {}", self.subject.kind(), self.subject.key())
    }

    pub(crate) fn said(&self, at: Timestamp) -> Said {
        Said { at, of: self.subject.clone(), before: self.before.clone(), after: self.after.clone() }
    }
}

/// Adds an act of a site; one that is there already stays.
pub(crate) fn add(
    database: &Database,
    site: &str,
    stamp: &str,
    at: Timestamp,
    act: &Act,
) -> Result<(), Fault> {
    let sql = "INSERT INTO acts (site, stamp, at, kind, subject_kind, subject, before_json, after_json) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (site, stamp) DO NOTHING";
    let Act { kind, subject, before, after } = act;
    let [before, after] = [before, after].map(|value| value.as_ref().map(ToString::to_string));
    let values = (site, stamp, micros(at), kind.slug(), subject.kind(), subject.key(), before, after);
    database.execute(sql, values)
}

/// Adds an act that the other side tells of; one that cannot be read here is kept as the decision that it is.
pub(crate) fn take(database: &Database, site: &str, decision: &Decision) -> Result<(), Fault> {
    let said = deed::value(decision).and_then(|value| serde_json::from_value::<Said>(value).ok());
    let (Some(Said { at, of, before, after }), Ok(kind)) = (said, ChangeKind::stored(&decision.field)) else {
        return Ok(());
    };
    add(database, site, &decision.stamp, at, &Act { kind, subject: of, before, after })
}
