//! Who may be network equipment, and who must not be asked: from what the wire showed, as the ledger has it,
//! and from what equipment said that was read before.
//!
//! Invariant: a candidate lies inside. An address that only a route or a neighbour names is a candidate
//! where it is declared as inside; where nothing is declared, it is one only as a device of the list: a next
//! hop with a private address may well be another organisation's, and would be told the community.
//!
//! Addresses are compared in their plain form: IPv4 within IPv6 (`::ffff:192.0.2.1`) is IPv4.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use sekisho_api::{Connection, Device, ExitRow, role};
use sekisho_enrich::Prefix;
use sekisho_snmp::facts::Facts;

/// Services that medical devices speak, whatever role was made out.
const MEDICAL_SERVICES: &[&str] = &["astm", "dicom", "hl7"];
/// The family of rules that know makers of medical devices by their hardware addresses.
const MEDICAL_MAKERS: &str = "maker/";
/// First words of the names, as IEEE has them, of makers of network equipment and of hardly anything else:
/// a maker of computers is not among them, for consoles of modalities are computers.
const NETWORK_MAKERS: &[&str] = &[
    "alaxala",
    "allied",
    "apresia",
    "arista",
    "aruba",
    "brocade",
    "century",
    "check",
    "checkpoint",
    "cisco",
    "cradlepoint",
    "digi",
    "draytek",
    "extreme",
    "fortinet",
    "furukawa",
    "juniper",
    "meraki",
    "mikrotik",
    "mikrotikls",
    "netscreen",
    "palo",
    "peplink",
    "pulse",
    "routerboard.com",
    "ruckus",
    "sierra",
    "sonicwall",
    "sophos",
    "teltonika",
    "ubiquiti",
    "watchguard",
    "yamaha",
];
/// Addresses taken from what equipment said: several hospitals' equipment.
const MAX_TOLD: usize = 16_384;

/// What is known of a site before a round.
#[derive(Debug, Default)]
pub(crate) struct Site {
    /// Its devices, as the wire showed them.
    pub(crate) devices: Vec<Device>,
    /// Its gateways.
    pub(crate) exits: Vec<ExitRow>,
    /// Its connections that are tunnels.
    pub(crate) tunnels: Vec<Connection>,
    /// Next hops and neighbours of equipment that was read.
    pub(crate) told: BTreeSet<IpAddr>,
    /// What is declared to be inside; nothing where nothing is.
    pub(crate) internal: Vec<Prefix>,
}

impl Site {
    /// Gives the addresses of medical devices.
    pub(crate) fn medical(&self) -> BTreeSet<IpAddr> {
        self.devices.iter().filter(|device| is_medical(device)).flat_map(addresses).collect()
    }

    /// Gives the addresses of what may be network equipment, one for each row of the list: a router is not
    /// asked at each of its addresses. Rows with an address that is `named` are asked there already.
    pub(crate) fn equipment(&self, named: &BTreeSet<IpAddr>) -> BTreeSet<IpAddr> {
        let mut asked_at: BTreeMap<IpAddr, Option<IpAddr>> = BTreeMap::new();
        for device in &self.devices {
            let is_named = addresses(device).any(|address| named.contains(&address));
            let chosen = if is_named { None } else { addresses(device).min_by_key(|address| rank(*address)) };
            asked_at.extend(addresses(device).map(|address| (address, chosen)));
        }
        let devices = self.devices.iter().filter(|device| is_equipment(device)).flat_map(addresses);
        let exits = self.exits.iter().filter_map(|exit| plain(exit.ip.as_deref()?));
        // A device of the list is inside already; a gateway's address may be that of its far side.
        let is_near = |address: &IpAddr| self.declares(*address).unwrap_or_else(|| is_private(*address));
        let is_inside =
            |address: &IpAddr| self.declares(*address).unwrap_or_else(|| asked_at.contains_key(address));
        devices
            .chain(exits.filter(is_near))
            .chain(self.told.iter().copied().filter(is_inside))
            .filter_map(|address| asked_at.get(&address).copied().unwrap_or(Some(address)))
            .collect()
    }

    /// Tells whether an address is declared to be inside, or that of a device of the list.
    pub(crate) fn is_inside(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.declares(address) == Some(true)
            || self.devices.iter().flat_map(addresses).any(|own| own == address)
    }

    /// Tells whether an address is declared to be inside; `None` where nothing is declared.
    fn declares(&self, address: IpAddr) -> Option<bool> {
        let is_any = !self.internal.is_empty();
        is_any.then(|| self.internal.iter().any(|prefix| prefix.contains(address.into())))
    }
}

/// Gives the addresses that equipment names as its next hops, and as its neighbours by LLDP and CDP.
pub(crate) fn told_by(facts: &Facts) -> impl Iterator<Item = IpAddr> {
    let hops = facts.routes.iter().filter_map(|route| route.next_hop);
    hops.chain(facts.links.iter().filter_map(|link| link.address)).map(|address| address.to_canonical())
}

/// Adds addresses up to a bound.
pub(crate) fn add_told(told: &mut BTreeSet<IpAddr>, more: impl Iterator<Item = IpAddr>) {
    for address in more {
        if told.len() < MAX_TOLD {
            told.insert(address);
        }
    }
}

fn addresses(device: &Device) -> impl Iterator<Item = IpAddr> {
    device.ips.iter().filter_map(|ip| plain(ip))
}

/// Reads an address in its plain form.
fn plain(text: &str) -> Option<IpAddr> {
    text.parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// Tells whether a device examines or treats patients, or serves one that does.
pub(crate) fn is_medical(device: &Device) -> bool {
    device.role.as_deref().is_some_and(role::is_medical)
        || device.services.iter().any(|service| MEDICAL_SERVICES.contains(&service.as_str()))
        || device.evidence.iter().any(|evidence| evidence.rule.starts_with(MEDICAL_MAKERS))
}

fn is_equipment(device: &Device) -> bool {
    let maker = device.vendor.as_deref().and_then(|vendor| vendor.split([' ', ',']).next());
    let maker = maker.map(str::to_ascii_lowercase);
    device.role.as_deref().is_some_and(role::is_equipment)
        || device.services.iter().any(|service| service == "snmp")
        || maker.is_some_and(|maker| NETWORK_MAKERS.contains(&maker.as_str()))
}

/// Which of its addresses a device is asked at: IPv4 first, one of its link alone last.
const fn rank(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(address) if !address.is_link_local() => 0,
        IpAddr::V6(address) if !address.is_unicast_link_local() => 1,
        IpAddr::V4(_) | IpAddr::V6(_) => 2,
    }
}

const fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_api::Evidence;

    use super::*;

    fn device(ip: &str) -> Device {
        Device { ips: vec![ip.to_owned()], ..Device::default() }
    }

    #[test]
    fn equipment_is_known_by_role_maker_snmp_and_what_other_equipment_says() {
        let text = |text: &str| Some(text.to_owned());
        let mut told = BTreeSet::new();
        let named = ["10.0.9.1", "10.0.0.6", "203.0.113.9"];
        add_told(&mut told, named.map(|ip| ip.parse().unwrap()).into_iter());
        let site = Site {
            devices: vec![
                Device { role: text("switch"), ..device("10.0.0.1") },
                Device { vendor: text("YAMAHA CORPORATION"), ..device("10.0.0.2") },
                Device { services: vec!["snmp".to_owned()], ..device("10.0.0.3") },
                Device { vendor: text("FUJITSU LIMITED"), ..device("10.0.0.4") },
                Device { role: text("pc"), ..device("10.0.0.5") },
                device("10.0.0.6"),
            ],
            exits: vec![ExitRow { ip: text("10.0.0.254"), ..ExitRow::default() }],
            told,
            ..Site::default()
        };
        let found: Vec<String> = site.equipment(&BTreeSet::new()).iter().map(ToString::to_string).collect();
        let listed = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.6", "10.0.0.254"];
        assert_eq!(found, listed, "10.0.9.1 may be another organisation's");
        let declared = Site { internal: vec!["10.0.9.0/24".parse().unwrap()], ..site };
        let found: Vec<String> =
            declared.equipment(&BTreeSet::new()).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.9.1"], "what is declared holds");
    }

    #[test]
    fn a_box_is_asked_at_one_of_its_addresses() {
        let ips = ["2001:db8::1", "10.0.0.1", "10.1.0.1"];
        let router = Device {
            ips: ips.map(str::to_owned).into(),
            role: Some("router".to_owned()),
            ..Device::default()
        };
        let told = ["10.0.0.1", "10.1.0.1"].map(|ip| ip.parse().unwrap()).into();
        let site = Site { devices: vec![router], told, ..Site::default() };
        let found = |named: &[&str]| -> Vec<String> {
            let named = named.iter().map(|ip| ip.parse().unwrap()).collect();
            site.equipment(&named).iter().map(ToString::to_string).collect()
        };
        assert_eq!(found(&[]), ["10.0.0.1"]);
        assert!(found(&["10.1.0.1"]).is_empty(), "it was named at another");
    }

    #[test]
    fn a_medical_device_is_known_by_role_protocol_and_maker() {
        let maker = Evidence { rule: "maker/sysmex".into(), confidence: 60, en: "".into(), ja: "".into() };
        let site = Site {
            devices: vec![
                Device { role: Some("ct".to_owned()), ..device("10.0.0.1") },
                Device { services: vec!["dicom".to_owned()], ..device("10.0.0.2") },
                Device { evidence: vec![maker], ..device("10.0.0.3") },
                Device { role: Some("printer".to_owned()), ..device("10.0.0.4") },
            ],
            ..Site::default()
        };
        assert_eq!(site.medical().len(), 3);
        let mapped = Site {
            devices: vec![Device { role: Some("ct".to_owned()), ..device("::ffff:10.0.0.1") }],
            ..site
        };
        assert!(mapped.medical().contains(&"10.0.0.1".parse().unwrap()));
    }
}
