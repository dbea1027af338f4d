//! The rows of the analysis, in the order in which people read them.
//!
//! Rows are made in their order, one after the other: each with its texts is a piece of memory that nothing
//! moves any more, and that is written out from front to back.

use std::rc::Rc;

use foldhash::HashMap;
use sekisho_api::{
    CATEGORIES, Connection, Endpoint, Evidence, Exit, GENERAL_INTERNET, Initiator, Inside, Outside, Shared,
};
use sekisho_decode::{Addr, MacAddr, Written};
use sekisho_rules::asn;

use crate::behaviour::merged;
use crate::device::Profiles;
use crate::exit::Exits;
use crate::group::{Group, GroupKey, Groups};
use crate::judge;
use crate::owner::{DeviceKey, Owners};

/// What becomes a row.
type Keyed<'a> = (GroupKey, Box<Group<'a>>);

/// The rows of the analysis: the connections of which there are news.
pub(crate) fn rows(
    groups: Groups<'_>,
    owners: &Owners,
    profiles: &Profiles,
    exits: &Exits,
) -> Vec<Connection> {
    let mut groups: Vec<_> = groups.into_iter().filter(|(_, group)| group.news).map(Some).collect();
    // What tells most rows apart stands beside their places: a look at a group costs more than a comparison.
    let beside = |(at, group): (u32, &Option<Keyed<'_>>)| Some((Place::of(&group.as_ref()?.1), at));
    let mut places: Vec<_> = (0..).zip(&groups).filter_map(beside).collect();
    let key = |at: u32| {
        let (key, _) = groups.get(at as usize)?.as_ref()?;
        Some((&key.service, key))
    };
    // In place, for here memory is at its fullest; rows that show the same stand in the order of their keys.
    places.sort_unstable_by(|(a, a_at), (b, b_at)| a.cmp(b).then_with(|| key(*a_at).cmp(&key(*b_at))));
    let places: Vec<u32> = places.into_iter().map(|(_, at)| at).collect();
    let mut common =
        Common { owners, profiles, exits, insides: HashMap::default(), gateways: HashMap::default() };
    let mut rows = Vec::with_capacity(places.len());
    for at in places {
        if let Some((key, group)) = groups.get_mut(at as usize).and_then(Option::take) {
            rows.push(row(&mut common, &key, *group));
        }
    }
    rows
}

/// What rows are ordered by: what people look at first, then the ends as they are written.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct Place {
    rank: u8,
    inside: Written<39>,
    outside: Option<Written<39>>,
}

impl Place {
    fn of(group: &Group<'_>) -> Self {
        let outside = group.outside.best().copied().map(Addr::written);
        Self { rank: rank(group), inside: group.inside().written(), outside }
    }
}

/// What people look at first: tunnels, then the study's categories in its order, then what has none, and
/// the general Internet last.
fn rank(group: &Group<'_>) -> u8 {
    let category = group.category.as_ref().map(|(category, _)| &**category);
    let rank = CATEGORIES.iter().position(|slug| Some(*slug) == category).unwrap_or(match category {
        Some(GENERAL_INTERNET) => CATEGORIES.len() + 1,
        _ => CATEGORIES.len(),
    });
    u8::from(!group.tunnel) << 7 | rank as u8
}

/// What rows have in common: hundreds are of one device, tens of thousands leave by one gateway.
struct Common<'a> {
    owners: &'a Owners,
    profiles: &'a Profiles,
    exits: &'a Exits,
    insides: HashMap<(DeviceKey, Addr, Option<u16>), Shared<Inside>>,
    gateways: HashMap<(MacAddr, Addr), Shared<Exit>>,
}

impl Common<'_> {
    fn inside(&mut self, device: DeviceKey, address: Addr, vlan: Option<u16>) -> Shared<Inside> {
        let inside = || {
            let profile = self.profiles.get(&device);
            let inside = Inside {
                ip: address.written().text().to_owned(),
                mac: self.owners.mac(address).map(|mac| mac.written().text().to_owned()),
                vlan,
                name: profile.and_then(|profile| profile.names.first().cloned()),
                role: profile.and_then(|profile| profile.role.clone()),
                vendor: profile.and_then(|profile| profile.vendor.clone()),
            };
            inside.into()
        };
        self.insides.entry((device, address, vlan)).or_insert_with(inside).clone()
    }

    /// The gateway as a row of this inside address shows it.
    fn gateway(&mut self, mac: MacAddr, inside: Addr) -> Option<Shared<Exit>> {
        let exit = self.exits.get(&mac)?;
        let gateway = || exit.of_connection(mac, inside).into();
        Some(self.gateways.entry((mac, inside)).or_insert_with(gateway).clone())
    }
}

fn row(common: &mut Common<'_>, key: &GroupKey, mut group: Group<'_>) -> Connection {
    let inside = group.inside();
    let endpoints = group.take_endpoints();
    let first = endpoints.first().cloned().unwrap_or(Endpoint { transport: "ip".to_owned(), port: 0 });
    let (first_ns, last_ns) = group.span();
    let hours = group.hours().map(|(hour, bytes)| (crate::hour(hour), bytes)).collect();
    let told = group.told.unwrap_or_default();
    let initiator = if group.opened[0] >= group.opened[1] { Initiator::Inside } else { Initiator::Outside };
    // Of what carries neither other traffic nor a person's hands, an answer to a server's call is no work,
    // unless the connection is there to maintain.
    let maintains = group.category.as_ref().is_some_and(|(category, _)| category.ends_with("-maintenance"));
    let works = group.tunnel || maintains || initiator == Initiator::Outside;
    let maintenance = if works { merged(told.maintenance) } else { Vec::new() };
    let mut evidence: Vec<Evidence> = group.evidence.into_iter().map(Rc::unwrap_or_clone).collect();
    judge::order(&mut evidence);
    let text = |address: &Addr| address.written().text().to_owned();
    let system = group.outside.best().and_then(|address| asn::system(address.ip()));
    Connection {
        number: None,
        service: (*key.service).to_owned(),
        transport: first.transport,
        port: first.port,
        endpoints,
        initiator,
        inside: common.inside(key.device, inside, group.vlan),
        outside: Outside {
            ip: group.outside.best().map_or_else(String::new, text),
            ips: group.outside.keys().map(text).collect(),
            name: group.names.best().map(|name| (*name).to_owned()),
            org: group.org.map(|org| (*org).to_owned()),
            country: system.and_then(|system| system.country).map(str::to_owned),
            asn: system.map(|system| system.number),
        },
        exit: key.exit.and_then(|mac| common.gateway(mac, inside)),
        tunnel: group.tunnel,
        category: group.category.map(|(category, _)| (*category).to_owned()),
        status: "unregistered".to_owned(),
        registration: None,
        first_seen: crate::timestamp(first_ns),
        last_seen: crate::timestamp(last_ns),
        sessions: group.sessions,
        bytes_out: group.bytes.0,
        bytes_in: group.bytes.1,
        hours,
        beacon: told.beacon,
        behaviour: told.behaviour.map(Box::new),
        maintenance,
        exporters: group.exporters.into_iter().collect(),
        evidence,
    }
}
