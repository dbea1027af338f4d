//! IP in IP: IPv4 inside (IP protocol 4, RFC 2003) and IPv6 inside (IP protocol 41, RFC 4213,
//! RFC 2473). IPv4 in IPv6 is how DS-Lite and MAP-E lines travel (RFC 6333, RFC 7597).

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Found, Key, Look, Over, Protocol, Sight, Sink, Start};

const IPV4_INSIDE: u8 = 4;
const IPV6_INSIDE: u8 = 41;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "ipip",
    tunnel: true,
    over: &[Over::Ip(IPV4_INSIDE), Over::Ip(IPV6_INSIDE)],
    ports: &[],
    start: Start::ANYHOW,
    look,
};

/// RFC 791 §3.1: an IPv4 header has at least five words.
const LEAST_IPV4_HEADER: u16 = 20;

fn look(sight: &Sight<'_>, _memo: &mut u32, sink: &mut dyn Sink) -> Look {
    let inner = match sight.over {
        Over::Ip(IPV4_INSIDE) => is_ipv4(sight.data, sight.wire_len),
        Over::Ip(IPV6_INSIDE) => is_ipv6(sight.data, sight.wire_len),
        Over::Ip(_) | Over::Tcp | Over::Udp => return Look::No,
    };
    let Ok(true) = inner else { return Look::No };
    let variant = match (sight.over == Over::Ip(IPV4_INSIDE), sight.orig.0.is_v4()) {
        (true, true) => "4in4",
        (true, false) => "4in6",
        (false, true) => "6in4",
        (false, false) => "6in6",
    };
    sink.note(sight.sender(), Key::TunnelVariant, variant);
    Look::Is(Found::new(95))
}

fn is_ipv4(data: &[u8], wire_len: usize) -> Result<bool, DecodeError> {
    let mut cursor = Cursor::new(Layer::Ipv4, data);
    let version_and_words = cursor.u8()?;
    let _service = cursor.u8()?;
    let total = cursor.u16()?;
    let header = u16::from(version_and_words & 0x0f) * 4;
    Ok(version_and_words >> 4 == 4
        && header >= LEAST_IPV4_HEADER
        && total >= header
        && usize::from(total) <= wire_len)
}

fn is_ipv6(data: &[u8], wire_len: usize) -> Result<bool, DecodeError> {
    let mut cursor = Cursor::new(Layer::Ipv6, data);
    let version = cursor.u32()? >> 28;
    let payload = cursor.u16()?;
    Ok(version == 6 && usize::from(payload) + 40 <= wire_len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder;
    use sekisho_decode::Addr;

    fn ipv4() -> Vec<u8> {
        [&[0x45, 0, 0, 20][..], &[0; 16]].concat()
    }

    fn ipv6() -> Vec<u8> {
        [&[0x60, 0, 0, 0, 0, 2][..], &[0; 36]].concat()
    }

    #[test]
    fn the_inner_header_decides_and_the_variant_is_noted() {
        let v6 = Addr::v6([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        let v4 = Addr::v4([192, 0, 2, 10]);
        // (protocol, outer address, inner, variant)
        let cases = [
            (4, v4, ipv4(), Some("4in4")),
            (4, v6, ipv4(), Some("4in6")), // DS-Lite, MAP-E
            (41, v4, ipv6(), Some("6in4")),
            (41, v6, ipv6(), Some("6in6")),
            (4, v4, ipv6(), None), // number and version differ
            (41, v4, ipv4(), None),
            (4, v4, [&[0x44, 0, 0, 20][..], &[0; 16]].concat(), None), // a header of four words
            (4, v4, [&[0x45, 0, 0, 99][..], &[0; 16]].concat(), None), // longer than the packet
        ];
        for (protocol, orig, packet, variant) in cases {
            let sight = Sight { orig: (orig, 0), ..recorder::sight(Over::Ip(protocol), true, 0, &packet) };
            let (look, recorder) = recorder::look(&PROTOCOL, &sight);
            assert_eq!(look == Look::Is(Found::new(95)), variant.is_some(), "{protocol} {packet:02x?}");
            assert_eq!(recorder.values(Key::TunnelVariant).first().copied(), variant);
        }
    }

    #[test]
    fn a_cut_header_is_not_believed() {
        for (protocol, packet, need) in [(4, ipv4(), 4), (41, ipv6(), 6)] {
            for cut in 0..need {
                let sight = recorder::sight(Over::Ip(protocol), true, 0, &packet[..cut]);
                assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{protocol}: {cut} bytes");
            }
        }
    }
}
