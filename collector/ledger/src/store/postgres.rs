//! PostgreSQL: one session with a server, behind calls that wait.
//!
//! The ledger's callers may wait, so a session brings a runtime of its own (`wait`). The client is
//! tokio-postgres and not its blocking sibling, because only the former sends statements without waiting
//! for each: what gives no rows is gathered and sent together with the next that does
//! ([`Session::rows`]), which spares a round trip a statement.
//!
//! One process records into a ledger, as with SQLite: who records holds an advisory lock on the schema for as
//! long as its session lasts. So no two of them meet, and nothing need be tried again for the sake of
//! order. `REPEATABLE READ` is chosen for what it gives beyond that: every statement of one transaction
//! reads the same state, which for a reader is the list and all its details of one moment. `SERIALIZABLE`
//! would add watching for conflicts that one writer cannot have.
//!
//! Those who write beside others ([`Purpose::Share`]) hold the sites that they write of, each for one
//! transaction ([`Postgres::hold`]). They read what was committed when they ask (`READ COMMITTED`): a state
//! from before they had the site could be an old one.
//!
//! A session that was lost, with its lock, is made anew when the next transaction begins.

mod address;
mod secure;
mod wait;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio_postgres::{Client, Config, NoTls, Statement};
use tokio_postgres_rustls_improved::MakeRustlsConnect;

use super::value::Parameter;
use super::{DatabaseError, Row, STATEMENTS, Trouble, Value};
use crate::error::{Fault, LedgerError};
use address::Way;
use wait::Waiter;

/// How long one call waits for its answer: that of a writer may make an index over a large ledger or wait
/// for a busy disk, a reader's list is given in parts.
const WRITER_WAITS: Duration = Duration::from_mins(10);
const READER_WAITS: Duration = Duration::from_secs(90);

/// What a session is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    /// To write alone.
    Write,
    /// To write beside others.
    Share,
    Read,
}

/// How long to wait for a server to answer at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a silent server is believed to be there: a firewall that forgot the session tells neither side.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How a session is set: how long it waits for a lock, such as that of a writer that has just been ended
/// and whose session the server is about to close; when a commit returns; after how long the server takes
/// us for gone, whose lock nobody else could take before; and for hung, in the middle of a transaction,
/// which is longer than anybody looks at one page of a list that is being written. No statement is compiled:
/// that takes half a second, and none of ours runs as long.
const SETTINGS: &str = "SET lock_timeout = '2s'; SET synchronous_commit = on; SET jit = off; \
    SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3; \
    SET tcp_user_timeout = '30s'; SET idle_in_transaction_session_timeout = '30min'; \
    SET client_min_messages = warning";

/// How a reader's session is set besides: a list is fetched in parts, so that none takes long; what a search finds
/// among the devices of two thousand hospitals is looked up in memory, and not from its beginning for each row.
const READER_SETTINGS: &str = "SET statement_timeout = '60s'; SET work_mem = '32MB'";

/// How a writer's session is set besides: whoever records looks up by keys alone.
const WRITER_SETTINGS: &str = "SET enable_seqscan = off";

/// How a session is set besides that writes beside others: a site may be held by who writes many at a time.
const SHARED_SETTINGS: &str = "SET lock_timeout = '30s'";

/// After how many statements of a session the tables are looked at, where nobody did before. Of a table
/// filled in the transaction that made it the planner knows nothing, and takes any index that begins with
/// the site, which reads all of the site for each row. Later the server looks by itself.
const LOOKS: [u64; 3] = [512, 4096, 32_768];

/// Looks at the tables that grow.
const LOOK: &str = "ANALYZE activity, captures, changes, connections, days, devices, evidence, exits, sightings, \
    standing";

/// The most statements that wait to be sent together, and the most octets of their texts: more of them
/// spare no more time, and would be held by both sides.
const MAX_WAITING: usize = 256;
const MAX_WAITING_BYTES: usize = 1024 * 1024;

/// Rows fetched at once of a list that is too long to be held.
const FETCHED: u32 = 256;

/// The encoding that a ledger needs, as the server names it.
const ENCODING: &str = "UTF8";

/// The first part of the lock's number, `SEKI` in ASCII: other programs lock in the same database.
const LOCK_SPACE: i32 = 0x5345_4b49;

/// The first part of the number of a site's lock.
const SITE_SPACE: i32 = LOCK_SPACE + 1;

/// A session with a server.
pub(crate) struct Postgres {
    config: Config,
    /// What speaks TLS; none on a way that is this machine's own.
    tls: Option<MakeRustlsConnect>,
    /// The address without secrets.
    shown: String,
    purpose: Purpose,
    session: RefCell<Session>,
}

/// Without the configuration, which holds the password.
impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("address", &self.shown)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

struct Session {
    client: Client,
    statements: HashMap<String, Statement>,
    /// What was told to be executed and is not sent yet.
    waiting: Vec<(Statement, Vec<Parameter>)>,
    waiting_bytes: usize,
    /// Statements executed in a ledger that is new; none in one that is not.
    executed: Option<u64>,
    // Last: what the client holds is given back before the runtime ends.
    waiter: Waiter,
}

impl Postgres {
    /// Opens a session.
    pub(super) fn open(address: &str, purpose: Purpose) -> Result<Self, LedgerError> {
        let Way { mut config, shown, authority } = address::read(address)?;
        let tls = authority.as_deref().map(secure::connector).transpose()?;
        let path = || PathBuf::from(&shown);
        config.application_name("sekisho");
        config.connect_timeout(CONNECT_TIMEOUT);
        config.keepalives_idle(KEEP_ALIVE);
        config.tcp_user_timeout(KEEP_ALIVE);
        let session = Session::open(&config, tls.as_ref(), purpose).map_err(|fault| match fault {
            Fault::Database(source) if purpose == Purpose::Write && source.trouble() == Trouble::Busy => {
                LedgerError::InUse { path: path() }
            }
            fault => fault.at(&path()),
        })?;
        Ok(Self { config, tls, shown, purpose, session: RefCell::new(session) })
    }

    /// Gives the address without secrets.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    pub(super) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<(), Fault> {
        self.session.borrow_mut().execute(sql, values)
    }

    pub(super) fn execute_each(
        &self,
        sql: &str,
        fixed: &[Value<'_>],
        rows: Vec<Vec<Value<'static>>>,
    ) -> Result<(), Fault> {
        let fixed = fixed.iter().cloned().map(Value::into_owned).map(Parameter::One);
        self.session.borrow_mut().enqueue(sql, fixed.chain(columns(rows)).collect())
    }

    pub(super) fn hold(&self, site: &str) -> Result<(), Fault> {
        self.execute(&format!("SELECT pg_advisory_xact_lock({SITE_SPACE}, hashtext($1))"), &[site.into()])
    }

    pub(super) fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut take: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        // Let go before the rows are taken: `take` may run other statements.
        let rows = self.session.borrow_mut().rows(sql, values)?;
        for row in &rows {
            if take(&Row::Postgres(row))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn visit(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut take: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        self.execute(&format!("DECLARE listed NO SCROLL CURSOR FOR {sql}"), values)?;
        let fetch = format!("FETCH {FETCHED} FROM listed");
        'all: loop {
            let rows = self.session.borrow_mut().fetch(&fetch)?;
            for row in &rows {
                if take(&Row::Postgres(row))?.is_break() {
                    break 'all;
                }
            }
            if rows.len() < FETCHED as usize {
                break;
            }
        }
        self.batch("CLOSE listed")
    }

    pub(super) fn batch(&self, sql: &str) -> Result<(), Fault> {
        self.session.borrow_mut().batch(sql)
    }

    pub(super) fn begin(&self) -> Result<(), Fault> {
        self.start(match self.purpose {
            Purpose::Share => "BEGIN ISOLATION LEVEL READ COMMITTED",
            Purpose::Write | Purpose::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ",
        })
    }

    pub(super) fn snapshot(&self) -> Result<(), Fault> {
        self.start("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    }

    pub(super) fn roll_back(&self) {
        let mut session = self.session.borrow_mut();
        session.waiting.clear();
        session.waiting_bytes = 0;
        if !session.is_lost() {
            let _ = session.batch("ROLLBACK");
        }
    }

    /// Begins a transaction, in a new session where the last one is found to be lost.
    fn start(&self, sql: &str) -> Result<(), Fault> {
        let mut session = self.session.borrow_mut();
        match session.batch(sql) {
            Err(_) if session.is_lost() => {
                // First: the lost one may hold the lock that the new one needs.
                session.waiter.close();
                *session = Session::open(&self.config, self.tls.as_ref(), self.purpose)?;
                session.batch(sql)
            }
            begun => begun,
        }
    }
}

impl Session {
    fn open(config: &Config, tls: Option<&MakeRustlsConnect>, purpose: Purpose) -> Result<Self, Fault> {
        let waiter = Waiter::new(if purpose == Purpose::Read { READER_WAITS } else { WRITER_WAITS })?;
        let client = waiter.wait(async {
            // A connection's failure is the client's: every call on it then fails.
            if let Some(tls) = tls {
                let (client, connection) = config.connect(tls.clone()).await?;
                drop(tokio::spawn(connection));
                return Ok(client);
            }
            let (client, connection) = config.connect(NoTls).await?;
            drop(tokio::spawn(connection));
            Ok(client)
        })?;
        let mut this = Self {
            client,
            waiter,
            statements: HashMap::new(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            executed: None,
        };
        this.batch(SETTINGS)?;
        // Of any other encoding the server refuses texts that it has no letters for.
        let known = this.rows("SHOW server_encoding", &[])?;
        let encoding: String = known.first().map(|row| row.try_get(0)).transpose()?.unwrap_or_default();
        if encoding != ENCODING {
            return Err(Fault::Encoding(encoding));
        }
        match purpose {
            Purpose::Write => this.take_the_lock()?,
            Purpose::Share => {
                this.batch(WRITER_SETTINGS)?;
                this.batch(SHARED_SETTINGS)?;
            }
            Purpose::Read => this.batch(READER_SETTINGS)?,
        }
        Ok(this)
    }

    fn take_the_lock(&mut self) -> Result<(), Fault> {
        self.batch(WRITER_SETTINGS)?;
        let sql = format!("SELECT pg_advisory_lock({LOCK_SPACE}, hashtext(current_schema()))");
        self.batch(&sql)?;
        // -1: never looked at (PostgreSQL, `pg_class`); no row: not made yet.
        let sql = "SELECT 1 FROM pg_class WHERE oid = to_regclass('connections') AND reltuples > 0";
        self.executed = self.rows(sql, &[])?.is_empty().then_some(0);
        Ok(())
    }

    /// Tells whether nothing can be asked on it any more.
    fn is_lost(&self) -> bool {
        self.client.is_closed() || self.waiter.gave_up()
    }

    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<(), Fault> {
        self.enqueue(sql, values.iter().cloned().map(Value::into_owned).map(Parameter::One).collect())
    }

    fn enqueue(&mut self, sql: &str, values: Vec<Parameter>) -> Result<(), Fault> {
        let statement = self.prepare(sql)?;
        self.waiting_bytes =
            values.iter().map(Parameter::bytes).fold(self.waiting_bytes, usize::saturating_add);
        self.waiting.push((statement, values));
        if self.waiting.len() >= MAX_WAITING || self.waiting_bytes >= MAX_WAITING_BYTES {
            self.flush()?;
        }
        if let Some(executed) = &mut self.executed {
            *executed += 1;
            if LOOKS.contains(executed) {
                self.batch(LOOK)?;
            }
        }
        Ok(())
    }

    /// Runs a statement that gives rows, sent together with what waits.
    fn rows(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<tokio_postgres::Row>, Fault> {
        let statement = self.prepare(sql)?;
        let values: Vec<_> =
            values.iter().map(|value| value as &(dyn tokio_postgres::types::ToSql + Sync)).collect();
        let (waiting, client) = (self.taken(), &self.client);
        let sent = waiting.iter().map(|(statement, values)| client.execute_raw(statement, values));
        Ok(self.waiter.wait(in_order(sent.collect(), client.query(&statement, &values)))?)
    }

    fn fetch(&mut self, sql: &str) -> Result<Vec<tokio_postgres::Row>, Fault> {
        self.flush()?;
        // Not kept prepared: what it gives is the cursor's.
        Ok(self.waiter.wait(self.client.query(sql, &[]))?)
    }

    fn batch(&mut self, sql: &str) -> Result<(), Fault> {
        self.flush()?;
        Ok(self.waiter.wait(self.client.batch_execute(sql))?)
    }

    /// Sends what waits, all of it at once, and waits for the answers.
    fn flush(&mut self) -> Result<(), Fault> {
        let (waiting, client) = (self.taken(), &self.client);
        if waiting.is_empty() {
            return Ok(());
        }
        let sent = waiting.iter().map(|(statement, values)| client.execute_raw(statement, values));
        Ok(self.waiter.wait(in_order(sent.collect(), async { Ok(()) }))?)
    }

    fn taken(&mut self) -> Vec<(Statement, Vec<Parameter>)> {
        self.waiting_bytes = 0;
        std::mem::take(&mut self.waiting)
    }

    /// Prepares a statement once per session.
    fn prepare(&mut self, sql: &str) -> Result<Statement, Fault> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        let statement = self.waiter.wait(self.client.prepare(sql))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// Begins all of these in their order, which sends them, and waits for all. Gives what the last one gives,
/// or the first failure: those after it only say that the transaction has failed.
async fn in_order<T, U, E>(
    first: Vec<impl Future<Output = Result<T, E>>>,
    last: impl Future<Output = Result<U, E>>,
) -> Result<U, E> {
    let mut first: Vec<_> = first.into_iter().map(|future| (Box::pin(future), None)).collect();
    let (mut last, mut given) = (pin!(last), None);
    // Begun once each: a future does nothing before it is asked for the first time.
    poll_fn(|context| {
        for (future, result) in &mut first {
            *result = ready(future.as_mut().poll(context));
        }
        given = ready(last.as_mut().poll(context));
        Poll::Ready(())
    })
    .await;
    let mut outcome = Ok(());
    for (future, result) in first {
        let result = match result {
            Some(result) => result,
            None => future.await,
        };
        outcome = outcome.and(result.map(drop));
    }
    let given = match given {
        Some(given) => given,
        None => last.await,
    };
    outcome.and(given)
}

fn ready<T>(poll: Poll<T>) -> Option<T> {
    match poll {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Gives the columns of rows of one length.
fn columns(rows: Vec<Vec<Value<'static>>>) -> impl Iterator<Item = Parameter> {
    let width = rows.first().map_or(0, Vec::len);
    let mut columns: Vec<Vec<Value<'static>>> = (0..width).map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns.into_iter().map(Parameter::All)
}
