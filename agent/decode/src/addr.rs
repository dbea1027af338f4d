//! Addresses as the whole agent carries them: fixed size, cheap to compare and to hash.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::written::Written;

/// The upper 96 bits of an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2).
const V4_MAPPED: u128 = 0xffff << 32;

/// An IP address of either version; IPv4 is held in its IPv4-mapped form.
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Addr(u128);

impl Addr {
    /// `::`, which stands for "no address" in the tables.
    pub const UNSPECIFIED: Self = Self(0);

    /// All hosts of a network, which no router forwards (RFC 1812 §5.3.5.1).
    pub const LIMITED_BROADCAST: Self = Self::v4([255; 4]);

    /// Reads the four bytes of an IPv4 header field.
    #[inline]
    #[must_use]
    pub const fn v4(octets: [u8; 4]) -> Self {
        Self(V4_MAPPED | u32::from_be_bytes(octets) as u128)
    }

    /// Reads the sixteen bytes of an IPv6 header field.
    #[inline]
    #[must_use]
    pub const fn v6(octets: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(octets))
    }

    /// Gives the 128 bits, IPv4 in its mapped form.
    #[inline]
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// Tells whether this is an IPv4 address.
    #[must_use]
    pub const fn is_v4(self) -> bool {
        self.0 >> 32 == V4_MAPPED >> 32
    }

    /// Gives the standard library's form.
    #[must_use]
    pub fn ip(self) -> IpAddr {
        Ipv6Addr::from(self.0).to_canonical()
    }

    /// Gives the address as people write it.
    #[must_use]
    pub fn written(self) -> Written<39> {
        match self.ip() {
            IpAddr::V4(ip) => Written::dotted(ip.octets()),
            IpAddr::V6(ip) => Written::groups(ip.segments()),
        }
    }

    /// Tells whether one host cannot own this address: multicast, broadcast, unspecified.
    #[must_use]
    pub fn is_group(self) -> bool {
        if self.is_v4() {
            let ip = Ipv4Addr::from_bits(self.0 as u32);
            return ip.is_multicast() || ip.is_broadcast() || ip.is_unspecified();
        }
        Ipv6Addr::from_bits(self.0).is_multicast() || self.0 == 0
    }

    /// Tells whether the address never leaves its link or host: link-local and loopback.
    #[must_use]
    pub fn is_link_local(self) -> bool {
        if self.is_v4() {
            let ip = Ipv4Addr::from_bits(self.0 as u32);
            return ip.is_link_local() || ip.is_loopback();
        }
        let ip = Ipv6Addr::from_bits(self.0);
        ip.is_unicast_link_local() || ip.is_loopback()
    }
}

impl From<IpAddr> for Addr {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => ip.into(),
            IpAddr::V6(ip) => Self(ip.into()),
        }
    }
}

impl From<Ipv4Addr> for Addr {
    fn from(ip: Ipv4Addr) -> Self {
        Self::v4(ip.octets())
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.written().text())
    }
}

impl fmt::Debug for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ip().fmt(f)
    }
}

/// A 48-bit hardware address; all zeros where the link has none (raw IP, loopback).
#[derive(Clone, Copy, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct MacAddr(pub [u8; 6]);

impl MacAddr {
    /// "No hardware address."
    pub const ZERO: Self = Self([0; 6]);

    /// Tells whether the address names a group (IEEE 802, the I/G bit): broadcast included.
    #[inline]
    #[must_use]
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// Tells whether the address was made up by software (IEEE 802, the U/L bit).
    #[must_use]
    pub const fn is_local(self) -> bool {
        self.0[0] & 2 == 2
    }

    /// Gives the address as people write it.
    #[must_use]
    pub fn written(self) -> Written<17> {
        Written::colons(self.0)
    }

    /// Tells whether the link gave an address at all.
    #[inline]
    #[must_use]
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }
}

impl Hash for MacAddr {
    /// As one number: as a list of octets it takes several times as long.
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]));
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.written().text())
    }
}

impl fmt::Debug for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no hardware address in the form `00:53:00:12:34:56`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a hardware address of six hexadecimal octets")]
pub struct NotAMac;

impl FromStr for MacAddr {
    type Err = NotAMac;

    fn from_str(text: &str) -> Result<Self, NotAMac> {
        let mut octets = [0; 6];
        let mut parts = text.split([':', '-']);
        for octet in &mut octets {
            let hex = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
            let part = parts.next().filter(hex).ok_or(NotAMac)?;
            *octet = u8::from_str_radix(part, 16).map_err(|_| NotAMac)?;
        }
        if parts.next().is_some() { Err(NotAMac) } else { Ok(Self(octets)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_address_prints_as_ipv4() {
        assert_eq!(Addr::v4([192, 0, 2, 7]).to_string(), "192.0.2.7");
        assert!(Addr::v4([192, 0, 2, 7]).is_v4());
        assert!(!Addr::from("2001:db8::1".parse::<IpAddr>().unwrap()).is_v4());
    }

    #[test]
    fn every_octet_prints_as_the_standard_library_prints_it() {
        for octet in 0..=255 {
            let octets = [octet, 0, octet, 255 - octet];
            assert_eq!(Addr::v4(octets).to_string(), Ipv4Addr::from(octets).to_string());
            let mac = MacAddr([octet, 0, 0x53, octet, 0, octet]);
            assert_eq!(mac.to_string(), format!("{octet:02x}:00:53:{octet:02x}:00:{octet:02x}"));
        }
        assert_eq!(format!("{:<12}|", Addr::v4([192, 0, 2, 7])), "192.0.2.7   |");
        let v6: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(Addr::from(v6).to_string(), v6.to_string());
    }

    #[test]
    fn a_mac_reads_back_as_it_prints() {
        let mac = MacAddr([0x00, 0x53, 0x00, 0xab, 0xcd, 0xef]);
        assert_eq!(mac.to_string().parse(), Ok(mac));
        for text in ["", "00:53", "00:53:00:ab:cd:ef:00", "00:53:00:ab:cd:g0", "+0:53:00:ab:cd:ef"] {
            assert_eq!(text.parse::<MacAddr>(), Err(NotAMac), "{text:?}");
        }
    }
}
