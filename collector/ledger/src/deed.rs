//! What people do, as decisions: a registration, an inquiry, a mark of the map, and the act that the history
//! tells of each. A site and its collector both make them, and the rows are made of them on both sides alike.
//!
//! | kind | subject | fields |
//! |---|---|---|
//! | `registration` | its identity | `keys`, `standing`, those of its terms, `zone`, `source`, `at` |
//! | `inquiry` | its id | its own; `minutes`, of which the sum counts; `file:` and a digest, which are all kept |
//! | `mark` | the two ends | `mark` |
//! | `act` | that of the history | the kind of change |
//!
//! One deed has one stamp, for all of its fields are of one moment. A value that cannot be read, such as a
//! later version's, says nothing, and so does half of a deed: the other half follows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sekisho_api::Registration;
use sekisho_api::sync::Decision;
use serde::Serialize;
use serde_json::Value;

use crate::act::{self, Act};
use crate::counters::Counters;
use crate::error::Fault;
use crate::sql::{json, micros};
use crate::store::Database;
use crate::sync::decision::{self, Origin};
use crate::{clean, inquiry, map, registration, settle};

/// What people do, under one stamp.
pub(crate) struct Deed<'d> {
    database: &'d Database,
    site: &'d str,
    stamp: String,
    author: String,
    now: Timestamp,
}

impl<'d> Deed<'d> {
    /// Begins what a person does now.
    pub(crate) fn begin(
        database: &'d Database,
        site: &'d str,
        author: &str,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        database.hold(site)?;
        let stamp = decision::stamp(database, site, now)?;
        Ok(Self { database, site, stamp, author: clean::text(author.trim()), now })
    }

    /// Takes up what a person did at a time before it was kept as decisions.
    pub(crate) fn older<'t>(
        database: &'d Database,
        site: &'d str,
        author: &str,
        now: Timestamp,
        what: impl IntoIterator<Item = &'t str>,
    ) -> Self {
        let stamp = decision::stamp_of(micros(now), what);
        Self { database, site, stamp, author: clean::text(author.trim()), now }
    }

    /// Decides one field of a thing; none takes it back.
    pub(crate) fn say(
        &self,
        (kind, subject): (&str, &str),
        field: &str,
        value: Option<&impl Serialize>,
    ) -> Result<(), Fault> {
        let decision = Decision {
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            field: field.to_owned(),
            stamp: self.stamp.clone(),
            value: value.map(json).transpose()?,
            author: self.author.clone(),
        };
        decision::merge(self.database, self.site, &decision, Origin::Here)
    }

    /// Tells the history of it.
    pub(crate) fn tell(&self, act: &Act) -> Result<(), Fault> {
        self.say((act::KIND, &act.told_of()), act.kind.slug(), Some(&act.said(self.now)))?;
        act::add(self.database, self.site, &self.stamp, self.now, act)
    }
}

/// Makes the rows of what the other side decided.
pub(crate) fn taken(database: &Database, site: &str, came: &[Decision]) -> Result<(), Fault> {
    let mut touched: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for Decision { kind, subject, .. } in came {
        touched.entry(kind).or_default().insert(subject);
    }
    let Some(first) = came.first() else { return Ok(()) };
    // Rows refer to their site, which decisions may reach before any capture does.
    Counters::load(database, site, decision::time(&first.stamp).unwrap_or(0))?;
    let mut changed: Vec<Registration> = Vec::new();
    for (kind, subjects) in touched {
        for subject in subjects {
            match kind {
                registration::KIND => changed.extend(registration::make(database, site, subject)?),
                inquiry::KIND => inquiry::make(database, site, subject)?,
                map::KIND => map::make(database, site, subject)?,
                // Acts follow; of other kinds there are no rows.
                _ => {}
            }
        }
    }
    for decision in came.iter().filter(|decision| decision.kind == act::KIND) {
        act::take(database, site, decision)?;
    }
    if !changed.is_empty() {
        registration::check(database, site)?;
    }
    settle::changed(database, site, &changed)
}

/// Gives the latest decision on each field.
pub(crate) fn latest(decisions: Vec<Decision>) -> BTreeMap<String, Decision> {
    decisions.into_iter().map(|decision| (decision.field.clone(), decision)).collect()
}

/// Reads what a decision says.
pub(crate) fn value(decision: &Decision) -> Option<Value> {
    serde_json::from_str(decision.value.as_deref()?).ok()
}
