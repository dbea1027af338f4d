//! BGP, by which routers of two networks tell each other what they reach (RFC 4271 §4; RFC 2918, RFC 7313).
//!
//! ```text
//! marker 16: FF │ length of the whole 2 │ type 1 │ OPEN: version 1: 4 │ AS 2 │ hold time 2 │ identifier 4 │ …
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const PORT: u16 = 179;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "bgp",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[PORT],
    start: Start::with(&[MARKER]),
    look,
};

const MARKER: u8 = 0xff;
const MARKER_BYTES: usize = 16;
const OPEN: u8 = 1;
const UPDATE: u8 = 2;
const NOTIFICATION: u8 = 3;
const KEEPALIVE: u8 = 4;
const ROUTE_REFRESH: u8 = 5;
/// RFC 4271 §4.1; no update has more but by agreement (RFC 8654).
const MOST_BYTES: u16 = 4096;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    let is_marker = sight.data.iter().take(MARKER_BYTES).all(|octet| *octet == MARKER);
    if is_marker { settle(sight, read(sight)) } else { Look::No }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let _marker: [u8; MARKER_BYTES] = cursor.array()?;
    let (length, kind) = (cursor.u16()?, cursor.u8()?);
    let is_message = match (kind, length) {
        (OPEN, 29..=MOST_BYTES) => {
            let ([version, _, _], hold) = (cursor.array()?, cursor.u16()?);
            let (_identifier, options) = (cursor.u32()?, cursor.u8()?);
            // RFC 9072: 255 where the options have a longer length.
            version == 4 && !matches!(hold, 1 | 2) && (length == 29 + u16::from(options) || options == 255)
        }
        (UPDATE, 23..=MOST_BYTES) => cursor.u16()? <= length - 23,
        (NOTIFICATION, 21..=MOST_BYTES) => (1..=8).contains(&cursor.u8()?),
        (KEEPALIVE, 19) | (ROUTE_REFRESH, 23) => true,
        _ => false,
    };
    if !is_message {
        return Err(cursor.malformed("no message of BGP"));
    }
    // Either router may open the connection, to this port.
    Ok(Found { confidence: 97, server: sight.side_on(&[PORT]) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, hex, look, sight};

    #[test]
    fn every_type_is_told_by_marker_and_lengths() {
        // (what, wire after the marker, from how many bytes)
        let cases = [
            (
                "OPEN",
                "0039 01 04 0001 00b4 0b0b0b0b 1c 0206 0104 0001 0001 0202 8000 0202 0200 0246 0002 0641 0400000001",
                29,
            ),
            ("UPDATE", "0017 02 0000 0000", 21),
            ("NOTIFICATION", "0015 03 06 02", 20),
            ("KEEPALIVE", "0013 04", 19),
            ("ROUTE-REFRESH", "0017 05 0001 01 01", 19),
        ];
        for (what, wire, bytes) in cases {
            let wire = hex(&format!("{} {wire}", "ff".repeat(16)));
            let sent = sight(Over::Tcp, true, PORT, &wire);
            assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(97, Side::Resp)), "{what}");
            assert_eq!(believed_from(&PROTOCOL, &sent), Some(bytes), "{what}");
            let elsewhere = sight(Over::Tcp, true, 40_000, &wire);
            assert_eq!(look(&PROTOCOL, &elsewhere).0, Look::Is(Found::new(97)), "{what}");
        }
    }

    #[test]
    fn other_messages_are_not_its() {
        for (wire, why) in [
            ("0014 04 00", "a KEEPALIVE with more"),
            ("0039 01 03 0001 00b4 0b0b0b0b 1c", "another version"),
            ("0039 01 04 0001 0002 0b0b0b0b 1c", "a hold time of two seconds"),
            ("0039 01 04 0001 00b4 0b0b0b0b 1d", "options that do not fit"),
            ("0017 02 0001 0000", "routes that do not fit"),
            ("0015 03 00 02", "no error"),
            ("0017 06 0001 0101", "no type"),
            ("ffff ff", "more of the same"),
        ] {
            let wire = hex(&format!("{} {wire}", "ff".repeat(16)));
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, PORT, &wire)).0, Look::No, "{why}");
        }
        let telnet = hex("fffd18 fffd20 fffd23 fffd27");
        assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, false, PORT, &telnet)).0, Look::No);
    }
}
