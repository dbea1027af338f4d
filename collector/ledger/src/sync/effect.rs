//! What rows that came in one batch or answer touch beyond themselves: people's decisions make rows of their
//! own, and connections are held against the registrations again.

use std::collections::BTreeSet;

use sekisho_api::sync::Decision;

use super::table::Table;
use crate::deed;
use crate::error::Fault;
use crate::settle;
use crate::store::{Database, Value};

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
    pub(super) fn row(&mut self, table: &Table, values: &[Value<'_>]) {
        let number = table.number(values, "number");
        match table.name {
            "connections" => {
                self.numbers.extend(number);
                if table.text(values, "status").is_some_and(|status| status != settle::UNREGISTERED) {
                    self.declared.extend(number);
                }
            }
            "activity" | "days" => self.numbers.extend(number),
            "devices" => self.devices.extend(table.text(values, "device").map(str::to_owned)),
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
