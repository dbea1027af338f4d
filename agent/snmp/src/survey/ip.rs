//! Addresses, routes and neighbours, from the tables of both generations (RFC 4293, RFC 4292, RFC 1213).

use std::net::IpAddr;

use super::{entry, octets};
use crate::facts::{Address, Neighbour, Route};
use crate::value::address;
use crate::{Client, Row, Value, Walker};

const IP_ADDRESS: &[u32] = &[4, 34, 1];
const IP_ADDR: &[u32] = &[4, 20, 1];
const INET_ROUTE: &[u32] = &[4, 24, 7, 1];
const CIDR_ROUTE: &[u32] = &[4, 24, 4, 1];
const OLD_ROUTE: &[u32] = &[4, 21, 1];
const NET_TO_PHYSICAL: &[u32] = &[4, 35, 1];
const NET_TO_MEDIA: &[u32] = &[4, 22, 1];
/// The entries below mib-2 that are read.
pub(super) const ADDRESS_TABLES: &[&[u32]] = &[IP_ADDRESS, IP_ADDR];
/// Those of routes.
pub(super) const ROUTE_TABLES: &[&[u32]] = &[INET_ROUTE, CIDR_ROUTE, OLD_ROUTE];
/// Those of neighbours.
pub(super) const NEIGHBOUR_TABLES: &[&[u32]] = &[NET_TO_PHYSICAL, NET_TO_MEDIA];

/// Takes an InetAddressType, a length and an address from the front of an index (RFC 4001 §4.1).
fn typed(index: &[u32]) -> Option<(IpAddr, &[u32])> {
    let (kind, rest) = index.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (own, rest) = rest.split_at_checked(*length as usize)?;
    // ipv4, ipv6, ipv4z, ipv6z.
    matches!(*kind, 1..=4).then_some(())?;
    Some((address(&octets(own)?)?, rest))
}

fn four(arcs: &[u32]) -> Option<IpAddr> {
    arcs.len().eq(&4).then(|| octets(arcs).and_then(|octets| address(&octets))).flatten()
}

fn if_index(row: &Row, column: u32) -> Option<u32> {
    row.number(column).and_then(|number| u32::try_from(number).ok()).filter(|index| *index > 0)
}

/// The length of a netmask.
fn length(mask: IpAddr) -> Option<u8> {
    match mask {
        IpAddr::V4(mask) => {
            let bits = u32::from(mask);
            (bits.leading_ones() + bits.trailing_zeros() >= 32).then_some(bits.leading_ones() as u8)
        }
        IpAddr::V6(_) => None,
    }
}

pub(super) async fn addresses<C: Client>(walker: &mut Walker<C>) -> Vec<Address> {
    let table = walker.table(&entry(IP_ADDRESS), &[3, 5]).await;
    let mut found: Vec<Address> = Vec::new();
    for (index, row) in &table.rows {
        let (Some((address, _)), Some(if_index)) = (typed(index), if_index(row, 3)) else { continue };
        // ipAddressPrefix points at a row of ipAddressPrefixTable, whose index ends in the length.
        let length = match row.value(5) {
            Some(Value::Oid(prefix)) if prefix.arcs().len() > 2 => prefix.arcs().last().copied(),
            _ => None,
        };
        found.push(Address {
            if_index,
            address,
            prefix: length.and_then(|length| u8::try_from(length).ok()),
        });
    }
    let old = walker.table(&entry(IP_ADDR), &[2, 3]).await;
    for (index, row) in &old.rows {
        let (Some(address), Some(if_index)) = (four(index), if_index(row, 2)) else { continue };
        let prefix = row.value(3).and_then(Value::address).and_then(length);
        match found.iter_mut().find(|known| known.address == address) {
            Some(known) => known.prefix = known.prefix.or(prefix),
            None => found.push(Address { if_index, address, prefix }),
        }
    }
    found
}

pub(super) async fn routes<C: Client>(walker: &mut Walker<C>) -> Vec<Route> {
    let table = walker.table(&entry(INET_ROUTE), &[7]).await;
    let found: Vec<Route> = table.rows.iter().filter_map(inet_route).collect();
    if !found.is_empty() {
        return found;
    }
    let table = walker.table(&entry(CIDR_ROUTE), &[5]).await;
    let found: Vec<Route> = table.rows.iter().filter_map(cidr_route).collect();
    if !found.is_empty() {
        return found;
    }
    let table = walker.table(&entry(OLD_ROUTE), &[2, 7, 11]).await;
    let old = |(index, row): (&Vec<u32>, &Row)| {
        Some(Route {
            destination: four(index)?,
            prefix: row.value(11).and_then(Value::address).and_then(length)?,
            next_hop: row.value(7).and_then(Value::address).filter(is_some_hop),
            if_index: if_index(row, 2),
        })
    };
    table.rows.iter().filter_map(old).collect()
}

/// inetCidrRouteTable: destination, length, policy, next hop in the index.
fn inet_route((index, row): (&Vec<u32>, &Row)) -> Option<Route> {
    let (destination, rest) = typed(index)?;
    let (prefix, rest) = rest.split_first()?;
    let (policy, rest) = rest.split_first()?;
    let next_hop = typed(rest.get(*policy as usize..)?).map(|(hop, _)| hop).filter(is_some_hop);
    Some(Route { destination, prefix: u8::try_from(*prefix).ok()?, next_hop, if_index: if_index(row, 7) })
}

/// ipCidrRouteTable: destination, mask, type of service, next hop in the index.
fn cidr_route((index, row): (&Vec<u32>, &Row)) -> Option<Route> {
    let prefix = four(index.get(4..8)?).and_then(length)?;
    let next_hop = index.get(9..13).and_then(four).filter(is_some_hop);
    Some(Route { destination: four(index.get(..4)?)?, prefix, next_hop, if_index: if_index(row, 5) })
}

fn is_some_hop(hop: &IpAddr) -> bool {
    !hop.is_unspecified()
}

pub(super) async fn neighbours<C: Client>(walker: &mut Walker<C>) -> Vec<Neighbour> {
    let table = walker.table(&entry(NET_TO_PHYSICAL), &[4]).await;
    let new = |(index, row): (&Vec<u32>, &Row)| {
        let (if_index, rest) = index.split_first()?;
        let (address, _) = typed(rest)?;
        Some(Neighbour { if_index: *if_index, address, mac: row.value(4)?.mac()? })
    };
    let mut found: Vec<Neighbour> = table.rows.iter().filter_map(new).collect();
    if found.is_empty() {
        let table = walker.table(&entry(NET_TO_MEDIA), &[2]).await;
        let old = |(index, row): (&Vec<u32>, &Row)| {
            let (if_index, rest) = index.split_first()?;
            Some(Neighbour { if_index: *if_index, address: four(rest)?, mac: row.value(2)?.mac()? })
        };
        found = table.rows.iter().filter_map(old).collect();
    }
    // Broadcast, multicast and unresolved entries are nobody.
    found.retain(|neighbour| neighbour.mac[0] & 1 == 0 && neighbour.mac != [0; 6]);
    found
}
