//! AMQP, by which systems hand each other messages through a broker: the client's header (AMQP 0-9-1 §4.2.2,
//! 1.0 §2.2) and, where it was missed, frames of 0-9-1 (§4.2.3).
//!
//! ```text
//! "AMQP" │ 00 00 09 01, or 00 plain, 02 TLS, 03 SASL and 01 00 00
//! type 1 │ channel 2 │ length 4 │ class 2 │ method 2, or content │ CE
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Side, Sight, Sink, Start};

const PORT: u16 = 5672;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "amqp",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[PORT],
    start: Start::with(&[b'A', METHOD]),
    look,
};

const MARK: &[u8; 4] = b"AMQP";
const METHOD: u8 = 1;
const END: u8 = 0xce;
/// No method has more.
const MOST_BYTES: u32 = 4096;

// Classes (§1.3 of the XML definition), and of basic the methods that one side alone sends.
const CONNECTION: u16 = 10;
const BASIC: u16 = 60;
const CLASSES: [u16; 8] = [CONNECTION, 20, 40, 50, BASIC, 85, 90, 30];
const LAST_METHOD: u16 = 120;
const START: u16 = 10;
const PUBLISH: u16 = 40;
const DELIVER: u16 = 60;
const ACKNOWLEDGE: u16 = 80;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    let head = sight.data.get(..MARK.len()).unwrap_or(sight.data);
    match sight.data {
        [METHOD, ..] => settle(sight, frame(sight)),
        _ if MARK.starts_with(head) => settle(sight, header(sight)),
        _ => Look::No,
    }
}

fn header(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let _mark = cursor.u32()?;
    match cursor.array()? {
        // 0-9-1, 0-9, 0-8; 1.0 in its three ways. The server says its version only to refuse another.
        [0, 0, 9, 1] | [0 | 1, 1, 0, 9 | 10] | [1, 1, 8, 0] | [0 | 2 | 3, 1, 0, 0] => {
            let answers = sight.other.starts_with(MARK);
            Ok(Found::served_by(97, if answers { sight.sender() } else { sight.sender().peer() }))
        }
        _ => Err(cursor.malformed("no version of AMQP")),
    }
}

fn frame(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let [_type, high, low] = cursor.array()?;
    let length = cursor.u32()?;
    let (class, method) = (cursor.u16()?, cursor.u16()?);
    let fits = (4..=MOST_BYTES).contains(&length) && (10..=LAST_METHOD).contains(&method);
    // What concerns the connection goes over channel 0, and nothing else does.
    let is_own = (class == CONNECTION) == ([high, low] == [0, 0]);
    if !fits || !is_own || !CLASSES.contains(&class) {
        return Err(cursor.malformed("no method of AMQP"));
    }
    cursor.take(length as usize - 4)?;
    if cursor.u8()? != END {
        return Err(cursor.malformed("no end of a frame"));
    }
    let server: Option<Side> = match (class, method) {
        (CONNECTION, START) | (BASIC, DELIVER) => Some(sight.sender()),
        (BASIC, PUBLISH | ACKNOWLEDGE) => Some(sight.sender().peer()),
        _ => sight.side_on(&[PORT]),
    };
    Ok(Found { confidence: 93, server })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{believed_from, hex, look, sight};

    #[test]
    fn a_client_names_protocol_and_version() {
        for wire in ["414d5150 00000901", "414d5150 00010000", "414d5150 03010000"] {
            let wire = hex(wire);
            let sent = sight(Over::Tcp, true, 40_000, &wire);
            assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(97, Side::Resp)));
            assert_eq!(believed_from(&PROTOCOL, &sent), Some(8));
        }
        for wire in ["414d5150 00000902", "414d5150 04010000", "414d5153 00000901"] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, PORT, &hex(wire))).0, Look::No, "{wire}");
        }
    }

    #[test]
    fn frames_tell_it_in_the_middle() {
        let published = hex("01 0001 00000017 003c 0028 0000 0764656661756c74 077461736b732e23 00 ce");
        let sent = sight(Over::Tcp, true, 40_000, &published);
        assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(93, Side::Resp)));
        assert_eq!(believed_from(&PROTOCOL, &sent), Some(published.len()));
        let acknowledged = hex("01 0001 0000000d 003c 0050 000000000001bd17 00 ce");
        let found = look(&PROTOCOL, &sight(Over::Tcp, true, 40_000, &acknowledged)).0;
        assert_eq!(found, Look::Is(Found::served_by(93, Side::Resp)));
        // Channel, length, class, method, end.
        for (at, octet) in [(2, 0), (6, 0x16), (8, 0x3d), (10, 0), (30, 0xcf)] {
            let mut wire = published.clone();
            wire[at] = octet;
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, PORT, &wire)).0, Look::No, "octet {at}");
        }
    }
}
