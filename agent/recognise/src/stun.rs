//! STUN and TURN on any port (RFC 8489 §5, RFC 8656): telephones, conferences and remote tools ask by it
//! how they look from outside, or have a relay carry what cannot go straight.
//!
//! ```text
//! 00, 14 bits of type │ length 2 │ 21 12 A4 42 │ transaction 12 │ attributes
//! ```
//!
//! Whoever speaks TURN is noted as the variant "turn".

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Key, Look, Over, Protocol, Sight, Sink};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "stun",
    tunnel: false,
    over: &[Over::Udp, Over::Tcp],
    ports: &[3478, 5349, 19302],
    look,
};

const MAGIC: u32 = 0x2112_a442;
const HEADER_BYTES: usize = 20;
/// The class bits of a type (RFC 8489 §5).
const CLASS: u16 = 0x0110;
/// Requests that change nothing: Binding. TURN's: Allocate, Refresh, Send, Data, CreatePermission,
/// ChannelBind, Connect, ConnectionBind, ConnectionAttempt (RFC 8656 §17, RFC 6062 §6.1).
const TURN: [u16; 9] = [3, 4, 6, 7, 8, 9, 0xa, 0xb, 0xc];

fn look(sight: &Sight<'_>, _: &mut u32, sink: &mut dyn Sink) -> Look {
    match sight.data {
        [0..=0x3f, ..] => settle(sight, read(sight, sink)),
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>, sink: &mut dyn Sink) -> Result<Found, DecodeError> {
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
    Ok(match kind & CLASS {
        0 => Found::served_by(96, sight.sender().peer()),
        0x0010 => Found::new(96),
        _ => Found::served_by(96, sight.sender()),
    })
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
            assert_eq!(found, Look::Is(Found { confidence: 96, server }), "{what}");
            assert_eq!(notes.values(Key::TunnelVariant), variant, "{what}");
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
