//! One machine sends as a site. A second one with the same key, such as a memory card that was copied, would have
//! each begin a new life in turn, and nothing would ever be whole: it is refused, and told of.

use jiff::Timestamp;

use crate::error::Fault;
use crate::sql::micros;
use crate::store::Database;

/// Tells whether a machine may send as a site, and keeps what it is known by. One of its marks that is known is
/// enough: an interface is replaced, and the machine is the same. Who says nothing of itself may send.
pub(super) fn admit(
    database: &Database,
    site: &str,
    marks: &[String],
    now: Timestamp,
) -> Result<bool, Fault> {
    if marks.is_empty() {
        return Ok(true);
    }
    let sql = "SELECT source FROM sync_in WHERE site = $1";
    let known: Option<String> = database.query_row(sql, (site,), |row| row.get(0))?;
    let Some(known) = known else { return Ok(true) };
    let is_known = |mark: &String| known.split(' ').any(|known| known == mark);
    if !known.is_empty() && !marks.iter().any(is_known) {
        let sql = "UPDATE sync_in SET other_at = $2 WHERE site = $1";
        database.execute(sql, (site, micros(now)))?;
        return Ok(false);
    }
    let said = marks.join(" ");
    if said != known {
        database.execute("UPDATE sync_in SET source = $2 WHERE site = $1", (site, said))?;
    }
    Ok(true)
}

/// Keeps what the machine is known by whose first batch was taken.
pub(super) fn met(database: &Database, site: &str, marks: &[String]) -> Result<(), Fault> {
    let sql = "UPDATE sync_in SET source = $2 WHERE site = $1 AND source = ''";
    database.execute(sql, (site, marks.join(" ")))
}
