//! RustDesk: what clients say to its rendezvous and relay servers, its own or anybody's (RustDesk's
//! `rendezvous.proto` and the framing of `bytes_codec.rs`).
//!
//! A message is protobuf with one member, whose number tells what it is: over UDP by itself, over TCP
//! behind its length, whose own size the lowest two bits of its first byte hold (little-endian).
//!
//! ```text
//! UDP   32: register_peer │ length │ 0A │ length │ identifier │ …     every few seconds, and 3A as its answer
//! TCP   length << 2 │ tag of member 8 to 26 │ length │ …
//! ```
//!
//! Identifiers and keys are not noted.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "rustdesk",
    tunnel: true,
    over: &[Over::Udp, Over::Tcp],
    ports: &[21115, 21116, 21117],
    start: Start::ANYHOW,
    look,
};

const REGISTER_PEER: u32 = 6;
const REGISTER_PEER_RESPONSE: u32 = 7;
const PUNCH_HOLE_REQUEST: u32 = 8;
const REGISTER_PK: u32 = 15;
const REQUEST_RELAY: u32 = 18;
const TEST_NAT_REQUEST: u32 = 20;
const ONLINE_REQUEST: u32 = 23;
const KEY_EXCHANGE: u32 = 25;

/// Protobuf's wire type of strings and messages.
const BYTES: u32 = 2;
/// A public key, a token and names fit.
const MOST_BYTES: usize = 1024;
/// An identifier: nine or ten digits, or a name of one's own.
const IDENTIFIER: std::ops::RangeInclusive<usize> = 6..=32;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match (sight.over, sight.data) {
        // register_peer, register_peer_response, register_pk, peer_discovery.
        (Over::Udp, [0x32 | 0x3a | 0x7a, ..]) => settle(sight, datagram(sight)),
        (Over::Tcp, [first, ..]) if sight.from_start && first & 3 <= 1 => settle(sight, stream(sight)),
        _ => Look::No,
    }
}

fn datagram(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let (member, body) = member(&mut cursor)?;
    let client = Found::served_by(92, sight.sender().peer());
    if !cursor.rest().is_empty() || sight.wire_len != sight.data.len() {
        return Err(cursor.malformed("more than one message of RustDesk"));
    }
    match (member, body) {
        (REGISTER_PEER | REGISTER_PK, body) if has_identifier(body)? => Ok(client),
        // "Send your key", or nothing; to a registration only.
        (REGISTER_PEER_RESPONSE, [] | [0x10, 0x01]) if matches!(sight.other, [0x32 | 0x7a, ..]) => {
            Ok(Found::served_by(92, sight.sender()))
        }
        _ => Err(cursor.malformed("no registration with RustDesk")),
    }
}

fn stream(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let first = cursor.u8()?;
    let length = match first & 3 {
        0 => usize::from(first >> 2),
        _ => usize::from(u16::from_le_bytes([first, cursor.u8()?]) >> 2),
    };
    if !(2..=MOST_BYTES).contains(&length) {
        return Err(cursor.malformed("no length of RustDesk"));
    }
    let before = cursor.rest().len();
    let tag = varint(&mut cursor)?;
    let known =
        [PUNCH_HOLE_REQUEST, REGISTER_PK, REQUEST_RELAY, TEST_NAT_REQUEST, ONLINE_REQUEST, KEY_EXCHANGE];
    if tag & 7 != BYTES || !known.contains(&(tag >> 3)) {
        return Err(cursor.malformed("no member of RustDesk"));
    }
    let body_len = varint(&mut cursor)? as usize;
    let header = before - cursor.rest().len();
    if header + body_len != length {
        return Err(cursor.malformed("lengths of RustDesk that disagree"));
    }
    let body = cursor.take(body_len)?;
    let found = Found::served_by(92, sight.sender().peer());
    match (tag >> 3, body) {
        (PUNCH_HOLE_REQUEST | REGISTER_PK | REQUEST_RELAY | ONLINE_REQUEST, body)
            if has_identifier(body)? =>
        {
            Ok(found)
        }
        // A serial number, and nothing else.
        (TEST_NAT_REQUEST, [] | [0x08, _] | [0x08, _, _]) if sight.on_port(PROTOCOL.ports) => Ok(found),
        // The server's ephemeral key and its signature: 96 bytes.
        (KEY_EXCHANGE, [0x0a, 0x60, ..]) => Ok(Found::served_by(92, sight.sender())),
        _ => Err(cursor.malformed("no request of RustDesk")),
    }
}

/// A member's number and bytes.
fn member<'a>(cursor: &mut Cursor<'a>) -> Result<(u32, &'a [u8]), DecodeError> {
    let tag = varint(cursor)?;
    let len = varint(cursor)? as usize;
    if tag & 7 != BYTES || len > MOST_BYTES {
        return Err(cursor.malformed("no member of protobuf"));
    }
    Ok((tag >> 3, cursor.take(len)?))
}

/// Whether a message's first member is an identifier.
fn has_identifier(body: &[u8]) -> Result<bool, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, body);
    let (number, text) = member(&mut cursor)?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    Ok(number == 1 && IDENTIFIER.contains(&text.len()) && text.iter().all(is_name))
}

/// Protobuf's number of seven bits a byte, at most three bytes here.
fn varint(cursor: &mut Cursor<'_>) -> Result<u32, DecodeError> {
    let mut value = 0;
    for shift in [0, 7, 14] {
        let byte = cursor.u8()?;
        value |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(cursor.malformed("a number too large for RustDesk"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, hex, look, sight};

    /// register_peer of 123456789 with serial number 7.
    const REGISTER: &str = "32 0d 0a 09 313233343536373839 10 07";

    #[test]
    fn a_registration_and_its_answer_are_recognised_on_any_port() {
        let register = hex(REGISTER);
        let sent = sight(Over::Udp, true, 40_000, &register);
        assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(92, Side::Resp)));
        assert_eq!(believed_from(&PROTOCOL, &sent), Some(register.len()));
        for answer in ["3a 00", "3a 02 10 01"] {
            let bytes = hex(answer);
            let answer = sight(Over::Udp, false, 40_000, &bytes);
            assert_eq!(look(&PROTOCOL, &answer).0, Look::No, "unasked");
            let answer = Sight { other: &register, ..answer };
            assert_eq!(look(&PROTOCOL, &answer).0, Look::Is(Found::served_by(92, Side::Resp)));
        }
    }

    #[test]
    fn a_request_is_recognised_in_its_frame() {
        // Each in a frame of its length times four, in one byte or two.
        for wire in ["34 42 0b 0a 09 313233343536373839", "38 92 01 0b 0a 09 313233343536373839"] {
            let bytes = hex(wire);
            let sent = sight(Over::Tcp, true, 40_000, &bytes);
            assert_eq!(believed_from(&PROTOCOL, &sent), Some(bytes.len()), "{wire}");
        }
        let relay = [
            &hex("59 01 92 01 53 0a 09 313233343536373839 12 24")[..],
            &[b'b'; 36],
            &hex("1a 20"),
            &[b'c'; 32],
        ]
        .concat();
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Tcp, true, 40_000, &relay)), Some(88));
    }

    #[test]
    fn other_messages_are_not_rustdesk() {
        for wire in [
            "32 0d 0a 09 313233343536373839 10",    // cut
            "32 0d 0a 03 313233 0000000000000000",  // no identifier
            "32 0d 0a 09 31323334353637380a 10 07", // a line feed in it
            "3b 00",
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 21_116, &hex(wire))).0, Look::No, "{wire}");
        }
        for wire in ["34 42 0c 0a 09 313233343536373839", "35 42", "00 42 00", "16 03 01"] {
            let found = look(&PROTOCOL, &sight(Over::Tcp, true, 21_116, &hex(wire))).0;
            assert!(found == Look::No || wire == "35 42", "{wire}: {found:?}");
        }
    }
}
