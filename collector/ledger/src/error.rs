//! What can go wrong with a ledger, with the path and what to do next.
//!
//! Inside the crate functions return [`Fault`], which knows no path; [`Fault::at`] adds it at the edge.

use std::path::{Path, PathBuf};

use crate::store::{DatabaseError, Trouble};

/// Why the ledger could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The file cannot be opened or created.
    #[error("cannot open ledger `{}`: see that its folder exists and that this user may write there", path.display())]
    Open {
        /// The ledger.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A reader was asked for a ledger that is not there.
    #[error("no ledger at `{}`: record a capture first, or correct the path", path.display())]
    Missing {
        /// The ledger.
        path: PathBuf,
    },
    /// Another process has it open for writing.
    #[error("ledger `{}` is being written by another process: stop it, or open the ledger read-only", path.display())]
    InUse {
        /// The ledger.
        path: PathBuf,
    },
    /// The database stayed locked for longer than the busy timeout.
    #[error("ledger `{}` is locked by another program: close what has it open and try again", path.display())]
    Busy {
        /// The ledger.
        path: PathBuf,
        /// What the database said.
        source: DatabaseError,
    },
    /// A later version of the program wrote it.
    #[error("ledger `{}` has schema {found}, and this version knows {known}: use the version that wrote it", path.display())]
    Newer {
        /// The ledger.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The latest this version knows.
        known: i64,
    },
    /// An earlier version wrote it, and a reader may not bring it up to date.
    #[error("ledger `{}` has schema {found}, and this version needs {known}: start the service once, which brings it up to date", path.display())]
    Older {
        /// The ledger.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The one this version needs.
        known: i64,
    },
    /// The file is something else; it was left as it is.
    #[error("`{}` is not a ledger, and was left as it is: choose another path", path.display())]
    NotALedger {
        /// The file.
        path: PathBuf,
    },
    /// There is no room left.
    #[error("no room left for ledger `{}`: free some space and record again, the ledger is as it was", path.display())]
    DiskFull {
        /// The ledger.
        path: PathBuf,
        /// What the database said.
        source: DatabaseError,
    },
    /// The file, its folder or the file system may only be read.
    #[error("ledger `{}` may only be read: give this user the right to write it and its folder, or see whether the file system was mounted read-only after a fault", path.display())]
    ReadOnly {
        /// The ledger.
        path: PathBuf,
        /// What the database said.
        source: DatabaseError,
    },
    /// The disk does not read or write what it is told to.
    #[error("the disk of ledger `{}` fails: look after it and record again, the ledger is as it was", path.display())]
    Disk {
        /// The ledger.
        path: PathBuf,
        /// What the database said.
        source: DatabaseError,
    },
    /// A stored value cannot be read back.
    #[error("ledger `{}` is damaged ({what}): restore it from a backup, or read the captures again", path.display())]
    Damaged {
        /// The ledger.
        path: PathBuf,
        /// Which value.
        what: String,
    },
    /// The capture was given without the digest of any input, so that it could not be told from another.
    #[error("the capture names no input: give the content digest of each file read")]
    NoInputs,
    /// A roll-up names no sensor or no run, so that it could not be told from another.
    #[error("the roll-up names no sensor or no run: give the box's name and an id of this start")]
    NoSensor,
    /// The site's name is empty.
    #[error("the site has no name: give one, such as the hospital's short name")]
    NoSite,
    /// What came from a site, or from a collector, contradicts itself; nothing of it was taken.
    #[error("what was sent cannot be taken: {what}")]
    Refused {
        /// What is wrong with it.
        what: String,
    },
    /// The site was removed since it sent this; nothing of it was taken.
    #[error("the site is none of this collector's any more")]
    NotAMember,
    /// Another machine sends as the site, with its key; nothing of it was taken.
    #[error("another box sends as this site already: enrol this one by a code of its own")]
    AnotherBox,
    /// The file beside the ledger cannot be read or written that keeps who its sites are.
    #[error("cannot keep who the sites are in `{}.members`: nothing was done, see that this user may write there and that there is room", path.display())]
    Journal {
        /// The ledger.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The ledger failed for something that was to be done before.
    #[error("not tried: the ledger could not be written for what came before")]
    NotTried,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: see that it has started completely")]
    NoRandom,
    /// A registration names neither a device nor an outside party, so that it would be of everything.
    #[error("the registration names neither a device nor an outside party: name one of them")]
    NoKeys,
    /// A site has more registrations than any hospital declares.
    #[error(
        "the site would have more than {} registrations: see what is imported",
        crate::registration::MAX_REGISTRATIONS
    )]
    TooManyRegistrations,
    /// A site has more inquiries than any survey makes.
    #[error("the site has too many inquiries: begin a new ledger for the next survey")]
    TooManyInquiries,
    /// The address of a PostgreSQL database cannot be read.
    #[error("`{}` is not the address of a PostgreSQL database: write postgres://user:password@host/database, with `@`, `/`, `?`, `:` and `%` of the password as %40, %2F, %3F, %3A and %25", path.display())]
    Address {
        /// The address, without what may be a secret.
        path: PathBuf,
    },
    /// The server is another machine's, and would be spoken to in clear.
    #[error("ledger `{}` is on another machine, and would be reached in clear: end the address with ?sslrootcert=FILE, the certificate of the CA that vouches for the server", path.display())]
    InClear {
        /// The ledger.
        path: PathBuf,
    },
    /// The file of the CA that vouches for a server cannot be read.
    #[error("`{}` is not the certificate of a CA in PEM: give the one that the server's certificate is of", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// The database cannot hold every text.
    #[error("database `{}` has the encoding {found}, and a ledger needs UTF8: create one with `createdb --encoding UTF8 --template template0`", path.display())]
    Encoding {
        /// The ledger.
        path: PathBuf,
        /// The database's encoding.
        found: String,
    },
    /// The server does not answer, or does not let us in.
    #[error("cannot reach ledger `{}`: see that the server runs and may be reached from here", path.display())]
    Unreachable {
        /// The ledger.
        path: PathBuf,
        /// What the database said.
        source: DatabaseError,
    },
    /// Anything else that the database reports.
    #[error("ledger `{}` cannot be used: see the cause", path.display())]
    Database {
        /// The ledger.
        path: PathBuf,
        /// What the database said.
        source: DatabaseError,
    },
}

/// A failure that does not know the ledger's path yet.
#[derive(Debug)]
pub(crate) enum Fault {
    /// From the database.
    Database(DatabaseError),
    /// A stored value that cannot be read back.
    Damaged(String),
    /// The schema is later than this version's.
    Newer(i64),
    /// The schema is earlier than this version's.
    Older(i64),
    /// The database belongs to something else.
    NotALedger,
    /// The capture has no identity.
    NoInputs,
    /// A roll-up has no identity.
    NoSensor,
    /// The site has no name.
    NoSite,
    /// What came from the other side contradicts itself.
    Refused(String),
    /// The site is not one of those that are received.
    NotAMember,
    /// The file beside the ledger that keeps who its sites are.
    Journal(std::io::Error),
    /// The system gives no random numbers.
    NoRandom,
    /// A registration is of everything.
    NoKeys,
    /// A site has too many registrations.
    TooManyRegistrations,
    /// A site has too many inquiries.
    TooManyInquiries,
    /// The database's encoding.
    Encoding(String),
}

impl From<DatabaseError> for Fault {
    fn from(source: DatabaseError) -> Self {
        Self::Database(source)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(source: rusqlite::Error) -> Self {
        Self::Database(DatabaseError::Sqlite(source))
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(source: tokio_postgres::Error) -> Self {
        Self::Database(DatabaseError::Postgres(source))
    }
}

impl From<serde_json::Error> for Fault {
    fn from(source: serde_json::Error) -> Self {
        Self::Damaged(source.to_string())
    }
}

impl Fault {
    /// Adds the path.
    pub(crate) fn at(self, path: &Path) -> LedgerError {
        let path = path.to_path_buf();
        let known = crate::schema::KNOWN;
        match self {
            Self::Database(source) => said(path, source),
            Self::Damaged(what) => LedgerError::Damaged { path, what },
            Self::Newer(found) => LedgerError::Newer { path, found, known },
            Self::Older(found) => LedgerError::Older { path, found, known },
            Self::NotALedger => LedgerError::NotALedger { path },
            Self::NoInputs => LedgerError::NoInputs,
            Self::NoSensor => LedgerError::NoSensor,
            Self::NoSite => LedgerError::NoSite,
            Self::Refused(what) => LedgerError::Refused { what },
            Self::NotAMember => LedgerError::NotAMember,
            Self::Journal(source) => LedgerError::Journal { path, source },
            Self::NoRandom => LedgerError::NoRandom,
            Self::NoKeys => LedgerError::NoKeys,
            Self::TooManyRegistrations => LedgerError::TooManyRegistrations,
            Self::TooManyInquiries => LedgerError::TooManyInquiries,
            Self::Encoding(found) => LedgerError::Encoding { path, found },
        }
    }
}

fn said(path: PathBuf, source: DatabaseError) -> LedgerError {
    match source.trouble() {
        Trouble::Full => LedgerError::DiskFull { path, source },
        Trouble::Busy => LedgerError::Busy { path, source },
        Trouble::ReadOnly => LedgerError::ReadOnly { path, source },
        Trouble::Disk => LedgerError::Disk { path, source },
        Trouble::NotALedger => LedgerError::NotALedger { path },
        Trouble::Damaged => LedgerError::Damaged { path, what: source.to_string() },
        Trouble::Unreachable => LedgerError::Unreachable { path, source },
        Trouble::Other => LedgerError::Database { path, source },
    }
}
