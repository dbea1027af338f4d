//! Which rows changed: one line a row, at the place of its last change. Kept by triggers of SQLite, in the
//! transaction of the change itself, so that no way of writing the ledger can forget it.
//!
//! It is made when a ledger first sends: one that never does pays nothing for it. PostgreSQL has no such
//! log, for nothing is sent on from a collector.

use std::fmt::Write as _;

use super::table::{self, DECISIONS, TABLES, Table};
use crate::capture;
use crate::error::Fault;
use crate::store::{Database, Dialect};

/// `seq` is never given twice in a ledger, whatever is deleted: that is what AUTOINCREMENT is for.
const LOG: &str = "
CREATE TABLE IF NOT EXISTS sync_log (
  seq        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  site       TEXT    NOT NULL,
  table_name TEXT    NOT NULL,
  row_key    TEXT    NOT NULL,
  gone       INTEGER NOT NULL,
  UNIQUE (site, table_name, row_key)
);
CREATE TABLE IF NOT EXISTS sync_log_made (triggers TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sync_out (
  site         TEXT    NOT NULL PRIMARY KEY,
  epoch        TEXT    NOT NULL,
  acknowledged INTEGER NOT NULL,
  sent         TEXT    NOT NULL,
  known_place  INTEGER NOT NULL,
  known_mark   TEXT    NOT NULL
);
CREATE TABLE IF NOT EXISTS sync_out_over (
  site  TEXT NOT NULL,
  epoch TEXT NOT NULL,
  PRIMARY KEY (site, epoch)
);";

/// Keeps the log from here on, and enters every row that is there already.
///
/// After an upgrade that sends more, everything is entered anew, for what is new in a row was not sent.
pub(crate) fn keep(database: &Database) -> Result<(), Fault> {
    if database.dialect() == Dialect::Postgres {
        return Err(Fault::Refused("a ledger on PostgreSQL is not sent on: it is a collector's".to_owned()));
    }
    database.batch(LOG)?;
    let triggers: String = TABLES.iter().map(triggers).collect();
    let version = capture::digest([triggers.as_str()]);
    let made: Option<String> =
        database.query_row("SELECT triggers FROM sync_log_made", (), |row| row.get(0))?;
    if made.as_ref() == Some(&version) {
        return Ok(());
    }
    database.batch(&triggers)?;
    database.execute("DELETE FROM sync_log WHERE gone = 0", ())?;
    for table in TABLES {
        let sql = format!(
            "INSERT INTO sync_log (site, table_name, row_key, gone) \
             SELECT site, '{}', {}, 0 FROM {} WHERE {} \
             ON CONFLICT (site, table_name, row_key) DO NOTHING",
            table.name,
            key(table, ""),
            table.name,
            if table.name == DECISIONS { "origin = 0" } else { "1" }
        );
        database.execute(&sql, ())?;
    }
    database.execute("DELETE FROM sync_log_made", ())?;
    database.execute("INSERT INTO sync_log_made (triggers) VALUES ($1)", (version,))
}

/// Enters what people decided on either side, and the collector told: it may have lost it.
pub(super) fn enter_theirs(database: &Database, site: &str) -> Result<(), Fault> {
    let Some(table) = table::find(DECISIONS) else { return Ok(()) };
    let (name, key) = (table.name, key(table, ""));
    let theirs = format!("SELECT {key} FROM decisions WHERE site = $1 AND origin = 1");
    let sql =
        format!("DELETE FROM sync_log WHERE site = $1 AND table_name = '{name}' AND row_key IN ({theirs})");
    database.execute(&sql, (site,))?;
    let sql = format!(
        "INSERT INTO sync_log (site, table_name, row_key, gone) SELECT site, '{name}', {key}, 0 FROM decisions \
         WHERE site = $1 AND origin = 1 ORDER BY arrived"
    );
    database.execute(&sql, (site,))
}

fn triggers(table: &Table) -> String {
    let name = table.name;
    let differs: Vec<String> =
        table.rest.iter().map(|column| format!("OLD.{column} IS NOT NEW.{column}")).collect();
    // What the collector decided goes back there only where it may have lost it (`enter_theirs`).
    let own = if name == DECISIONS { "WHEN NEW.origin = 0" } else { "" };
    let mut sql = String::new();
    for (event, when, row, gone) in [
        ("INSERT", own.to_owned(), "NEW.", 0),
        ("UPDATE", format!("WHEN {}", differs.join(" OR ")), "NEW.", 0),
        ("DELETE", String::new(), "OLD.", 1),
    ] {
        let key = key(table, row);
        // Two statements, because the conflict clause of whoever fires a trigger overrides its own.
        // Writing to a `String` cannot fail.
        let _ = write!(
            sql,
            "DROP TRIGGER IF EXISTS sync_{name}_{event};\n\
             CREATE TRIGGER sync_{name}_{event} AFTER {event} ON {name} {when} BEGIN\n\
             DELETE FROM sync_log WHERE site = {row}site AND table_name = '{name}' AND row_key = {key};\n\
             INSERT INTO sync_log (site, table_name, row_key, gone) VALUES ({row}site, '{name}', {key}, {gone});\n\
             END;\n"
        );
    }
    sql
}

/// The expression for a row's key: a JSON list of its parts.
fn key(table: &Table, row: &str) -> String {
    let parts: Vec<String> = table.key.iter().map(|column| format!("{row}{column}")).collect();
    format!("json_array({})", parts.join(", "))
}
