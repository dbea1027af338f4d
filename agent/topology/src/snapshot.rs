//! Facts as they were read in, what is kept of them out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sekisho_api::{Announced, Learnt, Mac, OwnAddress, Port, Resolved, RouteTo, Snapshot};
use sekisho_snmp::facts::{Facts, LinkProtocol, mac};

/// Routes that are kept: enough for every subnet of a hospital; a carrier's router holds the Internet's.
const MAX_ROUTES: usize = 4_096;
/// Characters of a description that are kept: the make and the model stand at its start.
const MAX_DESCR_CHARS: usize = 160;
/// `sysServices` of a device that works at layer 2 (RFC 3418): 2 to the power of the layer less one.
const LAYER_2: u64 = 2;

/// What a piece of equipment is, as rules or its own output say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Identity {
    /// How it was asked: `snmp` or `text`.
    pub by: String,
    /// Its role's slug.
    pub role: Option<String>,
    /// Its maker.
    pub vendor: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
}

/// Makes what is kept of facts that were read at a time.
#[must_use]
pub fn snapshot(facts: &Facts, identity: Identity, at: Timestamp) -> Snapshot {
    let Identity { by, role, vendor, model, serial } = identity;
    Snapshot {
        at,
        by,
        name: facts.system.name.clone(),
        role,
        vendor,
        model,
        serial,
        location: facts.system.location.clone(),
        bridges: facts.system.services.map(|services| services & LAYER_2 != 0),
        ports: ports(facts),
        addresses: facts
            .addresses
            .iter()
            .map(|own| OwnAddress { port: own.if_index, ip: own.address, prefix: own.prefix })
            .collect(),
        routes: facts
            .routes
            .iter()
            .take(MAX_ROUTES)
            .map(|route| RouteTo {
                ip: route.destination,
                prefix: route.prefix,
                via: route.next_hop,
                port: route.if_index,
            })
            .collect(),
        resolved: facts
            .neighbours
            .iter()
            .map(|known| Resolved { port: known.if_index, ip: known.address, mac: Mac(known.mac) })
            .collect(),
        learnt: learnt(facts),
        announced: announced(facts),
    }
}

fn ports(facts: &Facts) -> Vec<Port> {
    let port = |interface: &sekisho_snmp::facts::Interface| Port {
        index: interface.index,
        name: interface.name.clone().or_else(|| interface.descr.clone()),
        alias: interface.alias.clone(),
        mac: interface.mac.map(Mac),
        kind: interface.kind,
        line: interface.line().map(str::to_owned),
        up: interface.is_up,
    };
    facts.interfaces.iter().map(port).collect()
}

fn learnt(facts: &Facts) -> Vec<Learnt> {
    let mut by_port: BTreeMap<(u32, Option<u32>), BTreeSet<Mac>> = BTreeMap::new();
    for entry in &facts.forwarding {
        by_port.entry((entry.if_index, entry.vlan)).or_default().insert(Mac(entry.mac));
    }
    let learnt =
        |((port, vlan), macs): (_, BTreeSet<Mac>)| Learnt { port, vlan, macs: macs.into_iter().collect() };
    by_port.into_iter().map(learnt).collect()
}

fn announced(facts: &Facts) -> Vec<Announced> {
    let short =
        |text: &Option<String>| text.as_ref().map(|text| text.chars().take(MAX_DESCR_CHARS).collect());
    let neighbour = |link: &sekisho_snmp::facts::Link| Announced {
        by: match link.protocol {
            LinkProtocol::Lldp => "lldp".to_owned(),
            LinkProtocol::Cdp => "cdp".to_owned(),
        },
        port: match link.protocol {
            LinkProtocol::Lldp => local(facts, link.local_port),
            LinkProtocol::Cdp => Some(link.local_port),
        },
        chassis: link.chassis.clone(),
        remote_port: link.port.clone(),
        remote_port_descr: link.port_descr.clone(),
        name: link.name.clone(),
        descr: short(&link.descr),
        ip: link.address,
    };
    facts.links.iter().map(neighbour).collect()
}

/// Finds the interface of a port that LLDP numbers: by the name or the hardware address that the port has
/// there, else by its number, which on most equipment is the interface's.
fn local(facts: &Facts, number: u32) -> Option<u32> {
    let known = facts.local_ports.iter().find(|port| port.number == number);
    let is_it = |interface: &&sekisho_snmp::facts::Interface| {
        let names = [&interface.name, &interface.descr, &interface.alias];
        let called = |text: &Option<String>| text.is_some() && names.contains(&text);
        known.is_some_and(|port| {
            called(&port.id)
                || called(&port.descr)
                || interface.mac.map(mac).is_some_and(|own| port.id.as_deref() == Some(own.as_str()))
        })
    };
    let mut named = facts.interfaces.iter().filter(is_it);
    // A hardware address that all ports share tells none of them.
    let only = match (named.next(), named.next()) {
        (Some(interface), None) => Some(interface.index),
        _ => None,
    };
    let numbered = || facts.interfaces.iter().any(|interface| interface.index == number).then_some(number);
    only.or_else(numbered).or(Some(number))
}
