//! The ledger: analyses of captures and roll-ups of sensors in, rows with a history out.
//!
//! | file | what |
//! |---|---|
//! | `record` | one analysis into rows and history, in one transaction |
//! | `live`, `day`, `standing`, `watch` | a sensor's roll-ups: recording, sums by day, statements, silence |
//! | `sighting`, `pairing`, `fold`, `rollup` | what a capture says, which row that is, how rows and sums are made |
//! | `device`, `exit`, `connection`, `capture` | the tables |
//! | `behaviour` | what a connection does over time, merged |
//! | `query`, `summary`, `page`, `survey` | reading |
//! | `map` | what equipment said of its surroundings, and what people decided of links |
//! | `registration`, `matching`, `settle`, `unseen` | what the hospital declared, of which connections, and what that makes of them |
//! | `inquiry` | who was asked what, and what came of it |
//! | `deed`, `act` | what people do, as decisions that cross to the other side; and what they did, in the history |
//! | `older` | what people did before it was kept as decisions, entered as such |
//! | `missing` | what should be there and was not seen |
//! | `sync` | one site's ledger in another: what changed out, and in |
//! | `private` | files and folders that only their owner may read |
//! | `good` | the last good copy of a file, and putting it back; the file before an upgrade |
//! | `store` | the database, SQLite or PostgreSQL |
//! | `schema` | the numbered migrations |
//!
//! Invariants:
//! * Nothing is keyed by an address alone: every key starts with the site.
//! * Reading a capture again changes nothing; reading captures in another order gives the same sums.
//! * The history is only added to, and a connection's number is never given to another.
//! * This crate reads no clock: the caller says when it records.
//!
//! One process writes, any number read beside it, and [`Ledger::record`] returns once what it recorded is
//! on the disk: `store` says how each database does it.
//!
//! # What a sensor costs
//!
//! By roll-up nothing grows. By day a sensor has one capture, and each connection seen that day one row
//! of its sums and hours: 163 octets with its index. A hospital of 2,000 devices, 300 external
//! connections and 5,000 rows of general Internet, of which some 2,500 rows speak on a day, takes 25 MiB
//! at first and then about 0.4 MiB a day, 150 MiB a year. The history comes on top, by what changes.

#![forbid(unsafe_code)]

mod act;
mod ahead;
mod behaviour;
mod capture;
mod change;
mod clean;
mod connection;
mod counters;
mod day;
mod deed;
mod device;
mod error;
mod exit;
mod fold;
mod good;
mod inquiry;
mod live;
mod map;
mod matching;
mod missing;
mod older;
mod page;
mod pairing;
mod private;
mod query;
mod record;
mod registration;
mod rollup;
mod schema;
mod settle;
mod sighting;
mod sql;
mod standing;
mod store;
mod summary;
mod survey;
mod sync;
mod unseen;
mod watch;

use std::ops::{ControlFlow, Deref};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sekisho_api::{Analysis, Connection, Device, ExitRow};

pub use capture::{Input, Source};
pub use change::{Cause, Change, ChangeKind, Subject};
pub use clean::{MAX_LIST, MAX_TEXT_BYTES};
pub use error::LedgerError;
pub use good::{keep_good, keep_good_daily, renew_copies, restore_good};
pub use inquiry::{Answer, DUE_AFTER};
pub use missing::{MISSING, Missing, is_asked_for, missing};
pub use page::{Count, NotAPlace, Page, Place};
pub use private::{private_file, private_folder, private_new, write_private};
pub use query::{HistoryQuery, Query, Site, Sited};
pub use record::{Recorded, SILENT_AFTER_US};
pub use registration::{Declared, Entered, MAX_REGISTRATIONS, identity};
pub use store::{DatabaseError, is_address};
pub use survey::{Known, NoSurvey, SiteSurvey};
pub use sync::{
    BatchBounds, Credential, Intake, Invitation, MAX_TRIES, Member, NotInvited, Outbox, Progress, Received,
    Sound, random_id,
};
pub use unseen::UNSEEN;
pub use watch::{LastRollUp, RollUp};

use error::Fault;
use store::Database;

/// A ledger open for writing, and for reading as a [`Reader`].
#[derive(Debug)]
pub struct Ledger {
    reader: Reader,
}

/// A ledger open for reading.
#[derive(Debug)]
pub struct Reader {
    database: Database,
    path: PathBuf,
}

impl Ledger {
    /// Opens a ledger for writing, and creates it or brings it up to date where needed.
    ///
    /// `place` is the path of a file, or the address of a PostgreSQL database (`postgres://…`). A ledger
    /// waits, on PostgreSQL for the server: it is for threads that may wait, not for asynchronous tasks.
    pub fn open(place: impl AsRef<Path>) -> Result<Self, LedgerError> {
        let place = place.as_ref();
        let database = Database::open(place)?;
        Self::of(database, place)
    }

    /// Opens a ledger as [`Self::open`] does, beside whoever records into it: for what people do, which is one
    /// transaction each and rests on what is read there.
    pub fn beside(place: impl AsRef<Path>) -> Result<Self, LedgerError> {
        let place = place.as_ref();
        let database = Database::open_shared(place)?;
        Self::of(database, place)
    }

    /// Makes a ledger that lives as long as this value.
    pub fn in_memory() -> Result<Self, LedgerError> {
        let place = Path::new(":memory:");
        let database = Database::in_memory().map_err(|fault| fault.at(place))?;
        Self::of(database, place)
    }

    /// Opens a ledger for reading, also while another process writes.
    pub fn read_only(place: impl AsRef<Path>) -> Result<Reader, LedgerError> {
        let place = place.as_ref();
        let database = Database::open_to_read(place)?;
        let path = database.shown(place);
        schema::check(&database).map_err(|fault| fault.at(&path))?;
        Ok(Reader { database, path })
    }

    fn of(database: Database, place: &Path) -> Result<Self, LedgerError> {
        let path = database.shown(place);
        good::bring_up_to_date(&database, place)?;
        Ok(Self { reader: Reader { database, path } })
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
    /// again. Its news may be merged into one with a higher number only once [`Reader::last_roll_up`], of
    /// this same ledger, tells that it was not recorded: a server's answer can be lost after it was.
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

    /// Reads connections in the same order, up to `query.limit` of them, where the next would begin, and how many there
    /// are.
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

    /// Reads what a query finds and its site as a whole, at most `most` rows of each kind; says why where
    /// that is not to be had.
    pub fn survey(&self, query: &Query, most: u32) -> Result<Result<SiteSurvey, NoSurvey>, LedgerError> {
        self.read(|database| survey::read(database, query, most))
    }

    /// Reads one connection as it is at a time and what is known about it, the latest `most` of each kind.
    pub fn known_of(
        &self,
        site: &str,
        number: i64,
        now: Timestamp,
        most: u32,
    ) -> Result<Option<Known>, LedgerError> {
        self.read(|database| survey::known(database, site, number, now, most))
    }

    /// Reads one state of the ledger, however many statements that takes.
    fn read<T>(&self, read: impl FnOnce(&Database) -> Result<T, Fault>) -> Result<T, LedgerError> {
        let snapshot = self.database.snapshot();
        let result = snapshot.and_then(|snapshot| read(&snapshot));
        result.map_err(|fault| fault.at(&self.path))
    }
}

#[cfg(test)]
mod tests;
