//! Layer 3: subnets, who routes them, and the ways out.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sekisho_api::{Device, Gateway, Mac, Node, Subnet, Topology, WayOut, role};

use crate::boxes::{Boxes, Equipment, tells_apart};

/// A network: its address and the length of its prefix.
type Network = (IpAddr, u8);

/// Adds subnets and ways out.
pub(crate) fn add(topology: &mut Topology, boxes: &Boxes, devices: &[Device]) {
    let hops: BTreeSet<IpAddr> =
        boxes.all.iter().flat_map(|equipment| &equipment.said.routes).filter_map(|route| route.via).collect();
    let mut subnets: BTreeMap<Network, Subnet> = BTreeMap::new();
    for equipment in &boxes.all {
        let routes = does_route(equipment, &hops);
        for own in equipment.said.addresses.iter().filter(|own| tells_apart(own.ip)) {
            let Some(network) = own.prefix.and_then(|prefix| network(own.ip, prefix)) else { continue };
            let port = equipment.port_name(own.port);
            let subnet = subnets.entry(network).or_default();
            subnet.vlan = subnet.vlan.or_else(|| port.as_deref().and_then(vlan_of));
            if routes {
                subnet.routers.push(Gateway { node: equipment.node.key.clone(), ip: own.ip, port });
            }
        }
    }
    for ((ip, prefix), subnet) in &mut subnets {
        subnet.prefix = format!("{ip}/{prefix}");
        subnet.vlan = subnet.vlan.or_else(|| most_common_vlan((*ip, *prefix), devices));
        subnet.routers.sort_by(|a, b| (&a.node, a.ip).cmp(&(&b.node, b.ip)));
    }
    topology.subnets = subnets.into_values().collect();
    topology.ways_out = boxes.all.iter().flat_map(|equipment| ways_out(equipment, boxes)).collect();
}

/// Tells whether a box routes: by what it is, because another sends to it, or with legs in several subnets
/// and a table that is more than a way home.
fn does_route(equipment: &Equipment, hops: &BTreeSet<IpAddr>) -> bool {
    let Node { role, ips, .. } = &equipment.node;
    let legs: BTreeSet<Network> = equipment
        .said
        .addresses
        .iter()
        .filter(|own| tells_apart(own.ip))
        .filter_map(|own| network(own.ip, own.prefix?))
        .collect();
    role.as_deref().is_some_and(role::routes)
        || ips.iter().any(|ip| hops.contains(ip))
        || (legs.len() > 1 && !equipment.said.routes.is_empty())
}

/// The network of an address; none of a host's own prefix or of all there is.
fn network(ip: IpAddr, prefix: u8) -> Option<Network> {
    match ip {
        IpAddr::V4(ip) if (1..=30).contains(&prefix) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix))?;
            Some((Ipv4Addr::from(u32::from(ip) & mask).into(), prefix))
        }
        IpAddr::V6(ip) if (1..=126).contains(&prefix) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix))?;
            Some((Ipv6Addr::from(u128::from(ip) & mask).into(), prefix))
        }
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}

/// The VLAN that an interface's name tells: `Vlan10`, `vlan 10`, `vlan1.10`.
fn vlan_of(name: &str) -> Option<u32> {
    let name = name.to_lowercase();
    let rest = name.strip_prefix("vlan")?;
    let number = rest.rsplit(['.', ' ', '-']).next()?;
    number.trim().parse().ok().filter(|vlan| (1..4095).contains(vlan))
}

fn most_common_vlan((ip, prefix): Network, devices: &[Device]) -> Option<u32> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for device in devices {
        let inside =
            |own: &&String| own.parse().ok().and_then(|own| network(own, prefix)) == Some((ip, prefix));
        if let Some(vlan) = device.vlan.filter(|_| device.ips.iter().any(|own| inside(&own))) {
            *counts.entry(u32::from(vlan)).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(vlan, count)| (*count, std::cmp::Reverse(*vlan))).map(|(vlan, _)| vlan)
}

/// Default routes, and interfaces that are lines and up.
fn ways_out(equipment: &Equipment, boxes: &Boxes) -> Vec<WayOut> {
    let node = equipment.node.key.clone();
    let is_default = |ip: IpAddr, prefix: u8| ip.is_unspecified() && prefix == 0;
    let mut found = Vec::new();
    for route in equipment.said.routes.iter().filter(|route| is_default(route.ip, route.prefix)) {
        let port = route.port.and_then(|port| equipment.port_name(port));
        let line = equipment.said.ports.iter().find(|own| Some(own.index) == route.port);
        let to = route.via.and_then(|via| boxes.with_ip(via)).and_then(|of| boxes.get(of));
        let way = WayOut {
            node: node.clone(),
            prefix: Some(format!("{}/{}", route.ip, route.prefix)),
            via: route.via,
            port,
            line: line.and_then(|port| port.line.clone()),
            mac: route.via.and_then(|via| resolved(boxes, via)),
            to: to.map(|equipment| equipment.node.key.clone()),
        };
        if !found.contains(&way) {
            found.push(way);
        }
    }
    for port in equipment.said.ports.iter().filter(|port| port.up && port.line.is_some()) {
        if found.iter().any(|way| way.line.is_some() && way.port == port.name) {
            continue;
        }
        found.push(WayOut {
            node: node.clone(),
            prefix: None,
            via: None,
            port: port.name.clone(),
            line: port.line.clone(),
            mac: None,
            to: None,
        });
    }
    found
}

fn resolved(boxes: &Boxes, ip: IpAddr) -> Option<Mac> {
    let mut known = boxes.all.iter().flat_map(|equipment| &equipment.said.resolved);
    known.find(|known| known.ip == ip).map(|known| known.mac)
}
