//! Address prefixes in CIDR form (RFC 4632, RFC 4291 §2.3).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use sekisho_decode::Addr;

/// Bits in front of an IPv4 address in its mapped form.
const V4_OFFSET: u8 = 96;

/// A prefix of either version.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Prefix {
    /// The first address, in the mapped form of IPv4.
    bits: u128,
    /// The length in the mapped form.
    len: u8,
}

impl Prefix {
    /// The prefix of `len` bits (of the address's own version) around an address; longer is a host.
    #[must_use]
    pub fn around(address: Addr, len: u8) -> Self {
        let len = if address.is_v4() { len.min(32) + V4_OFFSET } else { len.min(128) };
        Self { bits: address.bits() & Self::mask(len), len }
    }

    /// The first address.
    #[must_use]
    pub(crate) const fn first(&self) -> Addr {
        Addr::v6(self.bits.to_be_bytes())
    }

    /// The prefix of one address.
    #[must_use]
    pub fn host(address: Addr) -> Self {
        Self::around(address, 128)
    }

    const fn mask(len: u8) -> u128 {
        if len == 0 { 0 } else { u128::MAX << (128 - len) }
    }

    /// Tells whether an address lies in the prefix.
    #[must_use]
    pub const fn contains(&self, address: Addr) -> bool {
        address.bits() & Self::mask(self.len) == self.bits
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Addr::v6(self.bits.to_be_bytes());
        let len = if address.is_v4() && self.len >= V4_OFFSET { self.len - V4_OFFSET } else { self.len };
        write!(f, "{address}/{len}")
    }
}

/// A text that is no prefix.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NotAPrefix;

impl fmt::Display for NotAPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a prefix: write it as 192.168.0.0/16, 2001:db8::/32 or a single address")
    }
}

impl std::error::Error for NotAPrefix {}

impl FromStr for Prefix {
    type Err = NotAPrefix;

    fn from_str(text: &str) -> Result<Self, NotAPrefix> {
        let (address, len) = text.split_once('/').map_or((text, None), |(address, len)| (address, Some(len)));
        let ip: IpAddr = address.trim().parse().map_err(|_| NotAPrefix)?;
        let longest = if ip.is_ipv4() { 32 } else { 128 };
        let len = len.map_or(Ok(longest), |len| len.trim().parse().map_err(|_| NotAPrefix))?;
        if len > longest { Err(NotAPrefix) } else { Ok(Self::around(ip.into(), len)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_hold_their_own_addresses_only() {
        // (prefix, address, inside)
        let cases = [
            ("10.20.0.0/16", "10.20.255.1", true),
            ("10.20.0.0/16", "10.21.0.1", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7/32", "192.0.2.8", false),
            ("0.0.0.0/0", "198.51.100.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("::/0", "2001:db8::1", true),
        ];
        for (prefix, address, inside) in cases {
            let parsed: Prefix = prefix.parse().unwrap();
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(parsed.contains(address.into()), inside, "{address} in {prefix}");
        }
    }

    #[test]
    fn they_print_as_they_are_written_with_host_bits_cleared() {
        for (text, printed) in [("10.20.3.4/16", "10.20.0.0/16"), ("2001:db8::1/32", "2001:db8::/32")] {
            assert_eq!(text.parse::<Prefix>().unwrap().to_string(), printed);
        }
        for text in ["", "10.0.0.0/33", "ten", "2001:db8::/129", "10.0.0.0/-1"] {
            assert_eq!(text.parse::<Prefix>(), Err(NotAPrefix), "{text:?}");
        }
    }
}
