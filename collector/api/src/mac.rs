//! A hardware address: parsed in every form that equipment writes, written in one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A hardware address of Ethernet; on the wire and in files `00:00:5e:00:53:01`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Mac(pub [u8; 6]);

/// A text that is no hardware address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotAMac;

impl fmt::Display for NotAMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a hardware address")
    }
}

impl std::error::Error for NotAMac {}

impl Mac {
    /// Tells whether one device may have it: neither a group's address nor all zeros.
    #[must_use]
    pub const fn is_of_a_device(self) -> bool {
        let Self([first, rest @ ..]) = self;
        let [a, b, c, d, e] = rest;
        first & 1 == 0 && (first | a | b | c | d | e) != 0
    }

    /// Tells whether several routers share it: VRRP (RFC 9568 §7.3), HSRP and GLBP.
    #[must_use]
    pub const fn is_shared_by_routers(self) -> bool {
        matches!(
            self.0,
            [0x00, 0x00, 0x5e, 0x00, 0x01 | 0x02, _]
                | [0x00, 0x00, 0x0c, 0x07, 0xac, _]
                | [0x00, 0x00, 0x0c, 0x9f, 0xf0..=0xff, _]
                | [0x00, 0x05, 0x73, 0xa0, 0x00..=0x0f, _]
                | [0x00, 0x07, 0xb4, _, _, _]
        )
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl FromStr for Mac {
    type Err = NotAMac;

    /// Reads six octets in hex: by twos with `:` or `-`, by fours with `.`, or without a separator.
    fn from_str(text: &str) -> Result<Self, NotAMac> {
        let text = text.trim();
        let (separator, groups) = match text.as_bytes() {
            [_, _, b':' | b'-', ..] => (text.chars().nth(2), 2),
            [_, _, _, _, b'.' | b'-' | b':', ..] => (text.chars().nth(4), 4),
            bytes if bytes.len() == 12 => (None, 12),
            _ => return Err(NotAMac),
        };
        let parts: Vec<&str> =
            separator.map_or_else(|| vec![text], |separator| text.split(separator).collect());
        let well_formed =
            |part: &&str| part.len() == groups && part.bytes().all(|digit| digit.is_ascii_hexdigit());
        if parts.len() * groups != 12 || !parts.iter().all(well_formed) {
            return Err(NotAMac);
        }
        let number = u64::from_str_radix(&parts.concat(), 16).map_err(|_| NotAMac)?;
        let [_, _, octets @ ..] = number.to_be_bytes();
        Ok(Self(octets))
    }
}

impl Serialize for Mac {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mac {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_equipment_writes_is_read() {
        // (written, read)
        let cases = [
            ("00:00:5E:00:53:01", true),
            ("00-00-5e-00-53-01", true),
            ("0000.5e00.5301", true),
            ("0000-5e00-5301", true),
            ("00005e005301", true),
            ("00:00:5e:00:53", false),
            ("00:00:5e:00:53:0g", false),
            ("00:00-5e:00:53:01", false),
            ("0000.5e00.53010", false),
            ("+0005e005301", false),
            ("", false),
            ("病院病院", false),
        ];
        for (written, read) in cases {
            let mac = written.parse::<Mac>();
            assert_eq!(mac.is_ok(), read, "{written}");
            assert!(mac.is_err() || mac.unwrap().to_string() == "00:00:5e:00:53:01", "{written}");
        }
    }

    #[test]
    fn addresses_of_groups_and_of_router_pairs_are_told() {
        let mac = |text: &str| text.parse::<Mac>().unwrap();
        assert!(!mac("01:00:5e:00:00:01").is_of_a_device());
        assert!(!mac("00:00:00:00:00:00").is_of_a_device());
        assert!(mac("00:00:5e:00:53:01").is_of_a_device());
        assert!(mac("00:00:5e:00:01:0a").is_shared_by_routers());
        assert!(!mac("00:00:5e:00:53:0a").is_shared_by_routers());
    }
}
