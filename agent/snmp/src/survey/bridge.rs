//! Forwarding tables: which hardware address was seen behind which port (RFC 4188, RFC 4363).
//!
//! A switch with VLANs has one table of all, by VLAN. Cisco's have a bridge for each VLAN instead, each to be asked
//! for by itself; what they say when asked as a whole is that of VLAN 1.

use std::collections::BTreeMap;

use super::{entry, mac, only};
use crate::facts::{Forwarding, System};
use crate::{Client, Oid, Row, Walker};

const BASE_PORT: &[u32] = &[17, 1, 4, 1];
const FDB: &[u32] = &[17, 4, 3, 1];
const VLAN_FDB: &[u32] = &[17, 7, 1, 2, 2, 1];
/// The entries below mib-2 that are read.
pub(super) const TABLES: &[&[u32]] = &[BASE_PORT, FDB, VLAN_FDB];
/// vtpVlanTable's entry (CISCO-VTP-MIB), and of it state and type.
const VLANS: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 3, 1, 1];
const VLAN_STATE: u32 = 2;
const VLAN_TYPE: u32 = 3;
/// `operational` of vtpVlanState, `ethernet` of vtpVlanType.
const OPERATIONAL: u64 = 1;
const ETHERNET: u64 = 1;
/// In the description of a system of Cisco's that takes such a question for a wrong password, and tells its master.
const NO_INDEX: &str = "NX-OS";
/// VLANs that are asked for: two or three questions each, so that what comes after them is not forgotten.
const MAX_VLANS: usize = 512;
/// dot1dBaseNumPorts, which every bridge has.
const BASE_PORTS: &[u32] = &[17, 1, 2, 0];
const PORT: u32 = 2;
const STATUS: u32 = 3;
/// `learned` of dot1dTpFdbStatus and dot1qTpFdbStatus; the device's own addresses and those that a person
/// entered are others.
const LEARNED: u64 = 3;

/// The entry of the table of VLANs, that tells of a bridge for each.
pub(super) fn vlan_table() -> Oid {
    Oid::new(VLANS)
}

/// Reads the forwarding table into `found`. Whoever drops this before its end has what was read so far.
pub(super) async fn read<C: Client>(walker: &mut Walker<C>, system: &System, found: &mut Vec<Forwarding>) {
    let ports = ports(walker).await;
    let table = walker.table(&entry(VLAN_FDB), &[PORT, STATUS]).await;
    let with_vlan = |(index, row): (&Vec<u32>, &Row)| {
        let (vlan, rest) = index.split_first()?;
        Some(Forwarding { vlan: Some(*vlan), mac: mac(rest)?, if_index: place(&ports, row)? })
    };
    found.extend(table.rows.iter().filter_map(with_vlan));
    if !found.is_empty() {
        return;
    }
    found.extend(of_bridge(walker, &ports, None).await);
    if system.descr.as_ref().is_some_and(|descr| descr.contains(NO_INDEX)) {
        return;
    }
    for (at, vlan) in vlans(walker).await.into_iter().enumerate() {
        let Some(whole) = walker.turn_to(vlan) else { return };
        if at == 0 {
            // A single question, for a device that does not know such names lets it wait for an answer.
            walker.get(&[entry(BASE_PORTS)]).await;
        }
        let ports = self::ports(walker).await;
        let learned = of_bridge(walker, &ports, Some(vlan)).await;
        if !walker.turn_back(whole) {
            return;
        }
        if at == 0 {
            // What it said as a whole was that of one of them.
            found.clear();
        }
        found.extend(learned);
    }
}

/// Reads which interface a bridge's port is.
async fn ports<C: Client>(walker: &mut Walker<C>) -> BTreeMap<u64, u32> {
    let ports = walker.table(&entry(BASE_PORT), &[2]).await;
    let port = |(index, row): (&Vec<u32>, &Row)| {
        Some((u64::from(only(index)?), u32::try_from(row.number(2)?).ok()?))
    };
    ports.rows.iter().filter_map(port).collect()
}

/// Reads what a bridge without VLANs learned.
async fn of_bridge<C: Client>(
    walker: &mut Walker<C>,
    ports: &BTreeMap<u64, u32>,
    vlan: Option<u32>,
) -> Vec<Forwarding> {
    let table = walker.table(&entry(FDB), &[PORT, STATUS]).await;
    let learned = |(index, row): (&Vec<u32>, &Row)| {
        Some(Forwarding { vlan, mac: mac(index)?, if_index: place(ports, row)? })
    };
    table.rows.iter().filter_map(learned).collect()
}

/// The interface behind which an address was learned.
fn place(ports: &BTreeMap<u64, u32>, row: &Row) -> Option<u32> {
    let number = row.number(PORT).filter(|port| *port > 0)?;
    let learned = row.number(STATUS).is_none_or(|status| status == LEARNED);
    learned.then(|| ports.get(&number).copied().or_else(|| u32::try_from(number).ok()))?
}

/// The VLANs that have a bridge each.
async fn vlans<C: Client>(walker: &mut Walker<C>) -> Vec<u32> {
    let table = walker.table(&vlan_table(), &[VLAN_STATE, VLAN_TYPE]).await;
    let works = |(index, row): (&Vec<u32>, &Row)| {
        let is_up = row.number(VLAN_STATE) == Some(OPERATIONAL) && row.number(VLAN_TYPE) == Some(ETHERNET);
        // managementDomainIndex, vtpVlanIndex.
        index.get(1).copied().filter(|_| is_up)
    };
    table.rows.iter().filter_map(works).take(MAX_VLANS).collect()
}
