//! The database under the ledger, SQLite or PostgreSQL, behind the few verbs that the ledger needs.
//!
//! | file | what |
//! |---|---|
//! | `value` | what goes into a statement and what comes out of a row |
//! | `sqlite` | one file, its writer's lock, its settings |
//! | `postgres` | one session, its writer's lock, its settings |
//! | `error` | what either can say |
//!
//! Statements are written once, with `$1`, `$2` … and in the words that both understand. Where the two
//! need other words ([`Database::dialect`] tells), the statement's file has both, side by side.
//!
//! Every statement of the ledger runs within a [`Transaction`]; on either database that is one state of
//! it, and all or nothing.

mod error;
mod postgres;
mod sqlite;
mod value;

use std::ops::{ControlFlow, Deref};
use std::path::{Path, PathBuf};

pub use error::DatabaseError;
pub(crate) use error::Trouble;
pub(crate) use postgres::Postgres;
use postgres::Purpose;
pub(crate) use sqlite::Sqlite;
#[cfg(test)]
pub(crate) use sqlite::{SEEN, STEPS};
pub(crate) use value::{Params, Row, Value};

use crate::error::{Fault, LedgerError};

/// Statements kept prepared: more than there are texts in this crate.
const STATEMENTS: usize = 128;

/// A database, open.
#[derive(Debug)]
pub(crate) enum Database {
    /// A file, or memory.
    Sqlite(Sqlite),
    /// A session with a server.
    Postgres(Box<Postgres>),
}

/// A statement that is run for many rows at once, in the words of each database.
#[derive(Debug)]
pub(crate) struct Each {
    /// SQLite's, for one row, whose values come after the fixed ones.
    pub(crate) one: String,
    /// PostgreSQL's, for all: a list of all rows' values for each value of a row. It spares the server what a
    /// statement costs beside its row, several times as much.
    pub(crate) all: String,
}

/// Whose words a statement is in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Dialect {
    /// SQLite's.
    Sqlite,
    /// PostgreSQL's.
    Postgres,
}

impl Dialect {
    /// Words the condition that a column has the text of a parameter in it, octet by octet.
    ///
    /// Both sides are in small letters already. A pattern (`LIKE`) would fold them once more, letter by letter.
    pub(crate) fn has(self, column: &str, place: usize) -> String {
        match self {
            Self::Sqlite => format!("instr({column}, ${place}) > 0"),
            Self::Postgres => format!("strpos({column}, ${place}) > 0"),
        }
    }
}

/// Tells whether a place is the address of a PostgreSQL database, and not the path of a file.
#[must_use]
pub fn is_address(place: &Path) -> bool {
    address(place).is_some()
}

fn address(place: &Path) -> Option<&str> {
    place.to_str().filter(|text| text.starts_with("postgres://") || text.starts_with("postgresql://"))
}

impl Database {
    /// Opens a database for the one who writes.
    pub(crate) fn open(place: &Path) -> Result<Self, LedgerError> {
        match address(place) {
            Some(address) => Postgres::open(address, Purpose::Write).map(Box::new).map(Self::Postgres),
            None => Sqlite::open(place).map(Self::Sqlite),
        }
    }

    /// Opens a database to write beside others that write it: each does one thing in one transaction, and
    /// takes what it rests on from there.
    pub(crate) fn open_shared(place: &Path) -> Result<Self, LedgerError> {
        match address(place) {
            Some(address) => Postgres::open(address, Purpose::Share).map(Box::new).map(Self::Postgres),
            None => Sqlite::open_shared(place).map(Self::Sqlite),
        }
    }

    /// Leaves keys unchecked that refer to other rows.
    pub(crate) fn leave_references(&self) -> Result<(), Fault> {
        match self {
            Self::Sqlite(sqlite) => sqlite.batch("PRAGMA foreign_keys = OFF"),
            // It has none.
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Opens a database for reading.
    pub(crate) fn open_to_read(place: &Path) -> Result<Self, LedgerError> {
        match address(place) {
            Some(address) => Postgres::open(address, Purpose::Read).map(Box::new).map(Self::Postgres),
            None => Sqlite::open_to_read(place).map(Self::Sqlite),
        }
    }

    /// Makes a database that lives as long as this value.
    pub(crate) fn in_memory() -> Result<Self, Fault> {
        Sqlite::in_memory().map(Self::Sqlite)
    }

    /// Gives the place as it may be shown: without the secrets of an address.
    pub(crate) fn shown(&self, place: &Path) -> PathBuf {
        match self {
            Self::Sqlite(_) => place.to_path_buf(),
            Self::Postgres(postgres) => postgres.shown().into(),
        }
    }

    /// Makes it ready to be written, once it is known to be a ledger or to be empty.
    pub(crate) fn prepare_to_write(&self) -> Result<(), Fault> {
        match self {
            Self::Sqlite(sqlite) => sqlite.prepare_to_write(),
            // It was, when the session began.
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Tells whose words its statements are in.
    pub(crate) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement that gives no rows. On PostgreSQL it may be sent with those that follow, so that
    /// its failure is told by a later verb, at the latest by [`Transaction::commit`].
    pub(crate) fn execute<'v>(&self, sql: &str, values: impl Params<'v>) -> Result<(), Fault> {
        let values = values.list();
        match self {
            Self::Sqlite(sqlite) => sqlite.execute(sql, values.as_ref()),
            Self::Postgres(postgres) => postgres.execute(sql, values.as_ref()),
        }
    }

    /// Runs a statement for each of some lists of values, all of one length. `fixed` comes before them. As with
    /// [`Self::execute`], a failure may be told later.
    pub(crate) fn execute_each(
        &self,
        each: &Each,
        fixed: &[Value<'_>],
        rows: Vec<Vec<Value<'static>>>,
    ) -> Result<(), Fault> {
        if rows.is_empty() {
            return Ok(());
        }
        match self {
            Self::Sqlite(sqlite) => sqlite.execute_each(&each.one, fixed, &rows),
            Self::Postgres(postgres) => postgres.execute_each(&each.all, fixed, rows),
        }
    }

    /// Has whoever else writes of this site wait until the transaction ends. On SQLite everybody waits anyway.
    pub(crate) fn hold(&self, site: &str) -> Result<(), Fault> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(postgres) => postgres.hold(site),
        }
    }

    /// Runs a statement and gives what is read from each of its rows, which fit into memory.
    pub(crate) fn query<'v, T>(
        &self,
        sql: &str,
        values: impl Params<'v>,
        mut read: impl FnMut(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let values = values.list();
        let mut found = Vec::new();
        let take = |row: &Row<'_>| {
            found.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        };
        match self {
            Self::Sqlite(sqlite) => sqlite.each(sql, values.as_ref(), take)?,
            Self::Postgres(postgres) => postgres.each(sql, values.as_ref(), take)?,
        }
        Ok(found)
    }

    /// Runs a statement and gives what is read from its first row, if there is one.
    pub(crate) fn query_row<'v, T>(
        &self,
        sql: &str,
        values: impl Params<'v>,
        mut read: impl FnMut(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let values = values.list();
        let mut found = None;
        let take = |row: &Row<'_>| {
            found = Some(read(row)?);
            Ok(ControlFlow::Break(()))
        };
        match self {
            Self::Sqlite(sqlite) => sqlite.each(sql, values.as_ref(), take)?,
            Self::Postgres(postgres) => postgres.each(sql, values.as_ref(), take)?,
        }
        Ok(found)
    }

    /// Runs a statement and hands its rows to `take` one by one until it has enough, however many they
    /// are. One at a time: `take` may run other statements, but not this verb.
    pub(crate) fn visit<'v>(
        &self,
        sql: &str,
        values: impl Params<'v>,
        take: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        let values = values.list();
        match self {
            Self::Sqlite(sqlite) => sqlite.each(sql, values.as_ref(), take),
            Self::Postgres(postgres) => postgres.visit(sql, values.as_ref(), take),
        }
    }

    /// Runs statements without values, such as a migration's.
    pub(crate) fn batch(&self, sql: &str) -> Result<(), Fault> {
        match self {
            Self::Sqlite(sqlite) => sqlite.batch(sql),
            Self::Postgres(postgres) => postgres.batch(sql),
        }
    }

    /// Begins to write: what is read from here on stays so until the end, for there is one writer. Who writes
    /// beside others says of which site ([`Self::hold`]).
    pub(crate) fn begin(&self) -> Result<Transaction<'_>, Fault> {
        match self {
            Self::Sqlite(sqlite) => sqlite.batch("BEGIN IMMEDIATE")?,
            Self::Postgres(postgres) => postgres.begin()?,
        }
        Ok(Transaction { database: self, open: true })
    }

    /// Begins to read one state of the database, however many statements that takes.
    pub(crate) fn snapshot(&self) -> Result<Transaction<'_>, Fault> {
        match self {
            Self::Sqlite(sqlite) => sqlite.batch("BEGIN DEFERRED")?,
            Self::Postgres(postgres) => postgres.snapshot()?,
        }
        Ok(Transaction { database: self, open: true })
    }
}

#[cfg(test)]
impl Database {
    /// Gives SQLite's own connection, for the tests of what only it has.
    pub(crate) fn sqlite(&self) -> &rusqlite::Connection {
        match self {
            Self::Sqlite(sqlite) => sqlite.connection(),
            Self::Postgres(_) => panic!("a test of SQLite"),
        }
    }
}

/// What is done together: undone where it is dropped.
#[derive(Debug)]
pub(crate) struct Transaction<'d> {
    database: &'d Database,
    open: bool,
}

impl Transaction<'_> {
    /// Makes it last. SQLite and PostgreSQL both return once it is on the disk.
    pub(crate) fn commit(mut self) -> Result<(), Fault> {
        self.database.batch("COMMIT")?;
        self.open = false;
        Ok(())
    }
}

impl Deref for Transaction<'_> {
    type Target = Database;

    fn deref(&self) -> &Database {
        self.database
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        // A failure leaves nothing to undo: SQLite has rolled back by itself, or the session is gone.
        match self.database {
            Database::Sqlite(sqlite) => sqlite.roll_back(),
            Database::Postgres(postgres) => postgres.roll_back(),
        }
    }
}
