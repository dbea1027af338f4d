//! Snapshots in, pieces of equipment out: each once, and what each is known by.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::Timestamp;
use sekisho_api::{Device, Mac, Node, NodeKind, Port, Snapshot, role};

use crate::absorb::absorb;
use crate::{MAX_ANNOUNCED, MAX_BOXES, MAX_LEARNT, port};

/// The role of the box in which a carrier's fibre ends.
pub(crate) const ONT: &str = "ont";

/// A piece of equipment: read, or only announced by a neighbour.
#[derive(Clone, Debug, Default)]
pub(crate) struct Equipment {
    pub(crate) node: Node,
    pub(crate) said: Snapshot,
    /// Hardware address → the ports at which it was learnt, one in a tree.
    pub(crate) table: BTreeMap<Mac, BTreeSet<u32>>,
    /// Hardware address → VLAN in which it was learnt.
    pub(crate) vlans: BTreeMap<Mac, u32>,
}

impl Equipment {
    /// Tells whether it forwards by hardware address and says what it learnt.
    pub(crate) fn has_table(&self) -> bool {
        !self.table.is_empty()
    }

    /// Tells whether others may be behind it in the same LAN.
    pub(crate) fn may_bridge(&self) -> bool {
        let role = self.node.role.as_deref().unwrap_or_default();
        let routes = role::routes(role) || role == ONT;
        let bridges = role::is_equipment(role) && !routes;
        // Of those that route, some have a few switched ports.
        self.has_table() || bridges || (self.said.bridges == Some(true) && !routes)
    }

    /// Gives a port's name.
    pub(crate) fn port_name(&self, index: u32) -> Option<String> {
        let port = self.said.ports.iter().find(|port| port.index == index);
        port.and_then(|port| port.name.clone()).or_else(|| Some(index.to_string()))
    }

    /// Finds a port by what others call it; one of equipment that was not read is noted as they call it.
    pub(crate) fn port_called(&mut self, called: &str) -> Option<u32> {
        if let Some(port) = port::find(&self.said.ports, called) {
            return Some(port.index);
        }
        if self.node.kind != NodeKind::Announced || self.said.ports.len() >= MAX_ANNOUNCED {
            return None;
        }
        let index = u32::try_from(self.said.ports.len()).ok()?.checked_add(1)?;
        self.said.ports.push(Port { index, name: Some(called.to_owned()), up: true, ..Port::default() });
        Some(index)
    }

    /// Gives the interface that has a hardware address, where one alone has it.
    pub(crate) fn port_of(&self, mac: Mac) -> Option<u32> {
        let mut having = self.said.ports.iter().filter(|port| port.mac == Some(mac));
        let first = having.next()?.index;
        having.next().is_none().then_some(first)
    }
}

/// All equipment, and who has which name and address.
#[derive(Debug, Default)]
pub(crate) struct Boxes {
    pub(crate) all: Vec<Equipment>,
    pub(crate) cut_off: u64,
    /// `None` where two have it: that tells nobody.
    by_mac: BTreeMap<Mac, Option<usize>>,
    by_ip: BTreeMap<IpAddr, Option<usize>>,
    by_name: BTreeMap<String, Option<usize>>,
    /// What the ledger says a hardware address is.
    roles: BTreeMap<Mac, String>,
}

/// A name as it is compared: without its domain, and without case.
pub(crate) fn short_name(name: &str) -> String {
    let name = name.trim().to_lowercase();
    // CDP of some equipment adds the serial number: `name(FOC0000X000)`.
    let name = name.split('(').next().unwrap_or_default();
    if name.parse::<IpAddr>().is_ok() {
        return name.to_owned();
    }
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Tells whether an address tells one box from another.
pub(crate) fn tells_apart(ip: IpAddr) -> bool {
    let link_local = match ip {
        IpAddr::V4(ip) => ip.is_link_local() || ip.is_broadcast(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    !link_local && !ip.is_loopback() && !ip.is_unspecified() && !ip.is_multicast()
}

impl Boxes {
    /// Takes snapshots, those of one box together, and the devices of the ledger for their roles.
    pub(crate) fn new(snapshots: &[Snapshot], devices: &[Device]) -> Self {
        let mut boxes = Self { roles: roles(devices), ..Self::default() };
        let mut newest_first: Vec<Snapshot> = snapshots.to_vec();
        newest_first.sort_by(|a, b| (b.at, &b.name).cmp(&(a.at, &a.name)));
        let mut merged: Vec<Snapshot> = Vec::new();
        for snapshot in newest_first {
            if let Some(known) = merged.iter_mut().find(|known| are_one(known, &snapshot)) {
                absorb(known, snapshot);
            } else if merged.len() < MAX_BOXES {
                merged.push(snapshot);
            } else {
                boxes.cut_off += 1;
            }
        }
        for snapshot in merged {
            let equipment = boxes.equipment(snapshot);
            boxes.all.extend(equipment);
        }
        boxes.all.sort_by(|a, b| a.node.key.cmp(&b.node.key));
        boxes.index();
        boxes.resolve_own_addresses();
        boxes
    }

    /// Makes a piece of equipment; none of a snapshot that says nothing by which it is known again.
    fn equipment(&mut self, mut said: Snapshot) -> Option<Equipment> {
        let macs: BTreeSet<Mac> = own_macs(&said).collect();
        let ips: BTreeSet<IpAddr> =
            said.addresses.iter().map(|own| own.ip).filter(|ip| tells_apart(*ip)).collect();
        let key = match (macs.first(), &said.name, ips.first()) {
            (Some(mac), _, _) => format!("mac:{mac}"),
            (None, Some(name), _) => format!("name:{}", name.to_lowercase()),
            (None, None, Some(ip)) => format!("ip:{ip}"),
            (None, None, None) => return None,
        };
        let (mut table, mut vlans): (BTreeMap<Mac, BTreeSet<u32>>, _) = (BTreeMap::new(), BTreeMap::new());
        for learnt in &said.learnt {
            for mac in learnt.macs.iter().filter(|mac| mac.is_of_a_device() && !macs.contains(mac)) {
                if table.len() >= MAX_LEARNT {
                    self.cut_off += 1;
                    continue;
                }
                table.entry(*mac).or_default().insert(learnt.port);
                if let Some(vlan) = learnt.vlan {
                    vlans.entry(*mac).or_insert(vlan);
                }
            }
        }
        let beyond = said.announced.len().saturating_sub(MAX_ANNOUNCED);
        self.cut_off += beyond as u64;
        said.announced.truncate(MAX_ANNOUNCED);
        let role = said.role.clone().or_else(|| macs.iter().find_map(|mac| self.roles.get(mac).cloned()));
        let node = Node {
            key,
            kind: NodeKind::Read,
            name: said.name.clone(),
            role,
            vendor: said.vendor.clone(),
            model: said.model.clone(),
            location: said.location.clone(),
            ips: ips.into_iter().collect(),
            macs: macs.into_iter().collect(),
            last_seen: Some(said.at),
        };
        Some(Equipment { node, said, table, vlans })
    }

    fn index(&mut self) {
        self.by_mac.clear();
        self.by_ip.clear();
        self.by_name.clear();
        for (at, equipment) in self.all.iter().enumerate() {
            equipment.node.macs.iter().for_each(|mac| enter(&mut self.by_mac, *mac, at));
            equipment.node.ips.iter().for_each(|ip| enter(&mut self.by_ip, *ip, at));
            if let Some(name) = &equipment.node.name {
                enter(&mut self.by_name, short_name(name), at);
            }
        }
    }

    /// Adds the hardware addresses that others resolved of a box's own addresses: pasted text often lacks
    /// those of its interfaces.
    fn resolve_own_addresses(&mut self) {
        let resolved: Vec<(IpAddr, Mac)> = self
            .all
            .iter()
            .flat_map(|equipment| &equipment.said.resolved)
            .map(|known| (known.ip, known.mac))
            .collect();
        for (ip, mac) in resolved {
            let usable =
                mac.is_of_a_device() && !mac.is_shared_by_routers() && !self.by_mac.contains_key(&mac);
            if let Some(at) = self.with_ip(ip).filter(|_| usable) {
                self.knows(at, mac);
            }
        }
    }

    /// Notes one more hardware address of a box.
    pub(crate) fn knows(&mut self, at: usize, mac: Mac) {
        let Some(equipment) = self.all.get_mut(at) else { return };
        if !equipment.node.macs.contains(&mac) {
            equipment.node.macs.push(mac);
            equipment.node.macs.sort_unstable();
            equipment.table.remove(&mac);
            enter(&mut self.by_mac, mac, at);
        }
    }

    /// Adds equipment that only neighbours tell of.
    pub(crate) fn add(&mut self, node: Node) -> Option<usize> {
        if self.all.len() >= 2 * MAX_BOXES {
            self.cut_off += 1;
            return None;
        }
        let at = self.all.len();
        node.macs.iter().for_each(|mac| enter(&mut self.by_mac, *mac, at));
        node.ips.iter().for_each(|ip| enter(&mut self.by_ip, *ip, at));
        if let Some(name) = &node.name {
            enter(&mut self.by_name, short_name(name), at);
        }
        self.all.push(Equipment { node, ..Equipment::default() });
        Some(at)
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Equipment> {
        self.all.get(at)
    }

    pub(crate) fn with_mac(&self, mac: Mac) -> Option<usize> {
        self.by_mac.get(&mac).copied().flatten()
    }

    pub(crate) fn with_ip(&self, ip: IpAddr) -> Option<usize> {
        self.by_ip.get(&ip).copied().flatten()
    }

    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        self.by_name.get(&short_name(name)).copied().flatten()
    }

    /// What the ledger says a hardware address is.
    pub(crate) fn role_of(&self, mac: Mac) -> Option<&str> {
        self.roles.get(&mac).map(String::as_str)
    }

    /// When a box said what it said.
    pub(crate) fn at(&self, of: usize) -> Option<Timestamp> {
        self.get(of).and_then(|equipment| equipment.node.last_seen)
    }
}

fn enter<K: Ord>(index: &mut BTreeMap<K, Option<usize>>, key: K, at: usize) {
    index.entry(key).and_modify(|known| *known = known.filter(|other| *other == at)).or_insert(Some(at));
}

fn roles(devices: &[Device]) -> BTreeMap<Mac, String> {
    let role = |device: &Device| Some((device.mac.as_ref()?.parse().ok()?, device.role.clone()?));
    devices.iter().filter_map(role).collect()
}

fn own_macs(said: &Snapshot) -> impl Iterator<Item = Mac> {
    let macs = said.ports.iter().filter_map(|port| port.mac);
    macs.filter(|mac| mac.is_of_a_device() && !mac.is_shared_by_routers())
}

/// Tells whether two snapshots are of one box: the same serial number, or an address in common and no two names.
fn are_one(a: &Snapshot, b: &Snapshot) -> bool {
    let same = |one: &Option<String>, other: &Option<String>| one.is_some() && one == other;
    if same(&a.serial, &b.serial) && (same(&a.vendor, &b.vendor) || same(&a.name, &b.name)) {
        return true;
    }
    let differ = |one: &Option<String>, other: &Option<String>| matches!((one, other), (Some(one), Some(other)) if !one.eq_ignore_ascii_case(other));
    if differ(&a.name, &b.name) || differ(&a.serial, &b.serial) {
        return false;
    }
    let ips = |said: &Snapshot| -> BTreeSet<IpAddr> {
        said.addresses.iter().map(|own| own.ip).filter(|ip| tells_apart(*ip)).collect()
    };
    let macs = |said: &Snapshot| own_macs(said).collect::<BTreeSet<Mac>>();
    let other_boxes = !macs(a).is_empty() && !macs(b).is_empty() && macs(a).is_disjoint(&macs(b));
    // Two routers of two vendors may both be 192.168.0.1 to their own few devices.
    if other_boxes && !same(&a.name, &b.name) {
        return false;
    }
    let in_common = !ips(a).is_disjoint(&ips(b)) || !macs(a).is_disjoint(&macs(b));
    // Text may hold neither: then the name alone has to do.
    let bare = ips(a).is_empty() && macs(a).is_empty() || ips(b).is_empty() && macs(b).is_empty();
    in_common || (bare && same(&a.name, &b.name))
}
