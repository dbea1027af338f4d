//! Teredo: IPv6 through NAT over UDP (RFC 4380), on any port.
//!
//! ```text
//! [authentication: 0 1 │ lengths 1, 1 │ client id, value │ nonce 8 │ confirmation 1]
//! [origin: 0 0 │ port 2 │ address 4]
//! IPv6 packet, one of whose addresses lies in 2001::/32 (or link-local to qualify)
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const PORT: u16 = 3544;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "teredo",
    tunnel: true,
    over: &[Over::Udp],
    ports: &[PORT],
    start: Start::between(0x60, 0x6f).or_with(&[0]),
    look,
};

/// RFC 4380 §2.6.
const PREFIX: [u8; 4] = [0x20, 0x01, 0, 0];
const LINK_LOCAL: [u8; 2] = [0xfe, 0x80];

const IPV6_HEADER_BYTES: usize = 40;

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    match packet(sight) {
        Ok(Some(confidence)) => Look::Is(Found::new(confidence)),
        Ok(None) | Err(_) => Look::No,
    }
}

fn packet(sight: &Sight<'_>) -> Result<Option<u8>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Ipv6, sight.data);
    let mut first: [u8; 2] = cursor.array()?;
    if first == [0, 1] {
        let (id, value) = (cursor.u8()?, cursor.u8()?);
        cursor.take(usize::from(id) + usize::from(value) + 9)?;
        first = cursor.array()?;
    }
    if first == [0, 0] {
        cursor.array::<6>()?;
        first = cursor.array()?;
    }
    if first[0] >> 4 != 6 {
        return Ok(None);
    }
    cursor.u16()?;
    let payload_bytes = usize::from(cursor.u16()?);
    let headers = sight.data.len() - cursor.rest().len() - 6;
    let _next_and_hops = cursor.u16()?;
    let (source, destination): ([u8; 16], [u8; 16]) = (cursor.array()?, cursor.array()?);
    if headers + IPV6_HEADER_BYTES + payload_bytes != sight.wire_len {
        return Ok(None);
    }
    let of_teredo = source.starts_with(&PREFIX) || destination.starts_with(&PREFIX);
    let qualifies = source.starts_with(&LINK_LOCAL) && sight.on_port(&[PORT]);
    Ok((of_teredo || qualifies).then_some(if of_teredo { 96 } else { 88 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder;

    fn ipv6(source: &[u8], payload: usize) -> Vec<u8> {
        let mut address = source.to_vec();
        address.resize(16, 1);
        let length = u16::try_from(payload).unwrap().to_be_bytes();
        [
            &[0x60, 0, 0, 0][..],
            &length,
            &[59, 64],
            &address,
            &[0x20, 0x01, 0x0d, 0xb8],
            &[2; 12],
            &vec![0; payload],
        ]
        .concat()
    }

    #[test]
    fn an_ipv6_packet_of_the_prefix_is_believed() {
        let bubble = ipv6(&PREFIX, 0);
        let authenticated = [&[0, 1, 0, 0][..], &[7; 8], &[0], &ipv6(&LINK_LOCAL, 16)].concat();
        let told = [&[0, 0, 0x12, 0x34, 1, 2, 3, 4][..], &ipv6(&PREFIX, 32)].concat();
        let longer = [&ipv6(&PREFIX, 8)[..], &[0]].concat();
        // (datagram, port, finding)
        let cases = [
            (&bubble, 40_000, Look::Is(Found::new(96))),
            (&told, 40_000, Look::Is(Found::new(96))),
            (&authenticated, PORT, Look::Is(Found::new(88))),
            (&authenticated, 40_000, Look::No),
            (&ipv6(&[0x20, 0x01, 0x0d, 0xb8], 8), PORT, Look::No),
            (&longer, PORT, Look::No),
        ];
        for (data, port, expected) in cases {
            let sight = recorder::sight(Over::Udp, true, port, data);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{port} {data:02x?}");
        }
        for len in 0..told.len() {
            let cut = recorder::sight(Over::Udp, true, PORT, &told[..len]);
            assert_eq!(recorder::look(&PROTOCOL, &cut).0, Look::No, "{len} bytes");
        }
    }
}
