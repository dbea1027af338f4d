//! The receiving side: batches in, answers out. A batch and how far it brings the site are one transaction.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sekisho_api::sync::{Answer, Batch, Cursor, Decision, Item, KeyPart, Outcome, SYNC_VERSION, Sending};
use sekisho_api::{Capture, Connection, ExitRow};
use serde::de::DeserializeOwned;

use super::decision::{self, Field, Origin};
use super::effect::Effect;
use super::table::{self, CHANGES, DECISIONS, TABLES, Table};
use crate::LedgerError;
use crate::change::{Cause, ChangeKind, Subject};
use crate::device::State as Device;
use crate::error::Fault;
use crate::schema;
use crate::sql::{json, micros, time, unjson};
use crate::store::{Database, Value};

/// Octets of an id that a site makes.
const MAX_ID_BYTES: usize = 64;
/// Octets of one text of a row: beyond what lists and texts within their bounds come to, and within what a
/// message may unpack to.
const MAX_TEXT_BYTES: usize = 12 * 1024 * 1024;

/// A ledger that takes in those of sites.
#[derive(Debug)]
pub struct Intake {
    database: Database,
    path: PathBuf,
}

/// How far a site has been received.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Received {
    /// The site.
    pub site: String,
    /// The place.
    pub seq: i64,
    /// What became of its last batch.
    pub outcome: String,
    /// Rows received in all.
    pub entries: i64,
    /// When the last batch came.
    pub at: Timestamp,
}

/// How a site stands.
struct State {
    epoch: String,
    seq: i64,
    sending: String,
    complete: bool,
}

impl Intake {
    /// Opens the ledger, a file or a PostgreSQL database, and makes it where there is none.
    pub fn open(place: impl AsRef<Path>) -> Result<Self, LedgerError> {
        let place = place.as_ref();
        let database = Database::open_shared(place)?;
        let path = database.shown(place);
        let made = schema::migrate(&database).and_then(|()| {
            // Rows come in the order of their changes, one before what it refers to; each is there in the end.
            database.leave_references()
        });
        made.map_err(|fault| fault.at(&path))?;
        Ok(Self { database, path })
    }

    /// Takes in a batch of a site, all of it or, on an error, nothing.
    pub fn apply(&mut self, site: &str, batch: Batch, now: Timestamp) -> Result<Answer, LedgerError> {
        self.change(|database| apply(database, site, batch, now))
    }

    /// Says how far a site has come, and what it should know: the answer without a batch.
    pub fn answer(&mut self, site: &str) -> Result<Answer, LedgerError> {
        self.change(|database| answer(database, site, None, &Cursor::default()))
    }

    /// Says how far every site has come.
    pub fn received(&mut self) -> Result<Vec<Received>, LedgerError> {
        self.change(|database| {
            let sql = "SELECT site, seq, outcome, entries, applied_at FROM sync_in ORDER BY site";
            database.query(sql, (), |row| {
                Ok(Received {
                    site: row.get(0)?,
                    seq: row.get(1)?,
                    outcome: row.get(2)?,
                    entries: row.get(3)?,
                    at: time(row.get(4)?)?,
                })
            })
        })
    }

    /// Enters a decision that is made here about a site.
    pub fn decide(
        &mut self,
        site: &str,
        (kind, subject, name): (&str, &str, &str),
        value: Option<&str>,
        author: &str,
        now: Timestamp,
    ) -> Result<Decision, LedgerError> {
        let field = Field { kind, subject, name };
        self.change(|database| decision::decide(database, site, &field, value, author, now))
    }

    /// Gives what holds of one kind of decisions about a site.
    pub fn decided(&mut self, site: &str, kind: &str) -> Result<Vec<Decision>, LedgerError> {
        self.change(|database| decision::current(database, site, kind))
    }

    /// Removes all that is known of a site, its history, too.
    pub fn remove(&mut self, site: &str) -> Result<(), LedgerError> {
        self.change(|database| {
            database.execute("INSERT INTO sync_moving (site) VALUES ($1)", (site,))?;
            let own = ["sync_in", "sync_epochs", "sync_stale", "former_changes", "sync_moving"];
            for name in TABLES.iter().map(|table| table.name).rev().chain(own) {
                database.execute(&format!("DELETE FROM {name} WHERE site = $1"), (site,))?;
            }
            Ok(())
        })
    }

    pub(super) fn change<T>(
        &mut self,
        change: impl FnOnce(&Database) -> Result<T, Fault>,
    ) -> Result<T, LedgerError> {
        let done = self.database.begin().and_then(|transaction| {
            let done = change(&transaction)?;
            transaction.commit()?;
            Ok(done)
        });
        done.map_err(|fault| fault.at(&self.path))
    }
}

fn apply(database: &Database, site: &str, batch: Batch, now: Timestamp) -> Result<Answer, Fault> {
    check(&batch)?;
    let found = state(database, site)?;
    let mut state = match found {
        Some(state) if state.epoch == batch.epoch => state,
        Some(state) if is_over(database, site, &batch.epoch)? => {
            return answer(database, site, Some((&state, Outcome::Unknown)), &batch.known);
        }
        // A new life begins at its beginning.
        Some(state) if batch.from > 0 => {
            return answer(database, site, Some((&state, Outcome::Behind)), &batch.known);
        }
        Some(state) => begin(database, site, Some(&state.epoch), &batch.epoch)?,
        None if batch.from > 0 => return answer(database, site, None, &batch.known),
        None => begin(database, site, None, &batch.epoch)?,
    };
    let is_met = |known: &Sending| known.id == state.sending && known.to >= state.seq;
    let outcome = if batch.to < state.seq || (batch.to == state.seq && state.seq > batch.from) {
        Outcome::Already
    } else if batch.from > state.seq {
        Outcome::Behind
    } else if state.seq > 0 && !batch.sent.iter().any(is_met) {
        Outcome::Unknown
    } else {
        Outcome::Applied
    };
    if outcome != Outcome::Applied {
        return answer(database, site, Some((&state, outcome)), &batch.known);
    }
    let mut taken = 0_i64;
    let mut effect = Effect::default();
    for entry in batch.entries.into_iter().filter(|entry| entry.seq > state.seq) {
        take(database, site, entry.now, state.complete, &mut effect)?;
        taken += 1;
    }
    effect.take(database, site)?;
    if batch.last && !state.complete {
        sweep(database, site)?;
        state.complete = true;
    }
    state.seq = batch.to;
    if taken > 0 || state.sending.is_empty() {
        state.sending.clone_from(&batch.sending);
    }
    save(database, site, &state, taken, now)?;
    answer(database, site, Some((&state, Outcome::Applied)), &batch.known)
}

/// Refuses a batch that contradicts itself.
fn check(batch: &Batch) -> Result<(), Fault> {
    if batch.version > SYNC_VERSION {
        let (theirs, ours) = (batch.version, SYNC_VERSION);
        return Err(Fault::Refused(format!(
            "version {theirs} of a later agent, and this is {ours}: upgrade the collector"
        )));
    }
    let ids = [&batch.epoch, &batch.sending];
    if ids.iter().any(|id| id.is_empty() || id.len() > MAX_ID_BYTES || id.contains('\0')) {
        return Err(Fault::Refused("an id that is empty or too long".to_owned()));
    }
    let mut before = batch.from;
    for entry in &batch.entries {
        if entry.seq <= before || entry.seq > batch.to {
            return Err(Fault::Refused(format!("row {} out of its place", entry.seq)));
        }
        before = entry.seq;
    }
    if batch.from < 0 || batch.to < batch.from {
        return Err(Fault::Refused(format!("from {} to {}", batch.from, batch.to)));
    }
    Ok(())
}

/// Begins a life; what the one before had is kept until the new one is here as a whole.
fn begin(database: &Database, site: &str, before: Option<&str>, epoch: &str) -> Result<State, Fault> {
    if let Some(before) = before {
        let over =
            "INSERT INTO sync_epochs (site, epoch) VALUES ($1, $2) ON CONFLICT (site, epoch) DO NOTHING";
        database.execute(over, (site, before))?;
        set_history_aside(database, site, before)?;
        for table in TABLES.iter().filter(|table| table.name != CHANGES && table.name != DECISIONS) {
            note_stale(database, site, table)?;
        }
    }
    Ok(State { epoch: epoch.to_owned(), seq: 0, sending: String::new(), complete: before.is_none() })
}

fn set_history_aside(database: &Database, site: &str, epoch: &str) -> Result<(), Fault> {
    let columns =
        "change, at, recorded_at, capture, cause, kind, subject_kind, subject, before_json, after_json";
    let copy = format!(
        "INSERT INTO former_changes (site, epoch, {columns}) SELECT site, $2, {columns} FROM changes WHERE site = $1"
    );
    database.execute(&copy, (site, epoch))?;
    database.execute("INSERT INTO sync_moving (site) VALUES ($1)", (site,))?;
    database.execute("DELETE FROM changes WHERE site = $1", (site,))?;
    database.execute("DELETE FROM sync_moving WHERE site = $1", (site,))?;
    Ok(())
}

fn note_stale(database: &Database, site: &str, table: &Table) -> Result<(), Fault> {
    let columns = if table.key.is_empty() { "1".to_owned() } else { table.key.join(", ") };
    let sql = format!("SELECT {columns} FROM {} WHERE site = $1", table.name);
    // Read whole: the keys of one site's table.
    let keys = database.query(&sql, (site,), |row| {
        let mut key = Vec::with_capacity(table.key.len());
        for (place, column) in table.key.iter().enumerate() {
            key.push(if table::is_number(column) {
                KeyPart::Number(row.get(place)?)
            } else {
                KeyPart::Text(row.get(place)?)
            });
        }
        json(&key)
    })?;
    for key in keys {
        let sql = "INSERT INTO sync_stale (site, table_name, row_key) VALUES ($1, $2, $3) \
                   ON CONFLICT (site, table_name, row_key) DO NOTHING";
        database.execute(sql, (site, table.name, key))?;
    }
    Ok(())
}

/// Takes in one row.
fn take(
    database: &Database,
    site: &str,
    now: Item,
    complete: bool,
    effect: &mut Effect,
) -> Result<(), Fault> {
    validate(&now)?;
    match now {
        Item::Decision(decision) => {
            effect.decision(&decision);
            return decision::merge(database, site, &decision, Origin::There);
        }
        Item::Gone(gone) => {
            let table = table::find(&gone.table).filter(|table| table.key.len() == gone.key.len());
            let table = table.ok_or_else(|| Fault::Refused("a row that is gone from nowhere".to_owned()))?;
            // The history and what people decided are only added to.
            if table.name == CHANGES || table.name == DECISIONS {
                return Err(Fault::Refused(format!("a row gone from {}", table.name)));
            }
            return table.delete(database, site, &gone.key);
        }
        _ => {}
    }
    // The life before may have read the same files under another number.
    let identity = if let Item::Capture(row) = &now { Some(row.identity.clone()) } else { None };
    let Some((table, values)) = table::values(now) else { return Ok(()) };
    if !complete {
        let key = key_parts(values.iter().take(table.key.len()));
        let sql = "DELETE FROM sync_stale WHERE site = $1 AND table_name = $2 AND row_key = $3";
        database.execute(sql, (site, table.name, json(&key)?))?;
    }
    if let (false, Some(identity)) = (complete, identity) {
        let sql = "DELETE FROM captures WHERE site = $1 AND identity = $2";
        database.execute(sql, (site, identity))?;
    }
    effect.row(table.name, &values);
    table.write(database, site, values)
}

/// Removes what the new life does not have, and of the history kept aside what it tells as well.
fn sweep(database: &Database, site: &str) -> Result<(), Fault> {
    let sql = "SELECT table_name, row_key FROM sync_stale WHERE site = $1";
    let stale: Vec<(String, String)> = database.query(sql, (site,), |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (name, key) in stale {
        let Some(table) = table::find(&name) else { continue };
        table.delete(database, site, &unjson::<Vec<KeyPart>>(&key)?)?;
    }
    database.execute("DELETE FROM sync_stale WHERE site = $1", (site,))?;
    let told = "DELETE FROM former_changes WHERE site = $1 AND EXISTS (SELECT 1 FROM changes c \
                WHERE c.site = former_changes.site AND c.change = former_changes.change \
                AND c.recorded_at = former_changes.recorded_at AND c.kind = former_changes.kind \
                AND c.subject_kind = former_changes.subject_kind AND c.subject = former_changes.subject)";
    database.execute(told, (site,))?;
    Ok(())
}

/// Refuses a row that could not be read back: one site's fault must not be every reader's.
fn validate(now: &Item) -> Result<(), Fault> {
    match now {
        Item::Capture(row) => {
            times([row.first_seen, row.last_seen, Some(row.recorded_at)])?;
            parse::<Capture>(&row.detail)
        }
        Item::Device(row) => {
            times([row.first_seen, row.last_seen])?;
            parse::<Device>(&row.detail)
        }
        Item::Exit(row) => {
            times([row.first_seen, row.last_seen])?;
            parse::<ExitRow>(&row.detail)
        }
        Item::Connection(row) => {
            times([Some(row.first_seen), Some(row.last_seen), row.silent_from])?;
            parse::<Connection>(&row.detail)
        }
        Item::Change(row) => {
            times([Some(row.at), Some(row.recorded_at)])?;
            let sound = Cause::stored(&row.cause).is_ok()
                && ChangeKind::stored(&row.kind).is_ok()
                && Subject::stored(&row.subject_kind, row.subject.clone()).is_ok();
            if !sound {
                return Err(Fault::Refused(
                    "a change of a kind that is not known here: upgrade the collector".to_owned(),
                ));
            }
            [&row.before_json, &row.after_json]
                .into_iter()
                .flatten()
                .try_for_each(|text| parse::<serde_json::Value>(text))
        }
        Item::Day(row) => parse::<std::collections::BTreeMap<i64, u64>>(&row.hours),
        Item::Sensor(row) => times([row.first_seen, row.last_seen]),
        Item::Site(row) => times([Some(row.recorded_at)]),
        Item::Evidence(row) if u8::try_from(row.confidence).is_err() => {
            Err(Fault::Refused("a confidence beyond all percent".to_owned()))
        }
        Item::Evidence(_) | Item::Input(_) | Item::Activity(_) | Item::Decision(_) | Item::Gone(_) => Ok(()),
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<(), Fault> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(Fault::Refused("a text that is too long".to_owned()));
    }
    let parsed = serde_json::from_str::<T>(text);
    parsed.map(drop).map_err(|error| Fault::Refused(format!("a detail that cannot be read: {error}")))
}

fn times<const N: usize>(stored: [Option<i64>; N]) -> Result<(), Fault> {
    let sound = stored.into_iter().flatten().all(|micros| time(micros).is_ok());
    if sound { Ok(()) } else { Err(Fault::Refused("a time that is none".to_owned())) }
}

fn key_parts<'v>(key: impl Iterator<Item = &'v Value<'static>>) -> Vec<KeyPart> {
    let part = |value: &Value<'static>| match value {
        Value::Integer(number) => KeyPart::Number(*number),
        Value::Text(text) => KeyPart::Text(text.clone().into_owned()),
        // No key has a part that is nothing.
        Value::Null => KeyPart::Text(String::new()),
    };
    key.map(part).collect()
}

fn state(database: &Database, site: &str) -> Result<Option<State>, Fault> {
    let sql = "SELECT epoch, seq, sending, complete FROM sync_in WHERE site = $1";
    database.query_row(sql, (site,), |row| {
        Ok(State { epoch: row.get(0)?, seq: row.get(1)?, sending: row.get(2)?, complete: row.get(3)? })
    })
}

fn is_over(database: &Database, site: &str, epoch: &str) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM sync_epochs WHERE site = $1 AND epoch = $2";
    let found: Option<i64> = database.query_row(sql, (site, epoch), |row| row.get(0))?;
    Ok(found.is_some())
}

fn save(database: &Database, site: &str, state: &State, taken: i64, now: Timestamp) -> Result<(), Fault> {
    let sql = "INSERT INTO sync_in (site, epoch, seq, sending, complete, outcome, entries, applied_at) \
               VALUES ($1, $2, $3, $4, $5, 'applied', $6, $7) ON CONFLICT (site) DO UPDATE SET \
               epoch = excluded.epoch, seq = excluded.seq, sending = excluded.sending, \
               complete = excluded.complete, outcome = excluded.outcome, \
               entries = sync_in.entries + excluded.entries, applied_at = excluded.applied_at";
    let State { epoch, seq, sending, complete } = state;
    database.execute(sql, (site, epoch, seq, sending, i64::from(*complete), taken, micros(now)))?;
    Ok(())
}

/// Puts the answer together; what became of a batch is kept for the answer that a bundle waits for.
fn answer(
    database: &Database,
    site: &str,
    met: Option<(&State, Outcome)>,
    known: &Cursor,
) -> Result<Answer, Fault> {
    let (decisions, next, more) = decision::after(database, site, known)?;
    let answer = Answer {
        version: SYNC_VERSION,
        outcome: Outcome::Behind,
        epoch: String::new(),
        sending: String::new(),
        seq: 0,
        decisions,
        next,
        more,
    };
    if let Some((State { epoch, seq, sending, .. }, outcome)) = met {
        let sql = "UPDATE sync_in SET outcome = $2 WHERE site = $1";
        database.execute(sql, (site, outcome.to_string()))?;
        let (epoch, sending) = (epoch.clone(), sending.clone());
        return Ok(Answer { outcome, epoch, seq: *seq, sending, ..answer });
    }
    let sql = "SELECT outcome FROM sync_in WHERE site = $1";
    let outcome: Option<String> = database.query_row(sql, (site,), |row| row.get(0))?;
    let Some(state) = state(database, site)? else { return Ok(answer) };
    let outcome = [Outcome::Applied, Outcome::Already, Outcome::Unknown]
        .into_iter()
        .find(|known| outcome.as_deref() == Some(known.to_string().as_str()));
    let outcome = outcome.unwrap_or(Outcome::Behind);
    Ok(Answer { outcome, epoch: state.epoch, seq: state.seq, sending: state.sending, ..answer })
}
