//! An inquiry as decisions, field by field, and the row that is made of them.

use sekisho_api::sync::Decision;
use sekisho_api::{EvidenceFile, Inquiry};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{MAX_INQUIRIES, evidence};
use crate::clean;
use crate::deed::{self, Deed};
use crate::error::Fault;
use crate::sql::{count, json as to_json, micros};
use crate::store::Database;
use crate::sync::decision;

/// The kind of these decisions.
pub(crate) const KIND: &str = "inquiry";
/// The field of work: each decision tells of more of it, and none takes another's place.
const MINUTES: &str = "minutes";
/// Begins the field of a file, which its digest ends.
const FILE: &str = "file:";
/// Characters of a file's name that an act tells.
const TOLD_CHARS: usize = 120;

/// What is kept of a file beside its digest.
#[derive(Deserialize, Serialize)]
struct Kept {
    name: String,
    bytes: u64,
}

/// Decides the fields in which an inquiry differs from what it was.
pub(super) fn say(deed: &Deed<'_>, before: &Inquiry, after: &Inquiry) -> Result<(), Fault> {
    let number = after.number.to_string();
    let thing = (KIND, number.as_str());
    let (was, is) = (fields(before)?, fields(after)?);
    for (name, value) in is.iter().filter(|(name, value)| was.get(*name) != Some(value)) {
        deed.say(thing, name, Some(value))?;
    }
    let more = after.minutes.saturating_sub(before.minutes);
    if more > 0 { deed.say(thing, MINUTES, Some(&more)) } else { Ok(()) }
}

/// Decides that files prove an inquiry.
pub(super) fn prove(deed: &Deed<'_>, number: i64, files: &[EvidenceFile]) -> Result<(), Fault> {
    for file in files.iter().take(clean::MAX_LIST) {
        let EvidenceFile { name, sha256, bytes } = clean::row(file)?;
        deed.say((KIND, &number.to_string()), &format!("{FILE}{sha256}"), Some(&Kept { name, bytes }))?;
    }
    Ok(())
}

/// What an act tells of a file.
pub(super) fn told(file: &EvidenceFile) -> String {
    let name: String = clean::text(&file.name).chars().take(TOLD_CHARS).collect();
    format!("{name} {}", clean::text(&file.sha256))
}

/// Gives the fields of which the latest decision counts.
fn fields(inquiry: &Inquiry) -> Result<Map<String, Value>, Fault> {
    let mut fields = match serde_json::to_value(inquiry)? {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    for other in ["number", MINUTES, "evidence"] {
        fields.remove(other);
    }
    Ok(fields)
}

/// Makes the row of an inquiry of what was decided about it, and gives it; none where the number is none that
/// either side gives.
pub(crate) fn make(database: &Database, site: &str, subject: &str) -> Result<Option<Inquiry>, Fault> {
    let number = subject.parse().ok().filter(|number| (1..=2 * MAX_INQUIRIES).contains(number));
    let Some(number) = number else { return Ok(None) };
    let decisions = decision::of(database, site, KIND, subject)?;
    let minutes = decisions.iter().filter(|decision| decision.field == MINUTES).filter_map(deed::value);
    let minutes = minutes.filter_map(|value| u32::try_from(value.as_u64()?).ok());
    let minutes = minutes.fold(0_u32, u32::saturating_add);
    let (files, others): (Vec<_>, Vec<_>) =
        decisions.into_iter().partition(|decision| decision.field.starts_with(FILE));
    let mut known = fields(&Inquiry::default())?;
    known.insert("number".to_owned(), json!(number));
    for (name, decision) in deed::latest(others) {
        let Some(value) = deed::value(&decision).filter(|_| name != MINUTES) else { continue };
        // By itself: one that cannot be read takes no other with it.
        let mut with = known.clone();
        with.insert(name, value);
        if serde_json::from_value::<Inquiry>(with.clone().into()).is_ok() {
            known = with;
        }
    }
    let mut inquiry: Inquiry = serde_json::from_value(known.into())?;
    inquiry = Inquiry { number, minutes, ..clean::row(&inquiry)? };
    let sql = "INSERT INTO inquiries (site, inquiry, connection, asked, due, answered, detail) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (site, inquiry) DO UPDATE SET \
               connection = excluded.connection, asked = excluded.asked, due = excluded.due, \
               answered = excluded.answered, detail = excluded.detail";
    let (asked, due, answered) = (micros(inquiry.asked), micros(inquiry.due), inquiry.answered.map(micros));
    let values = (site, number, inquiry.connection, asked, due, answered, to_json(&inquiry)?);
    database.execute(sql, values)?;
    for file in &files {
        keep(database, site, number, file)?;
    }
    inquiry.evidence = evidence(database, site, number)?;
    Ok(Some(inquiry))
}

/// Keeps the digest of a file; a file that is known already is kept once.
fn keep(database: &Database, site: &str, number: i64, file: &Decision) -> Result<(), Fault> {
    let hash = file.field.strip_prefix(FILE).unwrap_or_default();
    let kept = deed::value(file).and_then(|value| serde_json::from_value::<Kept>(value).ok());
    let (Some(Kept { name, bytes }), Some(added)) = (kept, decision::time(&file.stamp)) else {
        return Ok(());
    };
    let sql = "INSERT INTO inquiry_evidence (site, inquiry, hash, name, bytes, added) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (site, inquiry, hash) DO NOTHING";
    database.execute(sql, (site, number, clean::text(hash), clean::text(&name), count(bytes), added))
}
