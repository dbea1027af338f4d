//! Which connection an inquiry is about: known by its device, its service, its other end and its exit, as
//! registrations know theirs, and not by its number, which another life of the ledger gives to another.

use sekisho_api::{About, Connection, Exit};

use crate::error::Fault;
use crate::pairing::pair;
use crate::sql::unjson;
use crate::store::Database;

/// Tells what a connection is known by; nothing where there is none of that number.
pub(super) fn known_by(database: &Database, site: &str, number: i64) -> Result<Option<About>, Fault> {
    let sql = "SELECT device, service, detail FROM connections WHERE site = $1 AND number = $2";
    database.query_row(sql, (site, number), |row| {
        let connection: Connection = unjson(&row.get::<String>(2)?)?;
        let outside = connection.outside;
        let ips = if outside.ips.is_empty() { vec![outside.ip] } else { outside.ips };
        let exit = connection.exit.map(|exit| exit.take().mac);
        Ok(About { device: row.get(0)?, service: row.get(1)?, name: outside.name, ips, exit })
    })
}

/// Gives the number that the connection has now; nothing where the ledger has none that fits.
pub(super) fn number(database: &Database, site: &str, about: &About) -> Result<Option<i64>, Fault> {
    let sql = "SELECT number, detail FROM connections WHERE site = $1 AND device = $2 AND service = $3 \
               AND withdrawn = 0 ORDER BY last_seen DESC, number";
    let of_device = database.query(sql, (site, &about.device, &about.service), |row| {
        Ok((row.get::<i64>(0)?, unjson::<Connection>(&row.get::<String>(1)?)?))
    })?;
    let Some((_, first)) = of_device.first() else { return Ok(None) };
    // As one of the next capture: the row that it would continue is the one that it is.
    let mut wanted = first.clone();
    wanted.outside.name.clone_from(&about.name);
    wanted.outside.ip = about.ips.first().cloned().unwrap_or_default();
    wanted.outside.ips.clone_from(&about.ips);
    wanted.exit = about.exit.as_ref().map(|mac| Exit { mac: mac.clone(), ..Exit::default() }.into());
    let known: Vec<&Connection> = of_device.iter().map(|(_, connection)| connection).collect();
    let place = pair(&known, &[&wanted]).first().copied().flatten();
    Ok(place.and_then(|place| of_device.get(place)).map(|(number, _)| *number))
}
