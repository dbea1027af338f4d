//! GRE (IP protocol 47), version 0: RFC 2784, with the key and sequence number of RFC 2890.
//!
//! Version 1 is PPTP's and stands in `pptp.rs`. ERSPAN, a switch's mirror in GRE, is not a tunnel
//! anyone reaches in by.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const GRE: u8 = 47;

pub(crate) const PROTOCOL: Protocol =
    Protocol { service: "gre", tunnel: true, over: &[Over::Ip(GRE)], ports: &[], start: Start::ANYHOW, look };

/// The bits that are zero: all but checksum, key and sequence number; and version 0. Routing and
/// strict source route (RFC 1701) have been gone since RFC 2784 §2.3.
const ZERO_BITS: u16 = 0x4fff;

/// ERSPAN types I and II, and III.
const ERSPAN: [u16; 2] = [0x88be, 0x22eb];

/// Smaller numbers are no EtherTypes (IEEE 802.3).
const LEAST_ETHERTYPE: u16 = 0x0600;

/// Cisco's GRE keepalive carries protocol type 0.
const KEEPALIVE: u16 = 0;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    match is_tunnel(sight.data) {
        Ok(true) => Look::Is(Found::new(95)),
        Ok(false) | Err(_) => Look::No,
    }
}

fn is_tunnel(data: &[u8]) -> Result<bool, DecodeError> {
    let mut cursor = Cursor::new(Layer::Gre, data);
    let flags = cursor.u16()?;
    let carries = cursor.u16()?;
    let is_protocol = carries >= LEAST_ETHERTYPE || carries == KEEPALIVE;
    Ok(flags & ZERO_BITS == 0 && is_protocol && !ERSPAN.contains(&carries))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder;

    #[test]
    fn version_0_carrying_a_protocol_is_a_tunnel() {
        // (packet, gre)
        let cases: [(&[u8], bool); 9] = [
            (&[0x00, 0x00, 0x08, 0x00, 0x45], true),       // IPv4 inside
            (&[0x20, 0x00, 0x65, 0x58, 0, 0, 0, 1], true), // Ethernet inside, with a key
            (&[0xb0, 0x00, 0x86, 0xdd], true),             // checksum, key and sequence number
            (&[0x00, 0x00, 0x00, 0x00], true),             // a keepalive
            (&[0x30, 0x01, 0x88, 0x0b], false),            // version 1: PPTP
            (&[0x10, 0x00, 0x88, 0xbe], false),            // a mirror port's ERSPAN
            (&[0x40, 0x00, 0x08, 0x00], false),            // source routing, long gone
            (&[0x00, 0x00, 0x00, 0x42], false),            // a length, no protocol
            (&[0x00, 0x00, 0x08], false),                  // cut
        ];
        for (packet, expected) in cases {
            let (look, _) = recorder::look(&PROTOCOL, &recorder::sight(Over::Ip(GRE), true, 0, packet));
            assert_eq!(look == Look::Is(Found::new(95)), expected, "{packet:02x?}");
        }
        for len in 0..4 {
            let sight = recorder::sight(Over::Ip(GRE), true, 0, &[0x00, 0x00, 0x08, 0x00][..len]);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{len} bytes");
        }
    }
}
