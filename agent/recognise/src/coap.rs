//! CoAP, HTTP's small kin, of sensors and meters (RFC 7252 §3, §5.10), and over TCP (RFC 8323 §3.2, §5.3).
//!
//! ```text
//! version 2 bits: 1, type 2 bits, length of the token 4 bits │ code 1 │ number 2 │ token │ options │ FF payload
//! length of the options 4 bits, of the token 4 bits: 0 │ code 1: E1 │ options          what each says first over TCP
//! ```
//!
//! Off its port it is believed where the answer repeats number or token, and over TCP where both begin like that.

use std::ops::RangeInclusive;

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::refuse;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start, text};

const PORT: u16 = 5683;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "coap",
    tunnel: false,
    over: &[Over::Tcp, Over::Udp],
    ports: &[PORT],
    start: Start::between(0x40, 0x78).or_with(&[0x20, 0x30]),
    look,
};

const MOST_TOKEN_BYTES: u8 = 8;
const PAYLOAD: u8 = 0xff;
const URI_PATH: u32 = 11;
/// Options and how long each may be: those of the RFCs 7252 (§5.10), 7641, 7959, 7967, 8613, 8768, 9175, 9177, 9668,
/// and OCF's.
const OPTIONS: [(u32, u32); 29] = [
    (1, 8),
    (3, 255),
    (4, 8),
    (5, 0),
    (6, 3),
    (7, 2),
    (8, 255),
    (9, 255),
    (URI_PATH, 255),
    (12, 2),
    (14, 4),
    (15, 255),
    (16, 1),
    (17, 2),
    (19, 3),
    (20, 255),
    (21, 0),
    (23, 3),
    (27, 3),
    (28, 4),
    (31, 3),
    (35, 1034),
    (39, 255),
    (60, 4),
    (252, 40),
    (258, 1),
    (292, 8),
    (2049, 2),
    (2053, 2),
];
const MOST_OPTIONS: usize = 32;

/// Capabilities and settings, and what they tell: the size of a message, and that it may come in blocks.
const SETTINGS: u8 = 0xe1;
const MESSAGE_SIZE: u8 = 2;
const IN_BLOCKS: u8 = 4;
/// A size of one byte alone; both, with one of four.
const SETTINGS_BYTES: RangeInclusive<u8> = 2..=6;

/// What two messages that belong together share.
struct Message<'a> {
    is_request: bool,
    is_answer: bool,
    number: u16,
    token: &'a [u8],
}

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    if sight.over == Over::Tcp {
        return settle_stream(sight);
    }
    let Ok(message) = read(sight.data) else { return Look::No };
    // Only a head is kept: it may be cut within its options, behind the token.
    let asked = head(&mut Cursor::new(Layer::Application, sight.other)).ok().filter(|other| other.is_request);
    let server = if message.is_request { sight.sender().peer() } else { sight.sender() };
    match asked {
        Some(asked) if message.is_answer && asked.token == message.token && answers(&asked, &message) => {
            Look::Is(Found::served_by(90, server))
        }
        _ if sight.on_port(&[PORT]) && message.is_request => Look::Is(Found::served_by(88, server)),
        // An answer alone is of too few fixed bits.
        // Of one that was asked for before anybody listened, the next tells.
        None if message.is_request || sight.other.is_empty() || sight.on_port(&[PORT]) => Look::More,
        _ => Look::No,
    }
}

fn settle_stream(sight: &Sight<'_>) -> Look {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    match settings(&mut cursor) {
        Ok(()) => {}
        Err(error) => return refuse(sight, error),
    }
    let both = settings(&mut Cursor::new(Layer::Application, sight.other)).is_ok();
    let server = sight.side_on(&[PORT]);
    match () {
        () if both => Look::Is(Found { confidence: 93, server }),
        () if sight.on_port(&[PORT]) => Look::Is(Found { confidence: 85, server }),
        () => Look::More,
    }
}

/// Reads what each side says first of itself.
fn settings(cursor: &mut Cursor<'_>) -> Result<(), DecodeError> {
    let first = cursor.u8()?;
    let length = first >> 4;
    if first & 0x0f != 0 || !SETTINGS_BYTES.contains(&length) || cursor.u8()? != SETTINGS {
        return Err(cursor.malformed("no settings of CoAP"));
    }
    let mut options = Cursor::new(Layer::Application, cursor.take(length.into())?);
    let mut option = 0;
    while !options.rest().is_empty() {
        let head = options.u8()?;
        let step = head >> 4;
        option += step;
        let most = match option {
            MESSAGE_SIZE => 4,
            IN_BLOCKS => 0,
            _ => return Err(cursor.malformed("no setting of CoAP")),
        };
        if step == 0 || head & 0x0f > most || options.take((head & 0x0f).into()).is_err() {
            return Err(cursor.malformed("no setting's length"));
        }
    }
    Ok(())
}

/// The same number, or a token that is long enough to be no accident.
fn answers(asked: &Message<'_>, message: &Message<'_>) -> bool {
    asked.number == message.number || asked.token.len() >= 2
}

fn head<'a>(cursor: &mut Cursor<'a>) -> Result<Message<'a>, DecodeError> {
    let [first, code] = cursor.array()?;
    let number = cursor.u16()?;
    let (kind, token_bytes) = (first >> 4 & 3, first & 0x0f);
    // Requests by their methods, answers by their classes (RFC 7252 §12.1; RFC 8132, RFC 7959).
    let is_request = matches!(code, 1..=7) && kind <= 1;
    let is_answer = matches!(code, 0x41..=0x45 | 0x5f | 0x80..=0x8f | 0x96 | 0x9d | 0xa0..=0xa8) && kind <= 2;
    if first >> 6 != 1 || token_bytes > MOST_TOKEN_BYTES || !(is_request || is_answer) {
        return Err(cursor.malformed("no header of CoAP"));
    }
    Ok(Message { is_request, is_answer, number, token: cursor.take(token_bytes.into())? })
}

fn read(data: &[u8]) -> Result<Message<'_>, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, data);
    let message = head(&mut cursor)?;
    let mut option = 0;
    let mut is_told = false;
    for _ in 0..MOST_OPTIONS {
        if cursor.rest().is_empty() {
            break;
        }
        let first = cursor.u8()?;
        if first == PAYLOAD {
            if cursor.rest().is_empty() {
                return Err(cursor.malformed("a payload of nothing"));
            }
            break;
        }
        option += extended(&mut cursor, first >> 4)?;
        let length = extended(&mut cursor, first & 0x0f)?;
        let value = cursor.take(length as usize)?;
        if !OPTIONS.iter().any(|(number, most)| *number == option && length <= *most) {
            return Err(cursor.malformed("no option of CoAP"));
        }
        if option == URI_PATH {
            if text::note(value).is_none() {
                return Err(cursor.malformed("a path that is no text"));
            }
            is_told = true;
        }
    }
    // A request without a path goes to a device's root, which has nothing.
    if message.is_request && !is_told {
        return Err(cursor.malformed("a request for nothing"));
    }
    Ok(message)
}

/// RFC 7252 §3.1: 13 and 14 have the rest in one and two bytes.
fn extended(cursor: &mut Cursor<'_>, nibble: u8) -> Result<u32, DecodeError> {
    match nibble {
        13 => Ok(13 + u32::from(cursor.u8()?)),
        14 => Ok(269 + u32::from(cursor.u16()?)),
        15 => Err(cursor.malformed("no option's length")),
        _ => Ok(nibble.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{Turn, converse, hex, look, sight};

    /// `/.well-known/core`, and a token.
    const ASKS: &str = "43 01 05ca 721633 bb 2e77656c6c2d6b6e6f776e 04 636f7265";
    const ANSWERS: &str = "63 45 05ca 721633 c1 28 ff 3c2f3e";

    #[test]
    fn its_port_or_an_answer_tells_it() {
        let [asks, answers, later, other] =
            [ASKS, ANSWERS, "53 45 1234 721633 ff 31", "63 45 05ca 721634 ff 31"].map(hex);
        let is = |confidence| Look::Is(Found::served_by(confidence, Side::Resp));
        let udp = |from_orig, port, wire| sight(Over::Udp, from_orig, port, wire);
        let after = |port, wire| look(&PROTOCOL, &Sight { other: &asks, ..udp(false, port, wire) }).0;
        assert_eq!(look(&PROTOCOL, &udp(true, PORT, &asks)).0, is(88));
        assert_eq!(look(&PROTOCOL, &udp(false, PORT, &answers)).0, Look::More, "unasked");
        assert_eq!(look(&PROTOCOL, &udp(true, 40_000, &asks)).0, Look::More);
        assert_eq!(look(&PROTOCOL, &udp(false, 40_000, &answers)).0, Look::More, "not heard asking");
        let foreign = Sight { other: b"hello", ..udp(false, 40_000, &answers) };
        assert_eq!(look(&PROTOCOL, &foreign).0, Look::No, "foreign bytes before it");
        assert_eq!(after(40_000, &answers), is(90));
        assert_eq!(after(40_000, &later), is(90), "an answer of its own number");
        assert_eq!(after(40_000, &other), Look::No, "another's token");
    }

    /// A block of a large upload, by `Request-Tag` (RFC 9175 §3).
    #[test]
    fn an_upload_in_blocks_is_its() {
        let block = hex("41 03 c317 01 b1 61 d1030c d2141388 d4db7028dee0 ff 7878");
        let taken = hex("61 5f c317 01 d10e0c");
        assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, 40_000, &block)).0, Look::More);
        let answer = Sight { other: &block, ..sight(Over::Udp, false, 40_000, &taken) };
        assert_eq!(look(&PROTOCOL, &answer).0, Look::Is(Found::served_by(90, Side::Resp)));
    }

    #[test]
    fn over_tcp_both_begin_with_their_settings() {
        let [own, other, get] =
            ["50 e1 23800100 20", "40 e1 22 0480 20", "81 01 01 723d434474696d65"].map(hex);
        let is = |confidence, server| Some(Look::Is(Found { confidence, server }));
        // (what, port, turns, answer)
        let cases: [(&str, u16, &[Turn<'_>], Option<Look>); 6] = [
            ("both", 40_000, &[(true, &own), (false, &other)], is(93, None)),
            ("both, at once", 40_000, &[(true, &own), (true, &get), (false, &own)], is(93, None)),
            ("one", 40_000, &[(true, &own)], Some(Look::More)),
            ("one on the port", PORT, &[(true, &own)], is(85, Some(Side::Resp))),
            ("no settings", PORT, &[(true, &get)], Some(Look::No)),
            ("another setting", PORT, &[(true, &hex("20 e1 30 20"))], Some(Look::No)),
        ];
        for (what, port, turns, expected) in cases {
            for step in [1, 3, 1000] {
                assert_eq!(converse(&PROTOCOL, port, turns, step).0, expected, "{what}, by {step}");
            }
        }
        for (wire, why) in [
            ("51 e1 23800100 20", "a token"),
            ("50 e2 23800100 20", "a ping"),
            ("50 e1 21800100 20", "a size that ends early"),
            ("50 e1 25800100 20", "a size of five bytes"),
            ("30 e1 23800100", "a size beyond the settings"),
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, PORT, &hex(wire))).0, Look::No, "{why}");
        }
    }

    #[test]
    fn contradicting_messages_are_not_its() {
        for (wire, why) in [
            ("03 01 05ca 721633 bb 2e77656c6c2d6b6e6f776e", "no version"),
            ("49 01 05ca 7216337216721633 bb 2e77656c6c2d6b6e6f776e", "a token of nine bytes"),
            ("43 09 05ca 721633 bb 2e77656c6c2d6b6e6f776e", "no method"),
            ("63 01 05ca 721633 bb 2e77656c6c2d6b6e6f776e", "a request that acknowledges"),
            ("43 01 05ca 721633 bb 2e77656c6c", "an option that ends early"),
            ("43 01 05ca 721633 b2 fffe", "a path that is no text"),
            ("43 01 05ca 721633 b2 6101", "a path with a control character"),
            ("43 01 05ca 721633 53 000000 61 61", "an option that is longer than it may be"),
            ("43 01 05ca 721633", "a request for nothing"),
            ("43 01 05ca 721633 b1 61 ff", "a payload of nothing"),
            ("43 01 05ca 721633 a1 61", "no option"),
            ("40 00 05ca", "empty"),
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Udp, true, PORT, &hex(wire))).0, Look::No, "{why}");
        }
    }
}
