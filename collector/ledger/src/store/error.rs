//! What a database says when it cannot do what it was told, and what kind of trouble that is.

use std::error::Error;
use std::time::Duration;

use rusqlite::ErrorCode;
use tokio_postgres::error::SqlState;

/// The class of states in which the server does not let us in (PostgreSQL, appendix A, class 28).
const NOT_LET_IN: &str = "28";

/// The class of states in which rows contradict the schema (PostgreSQL, appendix A, class 23).
const CONTRADICTION: &str = "23";

/// What the database said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// SQLite's words.
    #[error(transparent)]
    Sqlite(rusqlite::Error),
    /// PostgreSQL's words, or those of the way to it.
    #[error(transparent)]
    Postgres(tokio_postgres::Error),
    /// The system's, where a session could not be made ready.
    #[error(transparent)]
    System(std::io::Error),
    /// Nothing came from the server in time; the session was given up.
    #[error("no answer within {} seconds", .0.as_secs())]
    NoAnswer(Duration),
}

/// What kind of trouble it is: whose turn it is to do something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    Full,
    Busy,
    ReadOnly,
    Disk,
    NotALedger,
    Damaged,
    Unreachable,
    Other,
}

impl DatabaseError {
    /// Tells what kind of trouble it is.
    pub(crate) fn trouble(&self) -> Trouble {
        match self {
            Self::Sqlite(error) => sqlite(error),
            Self::Postgres(error) => postgres(error),
            Self::NoAnswer(_) => Trouble::Unreachable,
            Self::System(_) => Trouble::Other,
        }
    }
}

impl DatabaseError {
    /// Tells whether rows contradict the schema or each other, which they will do at every try.
    pub(crate) fn is_contradiction(&self) -> bool {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation),
            Self::Postgres(error) => {
                error.code().is_some_and(|state| state.code().starts_with(CONTRADICTION))
            }
            Self::System(_) | Self::NoAnswer(_) => false,
        }
    }
}

fn sqlite(error: &rusqlite::Error) -> Trouble {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Trouble::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Trouble::Busy,
        Some(ErrorCode::ReadOnly) => Trouble::ReadOnly,
        Some(ErrorCode::SystemIoFailure) => Trouble::Disk,
        Some(ErrorCode::NotADatabase) => Trouble::NotALedger,
        Some(ErrorCode::DatabaseCorrupt) => Trouble::Damaged,
        _ => Trouble::Other,
    }
}

fn postgres(error: &tokio_postgres::Error) -> Trouble {
    let Some(state) = error.code() else {
        // Without a word of the server's: the session ended or never began, or we do not understand it.
        let is_of_the_way = error.is_closed() || caused_by_io(error);
        return if is_of_the_way { Trouble::Unreachable } else { Trouble::Other };
    };
    if state.code().starts_with(NOT_LET_IN) {
        return Trouble::Unreachable;
    }
    let troubles = [
        (SqlState::DISK_FULL, Trouble::Full),
        (SqlState::LOCK_NOT_AVAILABLE, Trouble::Busy),
        (SqlState::T_R_SERIALIZATION_FAILURE, Trouble::Busy),
        (SqlState::T_R_DEADLOCK_DETECTED, Trouble::Busy),
        (SqlState::READ_ONLY_SQL_TRANSACTION, Trouble::ReadOnly),
        (SqlState::INSUFFICIENT_PRIVILEGE, Trouble::ReadOnly),
        (SqlState::IO_ERROR, Trouble::Disk),
        (SqlState::DATA_CORRUPTED, Trouble::Damaged),
        (SqlState::INDEX_CORRUPTED, Trouble::Damaged),
        (SqlState::INVALID_CATALOG_NAME, Trouble::Unreachable),
        (SqlState::TOO_MANY_CONNECTIONS, Trouble::Unreachable),
        (SqlState::ADMIN_SHUTDOWN, Trouble::Unreachable),
        (SqlState::CRASH_SHUTDOWN, Trouble::Unreachable),
        (SqlState::CANNOT_CONNECT_NOW, Trouble::Unreachable),
    ];
    troubles.into_iter().find(|(known, _)| known == state).map_or(Trouble::Other, |(_, trouble)| trouble)
}

fn caused_by_io(error: &tokio_postgres::Error) -> bool {
    let mut cause = error.source();
    while let Some(next) = cause {
        if next.is::<std::io::Error>() {
            return true;
        }
        cause = next.source();
    }
    false
}
