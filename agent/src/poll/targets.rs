//! Who is asked: the addresses that a person named, subnets, and the network equipment in the ledger.
//!
//! A device that the ledger knows to be a medical one is asked only if it was named itself: its network
//! stack may not stand being asked, and what it is we know by its DICOM.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sekisho_api::Device;
use serde::Serialize;

/// SNMP's port (RFC 3411 §1.1 names none; IANA does).
const PORT: u16 = 161;
/// The widest subnet, in bits that are free: a /20 of IPv4 is more than a hospital's floor.
pub(crate) const MAX_FREE_BITS: u32 = 12;
/// Devices asked in one round: several hospitals' equipment.
pub(crate) const MAX_TARGETS: usize = 16_384;

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

/// What is wrong with what was asked for; its name in the catalogue's section `poll`, and its value.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {value}")]
pub(crate) struct BadTarget {
    /// The text's name.
    pub(crate) name: &'static str,
    /// What was written, or the bound.
    pub(crate) value: String,
}

/// Whom a person allowed to be asked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Allowed {
    named: Vec<SocketAddr>,
    subnets: Vec<(IpAddr, u32)>,
    equipment: bool,
}

/// Whom a round asks.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Plan {
    pub(crate) ask: Vec<SocketAddr>,
    pub(crate) left_out: Vec<LeftOut>,
}

/// A device that is not asked, though it lies in what was allowed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct LeftOut {
    pub(crate) address: IpAddr,
    /// Its text's name in the catalogue's section `poll`.
    pub(crate) why: &'static str,
}

impl Allowed {
    /// Reads what was written.
    pub(crate) fn parse(named: &[String], subnets: &[String], equipment: bool) -> Result<Self, BadTarget> {
        let named = named.iter().map(|text| address(text)).collect::<Result<Vec<_>, _>>()?;
        let subnets = subnets.iter().map(|text| subnet(text)).collect::<Result<Vec<_>, _>>()?;
        if named.is_empty() && subnets.is_empty() && !equipment {
            return Err(BadTarget { name: "no-target", value: String::new() });
        }
        Ok(Self { named, subnets, equipment })
    }
}

fn address(text: &str) -> Result<SocketAddr, BadTarget> {
    let text = text.trim();
    let parsed = text.parse().ok().or_else(|| Some(SocketAddr::new(text.parse().ok()?, PORT)));
    let usable = |address: &SocketAddr| {
        !address.ip().is_multicast() && !address.ip().is_unspecified() && address.port() != 0
    };
    parsed.filter(usable).ok_or_else(|| BadTarget { name: "bad-target", value: text.to_owned() })
}

fn subnet(text: &str) -> Result<(IpAddr, u32), BadTarget> {
    let parsed = || {
        let (address, length) = text.trim().split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let bits: u32 = if address.is_ipv4() { 32 } else { 128 };
        let free = bits.checked_sub(length.parse().ok()?)?;
        (free <= MAX_FREE_BITS && !address.is_multicast()).then_some((address, free))
    };
    parsed().ok_or_else(|| BadTarget { name: "bad-subnet", value: text.to_owned() })
}

/// The addresses of hosts in a subnet: without its own and its broadcast address, where it has such.
fn hosts((address, free): (IpAddr, u32)) -> impl Iterator<Item = IpAddr> {
    let count = 1_u128 << free;
    let (low, high) = if free >= 2 && address.is_ipv4() { (1, count - 1) } else { (0, count) };
    (low..high).map(move |host| match address {
        IpAddr::V4(address) => {
            let base = u128::from(u32::from(address)) & !(count - 1);
            Ipv4Addr::from((base | host) as u32).into()
        }
        IpAddr::V6(address) => {
            let base = u128::from(address) & !(count - 1);
            Ipv6Addr::from(base | host).into()
        }
    })
}

/// Says whom a round asks, given the devices that are known.
pub(crate) fn plan(allowed: &Allowed, known: &[Device]) -> Result<Plan, BadTarget> {
    let mut seen: BTreeSet<SocketAddr> = BTreeSet::new();
    let mut plan = Plan::default();
    for named in &allowed.named {
        if seen.insert(*named) {
            plan.ask.push(*named);
        }
    }
    let having = |roles: &[&str]| -> BTreeSet<IpAddr> {
        let of_role =
            known.iter().filter(|device| device.role.as_deref().is_some_and(|role| roles.contains(&role)));
        of_role.flat_map(|device| &device.ips).filter_map(|ip| ip.parse().ok()).collect()
    };
    let medical = having(MEDICAL);
    let equipment = if allowed.equipment { having(EQUIPMENT) } else { BTreeSet::new() };
    let found = allowed.subnets.iter().copied().flat_map(hosts).chain(equipment);
    for address in found {
        if !seen.insert(SocketAddr::new(address, PORT)) {
            continue;
        }
        if medical.contains(&address) {
            plan.left_out.push(LeftOut { address, why: "medical" });
        } else {
            plan.ask.push(SocketAddr::new(address, PORT));
        }
        if plan.ask.len() > MAX_TARGETS {
            return Err(BadTarget { name: "too-many", value: MAX_TARGETS.to_string() });
        }
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(ip: &str, role: &str) -> Device {
        Device { ips: vec![ip.to_owned()], role: Some(role.to_owned()), ..Device::default() }
    }

    fn asked(named: &[&str], subnets: &[&str], equipment: bool) -> (Vec<String>, Vec<String>) {
        let text = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let allowed = Allowed::parse(&text(named), &text(subnets), equipment).unwrap();
        let known =
            [device("192.0.2.5", "ct"), device("192.0.2.6", "switch"), device("198.51.100.1", "firewall")];
        let plan = plan(&allowed, &known).unwrap();
        let ask = plan.ask.iter().map(ToString::to_string).collect();
        (ask, plan.left_out.iter().map(|left| left.address.to_string()).collect())
    }

    #[test]
    fn a_medical_device_is_asked_only_if_named() {
        let (ask, left_out) = asked(&[], &["192.0.2.0/29"], false);
        assert_eq!(ask.len(), 5);
        assert!(!ask.iter().any(|address| address.starts_with("192.0.2.5:")));
        assert_eq!(left_out, ["192.0.2.5"]);
        let (ask, left_out) = asked(&["192.0.2.5"], &["192.0.2.0/29"], false);
        assert_eq!((ask.len(), left_out.len()), (6, 0));
    }

    #[test]
    fn equipment_is_what_the_ledger_says() {
        assert_eq!(asked(&[], &[], true).0, ["192.0.2.6:161", "198.51.100.1:161"]);
    }

    #[test]
    fn subnets_have_neither_their_own_nor_the_broadcast_address() {
        // (subnet, hosts)
        let cases = [("192.0.2.0/30", 2), ("192.0.2.8/31", 2), ("192.0.2.9/32", 1), ("2001:db8::/126", 4)];
        for (subnet, hosts) in cases {
            assert_eq!(asked(&[], &[subnet], false).0.len(), hosts, "{subnet}");
        }
    }

    #[test]
    fn what_is_no_address_or_too_wide_is_refused() {
        let refused = |named: &str, subnet: &str| {
            let some = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
            Allowed::parse(&some(named), &some(subnet), false).unwrap_err().name
        };
        for named in ["router1", "224.0.0.1", "0.0.0.0", "192.0.2.1:0", "192.0.2.256"] {
            assert_eq!(refused(named, ""), "bad-target", "{named}");
        }
        for subnet in ["192.0.2.0", "10.0.0.0/8", "192.0.2.0/33", "2001:db8::/64", "224.0.0.0/24"] {
            assert_eq!(refused("", subnet), "bad-subnet", "{subnet}");
        }
        assert_eq!(refused("", ""), "no-target");
    }
}
