//! What a life of a site's ledger that is over had found, and the next one has not: it stays, as it was seen last.
//!
//! A new box begins with an empty ledger, and so does one whose disk was lost. Its connections have the numbers
//! of the life before, and are others: the earlier ones are set aside beyond all numbers that a box gives. One
//! goes when the new life sees the same again. Hours are not kept of them, for their captures are gone.
//!
//! Rows come in the order of their last change, a connection's reasons mostly before it. So what has a number of
//! which anything comes is set aside first, unless the connection comes with it and is the same.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sekisho_api::Connection;
use sekisho_api::sync::KeyPart;

use super::table::Table;
use crate::error::Fault;
use crate::pairing::succession::{self, Sought};
use crate::sql::{json, unjson};
use crate::store::{Database, Value};

/// The first number of a connection that was set aside: no box finds as many.
pub(crate) const FORMER: i64 = 1_000_000_000;
/// The table of connections.
pub(super) const CONNECTIONS: &str = "connections";
/// The table of the reasons for what rows say.
const EVIDENCE: &str = "evidence";
/// The condition that a connection of site `$1` is of the life before, and the new one has not confirmed it.
const IS_STALE: &str = "EXISTS (SELECT 1 FROM sync_stale s WHERE s.site = $1 \
                        AND s.table_name = 'connections' AND s.row_key = '[' || number || ']')";

/// What a batch brings of connections.
#[derive(Debug, Default)]
pub(super) struct Coming<'c> {
    rows: Vec<(&'static Table, &'c [Value<'static>])>,
    /// Of which anything comes or goes.
    numbers: BTreeSet<i64>,
}

impl<'c> Coming<'c> {
    /// Notes a row that comes.
    pub(super) fn put(&mut self, table: &'static Table, row: &'c [Value<'static>]) {
        if table.name == CONNECTIONS {
            self.rows.push((table, row));
        }
        self.gone(table, row);
    }

    /// Notes the key of a row that goes.
    pub(super) fn gone(&mut self, table: &Table, key: &[Value<'_>]) {
        let number = match table.name {
            EVIDENCE if table.text(key, "kind") != Some("connection") => None,
            EVIDENCE => table.text(key, "subject").and_then(|subject| subject.parse().ok()),
            _ => table.number(key, "number"),
        };
        self.numbers.extend(number);
    }
}

/// A connection that comes, and may be one of a life before.
struct Wanted {
    number: i64,
    connection: Connection,
    /// As the new life had it so far: of what that held, it has got the one that it is.
    before: Option<Connection>,
    withdrawn: bool,
}

/// Makes room for what comes: removes what was set aside, or is of the life before, and is a connection that comes;
/// sets aside what has a number of which anything comes, and is another.
pub(super) fn make_room(
    database: &Database,
    site: &str,
    coming: &Coming<'_>,
    complete: bool,
) -> Result<(), Fault> {
    if complete && !has_any(database, site)? {
        return Ok(());
    }
    let mut by_service: BTreeMap<(&str, &str), Vec<Wanted>> = BTreeMap::new();
    for (table, row) in &coming.rows {
        let (Some(device), Some(service)) = (table.text(row, "device"), table.text(row, "service")) else {
            continue;
        };
        let wanted = wanted(database, site, table, row)?;
        by_service.entry((device, service)).or_default().extend(wanted);
    }
    for ((device, service), wanted) in by_service {
        if !wanted.is_empty() {
            replace(database, site, device, service, &wanted)?;
        }
    }
    if complete {
        return Ok(());
    }
    for number in coming.numbers.range(..FORMER) {
        if is_stale(database, site, *number)? {
            set_aside(database, site, *number)?;
        }
    }
    Ok(())
}

/// Reads a connection that comes; nothing where it holds no more than it did.
fn wanted(
    database: &Database,
    site: &str,
    table: &Table,
    row: &[Value<'static>],
) -> Result<Option<Wanted>, Fault> {
    let number = |column| table.number(row, column);
    let (Some(number), Some(withdrawn), Some(detail)) =
        (number("number"), number("withdrawn"), table.text(row, "detail"))
    else {
        return Ok(None);
    };
    let connection: Connection = unjson(detail)?;
    let sql = format!(
        "SELECT detail FROM connections WHERE site = $1 AND number = $2 AND device = $3 AND service = $4 \
         AND withdrawn = 0 AND NOT {IS_STALE}"
    );
    let place = (site, number, table.text(row, "device"), table.text(row, "service"));
    let before: Option<Connection> = database.query_row(&sql, place, |row| unjson(&row.get::<String>(0)?))?;
    if before.as_ref().is_some_and(|before| succession::are_told_alike(before, &connection)) {
        return Ok(None);
    }
    Ok(Some(Wanted { number, connection, before, withdrawn: withdrawn != 0 }))
}

/// Lets connections of one device and service take the places of those of lives before that they are.
fn replace(
    database: &Database,
    site: &str,
    device: &str,
    service: &str,
    wanted: &[Wanted],
) -> Result<(), Fault> {
    let mut sought = Sought::default();
    for wanted in wanted {
        sought.add(&wanted.connection);
    }
    let mut known: Vec<(i64, Connection)> = Vec::new();
    let sql = format!(
        "SELECT number, detail FROM connections WHERE site = $1 AND device = $2 AND service = $3 \
         AND (number >= $4 OR {IS_STALE})"
    );
    database.visit(&sql, (site, device, service, FORMER), |row| {
        let connection: Connection = unjson(&row.get::<String>(1)?)?;
        if sought.has(&connection) {
            known.push((row.get(0)?, connection));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    known.sort_by_key(|(number, known)| (Reverse(known.last_seen), *number));
    let may = |row: usize, place: usize| {
        let Some(((number, known), wanted)) = known.get(row).zip(wanted.get(place)) else { return false };
        // What a box takes back it takes back of its own.
        (!wanted.withdrawn || *number == wanted.number)
            && !wanted.before.as_ref().is_some_and(|before| succession::holds(before, known))
    };
    let rows: Vec<&Connection> = known.iter().map(|(_, known)| known).collect();
    let connections: Vec<&Connection> = wanted.iter().map(|wanted| &wanted.connection).collect();
    let pairs = succession::succeed(&rows, &connections, may);
    for (wanted, row) in wanted.iter().zip(pairs) {
        match row.and_then(|row| known.get(row)) {
            // It is written over.
            Some((number, _)) if *number == wanted.number => confirm_connection(database, site, *number)?,
            Some((number, _)) => remove(database, site, *number)?,
            None => {}
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

fn is_stale(database: &Database, site: &str, number: i64) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM sync_stale WHERE site = $1 AND table_name = $2 AND row_key = $3";
    let key = json(&[KeyPart::Number(number)])?;
    Ok(database.query_row(sql, (site, CONNECTIONS, key), |row| row.get::<i64>(0))?.is_some())
}

/// Gives a connection a number beyond those of boxes; one that was withdrawn goes.
fn set_aside(database: &Database, site: &str, number: i64) -> Result<(), Fault> {
    confirm_connection(database, site, number)?;
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
    // They are all its own: none of the new life comes before it is set aside.
    let places = "SELECT place FROM evidence WHERE site = $1 AND kind = 'connection' AND subject = $2";
    for place in database.query(places, (site, &before), |row| row.get::<i64>(0))? {
        let text = |text: &str| KeyPart::Text(text.to_owned());
        confirm(database, site, EVIDENCE, &[text("connection"), text(&before), KeyPart::Number(place)])?;
    }
    let moved = "UPDATE evidence SET subject = $3 WHERE site = $1 AND kind = 'connection' AND subject = $2";
    database.execute(moved, (site, &before, &next))
}

fn remove(database: &Database, site: &str, number: i64) -> Result<(), Fault> {
    confirm_connection(database, site, number)?;
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

fn confirm_connection(database: &Database, site: &str, number: i64) -> Result<(), Fault> {
    confirm(database, site, CONNECTIONS, &[KeyPart::Number(number)])
}

fn confirm(database: &Database, site: &str, table: &str, key: &[KeyPart]) -> Result<(), Fault> {
    let sql = "DELETE FROM sync_stale WHERE site = $1 AND table_name = $2 AND row_key = $3";
    database.execute(sql, (site, table, json(&key)?))
}

#[cfg(test)]
mod tests;
