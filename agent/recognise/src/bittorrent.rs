//! BitTorrent, by which files are shared with strangers: peers (BEP 3), µTP (BEP 29), the table of peers that
//! all keep together (DHT, BEP 5), trackers over UDP (BEP 15), the search on the local network (BEP 14).
//!
//! ```text
//! peers:   13 │ "BitTorrent protocol" │ …
//! µTP:     type 4 bits, version 4 bits: 1 │ extension 1 │ connection 2 │ times 8 │ window 4 │ number 2 │ last seen 2
//! tracker: 0000041727101980 │ 0: connect 4 │ number 4
//! ```
//!
//! Peers that hide their handshake are told over µTP, whose answer repeats connection and number.

use crate::opening::believe;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start, text};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "bittorrent",
    tunnel: false,
    over: &[Over::Tcp, Over::Udp],
    ports: &[6881],
    start: Start::with(&[0x13, b'd', b'B', 0, 0x01, 0x21, 0x41]),
    look,
};

const HANDSHAKE: &[u8] = b"\x13BitTorrent protocol";
const CONNECT: &[u8] = &[0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0];
const CONNECT_BYTES: usize = 16;
const SEARCH: &[u8] = b"BT-SEARCH * HTTP/1.1\r\n";
/// A query's and an answer's arguments begin with the sender's number of 20 bytes, or of the network whose
/// peers are wanted; `ip` may stand before them (BEP 42).
const NODE: &[u8] = b"2:id20:";
/// An answer says within so many bytes whose it is.
const NODE_BYTES: usize = 64;

const UTP_BYTES: usize = 20;
const DATA: u8 = 0x01;
const STATE: u8 = 0x21;
const SYN: u8 = 0x41;
/// None, and the selective acknowledgement; some send the size of their window.
const LAST_EXTENSION: u8 = 3;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.over {
        Over::Tcp => believe(sight, &[HANDSHAKE], Found::new(98)),
        Over::Udp if is_table(sight.data) || sight.data.starts_with(SEARCH) => Look::Is(Found::new(97)),
        Over::Udp if sight.data.starts_with(CONNECT) && sight.wire_len == CONNECT_BYTES => {
            Look::Is(Found::served_by(97, sight.sender().peer()))
        }
        Over::Udp => micro(sight),
        Over::Ip(_) => Look::No,
    }
}

/// A dictionary of DHT: bencoded, its keys in order, with the sender's number and the kind of the message.
fn is_table(data: &[u8]) -> bool {
    let head = data.get(..NODE_BYTES).unwrap_or(data);
    let is_asking = data.starts_with(b"d1:ad2:id20:") && text::find(data, b"1:y1:q").is_some();
    let is_answering = (data.starts_with(b"d1:rd") || data.starts_with(b"d2:ip"))
        && text::find(head, NODE).is_some()
        && text::find(head, b"1:rd").is_some();
    is_asking || is_answering
}

fn micro(sight: &Sight<'_>) -> Look {
    let Some(header) = Micro::read(sight.data) else { return Look::No };
    if header.kind == DATA && header.content.starts_with(HANDSHAKE) {
        return Look::Is(Found::new(97));
    }
    let opening =
        Micro::read(sight.other).filter(|other| other.kind == SYN && other.seen == 0 && other.number != 0);
    match (header.kind, opening) {
        (SYN, _) if header.seen == 0 && header.content.is_empty() => Look::More,
        (STATE, Some(opening))
            if header.connection == opening.connection && header.seen == opening.number =>
        {
            Look::Is(Found::served_by(88, sight.sender()))
        }
        _ => Look::No,
    }
}

/// What is read of µTP's header.
struct Micro<'a> {
    kind: u8,
    connection: [u8; 2],
    number: u16,
    seen: u16,
    content: &'a [u8],
}

impl<'a> Micro<'a> {
    fn read(data: &'a [u8]) -> Option<Self> {
        let (header, mut content) = data.split_first_chunk::<UTP_BYTES>()?;
        let [kind @ (DATA | STATE | SYN), mut extension @ 0..=LAST_EXTENSION, c1, c2, .., n1, n2, s1, s2] =
            *header
        else {
            return None;
        };
        // Extensions are a chain: the next one's kind, a length, as many bytes.
        while extension != 0 {
            let [next @ 0..=LAST_EXTENSION, length, rest @ ..] = content else { return None };
            (extension, content) = (*next, rest.get(usize::from(*length)..)?);
        }
        let (number, seen) = (u16::from_be_bytes([n1, n2]), u16::from_be_bytes([s1, s2]));
        Some(Self { kind, connection: [c1, c2], number, seen, content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::noise::noise;
    use crate::recorder::{believed_from, hex, look, sight};

    #[test]
    fn a_handshake_is_told_over_tcp() {
        let wire = [HANDSHAKE, &[0; 8], &noise(1, 40)].concat();
        let sent = sight(Over::Tcp, true, 50_000, &wire);
        assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::new(98)));
        assert_eq!(believed_from(&PROTOCOL, &sent), Some(20));
        for other in [&b"\x13BitTorrent protocol"[..19], b"\x13Bit"] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 50_000, other)).0, Look::More);
        }
        for other in [&b"\x13BitTorrent protocoX"[..], b"\x13ssh", b"d1:ad2:id20:"] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 6881, other)).0, Look::No);
        }
    }

    #[test]
    fn its_datagrams_are_told_by_their_words() {
        let node = b"aaaaaaaaaaaaaaaaaaaa";
        let asks = [&b"d1:ad2:id20:"[..], node, b"e1:q4:ping1:t2:aa1:y1:qe"].concat();
        let answers = [&b"d1:rd2:id20:"[..], node, b"e1:t2:aa1:y1:re"].concat();
        let tells = [&b"d2:ip6:abcdef1:rd2:id20:"[..], node, b"e1:t2:aa1:y1:re"].concat();
        let search = b"BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\n";
        for wire in [&asks[..], &answers, &tells, search] {
            let found = look(&PROTOCOL, &sight(Over::Udp, true, 50_000, wire)).0;
            assert_eq!(found, Look::Is(Found::new(97)), "{wire:?}");
        }
        let connect = hex("0000041727101980 00000000 12345678");
        let found = look(&PROTOCOL, &sight(Over::Udp, true, 6969, &connect)).0;
        assert_eq!(found, Look::Is(Found::served_by(97, Side::Resp)));
        let longer = [&connect[..], &[0]].concat();
        for wire in [&asks[..40], b"d1:rd2:ie", b"d4:spam4:eggse", b"BT-SEARCH", &longer] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 6881, wire)).0, Look::No, "{wire:?}");
        }
    }

    fn udp(from_orig: bool, wire: &[u8]) -> Sight<'_> {
        sight(Over::Udp, from_orig, 40_959, wire)
    }

    #[test]
    fn hidden_peers_are_told_by_the_answer_over_utp() {
        let opening = hex("4100 5302 10eeb2f0 00000000 00000000 e7f5 0000");
        let answer = hex("2102 5302 06ff3f5f 7fffffff 0000f000 49c7 e7f5 0008 0000000000000000");
        let handshake = [&hex("0100 5303 10f06876 09f12917 00100000 e7f6 49c6")[..], HANDSHAKE].concat();
        assert_eq!(look(&PROTOCOL, &udp(true, &opening)).0, Look::More);
        let answered = Sight { other: &opening, ..udp(false, &answer) };
        assert_eq!(look(&PROTOCOL, &answered).0, Look::Is(Found::served_by(88, Side::Resp)));
        assert_eq!(look(&PROTOCOL, &udp(true, &handshake)).0, Look::Is(Found::new(97)));
        for at in [3, 16, 19] {
            let mut wrong = answer.clone();
            wrong[at] ^= 1;
            let sight = Sight { other: &opening, ..udp(false, &wrong) };
            let found = look(&PROTOCOL, &sight).0;
            assert_eq!(found == Look::No, at != 16, "octet {at} is its own number");
        }
        for wire in ["4100 5302 10eeb2f0 00000000 00000000 e7f5 0001", "4104 5302 10eeb2f0", "5100 5302"] {
            assert_eq!(look(&PROTOCOL, &udp(true, &hex(wire))).0, Look::No, "{wire}");
        }
    }
}
