//! Where devices are plugged in, and the switches that must be there for several to be at one port.
//!
//! A port is an uplink if another switch with a table is behind it. What a switch has at any other port is
//! plugged in there (the rule of an owner: it has every other switch elsewhere).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sekisho_api::{Attachment, End, Link, LinkSource, Mac, Node, NodeKind, Topology};

use crate::announced::{Announcements, Terminal, replaces};
use crate::boxes::{Boxes, Equipment};
use crate::segment::{Hub, Wire, Wires};
use crate::sight::Sight;

/// Alone at its port.
const ALONE: u8 = 90;
/// It announces itself there.
const ANNOUNCED: u8 = 95;
/// On a port with others.
const WITH_OTHERS: u8 = 80;
/// Behind a switch whose table is not known.
const BEHIND: u8 = 60;
/// Two switches claim it, and this one is likelier.
const CLAIMED_TWICE: u8 = 50;
/// Only the ways there are known.
const SOMEWHERE_BEHIND: u8 = 40;
/// Equipment without a table, found by its address at a port.
const FOUND: u8 = 75;
/// A switch that three or more at one port make likely; of two one may be inside the other.
const SEVERAL: u8 = 80;
const TWO: u8 = 60;
/// A switch in the midst of a wire, that several devices make likely.
const IN_THE_MIDST: u8 = 70;
/// ifType of a link aggregate (IEEE 802.3ad), and of a radio (IEEE 802.11).
const AGGREGATE: u32 = 161;
const RADIO: u32 = 71;
/// How names of aggregates begin, of equipment that does not tell the type.
const AGGREGATE_NAMES: &[&str] =
    &["po", "port-channel", "lag", "trk", "bond", "ae", "sa", "eth-trunk", "channelgroup"];
/// Prefixes of addresses that virtual machines have: VMware, Hyper-V, KVM, VirtualBox, Xen, Proxmox.
const VIRTUAL: &[[u8; 3]] = &[
    [0x00, 0x50, 0x56],
    [0x00, 0x0c, 0x29],
    [0x00, 0x15, 0x5d],
    [0x52, 0x54, 0x00],
    [0x08, 0x00, 0x27],
    [0x00, 0x16, 0x3e],
    [0xbc, 0x24, 0x11],
];

/// What is at one port that is no uplink.
#[derive(Clone, Debug, Default)]
struct AtPort {
    /// Devices, with how sure it is that they are there.
    devices: BTreeMap<Mac, u8>,
    /// Equipment without a table, by one of its addresses.
    equipment: BTreeMap<usize, Mac>,
}

/// The topology while it is put together.
struct Builder<'b> {
    boxes: &'b Boxes,
    announced: &'b Announcements,
    sight: &'b Sight,
    topology: Topology,
}

/// Puts wires, equipment and devices together.
pub(crate) fn places(boxes: &Boxes, announced: &Announcements, sight: &Sight, wires: Wires) -> Topology {
    let nodes = boxes.all.iter().map(|equipment| equipment.node.clone()).collect();
    let topology = Topology { nodes, ..Topology::default() };
    let mut builder = Builder { boxes, announced, sight, topology };
    let (at_ports, beyond) = builder.claims();
    builder.wires(wires, &beyond);
    builder.plugged();
    for (terminal, at_port) in at_ports {
        builder.port(terminal, at_port);
    }
    builder.somewhere_behind(&beyond);
    builder.topology
}

impl Builder<'_> {
    /// Sorts every address that was learnt: at a port where it is plugged in, or seen on uplinks only.
    fn claims(&self) -> (BTreeMap<Terminal, AtPort>, BTreeMap<Mac, Vec<Terminal>>) {
        let mut learnt: BTreeMap<Mac, Vec<Terminal>> = BTreeMap::new();
        let mut crowd: BTreeMap<Terminal, usize> = BTreeMap::new();
        for &of in &self.sight.switches {
            let Some(equipment) = self.boxes.get(of) else { continue };
            for (mac, ports) in &equipment.table {
                for port in ports {
                    let terminal = Terminal { of, port: Some(*port) };
                    learnt.entry(*mac).or_default().push(terminal);
                    *crowd.entry(terminal).or_default() += 1;
                }
            }
        }
        let uplinks: BTreeSet<Terminal> =
            self.sight.switches.iter().flat_map(|of| self.uplinks(*of)).collect();
        let plugged: BTreeSet<Mac> = self.announced.plugged.iter().map(|plugged| plugged.mac).collect();
        let (mut at_ports, mut beyond): (BTreeMap<Terminal, AtPort>, _) = (BTreeMap::new(), BTreeMap::new());
        for (mac, terminals) in learnt {
            let owner = self.boxes.with_mac(mac);
            let has_table = owner.and_then(|of| self.boxes.get(of)).is_some_and(Equipment::has_table);
            if has_table || mac.is_shared_by_routers() || plugged.contains(&mac) {
                continue;
            }
            let claims: Vec<Terminal> =
                terminals.iter().filter(|at| !uplinks.contains(at)).copied().collect();
            let claims: Vec<Terminal> =
                claims.into_iter().filter(|claim| !self.is_outdated(*claim, &terminals)).collect();
            let Some((claim, sure)) = self.likeliest(&claims, &crowd) else {
                beyond.insert(mac, terminals);
                continue;
            };
            let at_port = at_ports.entry(claim).or_default();
            if let Some(owner) = owner {
                at_port.equipment.insert(owner, mac);
            } else {
                at_port.devices.insert(mac, sure);
            }
        }
        (at_ports, beyond)
    }

    /// The ports of a switch that lead to another with a table.
    fn uplinks(&self, of: usize) -> BTreeSet<Terminal> {
        let has_table = |other: usize| self.boxes.get(other).is_some_and(Equipment::has_table);
        let heard = self.announced.pairs.iter().flat_map(|pair| [(pair.a, pair.b), (pair.b, pair.a)]);
        let announced = heard.filter(|(own, other)| own.of == of && has_table(other.of)).map(|(own, _)| own);
        let seen = self.sight.uplinks(of).into_iter().map(|port| Terminal { of, port: Some(port) });
        announced.chain(seen).collect()
    }

    /// Tells whether another switch learnt later that the device is not in this one's direction.
    fn is_outdated(&self, claim: Terminal, learnt: &[Terminal]) -> bool {
        let at = self.boxes.at(claim.of).unwrap_or_default();
        learnt.iter().filter(|other| other.of != claim.of).any(|other| {
            let later = self.boxes.at(other.of).is_some_and(|later| replaces(at, later));
            let toward = self.sight.port(other.of, claim.of);
            later && toward.is_some() && toward != other.port
        })
    }

    /// The claim that is believed: the latest; of those at about the same time that of the emptier port.
    fn likeliest(&self, claims: &[Terminal], crowd: &BTreeMap<Terminal, usize>) -> Option<(Terminal, u8)> {
        let at = |claim: &Terminal| self.boxes.at(claim.of).unwrap_or_default();
        let latest = claims.iter().map(at).max()?;
        let mut recent: Vec<Terminal> =
            claims.iter().filter(|claim| !replaces(at(claim), latest)).copied().collect();
        recent.sort_by_key(|claim| (crowd.get(claim).copied().unwrap_or(0), *claim));
        let first = recent.first().copied()?;
        let sure = match (recent.len(), crowd.get(&first)) {
            (1, Some(1)) => ALONE,
            (1, _) => WITH_OTHERS,
            _ => CLAIMED_TWICE,
        };
        Some((first, sure))
    }

    /// Draws the wires; a wire on which both ends learnt the same devices has a switch in its midst.
    fn wires(&mut self, wires: Wires, beyond: &BTreeMap<Mac, Vec<Terminal>>) {
        for wire in wires.links {
            let facing = self.facing(&wire, beyond);
            if facing.is_empty() {
                self.link(wire);
                continue;
            }
            let confidence = if facing.len() > 1 { IN_THE_MIDST } else { CLAIMED_TWICE };
            let hub = Hub { terminals: [wire.a, wire.b].into_iter().collect(), confidence, at: wire.at };
            self.hub(&hub, facing);
        }
        for hub in wires.hubs {
            let on_it = |learnt: &Vec<Terminal>| {
                hub.terminals
                    .iter()
                    .filter(|own| own.port.is_some())
                    .all(|own| learnt.contains(own) || !learnt.iter().any(|other| other.of == own.of))
                    && learnt.iter().filter(|other| hub.terminals.contains(other)).count() > 1
            };
            let devices = beyond.iter().filter(|(_, learnt)| on_it(learnt)).map(|(mac, _)| *mac).collect();
            self.hub(&hub, devices);
        }
    }

    /// Devices that the tables at both ends of a wire have in each other's direction, read at about the same
    /// time: between the readings of a day people and their devices move.
    fn facing(&self, wire: &Wire, beyond: &BTreeMap<Mac, Vec<Terminal>>) -> BTreeSet<Mac> {
        let at = |terminal: Terminal| self.boxes.at(terminal.of).unwrap_or_default();
        let (a, b) = (at(wire.a), at(wire.b));
        if wire.source != LinkSource::Forwarding || replaces(a, b) || replaces(b, a) {
            return BTreeSet::new();
        }
        let both = |learnt: &Vec<Terminal>| learnt.contains(&wire.a) && learnt.contains(&wire.b);
        beyond.iter().filter(|(_, learnt)| both(learnt)).map(|(mac, _)| *mac).collect()
    }

    fn plugged(&mut self) {
        let mut seen = BTreeSet::new();
        for plugged in &self.announced.plugged {
            if !seen.insert(plugged.mac) {
                continue;
            }
            let Some(switch) = self.key(plugged.into.of) else { continue };
            self.attach(plugged.mac, &switch, plugged.into, (plugged.source, ANNOUNCED), plugged.at);
        }
    }

    /// Says what is at one port that is no uplink.
    fn port(&mut self, terminal: Terminal, at_port: AtPort) {
        let AtPort { mut devices, mut equipment } = at_port;
        let at = self.boxes.at(terminal.of).unwrap_or_default();
        let told: BTreeSet<usize> = self.announced.at(terminal).map(|other| other.of).collect();
        let linked: BTreeSet<usize> =
            equipment.keys().filter(|other| self.announced.links(terminal.of, **other)).copied().collect();
        let announced: Vec<usize> = told.union(&linked).copied().collect();
        equipment.retain(|of, _| !announced.contains(of));
        if let [connector] = announced.as_slice() {
            return self.behind(terminal, *connector, &devices, &equipment, at);
        }
        let may_bridge = |of: &&usize| self.boxes.get(**of).is_some_and(Equipment::may_bridge);
        let bridging: Vec<usize> = equipment.keys().filter(may_bridge).copied().collect();
        if let ([connector], true) = (bridging.as_slice(), announced.is_empty()) {
            let mac = equipment.remove(connector);
            self.found(terminal, *connector, mac, at);
            return self.behind(terminal, *connector, &devices, &equipment, at);
        }
        let several = devices.len() + equipment.len() > 1;
        if !several || !self.makes_a_switch(terminal, &devices, &equipment) {
            for (of, mac) in equipment {
                self.found(terminal, of, Some(mac), at);
            }
            let Some(switch) = self.key(terminal.of) else { return };
            for (mac, sure) in devices {
                self.attach(mac, &switch, terminal, (LinkSource::Forwarding, sure), at);
            }
            return;
        }
        let confidence = if devices.len() + equipment.len() > 2 { SEVERAL } else { TWO };
        let legs = equipment.iter().map(|(of, mac)| Terminal {
            of: *of,
            port: self.boxes.get(*of).and_then(|equipment| equipment.port_of(*mac)),
        });
        let terminals = legs.chain([terminal]).collect();
        let devices = std::mem::take(&mut devices).into_keys().collect();
        self.hub(&Hub { terminals, confidence, at }, devices);
    }

    /// Tells whether several at one port mean a switch: not behind an aggregate or a radio, not in a machine
    /// that holds virtual ones, not behind a telephone.
    fn makes_a_switch(
        &self,
        terminal: Terminal,
        devices: &BTreeMap<Mac, u8>,
        equipment: &BTreeMap<usize, Mac>,
    ) -> bool {
        let Some(own) = self.boxes.get(terminal.of) else { return false };
        let port = own.said.ports.iter().find(|port| Some(port.index) == terminal.port);
        let named = |port: &sekisho_api::Port| port.name.clone().unwrap_or_default().to_lowercase();
        let letters = |name: &str| name.trim_end_matches(|c: char| !c.is_alphabetic()).to_owned();
        let is_bundle = |port: &sekisho_api::Port| {
            matches!(port.kind, Some(AGGREGATE | RADIO))
                || AGGREGATE_NAMES.contains(&letters(&named(port)).as_str())
        };
        if port.is_some_and(is_bundle) || own.node.role.as_deref() == Some("access-point") {
            return false;
        }
        let is_virtual = |mac: &&Mac| {
            let [a, b, c, ..] = mac.0;
            VIRTUAL.contains(&[a, b, c])
        };
        let physical = devices.keys().filter(|mac| !is_virtual(mac)).count() + equipment.len();
        let phones = devices.keys().filter(|mac| self.boxes.role_of(**mac) == Some("phone")).count();
        physical > 1 && !(phones == 1 && devices.len() == 2 && equipment.is_empty())
    }

    /// Everything else at the port of a switch whose table is not known is behind it.
    fn behind(
        &mut self,
        terminal: Terminal,
        connector: usize,
        devices: &BTreeMap<Mac, u8>,
        equipment: &BTreeMap<usize, Mac>,
        at: Timestamp,
    ) {
        let Some(key) = self.key(connector) else { return };
        for mac in devices.keys() {
            self.attach(*mac, &key, terminal, (LinkSource::Forwarding, BEHIND), at);
        }
        for (of, mac) in equipment {
            let port = self.boxes.get(*of).and_then(|equipment| equipment.port_of(*mac));
            self.link(Wire {
                a: Terminal { of: connector, port: None },
                b: Terminal { of: *of, port },
                source: LinkSource::Forwarding,
                confidence: CLAIMED_TWICE,
                at,
            });
        }
    }

    /// Equipment without a table, found by an address at a port.
    fn found(&mut self, terminal: Terminal, of: usize, mac: Option<Mac>, at: Timestamp) {
        let port = mac.and_then(|mac| self.boxes.get(of).and_then(|equipment| equipment.port_of(mac)));
        let other = Terminal { of, port };
        self.link(Wire { a: terminal, b: other, source: LinkSource::Forwarding, confidence: FOUND, at });
    }

    /// Devices seen on uplinks only: behind the switch on the way that does not know them itself.
    fn somewhere_behind(&mut self, beyond: &BTreeMap<Mac, Vec<Terminal>>) {
        let placed: BTreeSet<Mac> =
            self.topology.attachments.iter().map(|attachment| attachment.mac).collect();
        for (mac, learnt) in beyond.iter().filter(|(mac, _)| !placed.contains(mac)) {
            if self.boxes.with_mac(*mac).is_some() {
                continue;
            }
            let knows = |of: usize| learnt.iter().any(|terminal| terminal.of == of);
            let toward = |at: &Terminal| {
                self.sight
                    .switches
                    .iter()
                    .copied()
                    .filter(|of| self.sight.port(at.of, *of) == at.port && !knows(*of))
                    .collect::<BTreeSet<usize>>()
            };
            let silent: BTreeSet<usize> =
                learnt.iter().map(toward).reduce(|a, b| &a & &b).unwrap_or_default();
            let (Some(of), 1) = (silent.first().copied(), silent.len()) else { continue };
            let Some(key) = self.key(of) else { continue };
            let at = self.boxes.at(of).unwrap_or_default();
            let vlan_at =
                |at: &Terminal| self.boxes.get(at.of).and_then(|equipment| equipment.vlans.get(mac).copied());
            let vlan = learnt.iter().find_map(vlan_at);
            self.topology.attachments.push(Attachment {
                mac: *mac,
                node: key.clone(),
                switch: key,
                port: None,
                vlan,
                source: LinkSource::Forwarding,
                confidence: SOMEWHERE_BEHIND,
                last_seen: Some(at),
            });
        }
    }

    fn key(&self, of: usize) -> Option<String> {
        self.boxes.get(of).map(|equipment| equipment.node.key.clone())
    }

    fn end(&self, terminal: Terminal) -> Option<End> {
        let equipment = self.boxes.get(terminal.of)?;
        let port = terminal.port.and_then(|port| equipment.port_name(port));
        Some(End { node: equipment.node.key.clone(), port })
    }

    fn link(&mut self, wire: Wire) {
        let (Some(a), Some(b)) = (self.end(wire.a), self.end(wire.b)) else { return };
        self.add(a, b, wire.source, wire.confidence, wire.at);
    }

    fn add(&mut self, a: End, b: End, source: LinkSource, confidence: u8, at: Timestamp) {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        if !self.topology.links.iter().any(|known| known.a == a && known.b == b) {
            self.topology.links.push(Link { a, b, source, confidence, last_seen: Some(at), mark: None });
        }
    }

    /// Adds a switch that nobody manages.
    fn hub(&mut self, hub: &Hub, devices: BTreeSet<Mac>) {
        let ends: BTreeSet<End> = hub.terminals.iter().filter_map(|terminal| self.end(*terminal)).collect();
        // The switch that was read gives it its name: the same next time.
        let own = hub.terminals.iter().find(|own| self.boxes.get(own.of).is_some_and(Equipment::has_table));
        let own = own.or(hub.terminals.first()).copied();
        let Some(name) = own.and_then(|own| self.end(own)) else { return };
        let key = format!("unmanaged:{}/{}", name.node, name.port.as_deref().unwrap_or_default());
        self.topology.nodes.push(Node {
            key: key.clone(),
            kind: NodeKind::Unmanaged,
            role: Some("switch".to_owned()),
            last_seen: Some(hub.at),
            ..Node::default()
        });
        for end in ends {
            self.add(end, End { node: key.clone(), port: None }, LinkSource::Shared, hub.confidence, hub.at);
        }
        if let Some(own) = own {
            for mac in devices {
                self.attach(mac, &key, own, (LinkSource::Shared, hub.confidence), hub.at);
            }
        }
    }

    fn attach(
        &mut self,
        mac: Mac,
        node: &str,
        at: Terminal,
        (source, confidence): (LinkSource, u8),
        seen: Timestamp,
    ) {
        let Some(switch) = self.boxes.get(at.of) else { return };
        self.topology.attachments.push(Attachment {
            mac,
            node: node.to_owned(),
            switch: switch.node.key.clone(),
            port: at.port.and_then(|port| switch.port_name(port)),
            vlan: switch.vlans.get(&mac).copied(),
            source,
            confidence,
            last_seen: Some(seen),
        });
    }
}
