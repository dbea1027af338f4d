//! The devices, by VLAN or subnet and within by role.

use std::collections::BTreeMap;
use std::net::IpAddr;

use sekisho_api::{Analysis, Device, Mac, Topology};
use serde::Serialize;

use super::plan::{Ways, drawn_elsewhere};
use crate::clean::clean;
use crate::text::{Lang, fill, label, text};

/// VLANs and subnets drawn: a hospital of a thousand beds has some forty.
const MAX_GROUPS: usize = 60;
/// Devices of one role named in a group.
const MAX_NAMED: usize = 5;
/// Characters of a device's line.
const MAX_CHARS: usize = 70;
/// Roles of which there are many alike: counted, and named only where one has a connection of its own.
const MANY: &[&str] = &["pc", "printer", "phone", "camera"];
/// The prefix by which addresses are grouped where nobody tells the subnet.
const USUAL_PREFIX: u8 = 24;

/// A VLAN or subnet with its devices.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Group {
    pub(crate) vlan: Option<u32>,
    pub(crate) prefix: Option<String>,
    /// Who routes it: names with addresses.
    pub(crate) routers: Vec<String>,
    pub(crate) devices: usize,
    pub(crate) roles: Vec<RoleRow>,
}

/// The devices of one role in a group.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct RoleRow {
    /// The role's slug; none where it is not known.
    pub(crate) role: Option<String>,
    pub(crate) label: String,
    pub(crate) count: usize,
    pub(crate) named: Vec<Named>,
    /// Devices that are not named.
    pub(crate) beyond: usize,
}

/// A device that is named.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Named {
    pub(crate) text: String,
    /// Numbers of the exits by which it reaches parties, and whether by a tunnel.
    pub(crate) exits: BTreeMap<usize, bool>,
}

/// What devices are grouped by; those of a VLAN first.
type Key = (bool, u32, Option<(IpAddr, u8)>);

/// Gives the groups in the order of VLAN and prefix, and how many devices had no place in them.
pub(crate) fn groups(
    analysis: &Analysis,
    topology: &Topology,
    ways: &Ways<'_>,
    lang: Lang,
) -> (Vec<Group>, usize) {
    let elsewhere = drawn_elsewhere(analysis, topology);
    let vlans: BTreeMap<Mac, u32> =
        topology.attachments.iter().filter_map(|place| Some((place.mac, place.vlan?))).collect();
    let subnets = subnets(topology);
    let mut members: BTreeMap<Key, Vec<&Device>> = BTreeMap::new();
    for device in &analysis.devices {
        if device.mac.as_ref().is_some_and(|mac| elsewhere.contains(mac)) {
            continue;
        }
        let mac: Option<Mac> = device.mac.as_deref().and_then(|mac| mac.parse().ok());
        let vlan = device.vlan.map(u32::from).or_else(|| vlans.get(&mac?).copied());
        let prefix = device.ips.iter().find_map(|ip| prefix_of(ip, &subnets));
        let key = match vlan {
            Some(vlan) => (false, vlan, None),
            None => (true, 0, prefix),
        };
        members.entry(key).or_default().push(device);
    }
    let beyond = members.values().skip(MAX_GROUPS).map(Vec::len).sum();
    let groups = members.into_iter().take(MAX_GROUPS);
    let groups = groups.map(|((_, vlan, prefix), devices)| {
        let vlan = (vlan != 0).then_some(vlan);
        let prefix = prefix.or_else(|| most_common(&devices, &subnets));
        Group {
            vlan,
            prefix: prefix.map(|(ip, prefix)| format!("{ip}/{prefix}")),
            routers: routers(topology, prefix),
            devices: devices.len(),
            roles: roles(&devices, ways, lang),
        }
    });
    (groups.collect(), beyond)
}

fn subnets(topology: &Topology) -> Vec<(IpAddr, u8)> {
    let parsed = |prefix: &str| {
        let (ip, prefix) = prefix.split_once('/')?;
        Some((ip.parse().ok()?, prefix.parse().ok()?))
    };
    let mut subnets: Vec<(IpAddr, u8)> =
        topology.subnets.iter().filter_map(|subnet| parsed(&subnet.prefix)).collect();
    // The longest prefix first: it is the one that an address is in.
    subnets.sort_by_key(|(_, prefix)| std::cmp::Reverse(*prefix));
    subnets
}

fn prefix_of(ip: &str, subnets: &[(IpAddr, u8)]) -> Option<(IpAddr, u8)> {
    let ip: IpAddr = ip.parse().ok()?;
    let known = subnets.iter().find(|(subnet, prefix)| network(ip, *prefix) == Some(*subnet));
    let IpAddr::V4(own) = ip else { return known.copied() };
    let usual = || Some((network(ip, USUAL_PREFIX)?, USUAL_PREFIX)).filter(|_| !own.is_link_local());
    known.copied().or_else(usual)
}

fn network(ip: IpAddr, prefix: u8) -> Option<IpAddr> {
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(prefix.into())?).unwrap_or(0);
            Some(std::net::Ipv4Addr::from(u32::from(ip) & mask).into())
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(prefix.into())?).unwrap_or(0);
            Some(std::net::Ipv6Addr::from(u128::from(ip) & mask).into())
        }
    }
}

/// The prefix that most devices of a VLAN are in.
fn most_common(devices: &[&Device], subnets: &[(IpAddr, u8)]) -> Option<(IpAddr, u8)> {
    let mut counts: BTreeMap<(IpAddr, u8), usize> = BTreeMap::new();
    for prefix in devices.iter().filter_map(|device| device.ips.iter().find_map(|ip| prefix_of(ip, subnets)))
    {
        *counts.entry(prefix).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(prefix, count)| (*count, std::cmp::Reverse(*prefix)))
        .map(|(prefix, _)| prefix)
}

fn routers(topology: &Topology, prefix: Option<(IpAddr, u8)>) -> Vec<String> {
    let Some((ip, prefix)) = prefix else { return Vec::new() };
    let prefix = format!("{ip}/{prefix}");
    let subnet = topology.subnets.iter().find(|subnet| subnet.prefix == prefix);
    let called =
        |key: &str| topology.nodes.iter().find(|node| node.key == key).and_then(|node| node.name.clone());
    let word = |router: &sekisho_api::Gateway| {
        let name = called(&router.node).unwrap_or_default();
        clean(format!("{name} {}", router.ip).trim(), MAX_CHARS).into_owned()
    };
    subnet.into_iter().flat_map(|subnet| &subnet.routers).map(word).collect()
}

/// Roles with their devices: medical and others that are few first, then those of which there are many, then
/// what is not known.
fn roles(devices: &[&Device], ways: &Ways<'_>, lang: Lang) -> Vec<RoleRow> {
    let mut by_role: BTreeMap<(u8, Option<&str>), Vec<&Device>> = BTreeMap::new();
    for device in devices {
        let role = device.role.as_deref();
        let order = match role {
            Some(role) if MANY.contains(&role) => 1,
            Some(_) => 0,
            None => 2,
        };
        by_role.entry((order, role)).or_default().push(device);
    }
    let row = |((order, role), mut devices): ((u8, Option<&str>), Vec<&Device>)| {
        devices.sort_by_key(|device| (ways.of(device).is_empty(), device.names.first(), device.ips.first()));
        let is_named = |device: &&&Device| order == 0 || !ways.of(device).is_empty();
        let named: Vec<Named> =
            devices.iter().filter(is_named).take(MAX_NAMED).map(|device| named(device, ways, lang)).collect();
        RoleRow {
            role: role.map(str::to_owned),
            label: role.map_or_else(
                || text(lang, "map.unknown-role").to_owned(),
                |role| label(lang, "role", role).into_owned(),
            ),
            count: devices.len(),
            beyond: devices.len() - named.len(),
            named,
        }
    };
    by_role.into_iter().map(row).collect()
}

fn named(device: &Device, ways: &Ways<'_>, lang: Lang) -> Named {
    let what = device.names.first().or(device.model.as_ref()).or(device.vendor.as_ref());
    let ip = device.ips.first().or(device.mac.as_ref());
    let words = [what, ip].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
    let text = if words.is_empty() { fill(lang, "map.unknown-role", &[]) } else { words };
    Named { text: clean(&text, MAX_CHARS).into_owned(), exits: ways.of(device) }
}
