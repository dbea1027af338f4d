//! ARP for IPv4 on Ethernet (RFC 826).

use crate::{Addr, Cursor, DecodeError, Layer, MacAddr};

/// Hardware type 1, protocol type 0x0800, lengths 6 and 4.
const ETHERNET_IPV4: (u16, u16, u8, u8) = (1, 0x0800, 6, 4);

/// An ARP packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Arp {
    /// 1 request, 2 reply.
    pub operation: u16,
    /// Who says so.
    pub sender_mac: MacAddr,
    /// The address it claims; `0.0.0.0` in a probe (RFC 5227).
    pub sender_ip: Addr,
    /// Whom it asks, or answers.
    pub target_mac: MacAddr,
    /// The address asked for.
    pub target_ip: Addr,
}

/// Parses the bytes after the Ethernet header.
///
/// Returns `Ok(None)` for a well-formed header of another hardware or protocol type: not ours, and
/// not an error. Bytes after the packet are Ethernet padding and are ignored.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Arp>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Arp, bytes);
    let kind = (cursor.u16()?, cursor.u16()?, cursor.u8()?, cursor.u8()?);
    let operation = cursor.u16()?;
    if kind != ETHERNET_IPV4 {
        return Ok(None);
    }
    Ok(Some(Arp {
        operation,
        sender_mac: MacAddr(cursor.array()?),
        sender_ip: Addr::v4(cursor.array()?),
        target_mac: MacAddr(cursor.array()?),
        target_ip: Addr::v4(cursor.array()?),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: [u8; 28] =
        [0, 1, 8, 0, 6, 4, 0, 1, 0, 0, 0x5e, 0, 0x53, 1, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 2];

    #[test]
    fn a_request_names_sender_and_target() {
        let arp = parse(&REQUEST).unwrap().unwrap();
        assert_eq!(arp.operation, 1);
        assert_eq!(arp.sender_mac.to_string(), "00:00:5e:00:53:01");
        assert_eq!(arp.sender_ip.to_string(), "192.0.2.1");
        assert_eq!(arp.target_ip.to_string(), "192.0.2.2");
    }

    #[test]
    fn reports_every_truncation() {
        for len in 0..REQUEST.len() {
            let error = parse(&REQUEST[..len]).unwrap_err();
            assert!(matches!(error, DecodeError::Truncated { .. }), "{len} bytes: {error}");
        }
    }

    #[test]
    fn another_hardware_type_is_not_ours() {
        let mut frame_relay = REQUEST;
        frame_relay[1] = 15;
        assert_eq!(parse(&frame_relay), Ok(None));
    }
}
