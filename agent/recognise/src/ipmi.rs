//! IPMI over LAN: a server's management controller is asked, switched and typed on from afar, whatever its
//! operating system (IPMI 2.0 §13; ASF 2.0 §3.2 for RMCP and its ping).
//!
//! ```text
//! 06 │ 00 │ sequence, ff without receipt │ class: 06 ASF, 07 IPMI │ …
//! IPMI 1.5: type of authentication │ sequence 4 │ session 4 │ [code 16] │ length 1 │ message
//! IPMI 2.0: 06 │ type of payload │ session 4 │ sequence 4 │ length 2 │ payload │ [trailer]
//! message:  to │ function, odd in answers │ checksum of both │ …
//! ```
//!
//! The Internet knocks at its port all day: a question is believed once it is answered or asked again and again.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::refuse;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "ipmi",
    tunnel: true,
    over: &[Over::Udp],
    ports: &[623],
    start: Start::with(&[RMCP]),
    look,
};

/// RMCP's version (ASF 2.0 §3.2.2.2).
const RMCP: u8 = 0x06;
const NO_RECEIPT: u8 = 0xff;
const ASF: u8 = 0x06;
const IPMI: u8 = 0x07;

/// The number of the ASF's own messages, and its ping and pong (§3.2.4).
const ASF_IANA: u32 = 4542;
const PING: u8 = 0x80;
const PONG: u8 = 0x40;

/// IPMI 2.0's mark where 1.5 has its type of authentication (IPMI 2.0 §13.6).
const V2: u8 = 0x06;
/// The last of 1.5's types, OEM; all but the first come with a code.
const LAST_AUTHENTICATION: u8 = 0x05;
const CODE_BYTES: usize = 16;
/// Types of payload (§13.27.3): a message, serial over LAN, those that open a session, a maker's own.
const MESSAGE: u8 = 0x00;
const SERIAL: u8 = 0x01;
const OPENING: std::ops::RangeInclusive<u8> = 0x10..=0x15;
const OEM: std::ops::RangeInclusive<u8> = 0x20..=0x27;
/// Of a type's octet: encrypted, and with a trailer.
const ENCRYPTED: u8 = 0x80;
const TRAILER: u8 = 0x40;

/// Who asks again and again without an answer means it, or its answers are not mirrored.
const UNANSWERED: u32 = 4;

/// Who speaks.
#[derive(Clone, Copy)]
enum Speaker {
    Asks,
    Answers,
    Either,
}

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    let speaker = match read(sight) {
        Ok(speaker) => speaker,
        Err(error) => return refuse(sight, error),
    };
    let heard = matches!(sight.other, [RMCP, 0, _, ASF | IPMI, ..]);
    if !heard && sight.count < UNANSWERED {
        return Look::More;
    }
    Look::Is(match speaker {
        Speaker::Asks => Found::served_by(97, sight.sender().peer()),
        Speaker::Answers => Found::served_by(97, sight.sender()),
        Speaker::Either => Found::new(95),
    })
}

fn read(sight: &Sight<'_>) -> Result<Speaker, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let [version, reserved, sequence, class] = cursor.array()?;
    match (version, reserved, class) {
        (RMCP, 0, ASF) => asf(cursor),
        (RMCP, 0, IPMI) if sequence == NO_RECEIPT => ipmi(cursor, sight.wire_len),
        _ => Err(cursor.malformed("no RMCP")),
    }
}

fn asf(mut cursor: Cursor<'_>) -> Result<Speaker, DecodeError> {
    match (cursor.u32()?, cursor.u8()?) {
        (ASF_IANA, PING) => Ok(Speaker::Asks),
        (ASF_IANA, PONG) => Ok(Speaker::Answers),
        _ => Err(cursor.malformed("neither ping nor pong")),
    }
}

fn ipmi(mut cursor: Cursor<'_>, wire_len: usize) -> Result<Speaker, DecodeError> {
    const RMCP_BYTES: usize = 4;
    let kind = cursor.u8()?;
    if kind == V2 {
        let payload = cursor.u8()?;
        cursor.take(8)?;
        let [low, high] = cursor.array()?;
        let end = RMCP_BYTES + 12 + usize::from(u16::from_le_bytes([low, high]));
        let fits = if payload & TRAILER == 0 { end == wire_len } else { end < wire_len };
        return match payload & !(ENCRYPTED | TRAILER) {
            _ if !fits => Err(cursor.malformed("another length than it says")),
            MESSAGE if payload & ENCRYPTED == 0 => message(cursor),
            opens if OPENING.contains(&opens) => {
                Ok(if opens & 1 == 0 { Speaker::Asks } else { Speaker::Answers })
            }
            MESSAGE | SERIAL => Ok(Speaker::Either),
            maker if OEM.contains(&maker) => Ok(Speaker::Either),
            _ => Err(cursor.malformed("no payload of IPMI")),
        };
    }
    if kind > LAST_AUTHENTICATION {
        return Err(cursor.malformed("no authentication of IPMI"));
    }
    let code = if kind == 0 { 0 } else { CODE_BYTES };
    cursor.take(8 + code)?;
    let end = RMCP_BYTES + 10 + code + usize::from(cursor.u8()?);
    // Old network cards dislike some lengths: then an octet follows (§13.6).
    if end != wire_len && end + 1 != wire_len {
        return Err(cursor.malformed("another length than it says"));
    }
    message(cursor)
}

/// Reads a message's head, whose sum is 0 (§13.8).
fn message(mut cursor: Cursor<'_>) -> Result<Speaker, DecodeError> {
    let [to, function, checksum] = cursor.array()?;
    if to.wrapping_add(function).wrapping_add(checksum) != 0 {
        return Err(cursor.malformed("another checksum"));
    }
    Ok(if function >> 2 & 1 == 0 { Speaker::Asks } else { Speaker::Answers })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, hex, look, sight};

    const PING: &str = "0600ff06 000011be 80 000000";
    const PONG: &str = "0600ff06 000011be 40 000010 000011be 00000000 81 000000000000";
    const ASKED: &str = "0600ff07 00 00000000 00000000 09 2018c8 810438 0e0431";
    const TOLD: &str = "0600ff07 00 00000000 00000000 10 811c63 200438 00011706000000000086";
    const SIGNED: &str =
        "0600ff07 02 561c26a9 82000000 ef4a750f9ab8ce22feb6f349d5158e9e 08 2018c8 81103b0430";
    const OPENS: &str = "0600ff07 06 10 00000000 00000000 2000 00000000 a4a3a2a0 0000000801000000
        0100000801000000 0200000801000000";
    const OPENED: &str = "0600ff07 06 11 00000000 00000000 2400 00000000 a4a3a2a0 02000000 0000000801000000
        0100000801000000 0200000801000000";
    const SEALED: &str = "0600ff07 06 c0 02000000 03000000 2000 aa30823c9f893dae3773
        4f3c05172f73b28dca02eee0fb30b53d12f6272b6c00 ffff0207 285f7f1d9731c762b8eaf7b5";

    #[test]
    fn what_is_answered_is_ipmi_and_tells_who_serves() {
        // (what, wire, what the other side sent, found)
        let by = |side| Look::Is(Found::served_by(97, side));
        let cases = [
            ("a ping alone", PING, "", Look::More),
            ("a pong", PONG, PING, by(Side::Orig)),
            ("a ping after one", PING, PONG, by(Side::Resp)),
            ("a question alone", ASKED, "", Look::More),
            ("its answer", TOLD, ASKED, by(Side::Orig)),
            ("with a code", SIGNED, TOLD, by(Side::Resp)),
            ("a session opens", OPENS, "", Look::More),
            ("it is opened", OPENED, OPENS, by(Side::Orig)),
            ("picked up in the middle", SEALED, SEALED, Look::Is(Found::new(95))),
        ];
        for (what, wire, other, expected) in cases {
            let (bytes, other) = (hex(wire), hex(other));
            let seen = Sight { other: &other, ..sight(Over::Udp, true, 40_000, &bytes) };
            assert_eq!(look(&PROTOCOL, &seen).0, expected, "{what}");
        }
    }

    #[test]
    fn who_asks_again_and_again_is_believed() {
        let bytes = hex(ASKED);
        let asked = |count| Sight { count, ..sight(Over::Udp, true, 40_000, &bytes) };
        assert_eq!(look(&PROTOCOL, &asked(3)).0, Look::More);
        assert_eq!(look(&PROTOCOL, &asked(4)).0, Look::Is(Found::served_by(97, Side::Resp)));
    }

    #[test]
    fn near_misses_are_not() {
        let cases = [
            ("another checksum", "0600ff07 00 00000000 00000000 09 2018c9 810438 0e0431"),
            ("another length", "0600ff07 00 00000000 00000000 0b 2018c8 810438 0e0431"),
            ("another authentication", "0600ff07 07 00000000 00000000 09 2018c8 810438 0e0431"),
            ("a receipt wanted", "06000107 00 00000000 00000000 09 2018c8 810438 0e0431"),
            ("another message of ASF", "0600ff06 000011be 10 000000"),
            ("another maker's", "0600ff06 000011bf 80 000000"),
            ("another payload", "0600ff07 06 1f 00000000 00000000 0400 00000000"),
            ("another version", "0700ff06 000011be 80 000000"),
        ];
        let other = hex(TOLD);
        for (what, wire) in cases {
            let bytes = hex(wire);
            let seen = Sight { other: &other, ..sight(Over::Udp, true, 623, &bytes) };
            assert_eq!(look(&PROTOCOL, &seen).0, Look::No, "{what}");
        }
    }

    #[test]
    fn it_is_told_by_its_head() {
        let (bytes, other) = (hex(TOLD), hex(ASKED));
        let seen = Sight { other: &other, ..sight(Over::Udp, false, 623, &bytes) };
        assert_eq!(believed_from(&PROTOCOL, &seen), Some(bytes.len()));
    }
}
