//! Address prefixes: CIDR for IP (RFC 4632), leading hex digits for hardware addresses.

use std::net::IpAddr;
use std::str::FromStr;

use crate::Fault;

/// An IP prefix.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cidr {
    base: IpAddr,
    prefix_len: u32,
}

impl Cidr {
    /// Tells whether the address is in the prefix. Families never hold each other.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                same_bits(base.to_bits() ^ address.to_bits(), 32, self.prefix_len)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let differing = base.to_bits() ^ address.to_bits();
                differing.leading_zeros() >= self.prefix_len
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

fn same_bits(differing: u32, width: u32, prefix_len: u32) -> bool {
    differing.leading_zeros().min(width) >= prefix_len
}

impl FromStr for Cidr {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let fault = || Fault::Network { value: text.to_owned() };
        let (base, len) = text.split_once('/').map_or((text, None), |(base, len)| (base, Some(len)));
        let base: IpAddr = base.parse().map_err(|_| fault())?;
        let width = if base.is_ipv4() { 32 } else { 128 };
        let prefix_len = match len {
            Some(len) => len.parse().map_err(|_| fault())?,
            None => width,
        };
        if prefix_len > width {
            return Err(fault());
        }
        Ok(Self { base, prefix_len })
    }
}

/// The leading hex digits of a hardware address: 6 for an MA-L block, 7 for MA-M, 9 for MA-S.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MacPrefix(String);

/// How many hex digits a prefix may have: a whole MA-L block at least, an address at most.
const MAC_DIGITS: std::ops::RangeInclusive<usize> = 6..=12;

impl MacPrefix {
    /// Gives its hexadecimal digits.
    pub(crate) fn digits(&self) -> &str {
        &self.0
    }

    /// Tells whether the address, written with colons, hyphens or neither, begins with the prefix.
    #[must_use]
    pub fn contains(&self, mac: &str) -> bool {
        let mut digits = hex_digits(mac);
        self.0.chars().all(|own| digits.next() == Some(own))
    }
}

impl FromStr for MacPrefix {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let digits: String = hex_digits(text).collect();
        if !MAC_DIGITS.contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Fault::Mac { value: text.to_owned() });
        }
        Ok(Self(digits))
    }
}

fn hex_digits(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| !matches!(c, ':' | '-')).map(|c| c.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_holds_its_own_addresses_only() {
        // (prefix, address, inside)
        let cases = [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false), // the other family
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
        ];
        for (prefix, address, inside) in cases {
            let prefix = prefix.parse::<Cidr>().unwrap();
            assert_eq!(prefix.contains(address.parse().unwrap()), inside, "{address} in {prefix:?}");
        }
        for text in ["", "192.0.2", "192.0.2.0/33", "192.0.2.0/x", "2001:db8::/129"] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
    }

    #[test]
    fn hardware_addresses_are_compared_by_hex_digit() {
        // (prefix, address, inside)
        let cases = [
            ("00:00:5e", "00:00:5E:00:53:01", true),
            ("00-00-5E", "00005e005301", true),
            ("00:00:5e:0", "00:00:5e:00:53:01", true), // 28 bits
            ("00:00:5e:1", "00:00:5e:00:53:01", false),
            ("00:00:5e:00:5", "00:00:5e:00:53:01", true), // 36 bits
            ("00:00:5e:00:53:01", "00:00:5e", false),     // shorter than the prefix
        ];
        for (prefix, address, inside) in cases {
            assert_eq!(
                prefix.parse::<MacPrefix>().unwrap().contains(address),
                inside,
                "{address} in {prefix}"
            );
        }
        for text in ["", "00:00", "00:00:5g", "00:00:5e:00:53:01:00"] {
            assert!(text.parse::<MacPrefix>().is_err(), "{text}");
        }
    }
}
