//! A site's numbers for captures, connections and changes, given by the program and not by the database.

use crate::error::Fault;
use crate::store::Database;

/// A site's next numbers; none is given twice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counters {
    capture: i64,
    connection: i64,
    change: i64,
}

impl Counters {
    /// Reads them, and enters a new site.
    pub(crate) fn load(database: &Database, site: &str, now: i64) -> Result<Self, Fault> {
        let sql = "INSERT INTO sites (site, next_capture, next_connection, next_change, recorded_at) \
                   VALUES ($1, 1, 1, 1, $2) ON CONFLICT (site) DO NOTHING";
        database.execute(sql, (site, now))?;
        let sql = "SELECT next_capture, next_connection, next_change FROM sites WHERE site = $1";
        let counters = database.query_row(sql, (site,), |row| {
            Ok(Self { capture: row.get(0)?, connection: row.get(1)?, change: row.get(2)? })
        })?;
        counters.ok_or_else(|| Fault::Damaged(format!("site `{site}` is not there")))
    }

    /// Writes them.
    pub(crate) fn save(self, database: &Database, site: &str) -> Result<(), Fault> {
        let sql =
            "UPDATE sites SET next_capture = $2, next_connection = $3, next_change = $4 WHERE site = $1";
        database.execute(sql, (site, self.capture, self.connection, self.change))
    }

    pub(crate) fn capture(&mut self) -> i64 {
        next(&mut self.capture)
    }

    pub(crate) fn connection(&mut self) -> i64 {
        next(&mut self.connection)
    }

    pub(crate) fn change(&mut self) -> i64 {
        next(&mut self.change)
    }
}

fn next(counter: &mut i64) -> i64 {
    let number = *counter;
    *counter = counter.saturating_add(1);
    number
}
