//! Exits: the gateways that carry off-site traffic on the last hop seen.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;

use sekisho_api::{Connection, Evidence, Exit, ExitRow, role};
use sekisho_decode::{Addr, MacAddr};
use sekisho_rules::{Facts, Field, Rules, Subject, asn, oui};

use crate::connection::External;
use crate::device::Profiles;
use crate::finish::Known;
use crate::intern::TextId;
use crate::judge::{self, Judgement};
use crate::owner::DeviceKey;
use crate::station::Routes;
use crate::{say, timestamp};

/// Outside addresses shown to the rules for one exit; a firewall carries thousands and needs none.
const MAX_ADDRESSES: usize = 64;
/// Public addresses told of one exit; a pool of a carrier's has more, and four say whose it is.
const MAX_PUBLIC: usize = 4;

/// What is known of one exit.
#[derive(Debug, Default)]
pub(crate) struct ExitProfile {
    pub(crate) ips: BTreeSet<Addr>,
    pub(crate) name: Option<String>,
    pub(crate) vendor: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) line: Option<String>,
    outside: BTreeSet<Addr>,
    /// How many of them answered through it.
    answering: usize,
    /// What proves that it is a gateway, by slug.
    proofs: Vec<&'static str>,
    /// How it looks from outside, as servers there tell it.
    public: BTreeSet<TextId>,
    span: Option<(i64, i64)>,
    evidence: Vec<Evidence>,
    /// Whether it carried anything since it was last reported.
    news: bool,
}

/// All exits, by hardware address.
pub(crate) type Exits = BTreeMap<MacAddr, ExitProfile>;

impl ExitProfile {
    /// The exit as a connection of a device shows it; its address on the device's link, where it has one.
    pub(crate) fn of_connection(&self, mac: MacAddr, inside: Addr) -> Exit {
        let near = |address: &&Addr| shared_bits(**address, inside);
        Exit {
            mac: mac.to_string(),
            ip: self.ips.iter().max_by_key(near).map(Addr::to_string),
            name: self.name.clone(),
            vendor: self.vendor.clone(),
            line: self.line.clone(),
        }
    }
}

fn shared_bits(a: Addr, b: Addr) -> u32 {
    (a.bits() ^ b.bits()).leading_zeros()
}

pub(crate) fn exits(
    known: &Known<'_, '_>,
    profiles: &Profiles,
    external: &[External<'_>],
    rules: &Rules,
) -> Exits {
    let mut exits = Exits::new();
    for external in external {
        let Some(mac) = external.exit() else { continue };
        let exit = exits.entry(mac).or_default();
        if exit.outside.insert(external.outside()) && external.relation.answered {
            exit.answering += 1;
        }
        let room = MAX_PUBLIC.saturating_sub(exit.public.len());
        exit.public.extend(external.public_addresses().take(room));
        exit.news |= external.relation.news;
        let (first_ns, last_ns) = (external.relation.first_ns, external.relation.last_ns);
        let (first, last) = exit.span.unwrap_or((first_ns, last_ns));
        exit.span = Some((first.min(first_ns), last.max(last_ns)));
    }
    for (mac, exit) in &mut exits {
        describe(*mac, exit, known, profiles, rules);
    }
    exits
}

fn describe(mac: MacAddr, exit: &mut ExitProfile, known: &Known<'_, '_>, profiles: &Profiles, rules: &Rules) {
    let station = known.stations.by_mac.get(&mac);
    let claims = station.iter().flat_map(|station| &station.claims);
    exit.ips = claims.filter(|address| !address.is_link_local()).copied().collect();
    let mut facts = Facts::default();
    facts.add(Field::Mac, mac.to_string());
    if let Some(vendor) = oui::vendor(mac.0) {
        facts.add(Field::OuiVendor, vendor);
        exit.evidence.push(say::made_by(vendor));
        exit.vendor = Some(vendor.to_owned());
    }
    if let Some(profile) = profiles.get(&DeviceKey::Mac(mac)) {
        exit.name = profile.names.first().cloned();
        exit.role.clone_from(&profile.role);
        exit.vendor = profile.vendor.clone().or(exit.vendor.take());
        for name in &profile.names {
            facts.add(Field::Hostname, name.as_str());
        }
    }
    exit.addresses(&mut facts);
    exit.looks(&mut facts, known);
    if let Some(announced) = station.and_then(|station| station.neighbour.as_ref()) {
        let text = |id| known.texts.text(id).to_owned();
        exit.name = announced.name.map(text).or(exit.name.take());
        for (field, id) in [
            (Field::SysName, announced.name),
            (Field::SysDescr, announced.description),
            (Field::Platform, announced.platform),
        ] {
            if let Some(id) = id {
                facts.add(field, known.texts.text(id));
            }
        }
        for capability in &announced.capabilities {
            facts.add(Field::Capability, *capability);
        }
    }
    let routes = station.map_or_else(Routes::default, |station| station.routes);
    let feel = known.feels.get(&mac).copied().unwrap_or_default();
    for (field, value) in [
        (Field::MaxSegment, feel.max_segment.map(u32::from)),
        (Field::NearMs, feel.near_ms),
        (Field::JitterMs, feel.jitter_ms),
        (Field::NextMtu, (routes.next_mtu > 0).then_some(routes.next_mtu)),
    ] {
        if let Some(value) = value {
            facts.add(field, value.to_string());
        }
    }
    if routes.pppoe {
        facts.add(Field::Encapsulation, "pppoe");
    }
    let judgement = Judgement::of(rules, Subject::Exit, facts);
    exit.line = judgement.line;
    exit.role = judgement.role.or(exit.role.take());
    exit.prove(mac, routes, known);
    exit.evidence.extend(judgement.evidence.into_iter().map(Rc::unwrap_or_clone));
    judge::order(&mut exit.evidence);
}

impl ExitProfile {
    /// Shows the rules where it leads, and where it stands itself.
    fn addresses(&self, facts: &mut Facts<'_>) {
        if self.outside.len() <= MAX_ADDRESSES {
            for address in &self.outside {
                facts.add(Field::OutsideAddress, address.to_string());
            }
        }
        for address in &self.ips {
            facts.add(Field::OwnAddress, address.to_string());
            if let Some(system) = asn::system(address.ip()) {
                facts.add(Field::Asn, system.number.to_string());
                facts.add(Field::AsName, system.name);
            }
        }
    }

    /// Shows the rules how it looks from outside, and whose addresses those are.
    fn looks(&mut self, facts: &mut Facts<'_>, known: &Known<'_, '_>) {
        let told = self.public.iter().filter_map(|text| known.texts.text(*text).parse::<IpAddr>().ok());
        // Without translation a device looks as it does inside.
        let public: BTreeSet<IpAddr> =
            told.filter(|address| !known.locality.is_inside((*address).into())).collect();
        let whose: Vec<_> = public.into_iter().map(|address| (address, asn::system(address))).collect();
        for (address, system) in &whose {
            facts.add(Field::PublicAddress, address.to_string());
            if let Some(system) = system {
                facts.add(Field::Asn, system.number.to_string());
                facts.add(Field::AsName, system.name);
            }
        }
        self.evidence.extend((!whose.is_empty()).then(|| say::looks_like(&whose)));
    }

    /// Lists what proves that it is a gateway: each of these can be seen without the others.
    fn prove(&mut self, mac: MacAddr, routes: Routes, known: &Known<'_, '_>) {
        // A switch may route between the subnets that it carries.
        let network = self.role.as_deref().filter(|role| role::routes(role) || *role == "switch");
        let other = self.role.as_deref().filter(|role| COMPUTERS.contains(role));
        let announced = known.stations.by_mac.get(&mac).and_then(|station| station.neighbour.as_ref());
        let any = |addresses: &BTreeSet<Addr>| self.ips.iter().any(|address| addresses.contains(address));
        let proofs = [
            ("carries", Some(say::carries(self.outside.len()))),
            ("answers", (self.answering > 0).then(|| say::answers(self.answering))),
            ("dhcp", any(&known.stations.routers).then(say::offered_by_dhcp)),
            ("advertises", routes.advertised.then(say::advertises_itself)),
            ("redirect", any(&known.stations.recommended).then(say::recommended)),
            ("icmp", routes.reports.then(say::reports)),
            ("virtual-address", virtual_router(mac).map(say::virtual_address)),
            (
                "neighbour",
                announced.filter(|_| routes.capability).map(|said| say::says_it_routes(said.protocol)),
            ),
            ("role", network.map(say::is_a_router)),
        ];
        for (slug, evidence) in proofs {
            if let Some(evidence) = evidence {
                self.proofs.push(slug);
                self.evidence.push(evidence);
            }
        }
        self.evidence.extend(other.map(say::is_no_router));
    }
}

/// Roles of boxes that are no network equipment, yet pass on traffic where somebody made them.
const COMPUTERS: [&str; 5] = ["pc", "server", "nas", "printer", "analyzer"];

/// Tells the protocol whose virtual hardware address this is: VRRP (RFC 9568 §7.3), HSRP versions 1 and 2,
/// GLBP (Cisco).
const fn virtual_router(mac: MacAddr) -> Option<&'static str> {
    match mac.0 {
        [0x00, 0x00, 0x5e, 0x00, 0x01 | 0x02, _] => Some("VRRP"),
        [0x00, 0x00, 0x0c, 0x07, 0xac, _] | [0x00, 0x00, 0x0c, 0x9f, 0xf0..=0xff, _] => Some("HSRP"),
        [0x00, 0x07, 0xb4, 0x00, _, _] => Some("GLBP"),
        _ => None,
    }
}

/// The rows of the analysis.
pub(crate) fn rows(exits: Exits, connections: &[Connection]) -> Vec<ExitRow> {
    let mut leaving: BTreeMap<&str, u64> = BTreeMap::new();
    for exit in connections.iter().filter_map(|row| row.exit.as_ref()) {
        *leaving.entry(&exit.mac).or_default() += 1;
    }
    let row = |(mac, exit): (MacAddr, ExitProfile)| {
        let mac = mac.to_string();
        ExitRow {
            ip: exit.ips.first().map(Addr::to_string),
            name: exit.name,
            vendor: exit.vendor,
            line: exit.line,
            registered: false,
            proofs: exit.proofs.into_iter().map(str::to_owned).collect(),
            connections: leaving.get(mac.as_str()).copied().unwrap_or(0),
            first_seen: exit.span.map(|(first, _)| timestamp(first)),
            last_seen: exit.span.map(|(_, last)| timestamp(last)),
            evidence: exit.evidence,
            mac,
        }
    };
    exits.into_iter().filter(|(_, exit)| exit.news).map(row).collect()
}
