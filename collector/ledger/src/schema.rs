//! The numbered migrations and the runner that brings a ledger up to date, all in one transaction.
//!
//! One text for both databases, but for a few words ([`words`]); where there is more to it, a migration
//! has a text of PostgreSQL's own.
//!
//! Invariant: a migration that was released is never edited; a change is a new file.

use crate::error::Fault;
use crate::older;
use crate::store::{Database, DatabaseError, Dialect, Trouble};

/// One step of the schema.
struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
    /// PostgreSQL's text, where it is not the same.
    postgres: Option<&'static str>,
}

/// A migration of one text.
const fn same(version: i64, name: &'static str, sql: &'static str) -> Migration {
    Migration { version, name, sql, postgres: None }
}

/// The migrations in order.
const MIGRATIONS: [Migration; 11] = [
    same(1, "ledger", include_str!("../migrations/0001_ledger.sql")),
    Migration {
        version: 2,
        name: "append-only history",
        sql: include_str!("../migrations/0002_append_only_history.sql"),
        postgres: Some(include_str!("../migrations/0002_append_only_history.postgres.sql")),
    },
    same(3, "roll-ups", include_str!("../migrations/0003_roll_ups.sql")),
    same(4, "list order", include_str!("../migrations/0004_list_order.sql")),
    same(5, "map", include_str!("../migrations/0005_map.sql")),
    Migration {
        version: 6,
        name: "sync",
        sql: concat!(
            include_str!("../migrations/0006_sync.sql"),
            include_str!("../migrations/0006_sync.sqlite.sql")
        ),
        postgres: Some(concat!(
            include_str!("../migrations/0006_sync.sql"),
            include_str!("../migrations/0006_sync.postgres.sql")
        )),
    },
    same(7, "registrations", include_str!("../migrations/0007_registrations.sql")),
    Migration {
        version: 8,
        name: "append-only acts",
        sql: include_str!("../migrations/0008_append_only_acts.sql"),
        postgres: Some(include_str!("../migrations/0008_append_only_acts.postgres.sql")),
    },
    Migration {
        version: 9,
        name: "acts",
        sql: concat!(
            include_str!("../migrations/0009_acts.sql"),
            include_str!("../migrations/0009_acts.sqlite.sql")
        ),
        postgres: Some(concat!(
            include_str!("../migrations/0009_acts.sql"),
            include_str!("../migrations/0009_acts.postgres.sql")
        )),
    },
    same(10, "lives", include_str!("../migrations/0010_lives.sql")),
    Migration {
        version: 11,
        name: "search, and acts of before",
        sql: include_str!("../migrations/0011_search.sql"),
        postgres: Some(include_str!("../migrations/0011_search.postgres.sql")),
    },
];

/// The schema from which on all that people did is kept as decisions.
const ALL_DECIDED: i64 = 11;

/// The latest schema that this version knows.
pub(crate) const KNOWN: i64 = 11;

/// Creates the schema, or brings an older one up to date.
pub(crate) fn migrate(database: &Database) -> Result<(), Fault> {
    // Before anything is written: another program's database stays as it is.
    admit(database)?;
    database.prepare_to_write()?;
    let transaction = database.begin()?;
    let found = admit(&transaction)?;
    if found == 0 {
        let sql = "CREATE TABLE schema_version (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)";
        transaction.batch(sql)?;
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > found) {
        match database.dialect() {
            Dialect::Sqlite => transaction.batch(migration.sql)?,
            Dialect::Postgres => match migration.postgres {
                Some(own) => transaction.batch(&words(own))?,
                None => transaction.batch(&words(migration.sql))?,
            },
        }
        if migration.version == ALL_DECIDED {
            older::enter(&transaction)?;
        }
        let sql = "INSERT INTO schema_version (version, name) VALUES ($1, $2)";
        transaction.execute(sql, (migration.version, migration.name))?;
    }
    transaction.commit()
}

/// Puts a migration in PostgreSQL's words.
///
/// Texts are compared by their octets, as SQLite does: the order of the list, its pages and its keys
/// shall not depend on the server's language. `WITHOUT ROWID` says how SQLite lays a table.
fn words(sql: &str) -> String {
    sql.replace(" TEXT", " TEXT COLLATE \"C\"").replace(" WITHOUT ROWID", "")
}

/// Refuses what this version cannot write, and gives the schema found: 0 for an empty database.
fn admit(database: &Database) -> Result<i64, Fault> {
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

/// Gives the ledger's schema where it is one that [`migrate`] would bring up to date.
pub(crate) fn older(database: &Database) -> Result<Option<i64>, Fault> {
    Ok(Some(version(database)?).filter(|found| (1..KNOWN).contains(found)))
}

/// Gives the ledger's schema, 0 where it has none.
fn version(database: &Database) -> Result<i64, Fault> {
    let named = match database.dialect() {
        Dialect::Sqlite => "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'",
        Dialect::Postgres => {
            "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_version'"
        }
    };
    if database.query_row(named, (), |_| Ok(()))?.is_none() {
        return Ok(0);
    }
    let newest = "SELECT COALESCE(MAX(version), 0) FROM schema_version";
    match database.query_row(newest, (), |row| row.get(0)) {
        Ok(found) => Ok(found.unwrap_or(0)),
        // Another program's table of that name, with other columns or values.
        Err(Fault::Database(error)) if is_another_table(&error) => Err(Fault::NotALedger),
        Err(fault) => Err(fault),
    }
}

fn is_another_table(error: &DatabaseError) -> bool {
    let is_unknown = match error {
        DatabaseError::Sqlite(error) => {
            matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::Unknown) | None)
        }
        DatabaseError::Postgres(_) => true,
        DatabaseError::System(_) | DatabaseError::NoAnswer(_) => false,
    };
    is_unknown && matches!(error.trouble(), Trouble::Other)
}

fn has_tables(database: &Database) -> Result<bool, Fault> {
    let sql = match database.dialect() {
        Dialect::Sqlite => "SELECT COUNT(*) FROM sqlite_schema",
        Dialect::Postgres => "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema()",
    };
    let tables: Option<i64> = database.query_row(sql, (), |row| row.get(0))?;
    Ok(tables.is_some_and(|tables| tables > 0))
}

#[cfg(test)]
mod tests {
    use sekisho_api::Inquiry;

    use super::*;

    #[test]
    fn the_migrations_are_numbered_upwards_to_the_known_version() {
        let versions: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, (1..=KNOWN).collect::<Vec<_>>());
    }

    #[test]
    fn an_inquiry_from_before_ids_keeps_its_number_and_its_proofs() {
        let database = Database::in_memory().unwrap();
        let versions =
            "CREATE TABLE schema_version (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)";
        database.batch(versions).unwrap();
        for before in MIGRATIONS.iter().filter(|migration| migration.version < 10) {
            database.batch(before.sql).unwrap();
            let sql = "INSERT INTO schema_version (version, name) VALUES ($1, $2)";
            database.execute(sql, (before.version, before.name)).unwrap();
        }
        let detail = serde_json::to_string(&Inquiry { number: 7, ..Inquiry::default() }).unwrap();
        let rows = format!(
            "INSERT INTO sites VALUES ('kita', 1, 1, 1, 0);
             INSERT INTO inquiries VALUES ('kita', 7, 3, 0, 0, NULL, '{detail}');
             INSERT INTO inquiry_evidence VALUES ('kita', 7, 'ab', 'answer.pdf', 12, 0);"
        );
        database.batch(&rows).unwrap();
        migrate(&database).unwrap();
        let sql = "SELECT i.id, i.label, i.inquiry, i.connection, e.name FROM inquiries i \
                   JOIN inquiry_evidence e ON e.site = i.site AND e.id = i.id";
        let found: Option<(String, i64, i64, i64, String)> = database
            .query_row(sql, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
            .unwrap();
        assert_eq!(found, Some(("7".to_owned(), 7, 7, 3, "answer.pdf".to_owned())));
        let broken = "SELECT COUNT(*) FROM pragma_foreign_key_check";
        assert_eq!(database.query_row(broken, (), |row| row.get::<i64>(0)).unwrap(), Some(0));
    }

    #[test]
    fn a_failing_migration_leaves_nothing_behind() {
        let database = Database::in_memory().unwrap();
        database.batch("PRAGMA max_page_count = 4").unwrap();
        assert!(migrate(&database).is_err());
        assert!(!has_tables(&database).unwrap());
    }
}
