//! Who the sites are and whose key is whose, in a file beside the ledger's: a line for each act, on the disk
//! before the act takes effect.
//!
//! The copy of a ledger that is put back is up to a day old. What sites send is sent anew; that a box was
//! revoked, or taken in, nobody would say again. So a ledger that is opened takes from here what it lacks. A line has
//! a number, and the ledger holds how many it has: an act that was broken off leaves a line whose number the
//! next one has again, and the later one counts. A ledger on a server is kept by whoever keeps the server.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Fault;
use crate::private::private_file;
use crate::store::{Database, is_address};

/// Octets of a line: names within their bounds, and keys. A longer one is none of ours.
const MAX_LINE_BYTES: u64 = 64 * 1024;

/// The file.
#[derive(Clone, Debug)]
pub(super) struct Journal(PathBuf);

/// What is done with a site.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub(super) enum Act {
    /// It is added.
    Added { site: String },
    /// A key of it is entered by an invitation.
    Enrolled { site: String, public_key: String, recipient: String, invitation: String },
    /// Its keys and invitations are revoked.
    Revoked { site: String },
    /// It is removed, with all that is known of it.
    Removed { site: String },
}

#[derive(Deserialize, Serialize)]
struct Line {
    /// Its place.
    number: i64,
    /// When, in microseconds.
    at: i64,
    #[serde(flatten)]
    act: Act,
}

impl Journal {
    /// Gives the file beside a ledger; none where the ledger is on a server.
    pub(super) fn beside(ledger: &Path) -> Option<Self> {
        if is_address(ledger) {
            return None;
        }
        let mut name: OsString = ledger.as_os_str().to_owned();
        name.push(".members");
        Some(Self(name.into()))
    }

    /// Enters an act; the transaction that does it ends after this.
    pub(super) fn enter(&self, database: &Database, at: i64, act: Act) -> Result<(), Fault> {
        let number = lines(database)? + 1;
        has(database, number)?;
        let text = serde_json::to_string(&Line { number, at, act })?;
        self.append(&text).map_err(Fault::Journal)
    }

    fn append(&self, line: &str) -> io::Result<()> {
        let is_new = !self.0.exists();
        let mut file = private_file(&self.0)?;
        // Begun anew, whatever the one before was broken off at.
        file.write_all(format!("\n{line}\n").as_bytes())?;
        file.sync_all()?;
        if is_new && let Some(folder) = self.0.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    /// Gives the acts that a ledger lacks, in their order, each with its time.
    pub(super) fn lacking(&self, database: &Database) -> Result<BTreeMap<i64, (i64, Act)>, Fault> {
        let known = lines(database)?;
        let mut lacking = BTreeMap::new();
        let file = match fs::File::open(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(lacking),
            file => file.map_err(Fault::Journal)?,
        };
        let mut file = BufReader::new(file);
        loop {
            let mut text = Vec::new();
            let read = file.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut text);
            if read.map_err(Fault::Journal)? == 0 {
                return Ok(lacking);
            }
            // A line that was broken off is of an act that was never done.
            let Ok(value) = serde_json::from_slice::<serde_json::Value>(&text) else { continue };
            let Line { number, at, act } = serde_json::from_value(value).map_err(|error| {
                Fault::Damaged(format!("a line of the journal of members that is not known here: {error}"))
            })?;
            if number > known {
                lacking.insert(number, (at, act));
            }
        }
    }
}

/// Notes that a ledger has all acts up to a line.
pub(super) fn has(database: &Database, line: i64) -> Result<(), Fault> {
    database.execute("UPDATE members_journal SET lines = $1", (line,))
}

fn lines(database: &Database) -> Result<i64, Fault> {
    Ok(database.query_row("SELECT lines FROM members_journal", (), |row| row.get(0))?.unwrap_or(0))
}
