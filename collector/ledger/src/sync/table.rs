//! Which tables are sent, and their rows as they cross the wire. One line a table.
//!
//! What rows are folded from (`sightings`, `standing`, `runs`) stays at the site: it is needed only where
//! captures are recorded, and is half of the ledger.

use std::fmt::Write as _;

use sekisho_api::sync::{
    ActivityRow, CaptureRow, ChangeRow, ConnectionRow, DayRow, Decision, DeviceRow, EvidenceRow, ExitRowOf,
    InputRow, Item, KeyPart, SensorRow, SiteRow,
};

use crate::error::Fault;
use crate::store::{Database, Row, Value};

/// A table that is sent.
#[derive(Debug)]
pub(crate) struct Table {
    /// Its name.
    pub(crate) name: &'static str,
    /// The columns of its key, after the site.
    pub(crate) key: &'static [&'static str],
    /// Its other columns.
    pub(crate) rest: &'static [&'static str],
}

/// The history, which is only added to.
pub(crate) const CHANGES: &str = "changes";
/// What people decided, which is merged and never replaced.
pub(crate) const DECISIONS: &str = "decisions";

macro_rules! tables {
    ($($name:literal $item:ident $row:ident [$($key:ident)*] [$($rest:ident)*])+) => {
        /// Every table that is sent.
        pub(crate) const TABLES: &[Table] = &[$(Table {
            name: $name,
            key: &[$(stringify!($key)),*],
            rest: &[$(stringify!($rest)),*],
        }),+];

        /// Gives a row as it crosses the wire.
        fn item(name: &str, row: &Row<'_>) -> Result<Item, Fault> {
            let mut columns = 0..;
            let mut next = || columns.next().unwrap_or(0);
            Ok(match name {
                $($name => Item::$item($row {
                    $($key: row.get(next())?,)*
                    $($rest: row.get(next())?,)*
                }),)+
                _ => return Err(Fault::Damaged(format!("table `{name}` in the log of changes"))),
            })
        }

        /// Gives the table of a row and its values, those of the key first; nothing for a row that is gone.
        pub(crate) fn values(item: Item) -> Option<(&'static Table, Vec<Value<'static>>)> {
            let (name, values): (&str, Vec<Value<'static>>) = match item {
                $(Item::$item($row { $($key,)* $($rest,)* }) =>
                    ($name, vec![$($key.into(),)* $($rest.into(),)*]),)+
                Item::Gone(_) => return None,
            };
            find(name).map(|table| (table, values))
        }
    };
}

tables! {
    "sites" Site SiteRow [] [next_capture next_connection next_change recorded_at]
    "captures" Capture CaptureRow [capture] [identity analysis first_seen last_seen recorded_at detail sensor]
    "inputs" Input InputRow [hash capture] [name]
    "devices" Device DeviceRow [device] [role first_seen last_seen withdrawn search detail]
    "exits" Exit ExitRowOf [mac] [first_seen last_seen withdrawn search detail]
    "connections" Connection ConnectionRow [number] [
        device service exit_mac category status tunnel first_seen last_seen sessions bytes_out bytes_in
        silent_from withdrawn search detail watched_by silent_at
    ]
    "activity" Activity ActivityRow [number hour capture] [octets]
    "evidence" Evidence EvidenceRow [kind subject place] [rule confidence en ja]
    "changes" Change ChangeRow [change] [
        at recorded_at capture cause kind subject_kind subject before_json after_json
    ]
    "sensors" Sensor SensorRow [sensor] [watched roll_ups first_seen last_seen]
    "days" Day DayRow [capture number] [sessions bytes_out bytes_in hours]
    "decisions" Decision Decision [kind subject field stamp] [value author]
}

/// Tells whether a column of a key is a number.
pub(crate) fn is_number(column: &str) -> bool {
    matches!(column, "capture" | "number" | "hour" | "place" | "change")
}

/// Finds a table by its name.
pub(crate) fn find(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

impl Table {
    /// Reads one row; nothing where there is none.
    pub(crate) fn read(
        &self,
        database: &Database,
        site: &str,
        key: &[KeyPart],
    ) -> Result<Option<Item>, Fault> {
        let columns: Vec<&str> = self.key.iter().chain(self.rest).copied().collect();
        let sql = format!("SELECT {} FROM {}{}", columns.join(", "), self.name, self.matching());
        database.query_row(&sql, bound(site, key), |row| item(self.name, row))
    }

    /// Writes one row over what is there under its key.
    pub(crate) fn write(&self, database: &Database, site: &str, values: Vec<Value<'_>>) -> Result<(), Fault> {
        let columns: Vec<&str> =
            std::iter::once("site").chain(self.key.iter().chain(self.rest).copied()).collect();
        let places: Vec<String> = (1..=columns.len()).map(|place| format!("${place}")).collect();
        let into = format!("INSERT INTO {} ({})", self.name, columns.join(", "));
        let keys: Vec<&str> = std::iter::once("site").chain(self.key.iter().copied()).collect();
        let set: Vec<String> =
            self.rest.iter().map(|column| format!("{column} = excluded.{column}")).collect();
        let (keys, places, set) = (keys.join(", "), places.join(", "), set.join(", "));
        let sql = format!("{into} VALUES ({places}) ON CONFLICT ({keys}) DO UPDATE SET {set}");
        let all: Vec<Value<'_>> = std::iter::once(Value::from(site)).chain(values).collect();
        database.execute(&sql, all)
    }

    /// Deletes one row.
    pub(crate) fn delete(&self, database: &Database, site: &str, key: &[KeyPart]) -> Result<(), Fault> {
        let sql = format!("DELETE FROM {}{}", self.name, self.matching());
        database.execute(&sql, bound(site, key))
    }

    /// The condition that a row has the site `$1` and the key `$2` …
    fn matching(&self) -> String {
        let mut sql = String::from(" WHERE site = $1");
        for (place, column) in self.key.iter().enumerate() {
            // Writing to a `String` cannot fail.
            let _ = write!(sql, " AND {column} = ${}", place + 2);
        }
        sql
    }
}

fn bound<'v>(site: &'v str, key: &'v [KeyPart]) -> Vec<Value<'v>> {
    let part = |part: &'v KeyPart| match part {
        KeyPart::Number(number) => Value::from(number),
        KeyPart::Text(text) => Value::from(text),
    };
    std::iter::once(Value::from(site)).chain(key.iter().map(part)).collect()
}
