//! What was read over SNMP, kept in the ledger for the map.

use std::path::Path;

use jiff::Timestamp;
use sekisho_api::Snapshot;
use sekisho_ledger::Ledger;
use sekisho_rules::device::Gives;
use sekisho_topology::{Identity, snapshot};

use crate::poll::device::Outcome;

/// Keeps what each device that answered said.
pub(crate) fn keep<'o>(
    db: &Path,
    site: &str,
    asked: impl Iterator<Item = &'o Outcome>,
) -> anyhow::Result<()> {
    let mut ledger = Ledger::open(db)?;
    let now = Timestamp::now();
    for outcome in asked {
        if !ledger.keep_snapshot(site, &key(&outcome.target), &said(outcome, now), now)? {
            tracing::warn!("a device said more than is kept");
        }
    }
    Ok(())
}

/// What a device that was asked is called among the snapshots.
pub(crate) fn key(target: &str) -> String {
    format!("snmp:{target}")
}

/// What is kept of what a device said.
pub(crate) fn said(outcome: &Outcome, at: Timestamp) -> Snapshot {
    let known = &outcome.identity;
    let value = |gives| known.found.get(&gives).map(|(value, _): &(String, String)| value.clone());
    let identity = Identity {
        by: "snmp".to_owned(),
        role: known.role.clone(),
        vendor: known.vendor.clone(),
        model: value(Gives::Model),
        serial: value(Gives::Serial),
    };
    snapshot(&outcome.facts, identity, at)
}
