//! What a device says of itself and of what is around it, as plain data.
//!
//! Names of people are not among it: neither sysContact nor who is logged in to a VPN.

use std::net::IpAddr;

use serde::{Serialize, Serializer};

/// Everything read of one device.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Facts {
    /// The system group.
    pub system: System,
    /// Interfaces by index.
    pub interfaces: Vec<Interface>,
    /// Its own addresses.
    pub addresses: Vec<Address>,
    /// Its routes.
    pub routes: Vec<Route>,
    /// Whom it knows by ARP and neighbour discovery.
    pub neighbours: Vec<Neighbour>,
    /// Behind which port it saw which hardware address.
    pub forwarding: Vec<Forwarding>,
    /// The ports of its bridge: their names for LLDP.
    pub local_ports: Vec<LocalPort>,
    /// Which devices say to be at the other end of its ports.
    pub links: Vec<Link>,
    /// What it is made of.
    pub entities: Vec<Entity>,
}

impl Facts {
    /// Tells how many octets it takes, roughly.
    #[must_use]
    pub fn bytes(&self) -> usize {
        fn texts(texts: &[&Option<String>]) -> usize {
            texts.iter().filter_map(|text| text.as_ref()).map(String::len).sum()
        }
        let system = texts(&[&self.system.descr, &self.system.name, &self.system.location]);
        let of_interface = |own: &Interface| texts(&[&own.name, &own.descr, &own.alias]);
        let of_port = |own: &LocalPort| texts(&[&own.id, &own.descr]);
        let of_link = |own: &Link| texts(&[&own.chassis, &own.port, &own.port_descr, &own.name, &own.descr]);
        let of_entity =
            |own: &Entity| own.text.iter().map(|(_, text)| size_of::<(u32, String)>() + text.len()).sum();
        size_of::<Self>()
            + system
            + sum(&self.interfaces, of_interface)
            + sum(&self.addresses, |_| 0)
            + sum(&self.routes, |_| 0)
            + sum(&self.neighbours, |_| 0)
            + sum(&self.forwarding, |_| 0)
            + sum(&self.local_ports, of_port)
            + sum(&self.links, of_link)
            + sum(&self.entities, of_entity)
    }
}

/// What things take together, each with what it refers to.
fn sum<T>(all: &[T], beside: impl Fn(&T) -> usize) -> usize {
    all.iter().map(|one| size_of::<T>() + beside(one)).sum()
}

/// The system group (RFC 3418).
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct System {
    /// sysDescr.
    pub descr: Option<String>,
    /// sysObjectID.
    pub object_id: Option<String>,
    /// sysName.
    pub name: Option<String>,
    /// sysLocation.
    pub location: Option<String>,
    /// sysUpTime, in hundredths of a second.
    pub up_ticks: Option<u64>,
    /// sysServices: 2 bridges, 4 routes, 64 serves.
    pub services: Option<u64>,
}

/// An interface (RFC 2863).
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Interface {
    /// ifIndex.
    pub index: u32,
    /// ifName.
    pub name: Option<String>,
    /// ifDescr.
    pub descr: Option<String>,
    /// ifAlias: what a person called it.
    pub alias: Option<String>,
    /// ifType (IANA).
    pub kind: Option<u32>,
    /// Its hardware address.
    #[serde(serialize_with = "maybe_written")]
    pub mac: Option<[u8; 6]>,
    /// ifAdminStatus is `up`.
    pub is_enabled: bool,
    /// ifOperStatus is `up`.
    pub is_up: bool,
    /// ifOperStatus is `dormant`: a line that is dialled when somebody wants to leave by it.
    pub is_waiting: bool,
    /// Bits a second.
    pub speed_bps: Option<u64>,
}

impl Interface {
    /// Names the kind of line that the interface's type betrays, as slug; `None` for those of a LAN.
    ///
    /// The BSDs number interfaces of their own kernel from 240 on, as IANA numbers others; those are told by
    /// their names. A serial port is a line where its name says that something is dialled there.
    #[must_use]
    pub fn line(&self) -> Option<&'static str> {
        let is_named = |words: &[&str]| self.is_named(|name| words.iter().any(|word| is_unit(name, word)));
        let is_of_dialler = || self.is_named(|name| DIALLERS.iter().any(|word| name.contains(word)));
        match self.kind {
            Some(20 | 21 | 63 | 75 | 76 | 77) => Some("isdn"),
            Some(23 | 108) => Some("ppp"),
            Some(28 | 48) => Some("dial-up"),
            Some(33) if is_of_dialler() => Some("dial-up"),
            Some(32) => Some("frame-relay"),
            Some(45 | 118) => Some("leased-line"),
            Some(243..=251) if is_named(BSD_INNER) => None,
            Some(250) if is_named(&["umb"]) => Some("lte"),
            Some(251) if is_named(&["wg"]) => Some("tunnel"),
            Some(94 | 97 | 251) => Some("dsl"),
            Some(131 | 150) => Some("tunnel"),
            Some(243 | 244) => Some("lte"),
            Some(250) => Some("pon"),
            _ => None,
        }
    }

    /// Tells whether one of its names is as asked; in lower case.
    fn is_named(&self, is: impl Fn(&str) -> bool) -> bool {
        [&self.name, &self.descr].into_iter().flatten().any(|name| is(&name.to_ascii_lowercase()))
    }
}

/// Interfaces within the kernel of a BSD: IPsec as it is filtered, 6to4, what the packet filter logs and tells.
const BSD_INNER: &[&str] = &["bluetooth", "carp", "enc", "pflog", "pflow", "pfsync", "stf"];
/// What is in the name of a serial port at which something dials.
const DIALLERS: &[&str] = &["async", "dial", "isdn", "modem", "ppp"];

/// Tells whether a name is a word and a number, as kernels count their interfaces.
fn is_unit(name: &str, word: &str) -> bool {
    name.strip_prefix(word).is_some_and(|number| number.chars().all(|digit| digit.is_ascii_digit()))
}

/// One of the device's own addresses.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Address {
    /// ifIndex.
    pub if_index: u32,
    /// The address.
    pub address: IpAddr,
    /// The length of its prefix, where the device tells.
    pub prefix: Option<u8>,
}

/// A route.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Route {
    /// Where to.
    pub destination: IpAddr,
    /// The length of the prefix.
    pub prefix: u8,
    /// The next hop; `None` where the destination is on the link.
    pub next_hop: Option<IpAddr>,
    /// ifIndex.
    pub if_index: Option<u32>,
}

/// An address and its hardware address, as the device resolved them.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Neighbour {
    /// ifIndex.
    pub if_index: u32,
    /// The address.
    pub address: IpAddr,
    /// The hardware address.
    #[serde(serialize_with = "written")]
    pub mac: [u8; 6],
}

/// An entry of the forwarding table (RFC 4188, RFC 4363).
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Forwarding {
    /// The filtering database, on most devices the VLAN; `None` in a bridge without VLANs.
    pub vlan: Option<u32>,
    /// The hardware address.
    #[serde(serialize_with = "written")]
    pub mac: [u8; 6],
    /// ifIndex of the port behind which it is, where the bridge tells; else the port's number.
    pub if_index: u32,
}

/// A port as the device names it to others in LLDP.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct LocalPort {
    /// lldpLocPortNum.
    pub number: u32,
    /// Its identifier: a name, or a hardware address.
    pub id: Option<String>,
    /// Its description.
    pub descr: Option<String>,
}

/// By which protocol a device announced itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkProtocol {
    /// LLDP (IEEE 802.1AB).
    Lldp,
    /// CDP.
    Cdp,
}

/// A device that announces itself at a port.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Link {
    /// How it did.
    pub protocol: LinkProtocol,
    /// lldpLocPortNum for LLDP, ifIndex for CDP.
    pub local_port: u32,
    /// Its chassis: a hardware address, an address or a name.
    pub chassis: Option<String>,
    /// Its port.
    pub port: Option<String>,
    /// What its port is described as.
    pub port_descr: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its description, or platform.
    pub descr: Option<String>,
    /// Its address for management.
    pub address: Option<IpAddr>,
}

/// A part of the device (RFC 6933).
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Entity {
    /// entPhysicalIndex.
    pub index: u32,
    /// entPhysicalClass: 3 is a chassis, 9 a module, 11 a stack.
    pub class: Option<u32>,
    /// The part it is in.
    pub contained_in: Option<u32>,
    /// Columns 2 to 13 that hold text, by number.
    pub text: Vec<(u32, String)>,
}

impl Entity {
    /// Gives a column's text.
    #[must_use]
    pub fn text(&self, column: u32) -> Option<&str> {
        self.text.iter().find(|(own, _)| *own == column).map(|(_, text)| text.as_str())
    }
}

/// Writes a hardware address as people do.
#[must_use]
pub fn mac(mac: [u8; 6]) -> String {
    mac.map(|octet| format!("{octet:02x}")).join(":")
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference to the field")]
fn written<S: Serializer>(own: &[u8; 6], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&mac(*own))
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a reference to the field"
)]
fn maybe_written<S: Serializer>(own: &Option<[u8; 6]>, serializer: S) -> Result<S::Ok, S::Error> {
    own.map(mac).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_alone_does_not_make_a_line_of_what_a_kernel_numbers_otherwise() {
        // (ifType, ifDescr, line)
        let cases = [
            (243, "Cellular0/1/0", Some("lte")),
            (244, "wwan1", Some("lte")),
            (243, "stf0", None),
            (244, "enc0", None),
            (246, "pflog0", None),
            (250, "umb0", Some("lte")),
            (250, "gpon-onu_1/1/1", Some("pon")),
            (251, "wg0", Some("tunnel")),
            (251, "VDSL2 0/1", Some("dsl")),
            (33, "RS-232C console", None),
            (33, "Async1/0 modem", Some("dial-up")),
            (45, "Serial0", Some("leased-line")),
            (118, "Serial1:0", Some("leased-line")),
            (150, "mpls1", Some("tunnel")),
            (6, "enc0", None),
        ];
        for (kind, descr, line) in cases {
            let interface =
                Interface { kind: Some(kind), descr: Some(descr.to_owned()), ..Interface::default() };
            assert_eq!(interface.line(), line, "{kind} {descr}");
        }
    }
}
