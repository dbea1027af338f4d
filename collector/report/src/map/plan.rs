//! What the map says, before it has a place on the page.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_api::{Analysis, Connection, Device, GENERAL_INTERNET, Topology};
use serde::Serialize;

use super::MapOf;
use super::group::{self, Group};
use super::party::{self, ExitCard};
use super::wired::{self, Tree};
use crate::text::Lang;

/// Everything that is on the map.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Plan {
    pub(crate) exits: Vec<ExitCard>,
    pub(crate) trees: Vec<Tree>,
    pub(crate) groups: Vec<Group>,
    /// Devices of VLANs for which there was no room.
    pub(crate) beyond: usize,
}

impl Plan {
    pub(crate) fn new(of: MapOf<'_>, lang: Lang) -> Self {
        let MapOf { analysis, topology, .. } = of;
        let exits = party::exits(analysis, topology, lang);
        let numbers: BTreeMap<&str, usize> =
            exits.iter().map(|exit| (exit.key.as_str(), exit.number)).collect();
        let ways = Ways::new(analysis, &numbers);
        let (groups, beyond) = group::groups(analysis, topology, &ways, lang);
        let trees = wired::trees(analysis, topology, &numbers, lang);
        Self { exits, trees, groups, beyond }
    }
}

/// By which exits each device reaches outside parties, the general Internet apart.
pub(crate) struct Ways<'m> {
    by_device: BTreeMap<&'m str, BTreeSet<(usize, bool)>>,
}

impl<'m> Ways<'m> {
    fn new(analysis: &'m Analysis, numbers: &BTreeMap<&str, usize>) -> Self {
        let mut by_device: BTreeMap<&str, BTreeSet<(usize, bool)>> = BTreeMap::new();
        for row in analysis.connections.iter().filter(|row| is_surveyed(row)) {
            let key = row.exit.as_ref().map_or("", |exit| exit.mac.as_str());
            let number = numbers.get(key).copied().unwrap_or(0);
            by_device.entry(end(row)).or_default().insert((number, row.tunnel));
        }
        Self { by_device }
    }

    /// Gives the numbers of a device's exits, and whether a tunnel goes there.
    pub(crate) fn of(&self, device: &Device) -> BTreeMap<usize, bool> {
        let own = device.mac.as_deref().and_then(|mac| self.by_device.get(mac));
        let ways = own.or_else(|| device.ips.iter().find_map(|ip| self.by_device.get(ip.as_str())));
        let mut exits = BTreeMap::new();
        for (number, tunnel) in ways.into_iter().flatten() {
            *exits.entry(*number).or_default() |= *tunnel;
        }
        exits
    }
}

/// What a connection's device is joined by: its hardware address, else its address.
fn end(row: &Connection) -> &str {
    row.inside.mac.as_deref().unwrap_or(&row.inside.ip)
}

/// Tells whether a connection is named on the map; what merely surfs is counted.
pub(crate) fn is_surveyed(row: &Connection) -> bool {
    row.tunnel || row.category.as_deref().is_some_and(|category| category != GENERAL_INTERNET)
}

/// The hardware addresses of what is drawn as equipment or exit, and not among the devices of a VLAN.
pub(crate) fn drawn_elsewhere(analysis: &Analysis, topology: &Topology) -> BTreeSet<String> {
    let nodes = topology.nodes.iter().flat_map(|node| &node.macs).map(ToString::to_string);
    nodes.chain(analysis.exits.iter().map(|exit| exit.mac.clone())).collect()
}
