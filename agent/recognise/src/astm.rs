//! ASTM E1381 (CLSI LIS01-A2) with E1394 records: laboratory analyzers to their host.
//!
//! The sender bids with `ENQ`, then sends frames `STX 1 H|\^& …`. Told by the first frame's header
//! record, up to its delimiters and no further.

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const STX: u8 = 0x02;
const ENQ: u8 = 0x05;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "astm",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[],
    start: Start::with(&[STX, ENQ, 0x06, 0x15]),
    look,
};

/// How often a sender bids before the host listens (E1381 §6.2: again after ten seconds).
const MOST_BIDS: usize = 8;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data.first() {
        // ACK or NAK to a bid: the bidder's next bytes will tell.
        Some(0x06 | 0x15) if sight.data.len() == 1 && sight.other.first() == Some(&ENQ) => Look::More,
        Some(&(STX | ENQ)) => settle(sight, read(sight.data)),
        _ => Look::No,
    }
}

fn read(bytes: &[u8]) -> Result<Found, DecodeError> {
    let bids = bytes.iter().take_while(|byte| **byte == ENQ).count();
    let mut cursor = Cursor::new(Layer::Application, bytes);
    cursor.take(bids)?;
    if bids > MOST_BIDS || cursor.u8()? != STX {
        return Err(cursor.malformed("neither a bid nor a frame"));
    }
    // Frame number, record type, field delimiter; a byte at a time, so that others are refused early.
    if !(b'0'..=b'7').contains(&cursor.u8()?) || cursor.u8()? != b'H' {
        return Err(cursor.malformed("no header record in the first frame"));
    }
    let [field, repeat, component, escape, next] = cursor.array()?;
    let delimiters = [field, repeat, component, escape];
    let are_distinct =
        (1..4).all(|at| !delimiters.iter().take(at).any(|one| delimiters.get(at) == Some(one)));
    if next != field || !are_distinct || !delimiters.iter().all(u8::is_ascii_punctuation) {
        return Err(cursor.malformed("no delimiters in the header record"));
    }
    Ok(Found::new(95))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::{converse, look, sight};

    const FRAME: &[u8] = b"\x021H|\\^&|||XA-100^1|||||host||P|1\r\x03";

    #[test]
    fn a_bid_and_a_header_record_are_astm() {
        let turns: [(bool, &[u8]); 3] = [(true, b"\x05"), (false, b"\x06"), (true, FRAME)];
        for step in [1, 3, 64] {
            let (found, recorder) = converse(&PROTOCOL, 4000, &turns, step);
            assert_eq!(found, Some(Look::Is(Found::new(95))), "{step} bytes a segment");
            assert!(recorder.notes.is_empty());
        }
    }

    #[test]
    fn a_short_frame_waits() {
        for len in 1..8 {
            let (found, _) = look(&PROTOCOL, &sight(Over::Tcp, true, 4000, &FRAME[..len]));
            assert_eq!(found, Look::More, "{len} bytes");
        }
    }

    #[test]
    fn others_that_begin_alike_are_not_astm() {
        // (why, bytes)
        let cases: [(&str, &[u8]); 6] = [
            ("SOCKS 5 greeting", b"\x05\x01\x00"),
            ("bids without end", b"\x05\x05\x05\x05\x05\x05\x05\x05\x05"),
            ("a patient record first", b"\x021P|\\^&|"),
            ("no delimiters", b"\x021Hello wo"),
            ("one delimiter four times", b"\x021H||||||"),
            ("an ACK to nothing", b"\x06"),
        ];
        for (why, bytes) in cases {
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, 4000, bytes)).0, Look::No, "{why}");
        }
    }
}
