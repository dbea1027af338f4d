//! IPsec without UDP: ESP (IP protocol 50, RFC 4303) and AH (IP protocol 51, RFC 4302).
//!
//! The IP protocol number says it; what is checked is only that the header can be one.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const ESP: u8 = 50;
const AH: u8 = 51;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "ipsec",
    tunnel: true,
    over: &[Over::Ip(ESP), Over::Ip(AH)],
    ports: &[],
    start: Start::ANYHOW,
    look,
};

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    let header = match sight.over {
        Over::Ip(ESP) => esp(sight.data),
        Over::Ip(AH) => ah(sight.data),
        Over::Ip(_) | Over::Tcp | Over::Udp => return Look::No,
    };
    match header {
        Ok(true) => Look::Is(Found::new(95)),
        Ok(false) | Err(_) => Look::No,
    }
}

/// RFC 4303 §2.1: SPI 0 never travels. Manual keys may use the reserved ones from 1 to 255.
fn esp(data: &[u8]) -> Result<bool, DecodeError> {
    let mut cursor = Cursor::new(Layer::Esp, data);
    let spi = cursor.u32()?;
    let _sequence = cursor.u32()?;
    Ok(spi != 0)
}

/// RFC 4302 §2: next header, payload length, reserved, SPI, sequence number.
fn ah(data: &[u8]) -> Result<bool, DecodeError> {
    let mut cursor = Cursor::new(Layer::Ah, data);
    let _next_header = cursor.u8()?;
    let _length = cursor.u8()?;
    let reserved = cursor.u16()?;
    let spi = cursor.u32()?;
    let _sequence = cursor.u32()?;
    Ok(reserved == 0 && spi != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder;

    #[test]
    fn the_ip_protocol_number_says_it() {
        let esp = [0x3d, 0x71, 0x31, 0x55, 0, 0, 0, 1, 0xaa, 0xbb];
        let ah = [4, 4, 0, 0, 0, 0, 1, 0x10, 0, 0, 0, 1, 0xaa];
        // (protocol, packet, ipsec)
        let cases: [(Over, &[u8], bool); 6] = [
            (Over::Ip(50), &esp, true),
            (Over::Ip(51), &ah, true),
            (Over::Ip(50), &[0; 16], false), // SPI 0
            (Over::Ip(51), &[4, 4, 0, 1, 0, 0, 1, 0x10, 0, 0, 0, 1], false), // reserved bits set
            (Over::Udp, &esp, false),        // not here
            (Over::Ip(47), &esp, false),
        ];
        for (over, packet, expected) in cases {
            let (look, _) = recorder::look(&PROTOCOL, &recorder::sight(over, true, 0, packet));
            assert_eq!(look == Look::Is(Found::new(95)), expected, "{over:?} {packet:02x?}");
        }
    }

    #[test]
    fn a_cut_header_is_not_believed() {
        for (protocol, len) in [(ESP, 8), (AH, 12)] {
            for cut in 0..len {
                let packet = [0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];
                let sight = recorder::sight(Over::Ip(protocol), true, 0, &packet[..cut]);
                assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{protocol}: {cut} bytes");
            }
        }
    }
}
