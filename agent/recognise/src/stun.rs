//! STUN and TURN on any port (RFC 8489 §5, RFC 8656): telephones, conferences and remote tools ask by it
//! how they look from outside, or have a relay carry what cannot go straight.
//!
//! ```text
//! 00, 14 bits of type │ length 2 │ 21 12 A4 42 │ transaction 12 │ attributes
//! ```
//!
//! What follows on the same ports is what the way was found for: WebRTC, a VPN that goes between two hosts behind
//! NAT, a call. It is looked for a while, in a relay's wrap as well, and the conn is then its.
//!
//! Old telephones and conference programs speak it as it was before it had its 21 12 A4 42 (RFC 3489 §11.1): these
//! are told by an answer that has all sixteen octets of the question's transaction.
//!
//! Whoever speaks TURN is noted as the variant "turn". What a server answers is how the hospital looks
//! from outside: the public address of the exit that the question took.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::refuse;
use crate::{Found, Key, Look, Over, Protocol, Sight, Sink, Start, dtls, quic, rtp, webrtc, wireguard};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "stun",
    tunnel: false,
    over: &[Over::Udp, Over::Tcp],
    ports: &[3478, 5349, 19302],
    start: Start::between(0, 0x3f),
    look,
};

const MAGIC: u32 = 0x2112_a442;
const HEADER_BYTES: usize = 20;
/// The class bits of a type (RFC 8489 §5).
const CLASS: u16 = 0x0110;
/// Requests that change nothing: Binding. TURN's: Allocate, Refresh, Send, Data, CreatePermission,
/// ChannelBind, Connect, ConnectionBind, ConnectionAttempt (RFC 8656 §17, RFC 6062 §6.1).
const TURN: [u16; 9] = [3, 4, 6, 7, 8, 9, 0xa, 0xb, 0xc];

/// The class bits of an answer that grants what was asked.
const SUCCESS: u16 = 0x0100;
/// XOR-MAPPED-ADDRESS (RFC 8489 §14.2).
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
/// A Binding without the cookie: request, response, error.
const BINDING: u16 = 0x0001;
const BINDING_RESPONSE: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;
/// Its attributes, and those that a receiver need not know (RFC 3489 §11.2).
const MAPPED_ADDRESS: u16 = 0x0001;
const LAST_CLASSIC: u16 = 0x000b;
const OPTIONAL: u16 = 0x8000;
/// TURN's messages that carry a datagram (RFC 8656 §18.1), and the attribute in which they do.
const SEND_INDICATION: u16 = 0x0016;
const DATA_INDICATION: u16 = 0x0017;
const DATA: u16 = 0x0013;
/// Payloads looked at for what follows: checks of several ways go before it, and several seconds of them where
/// somebody has to answer a call.
const MAX_PAYLOADS: u32 = 128;
/// What may follow, beside WebRTC.
const BEHIND: [&Protocol; 2] = [&wireguard::PROTOCOL, &quic::PROTOCOL];
/// How sure RTP's first octets make where STUN went before.
const MEDIA_CONFIDENCE: u8 = 80;

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    if *memo > 0 {
        return follow(sight, memo, sink);
    }
    let [0..=0x3f, ..] = sight.data else { return Look::No };
    let framed = Sight { data: unframed(sight), ..*sight };
    match read(sight, sink).or_else(|error| read(&framed, sink).map_err(|_| error)) {
        Ok(found) => {
            *memo = 1;
            Look::Following(found)
        }
        Err(error) => match classic(sight) {
            Some(Classic::Open) => Look::More,
            Some(Classic::Answered(address)) => {
                if let Some(address) = address {
                    sink.note(sight.sender().peer(), Key::PublicAddress, &address.to_string());
                }
                *memo = 1;
                Look::Following(Found::served_by(93, sight.sender()))
            }
            None => refuse(sight, error),
        },
    }
}

/// A Binding as RFC 3489 has it.
#[derive(Clone, Copy, Debug)]
enum Classic {
    /// It may be one: the question, or an answer without it.
    Open,
    /// It answers the question, and may tell how the asker looks from outside.
    Answered(Option<IpAddr>),
}

/// Reads a message without a cookie: its length, and attributes that fill it.
fn classic(sight: &Sight<'_>) -> Option<Classic> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let (kind, length) = (cursor.u16().ok()?, usize::from(cursor.u16().ok()?));
    let whole = sight.data.len() == sight.wire_len && sight.wire_len == HEADER_BYTES + length;
    let known = matches!(kind, BINDING | BINDING_RESPONSE | BINDING_ERROR);
    if sight.over != Over::Udp || !known || !whole {
        return None;
    }
    let transaction: [u8; 16] = cursor.array().ok()?;
    let mut address = None;
    while !cursor.rest().is_empty() {
        let (kind, length) = (cursor.u16().ok()?, cursor.u16().ok()?);
        if !matches!(kind, MAPPED_ADDRESS..=LAST_CLASSIC | XOR_MAPPED_ADDRESS | OPTIONAL..) {
            return None;
        }
        match (kind, cursor.take(length.into()).ok()?) {
            (MAPPED_ADDRESS, [_, 1, _, _, a, b, c, d]) => {
                address = Some(Ipv4Addr::new(*a, *b, *c, *d).into());
            }
            (MAPPED_ADDRESS, _) => return None,
            _ => {}
        }
    }
    let asked = sight.other.get(4..HEADER_BYTES) == Some(&transaction)
        && sight.other.starts_with(&BINDING.to_be_bytes());
    Some(if asked && kind != BINDING { Classic::Answered(address) } else { Classic::Open })
}

/// Looks for what the way was found for.
fn follow(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    *memo += 1;
    // What is no message tells nothing here.
    let _ = read(&Sight { data: unframed(sight), ..*sight }, sink);
    let data = carried(sight);
    let cut = sight.wire_len.saturating_sub(sight.data.len());
    let inner = Sight { over: Over::Udp, data, wire_len: data.len() + cut, other: &[], count: 1, ..*sight };
    if webrtc::is_handshake(data) {
        // Its fingerprint tells one browser or library from another.
        let _ = (dtls::PROTOCOL.look)(&inner, &mut 0, sink);
        *memo = webrtc::BEGUN;
        return Look::Becomes(webrtc::PROTOCOL.service, Found::new(webrtc::CONFIDENCE));
    }
    for protocol in BEHIND {
        let look = (protocol.look)(&inner, &mut 0, sink);
        if let Look::Is(found) | Look::Reading(found) | Look::Gathering(found) | Look::Following(found) = look
        {
            *memo = 0;
            return Look::Becomes(protocol.service, found);
        }
    }
    if rtp::is_beside(data) {
        *memo = 0;
        return Look::Becomes(rtp::PROTOCOL.service, Found::new(MEDIA_CONFIDENCE));
    }
    if *memo >= MAX_PAYLOADS { Look::No } else { Look::More }
}

/// A message without the length that goes before it where ICE uses TCP (RFC 4571 §2, RFC 6544 §3).
fn unframed<'a>(sight: &Sight<'a>) -> &'a [u8] {
    match sight.data.split_first_chunk() {
        Some((length, rest))
            if sight.over == Over::Tcp && rest.len() >= u16::from_be_bytes(*length).into() =>
        {
            rest
        }
        _ => sight.data,
    }
}

/// The datagram in TURN's wrap: a channel's (RFC 8656 §12.4), or an indication's; without one, itself.
pub(crate) fn carried<'a>(sight: &Sight<'a>) -> &'a [u8] {
    let wrapped = |data: &'a [u8]| {
        if let [0x40..=0x4f, _, high, low, rest @ ..] = data {
            return rest.get(..u16::from_be_bytes([*high, *low]).into());
        }
        let mut cursor = Cursor::new(Layer::Application, data);
        let (kind, _length, magic) = (cursor.u16().ok()?, cursor.u16().ok()?, cursor.u32().ok()?);
        cursor.array::<12>().ok()?;
        let carries = magic == MAGIC && matches!(kind, SEND_INDICATION | DATA_INDICATION);
        if carries { attribute(&mut cursor, DATA) } else { None }
    };
    let framed = (sight.over == Over::Tcp).then(|| unframed(sight));
    let own = wrapped(sight.data);
    own.or_else(|| framed.map(|data| wrapped(data).unwrap_or(data))).unwrap_or(sight.data)
}

/// Reads a message; notes how its receiver looks from outside, where it says so.
fn read(sight: &Sight<'_>, sink: &mut dyn Sink) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let kind = cursor.u16()?;
    let length = usize::from(cursor.u16()?);
    // Attributes are whole words, which some programs do not keep to; nothing follows them in a datagram.
    let fits = match sight.over {
        Over::Tcp => length.is_multiple_of(4),
        Over::Udp | Over::Ip(_) => sight.wire_len == HEADER_BYTES + length,
    };
    if !fits {
        return Err(cursor.malformed("no length of STUN"));
    }
    if cursor.u32()? != MAGIC {
        return Err(cursor.malformed("no magic cookie of STUN"));
    }
    if TURN.contains(&(kind & !CLASS)) {
        sink.note(sight.sender(), Key::TunnelVariant, "turn");
    }
    let mapped = match cursor.array() {
        Ok(transaction) if kind & CLASS == SUCCESS => mapped(&mut cursor, transaction),
        _ => None,
    };
    if let Some(address) = mapped {
        sink.note(sight.sender().peer(), Key::PublicAddress, &address.to_string());
    }
    Ok(match kind & CLASS {
        0 => Found::served_by(96, sight.sender().peer()),
        0x0010 => Found::new(96),
        _ => Found::served_by(96, sight.sender()),
    })
}

/// The address that an answer found its receiver at.
fn mapped(attributes: &mut Cursor<'_>, transaction: [u8; 12]) -> Option<IpAddr> {
    let magic = MAGIC.to_be_bytes();
    let mask = magic.iter().chain(&transaction);
    let plain = |bytes: &mut [u8]| bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    let [_, family, _, _, address @ ..] = attribute(attributes, XOR_MAPPED_ADDRESS)? else { return None };
    match family {
        1 => address.try_into().ok().map(|mut bytes: [u8; 4]| {
            plain(&mut bytes);
            Ipv4Addr::from(bytes).into()
        }),
        2 => address.try_into().ok().map(|mut bytes: [u8; 16]| {
            plain(&mut bytes);
            Ipv6Addr::from(bytes).into()
        }),
        _ => None,
    }
}

/// Finds one of the attributes: kind, length, value, padded to whole words.
fn attribute<'a>(attributes: &mut Cursor<'a>, wanted: u16) -> Option<&'a [u8]> {
    while let (Ok(kind), Ok(length)) = (attributes.u16(), attributes.u16()) {
        let length = usize::from(length);
        let value = attributes.take(length.next_multiple_of(4)).ok()?;
        if kind == wanted {
            return value.get(..length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, hex, look, sight};

    const BINDING: &str = "0001 0000 2112a442 0102030405060708090a0b0c";

    #[test]
    fn the_cookie_is_believed_on_any_port_and_turn_is_noted() {
        // (what, wire, server, variant)
        let cases = [
            ("a question", BINDING, Some(Side::Resp), &[][..]),
            ("an answer", "0101 0000 2112a442 0102030405060708090a0b0c", Some(Side::Orig), &[]),
            ("an indication", "0011 0000 2112a442 0102030405060708090a0b0c", None, &[]),
            (
                "a relay",
                "0003 0008 2112a442 0102030405060708090a0b0c 0019000411000000",
                Some(Side::Resp),
                &["turn"],
            ),
        ];
        for (what, wire, server, variant) in cases {
            let bytes = hex(wire);
            let (found, notes) = look(&PROTOCOL, &sight(Over::Udp, true, 40_000, &bytes));
            assert_eq!(found, Look::Following(Found { confidence: 96, server }), "{what}");
            assert_eq!(notes.values(Key::TunnelVariant), variant, "{what}");
        }
    }

    #[test]
    fn an_answer_tells_how_the_asker_looks_from_outside() {
        // RFC 5769 §2.2 and §2.3: the answers of its test vectors, without what follows the address.
        let v4 =
            "0101 0014 2112a442 b7e7a701bc34d686fa87dfae 8022 0004 74657374 0020 0008 0001 a147 e112a643";
        let v6 = "0101 0020 2112a442 b7e7a701bc34d686fa87dfae 8022 0004 74657374 \
                  0020 0014 0002 a147 0113a9faa5d3f179bc25f4b5bed2b9d9";
        for (wire, address) in [(v4, "192.0.2.1"), (v6, "2001:db8:1234:5678:11:2233:4455:6677")] {
            let bytes = hex(wire);
            let (found, notes) = look(&PROTOCOL, &sight(Over::Udp, false, 40_000, &bytes));
            assert!(matches!(found, Look::Following(_)), "{address}");
            assert_eq!(notes.values(Key::PublicAddress), [address]);
        }
        for wire in [
            "0101 000c 2112a442 b7e7a701bc34d686fa87dfae 0020 0008 0003 a147 e112a643", // no family
            "0101 000c 2112a442 b7e7a701bc34d686fa87dfae 0020 0018 0001 a147 e112a643", // longer than it is
            "0101 0008 2112a442 b7e7a701bc34d686fa87dfae 0020 0004 0001 a147",          // no address
            "0001 000c 2112a442 b7e7a701bc34d686fa87dfae 0020 0008 0001 a147 e112a643", // a question
        ] {
            let bytes = hex(wire);
            let (_, notes) = look(&PROTOCOL, &sight(Over::Udp, false, 40_000, &bytes));
            assert!(notes.values(Key::PublicAddress).is_empty(), "{wire}");
        }
    }

    #[test]
    fn what_the_way_was_found_for_is_told() {
        const HELLO: &str = "16 fefd 0000 000000000000 001f 03 000013 0000 000000 000013 feff 10 \
                             00112233445566778899aabbccddeeff";
        const VOICE: &str = "80 6f 0001 00000001 12345678 d5d5";
        let hello = hex(HELLO);
        let length = hello.len() as u16;
        let noise = crate::noise::noise(7, 144);
        let vpn = [&[1, 0, 0, 0][..], &noise].concat();
        let in_channel = |data: &[u8]| [&[0x40, 0, 0][..], &[data.len() as u8], data].concat();
        let indication =
            [&hex("0016 0034 2112a442 0102030405060708090a0b0c 0013")[..], &length.to_be_bytes()];
        let framed = [&length.to_be_bytes()[..], &hello].concat();
        // (what, how, datagram, becomes)
        let cases = [
            ("WebRTC", Over::Udp, hello.clone(), Some("webrtc")),
            ("WebRTC in a relay's channel", Over::Udp, in_channel(&hello), Some("webrtc")),
            (
                "WebRTC in an indication",
                Over::Udp,
                [&indication.concat()[..], &hello].concat(),
                Some("webrtc"),
            ),
            ("WebRTC over TCP", Over::Tcp, framed, Some("webrtc")),
            ("a VPN", Over::Udp, vpn.clone(), Some("wireguard")),
            ("a VPN in a relay's channel", Over::Udp, in_channel(&vpn), Some("wireguard")),
            ("a call", Over::Udp, hex(VOICE), Some("rtp")),
            ("more of STUN", Over::Udp, hex(BINDING), None),
            ("anything", Over::Udp, vec![0xff; 40], None),
            ("a channel of nothing", Over::Udp, vec![0x40, 0, 0, 9], None),
        ];
        for (what, over, datagram, becomes) in cases {
            let mut recorder = crate::recorder::Recorder::default();
            let mut memo = 0;
            let binding = hex(BINDING);
            let first = (PROTOCOL.look)(&sight(over, true, 3478, &binding), &mut memo, &mut recorder);
            assert!(matches!(first, Look::Following(_)), "{what}");
            let answer = (PROTOCOL.look)(&sight(over, true, 3478, &datagram), &mut memo, &mut recorder);
            let told = if let Look::Becomes(service, _) = answer { Some(service) } else { None };
            assert_eq!(told, becomes, "{what}: {answer:?}");
            for len in 0..datagram.len() {
                (PROTOCOL.look)(&sight(over, true, 3478, &datagram[..len]), &mut 1, &mut recorder);
            }
        }
    }

    #[test]
    fn an_attribute_that_is_not_filled_up_to_a_word_is_read_past() {
        let bytes = hex("0003 0006 2112a442 0102030405060708090a0b0c 4000 0002 abcd");
        assert!(matches!(look(&PROTOCOL, &sight(Over::Udp, true, 3478, &bytes)).0, Look::Following(_)));
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 3478, &longer)).0, Look::No);
    }

    #[test]
    fn without_the_cookie_the_answer_to_the_same_transaction_is_believed() {
        const TRANSACTION: &str = "c15dae63585d14392e582c260403bf30";
        let asked = hex(&format!("0001 0008 {TRANSACTION} 0003 0004 00000006"));
        // (what, wire, answer)
        let cases = [
            ("an answer", format!("0101 000c {TRANSACTION} 0001 0008 0001 ff75 c0000201"), true),
            ("an error", format!("0111 0008 {TRANSACTION} 0009 0004 00000414"), true),
            ("the question again", format!("0001 0008 {TRANSACTION} 0003 0004 00000006"), false),
            ("another transaction", "0101 0000 c15dae63585d14392e582c260403bf31".to_owned(), false),
        ];
        for (what, wire, answers) in cases {
            let bytes = hex(&wire);
            let sent = Sight { other: &asked, ..sight(Over::Udp, false, 3479, &bytes) };
            let (found, notes) = look(&PROTOCOL, &sent);
            let expected =
                if answers { Look::Following(Found::served_by(93, Side::Resp)) } else { Look::More };
            assert_eq!(found, expected, "{what}");
            let told = if what == "an answer" { &["192.0.2.1"][..] } else { &[] };
            assert_eq!(notes.values(Key::PublicAddress), told, "{what}");
            assert_eq!(look(&PROTOCOL, &Sight { other: &[], ..sent }).0, Look::More, "{what}, of nothing");
            for len in 0..bytes.len() {
                let cut = Sight { data: &bytes[..len], ..sent };
                assert_eq!(look(&PROTOCOL, &cut).0, Look::No, "{what}, {len} octets");
            }
        }
        for wire in [
            format!("0102 0000 {TRANSACTION}"), // a shared secret's, which needs TLS
            format!("0101 0008 {TRANSACTION} 0001 0004 00010001"), // an address of no length
            format!("0101 0004 {TRANSACTION} 0001 0008"), // an attribute that leaves its message
            format!("0101 0008 {TRANSACTION} 0103 0004 00010001"), // no attribute
        ] {
            let bytes = hex(&wire);
            let sent = Sight { other: &asked, ..sight(Over::Udp, false, 3479, &bytes) };
            assert_eq!(look(&PROTOCOL, &sent).0, Look::No, "{wire}");
        }
    }

    #[test]
    fn ice_over_tcp_has_a_length_before_each_message() {
        let wire = [&[0, 20][..], &hex(BINDING)].concat();
        let found = look(&PROTOCOL, &sight(Over::Tcp, true, 443, &wire)).0;
        assert_eq!(found, Look::Following(Found::served_by(96, Side::Resp)));
    }

    #[test]
    fn cut_or_other_bytes_are_not_believed() {
        let bytes = hex(BINDING);
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Udp, true, 3478, &bytes)), Some(bytes.len()));
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Tcp, true, 3478, &bytes)), Some(8));
        for wire in [
            "0001 0004 2112a442 0102030405060708090a0b0c", // attributes that are not there
            "0003 0000 2112a443 0102030405060708090a0b0c",
            "8001 0000 2112a442 0102030405060708090a0b0c", // RTP's bits
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 3478, &hex(wire))).0, Look::No, "{wire}");
        }
    }
}
