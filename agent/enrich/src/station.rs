//! What the local network says of itself: who has which address (ARP, neighbour discovery, DHCP,
//! broadcast), who routes, who is called what.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;
use sekisho_decode::{Addr, Arp, Link, MacAddr, RouteMessage, ndp::Ndp};
use sekisho_recognise::neighbour::{Capability, Neighbour};
use sekisho_recognise::{Lease, NameSource};

use crate::holder::Holders;
use crate::intern::{Marks, TextId, Texts};
use crate::prefix::Prefix;

/// Hardware addresses kept; a large hospital has some 10,000.
const MAX_STATIONS: usize = 1 << 16;
/// Addresses kept for one hardware address: more is a router's proxy ARP or an attack.
const MAX_ADDRESSES: usize = 64;
/// Names kept for one address or station.
const MAX_NAMES: usize = 8;
/// How long a station stays known without being seen, once half the room is taken: telephones make up a new
/// address for every network and day.
const ABSENT_NS: i64 = 7 * 24 * 3_600 * 1_000_000_000;
/// How long a rivalry about an address is told after its last turn.
const RIVALRY_NS: i64 = 24 * 3_600 * 1_000_000_000;
/// Prefixes kept that DHCP and router advertisements announce.
const MAX_PREFIXES: usize = 1 << 10;

/// One hardware address.
#[derive(Debug, Default)]
pub(crate) struct Station {
    /// Addresses it claimed itself, in ARP, neighbour discovery or DHCP.
    pub(crate) claims: BTreeSet<Addr>,
    /// Those of them that it claimed unasked: by asking others, by announcing itself.
    pub(crate) own: BTreeSet<Addr>,
    /// Whether it announced itself as a router (RFC 4861), or a DHCP server named it.
    pub(crate) routes: Routes,
    pub(crate) vlan: u16,
    pub(crate) span: Option<(i64, i64)>,
    /// What it calls itself in DHCP.
    pub(crate) hostname: Option<TextId>,
    pub(crate) vendor_class: Option<TextId>,
    pub(crate) parameters: Option<TextId>,
    pub(crate) neighbour: Option<Announced>,
    /// Whether it was seen since it was last reported.
    pub(crate) news: bool,
}

/// Why a station is taken for a router.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "signs that have nothing to do with each other")]
pub(crate) struct Routes {
    pub(crate) advertised: bool,
    pub(crate) capability: bool,
    /// Whether it sent others a redirect, or told them of packets that ran out of time or were too large.
    pub(crate) reports: bool,
    /// Whether it is an end of a PPPoE session.
    pub(crate) pppoe: bool,
    /// The smallest MTU that it said the next line has, in octets; 0 for none.
    pub(crate) next_mtu: u32,
}

impl Routes {
    const fn absorb(&mut self, other: Self) {
        self.advertised |= other.advertised;
        self.capability |= other.capability;
        self.reports |= other.reports;
        self.pppoe |= other.pppoe;
        self.narrow(other.next_mtu);
    }

    const fn narrow(&mut self, mtu: u32) {
        if mtu > 0 && (self.next_mtu == 0 || mtu < self.next_mtu) {
            self.next_mtu = mtu;
        }
    }
}

/// What LLDP or CDP said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Announced {
    pub(crate) protocol: &'static str,
    pub(crate) name: Option<TextId>,
    pub(crate) description: Option<TextId>,
    pub(crate) platform: Option<TextId>,
    pub(crate) software: Option<TextId>,
    pub(crate) serial: Option<TextId>,
    pub(crate) capabilities: Vec<&'static str>,
}

impl Station {
    fn absorb(&mut self, other: Self, translate: &mut impl FnMut(TextId) -> Option<TextId>) {
        for (ours, theirs) in [(&mut self.claims, other.claims), (&mut self.own, other.own)] {
            for address in theirs {
                if ours.len() < MAX_ADDRESSES {
                    ours.insert(address);
                }
            }
        }
        self.routes.absorb(other.routes);
        if self.vlan == 0 {
            self.vlan = other.vlan;
        }
        self.span = match (self.span, other.span) {
            (Some((first, last)), Some((from, to))) => Some((first.min(from), last.max(to))),
            (ours, theirs) => ours.or(theirs),
        };
        self.hostname = other.hostname.and_then(&mut *translate).or(self.hostname);
        self.vendor_class = other.vendor_class.and_then(&mut *translate).or(self.vendor_class);
        self.parameters = other.parameters.and_then(&mut *translate).or(self.parameters);
        if let Some(mut said) = other.neighbour {
            for text in said.texts_mut() {
                *text = text.and_then(&mut *translate);
            }
            self.neighbour = Some(said);
        }
        self.news |= other.news;
    }

    fn texts(&self) -> impl Iterator<Item = TextId> {
        let said = self.neighbour.iter().flat_map(|said| {
            [said.name, said.description, said.platform, said.software, said.serial].into_iter().flatten()
        });
        self.hostname.into_iter().chain(self.vendor_class).chain(self.parameters).chain(said)
    }
}

impl Announced {
    const fn texts_mut(&mut self) -> [&mut Option<TextId>; 5] {
        [&mut self.name, &mut self.description, &mut self.platform, &mut self.software, &mut self.serial]
    }
}

/// The local network's own statements.
#[derive(Debug, Default)]
pub(crate) struct Stations {
    pub(crate) by_mac: BTreeMap<MacAddr, Station>,
    pub(crate) holders: Holders,
    /// Names by address, each with where it came from.
    pub(crate) names: HashMap<Addr, Vec<(NameSource, TextId)>>,
    /// Prefixes that DHCP and router advertisements call local.
    pub(crate) prefixes: BTreeMap<Prefix, &'static str>,
    /// Routers that DHCP names to its clients.
    pub(crate) routers: BTreeSet<Addr>,
    /// Gateways to which routers redirect hosts.
    pub(crate) recommended: BTreeSet<Addr>,
    /// Stations that found no room.
    pub(crate) refused: u64,
}

impl Stations {
    fn station(&mut self, mac: MacAddr, time_ns: i64, vlan: u16) -> Option<&mut Station> {
        if mac.is_group() || mac.is_zero() {
            return None;
        }
        if self.by_mac.len() >= MAX_STATIONS && !self.by_mac.contains_key(&mac) {
            self.refused += 1;
            return None;
        }
        let station = self.by_mac.entry(mac).or_default();
        let (first, last) = station.span.unwrap_or((time_ns, time_ns));
        station.span = Some((first.min(time_ns), last.max(time_ns)));
        station.news = true;
        if station.vlan == 0 {
            station.vlan = vlan;
        }
        Some(station)
    }

    /// Takes in what another has; `translate` gives its texts in our numbers.
    pub(crate) fn absorb(&mut self, other: Self, translate: &mut impl FnMut(TextId) -> Option<TextId>) {
        for (mac, station) in other.by_mac {
            if self.by_mac.len() >= MAX_STATIONS && !self.by_mac.contains_key(&mac) {
                self.refused += 1;
                continue;
            }
            self.by_mac.entry(mac).or_default().absorb(station, translate);
        }
        self.holders.absorb(other.holders);
        for (address, names) in other.names {
            for (source, name) in names {
                if let Some(name) = translate(name) {
                    self.name(address, source, name);
                }
            }
        }
        for (prefix, why) in other.prefixes {
            self.announce(prefix, why);
        }
        if self.routers.len() < MAX_PREFIXES {
            self.routers.extend(other.routers);
        }
        if self.recommended.len() < MAX_PREFIXES {
            self.recommended.extend(other.recommended);
        }
        self.refused += other.refused;
    }

    /// Takes what there is as reported; where room is scarce, forgets who has not been seen for long.
    pub(crate) fn told(&mut self, now_ns: i64) {
        self.refused = 0;
        let crowded = self.by_mac.len() > MAX_STATIONS / 2;
        self.by_mac.retain(|_, station| {
            station.news = false;
            let absent = |(_, last): (i64, i64)| last.abs_diff(now_ns) > ABSENT_NS.unsigned_abs();
            !(crowded && station.span.is_some_and(absent))
        });
        self.holders.forget(now_ns.saturating_sub(ABSENT_NS), now_ns.saturating_sub(RIVALRY_NS));
        if self.names.len() > MAX_STATIONS / 2 {
            let claimed: BTreeSet<Addr> =
                self.by_mac.values().flat_map(|station| &station.claims).copied().collect();
            self.names.retain(|address, _| claimed.contains(address));
        }
    }

    /// Marks the texts that stations refer to.
    pub(crate) fn texts(&self, marks: &mut Marks) {
        let names = self.names.values().flatten().map(|(_, name)| *name);
        let said = self.by_mac.values().flat_map(Station::texts);
        names.chain(said).for_each(|text| marks.mark(text));
    }

    /// Notes a claim that a station makes for itself, unasked.
    fn own(&mut self, mac: MacAddr, address: Addr, time_ns: i64, vlan: u16) {
        self.claim(mac, address, time_ns, vlan);
        if let Some(station) = self.by_mac.get_mut(&mac)
            && station.claims.contains(&address)
        {
            station.own.insert(address);
        }
    }

    fn claim(&mut self, mac: MacAddr, address: Addr, time_ns: i64, vlan: u16) {
        if address.is_group() {
            return;
        }
        if let Some(station) = self.station(mac, time_ns, vlan)
            && (station.claims.len() < MAX_ADDRESSES || station.claims.contains(&address))
        {
            station.claims.insert(address);
            self.holders.claimed(address, mac, time_ns);
        }
    }

    /// RFC 826: the sender has the address it names. A probe names none (RFC 5227 §2.1.1).
    pub(crate) fn arp(&mut self, time_ns: i64, link: &Link, arp: &Arp) {
        if arp.operation == 1 || arp.sender_ip == arp.target_ip {
            self.own(arp.sender_mac, arp.sender_ip, time_ns, link.vlan);
        } else {
            self.claim(arp.sender_mac, arp.sender_ip, time_ns, link.vlan);
        }
        // Who answers and who is answered have each other's addresses.
        if arp.operation == 2 {
            self.claim(arp.target_mac, arp.target_ip, time_ns, link.vlan);
        }
    }

    pub(crate) fn ndp(&mut self, time_ns: i64, link: &Link, source: Addr, message: &Ndp) {
        let mac = message.mac.unwrap_or(link.src);
        if !source.is_group() {
            self.own(mac, source, time_ns, link.vlan);
        }
        if message.router
            && let Some(station) = self.station(mac, time_ns, link.vlan)
        {
            station.routes.advertised = true;
        }
        if let Some((address, len)) = message.prefix {
            self.announce(Prefix::around(address, len), "router-advertisement");
        }
    }

    /// A neighbour advertisement: the target is the sender's own (RFC 4861 §4.4).
    pub(crate) fn ndp_target(&mut self, time_ns: i64, link: &Link, message: &Ndp) {
        if let Some(target) = message.target {
            self.claim(message.mac.unwrap_or(link.src), target, time_ns, link.vlan);
        }
    }

    /// A router's message: its sender routes, if it stands on this link itself.
    pub(crate) fn route_message(&mut self, time_ns: i64, link: &Link, source: Addr, message: RouteMessage) {
        let mac = link.src;
        // Else the frame's sender only passes on what another router farther away said.
        let own = self.by_mac.get(&mac).is_some_and(|station| station.claims.contains(&source));
        if own && let Some(station) = self.station(mac, time_ns, link.vlan) {
            station.routes.reports = true;
            if let RouteMessage::TooBig { mtu } = message {
                station.routes.narrow(mtu);
            }
        }
        if let RouteMessage::Redirect { gateway } = message
            && self.recommended.len() < MAX_PREFIXES
        {
            self.recommended.insert(gateway);
        }
    }

    /// A frame of a PPPoE session: both its ends stand on an access line.
    pub(crate) fn pppoe(&mut self, time_ns: i64, link: &Link) {
        for mac in [link.src, link.dst] {
            if let Some(station) = self.station(mac, time_ns, link.vlan) {
                station.routes.pppoe = true;
            }
        }
    }

    /// A broadcast stays on its link, so its sender is there.
    pub(crate) fn broadcast(&mut self, time_ns: i64, link: &Link, source: Addr) {
        self.own(link.src, source, time_ns, link.vlan);
    }

    fn announce(&mut self, prefix: Prefix, why: &'static str) {
        if self.prefixes.len() < MAX_PREFIXES {
            self.prefixes.entry(prefix).or_insert(why);
        }
    }

    pub(crate) fn lease(&mut self, time_ns: i64, vlan: u16, lease: &Lease<'_>, texts: &mut Texts) {
        let address = Some(lease.address).filter(|address| !address.is_group());
        if let (Some(address), Some(len)) = (address, lease.prefix_len) {
            self.announce(Prefix::around(address, len), "dhcp");
        }
        if self.routers.len() < MAX_PREFIXES {
            self.routers.extend(lease.router);
        }
        if let (Some(address), Some(name)) = (address, lease.hostname) {
            self.named(address, name, NameSource::Dhcp, texts);
        }
        if let Some(address) = address {
            self.own(lease.mac, address, time_ns, vlan);
        }
        // A client asks before it has an address, and the answer may pass elsewhere.
        let hostname = lease.hostname.and_then(|name| texts.id(name));
        let vendor_class = lease.vendor_class.and_then(|class| texts.id(class));
        let parameters: Vec<String> = lease.parameters.iter().map(u8::to_string).collect();
        let parameters = texts.id(&parameters.join(","));
        if let Some(station) = self.station(lease.mac, time_ns, vlan) {
            station.hostname = hostname.or(station.hostname);
            station.vendor_class = vendor_class.or(station.vendor_class);
            station.parameters = parameters.or(station.parameters);
        }
    }

    pub(crate) fn named(&mut self, address: Addr, name: &str, source: NameSource, texts: &mut Texts) {
        if let Some(name) = texts.id(name) {
            self.name(address, source, name);
        }
    }

    fn name(&mut self, address: Addr, source: NameSource, name: TextId) {
        if self.names.len() >= MAX_STATIONS && !self.names.contains_key(&address) {
            self.refused += 1;
            return;
        }
        let names = self.names.entry(address).or_default();
        if names.len() < MAX_NAMES && !names.contains(&(source, name)) {
            names.push((source, name));
        }
    }

    pub(crate) fn neighbour(
        &mut self,
        time_ns: i64,
        link: &Link,
        neighbour: &Neighbour<'_>,
        texts: &mut Texts,
    ) {
        let mut id = |text: Option<&str>| text.and_then(|text| texts.id(text));
        let announced = Announced {
            protocol: if neighbour.protocol == NameSource::Cdp { "cdp" } else { "lldp" },
            name: id(neighbour.system_name),
            description: id(neighbour.description),
            platform: id(neighbour.platform),
            software: id(neighbour.software),
            serial: id(neighbour.serial),
            capabilities: CAPABILITIES
                .iter()
                .filter(|(capability, _)| neighbour.capabilities.contains(*capability))
                .map(|(_, slug)| *slug)
                .collect(),
        };
        let routes = neighbour.capabilities.contains(Capability::Router);
        // The frame's sender is a port of the box.
        if let Some(station) = self.station(link.src, time_ns, link.vlan) {
            station.routes.capability |= routes;
            station.neighbour = Some(announced);
        }
        if let Some(address) = neighbour.management {
            self.claim(link.src, address, time_ns, link.vlan);
            if let Some(name) = neighbour.system_name {
                self.named(address, name, neighbour.protocol, texts);
            }
        }
    }
}

/// What a box does, by the rules' word.
const CAPABILITIES: [(Capability, &str); 6] = [
    (Capability::Router, "router"),
    (Capability::Switch, "switch"),
    (Capability::Phone, "phone"),
    (Capability::AccessPoint, "access-point"),
    (Capability::Station, "station"),
    (Capability::Repeater, "repeater"),
];
