//! The sending side: batches out, answers in.
//!
//! Opened beside whoever records into the same ledger, in the same process or another: each call is one
//! transaction of its own, and SQLite has writers wait for each other.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use sekisho_api::sync::{
    Answer, Batch, Cursor, Decision, Entry, Gone, Item, KeyPart, Outcome, SYNC_VERSION, Sending,
};

use super::decision::{self, Field, Origin};
use super::effect::Effect;
use super::{log, table};
use crate::LedgerError;
use crate::error::Fault;
use crate::good;
use crate::sql::{json, unjson};
use crate::store::Database;

/// Sendings that are remembered until an answer tells of one: an offline site may write a bundle a day for
/// two months before an answer comes.
const MAX_SENT: usize = 64;

/// How much one batch holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BatchBounds {
    /// At most this many rows.
    pub entries: usize,
    /// No further row after this many octets of text.
    pub bytes: usize,
}

impl Default for BatchBounds {
    /// What a phone line carries in a minute, and an ingest writes in one transaction of some milliseconds.
    fn default() -> Self {
        Self { entries: 2_000, bytes: 1024 * 1024 }
    }
}

/// What an answer brought.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Progress {
    /// The place up to which the collector has everything.
    pub acknowledged: i64,
    /// Decisions taken over.
    pub decisions: usize,
    /// Whether a new life was begun, so that everything is sent again.
    pub renewed: bool,
    /// Whether the collector has more decisions.
    pub more: bool,
}

/// A site's ledger as the sender sees it.
#[derive(Debug)]
pub struct Outbox {
    database: Database,
    path: PathBuf,
    site: String,
}

/// How a site stands with its collector.
#[derive(Debug)]
struct State {
    epoch: String,
    acknowledged: i64,
    sent: Vec<Sending>,
    known: Cursor,
}

impl Outbox {
    /// Opens a ledger to send one site of it; from then on what changes is noted.
    pub fn open(path: impl AsRef<Path>, site: &str) -> Result<Self, LedgerError> {
        let path = path.as_ref();
        if !path.exists() {
            return Err(LedgerError::Missing { path: path.to_path_buf() });
        }
        let database = Database::open_shared(path)?;
        good::bring_up_to_date(&database, path)?;
        let mut outbox = Self { database, path: path.to_path_buf(), site: site.to_owned() };
        outbox.change(|database, site| {
            log::keep(database)?;
            state(database, site).map(drop)
        })?;
        Ok(outbox)
    }

    /// Gives the place up to which the collector has everything.
    pub fn acknowledged(&mut self) -> Result<i64, LedgerError> {
        self.change(|database, site| Ok(state(database, site)?.acknowledged))
    }

    /// Counts the rows that the collector does not have yet.
    pub fn waiting(&mut self) -> Result<u64, LedgerError> {
        self.change(|database, site| {
            let known = state(database, site)?.acknowledged;
            let sql = "SELECT COUNT(*) FROM sync_log WHERE seq > $1 AND +site = $2";
            let rows: Option<i64> = database.query_row(sql, (known, site), |row| row.get(0))?;
            Ok(crate::sql::uncount(rows.unwrap_or(0)))
        })
    }

    /// Gives what changed after a place, up to a bound; it is noted as sent before it is given.
    pub fn batch(&mut self, sending: &str, from: i64, bounds: BatchBounds) -> Result<Batch, LedgerError> {
        self.change(|database, site| {
            let mut state = state(database, site)?;
            let (entries, last) = entries(database, site, from, bounds)?;
            let to = entries.last().map_or(from, |entry| entry.seq);
            state.note(sending, to);
            state.save(database, site)?;
            Ok(Batch {
                version: SYNC_VERSION,
                epoch: state.epoch,
                sending: sending.to_owned(),
                from,
                to,
                sent: state.sent,
                last,
                entries,
                known: state.known,
                machine: Vec::new(),
            })
        })
    }

    /// Takes in what the collector says.
    pub fn answered(&mut self, answer: &Answer) -> Result<Progress, LedgerError> {
        self.change(|database, site| {
            let mut state = state(database, site)?;
            let mut effect = Effect::default();
            for decision in &answer.decisions {
                decision::merge(database, site, decision, Origin::There)?;
                effect.decision(decision);
            }
            effect.take(database, site)?;
            let before = state.epoch.clone();
            // Of another life it passes over what this ledger may have lost of its own.
            if answer.epoch == before {
                state.known = answer.next.clone();
            }
            // An answer that was carried may be of a life that is over. Of a batch that was taken it says nothing
            // new; of one that was refused, that the collector was put back.
            let refused = matches!(answer.outcome, Outcome::Behind | Outcome::Unknown);
            if refused || !is_over(database, site, &answer.epoch)? {
                state.weigh(answer, newest(database)?)?;
            }
            state.save(database, site)?;
            if state.epoch != before {
                let sql = "INSERT INTO sync_out_over (site, epoch) VALUES ($1, $2) \
                           ON CONFLICT (site, epoch) DO NOTHING";
                database.execute(sql, (site, &before))?;
            }
            if answer.lost || state.epoch != before {
                log::enter_theirs(database, site)?;
            }
            // The collector has these, and a new life is received without them.
            let sql = "DELETE FROM sync_log WHERE gone = 1 AND seq <= $1 AND site = $2";
            database.execute(sql, (state.acknowledged, site))?;
            Ok(Progress {
                acknowledged: state.acknowledged,
                decisions: answer.decisions.len(),
                renewed: state.epoch != before,
                more: answer.more,
            })
        })
    }

    /// Enters a decision that is made at the site.
    pub fn decide(
        &mut self,
        (kind, subject, name): (&str, &str, &str),
        value: Option<&str>,
        author: &str,
        now: Timestamp,
    ) -> Result<Decision, LedgerError> {
        let field = Field { kind, subject, name };
        self.change(|database, site| decision::decide(database, site, &field, value, author, now))
    }

    /// Gives what holds of one kind of decisions.
    pub fn decided(&mut self, kind: &str) -> Result<Vec<Decision>, LedgerError> {
        self.change(|database, site| decision::current(database, site, kind))
    }

    /// Does one thing in one transaction.
    fn change<T>(
        &mut self,
        change: impl FnOnce(&Database, &str) -> Result<T, Fault>,
    ) -> Result<T, LedgerError> {
        let done = self.database.begin().and_then(|transaction| {
            let done = change(&transaction, &self.site)?;
            transaction.commit()?;
            Ok(done)
        });
        done.map_err(|fault| fault.at(&self.path))
    }
}

/// Gives an id that nobody else has, as 32 hexadecimal digits.
pub fn random_id() -> Result<String, LedgerError> {
    fresh_id().map_err(|_| LedgerError::NoRandom)
}

pub(crate) fn fresh_id() -> Result<String, Fault> {
    let mut id = [0_u8; 16];
    SystemRandom::new().fill(&mut id).map_err(|_| Fault::NoRandom)?;
    Ok(format!("{:032x}", u128::from_be_bytes(id)))
}

impl State {
    /// Notes how far a sending goes. Of an answer to one that was forgotten a new life would come.
    fn note(&mut self, id: &str, to: i64) {
        match self.sent.iter_mut().find(|known| known.id == id) {
            Some(known) => known.to = known.to.max(to),
            None => self.sent.push(Sending { id: id.to_owned(), to }),
        }
        let beyond = self.sent.len().saturating_sub(MAX_SENT);
        self.sent.drain(..beyond);
    }

    /// Takes over how far the collector has come, or begins a new life where it has met another ledger.
    fn weigh(&mut self, answer: &Answer, newest: i64) -> Result<(), Fault> {
        let refused = matches!(answer.outcome, Outcome::Behind | Outcome::Unknown);
        if answer.epoch != self.epoch {
            // Before the first batch of a life has come the collector is at the life before.
            if self.acknowledged > 0 || answer.outcome == Outcome::Unknown {
                *self = Self::new()?;
            }
            return Ok(());
        }
        if answer.seq < self.acknowledged {
            // An answer that came late says nothing new; a collector that was put back cannot go on.
            if refused {
                *self = Self::new()?;
            }
            return Ok(());
        }
        let is_met = |known: &Sending| known.id == answer.sending && known.to >= answer.seq;
        if answer.seq > newest || (answer.seq > 0 && !self.sent.iter().any(is_met)) {
            *self = Self::new()?;
            return Ok(());
        }
        self.acknowledged = answer.seq;
        self.sent.retain(|known| known.to > answer.seq || known.id == answer.sending);
        Ok(())
    }

    /// A life that nothing is known of at the collector. What was decided is asked for from the start: answers
    /// passed over the site's own, and a ledger that was put back may lack them.
    fn new() -> Result<Self, Fault> {
        Ok(Self { epoch: fresh_id()?, acknowledged: 0, sent: Vec::new(), known: Cursor::default() })
    }

    fn save(&self, database: &Database, site: &str) -> Result<(), Fault> {
        let sql = "INSERT INTO sync_out (site, epoch, acknowledged, sent, known_place, known_mark) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (site) DO UPDATE SET \
                   epoch = excluded.epoch, acknowledged = excluded.acknowledged, sent = excluded.sent, \
                   known_place = excluded.known_place, known_mark = excluded.known_mark";
        let Self { epoch, acknowledged, sent, known } = self;
        database.execute(sql, (site, epoch, acknowledged, json(sent)?, known.place, &known.mark))
    }
}

/// Reads how a site stands, and begins its first life.
fn state(database: &Database, site: &str) -> Result<State, Fault> {
    let sql = "SELECT epoch, acknowledged, sent, known_place, known_mark FROM sync_out WHERE site = $1";
    let found = database.query_row(sql, (site,), |row| {
        let known = Cursor { place: row.get(3)?, mark: row.get(4)? };
        let sent = unjson(&row.get::<String>(2)?)?;
        Ok(State { epoch: row.get(0)?, acknowledged: row.get(1)?, sent, known })
    })?;
    if let Some(state) = found {
        return Ok(state);
    }
    let state = State::new()?;
    state.save(database, site)?;
    Ok(state)
}

/// Tells whether a life of this ledger is over.
fn is_over(database: &Database, site: &str, epoch: &str) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM sync_out_over WHERE site = $1 AND epoch = $2";
    Ok(database.query_row(sql, (site, epoch), |row| row.get::<i64>(0))?.is_some())
}

/// The latest place of the whole ledger.
fn newest(database: &Database) -> Result<i64, Fault> {
    let sql = "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'sync_log'";
    Ok(database.query_row(sql, (), |row| row.get(0))?.unwrap_or(0))
}

/// Reads the rows that changed after a place, and says whether those are all.
fn entries(
    database: &Database,
    site: &str,
    from: i64,
    bounds: BatchBounds,
) -> Result<(Vec<Entry>, bool), Fault> {
    // `+`: in the order of places, and not by an index that would have to be sorted.
    let sql =
        "SELECT seq, table_name, row_key, gone FROM sync_log WHERE seq > $1 AND +site = $2 ORDER BY seq";
    let (mut entries, mut bytes, mut last) = (Vec::new(), 0_usize, true);
    database.visit(sql, (from, site), |row| {
        if entries.len() >= bounds.entries || bytes >= bounds.bytes {
            last = false;
            return Ok(ControlFlow::Break(()));
        }
        let (name, key): (String, String) = (row.get(1)?, row.get(2)?);
        let key: Vec<KeyPart> = unjson(&key)?;
        let table = table::find(&name)
            .ok_or_else(|| Fault::Damaged(format!("table `{name}` in the log of changes")))?;
        let gone: bool = row.get(3)?;
        let now = if gone { None } else { table.read(database, site, &key)? };
        let now = now.unwrap_or(Item::Gone(Gone { table: name, key }));
        bytes = bytes.saturating_add(weight(&now));
        entries.push(Entry { seq: row.get(0)?, now });
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((entries, last))
}

/// About how many octets a row takes on the wire.
fn weight(item: &Item) -> usize {
    const ROW: usize = 200;
    let text = match item {
        Item::Capture(row) => row.detail.len(),
        Item::Device(row) => row.detail.len() + row.search.len(),
        Item::Exit(row) => row.detail.len() + row.search.len(),
        Item::Connection(row) => row.detail.len() + row.search.len(),
        Item::Evidence(row) => row.en.len() + row.ja.len(),
        Item::Change(row) => [&row.before_json, &row.after_json].into_iter().flatten().map(String::len).sum(),
        Item::Day(row) => row.hours.len(),
        Item::Decision(row) => row.value.as_ref().map_or(0, String::len),
        Item::Site(_) | Item::Input(_) | Item::Activity(_) | Item::Sensor(_) | Item::Gone(_) => 0,
    };
    ROW + text
}
