//! What an object holds, and how it is read: as number, as text, as address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Oid;

/// Octets of a text that are kept: descriptions are a few hundred long, and what is longer is no name.
const MAX_TEXT: usize = 1024;

/// What an object holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    /// INTEGER.
    Integer(i64),
    /// OCTET STRING, Opaque.
    Octets(Vec<u8>),
    /// OBJECT IDENTIFIER.
    Oid(Oid),
    /// IpAddress.
    Ip(Ipv4Addr),
    /// Counter32, Gauge32, TimeTicks, Counter64.
    Unsigned(u64),
    /// There is nothing by that name: `noSuchObject`, `noSuchInstance`, NULL.
    Absent,
    /// There is nothing further: `endOfMibView`.
    End,
}

impl Value {
    /// Gives a number that is not negative.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Integer(number) => u64::try_from(*number).ok(),
            Self::Unsigned(number) => Some(*number),
            Self::Octets(_) | Self::Oid(_) | Self::Ip(_) | Self::Absent | Self::End => None,
        }
    }

    /// Gives the octets.
    #[must_use]
    pub fn octets(&self) -> Option<&[u8]> {
        match self {
            Self::Octets(octets) => Some(octets),
            Self::Integer(_) | Self::Oid(_) | Self::Ip(_) | Self::Unsigned(_) | Self::Absent | Self::End => {
                None
            }
        }
    }

    /// Gives what a person reads: text without control characters and without space around it, numbers and
    /// addresses as they are written; `None` where that is nothing.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let text = match self {
            Self::Octets(octets) => readable(octets),
            Self::Integer(number) => number.to_string(),
            Self::Unsigned(number) => number.to_string(),
            Self::Oid(oid) => oid.to_string(),
            Self::Ip(ip) => ip.to_string(),
            Self::Absent | Self::End => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// Gives an address: IpAddress, or four or sixteen octets (InetAddress, RFC 4001), a zone index apart.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(ip) => Some((*ip).into()),
            Self::Octets(octets) => address(octets),
            Self::Integer(_) | Self::Oid(_) | Self::Unsigned(_) | Self::Absent | Self::End => None,
        }
    }

    /// Gives a hardware address of Ethernet.
    #[must_use]
    pub fn mac(&self) -> Option<[u8; 6]> {
        self.octets().and_then(|octets| octets.try_into().ok())
    }
}

/// Reads octets as an address of either family.
#[must_use]
pub fn address(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 | 8 => {
            let octets: [u8; 4] = octets.get(..4)?.try_into().ok()?;
            Some(Ipv4Addr::from(octets).into())
        }
        16 | 20 => {
            let octets: [u8; 16] = octets.get(..16)?.try_into().ok()?;
            Some(Ipv6Addr::from(octets).into())
        }
        _ => None,
    }
}

/// Makes text of octets that may be in any encoding: line ends stay, other control characters go, what is
/// no UTF-8 becomes a replacement character. Many devices fill the rest of a field with NULs.
fn readable(octets: &[u8]) -> String {
    let octets = octets.get(..MAX_TEXT).unwrap_or(octets);
    let text = String::from_utf8_lossy(octets);
    let kept: String = text
        .chars()
        .map(|letter| if letter == '\t' { ' ' } else { letter })
        .filter(|letter| !letter.is_control() || *letter == '\n')
        .collect();
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_clean_of_what_moves_a_terminal() {
        let value = Value::Octets(b"\0 RTX830\x1b[2J Rev.15\r\nx\0\0".to_vec());
        assert_eq!(value.text().as_deref(), Some("RTX830[2J Rev.15\nx"));
        assert_eq!(Value::Octets(b" \0".to_vec()).text(), None);
        assert!(Value::Octets(vec![0xff; 70_000]).text().unwrap().len() <= 3 * MAX_TEXT);
    }

    #[test]
    fn addresses_come_in_both_forms() {
        let v4: IpAddr = "192.0.2.7".parse().unwrap();
        assert_eq!(Value::Ip(Ipv4Addr::new(192, 0, 2, 7)).address(), Some(v4));
        assert_eq!(Value::Octets(vec![192, 0, 2, 7]).address(), Some(v4));
        assert_eq!(Value::Octets(vec![1, 2, 3]).address(), None);
        assert_eq!(Value::Integer(-1).number(), None);
    }
}
