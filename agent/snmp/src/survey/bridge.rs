//! Forwarding tables: which hardware address was seen behind which port (RFC 4188, RFC 4363).

use std::collections::BTreeMap;

use super::{entry, mac, only};
use crate::facts::Forwarding;
use crate::{Client, Row, Walker};

const BASE_PORT: &[u32] = &[17, 1, 4, 1];
const FDB: &[u32] = &[17, 4, 3, 1];
const VLAN_FDB: &[u32] = &[17, 7, 1, 2, 2, 1];
/// The entries below mib-2 that are read.
pub(super) const TABLES: &[&[u32]] = &[BASE_PORT, FDB, VLAN_FDB];
const PORT: u32 = 2;
const STATUS: u32 = 3;
/// `learned` of dot1dTpFdbStatus and dot1qTpFdbStatus; the device's own addresses and those that a person
/// entered are others.
const LEARNED: u64 = 3;

pub(super) async fn read<C: Client>(walker: &mut Walker<C>) -> Vec<Forwarding> {
    let ports = walker.table(&entry(BASE_PORT), &[2]).await;
    let port = |(index, row): (&Vec<u32>, &Row)| {
        Some((u64::from(only(index)?), u32::try_from(row.number(2)?).ok()?))
    };
    let ports: BTreeMap<u64, u32> = ports.rows.iter().filter_map(port).collect();
    let place = |row: &Row| {
        let number = row.number(PORT).filter(|port| *port > 0)?;
        let learned = row.number(STATUS).is_none_or(|status| status == LEARNED);
        learned.then(|| ports.get(&number).copied().or_else(|| u32::try_from(number).ok()))?
    };
    let table = walker.table(&entry(VLAN_FDB), &[PORT, STATUS]).await;
    let with_vlan = |(index, row): (&Vec<u32>, &Row)| {
        let (vlan, rest) = index.split_first()?;
        Some(Forwarding { vlan: Some(*vlan), mac: mac(rest)?, if_index: place(row)? })
    };
    let found: Vec<Forwarding> = table.rows.iter().filter_map(with_vlan).collect();
    if !found.is_empty() {
        return found;
    }
    let table = walker.table(&entry(FDB), &[PORT, STATUS]).await;
    let plain = |(index, row): (&Vec<u32>, &Row)| {
        Some(Forwarding { vlan: None, mac: mac(index)?, if_index: place(row)? })
    };
    table.rows.iter().filter_map(plain).collect()
}
