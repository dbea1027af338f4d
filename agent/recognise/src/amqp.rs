//! AMQP, by which systems hand each other messages through a broker: the client's header (AMQP 0-9-1 §4.2.2,
//! 1.0 §2.2) and, where it was missed, frames of 0-9-1 (§4.2.3) and of 1.0 (§2.3, §2.8.1).
//!
//! ```text
//! "AMQP" │ 00 00 09 01, or 00 plain, 02 TLS, 03 SASL and 01 00 00
//! type 1 │ channel 2 │ length 4 │ class 2 │ method 2, or content │ CE                            0-9-1
//! length of the whole 4 │ 02 │ type 1 │ channel 2 │ 00 53 │ what it is 1 │ list: C0, D0 or 45 │ …     1.0
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
    start: Start::with(&[b'A', METHOD, 0]),
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

// 1.0: what the peers say of connection, sessions, links and messages, and in SASL to each other.
const OPEN: u8 = 0x10;
const CLOSE: u8 = 0x18;
const MECHANISMS: u8 = 0x40;
const INITIAL: u8 = 0x41;
const CHALLENGE: u8 = 0x42;
const RESPONSE: u8 = 0x43;
const OUTCOME: u8 = 0x44;
/// The lists that a frame may have, of none, of up to 255 and of more bytes.
const NOTHING: u8 = 0x45;
const LIST: u8 = 0xc0;
const LONG_LIST: u8 = 0xd0;
/// Where a frame of 1.0 ends its own head: in words. Nobody extends it.
const WORDS: u8 = 2;
/// To the length of a short list, and of a long one, from the frame's beginning.
const BEFORE_LIST: u32 = 13;
const BEFORE_LONG_LIST: u32 = 16;
/// What frames were seen to be agreed upon; some announce without a limit.
const MOST_FRAME_BYTES: u32 = 1 << 24;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    let head = sight.data.get(..MARK.len()).unwrap_or(sight.data);
    match sight.data {
        [METHOD, ..] => settle(sight, frame(sight)),
        [0, ..] => settle(sight, list(sight)),
        _ if MARK.starts_with(head) => settle(sight, header(sight)),
        _ => Look::No,
    }
}

fn header(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let _mark = cursor.u32()?;
    match cursor.array()? {
        // 1.0, whose server says it too: of a conn picked up in the middle, either may have been heard.
        [0 | 2 | 3, 1, 0, 0] if !sight.from_start && sight.other.is_empty() => {
            Ok(Found { confidence: 97, server: sight.side_on(&[PORT]) })
        }
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

/// Reads a frame of 1.0, of which what it says is a list that fits.
fn list(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let length = cursor.u32()?;
    let ([words, kind], channel) = (cursor.array()?, cursor.u16()?);
    let [described, short, what, form] = cursor.array()?;
    let is_sasl = (MECHANISMS..=OUTCOME).contains(&what);
    let is_frame = words == WORDS
        && length <= MOST_FRAME_BYTES
        && [described, short] == [0, 0x53]
        && (is_sasl || (OPEN..=CLOSE).contains(&what))
        && (!is_sasl || channel == 0)
        && kind == u8::from(is_sasl);
    let end = match form {
        NOTHING => Some(BEFORE_LIST - 1),
        LIST => Some(BEFORE_LIST + u32::from(cursor.u8()?)),
        LONG_LIST => cursor.u32()?.checked_add(BEFORE_LONG_LIST),
        _ => None,
    };
    // A message's content may follow the list.
    if !is_frame || end.is_none_or(|end| end > length) {
        return Err(cursor.malformed("no frame of AMQP"));
    }
    let server = match what {
        MECHANISMS | CHALLENGE | OUTCOME => Some(sight.sender()),
        INITIAL | RESPONSE => Some(sight.sender().peer()),
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
    fn a_version_heard_in_the_middle_may_be_either_sides() {
        let wire = hex("414d5150 03010000");
        let heard = |from_orig, port| Sight { from_start: false, ..sight(Over::Tcp, from_orig, port, &wire) };
        let is = |server| Look::Is(Found { confidence: 97, server });
        for from_orig in [true, false] {
            assert_eq!(look(&PROTOCOL, &heard(from_orig, 40_000)).0, is(None));
            assert_eq!(look(&PROTOCOL, &heard(from_orig, PORT)).0, is(Some(Side::Resp)));
        }
    }

    #[test]
    fn frames_of_the_newer_version_tell_it_in_the_middle() {
        // (what, from the client, wire, who serves)
        let cases = [
            (
                "mechanisms",
                false,
                "0000001c 02010000 005340 c0 0f 01 e0 0c 01 a3 09 414e4f4e594d4f5553",
                Some(Side::Resp),
            ),
            ("an outcome", false, "00000010 02010000 005344 c0 03 01 5000", Some(Side::Resp)),
            (
                "an answer to a challenge",
                true,
                "00000012 02010000 005343 c0 05 01 a0 02 6162",
                Some(Side::Resp),
            ),
            ("an end of a session", true, "0000000c 02000001 005317 45", None),
            ("a message", true, "00000014 02000000 005314 c0 04 02 43 52 01 00 53 75", None),
        ];
        for (what, from_orig, wire, server) in cases {
            let wire = hex(wire);
            let sent = sight(Over::Tcp, from_orig, 40_000, &wire);
            assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found { confidence: 93, server }), "{what}");
            assert!(believed_from(&PROTOCOL, &sent).is_some(), "{what}");
        }
        let outcome = hex("00000010 02010000 005344 c0 03 01 5000");
        // Length, words, kind, channel, described, what, form, the list's length.
        for (at, octet) in [(3, 0x0f), (4, 3), (5, 0), (7, 1), (9, 0x80), (10, 0x45), (11, 0xc1), (12, 4)] {
            let mut wire = outcome.clone();
            wire[at] = octet;
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, PORT, &wire)).0, Look::No, "octet {at}");
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
