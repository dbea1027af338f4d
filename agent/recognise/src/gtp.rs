//! GTP, in which mobile networks carry their subscribers' packets (GTP-U, 3GPP TS 29.281 §5) and agree on it
//! (GTPv1-C, 3GPP TS 29.060 §6, §7; GTPv2-C, 3GPP TS 29.274 §5): a femtocell or a private 4G or 5G network in the house speaks it.
//!
//! ```text
//! GTP-U:   version 3 bits: 1, protocol 1, 0, E, S, PN │ type 1 │ length of the rest 2 │ tunnel 4 │ (…) │ IP
//! GTPv1-C: version 3 bits: 1, protocol 1, 0, E, S, PN │ type 1 │ length of the rest 2 │ tunnel 4 │ number 2, 0 2 │ elements
//! GTPv2-C: version 3 bits: 2, P, T, MP, 0 │ type 1 │ length of the rest 2 │ (tunnel 4) │ number 3 │ 0 │ elements
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer, gtp};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const USER_PORT: u16 = 2152;
const CONTROL_PORT: u16 = 2123;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "gtp",
    tunnel: true,
    over: &[Over::Udp],
    ports: &[USER_PORT, CONTROL_PORT],
    start: Start::between(0x30, 0x37).or_with(&[0x40, 0x48]),
    look,
};

const ECHO_REQUEST: u8 = 1;
const ECHO_RESPONSE: u8 = 2;
/// A context created, updated, deleted; asked for and answered.
const FIRST_CONTEXT: u8 = 16;
const LAST_CONTEXT: u8 = 21;
/// GTPv1-C's elements from here on have a length.
const FIRST_WITH_LENGTH: u8 = 128;

const HAS_TUNNEL: u8 = 0x08;
const HEADER_BYTES: usize = 4;
const MOST_ELEMENTS: usize = 64;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data {
        [0x30..=0x37, ECHO_REQUEST | ECHO_RESPONSE | gtp::PACKET, ..] => settle(sight, user(sight)),
        [0x32, FIRST_CONTEXT..=LAST_CONTEXT, ..] if sight.on_port(&[CONTROL_PORT]) => {
            settle(sight, old_control(sight))
        }
        [0x40 | 0x48, 1..=3 | 32.., ..] if sight.on_port(&[CONTROL_PORT]) => settle(sight, control(sight)),
        _ => Look::No,
    }
}

fn user(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let cursor = Cursor::new(Layer::Gtp, sight.data);
    let Some(message) = gtp::parse(sight.data, sight.wire_len)? else {
        return Err(cursor.malformed("no header of GTP"));
    };
    if message.kind != gtp::PACKET {
        // A number, no tunnel; an answer has the element that tells of a restart.
        let fits = match message.content {
            [] => message.kind == ECHO_REQUEST,
            [14, _] => message.kind == ECHO_RESPONSE,
            _ => false,
        };
        let is_echo =
            message.numbered && message.tunnel == 0 && fits && sight.on_port(&[USER_PORT, CONTROL_PORT]);
        return if is_echo { Ok(Found::new(85)) } else { Err(cursor.malformed("no echo of GTP")) };
    }
    // What is carried fills the datagram, and a tunnel has a number.
    let missing = sight.wire_len.saturating_sub(sight.data.len());
    let fills = packet_bytes(message.content) == Some(message.content.len() + missing);
    if !fills || message.tunnel == 0 {
        return Err(cursor.malformed("no packet within GTP"));
    }
    Ok(Found::new(if sight.on_port(&[USER_PORT]) { 95 } else { 90 }))
}

/// How long an IP packet is by its own header.
fn packet_bytes(packet: &[u8]) -> Option<usize> {
    match *packet {
        [0x45..=0x4f, _, high, low, ..] => Some(u16::from_be_bytes([high, low]).into()),
        [0x60..=0x6f, _, _, _, high, low, ..] => Some(40 + usize::from(u16::from_be_bytes([high, low]))),
        _ => None,
    }
}

/// Elements fill the datagram, their types in order; what asks begins otherwise than what answers.
fn old_control(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let (_flags, _kind, length) = (cursor.u8()?, cursor.u8()?, usize::from(cursor.u16()?));
    let _tunnel = cursor.u32()?;
    if HEADER_BYTES * 2 + length != sight.wire_len {
        return Err(cursor.malformed("a length that is not the datagram's"));
    }
    let [_, _, _, next] = cursor.array()?;
    if next != 0 || cursor.rest().is_empty() {
        return Err(cursor.malformed("an extension, or no element"));
    }
    let mut before = 0;
    for _ in 0..MOST_ELEMENTS {
        if cursor.rest().is_empty() {
            break;
        }
        let element = cursor.u8()?;
        let length = match fixed_bytes(element) {
            Some(bytes) => bytes,
            None if element >= FIRST_WITH_LENGTH => cursor.u16()?.into(),
            None => return Err(cursor.malformed("no element of GTP")),
        };
        if element < before || cursor.rest().len() < length {
            return Err(cursor.malformed("no element of GTP"));
        }
        before = element;
        cursor.take(length)?;
    }
    Ok(Found::new(92))
}

/// The bytes of an element that tells no length (3GPP TS 29.060 §7.7).
const fn fixed_bytes(element: u8) -> Option<usize> {
    Some(match element {
        1 | 8 | 11 | 13..=15 | 19..=24 | 29 => 1,
        25..=28 => 2,
        9 => 3,
        4 | 5 | 12 | 16 | 17 | 127 => 4,
        18 => 5,
        3 => 6,
        2 => 8,
        _ => return None,
    })
}

fn control(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let (flags, _kind, length) = (cursor.u8()?, cursor.u8()?, usize::from(cursor.u16()?));
    if HEADER_BYTES + length != sight.wire_len {
        return Err(cursor.malformed("a length that is not the datagram's"));
    }
    if flags & HAS_TUNNEL != 0 {
        cursor.u32()?;
    }
    let [_, _, _, spare] = cursor.array()?;
    if spare != 0 || cursor.rest().is_empty() {
        return Err(cursor.malformed("no number, or no element"));
    }
    for _ in 0..MOST_ELEMENTS {
        if cursor.rest().is_empty() {
            break;
        }
        let (element, length) = (cursor.u8()?, usize::from(cursor.u16()?));
        let instance = cursor.u8()?;
        if element == 0 || instance > 0x0f || cursor.rest().len() < length {
            return Err(cursor.malformed("no element of GTP"));
        }
        cursor.take(length)?;
    }
    Ok(Found::new(92))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{believed_from, hex, look, sight};

    const IPV4: &str = "45000020 00004000 40110000 c0000201 c6336402 30390035 000c0000 61626364";

    #[test]
    fn a_packet_that_fills_the_datagram_tells_it() {
        // (what, wire)
        let cases = [
            ("plain", format!("30ff 0020 12808fb8 {IPV4}")),
            ("with a number", format!("32ff 0024 12808fb8 00010000 {IPV4}")),
            ("with an extension of 5G", format!("34ff 0028 12808fb8 00000085 01100900 {IPV4}")),
        ];
        for (what, wire) in cases {
            let wire = hex(&wire);
            let sent = sight(Over::Udp, true, USER_PORT, &wire);
            assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::new(95)), "{what}");
            assert_eq!(believed_from(&PROTOCOL, &sent), Some(wire.len()), "{what}");
            assert_eq!(
                look(&PROTOCOL, &sight(Over::Udp, true, 40_000, &wire)).0,
                Look::Is(Found::new(90)),
                "{what}"
            );
        }
        let cut = hex(&format!("30ff 0020 12808fb8 {IPV4}"));
        let sent = Sight { wire_len: cut.len(), ..sight(Over::Udp, true, USER_PORT, &cut[..20]) };
        assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::new(95)), "a small snaplen");
    }

    #[test]
    fn echoes_and_control_need_their_ports() {
        for (wire, port, confidence) in [
            ("3201 0004 00000000 12340000", USER_PORT, 85),
            ("3202 0006 00000000 12340000 0e00", USER_PORT, 85),
            ("3210 0018 00000000 00010000 020010100000000020 0e02 0ff0 1000000001 1400", CONTROL_PORT, 92),
            ("3215 0006 00000001 08020000 0180", CONTROL_PORT, 92),
            ("4001 0009 00000100 0300010005", CONTROL_PORT, 92),
            ("4820 0013 00000000 00000100 01000700 44101032547698", CONTROL_PORT, 92),
        ] {
            let wire = hex(wire);
            let found = look(&PROTOCOL, &sight(Over::Udp, true, port, &wire)).0;
            assert_eq!(found, Look::Is(Found::new(confidence)), "{wire:02x?}");
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 40_000, &wire)).0, Look::No, "{wire:02x?}");
        }
    }

    #[test]
    fn other_datagrams_are_not_its() {
        for (wire, why) in [
            ("3703 0000 42000000", "flags without what they announce"),
            ("4601 0000 02790300 c800c58b bda67337", "another length"),
            ("2700 0000 02590000 c800325e a56f0100", "version 1 of the charging protocol"),
            ("4001 0009 00000101 0300010005", "a spare byte that is set"),
            ("4001 0009 00000100 0300020005", "an element that ends late"),
            ("3201 0004 00000001 12340000", "an echo within a tunnel"),
            ("30ff 0000 12808fb8", "a packet of nothing"),
            ("33ff 0004 09005f27 fc0d13ef", "a number, and a packet of nothing"),
            ("3215 0007 00000001 08020000 0180", "an old message of another length"),
            ("3215 0008 00000001 08020000 0e010180", "elements in no order"),
            ("3215 0006 00000001 08020000 0780", "no element"),
            ("3215 0006 00000001 08020001 0180", "an extension"),
            ("3215 0004 00000001 08020000", "nothing told"),
        ] {
            for port in [USER_PORT, CONTROL_PORT] {
                assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, port, &hex(wire))).0, Look::No, "{why}");
            }
        }
        for (at, octet) in [(1, 26), (3, 0x21), (8, 0x55), (11, 0x21)] {
            let mut wire = hex(&format!("30ff 0020 12808fb8 {IPV4}"));
            wire[at] = octet;
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, USER_PORT, &wire)).0, Look::No, "octet {at}");
        }
    }
}
