//! An inquiry as decisions, field by field, and the row that is made of them.

use sekisho_api::sync::Decision;
use sekisho_api::{EvidenceFile, Inquiry};
use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::MAX_INQUIRIES;
use crate::clean;
use crate::deed::{self, Deed};
use crate::error::Fault;
use crate::sql::{count, json as to_json, micros, uncount};
use crate::store::{Database, Value};
use crate::sync::decision;

/// The kind of these decisions.
pub(crate) const KIND: &str = "inquiry";
/// The field of work: each decision tells of more of it, and none takes another's place.
const MINUTES: &str = "minutes";
/// Begins the field of a file, which its digest ends.
const FILE: &str = "file:";
/// Digits of an id.
const ID_DIGITS: usize = 32;
/// Inquiries that were given one number: each is of a life of a ledger that was put back.
const MAX_OF_NUMBER: usize = 100;
/// From one of them to the next, as they are shown: beyond the numbers that both sides give.
const STEP: usize = 200_000;
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
    let thing = (KIND, after.id.as_str());
    let (was, is) = (fields(before)?, fields(after)?);
    for (name, value) in is.iter().filter(|(name, value)| was.get(*name) != Some(value)) {
        deed.say(thing, name, Some(value))?;
    }
    let more = after.minutes.saturating_sub(before.minutes);
    if more > 0 { deed.say(thing, MINUTES, Some(&more)) } else { Ok(()) }
}

/// Decides that files prove an inquiry.
pub(super) fn prove(deed: &Deed<'_>, id: &str, files: &[EvidenceFile]) -> Result<(), Fault> {
    for file in files.iter().take(clean::MAX_LIST) {
        let EvidenceFile { name, sha256, bytes } = clean::row(file)?;
        deed.say((KIND, id), &format!("{FILE}{sha256}"), Some(&Kept { name, bytes }))?;
    }
    Ok(())
}

/// What an act tells of a file.
pub(super) fn told(file: &EvidenceFile) -> String {
    let name: String = clean::text(&file.name).chars().take(TOLD_CHARS).collect();
    format!("{name} {}", clean::text(&file.sha256))
}

/// Gives the fields of which the latest decision counts.
fn fields(inquiry: &Inquiry) -> Result<Map<String, serde_json::Value>, Fault> {
    let mut fields = match serde_json::to_value(inquiry)? {
        serde_json::Value::Object(fields) => fields,
        _ => Map::new(),
    };
    for other in ["id", MINUTES, "evidence"] {
        fields.remove(other);
    }
    Ok(fields)
}

/// Makes the row of an inquiry of what was decided about it; none where it has no number that either side
/// gives, or where there are too many.
pub(crate) fn make(database: &Database, site: &str, id: &str) -> Result<(), Fault> {
    let decisions = decision::of(database, site, KIND, id)?;
    let began = decisions.first().map(|first| first.stamp.clone()).unwrap_or_default();
    let minutes = decisions.iter().filter(|decision| decision.field == MINUTES).filter_map(deed::value);
    let minutes = minutes.filter_map(|value| u32::try_from(value.as_u64()?).ok());
    let minutes = minutes.fold(0_u32, u32::saturating_add);
    let (files, others): (Vec<_>, Vec<_>) =
        decisions.into_iter().partition(|decision| decision.field.starts_with(FILE));
    let mut known = fields(&Inquiry::default())?;
    for (name, decision) in deed::latest(others) {
        let Some(value) = deed::value(&decision).filter(|_| name != MINUTES) else { continue };
        // By itself: one that cannot be read takes no other with it.
        let mut with = known.clone();
        with.insert(name, value);
        if serde_json::from_value::<Inquiry>(with.clone().into()).is_ok() {
            known = with;
        }
    }
    let said: Inquiry = serde_json::from_value(known.into())?;
    let Some(label) = label(id, &said) else { return Ok(()) };
    let mut inquiry = Inquiry { number: label, minutes, ..clean::row(&said)? };
    inquiry.id.clear();
    if !has_room(database, site, id, label)? {
        return Ok(());
    }
    let sql = "INSERT INTO inquiries (site, id, label, began, inquiry, connection, device, service, asked, due, \
               answered, detail) VALUES ($1, $2, $3, $4, $3, $5, $6, $7, $8, $9, $10, $11) \
               ON CONFLICT (site, id) DO UPDATE SET began = excluded.began, \
               connection = excluded.connection, device = excluded.device, service = excluded.service, \
               asked = excluded.asked, due = excluded.due, answered = excluded.answered, \
               detail = excluded.detail";
    let about = inquiry.about.as_ref();
    let (device, service) = about.map(|about| (&about.device, &about.service)).unzip();
    let number = inquiry.connection.filter(|_| about.is_none());
    let (asked, due, answered) = (micros(inquiry.asked), micros(inquiry.due), inquiry.answered.map(micros));
    let detail = to_json(&inquiry)?;
    let values: [Value; 11] = [
        site.into(),
        id.into(),
        label.into(),
        began.into(),
        number.into(),
        device.into(),
        service.into(),
        asked.into(),
        due.into(),
        answered.into(),
        detail.into(),
    ];
    database.execute(sql, values)?;
    for file in &files {
        keep(database, site, id, file)?;
    }
    tell_apart(database, site, label)
}

/// Gives the number that an inquiry was given; none where it is none that either side gives.
fn label(id: &str, said: &Inquiry) -> Option<i64> {
    let is_id = id.len() == ID_DIGITS && id.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    // From before there were ids.
    let label = if is_id { Some(said.number) } else { id.parse().ok() };
    label.filter(|label| (1..=2 * MAX_INQUIRIES).contains(label))
}

/// Tells whether an inquiry is here already, or there is room for it.
fn has_room(database: &Database, site: &str, id: &str, label: i64) -> Result<bool, Fault> {
    let sql = "SELECT COUNT(*) FROM inquiries WHERE site = $1 AND label = $2 AND id <> $3";
    let same: Option<i64> = database.query_row(sql, (site, label, id), |row| row.get(0))?;
    Ok(same.is_none_or(|same| uncount(same) < MAX_OF_NUMBER as u64))
}

/// Shows inquiries that were given one number with one each: the first with it, later ones beyond all that are
/// given. On both sides alike, for both have the same stamps.
fn tell_apart(database: &Database, site: &str, label: i64) -> Result<(), Fault> {
    let sql = "SELECT id, inquiry FROM inquiries WHERE site = $1 AND label = $2 ORDER BY began, id";
    let same = database.query(sql, (site, label), |row| Ok((row.get::<String>(0)?, row.get::<i64>(1)?)))?;
    for (shown, (id, before)) in (label..).step_by(STEP).zip(same) {
        if shown != before {
            let sql = "UPDATE inquiries SET inquiry = $3 WHERE site = $1 AND id = $2";
            database.execute(sql, (site, id, shown))?;
        }
    }
    Ok(())
}

/// Keeps the digest of a file; a file that is known already is kept once.
fn keep(database: &Database, site: &str, id: &str, file: &Decision) -> Result<(), Fault> {
    let hash = file.field.strip_prefix(FILE).unwrap_or_default();
    let kept = deed::value(file).and_then(|value| serde_json::from_value::<Kept>(value).ok());
    let (Some(Kept { name, bytes }), Some(added)) = (kept, decision::time(&file.stamp)) else {
        return Ok(());
    };
    let sql = "INSERT INTO inquiry_evidence (site, id, hash, name, bytes, added) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (site, id, hash) DO NOTHING";
    database.execute(sql, (site, id, clean::text(hash), clean::text(&name), count(bytes), added))
}
