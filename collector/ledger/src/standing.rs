//! What a sensor says of each device, exit and connection: its roll-ups merged, one row a subject.
//!
//! A roll-up comes after all that the sensor said before, whatever the clock says. So a first sight
//! that would lie before the sensor's own is a clock set back, and moves nothing.

use crate::error::Fault;
use crate::fold::Kind;
use crate::sql::{json, unjson};
use crate::store::Database;

/// Merges what a sensor says now onto what it said; `seen` comes back with times that make sense.
pub(crate) fn extend<K: Kind>(
    database: &Database,
    (site, sensor): (&str, &str),
    key: &str,
    seen: &mut K,
) -> Result<(), Fault> {
    let sql = "SELECT detail FROM standing WHERE site = $1 AND kind = $2 AND subject = $3 AND sensor = $4";
    let detail: Option<String> = database.query_row(sql, (site, K::WORD, key, sensor), |row| row.get(0))?;
    let known: Option<K> = detail.as_deref().map(unjson).transpose()?;
    let merged = match known {
        Some(known) => {
            seen.not_before(known.first_seen());
            known.merge(seen.clone())
        }
        None => seen.clone(),
    };
    let merged = json(&merged.without_sums())?;
    if detail.is_some_and(|detail| detail == merged) {
        return Ok(());
    }
    let sql = "INSERT INTO standing (site, kind, subject, sensor, detail) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (site, kind, subject, sensor) DO UPDATE SET detail = excluded.detail";
    database.execute(sql, (site, K::WORD, key, sensor, merged))
}
