//! TeamViewer's own protocol over TCP and UDP, any port.
//!
//! Nothing of it is published; this is what its traffic shows, numbers little-endian:
//!
//! ```text
//! TCP, first   17 24 │ command │ length 2 │ body
//! TCP, later   11 30 │ command │ flags │ length 4 │ 16 more bytes of header │ body
//! UDP          00 … byte 11: 17 24 …
//! ```
//!
//! Over TLS, which it falls back to on port 443, rules tell it by name.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const PORT: u16 = 5938;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "teamviewer",
    tunnel: true,
    over: &[Over::Tcp, Over::Udp],
    ports: &[PORT],
    start: Start::ANYHOW,
    look,
};

const FIRST_MARK: [u8; 2] = [0x17, 0x24];
const LATER_MARK: [u8; 2] = [0x11, 0x30];

/// The rest of a later packet's header, after its length.
const LATER_HEADER_REST: usize = 16;

/// The longest plausible body: packets carry pieces of at most 64 KiB.
const MOST_BODY_BYTES: usize = 0x1_0000;

/// How many bytes come before the mark over UDP.
const UDP_MARK_OFFSET: usize = 11;

/// How many datagrams with the mark are believed if neither port nor peer confirms it.
const DATAGRAMS: u32 = 3;

/// What a stream holds from its start on.
#[derive(Clone, Copy, Debug)]
struct Packets {
    whole: u32,
    end: End,
}

/// Where the packets end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// With the bytes.
    Exact,
    /// The bytes end inside one.
    Cut,
    /// Something else follows.
    Other,
}

fn look(sight: &Sight<'_>, _memo: &mut u32, _sink: &mut dyn Sink) -> Look {
    match sight.over {
        Over::Tcp => stream(sight),
        Over::Udp => datagram(sight),
        Over::Ip(_) => Look::No,
    }
}

fn stream(sight: &Sight<'_>) -> Look {
    let own = packets(sight.data);
    if own.whole == 0 && own.end == End::Other {
        return Look::No;
    }
    let other = packets(sight.other);
    match (own.whole + other.whole, own.end) {
        (2.., _) => Look::Is(Found::new(94)),
        // A segment in the middle that is one packet, to the byte.
        (1, End::Exact) if !sight.from_start => Look::Is(Found::new(80)),
        (1, End::Exact | End::Cut) if sight.on_port(&[PORT]) => Look::Is(Found::new(90)),
        (_, End::Exact | End::Cut) => Look::More,
        (_, End::Other) => Look::No,
    }
}

fn packets(stream: &[u8]) -> Packets {
    let mut cursor = Cursor::new(Layer::Application, stream);
    let mut whole = 0;
    loop {
        if cursor.rest().is_empty() {
            return Packets { whole, end: End::Exact };
        }
        match packet(&mut cursor) {
            Ok(true) => whole += 1,
            Ok(false) => return Packets { whole, end: End::Other },
            Err(_) => return Packets { whole, end: End::Cut },
        }
    }
}

/// Takes one packet; `Ok(false)` if the bytes are none.
fn packet(cursor: &mut Cursor<'_>) -> Result<bool, DecodeError> {
    let mark: [u8; 2] = cursor.array()?;
    let _command = cursor.u8()?;
    let body = match mark {
        FIRST_MARK => usize::from(cursor.u16_le()?),
        LATER_MARK => {
            let flags = cursor.u8()?;
            let body = cursor.u32_le()? as usize;
            if flags != 0 || body > MOST_BODY_BYTES {
                return Ok(false);
            }
            body + LATER_HEADER_REST
        }
        _ => return Ok(false),
    };
    cursor.take(body)?;
    Ok(true)
}

fn datagram(sight: &Sight<'_>) -> Look {
    if !is_marked(sight.data) {
        return Look::No;
    }
    if sight.on_port(&[PORT]) || is_marked(sight.other) {
        return Look::Is(Found::new(85));
    }
    // "No" is final: each datagram before had the mark.
    if sight.count >= DATAGRAMS { Look::Is(Found::new(65)) } else { Look::More }
}

fn is_marked(datagram: &[u8]) -> bool {
    datagram.first() == Some(&0)
        && datagram.get(UDP_MARK_OFFSET..).is_some_and(|rest| rest.starts_with(&FIRST_MARK))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder;

    fn first(body: &[u8]) -> Vec<u8> {
        [&[0x17, 0x24, 0x0a][..], &u16::try_from(body.len()).unwrap().to_le_bytes(), body].concat()
    }

    fn later(body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_le_bytes();
        [&[0x11, 0x30, 0x36, 0x00][..], &length, &[1; 16], body].concat()
    }

    #[test]
    fn packets_that_follow_each_other_are_believed() {
        let (greeting, answer) = (first(&[0; 32]), later(&[5; 24]));
        let two = [greeting.clone(), first(&[1; 24])].concat();
        let wrong = [greeting.clone(), b"GET / HTTP".to_vec()].concat();
        // (port, own, other, finding)
        let cases: [(u16, &[u8], &[u8], Look); 7] = [
            (443, &two, b"", Look::Is(Found::new(94))),
            (443, &greeting, &answer, Look::Is(Found::new(94))),
            (443, &answer, &greeting, Look::Is(Found::new(94))),
            (5938, &greeting, b"", Look::Is(Found::new(90))),
            (443, &greeting, b"", Look::More),
            (443, &wrong, b"", Look::No), // no packet follows where one should
            (5938, b"\x16\x03\x01", b"", Look::No),
        ];
        for (port, own, other, expected) in cases {
            let sight = Sight { other, ..recorder::sight(Over::Tcp, true, port, own) };
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "{port} {own:02x?}");
        }
    }

    #[test]
    fn a_cut_packet_asks_for_more() {
        for packet in [first(&[0; 32]), later(&[5; 24])] {
            let middle = Sight { from_start: false, ..recorder::sight(Over::Tcp, true, 443, &packet) };
            assert_eq!(recorder::look(&PROTOCOL, &middle).0, Look::Is(Found::new(80)), "one in the middle");
            for len in 0..packet.len() {
                let sight = recorder::sight(Over::Tcp, true, 5938, &packet[..len]);
                assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::More, "{len} bytes");
            }
        }
    }

    #[test]
    fn a_mark_over_udp_needs_its_port_its_peer_or_repetition() {
        let datagram = [&[0; 11][..], &[0x17, 0x24, 0, 0, 0]].concat();
        for (count, expected) in [(1, Look::More), (2, Look::More), (3, Look::Is(Found::new(65)))] {
            let sight = Sight { count, ..recorder::sight(Over::Udp, true, 40_000, &datagram) };
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, expected, "datagram {count}");
        }
        let answered = Sight { other: &datagram, ..recorder::sight(Over::Udp, true, 40_000, &datagram) };
        assert_eq!(recorder::look(&PROTOCOL, &answered).0, Look::Is(Found::new(85)));
        for len in 0..13 {
            let sight = recorder::sight(Over::Udp, true, 5938, &datagram[..len]);
            assert_eq!(recorder::look(&PROTOCOL, &sight).0, Look::No, "{len} bytes");
        }
    }
}
