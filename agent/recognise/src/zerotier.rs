//! ZeroTier over UDP, any port (usually 9993): ZeroTierOne's `node/Packet.hpp`.
//!
//! ```text
//! packet id 8 │ destination 5 │ source 5 │ flags, cipher, hops 1 │ MAC 8 │ verb 1 │ payload
//! HELLO's payload, in clear: protocol 1 │ major 1 │ minor 1 │ revision 2 │ time 8 │ identity (address 5 …)
//! ```
//!
//! A HELLO names its source twice, which is proof; sealed packets are believed where the two sides'
//! addresses mirror each other.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const PORT: u16 = 9993;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "zerotier",
    tunnel: true,
    over: &[Over::Udp],
    ports: &[PORT],
    start: Start::ANYHOW,
    look,
};

/// The three bits between flags and hops: no encryption (HELLO), Salsa20/12, AES-GMAC-SIV.
const CIPHER_NONE: u8 = 0;
const CIPHERS: [u8; 3] = [CIPHER_NONE, 1, 3];

/// Verbs take five bits; the upper ones are flags.
const VERB_BITS: u8 = 0x1f;
const HELLO: u8 = 0x01;

/// Version 4 came with the present identities in 2014; today's is 13.
const PROTOCOL_VERSIONS: std::ops::RangeInclusive<u8> = 4..=31;

/// The kind of an identity's key; there is no other.
const CURVE_25519: u8 = 0;

/// Addresses that start so are reserved, and mark fragments (`ZT_ADDRESS_RESERVED_PREFIX`).
const RESERVED: u8 = 0xff;

type Address = [u8; 5];

#[derive(Clone, Copy, Debug)]
struct Header {
    destination: Address,
    source: Address,
    cipher: u8,
}

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    packet(sight).unwrap_or(Look::No)
}

fn packet(sight: &Sight<'_>) -> Result<Look, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let header = header(&mut cursor)?;
    if !header.is_plausible() {
        return Ok(Look::No);
    }
    if header.cipher == CIPHER_NONE {
        return Ok(if is_hello(cursor, header)? { Look::Is(Found::new(97)) } else { Look::No });
    }
    let other = self::header(&mut Cursor::new(Layer::Application, sight.other)).ok();
    let Some(other) = other else {
        // Any bytes have a header's form; only the usual port is worth the wait.
        return Ok(if sight.on_port(&[PORT]) { Look::More } else { Look::No });
    };
    let mirrored = header.source == other.destination && header.destination == other.source;
    Ok(if mirrored { Look::Is(Found::new(95)) } else { Look::No })
}

fn header(cursor: &mut Cursor<'_>) -> Result<Header, DecodeError> {
    let _packet_id: [u8; 8] = cursor.array()?;
    let (destination, source) = (cursor.array()?, cursor.array()?);
    let cipher = cursor.u8()? >> 3 & 0x07;
    let _mac: [u8; 8] = cursor.array()?;
    Ok(Header { destination, source, cipher })
}

impl Header {
    fn is_plausible(&self) -> bool {
        let is_node = |address: &Address| *address != [0; 5] && address[0] != RESERVED;
        CIPHERS.contains(&self.cipher)
            && is_node(&self.source)
            && is_node(&self.destination)
            && self.source != self.destination
    }
}

fn is_hello(mut cursor: Cursor<'_>, header: Header) -> Result<bool, DecodeError> {
    let verb = cursor.u8()? & VERB_BITS;
    let protocol = cursor.u8()?;
    let _version: [u8; 4] = cursor.array()?;
    // Milliseconds since 1970, in eight octets.
    let [first, second, ..]: [u8; 8] = cursor.array()?;
    let identity: Address = cursor.array()?;
    let is_hello = verb == HELLO && PROTOCOL_VERSIONS.contains(&protocol) && [first, second] == [0; 2];
    Ok(is_hello && identity == header.source && cursor.u8()? == CURVE_25519)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::noise;
    use crate::recorder;

    const US: Address = [0x8a, 0x21, 0x07, 0x5c, 0x11];
    const ROOT: Address = [0x62, 0xf8, 0x65, 0xae, 0x71];

    fn sealed(to: Address, from: Address, cipher: u8) -> Vec<u8> {
        [&noise(1, 8)[..], &to, &from, &[cipher << 3], &noise(2, 60)].concat()
    }

    fn hello(identity: Address, verb: u8, protocol: u8) -> Vec<u8> {
        let version = [protocol, 1, 14, 0, 2];
        let head = [&noise(1, 8)[..], &ROOT, &US, &[0], &noise(2, 8), &[verb]].concat();
        [&head[..], &version, &[0, 0, 1, 0x8f, 1, 2, 3, 4], &identity, &[0], &noise(3, 64)].concat()
    }

    #[test]
    fn a_hello_that_names_its_source_twice_is_believed_on_any_port() {
        for port in [9993, 41_234] {
            let bytes = hello(US, HELLO, 13);
            let sight = recorder::sight(Over::Udp, true, port, &bytes);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::Is(Found::new(97)), "port {port}");
        }
        for (bytes, why) in [
            ([4, 1].repeat(78), "the same again and again"),
            (hello(ROOT, HELLO, 13), "another's identity"),
            (hello(US, 2, 13), "another verb in clear"),
            (hello(US, HELLO, 99), "no such version"),
        ] {
            let sight = recorder::sight(Over::Udp, true, 9993, &bytes);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{why}");
        }
    }

    #[test]
    fn sealed_packets_need_addresses_that_mirror_each_other() {
        let (there, back) = (sealed(ROOT, US, 1), sealed(US, ROOT, 3));
        let stranger = sealed(US, [9; 5], 1);
        // (packet, the other side's first, port, finding)
        let cases = [
            (&back, &there[..], 41_234, Look::Is(Found::new(95))),
            (&stranger, &there, 9993, Look::No),
            (&there, b"", 9993, Look::More),
            (&there, b"", 41_234, Look::No),
            (&sealed(US, US, 1), b"", 9993, Look::No),
            (&sealed(US, [0xff, 1, 2, 3, 4], 1), b"", 9993, Look::No),
            (&sealed(US, ROOT, 5), b"", 9993, Look::No),
        ];
        for (data, other, port, expected) in cases {
            let sight = Sight { other, ..recorder::sight(Over::Udp, true, port, data) };
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{port} {data:02x?}");
        }
    }

    #[test]
    fn cut_packets_are_not_believed() {
        let whole = hello(US, HELLO, 13);
        for len in 0..46 {
            let sight = recorder::sight(Over::Udp, true, 9993, &whole[..len]);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{len} bytes");
        }
    }
}
