//! Which addresses are inside, and why that is assumed.
//!
//! With prefixes given, exactly these are inside. Else private space is (RFC 1918, RFC 4193), and what
//! ARP, DHCP, router advertisements and broadcast show on the local links. A private address that is
//! only ever reached through a gateway other than the core is outside: closed networks (eligibility,
//! IP-VPN, vendors' VPNs) use private space too.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;
use sekisho_api::Assumption;
use sekisho_decode::{Addr, MacAddr};

use crate::ends::{End, Ends};
use crate::prefix::Prefix;
use crate::say;
use crate::station::{Station, Stations};

/// Private space: RFC 1918 and RFC 4193.
const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

/// What one hardware address carries.
#[derive(Debug, Default)]
struct Carried {
    /// Addresses that some other station claims: it routes between local links.
    local: bool,
    /// Addresses that nobody claims, with the conns that were carried for each.
    unclaimed: BTreeMap<Addr, u64>,
}

/// The decision.
#[derive(Debug, Default)]
pub(crate) struct Locality {
    inside: Vec<Prefix>,
    /// Single addresses inside, beyond the prefixes.
    hosts: BTreeSet<Addr>,
    /// Private addresses that lie behind an exit.
    beyond: BTreeSet<Addr>,
    /// Gateways between local links.
    pub(crate) cores: BTreeSet<MacAddr>,
    pub(crate) assumed: Vec<Assumption>,
}

impl Locality {
    pub(crate) fn decide(given: &[Prefix], stations: &Stations, ends: &Ends) -> Self {
        let carried = carried(stations, ends);
        let mut this = Self { cores: cores(stations, &carried), ..Self::default() };
        if !given.is_empty() {
            this.inside = given.to_vec();
            this.assumed.extend(given.iter().map(|prefix| say::assumed(prefix, true, &say::GIVEN)));
            return this;
        }
        let private: Vec<Prefix> = PRIVATE.iter().filter_map(|text| text.parse().ok()).collect();
        let is_private = |address: Addr| private.iter().any(|prefix| prefix.contains(address));
        this.assumed.extend(private.iter().map(|prefix| say::assumed(prefix, true, &say::PRIVATE)));
        this.inside.extend(&private);
        for (prefix, why) in &stations.prefixes {
            if !private.iter().any(|wide| wide.contains(prefix.first())) {
                this.inside.push(*prefix);
                this.assumed.push(say::assumed(prefix, true, say::announced(why)));
            }
        }
        for prefix in shared(stations, &carried, &this.cores) {
            if !this.inside.iter().any(|wide| wide.contains(prefix.first())) {
                this.inside.push(prefix);
                this.assumed.push(say::assumed(&prefix, true, &say::SHARED));
            }
        }
        // A gateway answers for others (proxy ARP, RFC 1027); what a station says unasked is its own.
        let answers_for_others = |mac: &MacAddr| {
            let is_public = |carried: &Carried| carried.unclaimed.keys().any(|address| !is_private(*address));
            carried.get(mac).is_some_and(|carried| carried.local || is_public(carried))
        };
        let alone = || stations.by_mac.iter().filter(|(mac, _)| !answers_for_others(mac));
        let links: BTreeSet<Prefix> =
            alone().flat_map(|(_, station)| &station.own).map(|address| network(*address)).collect();
        // Who answers for one address alone has it, if it lies where others say that theirs do.
        let only = |station: &Station| match station.claims.first() {
            Some(address) if station.claims.len() == 1 && links.contains(&network(*address)) => {
                Some(*address)
            }
            _ => None,
        };
        let owned = alone().flat_map(|(_, station)| station.own.iter().copied().chain(only(station)));
        for address in owned {
            let known = this.inside.iter().any(|prefix| prefix.contains(address));
            if !known && !address.is_link_local() && this.hosts.insert(address) {
                this.assumed.push(say::assumed(&Prefix::host(address), true, &say::CLAIMED));
            }
        }
        this.beyond = beyond(stations, &carried, &this.cores, is_private);
        let networks: BTreeSet<Prefix> = this.beyond.iter().map(|address| network(*address)).collect();
        this.assumed.extend(networks.iter().map(|prefix| say::assumed(prefix, false, &say::BEYOND)));
        this
    }

    /// Tells whether an address is the hospital's.
    pub(crate) fn is_inside(&self, address: Addr) -> bool {
        let inside = || self.inside.iter().any(|prefix| prefix.contains(address));
        !self.beyond.contains(&address) && (inside() || self.hosts.contains(&address))
    }
}

/// IPv6 prefixes of a watched link where no router was heard to advertise them: several stations, each
/// known by an IPv4 address of its own and carrying nobody else's, use addresses of one. A router alone
/// carries a far prefix.
fn shared(
    stations: &Stations,
    carried: &BTreeMap<MacAddr, Carried>,
    cores: &BTreeSet<MacAddr>,
) -> Vec<Prefix> {
    let mut users: BTreeMap<Prefix, usize> = BTreeMap::new();
    for (mac, carried) in carried.iter().filter(|(mac, _)| !cores.contains(mac)) {
        let known =
            stations.by_mac.get(mac).is_some_and(|station| station.claims.iter().any(|own| own.is_v4()));
        if !known || carried.unclaimed.keys().any(|address| address.is_v4()) {
            continue;
        }
        let networks: BTreeSet<Prefix> = carried.unclaimed.keys().map(|address| network(*address)).collect();
        for network in networks {
            *users.entry(network).or_default() += 1;
        }
    }
    users.into_iter().filter(|(_, stations)| *stations > 1).map(|(prefix, _)| prefix).collect()
}

/// The usual size of a link: where one address is local, its neighbours are.
fn network(address: Addr) -> Prefix {
    Prefix::around(address, if address.is_v4() { 24 } else { 64 })
}

fn carried(stations: &Stations, ends: &Ends) -> BTreeMap<MacAddr, Carried> {
    let mut owners: HashMap<Addr, BTreeSet<MacAddr>> = HashMap::default();
    for (mac, station) in &stations.by_mac {
        for address in &station.claims {
            owners.entry(*address).or_default().insert(*mac);
        }
    }
    let carry = |(mac, ends): (MacAddr, &[End])| {
        let mut carried = Carried::default();
        let mut any = false;
        let mut unclaimed = Vec::new();
        for ((_, address), sessions) in ends.iter().filter(|((_, address), _)| !address.is_link_local()) {
            match owners.get(address) {
                Some(owners) if owners.contains(&mac) => continue,
                Some(_) => carried.local = true,
                None => unclaimed.push((*address, *sessions)),
            }
            any = true;
        }
        carried.unclaimed = unclaimed.into_iter().collect();
        any.then_some((mac, carried))
    };
    ends.by_mac().filter_map(carry).collect()
}

/// Gateways that carry what other stations claim, or stand on several links themselves.
fn cores(stations: &Stations, carried: &BTreeMap<MacAddr, Carried>) -> BTreeSet<MacAddr> {
    let on_links = |claims: &BTreeSet<Addr>| {
        let links = claims.iter().filter(|address| address.is_v4() && !address.is_link_local());
        links.map(|address| network(*address)).collect::<BTreeSet<_>>().len()
    };
    let standing = stations.by_mac.iter().filter(|(_, station)| on_links(&station.claims) > 1);
    let routing = carried.iter().filter(|(_, carried)| carried.local);
    standing.map(|(mac, _)| *mac).chain(routing.map(|(mac, _)| *mac)).collect()
}

/// Private addresses that only gateways other than the core carry.
fn beyond(
    stations: &Stations,
    carried: &BTreeMap<MacAddr, Carried>,
    cores: &BTreeSet<MacAddr>,
    is_private: impl Fn(Addr) -> bool,
) -> BTreeSet<Addr> {
    if cores.is_empty() {
        // One gateway may be core and exit at once: nothing tells what lies beyond it.
        return BTreeSet::new();
    }
    let claims = stations.by_mac.values().flat_map(|station| &station.claims);
    let local: BTreeSet<Prefix> = claims.map(|address| network(*address)).collect();
    let announced = |address: Addr| stations.prefixes.keys().any(|prefix| prefix.contains(address));
    let foreign =
        |address: Addr| is_private(address) && !local.contains(&network(address)) && !announced(address);
    // By conns: a mirror that loses one copy of a routed packet shows the core as the nearest hop.
    let mut beyond: BTreeMap<Addr, u64> = BTreeMap::new();
    let mut by_core: BTreeMap<Addr, u64> = BTreeMap::new();
    for (mac, carried) in carried {
        let foreign: Vec<(Addr, u64)> = carried
            .unclaimed
            .iter()
            .map(|(address, sessions)| (*address, *sessions))
            .filter(|(address, _)| foreign(*address))
            .collect();
        let networks: BTreeSet<Prefix> = foreign.iter().map(|(address, _)| network(*address)).collect();
        // A station that never says its own address is no gateway for that.
        let is_gateway =
            networks.len() > 1 || stations.by_mac.get(mac).is_some_and(|station| !station.claims.is_empty());
        let sum = if cores.contains(mac) || !is_gateway { &mut by_core } else { &mut beyond };
        for (address, sessions) in foreign {
            *sum.entry(address).or_default() += sessions;
        }
    }
    let mostly = |address: &Addr, sessions: u64| sessions > by_core.get(address).copied().unwrap_or(0);
    beyond
        .into_iter()
        .filter(|(address, sessions)| mostly(address, *sessions))
        .map(|(address, _)| address)
        .collect()
}
