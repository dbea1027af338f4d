//! What a life of a site's ledger that is over had found, and the next one has not: it stays, as it was seen last.
//!
//! A new box begins with an empty ledger, and so does one whose disk was lost. Its connections have the numbers
//! of the life before, and are others: the earlier ones are set aside beyond all numbers that a box gives. One
//! goes when the new life sees the same again. Hours are not kept of them, for their captures are gone.

use std::collections::BTreeSet;

use sekisho_api::Connection;
use sekisho_api::sync::KeyPart;

use super::table::Table;
use crate::error::Fault;
use crate::pairing;
use crate::sql::{json, unjson};
use crate::store::{Database, Value};

/// The first number of a connection that was set aside: no box finds as many.
pub(crate) const FORMER: i64 = 1_000_000_000;
/// The table of connections.
pub(super) const CONNECTIONS: &str = "connections";
/// The table of the reasons for what rows say.
const EVIDENCE: &str = "evidence";
/// The places of what is looked at in a connection's row.
const DEVICE: usize = 1;
const SERVICE: usize = 2;
const WITHDRAWN: usize = 13;
const DETAIL: usize = 15;

/// Makes room for connections that come: sets aside what has the number of one and is another, and removes what was
/// set aside, or is of the life before, and is the same.
pub(super) fn make_room(
    database: &Database,
    site: &str,
    rows: &[Vec<Value<'static>>],
    complete: bool,
) -> Result<(), Fault> {
    if complete && !has_any(database, site)? {
        return Ok(());
    }
    for row in rows {
        let (Some(Value::Integer(number)), Some(Value::Text(device)), Some(Value::Text(service))) =
            (row.first(), row.get(DEVICE), row.get(SERVICE))
        else {
            continue;
        };
        let (Some(Value::Text(detail)), Some(Value::Integer(0))) = (row.get(DETAIL), row.get(WITHDRAWN))
        else {
            continue;
        };
        let connection: Connection = unjson(detail)?;
        for (other, known) in of_before(database, site, device, service)? {
            if other != *number && pairing::is_same(&known, &connection) {
                remove(database, site, other)?;
            }
        }
        let sql = "SELECT device, service, detail FROM connections WHERE site = $1 AND number = $2";
        let known = database.query_row(sql, (site, number), |row| {
            Ok((row.get::<String>(0)?, row.get::<String>(1)?, unjson::<Connection>(&row.get::<String>(2)?)?))
        })?;
        let Some((its_device, its_service, known)) = known else { continue };
        let is_same =
            its_device == *device && its_service == *service && pairing::is_same(&known, &connection);
        if !is_same && is_stale(database, site, CONNECTIONS, &[KeyPart::Number(*number)])? {
            set_aside(database, site, *number)?;
        }
    }
    Ok(())
}

/// Keeps of the rows of the life before, none of which the new one has, what was found and not withdrawn.
pub(super) fn keep(database: &Database, site: &str) -> Result<(), Fault> {
    for key in stale(database, site, CONNECTIONS)? {
        let Some(KeyPart::Number(number)) = key.first() else { continue };
        if *number < FORMER {
            set_aside(database, site, *number)?;
        } else {
            confirm(database, site, CONNECTIONS, &key)?;
        }
    }
    let mut kept: BTreeSet<(String, String)> = BTreeSet::new();
    let sql = "SELECT number, device FROM connections WHERE site = $1 AND number >= $2";
    let connections =
        database.query(sql, (site, FORMER), |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?)))?;
    let of_connections: BTreeSet<String> = connections.iter().map(|(_, device)| device.clone()).collect();
    kept.extend(connections.into_iter().map(|(number, _)| ("connection".to_owned(), number.to_string())));
    for (kind, table, column) in [("device", "devices", "device"), ("exit", "exits", "mac")] {
        for key in stale(database, site, table)? {
            let Some(KeyPart::Text(subject)) = key.first() else { continue };
            let sql = format!("SELECT withdrawn FROM {table} WHERE site = $1 AND {column} = $2");
            let withdrawn: Option<bool> = database.query_row(&sql, (site, subject), |row| row.get(0))?;
            if withdrawn == Some(false) || (kind == "device" && of_connections.contains(subject)) {
                confirm(database, site, table, &key)?;
                kept.insert((kind.to_owned(), subject.clone()));
            }
        }
    }
    for key in stale(database, site, EVIDENCE)? {
        let [KeyPart::Text(kind), KeyPart::Text(subject), _] = key.as_slice() else { continue };
        if kept.contains(&(kind.clone(), subject.clone())) {
            confirm(database, site, EVIDENCE, &key)?;
        }
    }
    Ok(())
}

/// Tells whether anything of a site was set aside.
fn has_any(database: &Database, site: &str) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM connections WHERE site = $1 AND number >= $2 LIMIT 1";
    Ok(database.query_row(sql, (site, FORMER), |row| row.get::<i64>(0))?.is_some())
}

/// Reads the connections of a device and service that the new life has not confirmed.
fn of_before(
    database: &Database,
    site: &str,
    device: &str,
    service: &str,
) -> Result<Vec<(i64, Connection)>, Fault> {
    let sql = "SELECT number, detail FROM connections WHERE site = $1 AND device = $2 AND service = $3 \
               AND (number >= $4 OR EXISTS (SELECT 1 FROM sync_stale s WHERE s.site = $1 \
               AND s.table_name = 'connections' AND s.row_key = '[' || number || ']'))";
    database
        .query(sql, (site, device, service, FORMER), |row| Ok((row.get(0)?, unjson(&row.get::<String>(1)?)?)))
}

fn is_stale(database: &Database, site: &str, table: &str, key: &[KeyPart]) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM sync_stale WHERE site = $1 AND table_name = $2 AND row_key = $3";
    Ok(database.query_row(sql, (site, table, json(&key)?), |row| row.get::<i64>(0))?.is_some())
}

/// Gives a connection a number beyond those of boxes; one that was withdrawn goes.
fn set_aside(database: &Database, site: &str, number: i64) -> Result<(), Fault> {
    confirm(database, site, CONNECTIONS, &[KeyPart::Number(number)])?;
    let withdrawn = "SELECT withdrawn FROM connections WHERE site = $1 AND number = $2";
    let withdrawn: Option<bool> = database.query_row(withdrawn, (site, number), |row| row.get(0))?;
    if withdrawn != Some(false) {
        return database.execute("DELETE FROM connections WHERE site = $1 AND number = $2", (site, number));
    }
    let next = "SELECT COALESCE(MAX(number), $2) + 1 FROM connections WHERE site = $1 AND number > $2";
    let next: i64 = database.query_row(next, (site, FORMER), |row| row.get(0))?.unwrap_or(FORMER);
    // It is not seen any more, from when it was seen last.
    let moved = "UPDATE connections SET number = $3, silent_from = COALESCE(silent_from, last_seen) \
                 WHERE site = $1 AND number = $2";
    database.execute(moved, (site, number, next))?;
    let (before, next) = (number.to_string(), next.to_string());
    for (place, key) in reasons(database, site, &before)? {
        let moved = "UPDATE evidence SET subject = $4 WHERE site = $1 AND kind = 'connection' AND subject = $2 \
                     AND place = $3";
        database.execute(moved, (site, &before, place, &next))?;
        confirm(database, site, EVIDENCE, &key)?;
    }
    Ok(())
}

/// Reads the reasons of a connection that the new life has not confirmed: it may have said its own already of
/// another with that number.
fn reasons(database: &Database, site: &str, number: &str) -> Result<Vec<(i64, [KeyPart; 3])>, Fault> {
    let sql = "SELECT place FROM evidence WHERE site = $1 AND kind = 'connection' AND subject = $2";
    let places = database.query(sql, (site, number), |row| row.get::<i64>(0))?;
    let mut found = Vec::new();
    for place in places {
        let text = |text: &str| KeyPart::Text(text.to_owned());
        let key = [text("connection"), text(number), KeyPart::Number(place)];
        if is_stale(database, site, EVIDENCE, &key)? {
            found.push((place, key));
        }
    }
    Ok(found)
}

fn remove(database: &Database, site: &str, number: i64) -> Result<(), Fault> {
    confirm(database, site, CONNECTIONS, &[KeyPart::Number(number)])?;
    database.execute("DELETE FROM connections WHERE site = $1 AND number = $2", (site, number))?;
    // Of a number that boxes give the sweep takes them.
    if number < FORMER {
        return Ok(());
    }
    let evidence = "DELETE FROM evidence WHERE site = $1 AND kind = 'connection' AND subject = $2";
    database.execute(evidence, (site, number.to_string()))
}

/// Reads the keys of a table's rows that the new life has not confirmed.
pub(super) fn stale(database: &Database, site: &str, table: &str) -> Result<Vec<Vec<KeyPart>>, Fault> {
    let sql = "SELECT row_key FROM sync_stale WHERE site = $1 AND table_name = $2";
    database.query(sql, (site, table), |row| unjson(&row.get::<String>(0)?))
}

fn confirm(database: &Database, site: &str, table: &str, key: &[KeyPart]) -> Result<(), Fault> {
    let sql = "DELETE FROM sync_stale WHERE site = $1 AND table_name = $2 AND row_key = $3";
    database.execute(sql, (site, table, json(&key)?))
}

/// Tells whether a table is that of connections.
pub(super) fn is_of(table: &Table) -> bool {
    table.name == CONNECTIONS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::table;

    #[test]
    fn a_connection_s_values_are_where_they_are_looked_for() {
        let connections = table::find(CONNECTIONS).unwrap();
        let columns: Vec<_> = connections.key.iter().chain(connections.rest).copied().collect();
        let looked_for = [0, DEVICE, SERVICE, WITHDRAWN, DETAIL].map(|place| columns[place]);
        assert_eq!(looked_for, ["number", "device", "service", "withdrawn", "detail"]);
    }
}
