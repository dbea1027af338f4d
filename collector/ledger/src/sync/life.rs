//! The lives of a site's ledger at its receiver: where one stands, how the next takes over from it.

use jiff::Timestamp;
use sekisho_api::sync::KeyPart;

use super::former;
use super::table::{self, CAPTURES, CHANGES, DECISIONS, TABLES, Table, row_key};
use crate::error::Fault;
use crate::sql::{json, micros};
use crate::store::{Database, Each, Value};

/// How a site stands.
pub(super) struct State {
    pub(super) epoch: String,
    pub(super) seq: i64,
    pub(super) sending: String,
    pub(super) complete: bool,
}

/// Begins a life; what the one before had is kept until the new one is here as a whole.
pub(super) fn begin(
    database: &Database,
    site: &str,
    before: Option<&str>,
    epoch: &str,
) -> Result<State, Fault> {
    if let Some(before) = before {
        let over =
            "INSERT INTO sync_epochs (site, epoch) VALUES ($1, $2) ON CONFLICT (site, epoch) DO NOTHING";
        database.execute(over, (site, before))?;
        // A copy that was put back lacks what people at the site decided after it was made.
        let own = "UPDATE sync_in SET own_until = (SELECT COALESCE(MAX(arrived), 0) FROM decisions \
                   WHERE site = $1) WHERE site = $1";
        database.execute(own, (site,))?;
        set_history_aside(database, site, before)?;
        for table in TABLES.iter().filter(|table| table.name != CHANGES && table.name != DECISIONS) {
            note_stale(database, site, table)?;
        }
    }
    Ok(State { epoch: epoch.to_owned(), seq: 0, sending: String::new(), complete: before.is_none() })
}

fn set_history_aside(database: &Database, site: &str, epoch: &str) -> Result<(), Fault> {
    let columns =
        "change, at, recorded_at, capture, cause, kind, subject_kind, subject, before_json, after_json";
    let copy = format!(
        "INSERT INTO former_changes (site, epoch, {columns}) SELECT site, $2, {columns} FROM changes WHERE site = $1"
    );
    database.execute(&copy, (site, epoch))?;
    database.execute("INSERT INTO sync_moving (site) VALUES ($1)", (site,))?;
    database.execute("DELETE FROM changes WHERE site = $1", (site,))?;
    database.execute("DELETE FROM sync_moving WHERE site = $1", (site,))?;
    Ok(())
}

fn note_stale(database: &Database, site: &str, table: &Table) -> Result<(), Fault> {
    let columns = if table.key.is_empty() { "1".to_owned() } else { table.key.join(", ") };
    let sql = format!("SELECT {columns} FROM {} WHERE site = $1", table.name);
    // Read whole: the keys of one site's table.
    let keys = database.query(&sql, (site,), |row| {
        let mut key = Vec::with_capacity(table.key.len());
        for (place, column) in table.key.iter().enumerate() {
            key.push(if table::is_number(column) {
                KeyPart::Number(row.get(place)?)
            } else {
                KeyPart::Text(row.get(place)?)
            });
        }
        Ok(vec![json(&key)?.into()])
    })?;
    let into = "INSERT INTO sync_stale (site, table_name, row_key)";
    let or = "ON CONFLICT (site, table_name, row_key) DO NOTHING";
    let each = Each {
        one: format!("{into} VALUES ($1, $2, $3) {or}"),
        all: format!("{into} SELECT $1, $2, row_key FROM UNNEST($3::TEXT[]) AS row_key {or}"),
    };
    database.execute_each(&each, &[site.into(), table.name.into()], keys)
}

/// Notes that the new life has these rows, too.
pub(super) fn confirm(
    database: &Database,
    site: &str,
    table: &Table,
    rows: &[Vec<Value<'static>>],
) -> Result<(), Fault> {
    let key = |row: &Vec<Value<'static>>| Ok(vec![row_key(row.iter().take(table.key.len()))?.into()]);
    let keys = rows.iter().map(key).collect::<Result<_, Fault>>()?;
    let each = Each {
        one: "DELETE FROM sync_stale WHERE site = $1 AND table_name = $2 AND row_key = $3".to_owned(),
        all: "DELETE FROM sync_stale USING UNNEST($3::TEXT[]) AS known (row_key) WHERE sync_stale.site = $1 \
              AND sync_stale.table_name = $2 AND sync_stale.row_key = known.row_key"
            .to_owned(),
    };
    database.execute_each(&each, &[site.into(), table.name.into()], keys)?;
    if table.name != CAPTURES {
        return Ok(());
    }
    // The life before may have read the same files under another number.
    for identity in rows.iter().filter_map(|row| row.get(table.key.len())) {
        let sql = "DELETE FROM captures WHERE site = $1 AND identity = $2";
        database.execute(sql, [site.into(), identity.clone()])?;
    }
    Ok(())
}

/// Removes what the new life does not have and is no finding, and of the history kept aside what it tells as well.
pub(super) fn sweep(database: &Database, site: &str) -> Result<(), Fault> {
    former::keep(database, site)?;
    for table in TABLES {
        let stale = former::stale(database, site, table.name)?;
        let stale = stale.into_iter().map(|key| key.into_iter().map(table::value).collect()).collect();
        table.delete(database, site, stale)?;
    }
    database.execute("DELETE FROM sync_stale WHERE site = $1", (site,))?;
    let told = "DELETE FROM former_changes WHERE site = $1 AND EXISTS (SELECT 1 FROM changes c \
                WHERE c.site = former_changes.site AND c.change = former_changes.change \
                AND c.recorded_at = former_changes.recorded_at AND c.kind = former_changes.kind \
                AND c.subject_kind = former_changes.subject_kind AND c.subject = former_changes.subject)";
    database.execute(told, (site,))
}

/// Notes whether decisions may have been lost here that a site has: it has come further with them than we have.
pub(super) fn note_lost(database: &Database, site: &str, lost: bool) -> Result<(), Fault> {
    let sql = "UPDATE sync_in SET lost = $2 WHERE site = $1 AND lost <> $2";
    database.execute(sql, (site, i64::from(lost)))
}

/// Gives up to where in the order of arrival a site's own decisions go back to it, and whether we may have lost
/// some.
pub(super) fn owed(database: &Database, site: &str) -> Result<(i64, bool), Fault> {
    let sql = "SELECT own_until, lost FROM sync_in WHERE site = $1";
    let found = database.query_row(sql, (site,), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.unwrap_or_default())
}

/// Reads where a site stands.
pub(super) fn state(database: &Database, site: &str) -> Result<Option<State>, Fault> {
    let sql = "SELECT epoch, seq, sending, complete FROM sync_in WHERE site = $1";
    database.query_row(sql, (site,), |row| {
        Ok(State { epoch: row.get(0)?, seq: row.get(1)?, sending: row.get(2)?, complete: row.get(3)? })
    })
}

/// Reads where a site stands that is still one of the collector's: it may have been removed while what it sent was
/// waiting.
pub(super) fn state_of_member(database: &Database, site: &str) -> Result<Option<State>, Fault> {
    let sql = "SELECT i.epoch, i.seq, i.sending, i.complete FROM members m \
               LEFT JOIN sync_in i ON i.site = m.site WHERE m.site = $1";
    let found = database.query_row(sql, (site,), |row| {
        let epoch: Option<String> = row.get(0)?;
        let Some(epoch) = epoch else { return Ok(None) };
        Ok(Some(State { epoch, seq: row.get(1)?, sending: row.get(2)?, complete: row.get(3)? }))
    })?;
    found.ok_or(Fault::NotAMember)
}

/// Tells whether a life is over.
pub(super) fn is_over(database: &Database, site: &str, epoch: &str) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM sync_epochs WHERE site = $1 AND epoch = $2";
    let found: Option<i64> = database.query_row(sql, (site, epoch), |row| row.get(0))?;
    Ok(found.is_some())
}

/// Keeps where a site stands after a batch was applied.
pub(super) fn save(
    database: &Database,
    site: &str,
    state: &State,
    taken: i64,
    now: Timestamp,
) -> Result<(), Fault> {
    let sql = "INSERT INTO sync_in (site, epoch, seq, sending, complete, outcome, entries, applied_at) \
               VALUES ($1, $2, $3, $4, $5, 'applied', $6, $7) ON CONFLICT (site) DO UPDATE SET \
               epoch = excluded.epoch, seq = excluded.seq, sending = excluded.sending, \
               complete = excluded.complete, outcome = excluded.outcome, \
               entries = sync_in.entries + excluded.entries, applied_at = excluded.applied_at";
    let State { epoch, seq, sending, complete } = state;
    database.execute(sql, (site, epoch, seq, sending, i64::from(*complete), taken, micros(now)))?;
    Ok(())
}
