//! Who may be network equipment, and who must not be asked: from what the wire showed, as the ledger has it,
//! and from what equipment said that was read before.
//!
//! Invariant: a candidate lies inside. An address that only a route or a neighbour names is a candidate
//! where it is declared as inside, or private where nothing is declared.

use std::collections::BTreeSet;
use std::net::IpAddr;

use sekisho_api::{Connection, Device, ExitRow};
use sekisho_enrich::Prefix;
use sekisho_snmp::facts::Facts;

/// Roles of equipment that carries traffic.
const EQUIPMENT: &[&str] =
    &["router", "firewall", "switch", "vpn-router", "lte-router", "isdn-router", "access-point"];
/// Roles of devices that examine or treat patients, and of the systems they depend on from second to second.
const MEDICAL: &[&str] = &[
    "ct",
    "mr",
    "xa",
    "us",
    "cr",
    "dx",
    "mg",
    "nm",
    "pt",
    "rf",
    "endoscope",
    "ecg",
    "ophthalmic",
    "radiotherapy",
    "analyzer",
    "monitor",
    "pump",
    "ventilator",
    "modality",
];
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

    /// Gives the addresses of what may be network equipment.
    pub(crate) fn equipment(&self) -> BTreeSet<IpAddr> {
        let devices = self.devices.iter().filter(|device| is_equipment(device)).flat_map(addresses);
        let exits = self.exits.iter().filter_map(|exit| exit.ip.as_deref()?.parse().ok());
        let told = self.told.iter().copied();
        let inside = |address: &IpAddr| is_inside(*address, &self.internal);
        // A device of the list is inside already; a gateway's address may be that of its far side.
        devices.chain(exits.chain(told).filter(inside)).collect()
    }
}

/// Gives the addresses that equipment names as its next hops, and as its neighbours by LLDP and CDP.
pub(crate) fn told_by(facts: &Facts) -> impl Iterator<Item = IpAddr> {
    let hops = facts.routes.iter().filter_map(|route| route.next_hop);
    hops.chain(facts.links.iter().filter_map(|link| link.address))
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
    device.ips.iter().filter_map(|ip| ip.parse().ok())
}

fn is_medical(device: &Device) -> bool {
    device.role.as_deref().is_some_and(|role| MEDICAL.contains(&role))
        || device.services.iter().any(|service| MEDICAL_SERVICES.contains(&service.as_str()))
        || device.evidence.iter().any(|evidence| evidence.rule.starts_with(MEDICAL_MAKERS))
}

fn is_equipment(device: &Device) -> bool {
    let maker = device.vendor.as_deref().and_then(|vendor| vendor.split([' ', ',']).next());
    let maker = maker.map(str::to_ascii_lowercase);
    device.role.as_deref().is_some_and(|role| EQUIPMENT.contains(&role))
        || device.services.iter().any(|service| service == "snmp")
        || maker.is_some_and(|maker| NETWORK_MAKERS.contains(&maker.as_str()))
}

fn is_inside(address: IpAddr, internal: &[Prefix]) -> bool {
    if !internal.is_empty() {
        return internal.iter().any(|prefix| prefix.contains(address.into()));
    }
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
        add_told(&mut told, ["10.0.9.1", "203.0.113.9"].map(|ip| ip.parse().unwrap()).into_iter());
        let site = Site {
            devices: vec![
                Device { role: text("switch"), ..device("10.0.0.1") },
                Device { vendor: text("YAMAHA CORPORATION"), ..device("10.0.0.2") },
                Device { services: vec!["snmp".to_owned()], ..device("10.0.0.3") },
                Device { vendor: text("FUJITSU LIMITED"), ..device("10.0.0.4") },
                Device { role: text("pc"), ..device("10.0.0.5") },
            ],
            exits: vec![ExitRow { ip: text("10.0.0.254"), ..ExitRow::default() }],
            told,
            ..Site::default()
        };
        let found: Vec<String> = site.equipment().iter().map(ToString::to_string).collect();
        assert_eq!(found, ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.254", "10.0.9.1"]);
        let declared = Site { internal: vec!["10.0.0.0/24".parse().unwrap()], ..site };
        assert_eq!(declared.equipment().len(), 4, "what is declared holds for what others name");
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
    }
}
