//! Exits: the gateways that carry off-site traffic on the last hop seen.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_api::{Connection, Evidence, Exit, ExitRow};
use sekisho_decode::{Addr, MacAddr};
use sekisho_rules::{Facts, Field, Rules, Subject, oui};

use crate::connection::External;
use crate::device::Profiles;
use crate::finish::Known;
use crate::judge::{self, Judgement};
use crate::owner::DeviceKey;
use crate::{say, timestamp};

/// Outside addresses shown to the rules for one exit; a firewall carries thousands and needs none.
const MAX_ADDRESSES: usize = 64;

/// What is known of one exit.
#[derive(Debug, Default)]
pub(crate) struct ExitProfile {
    pub(crate) ips: BTreeSet<Addr>,
    pub(crate) name: Option<String>,
    pub(crate) vendor: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) line: Option<String>,
    outside: BTreeSet<Addr>,
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
        exit.outside.insert(external.outside());
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
    exit.evidence.push(say::carries(exit.outside.len()));
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
    if exit.outside.len() <= MAX_ADDRESSES {
        for address in &exit.outside {
            facts.add(Field::OutsideAddress, address.to_string());
        }
    }
    if exit.ips.iter().any(|address| known.stations.routers.contains(address)) {
        exit.evidence.push(say::offered_by_dhcp());
    }
    if let Some(station) = station {
        if station.routes.advertised {
            exit.evidence.push(say::advertises_itself());
        }
        if let Some(announced) = &station.neighbour {
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
            if station.routes.capability {
                exit.evidence.push(say::says_it_routes(announced.protocol));
            }
        }
    }
    let judgement = Judgement::of(rules, Subject::Exit, facts);
    exit.line = judgement.line;
    exit.role = judgement.role.or(exit.role.take());
    exit.evidence.extend(judgement.evidence);
    judge::order(&mut exit.evidence);
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
            connections: leaving.get(mac.as_str()).copied().unwrap_or(0),
            first_seen: exit.span.map(|(first, _)| timestamp(first)),
            last_seen: exit.span.map(|(_, last)| timestamp(last)),
            evidence: exit.evidence,
            mac,
        }
    };
    exits.into_iter().filter(|(_, exit)| exit.news).map(row).collect()
}
