//! What rows that came in one batch or answer touch beyond themselves: people's decisions make rows of their
//! own, and connections are held against the registrations again.

use std::collections::BTreeSet;

use sekisho_api::sync::Decision;

use crate::deed;
use crate::error::Fault;
use crate::settle;
use crate::store::{Database, Value};

/// The place of a connection's status among the values of its row.
const STATUS: usize = 5;

/// What is touched, gathered row by row.
#[derive(Debug, Default)]
pub(super) struct Effect {
    /// Connections that came, or of which anything came.
    numbers: BTreeSet<i64>,
    /// Of those the ones that the site says are declared.
    declared: BTreeSet<i64>,
    /// Devices that came.
    devices: BTreeSet<String>,
    decisions: Vec<Decision>,
}

impl Effect {
    /// Notes a row that came, its values in the order of its table, those of the key first.
    pub(super) fn row(&mut self, table: &str, values: &[Value<'_>]) {
        let number = |place: usize| match values.get(place) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        };
        let text = |place: usize| match values.get(place) {
            Some(Value::Text(text)) => Some(text.as_ref()),
            _ => None,
        };
        match table {
            "connections" => {
                self.numbers.extend(number(0));
                if text(STATUS).is_some_and(|status| status != settle::UNREGISTERED) {
                    self.declared.extend(number(0));
                }
            }
            "activity" => self.numbers.extend(number(0)),
            "days" => self.numbers.extend(number(1)),
            "devices" => self.devices.extend(text(0).map(str::to_owned)),
            _ => {}
        }
    }

    /// Notes a decision that came.
    pub(super) fn decision(&mut self, decision: &Decision) {
        self.decisions.push(decision.clone());
    }

    /// Brings up to date what was touched.
    pub(super) fn take(mut self, database: &Database, site: &str) -> Result<(), Fault> {
        deed::taken(database, site, &self.decisions)?;
        if !settle::has_registrations(database, site)? {
            // A status that rests on a registration which was taken back here, and nothing else.
            return settle::again(database, site, &self.declared);
        }
        let sql = "SELECT number FROM connections WHERE site = $1 AND device = $2";
        for device in &self.devices {
            self.numbers.extend(database.query(sql, (site, device), |row| row.get::<i64>(0))?);
        }
        settle::again(database, site, &self.numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::table;

    #[test]
    fn a_connection_s_status_is_where_it_is_looked_for() {
        let connections = table::find("connections").unwrap();
        let columns: Vec<_> = connections.key.iter().chain(connections.rest).collect();
        assert_eq!((*columns[0], *columns[STATUS]), ("number", "status"));
        assert_eq!(table::find("activity").unwrap().key[0], "number");
        assert_eq!(table::find("days").unwrap().key[1], "number");
        assert_eq!(table::find("devices").unwrap().key[0], "device");
    }
}
