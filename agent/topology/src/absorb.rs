//! Two snapshots of one piece of equipment in, one out: the newer says what it says, the older fills in.
//!
//! Ports are matched by name: pasted text numbers them in its own order.

use std::collections::BTreeMap;

use sekisho_api::{Learnt, OwnAddress, Port, Resolved, RouteTo, Snapshot};

use crate::port;

/// Adds to a snapshot what an older one of the same equipment knows beyond it.
pub(crate) fn absorb(newer: &mut Snapshot, older: Snapshot) {
    let Snapshot { name, role, vendor, model, serial, location, bridges, .. } = older;
    for (known, told) in [
        (&mut newer.name, name),
        (&mut newer.role, role),
        (&mut newer.vendor, vendor),
        (&mut newer.model, model),
        (&mut newer.serial, serial),
        (&mut newer.location, location),
    ] {
        *known = known.take().or(told);
    }
    newer.bridges = newer.bridges.or(bridges);
    let index = matched(newer, older.ports);
    let to = |port: u32| index.get(&port).copied().unwrap_or(port);
    for own in older.addresses {
        if !newer.addresses.iter().any(|known| known.ip == own.ip) {
            newer.addresses.push(OwnAddress { port: to(own.port), ..own });
        }
    }
    for known in older.resolved {
        if !newer.resolved.iter().any(|newer| newer.ip == known.ip) {
            newer.resolved.push(Resolved { port: to(known.port), ..known });
        }
    }
    // A table is taken whole: half of an older one would say what is true no more.
    if newer.routes.is_empty() {
        let moved = |route: RouteTo| RouteTo { port: route.port.map(to), ..route };
        newer.routes = older.routes.into_iter().map(moved).collect();
    }
    if newer.learnt.is_empty() {
        let moved = |learnt: Learnt| Learnt { port: to(learnt.port), ..learnt };
        newer.learnt = older.learnt.into_iter().map(moved).collect();
    }
    for by in ["lldp", "cdp"] {
        if newer.announced.iter().any(|known| known.by == by) {
            continue;
        }
        for mut neighbour in older.announced.iter().filter(|known| known.by == by).cloned() {
            neighbour.port = neighbour.port.map(to);
            newer.announced.push(neighbour);
        }
    }
}

/// Gives, for each older port, its number in the newer snapshot; ports that only the older one has are added.
fn matched(newer: &mut Snapshot, older: Vec<Port>) -> BTreeMap<u32, u32> {
    let mut next = newer.ports.iter().map(|port| port.index).max().unwrap_or(0).saturating_add(1);
    let mut index = BTreeMap::new();
    for own in older {
        let called = own.name.as_deref().unwrap_or_default();
        let known =
            if called.is_empty() { None } else { port::find(&newer.ports, called).map(|port| port.index) };
        let number = known.unwrap_or(next);
        index.insert(own.index, number);
        if let Some(port) = newer.ports.iter_mut().find(|port| port.index == number) {
            port.mac = port.mac.or(own.mac);
            port.kind = port.kind.or(own.kind);
            port.alias = port.alias.take().or(own.alias);
            port.line = port.line.take().or(own.line);
        } else {
            newer.ports.push(Port { index: number, ..own });
            next = next.saturating_add(1);
        }
    }
    index
}
