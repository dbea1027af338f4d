//! Inquiries (調査): asked, answered, and the files that prove the answers.
//!
//! That no answer came in time is told when an inquiry is read, from its due day: nobody has to note it.
//!
//! An inquiry is known by an id. Its number is what people call it, and a ledger that was put back gives one
//! again that was given before; the number of its connection is found when it is read (`about`).

mod about;
mod made;

use jiff::{SignedDuration, Timestamp};
use sekisho_api::{EvidenceFile, Inquiry};
use serde_json::json;

use crate::act::Act;
use crate::change::{ChangeKind, Subject};
use crate::clean;
use crate::counters::Counters;
use crate::deed::Deed;
use crate::error::{Fault, LedgerError};
use crate::query::{Filter, Query, Sited};
use crate::sql::{micros, uncount, unjson};
use crate::store::Database;
use crate::sync::{decision, fresh_id};
use crate::{Ledger, Reader};

pub(crate) use made::{KIND, make};

/// How long an answer may take where no other day was agreed: the study's week.
pub const DUE_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Inquiries of one site: a survey of a large hospital has some hundreds.
const MAX_INQUIRIES: i64 = 100_000;
/// Files that an act tells of; the inquiry has all.
const TOLD_FILES: usize = 20;

/// What came of an inquiry. What is not given stays as it was.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Answer {
    /// The answer, or what was found.
    pub answer: Option<String>,
    /// When it came.
    pub answered: Option<Timestamp>,
    /// `answered`, `in-part` or `not-applicable`.
    pub outcome: Option<String>,
    /// What is done next, and when.
    pub next: Option<String>,
    /// Work spent on it since it was last told, in minutes.
    pub minutes: u32,
    /// Files that prove it.
    pub evidence: Vec<EvidenceFile>,
    /// Who says so.
    pub by: String,
}

impl Ledger {
    /// Enters an inquiry of a site, and gives its number; that in `inquiry` is not looked at.
    pub fn inquire(&mut self, site: &str, inquiry: &Inquiry, now: Timestamp) -> Result<i64, LedgerError> {
        let Reader { database, path } = &mut self.reader;
        enter(database, site, inquiry, now).map_err(|fault| fault.at(path))
    }

    /// Enters what came of an inquiry, and gives it as it is then; none where there is no such inquiry.
    pub fn answer(
        &mut self,
        site: &str,
        number: i64,
        answer: &Answer,
        now: Timestamp,
    ) -> Result<Option<Inquiry>, LedgerError> {
        let Reader { database, path } = &mut self.reader;
        answered(database, site, number, answer, now).map_err(|fault| fault.at(path))
    }
}

impl Reader {
    /// Reads the inquiries of a query's site and connection (its number), the latest first.
    pub fn inquiries(&self, query: &Query) -> Result<Vec<Sited<Inquiry>>, LedgerError> {
        self.read(|database| inquiries(database, query))
    }
}

/// Enters an inquiry of before, with what came of it, as decisions.
pub(crate) fn enter_older(database: &Database, site: &str, known: &Inquiry) -> Result<(), Fault> {
    if !decision::of(database, site, KIND, &known.id)?.is_empty() {
        return Ok(());
    }
    let deed = Deed::older(database, site, &known.by, known.asked, [KIND, &known.id]);
    made::say(&deed, &Inquiry::default(), known)?;
    made::prove(&deed, &known.id, &evidence(database, site, &known.id)?)
}

fn enter(database: &Database, site: &str, inquiry: &Inquiry, now: Timestamp) -> Result<i64, Fault> {
    let site = clean::text(site.trim());
    if site.is_empty() {
        return Err(Fault::NoSite);
    }
    let mut inquiry: Inquiry = clean::row(inquiry)?;
    let evidence = std::mem::take(&mut inquiry.evidence);
    let transaction = database.begin()?;
    Counters::load(&transaction, &site, micros(now))?;
    inquiry.number = next(&transaction, &site)?;
    inquiry.id = fresh_id()?;
    inquiry.about = match inquiry.connection {
        Some(number) => about::known_by(&transaction, &site, number)?,
        None => None,
    };
    let deed = Deed::begin(&transaction, &site, &inquiry.by, now)?;
    made::say(&deed, &Inquiry::default(), &inquiry)?;
    made::prove(&deed, &inquiry.id, &evidence)?;
    let after = json!({
        "inquiry": inquiry.number, "question": inquiry.question, "counterpart": inquiry.counterpart,
        "due": inquiry.due, "by": inquiry.by,
    });
    let kind = ChangeKind::Asked;
    deed.tell(&Act { kind, subject: subject(&inquiry), before: None, after: Some(after) })?;
    made::make(&transaction, &site, &inquiry.id)?;
    let number = numbered(&transaction, &site, &inquiry.id)?.unwrap_or(inquiry.number);
    transaction.commit()?;
    Ok(number)
}

fn numbered(database: &Database, site: &str, id: &str) -> Result<Option<i64>, Fault> {
    let sql = "SELECT inquiry FROM inquiries WHERE site = $1 AND id = $2";
    database.query_row(sql, (site, id), |row| row.get(0))
}

/// Gives the next number. A collector has numbers of its own, for a site does not wait for it to ask.
fn next(database: &Database, site: &str) -> Result<i64, Fault> {
    let of_collector = "SELECT 1 FROM members WHERE site = $1";
    let of_collector = database.query_row(of_collector, (site,), |row| row.get::<i64>(0))?.is_some();
    let before = if of_collector { MAX_INQUIRIES } else { 0 };
    let sql = "SELECT MAX(label) FROM inquiries WHERE site = $1 AND label > $2 AND label <= $3";
    let last: Option<Option<i64>> =
        database.query_row(sql, (site, before, before + MAX_INQUIRIES), |row| row.get(0))?;
    let last = last.flatten().unwrap_or(before);
    if last >= before + MAX_INQUIRIES { Err(Fault::TooManyInquiries) } else { Ok(last + 1) }
}

fn answered(
    database: &Database,
    site: &str,
    number: i64,
    answer: &Answer,
    now: Timestamp,
) -> Result<Option<Inquiry>, Fault> {
    let site = clean::text(site.trim());
    let transaction = database.begin()?;
    let sql = "SELECT id, detail FROM inquiries WHERE site = $1 AND inquiry = $2";
    let found = transaction.query_row(sql, (&site, number), |row| {
        Ok((row.get::<String>(0)?, unjson::<Inquiry>(&row.get::<String>(1)?)?))
    })?;
    let Some((id, before)) = found else { return Ok(None) };
    let before = Inquiry { id: id.clone(), ..before };
    let after = Inquiry {
        answer: answer.answer.clone().or_else(|| before.answer.clone()),
        answered: answer.answered.or(before.answered),
        outcome: answer.outcome.clone().or_else(|| before.outcome.clone()),
        next: answer.next.clone().or_else(|| before.next.clone()),
        minutes: before.minutes.saturating_add(answer.minutes),
        ..before.clone()
    };
    let after: Inquiry = clean::row(&after)?;
    let deed = Deed::begin(&transaction, &site, &answer.by, now)?;
    made::say(&deed, &before, &after)?;
    made::prove(&deed, &id, &answer.evidence)?;
    let says = |inquiry: &Inquiry| json!({ "inquiry": number, "answer": inquiry.answer, "outcome": inquiry.outcome, "next": inquiry.next });
    let mut said = says(&after);
    if let Some(fields) = said.as_object_mut() {
        let files = answer.evidence.iter().take(TOLD_FILES).map(made::told);
        fields.insert("files".to_owned(), files.collect());
        fields.insert("by".to_owned(), clean::text(answer.by.trim()).into());
    }
    let was = before.answer.is_some().then(|| says(&before));
    let kind = ChangeKind::Answered;
    deed.tell(&Act { kind, subject: subject(&after), before: was, after: Some(said) })?;
    made::make(&transaction, &site, &id)?;
    let mut filter = Filter::default();
    filter.and("site = $", Some(site));
    filter.and("id = $", Some(id));
    let kept = read(&transaction, filter)?.pop();
    transaction.commit()?;
    Ok(kept.map(|sited| sited.row))
}

fn subject(inquiry: &Inquiry) -> Subject {
    inquiry.connection.map_or_else(|| Subject::Inquiry(inquiry.id.clone()), Subject::Connection)
}

pub(crate) fn inquiries(database: &Database, query: &Query) -> Result<Vec<Sited<Inquiry>>, Fault> {
    let mut filter = Filter::default();
    filter.and("site = $", query.site.clone());
    filter.and("asked >= $", query.since.map(micros));
    filter.and("asked <= $", query.until.map(micros));
    if let (Some(site), Some(number)) = (&query.site, query.number) {
        // Those that may be about it, however they know it.
        let known = about::known_by(database, site, number)?;
        let device = known.map(|known| known.device).unwrap_or_default();
        filter.values.extend([number.into(), device.into()]);
        let last = filter.values.len();
        filter.always(&format!("(connection = ${} OR device = ${last})", last - 1));
    }
    filter.sql.push_str(" ORDER BY asked DESC, site, inquiry DESC");
    if query.number.is_none() {
        filter.limit(query.limit);
    }
    let mut found = read(database, filter)?;
    if query.number.is_some() {
        found.retain(|sited| sited.row.connection == query.number);
        found.truncate(query.limit.map_or(usize::MAX, |rows| rows as usize));
    }
    Ok(found)
}

/// Reads inquiries, each with the number that it and its connection have now.
fn read(database: &Database, filter: Filter) -> Result<Vec<Sited<Inquiry>>, Fault> {
    let sql = format!("SELECT site, id, inquiry, detail FROM inquiries{}", filter.sql);
    let mut found: Vec<Sited<Inquiry>> = database.query(&sql, filter.values, |row| {
        let inquiry: Inquiry = unjson(&row.get::<String>(3)?)?;
        Ok(Sited { site: row.get(0)?, row: Inquiry { id: row.get(1)?, number: row.get(2)?, ..inquiry } })
    })?;
    for Sited { site, row } in &mut found {
        if let Some(about) = &row.about {
            row.connection = about::number(database, site, about)?;
        }
        row.evidence = evidence(database, site, &row.id)?;
    }
    Ok(found)
}

/// Reads the files that prove an inquiry, in the order in which they were added.
fn evidence(database: &Database, site: &str, id: &str) -> Result<Vec<EvidenceFile>, Fault> {
    let sql = "SELECT name, hash, bytes FROM inquiry_evidence WHERE site = $1 AND id = $2 \
               ORDER BY added, hash";
    database.query(sql, (site, id), |row| {
        Ok(EvidenceFile { name: row.get(0)?, sha256: row.get(1)?, bytes: uncount(row.get(2)?) })
    })
}
