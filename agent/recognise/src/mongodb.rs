//! MongoDB (MongoDB Wire Protocol): the message whose lengths all fit.
//!
//! ```text
//! length of the whole 4 │ number 4 │ answers 4 │ code 4 │ …                                little-endian
//! 2004, of old: flags 4 │ "name.$cmd" 00 │ skip 4 │ count 4 │ document: length 4, …, 00
//! 2013: flags 4 │ kind 1: 0 │ document (│ checksum 4)
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

const PORT: u16 = 27_017;

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "mongodb",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[PORT],
    start: Start::ANYHOW,
    look,
};

const REPLY: u32 = 1;
const QUERY: u32 = 2004;
const MESSAGE: u32 = 2013;
const HEADER_BYTES: u32 = 16;
/// maxMessageSizeBytes.
const MOST_BYTES: u32 = 48_000_000;
/// A namespace's limit.
const NAME_BYTES: usize = 255;
/// A document's length and end.
const LEAST_DOCUMENT_BYTES: u32 = 5;
const CHECKSUM: u32 = 1;
/// The checksum, more to come; asked to send on.
const MESSAGE_FLAGS: u32 = 0x0001_0003;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data {
        // Lengths below 2^26; codes of two bytes.
        [_, _, _, 4..=255, ..] => Look::No,
        [_, _, _, _, _, _, _, _, _, _, _, _, code @ ..] if !may_be_code(code) => Look::No,
        _ => settle(sight, read(sight)),
    }
}

fn may_be_code(data: &[u8]) -> bool {
    [REPLY, QUERY, MESSAGE]
        .iter()
        .any(|code| code.to_le_bytes().iter().zip(data).all(|(own, byte)| own == byte))
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let length = cursor.u32_le()?;
    let (_number, answers, code) = (cursor.u32_le()?, cursor.u32_le()?, cursor.u32_le()?);
    if !(HEADER_BYTES..=MOST_BYTES).contains(&length) {
        return Err(cursor.malformed("no length of MongoDB"));
    }
    let flags = cursor.u32_le()?;
    let (sender, peer) = (sight.sender(), sight.sender().peer());
    let (head, server) = match code {
        QUERY => (query(&mut cursor)?, peer),
        REPLY if flags & !0x0f == 0 => {
            let _cursor: [u8; 8] = cursor.array()?;
            let [from, count] = [cursor.u32_le()?, cursor.u32_le()?];
            if (from, count) != (0, 1) {
                return Err(cursor.malformed("no reply to a command"));
            }
            (16, sender)
        }
        MESSAGE if flags & !MESSAGE_FLAGS == 0 && cursor.u8()? == 0 => {
            let tail = if flags & CHECKSUM == 0 { 0 } else { 4 };
            (1 + tail, if answers == 0 { peer } else { sender })
        }
        _ => return Err(cursor.malformed("no code of MongoDB")),
    };
    let document = cursor.u32_le()?;
    // More sections may follow a message's document; nothing lies behind a query's or a reply's.
    let all = u64::from(HEADER_BYTES + 4) + u64::from(head) + u64::from(document);
    let fits = if code == MESSAGE { all <= length.into() } else { all == length.into() };
    if document < LEAST_DOCUMENT_BYTES || !fits || !is_element(cursor.u8()?) {
        return Err(cursor.malformed("no document of MongoDB"));
    }
    Ok(Found::served_by(95, server))
}

/// Reads to the document, and gives the bytes between.
fn query(cursor: &mut Cursor<'_>) -> Result<u32, DecodeError> {
    let rest = cursor.rest();
    let Some(len) = rest.iter().take(NAME_BYTES).position(|byte| *byte == 0) else {
        cursor.take(NAME_BYTES)?;
        return Err(cursor.malformed("no name"));
    };
    let name = cursor.take(len + 1)?;
    let [_skip, _count] = [cursor.u32_le()?, cursor.u32_le()?];
    if !name.ends_with(b".$cmd\0") {
        return Err(cursor.malformed("no command"));
    }
    Ok(len as u32 + 1 + 8)
}

/// The types of a document's first element (BSON 1.1), and its end.
const fn is_element(kind: u8) -> bool {
    matches!(kind, 0..=0x13)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, hex, look, sight};

    const QUERIES: &str =
        "3a000000 4c040000 00000000 d4070000 00000000 61646d696e2e24636d6400 00000000 01000000
        13000000 10 69734d617374657200 01000000 00";
    const ASKS: &str =
        "28000000 01000000 00000000 dd070000 00000000 00 13000000 10 69734d617374657200 01000000 00";
    const ANSWERS: &str =
        "28000000 07000000 01000000 dd070000 00000000 00 13000000 10 69734d617374657200 01000000 00";
    const REPLIES: &str = "35000000 07000000 01000000 01000000 08000000 0000000000000000 00000000 01000000
        11000000 01 6f6b00 000000000000f03f 00";

    #[test]
    fn queries_messages_and_their_answers_tell_who_serves() {
        for (wire, from_orig, bytes) in
            [(QUERIES, true, 44), (ASKS, true, 26), (ANSWERS, false, 26), (REPLIES, false, 41)]
        {
            let wire = hex(wire);
            let sent = sight(Over::Tcp, from_orig, 40_000, &wire);
            assert_eq!(look(&PROTOCOL, &sent).0, Look::Is(Found::served_by(95, Side::Resp)), "{wire:02x?}");
            assert_eq!(believed_from(&PROTOCOL, &sent), Some(bytes));
        }
    }

    #[test]
    fn lengths_and_codes_that_do_not_fit_are_not_its() {
        for (at, octet) in [(0, 0x3b), (3, 4), (12, 0xd5), (13, 8), (28, b'e'), (39, 0x14), (43, 0x14)] {
            let mut wire = hex(QUERIES);
            wire[at] = octet;
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, PORT, &wire)).0, Look::No, "octet {at}");
        }
        for (at, octet) in [(0, 0x20), (17, 1), (20, 2), (21, 4), (25, 0x40)] {
            let mut wire = hex(ASKS);
            wire[at] = octet;
            assert_eq!(look(&PROTOCOL, &sight(Over::Tcp, true, PORT, &wire)).0, Look::No, "octet {at}");
        }
    }
}
