//! SQLite: one file, which one process writes.
//!
//! A lock on a file beside the ledger says who writes; it goes with the process. WAL mode, so that readers
//! never wait for the writer, with `synchronous = FULL`: recording is rare, the box stands in a cupboard
//! without battery, and the capture may be deleted once it is recorded. With `NORMAL` a commit returns
//! before the log is on the disk, and a roll-up that the daemon has forgotten since would be gone with the
//! power.
//!
//! SQLite takes `$2` for a *named* parameter and numbers it by first appearance, so that values would
//! silently change places; [`numbered`] turns `$n` into its `?n` outside quotes.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::ops::ControlFlow;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, params_from_iter};

use super::{DatabaseError, Row, STATEMENTS, Value};
use crate::error::{Fault, LedgerError};
use crate::private::private_file;

/// How long to wait for another program that has the database locked, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long who writes beside others waits: they write many sites' batches at a time, one lot after another.
const SHARED_TIMEOUT: Duration = Duration::from_secs(30);

/// How often to look for the writer's lock, and how long to wait in between. A program that its writer is just
/// starting holds the lock as well, until its own code begins; and who just ends is soon gone.
const LOCK_LOOKS: u32 = 25;
/// See [`LOCK_LOOKS`].
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// The pages that a writer keeps, in KiB: a roll-up of a large hospital touches some thousand rows, and
/// with SQLite's 2 MiB would write pages to the log and read them back within one transaction.
const CACHE_KIB: i64 = 24 * 1024;

/// What is left of the log on disk after a checkpoint, in octets: what a roll-up needs again, not what
/// one large capture once needed.
const JOURNAL_BYTES: i64 = 16 * 1024 * 1024;

/// A connection to a file, or to memory.
#[derive(Debug)]
pub(crate) struct Sqlite {
    connection: Connection,
    /// Held until it is closed; only a file that is written has one.
    _lock: Option<File>,
}

impl Sqlite {
    /// Opens a file for the one who writes, and creates it where there is none.
    pub(super) fn open(path: &Path) -> Result<Self, LedgerError> {
        let lock = lock(path)?;
        Self::writing(path, Some(lock))
    }

    /// Opens a file to write beside others, and creates it where there is none.
    pub(super) fn open_shared(path: &Path) -> Result<Self, LedgerError> {
        let this = Self::writing(path, None)?;
        let set = this.connection.busy_timeout(SHARED_TIMEOUT).map_err(Fault::from);
        set.map_err(|fault| fault.at(path))?;
        Ok(this)
    }

    fn writing(path: &Path, lock: Option<File>) -> Result<Self, LedgerError> {
        // Before SQLite does: what is found in a hospital is not for every user of the box.
        if !path.exists() {
            private_file(path).map_err(|source| LedgerError::Open { path: path.to_path_buf(), source })?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(path, flags).map_err(Fault::from);
        let opened = opened.and_then(|connection| Self::settled(connection, lock));
        opened.map_err(|fault| fault.at(path))
    }

    /// Makes a database in memory.
    pub(super) fn in_memory() -> Result<Self, Fault> {
        Self::settled(Connection::open_in_memory()?, None)
    }

    /// Opens a file for reading, also while another process writes.
    pub(super) fn open_to_read(path: &Path) -> Result<Self, LedgerError> {
        if !path.exists() {
            return Err(LedgerError::Missing { path: path.to_path_buf() });
        }
        let opened = match Self::reading(path) {
            Err(Fault::Database(DatabaseError::Sqlite(error)))
                if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) =>
            {
                Self::archived(path)
            }
            opened => opened,
        };
        opened.map_err(|fault| fault.at(path))
    }

    fn settled(connection: Connection, lock: Option<File>) -> Result<Self, Fault> {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Self { connection, _lock: lock })
    }

    /// Sets how it is written, once it is known to be a ledger or to be empty.
    pub(super) fn prepare_to_write(&self) -> Result<(), Fault> {
        let connection = &self.connection;
        // Gives `memory` for a database in memory, which has nothing to lose.
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        Ok(connection.pragma_update(None, "journal_size_limit", JOURNAL_BYTES)?)
    }

    fn reading(path: &Path) -> Result<Self, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        Self::looked_at(connection)
    }

    /// Opens a file in a folder where nothing can be written, such as a backup's: without the files that
    /// readers of a WAL database share, which is safe because nobody writes there (SQLite's `immutable`).
    fn archived(path: &Path) -> Result<Self, Fault> {
        let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?;
        Self::looked_at(connection)
    }

    /// Reads the file's first page, which tells whether it can be read at all.
    fn looked_at(connection: Connection) -> Result<Self, Fault> {
        let this = Self::settled(connection, None)?;
        this.connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(this)
    }

    pub(super) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<(), Fault> {
        let mut statement = self.prepare(sql)?;
        statement.execute(params_from_iter(values))?;
        #[cfg(test)]
        count_steps(&statement);
        Ok(())
    }

    pub(super) fn execute_each(
        &self,
        sql: &str,
        fixed: &[Value<'_>],
        rows: &[Vec<Value<'static>>],
    ) -> Result<(), Fault> {
        let mut statement = self.prepare(sql)?;
        for row in rows {
            statement.execute(params_from_iter(fixed.iter().chain(row)))?;
        }
        #[cfg(test)]
        count_steps(&statement);
        Ok(())
    }

    pub(super) fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut take: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        let mut statement = self.prepare(sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            if take(&Row::Sqlite(row))?.is_break() {
                break;
            }
        }
        #[cfg(test)]
        {
            drop(rows);
            count_steps(&statement);
        }
        Ok(())
    }

    pub(super) fn batch(&self, sql: &str) -> Result<(), Fault> {
        Ok(self.connection.execute_batch(sql)?)
    }

    pub(super) fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }

    /// Prepares a statement once per connection.
    fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>, Fault> {
        let sql = numbered(sql);
        #[cfg(test)]
        SEEN.with_borrow_mut(|seen| seen.insert(sql.clone()));
        Ok(self.connection.prepare_cached(&sql)?)
    }
}

#[cfg(test)]
impl Sqlite {
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }
}

/// Takes the writer's lock.
///
/// On a file of its own, because closing a descriptor of SQLite's file drops the process's locks on it
/// ("How To Corrupt An SQLite Database File", §2.2).
fn lock(path: &Path) -> Result<File, LedgerError> {
    let mut name = path.as_os_str().to_owned();
    name.push(OsString::from("-lock"));
    let opened = private_file(Path::new(&name));
    let file = opened.map_err(|source| LedgerError::Open { path: path.to_path_buf(), source })?;
    let mut looks = 1;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if looks < LOCK_LOOKS => looks += 1,
            Err(TryLockError::WouldBlock) => return Err(LedgerError::InUse { path: path.to_path_buf() }),
            Err(TryLockError::Error(source)) => {
                return Err(LedgerError::Open { path: path.to_path_buf(), source });
            }
        }
        thread::sleep(LOCK_PAUSE);
    }
}

#[cfg(test)]
thread_local! {
    /// The statements that this thread has prepared, for the tests of how they are run.
    pub(crate) static SEEN: std::cell::RefCell<std::collections::BTreeSet<String>> =
        std::cell::RefCell::default();
    /// The steps of SQLite's machine that this thread's statements took, for the tests of how much they do.
    pub(crate) static STEPS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
fn count_steps(statement: &CachedStatement<'_>) {
    let steps = statement.reset_status(rusqlite::StatementStatus::VmStep);
    STEPS.set(STEPS.get() + u64::from(steps.cast_unsigned()));
}

/// Rewrites `$n` to `?n` outside quoted text and names.
fn numbered(sql: &str) -> String {
    let mut quote = None;
    let mut out = String::with_capacity(sql.len());
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        match quote {
            Some(open) if open == c => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            _ => {}
        }
        let parameter = quote.is_none() && c == '$' && chars.peek().is_some_and(char::is_ascii_digit);
        out.push(if parameter { '?' } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::Database;
    use super::*;

    #[test]
    fn parameters_are_numbered_outside_quotes_only() {
        // (written, sent, why)
        let cases = [
            ("a = $2 AND b = $1", "a = ?2 AND b = ?1", "positions stay"),
            ("a = '$1' AND b = $1", "a = '$1' AND b = ?1", "text is text"),
            ("\"$1\" = $12", "\"$1\" = ?12", "a quoted name, two digits"),
            ("'it''s $1' || $3", "'it''s $1' || ?3", "a doubled quote"),
            ("a LIKE '%$'", "a LIKE '%$'", "a bare dollar"),
        ];
        for (written, sent, why) in cases {
            assert_eq!(numbered(written), sent, "{why}");
        }
    }

    #[test]
    fn values_keep_their_places() {
        let database = Database::in_memory().unwrap();
        let swapped: Option<String> =
            database.query_row("SELECT $2 || '-' || $1", ("one", "two"), |row| row.get(0)).unwrap();
        assert_eq!(swapped.as_deref(), Some("two-one"));
    }
}
