//! The ledger: analyses of captures in, rows with a history out.
//!
//! | file | what |
//! |---|---|
//! | `record` | one analysis into rows and history, in one transaction |
//! | `sighting`, `pairing`, `fold`, `rollup` | what a capture says, which row that is, how rows and sums are made |
//! | `device`, `exit`, `connection`, `capture` | the tables |
//! | `query`, `summary` | reading |
//! | `schema` | the numbered migrations |
//!
//! Invariants:
//! * Nothing is keyed by an address alone: every key starts with the site.
//! * Reading a capture again changes nothing; reading captures in another order gives the same sums.
//! * The history is only added to, and a connection's number is never given to another.
//! * This crate reads no clock: the caller says when it records.
//!
//! One process writes. A lock on a file beside the ledger says who; it goes with the process. SQLite
//! runs in WAL mode, so that readers never wait for the writer, with `synchronous = FULL`: recording
//! is rare, the box stands in a cupboard without battery, and the capture may be deleted once
//! [`Ledger::record`] has returned.

#![forbid(unsafe_code)]

mod capture;
mod change;
mod clean;
mod connection;
mod counters;
mod device;
mod error;
mod exit;
mod fold;
mod pairing;
mod query;
mod record;
mod rollup;
mod schema;
mod sighting;
mod sql;
mod summary;

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection as Database, ErrorCode, OpenFlags};
use sekisho_api::{Analysis, Connection, Device, ExitRow};

pub use capture::{Input, Source};
pub use change::{Cause, Change, ChangeKind, Subject};
pub use clean::{MAX_LIST, MAX_TEXT_BYTES};
pub use error::LedgerError;
pub use query::{HistoryQuery, Query, Site, Sited};
pub use record::{Recorded, SILENT_AFTER_US};

use error::Fault;

/// How long to wait for another program that has the database locked, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Statements kept prepared: more than there are texts in this crate.
const STATEMENTS: usize = 64;

/// A ledger open for writing, and for reading as a [`Reader`].
#[derive(Debug)]
pub struct Ledger {
    reader: Reader,
    /// Held until the ledger is closed; absent in memory.
    _lock: Option<File>,
}

/// A ledger open for reading.
#[derive(Debug)]
pub struct Reader {
    database: Database,
    path: PathBuf,
}

impl Ledger {
    /// Opens a ledger for writing, and creates it or brings it up to date where needed.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LedgerError> {
        let path = path.as_ref();
        let lock = lock(path)?;
        // Before SQLite does: what is found in a hospital is not for every user of the box.
        if !path.exists() {
            private_file(path).map_err(|source| LedgerError::Open { path: path.to_path_buf(), source })?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Database::open_with_flags(path, flags).map_err(Fault::from);
        let mut database = opened.map_err(|fault| fault.at(path))?;
        prepare_to_write(&mut database).map_err(|fault| fault.at(path))?;
        Ok(Self { reader: Reader { database, path: path.to_path_buf() }, _lock: Some(lock) })
    }

    /// Makes a ledger that lives as long as this value.
    pub fn in_memory() -> Result<Self, LedgerError> {
        let path = PathBuf::from(":memory:");
        let opened = Database::open_in_memory().map_err(Fault::from);
        let mut database = opened.map_err(|fault| fault.at(&path))?;
        prepare_to_write(&mut database).map_err(|fault| fault.at(&path))?;
        Ok(Self { reader: Reader { database, path }, _lock: None })
    }

    /// Opens a ledger for reading, also while another process writes.
    pub fn read_only(path: impl AsRef<Path>) -> Result<Reader, LedgerError> {
        let path = path.as_ref();
        if !path.exists() {
            return Err(LedgerError::Missing { path: path.to_path_buf() });
        }
        let database = match open_to_read(path) {
            Err(Fault::Sql(error)) if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => {
                open_archived(path)
            }
            opened => opened,
        };
        let database = database.map_err(|fault| fault.at(path))?;
        Ok(Reader { database, path: path.to_path_buf() })
    }

    /// Records what an analysis found at a site, all of it or, on an error, nothing.
    ///
    /// `now` is when it is recorded; the times of what happened come from the capture.
    pub fn record(
        &mut self,
        site: &str,
        analysis: &Analysis,
        source: &Source,
        now: Timestamp,
    ) -> Result<Recorded, LedgerError> {
        let Reader { database, path } = &mut self.reader;
        record::record(database, site, analysis, source, now).map_err(|fault| fault.at(path))
    }
}

impl Deref for Ledger {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl Reader {
    /// Reads connections: the unregistered first, then tunnels, then by category and time.
    pub fn connections(&self, query: &Query) -> Result<Vec<Sited<Connection>>, LedgerError> {
        self.read(|database| query::connections(database, query))
    }

    /// Reads devices by site, role and key.
    pub fn devices(&self, query: &Query) -> Result<Vec<Sited<Device>>, LedgerError> {
        self.read(|database| query::devices(database, query))
    }

    /// Reads exits, the unregistered first.
    pub fn exits(&self, query: &Query) -> Result<Vec<Sited<ExitRow>>, LedgerError> {
        self.read(|database| query::exits(database, query))
    }

    /// Reads the history, the latest first.
    pub fn history(&self, query: &HistoryQuery) -> Result<Vec<Change>, LedgerError> {
        self.read(|database| query::history(database, query))
    }

    /// Reads the sites by name.
    pub fn sites(&self) -> Result<Vec<Site>, LedgerError> {
        self.read(query::sites)
    }

    /// Reads a site's ledger as one analysis.
    pub fn analysis(&self, query: &Query) -> Result<Analysis, LedgerError> {
        self.read(|database| summary::analysis(database, query))
    }

    /// Reads one state of the ledger, however many statements that takes.
    fn read<T>(&self, read: impl FnOnce(&Database) -> Result<T, Fault>) -> Result<T, LedgerError> {
        let snapshot = self.database.unchecked_transaction().map_err(Fault::from);
        let result = snapshot.and_then(|snapshot| read(&snapshot));
        result.map_err(|fault| fault.at(&self.path))
    }
}

fn open_to_read(path: &Path) -> Result<Database, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Database::open_with_flags(path, flags)?;
    prepare_to_read(&database)?;
    Ok(database)
}

/// Opens a ledger in a folder where nothing can be written, such as a backup's: without the files that
/// readers of a WAL database share, which is safe because nobody writes there (SQLite's `immutable`).
fn open_archived(path: &Path) -> Result<Database, Fault> {
    let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let database = Database::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?;
    prepare_to_read(&database)?;
    Ok(database)
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
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LedgerError::InUse { path: path.to_path_buf() }),
        Err(TryLockError::Error(source)) => Err(LedgerError::Open { path: path.to_path_buf(), source }),
    }
}

/// Opens a file that only its owner may read, and creates it where there is none.
fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn prepare_to_write(database: &mut Database) -> Result<(), Fault> {
    prepare_common(database)?;
    // Before anything is written: another program's database stays as it is.
    schema::admit(database)?;
    // Gives `memory` for a ledger in memory, which has nothing to lose.
    database.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "foreign_keys", true)?;
    schema::migrate(database)
}

fn prepare_to_read(database: &Database) -> Result<(), Fault> {
    prepare_common(database)?;
    schema::check(database)
}

fn prepare_common(database: &Database) -> Result<(), Fault> {
    database.busy_timeout(BUSY_TIMEOUT)?;
    database.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

#[cfg(test)]
mod tests {
    use sekisho_api::Evidence;

    use super::*;

    /// A device with much to say.
    fn analysis(name: &str) -> Analysis {
        let evidence = |place: u32| {
            let en = format!("{place} ").repeat(500);
            Evidence { rule: format!("rule/{place}"), confidence: 50, ja: en.clone(), en }
        };
        let names = vec![name.to_owned()];
        let evidence = (0..200).map(evidence).collect();
        Analysis { devices: vec![Device { names, evidence, ..Device::default() }], ..Analysis::default() }
    }

    #[test]
    fn a_full_disk_is_told_with_the_path_and_leaves_the_ledger_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let mut ledger = Ledger::open(&path).unwrap();
        ledger.record("kita", &analysis("one"), &Source::of("a", "a"), Timestamp::UNIX_EPOCH).unwrap();
        let before = (ledger.sites().unwrap(), ledger.devices(&Query::default()).unwrap());

        let pages: i64 = ledger.database.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        ledger.database.pragma_update(None, "max_page_count", pages + 3).unwrap();
        let second = (analysis("two"), Source::of("b", "b"));
        let error = ledger.record("kita", &second.0, &second.1, Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(matches!(error, LedgerError::DiskFull { .. }), "{error:?}");
        assert!(error.to_string().contains("ledger.db"), "{error}");
        assert_eq!((ledger.sites().unwrap(), ledger.devices(&Query::default()).unwrap()), before);

        ledger.database.pragma_update(None, "max_page_count", 1_000_000).unwrap();
        assert!(!ledger.record("kita", &second.0, &second.1, Timestamp::UNIX_EPOCH).unwrap().already);
        assert_eq!(ledger.devices(&Query::default()).unwrap().len(), 2);
    }
}
