//! The invented hospital: its VLANs, devices and gateways, all drawn from the seed.

use super::wire::Mac;
use crate::workload::frame::Ip;
use crate::workload::rng::Rng;

/// The VLANs, in the order of their subnets.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Lan {
    Servers,
    Clients,
    Radiology,
    Lab,
    Voice,
    Management,
    Transit,
}

pub(super) const LANS: [Lan; 7] =
    [Lan::Servers, Lan::Clients, Lan::Radiology, Lan::Lab, Lan::Voice, Lan::Management, Lan::Transit];

/// A device of the hospital.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) name: String,
    pub(super) role: &'static str,
    pub(super) mac: Mac,
    pub(super) ip: [u8; 4],
    pub(super) lan: Lan,
    pub(super) ttl: u8,
}

/// A gateway out of the hospital.
#[derive(Clone, Debug)]
pub(super) struct Gateway {
    pub(super) name: String,
    pub(super) role: &'static str,
    pub(super) mac: Mac,
    pub(super) ip: [u8; 4],
    pub(super) lan: Lan,
}

impl Gateway {
    /// A gateway as the end of its own connections.
    pub(super) fn as_device(&self) -> Device {
        let Self { name, role, mac, ip, lan } = self.clone();
        Device { name, role, mac, ip, lan, ttl: 64 }
    }
}

/// The whole site.
pub(super) struct Site {
    pub(super) core: Mac,
    pub(super) firewall: Gateway,
    pub(super) vpn_routers: Vec<Gateway>,
    pub(super) lte: Gateway,
    pub(super) isdn: Gateway,
    /// The eligibility network's router, and the terminal with its IPv6 address.
    pub(super) ngn: Gateway,
    pub(super) ngn_prefix: [u8; 8],
    pub(super) devices: Vec<Device>,
    /// Whether the mirror keeps VLAN tags.
    pub(super) tagged: bool,
    net: [u8; 2],
    third: u8,
    vlan_base: u16,
    gateway_host: u8,
}

/// (role, name, VLAN, fewest, most and one more, hardware makers, TTL)
type Kind = (&'static str, &'static str, Lan, u64, u64, &'static [[u8; 3]], u8);

const PC_MAKERS: &[[u8; 3]] =
    &[[0x00, 0x14, 0x22], [0x00, 0x1b, 0x78], [0x3c, 0xd9, 0x2b], [0xf8, 0xb1, 0x56]];
const VIRTUAL: &[[u8; 3]] = &[[0x00, 0x50, 0x56], [0x00, 0x15, 0x5d]];
const IMAGING: &[[u8; 3]] = &[[0x44, 0x4b, 0x5d], [0x88, 0x4b, 0x39], [0x00, 0x18, 0x65], [0x00, 0x1b, 0x78]];
const FUJIFILM: &[[u8; 3]] = &[[0x88, 0xb4, 0x36]];
const LAB: &[[u8; 3]] = &[[0x00, 0x06, 0x6b], [0x00, 0x0e, 0x2f], [0x00, 0xe0, 0x90]];
const YAMAHA: [u8; 3] = [0x00, 0xa0, 0xde];
const ROUTERS: &[[u8; 3]] = &[YAMAHA, [0xac, 0x44, 0xf2], [0x00, 0x60, 0xb9], [0x00, 0x80, 0xbd]];
const LTE: &[[u8; 3]] = &[[0x00, 0x1e, 0x42], [0x00, 0xa0, 0xd5], [0x00, 0x30, 0x44]];
const FIREWALLS: &[[u8; 3]] = &[[0x00, 0x09, 0x0f], [0x08, 0x5b, 0x0e], [0x00, 0x1b, 0x17]];
const SWITCHES: &[[u8; 3]] = &[[0x00, 0x1b, 0x54], [0x00, 0x00, 0xcd], [0x00, 0x12, 0xe2]];
const PHONES: &[[u8; 3]] = &[[0x00, 0x60, 0xb9], [0x00, 0x80, 0xf0]];
const PRINTERS: &[[u8; 3]] = &[[0x00, 0x00, 0x85], [0x00, 0x26, 0x73]];

const KINDS: &[Kind] = &[
    ("his", "his", Lan::Servers, 1, 3, VIRTUAL, 128),
    ("lis", "lis", Lan::Servers, 1, 2, VIRTUAL, 128),
    ("ris", "ris", Lan::Servers, 1, 2, VIRTUAL, 128),
    ("pacs", "pacs", Lan::Servers, 1, 2, PC_MAKERS, 64),
    ("server", "dc", Lan::Servers, 2, 3, VIRTUAL, 128),
    ("server", "file", Lan::Servers, 1, 3, PC_MAKERS, 128),
    ("server", "renkei", Lan::Servers, 1, 2, VIRTUAL, 64),
    ("pc", "pc", Lan::Clients, 14, 40, PC_MAKERS, 128),
    ("printer", "prn", Lan::Clients, 2, 6, PRINTERS, 64),
    ("ct", "ct", Lan::Radiology, 1, 4, IMAGING, 128),
    ("mr", "mr", Lan::Radiology, 1, 3, IMAGING, 128),
    ("xa", "xa", Lan::Radiology, 1, 2, IMAGING, 128),
    ("us", "us", Lan::Radiology, 1, 4, IMAGING, 64),
    ("cr", "cr", Lan::Radiology, 1, 3, FUJIFILM, 128),
    ("analyzer", "lab", Lan::Lab, 2, 5, LAB, 128),
    ("phone", "tel", Lan::Voice, 3, 9, PHONES, 64),
    ("switch", "sw", Lan::Management, 2, 6, SWITCHES, 255),
];

impl Site {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::stream(seed, 1, 0);
        let net = match rng.below(3) {
            0 => [10, rng.range(1, 120) as u8],
            1 => [172, rng.range(16, 24) as u8],
            _ => [192, 168],
        };
        let third = rng.range(1, 12) as u8 * 16;
        let gateway_host = if rng.chance(0.5) { 1 } else { 254 };
        let vlan_base = rng.range(1, 30) as u16 * 100;
        let mut serial = rng.u32() & 0x007f_ffff;
        let mut mac = |oui: &[u8; 3], rng: &mut Rng| {
            serial = (serial + rng.range(1, 4000) as u32) & 0x00ff_ffff;
            let [_, a, b, c] = serial.to_be_bytes();
            [oui[0], oui[1], oui[2], a, b, c]
        };
        let core = mac(rng.pick(SWITCHES), &mut rng);
        let gateway = |name: &str, role, lan: Lan, host: u8, mac: Mac| Gateway {
            name: name.to_owned(),
            role,
            mac,
            ip: [net[0], net[1], third + lan as u8, host],
            lan,
        };
        let fw_mac = mac(rng.pick(FIREWALLS), &mut rng);
        let firewall = gateway("fw01", "firewall", Lan::Transit, 2 + rng.below(5) as u8, fw_mac);
        let count = rng.range(1, 4);
        let system_lans = [Lan::Servers, Lan::Radiology, Lan::Lab];
        let vpn_routers = (0..count as u8)
            .map(|number| {
                let mac = mac(rng.pick(ROUTERS), &mut rng);
                let name = format!("rt-vendor{}", number + 1);
                gateway(&name, "vpn-router", system_lans[usize::from(number)], 240 + number, mac)
            })
            .collect();
        let lte_mac = mac(rng.pick(LTE), &mut rng);
        let isdn_mac = mac(&YAMAHA, &mut rng);
        let ngn_mac = mac(rng.pick(ROUTERS), &mut rng);
        let ngn_prefix = [0x20, 0x01, 0x0d, 0xb8, 0x40, rng.u32() as u8, rng.u32() as u8, 0];
        let mut devices = Vec::new();
        let mut hosts = [9_u8; LANS.len()];
        for (role, prefix, lan, least, most, makers, ttl) in KINDS {
            let maker = rng.pick(makers);
            for number in 1..=rng.range(*least, *most) {
                let host = &mut hosts[*lan as usize];
                *host += 1 + rng.below(3) as u8;
                let maker = if *role == "pc" || *lan == Lan::Lab { rng.pick(makers) } else { maker };
                devices.push(Device {
                    name: format!("{prefix}{number:02}"),
                    role,
                    mac: mac(maker, &mut rng),
                    ip: [net[0], net[1], third + *lan as u8, *host],
                    lan: *lan,
                    ttl: *ttl,
                });
            }
        }
        Self {
            core,
            firewall,
            vpn_routers,
            lte: gateway("rut-lte", "lte-router", Lan::Radiology, 250, lte_mac),
            isdn: gateway("rt-isdn", "isdn-router", Lan::Lab, 251, isdn_mac),
            ngn: gateway("rt-ngn", "router", Lan::Clients, 252, ngn_mac),
            ngn_prefix,
            devices,
            tagged: !rng.chance(0.25),
            net,
            third,
            vlan_base,
            gateway_host,
        }
    }

    pub(super) fn vlan(&self, lan: Lan) -> u16 {
        self.vlan_base + lan as u16 * 10
    }

    /// The core switch's address in a VLAN.
    pub(super) fn gateway_of(&self, lan: Lan) -> [u8; 4] {
        self.host(lan, self.gateway_host)
    }

    pub(super) fn host(&self, lan: Lan, host: u8) -> [u8; 4] {
        [self.net[0], self.net[1], self.third + lan as u8, host]
    }

    /// The inside prefixes.
    pub(super) fn internal(&self) -> Vec<String> {
        let mut prefixes: Vec<String> = LANS
            .iter()
            .map(|lan| {
                let [a, b, c, _] = self.host(*lan, 0);
                format!("{a}.{b}.{c}.0/24")
            })
            .collect();
        prefixes.push(format!("{}/64", super::truth::ip_text(self.ngn_address(0))));
        prefixes
    }

    /// An address of the eligibility network's link.
    pub(super) fn ngn_address(&self, host: u16) -> Ip {
        let mut address = [0; 16];
        address[..8].copy_from_slice(&self.ngn_prefix);
        address[14..].copy_from_slice(&host.to_be_bytes());
        Ip::V6(address)
    }

    pub(super) fn gateways(&self) -> impl Iterator<Item = &Gateway> {
        let fixed = [&self.firewall, &self.lte, &self.isdn, &self.ngn];
        fixed.into_iter().chain(&self.vpn_routers)
    }

    pub(super) fn of_role<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a Device> {
        self.devices.iter().filter(move |device| device.role == role)
    }

    /// The device of that name.
    pub(super) fn named(&self, name: &str) -> Device {
        self.devices.iter().find(|device| device.name == name).unwrap().clone()
    }
}
