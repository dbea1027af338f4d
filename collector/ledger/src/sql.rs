//! Between the program's values and the database's: numbered parameters, times, counters, lists.
//!
//! Statements are written with `$1`, `$2` … as PostgreSQL has them. SQLite takes `$2` for a *named*
//! parameter and numbers it by first appearance, so that values would silently change places;
//! [`numbered`] turns `$n` into SQLite's `?n` outside quotes.

use jiff::Timestamp;
use rusqlite::{CachedStatement, Connection as Database, Params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Fault;

#[cfg(test)]
thread_local! {
    /// The statements that this thread has prepared, for the tests of how they are run.
    pub(crate) static SEEN: std::cell::RefCell<std::collections::BTreeSet<String>> =
        std::cell::RefCell::default();
}

/// Rewrites `$n` to `?n` outside quoted text and names.
pub(crate) fn numbered(sql: &str) -> String {
    let mut quote = None;
    let mut out = String::with_capacity(sql.len());
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        match quote {
            Some(open) if open == c => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            _ => {}
        }
        let parameter = quote.is_none() && c == '$' && chars.peek().is_some_and(char::is_ascii_digit);
        out.push(if parameter { '?' } else { c });
    }
    out
}

/// Prepares a statement once per connection.
pub(crate) fn prepare<'d>(database: &'d Database, sql: &str) -> Result<CachedStatement<'d>, Fault> {
    let sql = numbered(sql);
    #[cfg(test)]
    SEEN.with_borrow_mut(|seen| seen.insert(sql.clone()));
    Ok(database.prepare_cached(&sql)?)
}

/// Runs a statement that gives no rows.
pub(crate) fn execute(database: &Database, sql: &str, values: impl Params) -> Result<usize, Fault> {
    Ok(prepare(database, sql)?.execute(values)?)
}

/// Gives a time in microseconds since the Unix epoch; what is finer is dropped.
pub(crate) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// Gives back a stored time.
pub(crate) fn time(micros: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_microsecond(micros).map_err(|_| Fault::Damaged(format!("time {micros}")))
}

/// Gives a counter as the database holds it, at most its largest number.
pub(crate) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Gives back a stored counter.
pub(crate) fn uncount(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// Gives a value as JSON text.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, Fault> {
    Ok(serde_json::to_string(value)?)
}

/// Gives back a value stored as JSON text.
pub(crate) fn unjson<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    Ok(serde_json::from_str(text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_outside_quotes_only() {
        // (written, sent, why)
        let cases = [
            ("a = $2 AND b = $1", "a = ?2 AND b = ?1", "positions stay"),
            ("a = '$1' AND b = $1", "a = '$1' AND b = ?1", "text is text"),
            ("\"$1\" = $12", "\"$1\" = ?12", "a quoted name, two digits"),
            ("'it''s $1' || $3", "'it''s $1' || ?3", "a doubled quote"),
            ("a LIKE '%$'", "a LIKE '%$'", "a bare dollar"),
        ];
        for (written, sent, why) in cases {
            assert_eq!(numbered(written), sent, "{why}");
        }
    }

    #[test]
    fn values_keep_their_places() {
        let database = Database::open_in_memory().unwrap();
        let swapped: String = prepare(&database, "SELECT $2 || '-' || $1")
            .unwrap()
            .query_row(("one", "two"), |row| row.get(0))
            .unwrap();
        assert_eq!(swapped, "two-one");
    }

    #[test]
    fn counters_beyond_the_database_saturate() {
        assert_eq!(count(u64::MAX), i64::MAX);
        assert_eq!(uncount(count(7)), 7);
    }
}
