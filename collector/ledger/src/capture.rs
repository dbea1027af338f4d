//! What was read: its identity, its span of time, and whether two spans overlap.
//!
//! A capture's identity is the set of its inputs' content digests; names and order do not matter. A
//! set that is part of one already recorded brings nothing new and is not recorded again.

use ring::digest::{Context, SHA256};
use sekisho_api::Analysis;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::clean;
use crate::error::Fault;
use crate::sql::{json, micros};
use crate::store::{Database, Params};

/// How much two spans may overlap and still be one after the other, in microseconds: rotated files
/// share some milliseconds where frames were written out of order. Two seconds counted twice at
/// most, against half an hour lost where a rotation is taken for an overlap.
const SLACK_US: i64 = 2_000_000;

/// What an analysis was made from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Source {
    /// The files, or whatever else was read.
    pub inputs: Vec<Input>,
}

/// One file that was read.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Input {
    /// The digest of its content, such as SHA-256 in hex: the caller's choice, always the same one.
    pub hash: String,
    /// Its name, for people.
    pub name: String,
}

impl Source {
    /// Makes a source of one input.
    #[must_use]
    pub fn of(name: &str, hash: &str) -> Self {
        Self { inputs: vec![Input { hash: hash.to_owned(), name: name.to_owned() }] }
    }

    /// Gives name by digest, without repetition.
    pub(crate) fn by_hash(&self) -> Result<BTreeMap<String, String>, Fault> {
        let inputs = self.inputs.iter().filter(|input| !input.hash.is_empty());
        let by_hash: BTreeMap<_, _> =
            inputs.map(|input| (clean::text(&input.hash), clean::text(&input.name))).collect();
        if by_hash.is_empty() {
            return Err(Fault::NoInputs);
        }
        Ok(by_hash)
    }
}

/// A capture's first and last frame, in microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Span {
    pub(crate) last: i64,
    pub(crate) first: i64,
}

impl Span {
    /// Takes the span of an analysis: that of its frames, or failing these of its connections.
    pub(crate) fn of(analysis: &Analysis) -> Option<Self> {
        let firsts = analysis.connections.iter().map(|connection| connection.first_seen);
        let lasts = analysis.connections.iter().map(|connection| connection.last_seen);
        let first = analysis.capture.first_seen.or(firsts.min())?;
        let last = analysis.capture.last_seen.or(lasts.max())?;
        Some(Self { first: micros(first), last: micros(last.max(first)) })
    }

    /// Says whether both saw the same time, by more than the slack.
    ///
    /// A span shorter than the slack overlaps when half of it is shared.
    pub(crate) fn overlaps(self, other: Self) -> bool {
        let shared = self.last.min(other.last).saturating_sub(self.first.max(other.first));
        let shorter = self.length().min(other.length());
        shared >= 0 && shared >= SLACK_US.min(shorter / 2)
    }

    /// Gives the span that holds both.
    pub(crate) fn with(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }

    const fn length(self) -> i64 {
        self.last.saturating_sub(self.first)
    }
}

/// A capture that the ledger has.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) number: i64,
    pub(crate) span: Span,
    pub(crate) identity: String,
    /// The sensor that it is a day of; none for files.
    pub(crate) sensor: Option<String>,
}

/// Gives the captures of a site that hold at least one frame, by number.
pub(crate) fn all(database: &Database, site: &str) -> Result<BTreeMap<i64, Known>, Fault> {
    let sql = "SELECT capture, first_seen, last_seen, identity, sensor FROM captures \
               WHERE site = $1 AND first_seen IS NOT NULL AND last_seen IS NOT NULL";
    known(database, sql, (site,))
}

/// Gives the captures that share time with a span, those that share time with these, and so on.
///
/// However long the ledger goes back: days of sensors end at midnight, so only a file's capture leads
/// on to another day.
pub(crate) fn around(database: &Database, site: &str, span: Span) -> Result<BTreeMap<i64, Known>, Fault> {
    let sql = "SELECT capture, first_seen, last_seen, identity, sensor FROM captures \
               WHERE site = $1 AND last_seen >= $2 AND first_seen <= $3";
    let mut within = span;
    loop {
        let found = known(database, sql, (site, within.first, within.last))?;
        let wider = found.values().fold(within, |so_far, known| so_far.with(known.span));
        if wider == within {
            return Ok(found);
        }
        within = wider;
    }
}

fn known<'v>(database: &Database, sql: &str, values: impl Params<'v>) -> Result<BTreeMap<i64, Known>, Fault> {
    let captures = database.query(sql, values, |row| {
        let span = Span { first: row.get(1)?, last: row.get(2)? };
        Ok(Known { number: row.get(0)?, span, identity: row.get(3)?, sensor: row.get(4)? })
    })?;
    Ok(captures.into_iter().map(|known| (known.number, known)).collect())
}

/// Gives the recorded capture of exactly this identity, with the digest of its analysis.
pub(crate) fn find(database: &Database, site: &str, identity: &str) -> Result<Option<(i64, String)>, Fault> {
    let sql = "SELECT capture, analysis FROM captures WHERE site = $1 AND identity = $2";
    database.query_row(sql, (site, identity), |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Says whether one recorded capture already holds every one of these inputs.
pub(crate) fn is_part_of_another(
    database: &Database,
    site: &str,
    inputs: &BTreeMap<String, String>,
) -> Result<bool, Fault> {
    let sql = "SELECT capture FROM inputs WHERE site = $1 AND hash = $2";
    let mut holders: Option<BTreeSet<i64>> = None;
    for hash in inputs.keys() {
        let with_this: BTreeSet<i64> =
            database.query(sql, (site, hash), |row| row.get(0))?.into_iter().collect();
        let with_all = match holders {
            None => with_this,
            Some(before) => before.intersection(&with_this).copied().collect(),
        };
        if with_all.is_empty() {
            return Ok(false);
        }
        holders = Some(with_all);
    }
    Ok(holders.is_some())
}

/// Writes the capture's row, or what a new reading changes in it.
pub(crate) fn save(
    database: &Database,
    site: &str,
    number: i64,
    (identity, analysis_digest): (&str, &str),
    analysis: &Analysis,
    now: i64,
) -> Result<(), Fault> {
    let span = Span::of(analysis);
    let detail = json(&clean::row(&analysis.capture)?)?;
    let sql = "INSERT INTO captures \
               (site, capture, identity, analysis, first_seen, last_seen, recorded_at, detail) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
               ON CONFLICT (site, capture) DO UPDATE SET analysis = excluded.analysis, \
               first_seen = excluded.first_seen, last_seen = excluded.last_seen, detail = excluded.detail";
    let (first, last) = (span.map(|span| span.first), span.map(|span| span.last));
    database.execute(sql, (site, number, identity, analysis_digest, first, last, now, detail))
}

/// Writes what the capture was made from.
pub(crate) fn save_inputs(
    database: &Database,
    site: &str,
    number: i64,
    inputs: &BTreeMap<String, String>,
) -> Result<(), Fault> {
    for (hash, name) in inputs {
        let sql = "INSERT INTO inputs (site, hash, capture, name) VALUES ($1, $2, $3, $4)";
        database.execute(sql, (site, hash, number, name))?;
    }
    Ok(())
}

/// Digests texts, each with its length before it so that no two lists run together.
pub(crate) fn digest<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut context = Context::new(&SHA256);
    for text in texts {
        context.update(&text.len().to_be_bytes());
        context.update(text.as_bytes());
    }
    let mut hex = String::new();
    for byte in context.finish().as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_captures_of_the_same_time_overlap() {
        let second = 1_000_000;
        let span = |first: i64, last: i64| Span { first: first * second, last: last * second };
        // (one, other, overlap, why)
        let cases = [
            (span(0, 60), span(0, 60), true, "the same"),
            (span(0, 60), span(30, 90), true, "half"),
            (span(0, 60), span(60, 120), false, "rotated on the frame"),
            (span(0, 60), span(59, 120), false, "a second out of order"),
            (span(0, 60), span(70, 120), false, "a gap"),
            (span(0, 3600), span(10, 11), true, "a short one inside"),
            (span(0, 3600), span(10, 10), true, "a single frame inside"),
            (span(0, 60), span(61, 61), false, "a single frame after"),
        ];
        for (one, other, overlap, why) in cases {
            assert_eq!(one.overlaps(other), overlap, "{why}");
            assert_eq!(other.overlaps(one), overlap, "{why}, the other way");
        }
    }

    #[test]
    fn lists_that_run_together_have_other_digests() {
        assert_ne!(digest(["ab", "c"]), digest(["a", "bc"]));
        assert_eq!(digest([]).len(), 64);
    }
}
