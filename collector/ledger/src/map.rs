//! What the map of a site is drawn from: the latest snapshot of each piece of equipment, and what people
//! decided of links.
//!
//! A box is keyed by how it was asked: `snmp:192.0.2.1` or `text:core-sw01`. An older snapshot never replaces
//! a newer one, so that text found in a drawer does no harm; but one that claims to be of the future, from a
//! box whose clock is wrong, holds back none.

use jiff::Timestamp;
use sekisho_api::{Mark, Snapshot};

use crate::clean;
use crate::counters::Counters;
use crate::deed::{self, Deed};
use crate::error::{Fault, LedgerError};
use crate::sql::{json, micros, unjson};
use crate::store::{Database, Transaction};
use crate::sync::decision;
use crate::{Ledger, Reader};

/// Boxes of one site that are kept: many times a hospital's.
const MAX_BOXES: i64 = 4_096;
/// Decisions of one site that are kept: no person makes more by hand.
const MAX_MARKS: i64 = 10_000;
/// The kind of the decisions that are marks, and their one field.
pub(crate) const KIND: &str = "mark";
const MARK: &str = "mark";
/// The longest snapshot that is kept, in octets: a core switch with full tables has some 2 MB.
const MAX_SNAPSHOT_BYTES: usize = 16 << 20;

impl Ledger {
    /// Keeps what a box said, in place of what it said before; tells whether it did, which it does not for
    /// one that is older, too long or one too many.
    pub fn keep_snapshot(
        &mut self,
        site: &str,
        of: &str,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let Reader { database, path } = &mut self.reader;
        keep_snapshot(database, site, of, snapshot, now).map_err(|fault| fault.at(path))
    }

    /// Keeps a decision, in place of an earlier one on the same link; tells whether there was room.
    pub fn mark(&mut self, site: &str, mark: &Mark) -> Result<bool, LedgerError> {
        let Reader { database, path } = &mut self.reader;
        keep_mark(database, site, mark).map_err(|fault| fault.at(path))
    }

    /// Takes back the decisions on the link between two ends, named as they were; gives how many.
    pub fn unmark(&mut self, site: &str, a: &str, b: &str, now: Timestamp) -> Result<usize, LedgerError> {
        let Reader { database, path } = &mut self.reader;
        unmark(database, site, a, b, now).map_err(|fault| fault.at(path))
    }
}

impl Reader {
    /// Reads what the boxes of a site said, by box.
    pub fn snapshots(&self, site: &str) -> Result<Vec<Snapshot>, LedgerError> {
        self.read(|database| {
            details(database, "SELECT detail FROM snapshots WHERE site = $1 ORDER BY box", site)
        })
    }

    /// Reads what people decided of a site's links, in the order of the ends.
    pub fn marks(&self, site: &str) -> Result<Vec<Mark>, LedgerError> {
        self.read(|database| {
            details(database, "SELECT detail FROM map_marks WHERE site = $1 ORDER BY a, b", site)
        })
    }
}

fn keep_snapshot(
    database: &Database,
    site: &str,
    of: &str,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Result<bool, Fault> {
    let (site, of, detail) = (named(site)?, clean::text(of.trim()), json(&clean::texts(snapshot)?)?);
    if detail.len() > MAX_SNAPSHOT_BYTES {
        return Ok(false);
    }
    let transaction = begin(database, &site, now)?;
    let sql = "INSERT INTO snapshots (site, box, said, detail) \
               SELECT $1, $2, $3, $4 WHERE (SELECT COUNT(*) FROM snapshots WHERE site = $1 AND box <> $2) < $5 \
               ON CONFLICT (site, box) DO UPDATE SET said = excluded.said, detail = excluded.detail \
               WHERE excluded.said >= snapshots.said OR snapshots.said > $6 RETURNING said";
    let values = (&site, of, micros(snapshot.at), detail, MAX_BOXES, micros(now));
    let kept = transaction.query_row(sql, values, |_| Ok(()))?;
    transaction.commit()?;
    Ok(kept.is_some())
}

fn keep_mark(database: &Database, site: &str, mark: &Mark) -> Result<bool, Fault> {
    let site = named(site)?;
    let mark: Mark = clean::row(mark)?;
    let (a, b) = ends(&mark.a.node, &mark.b.node);
    let transaction = begin(database, &site, mark.at)?;
    let sql = "SELECT COUNT(*) FROM map_marks WHERE site = $1 AND NOT (a = $2 AND b = $3)";
    let others: Option<i64> = transaction.query_row(sql, (&site, &a, &b), |row| row.get(0))?;
    if others.is_some_and(|others| others >= MAX_MARKS) {
        return Ok(false);
    }
    let subject = json(&(a, b))?;
    Deed::begin(&transaction, &site, "", mark.at)?.say((KIND, &subject), MARK, Some(&mark))?;
    make(&transaction, &site, &subject)?;
    transaction.commit()?;
    Ok(true)
}

/// Enters a mark of before as a decision.
pub(crate) fn enter_older(database: &Database, site: &str, mark: &Mark) -> Result<(), Fault> {
    let subject = json(&ends(&mark.a.node, &mark.b.node))?;
    if !decision::of(database, site, KIND, &subject)?.is_empty() {
        return Ok(());
    }
    Deed::older(database, site, "", mark.at, [KIND, &subject]).say((KIND, &subject), MARK, Some(mark))
}

fn unmark(database: &Database, site: &str, a: &str, b: &str, now: Timestamp) -> Result<usize, Fault> {
    let site = named(site)?;
    let (a, b) = ends(a, b);
    let transaction = database.begin()?;
    let sql = "SELECT COUNT(*) FROM map_marks WHERE site = $1 AND a = $2 AND b = $3";
    let marks: Option<i64> = transaction.query_row(sql, (&site, &a, &b), |row| row.get(0))?;
    let marks = marks.and_then(|marks| usize::try_from(marks).ok()).unwrap_or(0);
    if marks == 0 {
        return Ok(0);
    }
    let subject = json(&(a, b))?;
    Deed::begin(&transaction, &site, "", now)?.say((KIND, &subject), MARK, None::<&Mark>)?;
    make(&transaction, &site, &subject)?;
    transaction.commit()?;
    Ok(marks)
}

/// Makes the row of what was decided of a link.
pub(crate) fn make(database: &Database, site: &str, subject: &str) -> Result<(), Fault> {
    let Ok((a, b)) = serde_json::from_str::<(String, String)>(subject) else { return Ok(()) };
    let (a, b) = ends(&a, &b);
    let latest = deed::latest(decision::of(database, site, KIND, subject)?);
    let mark = latest.get(MARK).and_then(deed::value);
    let Some(mark) = mark.and_then(|mark| serde_json::from_value::<Mark>(mark).ok()) else {
        let sql = "DELETE FROM map_marks WHERE site = $1 AND a = $2 AND b = $3";
        return database.execute(sql, (site, a, b));
    };
    let mark: Mark = clean::row(&mark)?;
    // Each side keeps to its own bound while the other does, too.
    let sql = "INSERT INTO map_marks (site, a, b, marked, detail) \
               SELECT $1, $2, $3, $4, $5 WHERE (SELECT COUNT(*) FROM map_marks WHERE site = $1) < $6 \
               ON CONFLICT (site, a, b) DO UPDATE SET marked = excluded.marked, detail = excluded.detail";
    database.execute(sql, (site, a, b, micros(mark.at), json(&mark)?, 2 * MAX_MARKS))
}

/// The two ends in order: a link has no direction.
fn ends(a: &str, b: &str) -> (String, String) {
    let (a, b) = (clean::text(a), clean::text(b));
    if a <= b { (a, b) } else { (b, a) }
}

fn named(site: &str) -> Result<String, Fault> {
    let site = clean::text(site.trim());
    if site.is_empty() { Err(Fault::NoSite) } else { Ok(site) }
}

/// Begins to write, and enters a new site.
fn begin<'d>(database: &'d Database, site: &str, now: Timestamp) -> Result<Transaction<'d>, Fault> {
    let transaction = database.begin()?;
    Counters::load(&transaction, site, micros(now))?;
    Ok(transaction)
}

fn details<T: serde::de::DeserializeOwned>(
    database: &Database,
    sql: &str,
    site: &str,
) -> Result<Vec<T>, Fault> {
    database.query(sql, (clean::text(site.trim()),), |row| unjson(&row.get::<String>(0)?))
}
