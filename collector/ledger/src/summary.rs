//! A site's ledger as one analysis, so that what shows an analysis shows a ledger too.

use std::collections::BTreeMap;

use sekisho_api::{Analysis, Capture};

use crate::capture;
use crate::clean::MAX_LIST;
use crate::error::Fault;
use crate::fold::{earlier, later_first};
use crate::page::connections;
use crate::query::{Query, devices, exits};
use crate::rollup::{Sight, counting};
use crate::sql::unjson;
use crate::store::Database;

/// Gives what the ledger holds of a site, or of all sites where the query names none.
pub(crate) fn analysis(database: &Database, query: &Query) -> Result<Analysis, Fault> {
    let mut sum = Capture::default();
    let sites = crate::query::sites(database)?;
    for site in sites.into_iter().filter(|site| query.site.as_ref().is_none_or(|named| *named == site.site)) {
        sum = captures(database, &site.site, sum)?;
    }
    Ok(Analysis {
        capture: sum,
        connections: connections(database, query)?.into_iter().map(|row| row.row).collect(),
        devices: devices(database, query)?.into_iter().map(|row| row.row).collect(),
        exits: exits(database, query)?.into_iter().map(|row| row.row).collect(),
    })
}

/// Adds a site's captures; of those of the same time only the one with the most packets counts.
fn captures(database: &Database, site: &str, sum: Capture) -> Result<Capture, Fault> {
    let known = capture::all(database, site)?;
    let sql = "SELECT capture, detail FROM captures WHERE site = $1 ORDER BY capture";
    let details = database.query(sql, (site,), |row| Ok((row.get(0)?, unjson(&row.get::<String>(1)?)?)))?;
    let details: BTreeMap<i64, Capture> = details.into_iter().collect();
    let packets = |number| details.get(number).map_or(0, |capture| capture.packets);
    let sights = known.values().map(|known| Sight { known, octets: packets(&known.number) }).collect();
    let counting: Vec<i64> = counting(sights).into_iter().map(|sight| sight.known.number).collect();
    let counting = counting.iter().filter_map(|number| details.get(number)).cloned();
    Ok(counting.fold(sum, add))
}

/// Adds what one capture counted to a sum.
pub(crate) fn add(sum: Capture, capture: Capture) -> Capture {
    let mut weird = sum.weird;
    for (name, count) in capture.weird {
        let total: &mut u64 = weird.entry(name).or_default();
        *total = total.saturating_add(count);
    }
    let mut assumed = sum.assumed;
    for one in capture.assumed {
        assumed.retain(|known| known.prefix != one.prefix);
        assumed.push(one);
    }
    assumed.truncate(MAX_LIST);
    Capture {
        packets: sum.packets.saturating_add(capture.packets),
        bytes: sum.bytes.saturating_add(capture.bytes),
        first_seen: earlier(sum.first_seen, capture.first_seen),
        last_seen: sum.last_seen.max(capture.last_seen),
        duplicates: sum.duplicates.saturating_add(capture.duplicates),
        drops: sum.drops.saturating_add(capture.drops),
        weird,
        assumed,
        warnings: later_first(sum.warnings, capture.warnings),
    }
}
