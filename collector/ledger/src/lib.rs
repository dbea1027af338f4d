//! The ledger: analyses of captures and roll-ups of sensors in, rows with a history out.
//!
//! | file | what |
//! |---|---|
//! | `record` | one analysis into rows and history, in one transaction |
//! | `live`, `day`, `standing`, `watch` | a sensor's roll-ups: recording, sums by day, statements, silence |
//! | `sighting`, `pairing`, `fold`, `rollup` | what a capture says, which row that is, how rows and sums are made |
//! | `device`, `exit`, `connection`, `capture` | the tables |
//! | `behaviour` | what a connection does over time, merged |
//! | `query`, `summary`, `page` | reading |
//! | `missing` | what should be there and was not seen |
//! | `sync` | one site's ledger in another: what changed out, and in |
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
//! [`Ledger::record`] has returned. With `NORMAL` a commit returns before the log is on the disk, and a
//! roll-up that the daemon has forgotten since would be gone with the power.
//!
//! # What a sensor costs
//!
//! By roll-up nothing grows. By day a sensor has one capture, and each connection seen that day one row
//! of its sums and hours: 163 octets with its index. A hospital of 2,000 devices, 300 external
//! connections and 5,000 rows of general Internet, of which some 2,500 rows speak on a day, takes 25 MiB
//! at first and then about 0.4 MiB a day, 150 MiB a year. The history comes on top, by what changes.

#![forbid(unsafe_code)]

mod behaviour;
mod capture;
mod change;
mod clean;
mod connection;
mod counters;
mod day;
mod device;
mod error;
mod exit;
mod fold;
mod live;
mod missing;
mod page;
mod pairing;
mod query;
mod record;
mod rollup;
mod schema;
mod sighting;
mod sql;
mod standing;
mod summary;
mod sync;
mod watch;

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::ops::{ControlFlow, Deref};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection as Database, ErrorCode, OpenFlags};
use sekisho_api::{Analysis, Connection, Device, ExitRow};

pub use capture::{Input, Source};
pub use change::{Cause, Change, ChangeKind, Subject};
pub use clean::{MAX_LIST, MAX_TEXT_BYTES};
pub use error::LedgerError;
pub use missing::{MISSING, Missing, missing};
pub use page::{Count, Mark, NotAMark, Page};
pub use query::{HistoryQuery, Query, Site, Sited};
pub use record::{Recorded, SILENT_AFTER_US};
pub use sync::{
    BatchBounds, Credential, Intake, Invitation, MAX_TRIES, Member, NotInvited, Outbox, Progress, Received,
    random_id,
};
pub use watch::{LastRollUp, RollUp};

use error::Fault;

/// How long to wait for another program that has the database locked, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The pages that a writer keeps, in KiB: a roll-up of a large hospital touches some thousand rows, and
/// with SQLite's 2 MiB would write pages to the log and read them back within one transaction.
const CACHE_KIB: i64 = 24 * 1024;

/// What is left of the log on disk after a checkpoint, in octets: what a roll-up needs again, not what
/// one large capture once needed.
const JOURNAL_BYTES: i64 = 16 * 1024 * 1024;

/// Statements kept prepared: more than there are texts in this crate.
const STATEMENTS: usize = 128;

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

    /// Records what a sensor's daemon saw since its last roll-up, all of it or, on an error, nothing.
    ///
    /// Counters of `analysis` and its times are of the interval alone; devices and exits are what is
    /// known of them now. A run's roll-ups come in the order of their numbers: one at or below the last
    /// that was recorded is `already` there and changes nothing. After an error the same can be given
    /// again, or its news merged into one with a higher number; after a crash
    /// [`Reader::last_roll_up`] tells what was recorded.
    pub fn record_live(
        &mut self,
        site: &str,
        roll_up: &RollUp,
        analysis: &Analysis,
        now: Timestamp,
    ) -> Result<Recorded, LedgerError> {
        let Reader { database, path } = &mut self.reader;
        live::record(database, site, roll_up, analysis, now).map_err(|fault| fault.at(path))
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
        self.read(|database| page::connections(database, query))
    }

    /// Reads connections in the same order, up to `query.limit` of them, and where the next would begin.
    pub fn page(&self, query: &Query) -> Result<Page, LedgerError> {
        self.read(|database| page::page(database, query))
    }

    /// Hands connections to `take` one by one in the same order, until it has enough: all of one state of
    /// the ledger, however many they are.
    pub fn visit(
        &self,
        query: &Query,
        mut take: impl FnMut(Sited<Connection>) -> ControlFlow<()>,
    ) -> Result<(), LedgerError> {
        self.read(|database| page::visit(database, query, |_, row| take(row)))
    }

    /// Counts connections.
    pub fn count(&self, query: &Query) -> Result<Count, LedgerError> {
        self.read(|database| page::count(database, query))
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

    /// Reads the names of the sites, in order.
    pub fn site_names(&self) -> Result<Vec<String>, LedgerError> {
        self.read(query::site_names)
    }

    /// Reads which roll-up of a sensor was recorded last; none where none was.
    pub fn last_roll_up(&self, site: &str, sensor: &str) -> Result<Option<LastRollUp>, LedgerError> {
        self.read(|database| watch::last(database, &clean::text(site.trim()), &clean::text(sensor.trim())))
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

/// Opens a ledger to write beside others that write it: each does one thing in one transaction, and takes
/// what it rests on from there.
fn open_shared(path: &Path) -> Result<Database, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut database = Database::open_with_flags(path, flags)?;
    prepare_to_write(&mut database)?;
    Ok(database)
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
    database.pragma_update(None, "cache_size", -CACHE_KIB)?;
    database.pragma_update(None, "journal_size_limit", JOURNAL_BYTES)?;
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
mod tests;
