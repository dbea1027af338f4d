//! How a row is made from sightings: the earliest first, each later one merged onto what was known.
//!
//! The same merge extends a row by a new capture and makes it anew when an older capture is read or
//! one is read again, so that a row depends on what was seen and not on the order of reading.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sekisho_api::{Evidence, Text};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::change::{ChangeKind, Subject};
use crate::clean::MAX_LIST;
use crate::error::Fault;
use crate::sql::{uncount, unjson};
use crate::store::Database;

/// What devices, exits and connections have in common.
pub(crate) trait Kind: Clone + DeserializeOwned + Serialize {
    /// The word for it in the tables.
    const WORD: &str;

    /// Merges what a later capture says.
    fn merge(self, later: Self) -> Self;

    /// Its evidence, which has a table of its own.
    fn evidence(&mut self) -> &mut Vec<Evidence>;

    /// When it was first seen.
    fn first_seen(&self) -> Option<Timestamp>;

    /// Moves its times so that it was not first seen before a time.
    fn not_before(&mut self, first: Option<Timestamp>);

    /// Moves its times so that it was not seen after a time.
    fn not_after(&mut self, last: Timestamp);

    /// Takes its counters away.
    #[must_use]
    fn without_sums(self) -> Self;

    /// Its main fields, for the history.
    fn summary(&self) -> Value;

    /// What differs from `before` that the history tells.
    fn differences(&self, before: &Self) -> Vec<Difference>;
}

/// What has a table of its own by site and key, without further columns.
pub(crate) trait Stored: Kind {
    /// Gives the subject of a change.
    fn subject(key: &str) -> Subject;

    /// Reads one without its evidence, and whether it was withdrawn.
    fn load(database: &Database, site: &str, key: &str) -> Result<Option<(Self, bool)>, Fault>;

    /// Writes one without its evidence, as not withdrawn.
    fn save(&self, database: &Database, site: &str, key: &str) -> Result<(), Fault>;

    /// Marks one that no capture shows any more.
    fn withdraw(database: &Database, site: &str, key: &str) -> Result<(), Fault>;
}

/// One difference between a row before and after.
pub(crate) struct Difference {
    pub(crate) kind: ChangeKind,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

impl Difference {
    /// Makes the difference of one field that is known now and was another before, or unknown.
    pub(crate) fn of(
        kind: ChangeKind,
        field: &str,
        before: Option<&str>,
        after: Option<&str>,
    ) -> Option<Self> {
        let after = after.filter(|after| Some(*after) != before)?;
        let before = before.map(|before| json!({ field: before }));
        Some(Self { kind, before, after: Some(json!({ field: after })) })
    }
}

/// Reads every sighting of a subject, the earliest first: of captures with their numbers, of sensors
/// without.
pub(crate) fn sightings<K: Kind>(
    database: &Database,
    site: &str,
    subject: &str,
) -> Result<Vec<(Option<i64>, K)>, Fault> {
    let sql = "SELECT s.capture, s.detail, c.last_seen, c.first_seen, c.identity FROM sightings s \
               JOIN captures c ON c.site = s.site AND c.capture = s.capture \
               WHERE s.site = $1 AND s.kind = $2 AND s.subject = $3 \
               UNION ALL \
               SELECT NULL, t.detail, n.last_seen, n.first_seen, t.sensor FROM standing t \
               JOIN sensors n ON n.site = t.site AND n.sensor = t.sensor \
               WHERE t.site = $1 AND t.kind = $2 AND t.subject = $3 \
               ORDER BY 3 NULLS FIRST, 4 NULLS FIRST, 5";
    database.query(sql, (site, K::WORD, subject), |row| Ok((row.get(0)?, unjson(&row.get::<String>(1)?)?)))
}

/// Reads what one capture says of a subject.
pub(crate) fn sighting<K: Kind>(
    database: &Database,
    site: &str,
    subject: &str,
    capture: i64,
) -> Result<Option<K>, Fault> {
    let sql = "SELECT detail FROM sightings WHERE site = $1 AND kind = $2 AND subject = $3 AND capture = $4";
    database.query_row(sql, (site, K::WORD, subject, capture), |row| unjson(&row.get::<String>(0)?))
}

/// Writes what one capture says of a subject.
pub(crate) fn save_sighting<K: Kind>(
    database: &Database,
    site: &str,
    subject: &str,
    capture: i64,
    seen: &K,
) -> Result<(), Fault> {
    let sql = "INSERT INTO sightings (site, kind, subject, capture, detail) VALUES ($1, $2, $3, $4, $5)";
    database.execute(sql, (site, K::WORD, subject, capture, crate::sql::json(seen)?))
}

/// Reads a subject's evidence.
pub(crate) fn evidence<K: Kind>(
    database: &Database,
    site: &str,
    subject: &str,
) -> Result<Vec<Evidence>, Fault> {
    let sql = "SELECT rule, confidence, en, ja FROM evidence \
               WHERE site = $1 AND kind = $2 AND subject = $3 ORDER BY place";
    database.query(sql, (site, K::WORD, subject), |row| {
        let confidence = u8::try_from(uncount(row.get(1)?)).unwrap_or(u8::MAX);
        let text = |at: usize| row.get::<String>(at).map(Text::from);
        Ok(Evidence { rule: text(0)?, confidence, en: text(2)?, ja: text(3)? })
    })
}

/// Writes a subject's evidence in place of what it had.
pub(crate) fn save_evidence<K: Kind>(
    database: &Database,
    site: &str,
    subject: &str,
    evidence: &[Evidence],
) -> Result<(), Fault> {
    let sql = "DELETE FROM evidence WHERE site = $1 AND kind = $2 AND subject = $3";
    database.execute(sql, (site, K::WORD, subject))?;
    for (place, one) in (0_i64..).zip(evidence) {
        let sql = "INSERT INTO evidence (site, kind, subject, place, rule, confidence, en, ja) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let confidence = i64::from(one.confidence);
        database.execute(sql, (site, K::WORD, subject, place, &*one.rule, confidence, &*one.en, &*one.ja))?;
    }
    Ok(())
}

/// Merges evidence: for each rule the surest it was, of equals the latest.
pub(crate) fn merge_evidence(known: Vec<Evidence>, later: Vec<Evidence>) -> Vec<Evidence> {
    let mut before: BTreeMap<Text, Evidence> = BTreeMap::new();
    let mut order = Vec::with_capacity(known.len());
    for evidence in known {
        order.push(evidence.rule.clone());
        before.insert(evidence.rule.clone(), evidence);
    }
    let mut merged = Vec::with_capacity(later.len().max(order.len()));
    for evidence in later {
        let surer = before.remove(&evidence.rule).filter(|known| known.confidence > evidence.confidence);
        merged.push(surer.unwrap_or(evidence));
    }
    merged.extend(order.iter().filter_map(|rule| before.remove(rule)));
    merged.truncate(MAX_LIST);
    merged
}

/// A statement that may be none, and how sure it is in percent.
pub(crate) struct Stated(Option<String>, u8);

impl Stated {
    /// Takes the confidence from the surest evidence outside the families that do not bear on the
    /// statement (`wire/…` tells of a service, not of a category), or failing that from the surest of all.
    pub(crate) fn new(said: Option<String>, evidence: &[Evidence], aside: &[&str]) -> Self {
        let family = |evidence: &Evidence| evidence.rule.split('/').next().map(str::to_owned);
        let bears = |one: &&Evidence| family(one).is_some_and(|family| !aside.contains(&family.as_str()));
        let bearing = evidence.iter().filter(bears).map(|one| one.confidence).max();
        let surest = bearing.or_else(|| evidence.iter().map(|one| one.confidence).max());
        Self(said, surest.unwrap_or(0))
    }

    /// Gives what holds: a later statement holds where it is as sure as the known one. Saying nothing
    /// takes nothing back, for what was seen in five minutes or after a restart is less than what was
    /// known.
    pub(crate) fn or_later(self, later: Self) -> Option<String> {
        match (self, later) {
            (known, Self(None, _)) => known.0,
            (Self(None, _), later) => later.0,
            (known, later) if later.1 >= known.1 => later.0,
            (known, _) => known.0,
        }
    }
}

/// Merges lists without repetition, in order.
pub(crate) fn union<T: Ord>(known: Vec<T>, later: Vec<T>) -> Vec<T> {
    let all: BTreeSet<T> = known.into_iter().chain(later).collect();
    all.into_iter().take(MAX_LIST).collect()
}

/// Merges lists without repetition, the later one's entries first.
pub(crate) fn later_first<T: Ord + Clone>(known: Vec<T>, later: Vec<T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    let all = later.into_iter().chain(known);
    all.filter(|item| seen.insert(item.clone())).take(MAX_LIST).collect()
}

/// Moves two times so that neither is before a third.
pub(crate) fn not_before(
    first_seen: &mut Option<Timestamp>,
    last_seen: &mut Option<Timestamp>,
    first: Option<Timestamp>,
) {
    for time in [first_seen, last_seen] {
        *time = time.map(|time| first.map_or(time, |first| time.max(first)));
    }
}

/// Moves a first and a last sight, either of which may be unknown, back to a time.
pub(crate) fn not_after(
    first_seen: &mut Option<Timestamp>,
    last_seen: &mut Option<Timestamp>,
    last: Timestamp,
) {
    for time in [first_seen, last_seen] {
        *time = time.map(|time| time.min(last));
    }
}

/// Gives the earlier of two times that may be unknown.
pub(crate) fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}
