//! A network on paper: cables in, the tables that its equipment would have out.
//!
//! Names say what a thing is: `sw` a managed switch, `hub` one that nobody manages, `r` a router with an
//! address a port, anything else a device. Every switch has learnt everybody, unless a test takes it away.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sekisho_api::{Announced, Device, Learnt, Mac, Port, Snapshot, Topology};

pub(super) struct Lab {
    cables: Vec<((String, u32), (String, u32))>,
    names: Vec<String>,
}

fn end(text: &str) -> (String, u32) {
    let (name, port) = text.split_once(':').unwrap();
    (name.to_owned(), port.parse().unwrap())
}

pub(super) fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + hours * 3600).unwrap()
}

impl Lab {
    pub(super) fn new(cables: &[(&str, &str)]) -> Self {
        let cables: Vec<_> = cables.iter().map(|(a, b)| (end(a), end(b))).collect();
        let mut names: Vec<String> = cables.iter().flat_map(|(a, b)| [a.0.clone(), b.0.clone()]).collect();
        names.sort();
        names.dedup();
        Self { cables, names }
    }

    pub(super) fn mac(&self, name: &str, port: u32) -> Mac {
        let number = self.names.iter().position(|known| known == name).unwrap() as u32;
        let leg = if is_router(name) { port } else { 0 };
        Mac([0x00, 0x00, 0x5e, 0x00, 0x53 + (number / 32) as u8, (number % 32 * 8 + leg) as u8])
    }

    /// What is at the other end of a node's cables.
    fn neighbours(&self, name: &str) -> Vec<(u32, (String, u32))> {
        let ends = self.cables.iter().flat_map(|(a, b)| [(a.clone(), b.clone()), (b.clone(), a.clone())]);
        ends.filter(|(own, _)| own.0 == name).map(|(own, other)| (own.1, other)).collect()
    }

    /// Everybody's addresses behind one port.
    fn behind(&self, name: &str, port: u32) -> BTreeSet<Mac> {
        let mut seen = BTreeSet::from([name.to_owned()]);
        let start = self.neighbours(name).into_iter().filter(|(own, _)| *own == port).map(|(_, other)| other);
        let mut open: Vec<(String, u32)> = start.collect();
        let mut macs = BTreeSet::new();
        while let Some((other, entered)) = open.pop() {
            if !other.starts_with("hub") {
                macs.insert(self.mac(&other, entered));
            }
            if (is_switch(&other) || other.starts_with("hub")) && seen.insert(other.clone()) {
                open.extend(
                    self.neighbours(&other)
                        .into_iter()
                        .map(|(_, next)| next)
                        .filter(|next| !seen.contains(&next.0)),
                );
            }
        }
        macs
    }

    /// Who announces itself at a port: through a switch that nobody manages, too.
    fn heard(&self, name: &str, port: u32) -> Vec<(String, u32)> {
        let mut open: Vec<(String, u32)> = self
            .neighbours(name)
            .into_iter()
            .filter(|(own, _)| *own == port)
            .map(|(_, other)| other)
            .collect();
        let (mut heard, mut seen) = (Vec::new(), BTreeSet::from([name.to_owned()]));
        while let Some((other, entered)) = open.pop() {
            if other.starts_with("hub") && seen.insert(other.clone()) {
                open.extend(
                    self.neighbours(&other)
                        .into_iter()
                        .map(|(_, next)| next)
                        .filter(|next| !seen.contains(&next.0)),
                );
            } else if is_switch(&other) || is_router(&other) {
                heard.push((other, entered));
            }
        }
        heard
    }

    /// What a switch or a router says.
    pub(super) fn says(&self, name: &str, lldp: bool) -> Snapshot {
        let ports: BTreeSet<u32> = self.neighbours(name).into_iter().map(|(port, _)| port).collect();
        let port = |index: &u32| Port {
            index: *index,
            name: Some(format!("ge{index}")),
            mac: Some(self.mac(name, *index)),
            kind: Some(6),
            up: true,
            ..Port::default()
        };
        let learnt = |port: &u32| Learnt {
            port: *port,
            vlan: Some(1),
            macs: self.behind(name, *port).into_iter().collect(),
        };
        let announced = |(port, (other, theirs)): (u32, (String, u32))| Announced {
            by: "lldp".to_owned(),
            port: Some(port),
            chassis: Some(self.mac(&other, theirs).to_string()),
            remote_port: Some(format!("ge{theirs}")),
            name: Some(other),
            ..Announced::default()
        };
        let heard =
            ports.iter().flat_map(|port| self.heard(name, *port).into_iter().map(|other| (*port, other)));
        Snapshot {
            at: at(0),
            by: "snmp".to_owned(),
            name: Some(name.to_owned()),
            role: Some(if is_router(name) { "router" } else { "switch" }.to_owned()),
            ports: ports.iter().map(port).collect(),
            learnt: if is_switch(name) { ports.iter().map(learnt).collect() } else { Vec::new() },
            announced: if lldp { heard.map(announced).collect() } else { Vec::new() },
            ..Snapshot::default()
        }
    }

    /// What all of them say.
    pub(super) fn all(&self, lldp: bool) -> Vec<Snapshot> {
        let read = self.names.iter().filter(|name| is_switch(name) || is_router(name));
        read.map(|name| self.says(name, lldp)).collect()
    }

    pub(super) fn device(&self, name: &str, role: &str) -> Device {
        Device { mac: Some(self.mac(name, 0).to_string()), role: Some(role.to_owned()), ..Device::default() }
    }
}

pub(super) fn is_switch(name: &str) -> bool {
    name.starts_with("sw")
}

pub(super) fn is_router(name: &str) -> bool {
    name.starts_with('r')
}

/// The links by the names of their ends, in order; a switch that nobody manages is `?` and where it hangs.
pub(super) fn links(topology: &Topology) -> Vec<String> {
    let names: BTreeMap<&str, String> = topology
        .nodes
        .iter()
        .map(|node| (node.key.as_str(), node.name.clone().unwrap_or_else(|| "?".to_owned())))
        .collect();
    let end = |end: &sekisho_api::End| {
        let name = names.get(end.node.as_str()).cloned().unwrap_or_else(|| "nobody".to_owned());
        end.port.as_ref().map_or(name.clone(), |port| format!("{name}:{}", port.trim_start_matches("ge")))
    };
    let mut links: Vec<String> = topology
        .links
        .iter()
        .map(|link| {
            let (a, b) = (end(&link.a), end(&link.b));
            if a < b { format!("{a} {b}") } else { format!("{b} {a}") }
        })
        .collect();
    links.sort();
    links
}

/// Where a device is plugged in: node and, at a switch that was read, its port.
pub(super) fn place(lab: &Lab, topology: &Topology, device: &str) -> Option<String> {
    let mac = lab.mac(device, 0);
    let found: Vec<_> = topology.attachments.iter().filter(|attachment| attachment.mac == mac).collect();
    assert!(found.len() < 2, "{device} is in two places");
    let attachment = found.first()?;
    let node = topology.nodes.iter().find(|node| node.key == attachment.node).unwrap();
    let name = node.name.clone().unwrap_or_else(|| "?".to_owned());
    Some(format!("{name} {}", attachment.port.as_deref().unwrap_or("-")))
}
