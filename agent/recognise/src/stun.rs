//! STUN and TURN on any port (RFC 8489 §5, RFC 8656): telephones, conferences and remote tools ask by it
//! how they look from outside, or have a relay carry what cannot go straight.
//!
//! ```text
//! 00, 14 bits of type │ length 2 │ 21 12 A4 42 │ transaction 12 │ attributes
//! ```
//!
//! Whoever speaks TURN is noted as the variant "turn". What a server answers is how the hospital looks
//! from outside: the public address of the exit that the question took.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::refuse;
use crate::{Found, Key, Look, Over, Protocol, Sight, Sink, Start};

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
/// Datagrams read for an answer: a question that got none is sent seven times (RFC 8489 §6.2.1).
const MESSAGES_READ: u32 = 8;

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    let [0..=0x3f, ..] = sight.data else { return Look::No };
    match read(sight, sink) {
        Ok((found, told)) => {
            *memo += 1;
            let done = told || sight.over == Over::Tcp || *memo >= MESSAGES_READ;
            if done { Look::Is(found) } else { Look::Reading(found) }
        }
        Err(error) => refuse(sight, error),
    }
}

/// Reads a message; tells whether it says how its receiver looks from outside.
fn read(sight: &Sight<'_>, sink: &mut dyn Sink) -> Result<(Found, bool), DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let kind = cursor.u16()?;
    let length = usize::from(cursor.u16()?);
    // Attributes are whole words; nothing follows them in a datagram.
    let fits = sight.over == Over::Tcp || sight.wire_len == HEADER_BYTES + length;
    if !length.is_multiple_of(4) || !fits {
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
    let found = match kind & CLASS {
        0 => Found::served_by(96, sight.sender().peer()),
        0x0010 => Found::new(96),
        _ => Found::served_by(96, sight.sender()),
    };
    Ok((found, mapped.is_some()))
}

/// Finds the address among the attributes: kind, length, value, padded to whole words.
fn mapped(attributes: &mut Cursor<'_>, transaction: [u8; 12]) -> Option<IpAddr> {
    while let (Ok(kind), Ok(length)) = (attributes.u16(), attributes.u16()) {
        let value = attributes.take(usize::from(length).next_multiple_of(4)).ok()?;
        if kind != XOR_MAPPED_ADDRESS {
            continue;
        }
        let magic = MAGIC.to_be_bytes();
        let mask = magic.iter().chain(&transaction);
        let plain = |bytes: &mut [u8]| bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        let [_, family, _, _, address @ ..] = value else { return None };
        return match family {
            1 => address.try_into().ok().map(|mut bytes: [u8; 4]| {
                plain(&mut bytes);
                Ipv4Addr::from(bytes).into()
            }),
            2 => address.try_into().ok().map(|mut bytes: [u8; 16]| {
                plain(&mut bytes);
                Ipv6Addr::from(bytes).into()
            }),
            _ => None,
        };
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
            assert_eq!(found, Look::Reading(Found { confidence: 96, server }), "{what}");
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
            assert!(matches!(found, Look::Is(_)), "{address}: nothing more is to be told");
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
    fn cut_or_other_bytes_are_not_believed() {
        let bytes = hex(BINDING);
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Udp, true, 3478, &bytes)), Some(bytes.len()));
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Tcp, true, 3478, &bytes)), Some(8));
        for wire in [
            "0001 0004 2112a442 0102030405060708090a0b0c", // attributes that are not there
            "0001 0000 2112a443 0102030405060708090a0b0c",
            "8001 0000 2112a442 0102030405060708090a0b0c", // RTP's bits
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 3478, &hex(wire))).0, Look::No, "{wire}");
        }
    }
}
