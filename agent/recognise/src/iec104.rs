//! IEC 60870-5-104, by which power and building plants are watched and switched from a control room (§5).
//!
//! ```text
//! 68 │ length of the rest 1 │ control 4 │ I format: type 1 │ how many 1 │ cause 2 │ station 2 │ objects
//! ```
//!
//! The controlled station listens. Who speaks is told by what is activated, confirmed or reported.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const PORT: u16 = 2404;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "iec104",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[PORT],
    start: Start::with(&[START]),
    look,
};

const START: u8 = 0x68;
/// The control field alone, and the most that an APDU has after its length (§5.1).
const CONTROL_BYTES: u8 = 4;
const MOST_BYTES: u8 = 253;
/// What an I format has besides objects: control, type, count, cause, station.
const HEAD_BYTES: usize = 10;
/// Frames that are read: who acknowledges is sent something, and tests in between.
const MOST_FRAMES: usize = 32;
/// An object's address.
const ADDRESS_BYTES: usize = 3;
/// Objects that follow one address (60870-5-101 §7.2.2.1).
const SEQUENCE: u8 = 0x80;

/// What a frame tells of its sender.
enum Sender {
    Controlling,
    Controlled,
    Either,
    /// An acknowledgement, of two fixed octets more than nothing.
    Hardly,
}

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data {
        [START] | [START, CONTROL_BYTES..=MOST_BYTES, ..] => settle(sight, read(sight)),
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    for _ in 0..MOST_FRAMES {
        let sender = frame(&mut cursor)?;
        if cursor.rest().first().is_some_and(|next| *next != START) {
            return Err(cursor.malformed("no frame behind a frame"));
        }
        let (confidence, server) = match sender {
            Sender::Controlling => (95, Some(sight.sender().peer())),
            Sender::Controlled => (95, Some(sight.sender())),
            Sender::Either => (92, sight.side_on(&[PORT])),
            Sender::Hardly if sight.on_port(&[PORT]) => (85, sight.side_on(&[PORT])),
            Sender::Hardly => continue,
        };
        return Ok(Found { confidence, server });
    }
    Err(cursor.malformed("nothing but acknowledgements"))
}

fn frame(cursor: &mut Cursor<'_>) -> Result<Sender, DecodeError> {
    let [start, length, first, second, third, fourth] = cursor.array()?;
    if start != START {
        return Err(cursor.malformed("no start of an APDU"));
    }
    match [first, second, third, fourth] {
        // STARTDT, STOPDT and TESTFR, each activated and confirmed.
        [0x07 | 0x13, 0, 0, 0] if length == CONTROL_BYTES => Ok(Sender::Controlling),
        [0x0b | 0x23, 0, 0, 0] if length == CONTROL_BYTES => Ok(Sender::Controlled),
        [0x43 | 0x83, 0, 0, 0] if length == CONTROL_BYTES => Ok(Sender::Either),
        [1, 0, received, _] if length == CONTROL_BYTES && received & 1 == 0 => Ok(Sender::Hardly),
        [sent, _, received, _] if sent & 1 == 0 && received & 1 == 0 => {
            let [kind, count, cause, _originator, _, _] = cursor.array()?;
            let (each, number) = (element_bytes(kind), usize::from(count & !SEQUENCE));
            let objects = match each {
                Some(each) if count & SEQUENCE == 0 => number * (ADDRESS_BYTES + each),
                Some(each) => ADDRESS_BYTES + number * each,
                None => 0,
            };
            if number == 0 || objects == 0 || usize::from(length) != HEAD_BYTES + objects {
                return Err(cursor.malformed("no objects of the length told"));
            }
            cursor.take(objects)?;
            sender(kind, cause & 0x3f).ok_or_else(|| cursor.malformed("no cause of transmission"))
        }
        _ => Err(cursor.malformed("no control field")),
    }
}

/// Who sends for such a cause (60870-5-101 §7.2.3).
const fn sender(kind: u8, cause: u8) -> Option<Sender> {
    const READ: u8 = 102;
    match cause {
        5 if kind == READ => Some(Sender::Controlling),
        // Activated, deactivated; confirmed, ended, refused; reported on its own or as asked.
        6 | 8 => Some(Sender::Controlling),
        1..=5 | 7 | 9..=12 | 20..=41 | 44..=47 => Some(Sender::Controlled),
        _ => None,
    }
}

/// The bytes of one element of a type; files are of any length (60870-5-101 §7.3, 60870-5-104 §8).
const fn element_bytes(kind: u8) -> Option<usize> {
    Some(match kind {
        102 => 0,
        1 | 3 | 45..=47 | 70 | 100 | 101 | 105 | 113 => 1,
        5 | 21 | 104 | 106 => 2,
        9 | 11 | 48 | 49 | 110 | 111 => 3,
        51 => 4,
        7 | 13 | 15 | 20 | 50 | 112 => 5,
        103 => 7,
        30 | 31 | 58..=60 => 8,
        32 | 107 => 9,
        34 | 35 | 38 | 61 | 62 => 10,
        39 | 40 | 64 => 11,
        33 | 36 | 37 | 63 => 12,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{Turn, believed_from, converse, hex, look, sight};

    /// A measured value with its time, sent by itself.
    const MEASURED: &str = "6819 2c7e 42b9 24 01 0300 1429 cbb202 cdcc2c3e 00 94dc028a230a0b";
    /// An interrogation.
    const ASKED: &str = "680e 0000 0000 64 01 0600 0100 000000 14";

    #[test]
    fn each_format_tells_what_it_can_of_who_serves() {
        let (peer, own) = (Some(Side::Resp), Some(Side::Orig));
        // (what, port, wire, confidence, server)
        let cases = [
            ("STARTDT act", 40_000, "6804 07000000", 95, peer),
            ("STARTDT con", 40_000, "6804 0b000000", 95, own),
            ("TESTFR act", 40_000, "6804 43000000", 92, None),
            ("TESTFR act on its port", PORT, "6804 43000000", 92, peer),
            ("an acknowledgement on its port", PORT, "6804 0100 42b9", 85, peer),
            ("a value", 40_000, MEASURED, 95, own),
            ("an interrogation", 40_000, ASKED, 95, peer),
            (
                "several points behind one address",
                40_000,
                "6810 0000 0000 01 83 1400 0100 010000 000100",
                95,
                own,
            ),
        ];
        for (what, port, wire, confidence, server) in cases {
            let found = look(&PROTOCOL, &sight(Over::Tcp, true, port, &hex(wire))).0;
            assert_eq!(found, Look::Is(Found { confidence, server }), "{what}");
        }
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Tcp, true, 40_000, &hex(MEASURED))), Some(27));
    }

    #[test]
    fn an_acknowledgement_elsewhere_needs_another_frame() {
        let acknowledged = hex("6804 0100 42b9");
        let both = [&acknowledged[..], &hex(MEASURED)].concat();
        let many = acknowledged.repeat(MOST_FRAMES);
        let is = Some(Look::Is(Found::served_by(95, Side::Resp)));
        // (what, turns, answer)
        let cases: [(&str, &[Turn<'_>], Option<Look>); 4] = [
            ("alone", &[(false, &acknowledged)], Some(Look::More)),
            ("before a value", &[(false, &both)], is),
            ("again and again", &[(false, &many)], Some(Look::No)),
            ("before foreign bytes", &[(false, &acknowledged), (false, b"GET / H")], Some(Look::No)),
        ];
        for (what, turns, expected) in cases {
            assert_eq!(converse(&PROTOCOL, 40_000, turns, 5).0, expected, "{what}");
        }
    }

    #[test]
    fn contradicting_frames_are_not_its() {
        for (wire, why) in [
            ("6804 07000100", "a U format with more"),
            ("6804 0f000000", "two functions at once"),
            ("6805 07000000", "a U format of another length"),
            ("6804 0100 43b9", "an odd number"),
            ("681a 2c7e 42b9 24 01 0300 1429", "a length that does not fit"),
            ("6819 2c7e 42b9 2b 01 0300 1429", "no type"),
            ("680e 0000 0000 64 01 0600 0100 000000 14 00", "no frame behind it"),
            ("6804 43000000 00", "no frame behind a test"),
            ("680e 0000 0000 64 01 3f00 0100 000000 14", "no cause"),
            ("680a 0000 0000 01 00 0300 0100", "no object"),
            ("68656c6c6f20776f726c64", "text"),
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, PORT, &hex(wire))).0, Look::No, "{why}");
        }
    }
}
