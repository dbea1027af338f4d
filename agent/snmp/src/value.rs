//! What an object holds, and how it is read: as number, as text, as address.

use std::net::{IpAddr, Ipv4Addr};

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

    /// Gives an address: IpAddress, or four or sixteen octets (InetAddress, RFC 4001). Letters are none: columns
    /// of some devices hold a name, or a word such as `none`, where others hold octets.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(ip) => Some((*ip).into()),
            Self::Octets(octets) if !is_word(octets) => plain(octets),
            Self::Octets(_)
            | Self::Integer(_)
            | Self::Oid(_)
            | Self::Unsigned(_)
            | Self::Absent
            | Self::End => None,
        }
    }

    /// Gives a hardware address of Ethernet.
    #[must_use]
    pub fn mac(&self) -> Option<[u8; 6]> {
        self.octets().and_then(|octets| octets.try_into().ok())
    }
}

/// Reads the octets of an InetAddress of an index, its zone index left out (RFC 4001 §4.1).
#[must_use]
pub fn address(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        8 | 20 => plain(octets.get(..octets.len() - 4)?),
        _ => plain(octets),
    }
}

/// Reads octets as an address of either family.
fn plain(octets: &[u8]) -> Option<IpAddr> {
    let v4 = || <[u8; 4]>::try_from(octets).ok().map(IpAddr::from);
    let v6 = || <[u8; 16]>::try_from(octets).ok().map(IpAddr::from);
    v4().or_else(v6)
}

/// Tells whether octets are a word rather than an address. Four that can be printed may well be one of either;
/// four letters hardly are an address, and sixteen that can be printed lie in no network that was given out.
fn is_word(octets: &[u8]) -> bool {
    let is_printed = |octet: &u8| octet.is_ascii_graphic() || *octet == b' ';
    if octets.len() == 4 { octets.iter().all(u8::is_ascii_alphabetic) } else { octets.iter().all(is_printed) }
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

    #[test]
    fn words_are_no_addresses() {
        // (octets, whether they are an address)
        let cases: [(&[u8], bool); 7] = [
            (b"none", false),
            (b"WAN1\0\0\0\0", false),
            (b"to-vendor", false),
            (b"branch-office-01", false),
            (&[110, 111, 110, 1], true),
            (&[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], true),
            (&[192, 0, 2, 7, 0, 0, 0, 3], false),
        ];
        for (octets, is_address) in cases {
            assert_eq!(Value::Octets(octets.to_vec()).address().is_some(), is_address, "{octets:?}");
        }
        assert_eq!(address(&[192, 0, 2, 7, 0, 0, 0, 3]), Some(Ipv4Addr::new(192, 0, 2, 7).into()));
    }
}
