//! A batch that does not contradict itself, its rows as the tables take them: what can be told without the
//! ledger, so that nobody waits for it while it is told. Strangers write batches.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_api::sync::{Batch, Cursor, Decision, Gone, Item, KeyPart, SYNC_VERSION, Sending};
use sekisho_api::{Capture, Connection, ExitRow};
use serde::de::DeserializeOwned;

use super::decision;
use super::former::{CONNECTIONS, FORMER};
use super::table::{self, CHANGES, DECISIONS, Table};
use crate::LedgerError;
use crate::change::{Cause, ChangeKind, Subject};
use crate::device::State as Device;
use crate::error::Fault;
use crate::rollup::HOUR_US;
use crate::sql::{json, time};
use crate::store::Value;

/// Octets of an id that a site makes.
const MAX_ID_BYTES: usize = 64;
/// What a machine is known by: a number, and the hardware addresses of its interfaces.
const MAX_MARKS: usize = 16;
/// Octets of one text of a row: beyond what lists and texts within their bounds come to, and within what a
/// message may unpack to.
const MAX_TEXT_BYTES: usize = 12 * 1024 * 1024;

/// A batch whose rows can all be taken, as far as the batch itself tells.
#[derive(Debug)]
pub struct Sound {
    pub(super) epoch: String,
    pub(super) sending: String,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) sent: Vec<Sending>,
    pub(super) last: bool,
    pub(super) known: Cursor,
    pub(super) machine: Vec<String>,
    /// By their places in the life of the ledger, no row twice.
    pub(super) rows: Vec<(i64, Change)>,
}

/// What becomes of one row.
#[derive(Debug)]
pub(super) enum Change {
    /// It is as its values say, those of the key first.
    Put(&'static Table, Vec<Value<'static>>),
    /// There is none under the key any more.
    Gone(&'static Table, Vec<Value<'static>>),
    /// It is what a person decided.
    Decided(Decision),
}

impl Sound {
    /// Reads a batch, or refuses it as a whole.
    pub fn of(batch: Batch) -> Result<Self, LedgerError> {
        let refused = |fault| match fault {
            Fault::Refused(what) => LedgerError::Refused { what },
            // Whatever else a row of a stranger makes of itself.
            fault => LedgerError::Refused { what: format!("a row that is not sound: {fault:?}") },
        };
        check(&batch).map_err(refused)?;
        let Batch { epoch, sending, from, to, sent, last, entries, known, machine, .. } = batch;
        let mut rows = Vec::with_capacity(entries.len());
        let mut keys = BTreeSet::new();
        for entry in entries {
            let (change, key) = read(entry.now).map_err(refused)?;
            if !keys.insert(key) {
                return Err(LedgerError::Refused { what: format!("row {} comes twice", entry.seq) });
            }
            rows.push((entry.seq, change));
        }
        Ok(Self { epoch, sending, from, to, sent, last, known, machine, rows })
    }

    /// Counts its rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }
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
    let is_mark =
        |mark: &String| mark.len() <= MAX_ID_BYTES && mark.bytes().all(|c| c.is_ascii_alphanumeric());
    if batch.machine.len() > MAX_MARKS || !batch.machine.iter().all(is_mark) {
        return Err(Fault::Refused("a machine that is known by too much".to_owned()));
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

/// Reads a row, and gives the table and key that no other row of the batch may have.
fn read(item: Item) -> Result<(Change, (&'static str, String)), Fault> {
    validate(&item)?;
    match item {
        Item::Decision(decision) => {
            decision::check(&decision)?;
            let Decision { kind, subject, field, stamp, .. } = &decision;
            let key = json(&[kind, subject, field, stamp])?;
            Ok((Change::Decided(decision), (DECISIONS, key)))
        }
        Item::Gone(Gone { table: name, key }) => {
            let table = table::find(&name).ok_or_else(|| nowhere(&name))?;
            // The history and what people decided are only added to.
            if table.name == CHANGES || table.name == DECISIONS {
                return Err(Fault::Refused(format!("a row gone from {}", table.name)));
            }
            let is_part = |(part, column): (&KeyPart, &&str)| {
                matches!(part, KeyPart::Number(_)) == table::is_number(column)
            };
            if key.len() != table.key.len() || !key.iter().zip(table.key).all(is_part) {
                return Err(nowhere(&name));
            }
            if table.name == CONNECTIONS
                && let Some(KeyPart::Number(number)) = key.first()
            {
                box_number(*number)?;
            }
            let name = json(&key)?;
            Ok((Change::Gone(table, key.into_iter().map(table::value).collect()), (table.name, name)))
        }
        other => {
            let (table, values) = table::values(other).ok_or_else(|| nowhere("no table"))?;
            let key = table::row_key(values.iter().take(table.key.len()))?;
            Ok((Change::Put(table, values), (table.name, key)))
        }
    }
}

fn nowhere(table: &str) -> Fault {
    Fault::Refused(format!("a row that is gone from nowhere: `{}`", crate::clean::text(table)))
}

/// Refuses a row that could not be read back: one site's fault must not be every reader's.
fn validate(now: &Item) -> Result<(), Fault> {
    match now {
        Item::Capture(row) => {
            times([row.first_seen, row.last_seen, Some(row.recorded_at)])?;
            parse::<Capture>(&row.detail).map(drop)
        }
        Item::Device(row) => {
            times([row.first_seen, row.last_seen])?;
            parse::<Device>(&row.detail).map(drop)
        }
        Item::Exit(row) => {
            times([row.first_seen, row.last_seen])?;
            parse::<ExitRow>(&row.detail).map(drop)
        }
        Item::Connection(row) => {
            box_number(row.number)?;
            times([Some(row.first_seen), Some(row.last_seen), row.silent_from])?;
            parse::<Connection>(&row.detail).map(drop)
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
                .try_for_each(|text| parse::<serde_json::Value>(text).map(drop))
        }
        Item::Day(row) => {
            let hours = parse::<BTreeMap<i64, u64>>(&row.hours)?;
            hours.into_keys().try_for_each(|hour| times([hour.checked_mul(HOUR_US).or(Some(i64::MAX))]))
        }
        Item::Activity(row) => times([Some(row.hour)]),
        Item::Sensor(row) => times([row.first_seen, row.last_seen]),
        Item::Site(row) => times([Some(row.recorded_at)]),
        Item::Evidence(row) if u8::try_from(row.confidence).is_err() => {
            Err(Fault::Refused("a confidence beyond all percent".to_owned()))
        }
        Item::Evidence(_) | Item::Input(_) | Item::Decision(_) | Item::Gone(_) => Ok(()),
    }
}

/// Refuses a connection's number that no box gives: beyond are those that were set aside.
fn box_number(number: i64) -> Result<(), Fault> {
    if (1..FORMER).contains(&number) {
        Ok(())
    } else {
        Err(Fault::Refused(format!("a connection of the number {number}")))
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(Fault::Refused("a text that is too long".to_owned()));
    }
    let parsed = serde_json::from_str::<T>(text);
    parsed.map_err(|error| Fault::Refused(format!("a detail that cannot be read: {error}")))
}

fn times<const N: usize>(stored: [Option<i64>; N]) -> Result<(), Fault> {
    let sound = stored.into_iter().flatten().all(|micros| time(micros).is_ok());
    if sound { Ok(()) } else { Err(Fault::Refused("a time that is none".to_owned())) }
}
