//! The receiving side: batches in, answers out. A batch and how far it brings the site are one transaction.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sekisho_api::sync::{Answer, Batch, Cursor, Decision, Outcome, SYNC_VERSION, Sending};

use super::decision::{self, Field, Origin};
use super::effect::Effect;
use super::former::{self, Coming};
use super::journal::Journal;
use super::life::{self, State};
use super::machine;
use super::members;
use super::sound::{Change, Sound};
use super::table::Table;
use crate::LedgerError;
use crate::error::Fault;
use crate::good;
use crate::sql::time;
use crate::store::{Database, Value};

/// A ledger that takes in those of sites.
#[derive(Debug)]
pub struct Intake {
    database: Database,
    path: PathBuf,
    /// Where who the sites are is kept beside the ledger.
    pub(super) journal: Option<Journal>,
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
    /// When another machine was refused that sent with the site's key; none since a box enrolled anew.
    pub other_at: Option<Timestamp>,
}

impl Intake {
    /// Opens the ledger, a file or a PostgreSQL database, and makes it where there is none.
    pub fn open(place: impl AsRef<Path>) -> Result<Self, LedgerError> {
        let place = place.as_ref();
        let database = Database::open_shared(place)?;
        let path = database.shown(place);
        good::bring_up_to_date(&database, place)?;
        // Rows come in the order of their changes, one before what it refers to; each is there in the end.
        database.leave_references().map_err(|fault| fault.at(&path))?;
        let mut intake = Self { database, path, journal: Journal::beside(place) };
        if let Some(journal) = intake.journal.clone() {
            intake.change(|database| members::catch_up(database, &journal))?;
        }
        Ok(intake)
    }

    /// Takes in a batch of a site, all of it or, on an error, nothing.
    pub fn apply(&mut self, site: &str, batch: Batch, now: Timestamp) -> Result<Answer, LedgerError> {
        let batch = Sound::of(batch)?;
        self.change(|database| apply(database, site, &batch, now))?.ok_or(LedgerError::AnotherBox)
    }

    /// Takes in batches of sites, each all of it or, on an error, nothing. What can be is one transaction, for
    /// most of its cost is the wait until it is on the disk. Those of one site are taken in their order.
    pub fn apply_all(
        &mut self,
        sent: &[(String, Sound)],
        now: Timestamp,
    ) -> Vec<Result<Answer, LedgerError>> {
        // By name: who holds several sites takes them in the same order as everybody.
        let mut order: Vec<(usize, &(String, Sound))> = sent.iter().enumerate().collect();
        order.sort_by_key(|(_, (site, _))| site);
        let together = self.change(|database| {
            let each = order.iter().map(|(_, (site, batch))| apply(database, site, batch, now));
            each.collect::<Result<Vec<Option<Answer>>, Fault>>()
        });
        let answers = match together {
            Ok(answers) => answers.into_iter().map(|answer| answer.ok_or(LedgerError::AnotherBox)).collect(),
            Err(error) if order.len() < 2 => vec![Err(error)],
            // One of them, or the ledger itself, which the first tells.
            Err(_) => self.one_by_one(&order, now),
        };
        let mut given: Vec<_> = order.iter().map(|(at, _)| *at).zip(answers).collect();
        given.sort_by_key(|(at, _)| *at);
        given.into_iter().map(|(_, answer)| answer).collect()
    }

    /// Takes in batches each by itself; once the ledger fails none is tried any more.
    fn one_by_one(
        &mut self,
        order: &[(usize, &(String, Sound))],
        now: Timestamp,
    ) -> Vec<Result<Answer, LedgerError>> {
        let mut is_down = false;
        let each = order.iter().map(|(_, (site, batch))| {
            if is_down {
                return Err(LedgerError::NotTried);
            }
            let answer = self.change(|database| apply(database, site, batch, now));
            let is_its_own =
                |error: &LedgerError| matches!(error, LedgerError::Refused { .. } | LedgerError::NotAMember);
            is_down = answer.as_ref().is_err_and(|error| !is_its_own(error));
            answer?.ok_or(LedgerError::AnotherBox)
        });
        each.collect()
    }

    /// Says how far a site has come, and what it should know: the answer without a batch.
    pub fn answer(&mut self, site: &str) -> Result<Answer, LedgerError> {
        self.change(|database| answer(database, site, None, &Cursor::default()))
    }

    /// Says how far every site has come.
    pub fn received(&mut self) -> Result<Vec<Received>, LedgerError> {
        self.change(|database| {
            let sql = "SELECT site, seq, outcome, entries, applied_at, other_at FROM sync_in ORDER BY site";
            database.query(sql, (), |row| {
                Ok(Received {
                    site: row.get(0)?,
                    seq: row.get(1)?,
                    outcome: row.get(2)?,
                    entries: row.get(3)?,
                    at: time(row.get(4)?)?,
                    other_at: row.get::<Option<i64>>(5)?.map(time).transpose()?,
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
        self.change(|database| {
            database.hold(site)?;
            decision::decide(database, site, &field, value, author, now)
        })
    }

    /// Gives what holds of one kind of decisions about a site.
    pub fn decided(&mut self, site: &str, kind: &str) -> Result<Vec<Decision>, LedgerError> {
        self.change(|database| decision::current(database, site, kind))
    }

    /// Gives all that was decided of one kind about a site, with the times, the latest last.
    pub fn decided_so_far(
        &mut self,
        site: &str,
        kind: &str,
    ) -> Result<Vec<(Timestamp, Decision)>, LedgerError> {
        self.change(|database| {
            let all = decision::all(database, site, kind)?;
            all.into_iter().map(|it| Ok((time(decision::time(&it.stamp).unwrap_or(0))?, it))).collect()
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

/// Takes in a batch; nothing comes back for one of another machine than the site's, which is noted.
fn apply(database: &Database, site: &str, batch: &Sound, now: Timestamp) -> Result<Option<Answer>, Fault> {
    database.hold(site)?;
    if !machine::admit(database, site, &batch.machine, now)? {
        return Ok(None);
    }
    taken(database, site, batch, now).map(Some).map_err(|fault| match fault {
        // Two rows that the schema does not let stand side by side: nothing that another try would mend.
        Fault::Database(error) if error.is_contradiction() => {
            Fault::Refused("rows that contradict each other".to_owned())
        }
        fault => fault,
    })
}

fn taken(database: &Database, site: &str, batch: &Sound, now: Timestamp) -> Result<Answer, Fault> {
    database.hold(site)?;
    let found = life::state_of_member(database, site)?;
    life::note_lost(database, site, !decision::is_here(database, site, &batch.known)?)?;
    let mut state = match found {
        Some(state) if state.epoch == batch.epoch => state,
        Some(state) if life::is_over(database, site, &batch.epoch)? => {
            return answer(database, site, Some((&state, Outcome::Unknown)), &batch.known);
        }
        // A new life begins at its beginning.
        Some(state) if batch.from > 0 => {
            return answer(database, site, Some((&state, Outcome::Behind)), &batch.known);
        }
        Some(state) => life::begin(database, site, Some(&state.epoch), &batch.epoch)?,
        None if batch.from > 0 => return answer(database, site, None, &batch.known),
        None => life::begin(database, site, None, &batch.epoch)?,
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
    let rows = batch.rows.iter().filter(|(seq, _)| *seq > state.seq).map(|(_, change)| change);
    let taken = write(database, site, rows, state.complete)?;
    if batch.last && !state.complete {
        life::sweep(database, site)?;
        state.complete = true;
    }
    state.seq = batch.to;
    if taken > 0 || state.sending.is_empty() {
        state.sending.clone_from(&batch.sending);
    }
    life::save(database, site, &state, taken, now)?;
    machine::met(database, site, &batch.machine)?;
    answer(database, site, Some((&state, Outcome::Applied)), &batch.known)
}

/// Writes rows, table by table, and counts them. No row comes twice, so their order says nothing.
fn write<'c>(
    database: &Database,
    site: &str,
    changes: impl Iterator<Item = &'c Change>,
    complete: bool,
) -> Result<i64, Fault> {
    let mut gone: BTreeMap<&'static str, (&'static Table, Rows)> = BTreeMap::new();
    let mut put: BTreeMap<&'static str, (&'static Table, Rows)> = BTreeMap::new();
    let mut effect = Effect::default();
    let mut coming = Coming::default();
    let mut taken = 0_i64;
    for change in changes {
        taken += 1;
        match change {
            Change::Decided(decision) => {
                effect.decision(decision);
                decision::merge(database, site, decision, Origin::There)?;
            }
            Change::Gone(table, key) => {
                coming.gone(table, key);
                gone.entry(table.name).or_insert((table, Vec::new())).1.push(key.clone());
            }
            Change::Put(table, row) => {
                effect.row(table, row);
                coming.put(table, row);
                put.entry(table.name).or_insert((table, Vec::new())).1.push(row.clone());
            }
        }
    }
    former::make_room(database, site, &coming, complete)?;
    // First: the same file may have been read again under another number.
    for (table, keys) in gone.into_values() {
        table.delete(database, site, keys)?;
    }
    for (table, rows) in put.into_values() {
        if !complete {
            life::confirm(database, site, table, &rows)?;
        }
        table.write(database, site, rows)?;
    }
    effect.take(database, site)?;
    Ok(taken)
}

/// Rows as the tables take them.
type Rows = Vec<Vec<Value<'static>>>;

/// Puts the answer together; what became of a batch is kept for the answer that a bundle waits for.
fn answer(
    database: &Database,
    site: &str,
    met: Option<(&State, Outcome)>,
    known: &Cursor,
) -> Result<Answer, Fault> {
    // Before anything is read: on a server it goes with what waits. `save` has said it of what was applied.
    if let Some((_, outcome)) = &met
        && *outcome != Outcome::Applied
    {
        let sql = "UPDATE sync_in SET outcome = $2 WHERE site = $1";
        database.execute(sql, (site, outcome.to_string()))?;
    }
    let (own_until, was_lost) = life::owed(database, site)?;
    let lost = was_lost || !decision::is_here(database, site, known)?;
    let (decisions, next, more) = decision::after(database, site, known, own_until)?;
    let answer = Answer {
        version: SYNC_VERSION,
        outcome: Outcome::Behind,
        epoch: String::new(),
        sending: String::new(),
        seq: 0,
        decisions,
        next,
        more,
        lost,
    };
    if let Some((State { epoch, seq, sending, .. }, outcome)) = met {
        let (epoch, sending) = (epoch.clone(), sending.clone());
        return Ok(Answer { outcome, epoch, seq: *seq, sending, ..answer });
    }
    let sql = "SELECT outcome FROM sync_in WHERE site = $1";
    let outcome: Option<String> = database.query_row(sql, (site,), |row| row.get(0))?;
    let Some(state) = life::state(database, site)? else { return Ok(answer) };
    let outcome = [Outcome::Applied, Outcome::Already, Outcome::Unknown]
        .into_iter()
        .find(|known| outcome.as_deref() == Some(known.to_string().as_str()));
    let outcome = outcome.unwrap_or(Outcome::Behind);
    Ok(Answer { outcome, epoch: state.epoch, seq: state.seq, sending: state.sending, ..answer })
}
