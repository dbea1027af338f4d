//! Neighbour discovery (RFC 4861): which hardware address has which IPv6 address, and who routes.

use crate::{Addr, Cursor, DecodeError, Layer, MacAddr};

/// ICMPv6 type of a router advertisement (RFC 4861 §4.2).
pub const ROUTER_ADVERTISEMENT: u8 = 134;
/// ICMPv6 type of a neighbour solicitation (RFC 4861 §4.3).
pub const NEIGHBOUR_SOLICITATION: u8 = 135;
/// ICMPv6 type of a neighbour advertisement (RFC 4861 §4.4).
pub const NEIGHBOUR_ADVERTISEMENT: u8 = 136;

/// Source link-layer address option (RFC 4861 §4.6.1).
const OPTION_SOURCE_MAC: u8 = 1;
/// Target link-layer address option (RFC 4861 §4.6.1).
const OPTION_TARGET_MAC: u8 = 2;
/// Prefix information option (RFC 4861 §4.6.2).
const OPTION_PREFIX: u8 = 3;

/// What one message says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Ndp {
    /// The address asked for or announced.
    pub target: Option<Addr>,
    /// The hardware address in the options: the sender's, or the target's in an advertisement.
    pub mac: Option<MacAddr>,
    /// Whether the sender says that it routes.
    pub router: bool,
    /// The first on-link prefix a router announces, and its length in bits.
    pub prefix: Option<(Addr, u8)>,
}

/// Parses what follows the four bytes of type, code and checksum.
///
/// Returns `Ok(None)` for an ICMPv6 type that is not one of the three above.
pub fn parse(kind: u8, bytes: &[u8]) -> Result<Option<Ndp>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Ndp, bytes);
    let mut message = Ndp::default();
    match kind {
        ROUTER_ADVERTISEMENT => {
            let [_hop_limit, _flags, life_high, life_low] = cursor.array()?;
            // A lifetime of zero: it routes no more (RFC 4861 §4.2).
            message.router = (life_high, life_low) != (0, 0);
            cursor.take(8)?;
        }
        NEIGHBOUR_SOLICITATION => {
            cursor.take(4)?;
            message.target = Some(Addr::v6(cursor.array()?));
        }
        NEIGHBOUR_ADVERTISEMENT => {
            let [flags, ..] = cursor.array::<4>()?;
            message.router = flags & 0x80 != 0;
            message.target = Some(Addr::v6(cursor.array()?));
        }
        _ => return Ok(None),
    }
    while !cursor.rest().is_empty() {
        let [option, len] = cursor.array()?;
        // In units of eight octets, this header included; zero would never end (RFC 4861 §4.6).
        let Some(body_len) = (usize::from(len) * 8).checked_sub(2) else {
            return Err(cursor.malformed("option of length zero"));
        };
        let body = cursor.take(body_len)?;
        match option {
            OPTION_SOURCE_MAC | OPTION_TARGET_MAC => {
                message.mac = body.first_chunk().copied().map(MacAddr).or(message.mac);
            }
            OPTION_PREFIX if message.prefix.is_none() => message.prefix = prefix(body),
            _ => {}
        }
    }
    Ok(Some(message))
}

fn prefix(body: &[u8]) -> Option<(Addr, u8)> {
    let [len, flags, ..] = *body else { return None };
    let on_link = flags & 0x80 != 0;
    let address = body.last_chunk::<16>().copied().map(Addr::v6)?;
    (on_link && len <= 128).then_some((address, len))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advertisement() -> Vec<u8> {
        let mut bytes = vec![64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0];
        bytes.extend([1, 1, 0, 0, 0x5e, 0, 0x53, 9]);
        bytes.extend([3, 4, 64, 0xc0]);
        bytes.extend([0; 12]);
        bytes.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    #[test]
    fn a_router_advertisement_gives_router_mac_and_prefix() {
        let message = parse(ROUTER_ADVERTISEMENT, &advertisement()).unwrap().unwrap();
        assert!(message.router);
        assert_eq!(message.mac.unwrap().to_string(), "00:00:5e:00:53:09");
        let (address, len) = message.prefix.unwrap();
        assert_eq!((address.to_string().as_str(), len), ("2001:db8::", 64));
    }

    #[test]
    fn an_option_of_length_zero_is_malformed() {
        let mut bytes = advertisement();
        bytes[13] = 0;
        assert!(matches!(parse(ROUTER_ADVERTISEMENT, &bytes), Err(DecodeError::Malformed { .. })));
    }

    #[test]
    fn reports_every_truncation_inside_a_field() {
        let bytes = advertisement();
        for len in (0..bytes.len()).filter(|len| ![12, 20].contains(len)) {
            let error = parse(ROUTER_ADVERTISEMENT, &bytes[..len]).unwrap_err();
            assert!(matches!(error, DecodeError::Truncated { .. }), "{len} bytes: {error}");
        }
    }
}
