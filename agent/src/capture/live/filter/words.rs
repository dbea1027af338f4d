//! The words of filters, and their numbers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::tree::Test;

/// What an address or number is taken for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Kind {
    #[default]
    Host,
    Net,
    Port,
    PortRange,
    Protocol,
}

pub(super) const IPV4: u16 = 0x0800;
pub(super) const ARP: u16 = 0x0806;
pub(super) const RARP: u16 = 0x8035;
pub(super) const IPV6: u16 = 0x86dd;

pub(super) const ICMP: u8 = 1;
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const ICMPV6: u8 = 58;
pub(super) const SCTP: u8 = 132;

/// The words that say what an address or number is taken for.
pub(super) const KINDS: &[&str] = &["host", "net", "port", "portrange", "proto"];
/// The words that name a protocol.
pub(super) const PROTOCOLS: &[&str] =
    &["ether", "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp", "esp", "ah", "gre"];

/// What a number or address after the word is taken for.
pub(super) fn kind(word: &str) -> Kind {
    match word {
        "net" => Kind::Net,
        "port" => Kind::Port,
        "portrange" => Kind::PortRange,
        "proto" => Kind::Protocol,
        _ => Kind::Host,
    }
}

/// The EtherType of a word.
pub(super) fn ether_type(word: &str) -> Option<u16> {
    match word {
        "ip" => Some(IPV4),
        "arp" => Some(ARP),
        "rarp" => Some(RARP),
        "ip6" => Some(IPV6),
        _ => None,
    }
}

/// The IP protocol of a word.
pub(super) fn ip_protocol(word: &str) -> Option<u8> {
    match word {
        "icmp" => Some(ICMP),
        "igmp" => Some(2),
        "tcp" => Some(TCP),
        "udp" => Some(UDP),
        "gre" => Some(47),
        "esp" => Some(50),
        "ah" => Some(51),
        "icmp6" => Some(ICMPV6),
        "sctp" => Some(SCTP),
        _ => None,
    }
}

/// What a protocol asks that stands alone.
pub(super) fn protocol_alone(word: &str) -> Test {
    let version = match word {
        "icmp" | "igmp" => Some(IPV4),
        "icmp6" => Some(IPV6),
        _ => None,
    };
    match (ip_protocol(word), ether_type(word)) {
        (Some(number), _) => Test::Protocol { version, number },
        (None, number) => Test::EtherType(number.unwrap_or(0)),
    }
}

/// Reads `192.0.2.0/24`, `2001:db8::/32`, and a shortened `192.0.2` (a /24) as tcpdump does.
pub(super) fn net(text: &str) -> Option<(IpAddr, Option<u32>)> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
        None => (text, None),
    };
    if let Ok(address) = address.parse::<Ipv6Addr>() {
        return (prefix? <= 128).then_some((address.into(), prefix));
    }
    let mut octets = [0; 4];
    let mut written = 0;
    for part in address.split('.') {
        *octets.get_mut(written)? = part.parse().ok()?;
        written += 1;
    }
    let prefix = prefix.unwrap_or(8 * u32::try_from(written).ok()?);
    (prefix <= 32).then_some((Ipv4Addr::from(octets).into(), Some(prefix)))
}
