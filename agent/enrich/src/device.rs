//! Devices inside: addresses, names, maker and role, each with its evidence.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;
use foldhash::fast::RandomState;
use indexmap::IndexMap;
use sekisho_api::{Device, Evidence};
use sekisho_decode::{Addr, MacAddr};
use sekisho_recognise::{Key, NameSource, Side};
use sekisho_rules::{Facts, Field, Rules, Subject, oui};

use crate::each::Each;
use crate::finish::Known;
use crate::intern::TextId;
use crate::judge::{self, Judge};
use crate::owner::{DeviceKey, is_virtual};
use crate::relation::{Relation, RelationKey};
use crate::station::{Announced, Station};
use crate::{say, timestamp};

/// Devices listed; a bound on what strangers can make us list, not on hospitals.
const MAX_DEVICES: usize = 1 << 16;

/// SOP classes that a modality proposes: its own storage, worklist, procedure step, commitment, dose.
const MAX_TELLING_CLASSES: usize = 16;

/// IPv4 addresses that a device claims for itself; who claims more answers for others (proxy ARP, RFC 1027).
const MAX_OWN_V4: usize = 4;

/// One device, while its facts come together.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    pub(crate) addresses: BTreeSet<Addr>,
    /// Addresses that it and another claim by turns, with that other.
    contested: Vec<(Addr, MacAddr)>,
    pub(crate) vlan: u16,
    pub(crate) names: Vec<String>,
    pub(crate) vendor: Option<String>,
    pub(crate) role: Option<String>,
    model: Option<String>,
    os: Option<String>,
    firmware: Option<String>,
    serial: Option<String>,
    offers: Each<&'static str>,
    uses: Each<&'static str>,
    notes: Each<(Key, TextId)>,
    span: Option<(i64, i64)>,
    evidence: Vec<Evidence>,
    /// Whether it was seen since it was last reported.
    news: bool,
}

/// All devices, by identity.
pub(crate) type Profiles = IndexMap<DeviceKey, Profile, RandomState>;

/// Brings together what is known of every device inside, and has the rules judge it.
pub(crate) fn profiles(known: &Known<'_, '_>, rules: &Rules) -> Profiles {
    let mut gathered = Gathered { known, profiles: Profiles::default(), places: HashMap::default() };
    for address in known.owners.addresses() {
        gathered.profile(address);
    }
    for (key, relation) in &known.relations {
        for side in [Side::Orig, Side::Resp] {
            end(&mut gathered, key, relation, side);
        }
    }
    let mut profiles = gathered.profiles;
    contested(&mut profiles, known);
    introduced(&mut profiles, known);
    let mut rules = Judge::new(rules, Subject::Device);
    for (key, profile) in &mut profiles {
        judge(*key, profile, known, &mut rules);
    }
    profiles
}

/// Shows an address that two stations claim by turns at both of them.
fn contested(profiles: &mut Profiles, known: &Known<'_, '_>) {
    let many = |station: &Station| station.claims.iter().filter(|own| own.is_v4()).count() > MAX_OWN_V4;
    let answers_for_others =
        |mac: &MacAddr| is_virtual(*mac) || known.stations.by_mac.get(mac).is_none_or(many);
    for (address, [one, other]) in known.stations.holders.contested() {
        if !known.locality.is_inside(address) || [one, other].iter().any(answers_for_others) {
            continue;
        }
        for (mac, rival) in [(one, other), (other, one)] {
            let key = DeviceKey::Mac(mac);
            if profiles.len() < MAX_DEVICES || profiles.contains_key(&key) {
                let profile = profiles.entry(key).or_default();
                profile.span =
                    profile.span.or(known.stations.by_mac.get(&mac).and_then(|station| station.span));
                profile.contested.push((address, rival));
            }
        }
    }
}

/// Adds the stations of which no address inside is known, but who they are: they said it over LLDP, CDP
/// or DHCP, which stay on the link.
fn introduced(profiles: &mut Profiles, known: &Known<'_, '_>) {
    // A switch sends from each port's own address; who is known by that name is listed already.
    let mut boxes: BTreeSet<TextId> =
        profiles.keys().filter_map(|key| announced(*key, known)?.name).collect();
    for (mac, station) in &known.stations.by_mac {
        if station.claims.iter().any(|address| known.locality.is_inside(*address)) {
            continue;
        }
        let name = station.neighbour.as_ref().and_then(|said| said.name);
        let known_box = name.is_some_and(|name| !boxes.insert(name));
        let says = name.or(station.hostname).is_some() && !known_box;
        if says && profiles.len() < MAX_DEVICES {
            let profile = profiles.entry(DeviceKey::Mac(*mac)).or_default();
            profile.vlan = station.vlan;
            profile.span = profile.span.or(station.span);
        }
    }
}

/// Devices, while relationships tell of them.
struct Gathered<'k> {
    known: &'k Known<'k, 'k>,
    profiles: Profiles,
    /// Where the profile of an address stands; `None` for one that has none. Hundreds of relationships share
    /// an address.
    places: HashMap<Addr, Option<usize>>,
}

impl Gathered<'_> {
    fn profile(&mut self, address: Addr) -> Option<&mut Profile> {
        let Self { known, profiles, places } = self;
        let place = *places.entry(address).or_insert_with(|| {
            if address.is_group() || !known.locality.is_inside(address) {
                return None;
            }
            let key = known.owners.device(address);
            if profiles.len() >= MAX_DEVICES && !profiles.contains_key(&key) {
                return None;
            }
            let entry = profiles.entry(key);
            let place = entry.index();
            entry.or_default().addresses.insert(address);
            Some(place)
        });
        profiles.get_index_mut(place?).map(|(_, profile)| profile)
    }
}

/// Adds what one end of a relationship tells of the device there.
fn end(gathered: &mut Gathered<'_>, key: &RelationKey, relation: &Relation, side: Side) {
    let (address, vlan) = match side {
        Side::Orig => (key.orig, relation.vlans[0]),
        Side::Resp => (key.resp, relation.vlans[1]),
    };
    let spoke = side == Side::Orig || relation.answered;
    if !spoke {
        return;
    }
    let Some(profile) = gathered.profile(address) else { return };
    profile.news |= relation.news;
    if profile.vlan == 0 {
        profile.vlan = vlan;
    }
    let (first, last) = profile.span.unwrap_or((relation.first_ns, relation.last_ns));
    profile.span = Some((first.min(relation.first_ns), last.max(relation.last_ns)));
    if let Some(service) = key.service {
        match side {
            Side::Orig => profile.uses.add(service),
            Side::Resp => profile.offers.add(service),
        }
    }
    // What a device only accepts over DICOM says nothing of what it makes.
    let accepts = |key: Key| side == Side::Resp && key == Key::SopClass;
    let own = relation.notes.iter().filter(|(of, key, _)| *of == side && !accepts(*key));
    own.for_each(|(_, key, text)| profile.notes.add((*key, *text)));
}

fn judge(key: DeviceKey, profile: &mut Profile, known: &Known<'_, '_>, rules: &mut Judge<'_>) {
    profile.names = names(key, profile, known);
    profile.offers.settle();
    profile.uses.settle();
    profile.notes.settle();
    let made_by = match key {
        DeviceKey::Mac(mac) => oui::vendor(mac.0),
        DeviceKey::Address(_) => None,
    };
    let mut facts = facts(key, profile, known, rules);
    if let Some(vendor) = made_by {
        rules.add(&mut facts, Field::OuiVendor, vendor);
    }
    let judgement = rules.judge(facts);
    profile.role.clone_from(&judgement.role);
    profile.model.clone_from(&judgement.model);
    profile.os.clone_from(&judgement.os);
    if let Some(announced) = announced(key, known) {
        let text = |id| known.texts.text(id).to_owned();
        profile.model = profile.model.take().or(announced.platform.map(text));
        profile.firmware = announced.software.map(text);
        profile.serial = announced.serial.map(text);
    }
    if let DeviceKey::Mac(mac) = key {
        profile.news |= known.stations.by_mac.get(&mac).is_some_and(|station| station.news);
    }
    profile.vendor = judgement.vendor.clone().or_else(|| made_by.map(str::to_owned));
    profile.evidence = judgement.evidence.iter().map(|reason| Evidence::clone(reason)).collect();
    profile.evidence.extend(made_by.map(say::made_by));
    let contested = profile.contested.iter();
    profile.evidence.extend(contested.map(|(address, rival)| say::contested(*address, *rival)));
    judge::order(&mut profile.evidence);
}

/// What the device's box said of itself over LLDP or CDP.
fn announced<'a>(key: DeviceKey, known: &Known<'a, '_>) -> Option<&'a Announced> {
    match key {
        DeviceKey::Mac(mac) => known.stations.by_mac.get(&mac)?.neighbour.as_ref(),
        DeviceKey::Address(_) => None,
    }
}

/// Every name of a device, the most telling source first.
fn names(key: DeviceKey, profile: &Profile, known: &Known<'_, '_>) -> Vec<String> {
    let of = |address: &Addr| known.stations.names.get(address).into_iter().flatten();
    let mut found: Vec<(NameSource, TextId)> = profile.addresses.iter().flat_map(of).copied().collect();
    if let DeviceKey::Mac(mac) = key
        && let Some(station) = known.stations.by_mac.get(&mac)
    {
        found.extend(station.hostname.map(|name| (NameSource::Dhcp, name)));
        let said = station.neighbour.as_ref().and_then(|said| said.name);
        found.extend(said.map(|name| (NameSource::Lldp, name)));
    }
    let rank = |source: NameSource| match source {
        NameSource::Dhcp => 0,
        NameSource::Lldp | NameSource::Cdp => 1,
        NameSource::Mdns => 2,
        NameSource::Netbios | NameSource::Ntlm => 3,
        NameSource::Llmnr => 4,
    };
    found.sort_by_key(|(source, name)| (rank(*source), *name));
    let mut names: Vec<String> = Vec::new();
    let looked_up = profile.addresses.iter().filter_map(|address| known.resolutions.latest(*address));
    for name in found.into_iter().map(|(_, name)| name).chain(looked_up) {
        let name = known.texts.text(name);
        if !names.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            names.push(name.to_owned());
        }
    }
    names
}

fn facts<'a>(
    key: DeviceKey,
    profile: &'a Profile,
    known: &Known<'a, '_>,
    rules: &mut Judge<'_>,
) -> Facts<'a> {
    let mut facts = Facts::default();
    let proposed = profile.notes.iter().filter(|(key, _)| *key == Key::SopClass).count();
    let mut classes: BTreeSet<TextId> = BTreeSet::new();
    for (key, text) in profile.notes.iter() {
        let field = match key {
            // A tool that proposes everything says nothing by it; what it then uses does.
            Key::SopClass if proposed > MAX_TELLING_CLASSES => continue,
            Key::SopClass | Key::SopClassUsed => {
                classes.insert(*text);
                Some(Field::SopClass)
            }
            _ => judge::field(*key),
        };
        if let Some(field) = field {
            rules.add_text(&mut facts, field, *text, known.texts);
        }
    }
    if !classes.is_empty() {
        rules.add(&mut facts, Field::SopClassCount, classes.len().to_string());
    }
    for service in profile.offers.iter() {
        rules.add(&mut facts, Field::Offers, *service);
    }
    for service in profile.uses.iter() {
        rules.add(&mut facts, Field::Uses, *service);
    }
    for name in &profile.names {
        rules.add(&mut facts, Field::Hostname, name.as_str());
    }
    if let DeviceKey::Mac(mac) = key {
        station_facts(&mut facts, mac, known, rules);
    }
    facts
}

fn station_facts<'a>(facts: &mut Facts<'a>, mac: MacAddr, known: &Known<'a, '_>, rules: &mut Judge<'_>) {
    rules.add(facts, Field::Mac, mac.to_string());
    let Some(station) = known.stations.by_mac.get(&mac) else { return };
    let mut add = |field: Field, text: Option<TextId>| {
        if let Some(text) = text {
            rules.add_text(facts, field, text, known.texts);
        }
    };
    add(Field::DhcpVendorClass, station.vendor_class);
    add(Field::DhcpParameters, station.parameters);
    if let Some(announced) = &station.neighbour {
        add(Field::SysName, announced.name);
        add(Field::SysDescr, announced.description);
        add(Field::Platform, announced.platform);
        for capability in &announced.capabilities {
            rules.add(facts, Field::Capability, *capability);
        }
    }
}

/// The rows of the analysis: the devices of which there are news.
pub(crate) fn rows(profiles: Profiles) -> Vec<Device> {
    let row = |(key, profile): (DeviceKey, Profile)| Device {
        ips: addresses(&profile).iter().map(Addr::to_string).collect(),
        mac: match key {
            DeviceKey::Mac(mac) => Some(mac.to_string()),
            DeviceKey::Address(_) => None,
        },
        vlan: Some(profile.vlan).filter(|vlan| *vlan != 0),
        names: profile.names,
        vendor: profile.vendor,
        model: profile.model,
        role: profile.role,
        os: profile.os,
        firmware: profile.firmware,
        serial: profile.serial,
        services: services(&profile.offers, &profile.uses),
        first_seen: profile.span.map(|(first, _)| timestamp(first)),
        last_seen: profile.span.map(|(_, last)| timestamp(last)),
        evidence: profile.evidence,
    };
    let news: BTreeMap<_, _> = profiles.into_iter().filter(|(_, profile)| profile.news).collect();
    news.into_iter().map(row).collect()
}

fn services(offers: &Each<&'static str>, uses: &Each<&'static str>) -> Vec<String> {
    let all: BTreeSet<&str> = offers.iter().chain(uses.iter()).copied().collect();
    all.into_iter().map(str::to_owned).collect()
}

fn addresses(profile: &Profile) -> BTreeSet<Addr> {
    let contested = profile.contested.iter().map(|(address, _)| *address);
    profile.addresses.iter().copied().chain(contested).collect()
}
