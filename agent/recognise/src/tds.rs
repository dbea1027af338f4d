//! Microsoft SQL Server (MS-TDS §2.2.3.1, §2.2.6.5): the client's PRELOGIN.
//!
//! ```text
//! 12 │ status 1 │ length 2 │ SPID 2 │ packet 1 │ window 1 │ options: token 1, offset 2, length 2 … │ FF
//! ```
//!
//! An application keeps its conns open for days, so many are picked up in the middle. There a question is told by
//! the headers before it (§2.2.5.3), or by the name or text in UCS-2 that it opens with; an answer by its first
//! token and by the DONE that ends it (§2.2.7.6).

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "mssql",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[1433],
    start: Start::with(&[PRELOGIN, BATCH, RPC, RESPONSE, TRANSACTION]),
    look,
};

const BATCH: u8 = 0x01;
const RPC: u8 = 0x03;
const RESPONSE: u8 = 0x04;
const TRANSACTION: u8 = 0x0e;
const PRELOGIN: u8 = 0x12;
const END_OF_MESSAGE: u8 = 0x01;
/// Options there are: VERSION to NONCEOPT, and room.
const MOST_OPTIONS: u16 = 16;
const OPTION_BYTES: u16 = 5;

/// What goes before a request: all headers' length, the first's, which is the transaction's, and its type.
const HEADERS_BYTES: std::ops::RangeInclusive<u32> = 22..=1024;
const TRANSACTION_HEADER: (u32, [u8; 2]) = (18, [2, 0]);
/// Requests that one conn has open at once.
const MOST_REQUESTS: u32 = 1 << 15;
/// Letters of a statement that tell it, and of a procedure's name at least and at most.
const STATEMENT_LETTERS: usize = 8;
const NAME_LETTERS: std::ops::RangeInclusive<u16> = 4..=128;
/// Procedures that have a number instead (§2.2.6.6).
const NUMBERED: u16 = 0xffff;
const PROCEDURES: std::ops::RangeInclusive<u16> = 1..=15;
/// Flags of a call.
const MOST_FLAGS: u16 = 7;
/// How a DONE begins, and what its status may say of an answer's last: all but that more follow.
const DONE: [u8; 3] = [0xfd, 0xfe, 0xff];
const DONE_STATUS: u16 = 0x0136;
/// Its length until TDS 7.1 and since, by the width of what it counts.
const DONE_BYTES: [usize; 2] = [9, 13];

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data {
        [PRELOGIN] | [PRELOGIN, END_OF_MESSAGE, ..] => settle(sight, read(sight)),
        [BATCH | RPC | TRANSACTION, ..] if !sight.from_start => question(sight.data)
            .map_or(Look::No, |sure| Look::Is(Found::served_by(sure, sight.sender().peer()))),
        [RESPONSE, END_OF_MESSAGE, ..] if !sight.from_start && is_answer(sight.data) => {
            Look::Is(Found::served_by(85, sight.sender()))
        }
        _ => Look::No,
    }
}

/// Tells how sure it is that a segment begins with a question, in percent.
fn question(segment: &[u8]) -> Option<u8> {
    let mut cursor = Cursor::new(Layer::Application, segment);
    let kind = cursor.u8().ok()?;
    let _status = cursor.u8().ok()?;
    let length = usize::from(cursor.u16().ok()?);
    let [_, _, packet, window] = cursor.array().ok()?;
    if window != 0 || packet != 1 {
        return None;
    }
    let body = cursor.rest();
    if has_headers(body) {
        return Some(95);
    }
    // Before TDS 7.2 nothing goes before it: it is believed by its length as well.
    let opens = match kind {
        BATCH => is_text(body, STATEMENT_LETTERS),
        RPC => is_call(body),
        _ => false,
    };
    (opens && length == segment.len()).then_some(85)
}

/// Tells whether a request goes on with its headers: how long they are, and the transaction it is part of.
fn has_headers(body: &[u8]) -> bool {
    let mut cursor = Cursor::new(Layer::Application, body);
    let (Ok(all), Ok(first)) = (cursor.u32_le(), cursor.u32_le()) else { return false };
    let (Ok(kind), Ok([_, _, _, _, _, _, _, _])) = (cursor.array(), cursor.array()) else { return false };
    let requests = cursor.u32_le().unwrap_or_default();
    HEADERS_BYTES.contains(&all)
        && (first, kind) == TRANSACTION_HEADER
        && (1..MOST_REQUESTS).contains(&requests)
}

/// Tells whether so many letters of UCS-2 stand here, of those that statements and names begin with.
fn is_text(body: &[u8], letters: usize) -> bool {
    let is_letter = |pair: &[u8]| matches!(pair, [b' '..=b'~' | b'\t' | b'\r' | b'\n', 0]);
    body.chunks_exact(2).take(letters).filter(|pair| is_letter(pair)).count() == letters
}

/// Tells whether a procedure is called: by its name, or its number and flags.
fn is_call(body: &[u8]) -> bool {
    let mut cursor = Cursor::new(Layer::Application, body);
    match cursor.u16_le() {
        Ok(NUMBERED) => {
            cursor.u16_le().is_ok_and(|number| PROCEDURES.contains(&number))
                && cursor.u16_le().is_ok_and(|flags| flags <= MOST_FLAGS)
        }
        Ok(letters) if NAME_LETTERS.contains(&letters) => is_text(cursor.rest(), letters.into()),
        _ => false,
    }
}

/// Tells whether a segment is a whole answer.
fn is_answer(segment: &[u8]) -> bool {
    let [_, _, high, low, _, _, packet, 0, token, ..] = segment else { return false };
    let whole = usize::from(u16::from_be_bytes([*high, *low])) == segment.len() && *packet != 0;
    // Columns, rows, errors, what a procedure returns, changes of the environment, the end (§2.2.7).
    let opens = matches!(token, 0x79 | 0x81 | 0xa4 | 0xa5 | 0xa9..=0xae | 0xd1..=0xd3 | 0xe3 | 0xe4 | 0xed | 0xee)
        || DONE.contains(token);
    whole
        && opens
        && DONE_BYTES
            .iter()
            .any(|bytes| segment.len().checked_sub(*bytes).is_some_and(|at| is_end(segment, at)))
}

/// Tells whether an answer's last DONE stands there.
fn is_end(segment: &[u8], at: usize) -> bool {
    let Some([token, low, high, ..]) = segment.get(at..) else { return false };
    DONE.contains(token) && u16::from_le_bytes([*low, *high]) & !DONE_STATUS == 0
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let [_type, _status, high, low] = cursor.array()?;
    let length = u16::from_be_bytes([high, low]);
    let [_, _, _packet, window] = cursor.array()?;
    let token = cursor.u8()?;
    let offset = cursor.u16()?;
    // VERSION comes first, and its value right after the list.
    let list = offset.wrapping_sub(1);
    let is_list = list.is_multiple_of(OPTION_BYTES) && (1..=MOST_OPTIONS).contains(&(list / OPTION_BYTES));
    if window != 0 || token != 0 || !is_list || cursor.u16()? != 6 || length < offset + 8 {
        return Err(cursor.malformed("no prelogin of TDS"));
    }
    Ok(Found::served_by(95, sight.sender().peer()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, hex, look, sight};

    #[test]
    fn a_prelogin_is_recognised() {
        let wire =
            "1201 002f 0000 01 00 00 001a 0006 01 0020 0001 02 0021 0001 03 0022 0004 04 0026 0001 ff 11 00";
        let bytes = hex(wire);
        let sent = sight(Over::Tcp, true, 14_330, &bytes);
        assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(95, Side::Resp)));
        assert_eq!(believed_from(&PROTOCOL, &sent), Some(13));
        for other in [
            "1201 002f 0000 01 00 01 001a 0006",
            "1201 002f 0000 01 00 00 001b 0006",
            "1204 002f",
            "1201 0010 0000 01 00 00 001a 0006",
        ] {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 1433, &hex(other))).0, Look::No, "{other}");
        }
    }

    /// Looks at a segment of a conn whose beginning was not seen.
    fn passing(from_orig: bool, wire: &[u8]) -> Look {
        look(&PROTOCOL, &Sight { from_start: false, ..sight(Over::Tcp, from_orig, 1433, wire) }).0
    }

    #[test]
    fn what_passes_on_a_conn_picked_up_in_the_middle_is_told() {
        const COMMIT: &str = "0101 001c 0000 01 00 43004f004d004d00490054002000540052004100";
        const HEADERS: &str = "16000000 12000000 0200 0000000000000000 01000000";
        const COUNTED: &str = "04 01 0011 013a 01 00 fd 0000 d500 00000000";
        // (what, wire, from the client, how sure)
        let cases = [
            ("a statement", format!("0101 0028 0000 01 00 {HEADERS} 5300450054002000"), true, Some(95)),
            (
                "a call that does not end here",
                format!("0300 1000 0000 01 00 {HEADERS} ffff 0d00"),
                true,
                Some(95),
            ),
            ("a statement of an old client", COMMIT.to_owned(), true, Some(85)),
            (
                "a call of an old client",
                "0309 0014 0000 01 00 0400 7300700031003200 0000".to_owned(),
                true,
                Some(85),
            ),
            ("one by number", "0301 0010 0000 01 00 ffff 0a00 0000 0000".to_owned(), true, Some(85)),
            ("an answer", COUNTED.to_owned(), false, Some(85)),
            (
                "one with rows counted in eight octets",
                "0401 0019 0035 01 00 79 00000000 fe 1000 e000 0100000000000000".to_owned(),
                false,
                None,
            ),
            (
                "the same, of the length told",
                "0401 001a 0035 01 00 79 00000000 fe 1000 e000 0100000000000000".to_owned(),
                false,
                Some(85),
            ),
            ("more answers follow", COUNTED.replace("fd 0000", "fd 0100"), false, None),
            ("no token", COUNTED.replace("00 fd", "00 11 fd").replace("0011 013a", "0012 013a"), false, None),
            ("another length", COMMIT.replace("001c", "001d"), true, None),
            ("no letters", COMMIT.replace("4300", "4343"), true, None),
            ("a window", COMMIT.replace("01 00 43", "01 01 43"), true, None),
            ("no such procedure", "0301 0010 0000 01 00 ffff 4a00 0000 0000".to_owned(), true, None),
            (
                "a header of another kind",
                format!("0101 0028 0000 01 00 {} 53004500", HEADERS.replace("0200", "0900")),
                true,
                None,
            ),
        ];
        for (what, wire, from_orig, sure) in cases {
            let bytes = hex(&wire);
            let found = sure.map_or(Look::No, |sure| Look::Is(Found::served_by(sure, Side::Resp)));
            assert_eq!(passing(from_orig, &bytes), found, "{what}");
            let from_start = sight(Over::Tcp, from_orig, 1433, &bytes);
            assert_eq!(look(&PROTOCOL, &from_start).0, Look::No, "{what}, at a conn's beginning");
            for len in 0..bytes.len() {
                passing(from_orig, &bytes[..len]);
            }
        }
    }
}
