//! The last good state of a ledger's file, beside it: kept from time to time, put back when the file is damaged;
//! and the file as it was before an upgrade, which the version before can read.
//!
//! What was recorded after the copy is gone from the file that was put back. A site's ledger is then sent anew
//! and a collector's is sent again what it lacks (`sync`), so that in the end both are equal.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::error::{Fault, LedgerError};
use crate::private::{locked_folder, private_file};
use crate::schema;
use crate::store::{Database, Dialect, is_address};

/// How old a copy may be: what a day brought is sent anew within minutes, and a day's copy wears no disk out.
const EVERY: Duration = Duration::from_hours(24);

/// What the name of a copy of an older schema has before its number.
const OLDER: &str = ".v";
/// Copies of older schemas that are kept: who goes back goes back one version, or two.
const MAX_OLDER: usize = 2;

/// Keeps a copy of a ledger's file now and every day, on a thread that lives as long as the process. Where it
/// cannot, `failed` is told, and the copy before stays.
pub fn keep_good_daily(
    path: PathBuf,
    failed: impl Fn(&LedgerError) + Send + 'static,
) -> Result<(), LedgerError> {
    let of = path.clone();
    let run = move || {
        loop {
            match keep_good(&path) {
                // At the first start.
                Ok(()) | Err(LedgerError::Missing { .. }) => {}
                Err(error) => failed(&error),
            }
            thread::sleep(EVERY);
        }
    };
    let started = thread::Builder::new().name("copy".to_owned()).spawn(run);
    started.map(drop).map_err(|source| LedgerError::Open { path: of, source })
}

/// Keeps a copy of a ledger's file as it is now, in place of the one before, once it is found to be sound.
///
/// Whoever writes meanwhile is not held up. A database on a server is kept by whoever keeps the server.
pub fn keep_good(path: &Path) -> Result<(), LedgerError> {
    if is_address(path) {
        return Ok(());
    }
    let database = Database::open_to_read(path)?;
    check(&database).map_err(|fault| fault.at(path))?;
    let cannot = |source| LedgerError::Open { path: path.to_path_buf(), source };
    let _held = locked_folder(path).map_err(cannot)?;
    copy(&database, path, ".good")
}

/// Brings a ledger's schema up to date. The file as it was is kept beside it: the version of the program before
/// reads that, and not what becomes of the file. Where there is no room for it, nothing is changed.
pub(crate) fn bring_up_to_date(database: &Database, place: &Path) -> Result<(), LedgerError> {
    let _held = keep_older(database, place)?;
    schema::migrate(database).map_err(|fault| fault.at(&database.shown(place)))
}

/// Keeps the copy, and holds the folder: a service and a person's command may be at it at once, and who comes
/// second is to find it done.
fn keep_older(database: &Database, path: &Path) -> Result<Option<File>, LedgerError> {
    let older_schema = || schema::older(database).map_err(|fault| fault.at(path));
    if database.dialect() != Dialect::Sqlite || older_schema()?.is_none() {
        return Ok(None);
    }
    let cannot = |source| LedgerError::Open { path: path.to_path_buf(), source };
    let held = locked_folder(path).map_err(cannot)?;
    let Some(found) = older_schema()? else { return Ok(held) };
    copy(database, path, &format!("{OLDER}{found}"))?;
    let others = (1..schema::KNOWN).filter(|version| *version != found && older(path, *version).exists());
    let mut others: Vec<i64> = others.collect();
    others.truncate((others.len() + 1).saturating_sub(MAX_OLDER));
    for version in others {
        fs::remove_file(older(path, version)).map_err(cannot)?;
    }
    Ok(held)
}

fn older(path: &Path, version: i64) -> PathBuf {
    beside(path, &format!("{OLDER}{version}"))
}

/// Has the copies of a ledger's file hold nothing that was removed from it.
pub fn renew_copies(path: &Path) -> Result<(), LedgerError> {
    if is_address(path) {
        return Ok(());
    }
    let cannot = |source| LedgerError::Open { path: path.to_path_buf(), source };
    for version in 1..schema::KNOWN {
        match fs::remove_file(older(path, version)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot(error)),
            _ => {}
        }
    }
    keep_good(path)
}

/// Writes a copy beside the file, in place of the one before.
fn copy(database: &Database, path: &Path, ending: &str) -> Result<(), LedgerError> {
    let partial = beside(path, &format!("{ending}.part"));
    let cannot = |source| LedgerError::Open { path: path.to_path_buf(), source };
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot(error)),
        _ => {}
    }
    // Only its owner may read it, as the ledger.
    private_file(&partial).map_err(cannot)?;
    let to = partial.to_string_lossy();
    // Into a file that is empty it may be written, too (SQLite, "VACUUM").
    let copied = database.execute("VACUUM INTO $1", (to.as_ref(),));
    copied.map_err(|fault| fault.at(path))?;
    File::open(&partial).and_then(|file| file.sync_all()).map_err(cannot)?;
    fs::rename(&partial, beside(path, ending)).map_err(cannot)
}

/// Puts the copy back where the file is damaged, which is kept as `….damaged`; says whether it did. Before
/// anybody has opened the ledger.
pub fn restore_good(path: &Path) -> Result<bool, LedgerError> {
    if is_address(path) {
        return Ok(false);
    }
    let cannot = |source| LedgerError::Open { path: path.to_path_buf(), source };
    let restored = beside(path, ".restored");
    if !path.exists() {
        // Broken off at the last step, or there is no ledger yet.
        let is_last = restored.exists();
        if is_last {
            fs::rename(&restored, path).map_err(cannot)?;
        }
        return Ok(is_last);
    }
    let good = beside(path, ".good");
    // What a loss of power may leave of a file, and SQLite takes for a new one.
    let is_empty = good.exists() && fs::metadata(path).map_err(cannot)?.len() == 0;
    let found = Database::open_to_read(path).and_then(|database| {
        let sound = if is_empty { Err(Fault::Damaged("it is empty".to_owned())) } else { check(&database) };
        sound.map_err(|fault| fault.at(path))
    });
    let damage = match found {
        Err(damage @ (LedgerError::Damaged { .. } | LedgerError::NotALedger { .. })) => damage,
        Err(other) => return Err(other),
        Ok(()) => return Ok(false),
    };
    if !good.exists() {
        return Err(damage);
    }
    fs::copy(&good, &restored).map_err(cannot)?;
    File::open(&restored).and_then(|file| file.sync_all()).map_err(cannot)?;
    // The log first: it belongs to the damaged file, and would be played into the good one.
    for ending in ["-wal", "-shm"] {
        match fs::rename(beside(path, ending), beside(path, &format!(".damaged{ending}"))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot(error)),
            _ => {}
        }
    }
    fs::rename(path, beside(path, ".damaged")).map_err(cannot)?;
    fs::rename(&restored, path).map_err(cannot)?;
    Ok(true)
}

/// Reads every page, and whether rows and indexes fit together.
fn check(database: &Database) -> Result<(), Fault> {
    let found: Option<String> = database.query_row("PRAGMA quick_check(1)", (), |row| row.get(0))?;
    match found.as_deref() {
        Some("ok") => Ok(()),
        found => Err(Fault::Damaged(found.unwrap_or("nothing can be read").to_owned())),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
