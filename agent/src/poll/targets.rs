//! Who is asked: the addresses that a person named, subnets, and what may be network equipment.
//!
//! A device that is known to be a medical one is asked only if it was named itself: its network stack may
//! not stand being asked, and what it is we know by its DICOM. Who is excluded is not asked, whoever named
//! it. Who was not named is a guess: one question decides whether it is asked further.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sekisho_enrich::Prefix;
use sekisho_sync::setting;
use serde::Serialize;

use super::candidates::Site;

pub(crate) use sekisho_sync::setting::MAX_FREE_BITS;

/// SNMP's port (RFC 3411 §1.1 names none; IANA does).
pub(crate) const PORT: u16 = 161;
/// Devices asked in one round: several hospitals' equipment.
pub(crate) const MAX_TARGETS: usize = 16_384;
/// Addresses that a round looks at: four times as many as it asks, so that who rests holds nobody up.
const MAX_SEEN: usize = 4 * MAX_TARGETS;

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
    /// Devices, with their ports.
    pub(crate) named: Vec<SocketAddr>,
    /// Subnets: an address, and how many bits are free.
    pub(crate) subnets: Vec<(IpAddr, u32)>,
    /// What may be network equipment.
    pub(crate) equipment: bool,
    /// Who is left out.
    pub(crate) excluded: Vec<Prefix>,
    /// The port of those that are not named with theirs.
    pub(crate) port: u16,
}

/// Whom a round asks.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Plan {
    pub(crate) ask: Vec<Target>,
    pub(crate) left_out: Vec<LeftOut>,
    /// Addresses that found no room in the round.
    pub(crate) refused: u64,
    /// Those that did not answer lately, and are not asked again yet.
    pub(crate) resting: u64,
}

/// A device that is asked.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// Whether a person named it, or it answered before: then it is asked again where it does not answer.
    pub(crate) named: bool,
    /// Which of the credentials it answered to before.
    pub(crate) knows: Option<usize>,
}

/// A device that is not asked, though it lies in what was allowed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct LeftOut {
    pub(crate) address: IpAddr,
    /// Its text's name in the catalogue's section `poll`.
    pub(crate) why: &'static str,
}

impl Allowed {
    /// Reads what was written on the command line.
    pub(crate) fn parse(named: &[String], subnets: &[String], equipment: bool) -> Result<Self, BadTarget> {
        let named = named.iter().map(|text| address(text, PORT)).collect::<Result<Vec<_>, _>>()?;
        let subnets = subnets.iter().map(|text| subnet(text)).collect::<Result<Vec<_>, _>>()?;
        let allowed = Self { named, subnets, equipment, excluded: Vec::new(), port: PORT };
        if allowed.is_nobody() {
            return Err(BadTarget { name: "no-target", value: String::new() });
        }
        Ok(allowed)
    }

    /// Tells whether nobody may be asked.
    pub(crate) fn is_nobody(&self) -> bool {
        self.named.is_empty() && self.subnets.is_empty() && !self.equipment
    }

    fn excludes(&self, address: IpAddr) -> bool {
        self.excluded.iter().any(|prefix| prefix.contains(address.into()))
    }
}

/// Reads an address, with its port where that is written.
pub(crate) fn address(text: &str, port: u16) -> Result<SocketAddr, BadTarget> {
    let text = text.trim();
    let parsed = text.parse().ok().or_else(|| Some(SocketAddr::new(text.parse().ok()?, port)));
    let usable = |address: &SocketAddr| {
        !address.ip().is_multicast() && !address.ip().is_unspecified() && address.port() != 0
    };
    // IPv4 within IPv6 is the same device: who is medical or excluded is told by its plain address.
    let plain = |address: SocketAddr| {
        let ip = address.ip().to_canonical();
        if ip == address.ip() { address } else { SocketAddr::new(ip, address.port()) }
    };
    parsed.map(plain).filter(usable).ok_or_else(|| BadTarget { name: "bad-target", value: text.to_owned() })
}

/// Reads a subnet that is not too wide.
pub(crate) fn subnet(text: &str) -> Result<(IpAddr, u32), BadTarget> {
    setting::subnet(text).map_err(|_| BadTarget { name: "bad-subnet", value: text.to_owned() })
}

/// The first and the last address of a subnet.
pub(crate) fn ends(address: IpAddr, free: u32) -> [IpAddr; 2] {
    let low = (1_u128 << free.min(127)) - 1;
    match address {
        IpAddr::V4(address) => {
            let (base, low) = (address.to_bits(), low as u32);
            [base & !low, base | low].map(|bits| Ipv4Addr::from_bits(bits).into())
        }
        IpAddr::V6(address) => {
            [address.to_bits() & !low, address.to_bits() | low].map(|bits| Ipv6Addr::from_bits(bits).into())
        }
    }
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

/// Says whom a round asks, given what is known of the site, and who rests.
pub(crate) fn plan(allowed: &Allowed, site: &Site, rests: impl Fn(&SocketAddr) -> bool) -> Plan {
    let mut seen: BTreeSet<IpAddr> = BTreeSet::new();
    let mut plan = Plan::default();
    let medical = site.medical();
    for address in &allowed.named {
        let target = Target { address: *address, named: true, knows: None };
        if allowed.excludes(address.ip()) {
            plan.left_out.push(LeftOut { address: address.ip(), why: "excluded" });
        } else if !plan.ask.contains(&target) {
            plan.add(target);
        }
        seen.insert(address.ip());
    }
    let equipment = if allowed.equipment { site.equipment(&seen) } else { BTreeSet::new() };
    for address in allowed.subnets.iter().copied().flat_map(hosts).chain(equipment) {
        if seen.contains(&address) {
            continue;
        }
        if seen.len() >= MAX_SEEN {
            plan.refused += 1;
            continue;
        }
        seen.insert(address);
        let at = SocketAddr::new(address, allowed.port);
        let target = Target { address: at, named: false, knows: None };
        if allowed.excludes(address) {
            plan.left_out.push(LeftOut { address, why: "excluded" });
        } else if medical.contains(&address) {
            plan.left_out.push(LeftOut { address, why: "medical" });
        } else if rests(&target.address) {
            plan.resting += 1;
        } else {
            plan.add(target);
        }
    }
    plan
}

impl Plan {
    fn add(&mut self, target: Target) {
        if self.ask.len() < MAX_TARGETS { self.ask.push(target) } else { self.refused += 1 }
    }
}

#[cfg(test)]
mod tests {
    use sekisho_api::Device;

    use super::*;

    fn device(ip: &str, role: &str) -> Device {
        Device { ips: vec![ip.to_owned()], role: Some(role.to_owned()), ..Device::default() }
    }

    fn site() -> Site {
        let devices = vec![
            device("192.0.2.5", "ct"),
            device("192.0.2.6", "switch"),
            device("198.51.100.1", "firewall"),
        ];
        Site { devices, ..Site::default() }
    }

    fn asked(named: &[&str], subnets: &[&str], equipment: bool) -> (Vec<String>, Vec<String>) {
        let text = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let allowed = Allowed::parse(&text(named), &text(subnets), equipment).unwrap();
        let plan = plan(&allowed, &site(), |_| false);
        let ask = plan.ask.iter().map(|target| target.address.to_string()).collect();
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
    fn ipv4_within_ipv6_is_ipv4() {
        let (ask, left_out) = asked(&[], &["::ffff:192.0.2.0/125"], false);
        assert_eq!((ask.len(), left_out), (5, vec!["192.0.2.5".to_owned()]));
        assert_eq!(asked(&["[::ffff:192.0.2.9]:162"], &[], false).0, ["192.0.2.9:162"]);
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

    #[test]
    fn who_is_excluded_is_not_asked_even_if_named() {
        let allowed = Allowed {
            excluded: vec!["192.0.2.4/31".parse().unwrap()],
            ..Allowed::parse(&["192.0.2.5".to_owned()], &["192.0.2.0/29".to_owned()], true).unwrap()
        };
        let plan = plan(&allowed, &site(), |_| false);
        let out: Vec<String> = plan.left_out.iter().map(|left| left.address.to_string()).collect();
        assert_eq!(out, ["192.0.2.5", "192.0.2.4"]);
        let named: Vec<bool> = plan.ask.iter().map(|target| target.named).collect();
        assert_eq!(named, [false; 5], "four of the subnet, and the firewall");
    }

    #[test]
    fn who_rests_holds_nobody_up() {
        let subnets: Vec<String> = (0..32).map(|at| format!("10.{at}.0.0/20")).collect();
        let allowed = Allowed::parse(&[], &subnets, false).unwrap();
        let rests = |address: &SocketAddr| address.to_string().starts_with("10.0.");
        let plan = plan(&allowed, &Site::default(), rests);
        assert_eq!((plan.ask.len(), plan.resting), (MAX_TARGETS, 4_094));
        assert_eq!(plan.refused, 32 * 4_094 - 4_094 - 16_384, "what is beyond any bound is counted");
    }

    #[test]
    fn a_round_has_an_end_and_counts_what_found_no_room() {
        let subnets: Vec<String> = (0..5).map(|number| format!("10.0.{}.0/20", number * 16)).collect();
        let plan = plan(&Allowed::parse(&[], &subnets, false).unwrap(), &Site::default(), |_| false);
        assert_eq!((plan.ask.len(), plan.refused), (MAX_TARGETS, 5 * 4_094 - 16_384));
    }
}
