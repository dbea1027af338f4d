//! Where a test's ledger is: a file or memory, and in a run on PostgreSQL a schema of its own.
//!
//! `tests/with-postgres cargo test -p sekisho-ledger` is the run on PostgreSQL. What only SQLite has (files,
//! their rights, their damage) is tested on SQLite in either run.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use sekisho_ledger::Ledger;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// Names the server of a run on PostgreSQL.
const SERVER: &str = "SEKISHO_TEST_POSTGRES";

/// A place for one test's ledgers, gone when the test ends.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// The place of a new ledger: a path, or an address.
    pub(crate) fn ledger(&self, name: &str) -> PathBuf {
        match std::env::var(SERVER) {
            Ok(server) => new_schema(&server).into(),
            Err(_) => self.file(name),
        }
    }

    /// The path of a new ledger that is a file in either run, as that of a box.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.db"))
    }
}

/// A new ledger that lasts as long as the test.
pub(crate) fn fresh() -> Ledger {
    match std::env::var(SERVER) {
        Ok(server) => Ledger::open(new_schema(&server)).unwrap(),
        Err(_) => Ledger::in_memory().unwrap(),
    }
}

pub(crate) fn is_postgres(place: &Path) -> bool {
    place.to_str().unwrap().starts_with("postgres")
}

/// Makes a schema, and gives its address: what `current_schema()` is for who opens it.
fn new_schema(server: &str) -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let name = format!("t{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
    asked(server, &format!("CREATE SCHEMA {name}")).unwrap();
    format!("{server}&options=-csearch_path%3D{name}")
}

/// Runs SQL beside the ledger, as another program would, and gives the rows it has.
pub(crate) fn raw(place: &Path, sql: &str) -> Result<Vec<Vec<String>>, String> {
    if is_postgres(place) {
        return asked(place.to_str().unwrap(), sql);
    }
    let database = rusqlite::Connection::open(place).unwrap();
    if !sql.starts_with("SELECT") {
        return database.execute_batch(sql).map(|()| Vec::new()).map_err(|error| error.to_string());
    }
    let mut statement = database.prepare(sql).map_err(|error| error.to_string())?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells = (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column));
        cells.map(|cell| cell.map(|cell| format!("{cell:?}"))).collect::<Result<Vec<_>, _>>()
    });
    Ok(rows.unwrap().map(Result::unwrap).collect())
}

fn asked(address: &str, sql: &str) -> Result<Vec<Vec<String>>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection): (Client, _) = tokio_postgres::connect(address, NoTls).await.unwrap();
        tokio::spawn(connection);
        let answer = client.simple_query(sql).await;
        let answer = answer.map_err(|error| error.as_db_error().unwrap().message().to_owned())?;
        let rows = answer.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|at| row.get(at).unwrap_or("NULL").to_owned()).collect())
            }
            _ => None,
        });
        Ok(rows.collect())
    })
}

/// Every table's rows as text, in order.
pub(crate) fn dump(place: &Path) -> String {
    let names = if is_postgres(place) {
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
    } else {
        "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
    };
    let mut out = String::new();
    for name in raw(place, names).unwrap() {
        let name = name[0].trim_start_matches("Text(\"").trim_end_matches("\")");
        let mut rows: Vec<_> = raw(place, &format!("SELECT * FROM {name}")).unwrap();
        rows.sort();
        writeln!(out, "{name} {rows:?}").unwrap();
    }
    assert!(out.contains("changes [["), "{out}");
    out
}
