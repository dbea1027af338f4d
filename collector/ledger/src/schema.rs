//! The numbered migrations and the runner that brings a ledger up to date, all in one transaction.
//!
//! Invariant: a migration that was released is never edited; a change is a new file.

use rusqlite::{Connection as Database, ErrorCode, OptionalExtension, Transaction, TransactionBehavior};

use crate::error::Fault;
use crate::sql::execute;

/// The migrations in order: version, name, text.
const MIGRATIONS: [(i64, &str, &str); 5] = [
    (1, "ledger", include_str!("../migrations/0001_ledger.sql")),
    (2, "append-only history", include_str!("../migrations/0002_append_only_history.sql")),
    (3, "roll-ups", include_str!("../migrations/0003_roll_ups.sql")),
    (4, "list order", include_str!("../migrations/0004_list_order.sql")),
    (5, "sync", include_str!("../migrations/0005_sync.sql")),
];

/// The latest schema that this version knows.
pub(crate) const KNOWN: i64 = 5;

/// Creates the schema, or brings an older one up to date.
pub(crate) fn migrate(database: &mut Database) -> Result<(), Fault> {
    let transaction = Transaction::new(database, TransactionBehavior::Immediate)?;
    let found = admit(&transaction)?;
    if found == 0 {
        transaction.execute_batch(
            "CREATE TABLE schema_version (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)",
        )?;
    }
    for (version, name, sql) in MIGRATIONS {
        if version <= found {
            continue;
        }
        transaction.execute_batch(sql)?;
        execute(&transaction, "INSERT INTO schema_version (version, name) VALUES ($1, $2)", (version, name))?;
    }
    Ok(transaction.commit()?)
}

/// Refuses what this version cannot write, and gives the schema found: 0 for an empty database.
pub(crate) fn admit(database: &Database) -> Result<i64, Fault> {
    let found = version(database)?;
    if found > KNOWN {
        return Err(Fault::Newer(found));
    }
    if found == 0 && has_tables(database)? {
        return Err(Fault::NotALedger);
    }
    Ok(found)
}

/// Refuses any schema but the one this version knows.
pub(crate) fn check(database: &Database) -> Result<(), Fault> {
    let found = version(database)?;
    if found == 0 {
        return Err(Fault::NotALedger);
    }
    if found > KNOWN {
        return Err(Fault::Newer(found));
    }
    if found < KNOWN {
        return Err(Fault::Older(found));
    }
    Ok(())
}

/// Gives the ledger's schema, 0 where it has none.
fn version(database: &Database) -> Result<i64, Fault> {
    let named = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'";
    let table: Option<i64> = database.query_row(named, [], |row| row.get(0)).optional()?;
    if table.is_none() {
        return Ok(0);
    }
    let newest =
        database.query_row("SELECT COALESCE(MAX(version), 0) FROM schema_version", [], |row| row.get(0));
    newest.map_err(|error| match error.sqlite_error_code() {
        // Another program's table of that name, with other columns or values.
        Some(ErrorCode::Unknown) | None => Fault::NotALedger,
        Some(_) => Fault::Sql(error),
    })
}

fn has_tables(database: &Database) -> Result<bool, Fault> {
    let tables: i64 = database.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_migrations_are_numbered_from_one_to_the_known_version() {
        let versions: Vec<i64> = MIGRATIONS.iter().map(|(version, _, _)| *version).collect();
        assert_eq!(versions, (1..=KNOWN).collect::<Vec<_>>());
    }

    #[test]
    fn a_failing_migration_leaves_nothing_behind() {
        let mut database = Database::open_in_memory().unwrap();
        database.execute_batch("PRAGMA max_page_count = 4").unwrap();
        assert!(migrate(&mut database).is_err());
        assert!(!has_tables(&database).unwrap());
    }
}
