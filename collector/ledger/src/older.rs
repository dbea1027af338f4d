//! What people did in a ledger before it was kept as decisions: entered as such once, so that it travels as what
//! they do now does.
//!
//! Only at a site: nobody did anything at a collector then. The stamps are made of what was done and when, so that a
//! copy of the ledger that is put back and brought up to date once more says the same again, and not twice.

use sekisho_api::sync::Decision;
use sekisho_api::{Inquiry, Mark, Registration};

use crate::act::{self, Act};
use crate::change::{ChangeKind, Subject};
use crate::error::Fault;
use crate::sql::{json, time, unjson};
use crate::store::{Database, Dialect};
use crate::sync::decision::{self, Origin};
use crate::{inquiry, map, registration};

/// Chooses the sites of this ledger that are not received from elsewhere.
const OWN: &str = "NOT EXISTS (SELECT 1 FROM members m WHERE m.site = t.site)";

/// The history of what people did is not altered but here.
const UNGUARDED: &str = "DROP TRIGGER acts_are_not_updated";
const GUARDED: &str = "CREATE TRIGGER acts_are_not_updated BEFORE UPDATE ON acts \
    BEGIN SELECT RAISE(ABORT, 'acts is append-only'); END";

/// Enters what is there and was not decided. A ledger on PostgreSQL is a collector's.
pub(crate) fn enter(database: &Database) -> Result<(), Fault> {
    if database.dialect() == Dialect::Postgres {
        return Ok(());
    }
    let sql = format!("SELECT t.site, t.detail, t.revoked_at FROM registrations t WHERE {OWN}");
    let read = |row: &crate::store::Row<'_>| {
        Ok((row.get::<String>(0)?, unjson::<Registration>(&row.get::<String>(1)?)?, row.get(2)?))
    };
    for (site, known, revoked_at) in database.query(&sql, (), read)? {
        registration::enter_older(database, &site, &known, revoked_at)?;
    }
    let sql = format!("SELECT t.site, t.id, t.detail FROM inquiries t WHERE {OWN}");
    let read = |row: &crate::store::Row<'_>| {
        let known: Inquiry = unjson(&row.get::<String>(2)?)?;
        Ok((row.get::<String>(0)?, Inquiry { id: row.get(1)?, ..known }))
    };
    for (site, known) in database.query(&sql, (), read)? {
        inquiry::enter_older(database, &site, &known)?;
    }
    let sql = format!("SELECT t.site, t.detail FROM map_marks t WHERE {OWN}");
    let read =
        |row: &crate::store::Row<'_>| Ok((row.get::<String>(0)?, unjson::<Mark>(&row.get::<String>(1)?)?));
    for (site, known) in database.query(&sql, (), read)? {
        map::enter_older(database, &site, &known)?;
    }
    database.batch(UNGUARDED)?;
    acts(database)?;
    database.batch(GUARDED)
}

/// An act as it was kept before it had a stamp.
struct Numbered {
    site: String,
    number: String,
    at: i64,
    act: Act,
}

fn acts(database: &Database) -> Result<(), Fault> {
    let sql = format!(
        "SELECT t.site, t.stamp, t.at, t.kind, t.subject_kind, t.subject, t.before_json, t.after_json \
         FROM acts t WHERE t.stamp NOT LIKE '%-%' AND {OWN}"
    );
    let read = |row: &crate::store::Row<'_>| {
        let (kind, of, subject): (String, String, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
        let (before, after): (Option<String>, Option<String>) = (row.get(6)?, row.get(7)?);
        let act = Act {
            kind: ChangeKind::stored(&kind)?,
            subject: Subject::stored(&of, subject)?,
            before: before.as_deref().map(unjson).transpose()?,
            after: after.as_deref().map(unjson).transpose()?,
        };
        Ok(Numbered { site: row.get(0)?, number: row.get(1)?, at: row.get(2)?, act })
    };
    for Numbered { site, number, at, act } in database.query(&sql, (), read)? {
        let stamp = decision::stamp_of(at, [act::KIND, &number]);
        let sql = "UPDATE acts SET stamp = $3 WHERE site = $1 AND stamp = $2";
        database.execute(sql, (&site, &number, &stamp))?;
        let said = Decision {
            kind: act::KIND.to_owned(),
            subject: act.told_of(),
            field: act.kind.slug().to_owned(),
            stamp,
            value: Some(json(&act.said(time(at)?))?),
            author: String::new(),
        };
        decision::merge(database, &site, &said, Origin::Here)?;
    }
    Ok(())
}
