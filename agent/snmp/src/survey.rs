//! Reading a device whole: which tables are walked, and how their rows become facts.
//!
//! | table | reference |
//! |---|---|
//! | ifTable, ifXTable | RFC 2863 |
//! | ipAddrTable, ipAddressTable, ipNetToMediaTable, ipNetToPhysicalTable | RFC 4293 |
//! | ipCidrRouteTable, inetCidrRouteTable, ipRouteTable | RFC 4292, RFC 1213 |
//! | dot1dBasePortTable, dot1dTpFdbTable, dot1qTpFdbTable | RFC 4188, RFC 4363 |
//! | vtpVlanTable, and dot1dTpFdbTable of each VLAN | CISCO-VTP-MIB |
//! | lldpLocPortTable, lldpRemTable, lldpRemManAddrTable | IEEE 802.1AB |
//! | cdpCacheTable | CISCO-CDP-MIB |
//! | entPhysicalTable | RFC 6933 |
//!
//! Where a device holds the new table and the old, the new one is read first and the old one only if the
//! new is empty.

mod bridge;
mod entity;
mod interface;
mod ip;
mod link;

#[cfg(test)]
mod tests;

use crate::facts::{Facts, System};
use crate::{Client, Oid, Value, Walker};

pub use entity::{chassis, columns as entity_columns};

/// The system group, below which the objects are.
const SYSTEM: &[u32] = &[1, 3, 6, 1, 2, 1, 1];
/// mib-2.
const MIB_2: &[u32] = &[1, 3, 6, 1, 2, 1];

/// What of a device is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Scope {
    /// Routes: a router of a carrier holds hundreds of thousands.
    pub routes: bool,
    /// Neighbours, forwarding tables, LLDP and CDP.
    pub surroundings: bool,
}

impl Default for Scope {
    fn default() -> Self {
        Self { routes: true, surroundings: true }
    }
}

/// Reads the system group: the first that is asked of a device.
pub async fn system<C: Client>(walker: &mut Walker<C>) -> System {
    let object = |arc: u32| Oid::new(SYSTEM).child(&[arc, 0]);
    let found = walker.get(&[1, 2, 3, 5, 6, 7].map(object)).await;
    let text = |arc| found.get(&object(arc)).and_then(Value::text);
    let number = |arc| found.get(&object(arc)).and_then(Value::number);
    System {
        descr: text(1),
        object_id: text(2),
        up_ticks: number(3),
        name: text(5),
        location: text(6),
        services: number(7),
    }
}

/// Reads what a device whose system group is known says of itself.
pub async fn itself<C: Client>(walker: &mut Walker<C>, facts: &mut Facts, scope: Scope) {
    walker.look_for(&tables(scope)).await;
    facts.interfaces = interface::read(walker).await;
    facts.entities = entity::read(walker).await;
    facts.addresses = ip::addresses(walker).await;
}

/// Reads what a device knows of what is around it. Whoever drops this before its end has what was read so far.
pub async fn surroundings<C: Client>(walker: &mut Walker<C>, facts: &mut Facts, scope: Scope) {
    if scope.surroundings {
        (facts.local_ports, facts.links) = link::lldp(walker).await;
        facts.links.extend(link::cdp(walker).await);
    }
    if scope.routes {
        facts.routes = ip::routes(walker).await;
    }
    if scope.surroundings {
        facts.neighbours = ip::neighbours(walker).await;
        bridge::read(walker, &facts.system, &mut facts.forwarding).await;
    }
}

/// Reads everything of a device whose system group is known.
pub async fn facts<C: Client>(walker: &mut Walker<C>, system: System, scope: Scope) -> Facts {
    let mut facts = Facts { system, ..Facts::default() };
    itself(walker, &mut facts, scope).await;
    surroundings(walker, &mut facts, scope).await;
    facts
}

/// The entries of the tables that are read.
fn tables(scope: Scope) -> Vec<Oid> {
    let mut tables = [interface::TABLES, entity::TABLES, ip::ADDRESS_TABLES].concat();
    if scope.routes {
        tables.extend(ip::ROUTE_TABLES);
    }
    if scope.surroundings {
        tables.extend([ip::NEIGHBOUR_TABLES, bridge::TABLES].concat());
    }
    let mut tables: Vec<Oid> = tables.into_iter().map(entry).collect();
    if scope.surroundings {
        tables.extend(link::tables());
        tables.push(bridge::vlan_table());
    }
    tables
}

/// The entry of a table below mib-2.
fn entry(arcs: &[u32]) -> Oid {
    Oid::new(MIB_2).child(arcs)
}

/// An index's only arc.
fn only(index: &[u32]) -> Option<u32> {
    match index {
        [arc] => Some(*arc),
        _ => None,
    }
}

/// Arcs that stand for octets.
fn octets(arcs: &[u32]) -> Option<Vec<u8>> {
    arcs.iter().map(|arc| u8::try_from(*arc).ok()).collect()
}

/// Six arcs that stand for a hardware address.
fn mac(arcs: &[u32]) -> Option<[u8; 6]> {
    octets(arcs)?.try_into().ok()
}
