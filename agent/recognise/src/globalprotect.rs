//! Palo Alto's GlobalProtect: its pages where the TLS is taken off, and its ESP in UDP.
//!
//! The client reads its settings under `/global-protect/` or `/ssl-vpn/`, asks for the tunnel with
//! `GET /ssl-tunnel-connect.sslvpn`, and prefers ESP in UDP to port 4501, whose keys came over TLS: no
//! IKE goes before it. That port, ESP both ways and no IKE are what tells it from another's NAT-T.
//! OpenConnect's `gpst.c`, and Palo Alto's list of ports.

use sekisho_decode::{Cursor, Layer};

use crate::noise::is_noise;
use crate::request_line::opens_with;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const ESP_PORT: u16 = 4501;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "globalprotect",
    tunnel: true,
    over: &[Over::Tcp, Over::Udp],
    ports: &[ESP_PORT],
    start: Start::with(b"GP").or_on(&[ESP_PORT]),
    look,
};

const OPENINGS: &[&[u8]] = &[
    b"GET /ssl-tunnel-connect.sslvpn",
    b"POST /ssl-vpn/prelogin.esp",
    b"POST /ssl-vpn/login.esp",
    b"POST /ssl-vpn/getconfig.esp",
    b"POST /ssl-vpn/hipreportcheck.esp",
    b"POST /global-protect/prelogin.esp",
    b"POST /global-protect/getconfig.esp",
];

/// RFC 4303 §2.1: SPIs below are reserved.
const LEAST_SPI: u32 = 256;

/// A session's keys last a day at the most: its packets have no more bits.
const SEQUENCE_BITS: u32 = 28;

/// How many of a sender's datagrams are believed if nothing comes back.
const ONE_WAY: u32 = 4;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    match sight.over {
        Over::Tcp => opens_with(sight, OPENINGS),
        Over::Udp if sight.on_port(&[ESP_PORT]) => esp(sight),
        Over::Udp | Over::Ip(_) => Look::No,
    }
}

/// "No" is final: each datagram before has fitted.
fn esp(sight: &Sight<'_>) -> Look {
    let served = if sight.destination().1 == ESP_PORT { sight.sender().peer() } else { sight.sender() };
    match (is_esp(sight.data), sight.other.is_empty(), is_esp_head(sight.other), sight.count) {
        (true, _, true, _) => Look::Is(Found::served_by(80, served)),
        (true, true, _, ONE_WAY..) => Look::Is(Found::served_by(65, served)),
        (true, true, _, _) => Look::More,
        (_, _, _, _) => Look::No,
    }
}

fn is_esp(data: &[u8]) -> bool {
    is_esp_head(data) && is_noise(data.get(8..).unwrap_or_default())
}

/// RFC 4303 §2: SPI, sequence number.
fn is_esp_head(data: &[u8]) -> bool {
    let mut cursor = Cursor::new(Layer::Esp, data);
    let (Ok(spi), Ok(sequence)) = (cursor.u32(), cursor.u32()) else { return false };
    spi >= LEAST_SPI && sequence != 0 && sequence >> SEQUENCE_BITS == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::noise;
    use crate::{Side, recorder};

    fn packet(spi: u32, sequence: u32) -> Vec<u8> {
        [&spi.to_be_bytes()[..], &sequence.to_be_bytes(), &noise(spi, 80)].concat()
    }

    #[test]
    fn its_pages_are_believed_and_waited_for() {
        crate::request_line::check(&PROTOCOL, OPENINGS);
    }

    #[test]
    fn esp_on_its_port_is_believed_both_ways_or_in_numbers() {
        let (there, back) = (packet(0xc0de_0001, 7), packet(0xbead_0002, 3));
        let ike = [&[0; 4][..], &noise(1, 60)].concat();
        let served = |confidence| Look::Is(Found::served_by(confidence, Side::Resp));
        // (datagram, the other side's first, port, count, finding, why)
        let cases = [
            (&there, &back[..], 4501, 1, served(80), "both ways"),
            (&there, b"", 4501, 4, served(65), "the fourth one way"),
            (&there, b"", 4501, 1, Look::More, "the first"),
            (&there, &back, 4500, 1, Look::No, "NAT-T's port"),
            (&there, &ike, 4501, 1, Look::No, "IKE goes before it"),
            (&packet(3, 7), &back, 4501, 1, Look::No, "a reserved SPI"),
        ];
        for (data, other, port, count, expected, why) in cases {
            let sight = Sight { other, count, ..recorder::sight(Over::Udp, true, port, data) };
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{why}");
        }
        for len in 0..24 {
            let sight = Sight { other: &back, ..recorder::sight(Over::Udp, true, 4501, &there[..len]) };
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{len} bytes");
        }
    }
}
