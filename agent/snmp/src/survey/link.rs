//! Devices at the other end of a port, as they announce themselves: LLDP (IEEE 802.1AB) and CDP.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{octets, only};
use crate::facts::{Link, LinkProtocol, LocalPort, mac};
use crate::value::address;
use crate::{Client, Oid, Row, Value, Walker};

const LLDP: &[u32] = &[1, 0, 8802, 1, 1, 2, 1];
const LOCAL_PORT: &[u32] = &[3, 7, 1];
const REMOTE: &[u32] = &[4, 1, 1];
const REMOTE_ADDRESS: &[u32] = &[4, 2, 1];
const CDP_CACHE: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1];

/// The entries that are read.
pub(super) fn tables() -> Vec<Oid> {
    let lldp = Oid::new(LLDP);
    vec![lldp.child(LOCAL_PORT), lldp.child(REMOTE), lldp.child(REMOTE_ADDRESS), Oid::new(CDP_CACHE)]
}

pub(super) async fn lldp<C: Client>(walker: &mut Walker<C>) -> (Vec<LocalPort>, Vec<Link>) {
    let base = Oid::new(LLDP);
    let remote = walker.table(&base.child(REMOTE), &[4, 5, 6, 7, 8, 9, 10]).await;
    if remote.rows.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let local = walker.table(&base.child(LOCAL_PORT), &[2, 3, 4]).await;
    let managed = walker.table(&base.child(REMOTE_ADDRESS), &[3]).await;
    let addresses: BTreeMap<&[u32], IpAddr> = managed.rows.keys().filter_map(|index| at(index)).collect();
    let port = |(index, row): (&Vec<u32>, &Row)| {
        let id = row.value(3).and_then(|value| named(value, row.number(2) == Some(3)));
        Some(LocalPort { number: only(index)?, id, descr: row.text(4) })
    };
    let link = |(index, row): (&Vec<u32>, &Row)| {
        Some(Link {
            protocol: LinkProtocol::Lldp,
            // lldpRemTimeMark, lldpRemLocalPortNum, lldpRemIndex.
            local_port: *index.get(1)?,
            chassis: row.value(5).and_then(|value| named(value, row.number(4) == Some(4))),
            port: row.value(7).and_then(|value| named(value, row.number(6) == Some(3))),
            port_descr: row.text(8),
            name: row.text(9),
            descr: row.text(10),
            address: addresses.get(index.as_slice()).copied(),
        })
    };
    (local.rows.iter().filter_map(port).collect(), remote.rows.iter().filter_map(link).collect())
}

/// Splits the index of lldpRemManAddrTable: the neighbour's index, then subtype, length and address.
fn at(index: &[u32]) -> Option<(&[u32], IpAddr)> {
    let (neighbour, rest) = index.split_at_checked(3)?;
    let own = rest.get(2..)?;
    Some((neighbour, address(&octets(own)?)?))
}

/// An identifier: a hardware address where the subtype says so, else text.
fn named(value: &Value, is_mac: bool) -> Option<String> {
    match value.mac().filter(|_| is_mac) {
        Some(own) => Some(mac(own)),
        None => value.text(),
    }
}

pub(super) async fn cdp<C: Client>(walker: &mut Walker<C>) -> Vec<Link> {
    let table = walker.table(&Oid::new(CDP_CACHE), &[4, 6, 7, 8]).await;
    let link = |(index, row): (&Vec<u32>, &Row)| {
        Some(Link {
            protocol: LinkProtocol::Cdp,
            // cdpCacheIfIndex, cdpCacheDeviceIndex.
            local_port: *index.first()?,
            chassis: row.text(6),
            port: row.text(7),
            port_descr: None,
            name: row.text(6),
            descr: row.text(8),
            address: row.value(4).and_then(Value::address),
        })
    };
    table.rows.iter().filter_map(link).collect()
}
