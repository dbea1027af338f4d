//! n2n over UDP, any port: ntop's `wire.c` and `n2n_typedefs.h`, versions 1 to 3.
//!
//! ```text
//! version 1 │ time to live 1 │ flags and type 2 │ community 20 (version 2: 16) │ …
//! register to supernode, v3: cookie 4 │ edge's MAC 6 │ …      packet: source MAC 6 │ destination MAC 6 │ …
//! ```
//!
//! Version 1 puts the type second and the two ends' sockets, 20 bytes each, behind the MACs.
//! The community is a name in clear, filled up with zeros (but for version 1), unless both ends encrypt their headers:
//! then nothing is left to tell by.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Found, Key, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "n2n",
    tunnel: true,
    over: &[Over::Udp],
    ports: &[7654],
    start: Start::between(1, 3),
    look,
};

/// Packets start with a time to live of 2, and each supernode takes one away.
const MOST_HOPS: u8 = 16;

/// The type, and the flags that may stand beside it: from a supernode, with a socket, with options.
const TYPE_BITS: u16 = 0x001f;
const FLAGS: u16 = 0x00e0;

/// Register edge to edge … ask for a peer; 0 is not used.
const TYPES: std::ops::RangeInclusive<u16> = 1..=10;
const PACKET: u16 = 3;
const REGISTER_SUPER: u16 = 5;
const REGISTER_SUPER_ACK: u16 = 6;
const REGISTER_SUPER_NAK: u16 = 7;

/// What every type has at least after the community: a MAC or a cookie and more.
const LEAST_BODY_BYTES: usize = 6;

fn look(sight: &Sight<'_>, _memo: &mut u32, sink: &mut dyn Sink) -> Look {
    let Ok(Some((variant, kind))) = header(sight.data) else { return Look::No };
    sink.note(sight.sender(), Key::TunnelVariant, variant);
    Look::Is(match kind {
        REGISTER_SUPER => Found::served_by(93, sight.sender().peer()),
        REGISTER_SUPER_ACK | REGISTER_SUPER_NAK => Found::served_by(93, sight.sender()),
        PACKET => Found::new(90),
        _ => Found::new(88),
    })
}

/// The types of version 1: register, deregister, packet, and two kinds of acknowledgement.
const FIRST_TYPES: std::ops::RangeInclusive<u8> = 1..=5;

/// A socket's first two bytes: the family (IPv4, IPv6) and zero.
const FIRST_SOCKETS: [[u8; 2]; 2] = [[2, 0], [10, 0]];

/// Reads a header of version 1, which is laid out otherwise. Its ends are equals.
fn first_version(mut cursor: Cursor<'_>) -> Result<Option<(&'static str, u16)>, DecodeError> {
    let (kind, hops, by_supernode) = (cursor.u8()?, cursor.u8()?, cursor.u8()?);
    let community: [u8; 16] = cursor.array()?;
    cursor.take(12)?;
    let one: [u8; 20] = cursor.array()?;
    let other: [u8; 20] = cursor.array()?;
    let letters = community.iter().take_while(|byte| byte.is_ascii_graphic()).count();
    let ends = community.get(letters).is_none_or(|byte| *byte == 0);
    let is_socket = |socket: [u8; 20]| FIRST_SOCKETS.iter().any(|head| socket.starts_with(head));
    let fits = FIRST_TYPES.contains(&kind)
        && hops <= MOST_HOPS
        && by_supernode <= 1
        && letters >= 2
        && ends
        && is_socket(one)
        && is_socket(other);
    // Packets have their type in common, and the others say nothing about who serves.
    Ok(fits.then_some(("n2n-v1", if u16::from(kind) == PACKET { PACKET } else { 1 })))
}

/// The version's name and the type, `Ok(None)` if the bytes are another protocol's.
fn header(data: &[u8]) -> Result<Option<(&'static str, u16)>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, data);
    let (variant, community_bytes) = match cursor.u8()? {
        1 => return first_version(cursor),
        2 => ("n2n-v2", 16),
        3 => ("n2n-v3", 20),
        _ => return Ok(None),
    };
    let hops = cursor.u8()?;
    let flags = cursor.u16()?;
    let kind = flags & TYPE_BITS;
    if hops > MOST_HOPS || flags & !(TYPE_BITS | FLAGS) != 0 || !TYPES.contains(&kind) {
        return Ok(None);
    }
    let community = cursor.take(community_bytes)?;
    Ok((is_community(community) && cursor.rest().len() >= LEAST_BODY_BYTES).then_some((variant, kind)))
}

/// A name of at least two letters, then zeros to the end.
fn is_community(field: &[u8]) -> bool {
    let letters = field.iter().take_while(|byte| byte.is_ascii_graphic()).count();
    let filled = field.get(letters..).is_some_and(|rest| rest.iter().all(|byte| *byte == 0));
    letters >= 2 && filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Side, recorder};

    fn message(version: u8, flags: u16, community: &[u8], body: usize) -> Vec<u8> {
        let length = if version == 2 { 16 } else { 20 };
        let mut field = community.to_vec();
        field.resize(length, 0);
        [&[version, 2][..], &flags.to_be_bytes(), &field, &vec![0x5a; body]].concat()
    }

    #[test]
    fn a_header_with_a_community_is_believed() {
        let [orig, resp] = [Side::Orig, Side::Resp];
        // (datagram, sent by orig, finding, variant)
        let cases = [
            (message(3, 0x0005, b"clinic", 40), true, Found::served_by(93, resp), "n2n-v3"),
            (message(3, 0x0026, b"clinic", 40), true, Found::served_by(93, orig), "n2n-v3"),
            (message(3, 0x0003, b"clinic", 90), false, Found::new(90), "n2n-v3"),
            (message(2, 0x0045, b"clinic", 30), true, Found::served_by(93, resp), "n2n-v2"),
            (message(2, 0x0001, b"sixteen_letters_", 30), true, Found::new(88), "n2n-v2"),
        ];
        for (data, from_orig, found, variant) in cases {
            let (look, recorder) =
                recorder::look(&PROTOCOL, &recorder::sight(Over::Udp, from_orig, 9_999, &data));
            assert_eq!(look, Look::Is(found), "{data:02x?}");
            assert_eq!(recorder.values(Key::TunnelVariant), [variant]);
        }
    }

    #[test]
    fn other_bytes_are_not() {
        for (data, why) in [
            (message(4, 0x0005, b"clinic", 40), "no such version"),
            (message(3, 0x0000, b"clinic", 40), "no such type"),
            (message(3, 0x0105, b"clinic", 40), "unknown flags"),
            (message(3, 0x0005, b"", 40), "no community"),
            (message(3, 0x0005, b"a\0b", 40), "letters after zeros"),
            (message(3, 0x0005, b"clinic", 3), "nothing behind it"),
            ([&[3, 200, 0, 5][..], &message(3, 5, b"clinic", 40)[4..]].concat(), "too many hops"),
        ] {
            let sight = recorder::sight(Over::Udp, true, 7654, &data);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{why}");
        }
    }

    #[test]
    fn the_first_version_is_believed_by_its_sockets() {
        let socket = [&[2, 0, 0xb4, 0xb7][..], &[0; 16]].concat();
        let community = b"clinic\0\xc0\x5c\x31\x75\xea\x7f\0\0\0";
        let head = |kind: u8| [&[1, kind, 0, 0][..], community, &[0, 0x53, 0, 0, 0, 1], &[0; 6]].concat();
        let whole = [&head(1)[..], &socket, &socket, &[0; 9]].concat();
        let (look, recorder) = recorder::look(&PROTOCOL, &recorder::sight(Over::Udp, true, 7654, &whole));
        assert_eq!((look, recorder.values(Key::TunnelVariant)), (Look::Is(Found::new(88)), vec!["n2n-v1"]));
        for (data, why) in [
            ([&head(9)[..], &socket, &socket].concat(), "no such type"),
            ([&head(1)[..], &[3; 20], &socket].concat(), "no socket"),
            ([&[1, 1, 0, 0][..], &[0; 16], &[0; 12], &socket, &socket].concat(), "no community"),
        ] {
            let sight = recorder::sight(Over::Udp, true, 7654, &data);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{why}");
        }
        for len in 0..72 {
            let sight = recorder::sight(Over::Udp, true, 7654, &whole[..len]);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{len} bytes");
        }
    }

    #[test]
    fn cut_headers_are_not_believed() {
        let whole = message(3, 0x0005, b"clinic", 6);
        for len in 0..whole.len() {
            let sight = recorder::sight(Over::Udp, true, 7654, &whole[..len]);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{len} bytes");
        }
    }
}
