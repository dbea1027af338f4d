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
use crate::sql::json;
use crate::store::{Database, Each, Row, Value};

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

/// What was read: the digest of its content is another key.
pub(crate) const CAPTURES: &str = "captures";
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

/// Tells whether a column is a number.
pub(crate) fn is_number(column: &str) -> bool {
    NUMBERS.contains(&column)
}

/// The columns that are numbers, of every table that is sent.
const NUMBERS: &[&str] = &[
    "at",
    "bytes_in",
    "bytes_out",
    "capture",
    "change",
    "confidence",
    "first_seen",
    "hour",
    "last_seen",
    "next_capture",
    "next_change",
    "next_connection",
    "number",
    "octets",
    "place",
    "recorded_at",
    "roll_ups",
    "sessions",
    "silent_at",
    "silent_from",
    "tunnel",
    "watched",
    "withdrawn",
];

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

    /// Writes rows over what is there under their keys, of which none comes twice.
    pub(crate) fn write(
        &self,
        database: &Database,
        site: &str,
        rows: Vec<Vec<Value<'static>>>,
    ) -> Result<(), Fault> {
        let columns: Vec<&str> = self.key.iter().chain(self.rest).copied().collect();
        let keys: Vec<&str> = std::iter::once("site").chain(self.key.iter().copied()).collect();
        let set: Vec<String> =
            self.rest.iter().map(|column| format!("{column} = excluded.{column}")).collect();
        let into = format!("INSERT INTO {} (site, {})", self.name, columns.join(", "));
        let or = format!("ON CONFLICT ({}) DO UPDATE SET {}", keys.join(", "), set.join(", "));
        let places: Vec<String> = (2..columns.len() + 2).map(|place| format!("${place}")).collect();
        let each = Each {
            one: format!("{into} VALUES ($1, {}) {or}", places.join(", ")),
            all: format!("{into} SELECT $1, row.* FROM {} AS row {or}", lists(&columns)),
        };
        database.execute_each(&each, &[site.into()], rows)
    }

    /// Deletes rows.
    pub(crate) fn delete(
        &self,
        database: &Database,
        site: &str,
        keys: Vec<Vec<Value<'static>>>,
    ) -> Result<(), Fault> {
        let Self { name, key, .. } = self;
        let one = format!("DELETE FROM {name}{}", self.matching());
        if key.is_empty() {
            return if keys.is_empty() { Ok(()) } else { database.execute(&one, (site,)) };
        }
        let same: Vec<String> =
            key.iter().map(|column| format!("AND {name}.{column} = gone.{column}")).collect();
        let (lists, columns, same) = (lists(key), key.join(", "), same.join(" "));
        let all =
            format!("DELETE FROM {name} USING {lists} AS gone ({columns}) WHERE {name}.site = $1 {same}");
        database.execute_each(&Each { one, all }, &[site.into()], keys)
    }

    /// Gives the number in a column of a row's values, those of the key first, or of its key alone.
    pub(crate) fn number(&self, values: &[Value<'_>], column: &str) -> Option<i64> {
        match self.cell(values, column)? {
            Value::Integer(number) => Some(*number),
            Value::Text(_) | Value::Null => None,
        }
    }

    /// Gives the text in a column of a row's values, those of the key first, or of its key alone.
    pub(crate) fn text<'v>(&self, values: &'v [Value<'_>], column: &str) -> Option<&'v str> {
        match self.cell(values, column)? {
            Value::Text(text) => Some(text),
            Value::Integer(_) | Value::Null => None,
        }
    }

    fn cell<'v, 't>(&self, values: &'v [Value<'t>], column: &str) -> Option<&'v Value<'t>> {
        let place = self.key.iter().chain(self.rest).position(|name| *name == column)?;
        values.get(place)
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

/// The words for the lists of some columns' values, from `$2` on, side by side as rows.
fn lists(columns: &[&str]) -> String {
    let list = |(place, column): (usize, &&str)| {
        format!("${}::{}[]", place + 2, if is_number(column) { "BIGINT" } else { "TEXT" })
    };
    let lists: Vec<String> = columns.iter().enumerate().map(list).collect();
    format!("UNNEST({})", lists.join(", "))
}

/// Gives a part of a key as the tables have it.
pub(crate) fn value(part: KeyPart) -> Value<'static> {
    match part {
        KeyPart::Number(number) => number.into(),
        KeyPart::Text(text) => text.into(),
    }
}

/// Gives a key as the log of changes writes it: a JSON list of its parts.
pub(crate) fn row_key<'v>(key: impl Iterator<Item = &'v Value<'static>>) -> Result<String, Fault> {
    let part = |value: &Value<'static>| match value {
        Value::Integer(number) => KeyPart::Number(*number),
        Value::Text(text) => KeyPart::Text(text.clone().into_owned()),
        // No key has a part that is nothing.
        Value::Null => KeyPart::Text(String::new()),
    };
    json(&key.map(part).collect::<Vec<_>>())
}

fn bound<'v>(site: &'v str, key: &'v [KeyPart]) -> Vec<Value<'v>> {
    let part = |part: &'v KeyPart| match part {
        KeyPart::Number(number) => Value::from(number),
        KeyPart::Text(text) => Value::from(text),
    };
    std::iter::once(Value::from(site)).chain(key.iter().map(part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_s_values_are_found_by_the_names_of_their_columns() {
        let days = find("days").unwrap();
        let row: Vec<Value<'_>> = vec![3.into(), 7.into(), 1.into(), 600.into(), 400.into(), "{}".into()];
        assert_eq!((days.number(&row, "capture"), days.number(&row, "number")), (Some(3), Some(7)));
        assert_eq!(days.text(&row, "hours"), Some("{}"));
        assert_eq!(days.text(&row[..2], "hours"), None, "a key has none");
        assert_eq!(days.text(&row, "number"), None, "a number is no text");
        assert_eq!(days.number(&row, "octets"), None, "no such column");
    }

    #[test]
    fn numbers_are_the_columns_that_the_schema_has_as_numbers() {
        let database = Database::in_memory().unwrap();
        crate::schema::migrate(&database).unwrap();
        for table in TABLES {
            let sql = format!("SELECT name, type FROM pragma_table_info('{}')", table.name);
            let of = |row: &Row<'_>| Ok((row.get::<String>(0)?, row.get::<String>(1)?));
            let types: std::collections::BTreeMap<_, _> =
                database.query(&sql, (), of).unwrap().into_iter().collect();
            for column in table.key.iter().chain(table.rest) {
                assert_eq!(is_number(column), types[*column] == "BIGINT", "{}.{column}", table.name);
            }
        }
    }
}
