//! Siemens' S7 communication, of controllers in plant and building: within COTP (ISO 8073 §13) in TPKT
//! (RFC 1006 §6), which RDP, MMS and others use too.
//!
//! ```text
//! 03 00 │ length 2 │ 02 F0 80 │ 32 │ kind 1 │ 0000 │ number 2 │ parameters 2 │ data 2 │ (error 2) │ …
//! 03 00 │ length 2 │ 02 F0 80 │ 72 │ version 1 │ length 2 │ … │ 72 │ version │ 0000      (S7-1200, 1500)
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const PORT: u16 = 102;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "s7comm",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[PORT],
    start: Start::with(&[TPKT_VERSION]),
    look,
};

const TPKT_VERSION: u8 = 3;
const TPKT_BYTES: u16 = 4;
/// TPKT and the shortest TPDU, of data.
const LEAST_BYTES: u16 = 7;

const CONNECTION_REQUEST: u8 = 0xe0;
const CONNECTION_CONFIRM: u8 = 0xd0;
const DATA: u8 = 0xf0;
const END_OF_MESSAGE: u8 = 0x80;

const S7: u8 = 0x32;
const JOB: u8 = 1;
const ACKNOWLEDGED: u8 = 2;
const ANSWER: u8 = 3;
const USER_DATA: u8 = 7;

const S7_PLUS: u8 = 0x72;
/// Asked, answered, notified.
const FIRST_OPERATION: u8 = 0x31;
const LAST_OPERATION: u8 = 0x33;
/// The checksum that stands before version 3's operation has so many bytes.
const CHECKSUM_BYTES: u8 = 32;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data {
        [TPKT_VERSION] | [TPKT_VERSION, 0, ..] => settle(sight, read(sight)),
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let mut server = None;
    loop {
        let version = cursor.u16()?.to_be_bytes();
        let length = cursor.u16()?;
        if version != [TPKT_VERSION, 0] || length < LEAST_BYTES {
            return Err(cursor.malformed("no TPKT"));
        }
        match cursor.take(usize::from(length - TPKT_BYTES))? {
            [indicator, CONNECTION_REQUEST, rest @ ..] if usize::from(*indicator) == rest.len() + 1 => {
                server = Some(sight.sender().peer());
            }
            [indicator, CONNECTION_CONFIRM, rest @ ..] if usize::from(*indicator) == rest.len() + 1 => {
                server = Some(sight.sender());
            }
            // Some acknowledge with a piece of nothing.
            [2, DATA, 0] => {}
            [2, DATA, END_OF_MESSAGE, S7, message @ ..] => {
                let Some(found) = classic(sight, message) else { return Err(cursor.malformed("no S7")) };
                return Ok(Found { server: server.or(found.server), ..found });
            }
            [2, DATA, END_OF_MESSAGE, S7_PLUS, message @ ..] if is_plus(message) => {
                return Ok(Found { confidence: 95, server: server.or_else(|| sight.side_on(&[PORT])) });
            }
            _ => return Err(cursor.malformed("no S7 within COTP")),
        }
    }
}

/// Believes a message whose lengths fit.
fn classic(sight: &Sight<'_>, message: &[u8]) -> Option<Found> {
    let [kind, 0, 0, _, _, lengths @ ..] = message else { return None };
    let ([a, b, c, d], rest) = lengths.split_first_chunk()?;
    let announced = usize::from(u16::from_be_bytes([*a, *b])) + usize::from(u16::from_be_bytes([*c, *d]));
    let (error, server) = match *kind {
        JOB => (0, Some(sight.sender().peer())),
        ACKNOWLEDGED | ANSWER => (2, Some(sight.sender())),
        USER_DATA => (0, sight.side_on(&[PORT])),
        _ => return None,
    };
    (rest.len() == error + announced).then_some(Found { confidence: 97, server })
}

/// Tells whether a message of S7-1200 and S7-1500 fits its length, with its trailer or as a piece without.
fn is_plus(message: &[u8]) -> bool {
    let [version @ 1..=3, high, low, rest @ ..] = message else { return false };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let fits = match rest.split_at_checked(length) {
        Some((_, [])) => true,
        Some((_, trailer)) => trailer == [S7_PLUS, *version, 0, 0],
        None => false,
    };
    let first = rest.first().copied().unwrap_or_default();
    fits && if *version == 3 {
        first == CHECKSUM_BYTES
    } else {
        (FIRST_OPERATION..=LAST_OPERATION).contains(&first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{Turn, converse, hex, look, sight};

    const REQUEST: &str = "0300 0016 11e0 0000 0007 00 c1020100 c2020102 c0010a";
    const CONFIRM: &str = "0300 0016 11d0 0007 0003 00 c0010a c1020100 c2020102";
    const SETUP: &str = "0300 0019 02f080 32 01 0000 0200 0008 0000 f000 0001 0001 01e0";
    const READY: &str = "0300 001b 02f080 32 03 0000 0200 0008 0000 0000 f000 0001 0001 00f0";
    const NOTHING: &str = "0300 0007 02f000";
    const LIST: &str = "0300 0021 02f080 32 07 0000 0300 0008 0008 0001120411440100 ff09000401320004";
    /// S7-1200: CreateObject, shortened to its first fields.
    const CREATE: &str = "0300 001d 02f080 72 01 000e 31 0000 04ca 0000 0001 00000120 36 72 01 0000";

    #[test]
    fn a_message_tells_it_and_whoever_connects_is_served() {
        let [request, confirm, setup, ready, nothing, list, create] =
            [REQUEST, CONFIRM, SETUP, READY, NOTHING, LIST, CREATE].map(hex);
        let is = |confidence| Some(Look::Is(Found::served_by(confidence, Side::Resp)));
        // (what, turns, answer)
        let cases: [(&str, &[Turn<'_>], Option<Look>); 7] = [
            ("connections alone", &[(true, &request), (false, &confirm)], Some(Look::More)),
            ("a job", &[(true, &request), (false, &confirm), (true, &setup)], is(97)),
            ("its answer", &[(false, &confirm), (false, &ready)], is(97)),
            ("picked up at a job", &[(true, &setup)], is(97)),
            ("picked up at an answer", &[(false, &ready)], is(97)),
            ("after a piece of nothing", &[(true, &request), (true, &nothing), (true, &list)], is(97)),
            ("of a newer controller", &[(true, &request), (true, &create)], is(95)),
        ];
        for (what, turns, expected) in cases {
            for step in [1, 7, 1000] {
                assert_eq!(converse(&PROTOCOL, 10_200, turns, step).0, expected, "{what}, by {step}");
            }
        }
        let list = look(&PROTOCOL, &sight(Over::Tcp, true, PORT, &list)).0;
        assert_eq!(list, Look::Is(Found::served_by(97, Side::Resp)));
    }

    #[test]
    fn what_else_goes_over_cotp_is_not_s7() {
        for (wire, why) in [
            ("0300 0013 0ee0 0000 0000 00 0100080003000000", "RDP's request, but in it"),
            ("0300 0019 02f080 0d 1e 05 06 13 01 00 16 01 02 1402 0002 3302 0001", "MMS' session"),
            ("0300 000d 02f080 7f65 82 019c 04", "MCS"),
            ("0300 001a 02f080 32 01 0000 0200 0008 0000 f000 0001 0001 01e0 00", "lengths that do not fit"),
            ("0300 0019 02f080 32 04 0000 0200 0008 0000 f000 0001 0001 01e0", "no kind of S7"),
            ("0300 001d 02f080 72 04 000e 31 0000 04ca 0000 0001 00000120 36 72 04 0000", "no version"),
            ("0300 001d 02f080 72 01 000e 34 0000 04ca 0000 0001 00000120 36 72 01 0000", "no operation"),
            ("0300 0010 0802 0001 05 04 0388 93a5 6c06", "H.225"),
            ("0300 0003", "no TPKT"),
        ] {
            let found = look(&PROTOCOL, &sight(Over::Tcp, true, PORT, &hex(wire))).0;
            let expected = if wire.contains("0ee0") { Look::More } else { Look::No };
            assert_eq!(found, expected, "{why}");
        }
    }
}
