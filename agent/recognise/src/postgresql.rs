//! PostgreSQL: the first message of a client (its documentation, "Message Formats": StartupMessage,
//! SSLRequest, GSSENCRequest). User and database lie behind and are not read.
//!
//! ```text
//! length 4 │ version 3.0, or the code of a request │ …
//! ```

use sekisho_decode::{Cursor, DecodeError, Layer};

use crate::settle::settle;
use crate::{Found, Look, Over, Protocol, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "postgresql",
    tunnel: false,
    over: &[Over::Tcp],
    ports: &[5432],
    start: Start::with(&[0]),
    look,
};

const VERSION_3: u32 = 0x0003_0000;
/// Version 3.2, of 2025's release 18.
const VERSION_3_2: u32 = 0x0003_0002;
const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;
/// PostgreSQL refuses longer start-up packets.
const MOST_BYTES: u32 = 10_000;

fn look(sight: &Sight<'_>, _: &mut u32, _: &mut dyn Sink) -> Look {
    match sight.data {
        [1..=255, ..] | [_, 1..=255, ..] => Look::No,
        _ if sight.from_start => settle(sight, read(sight)),
        _ => Look::No,
    }
}

fn read(sight: &Sight<'_>) -> Result<Found, DecodeError> {
    let mut cursor = Cursor::new(Layer::Application, sight.data);
    let length = cursor.u32()?;
    if !(8..=MOST_BYTES).contains(&length) {
        return Err(cursor.malformed("no length of PostgreSQL"));
    }
    let sure = match (cursor.u32()?, length) {
        (SSL_REQUEST | GSS_REQUEST, 8) => 96,
        // The first parameter's name.
        (VERSION_3 | VERSION_3_2, 9..) if cursor.u8()?.is_ascii_lowercase() => 95,
        _ => return Err(cursor.malformed("no version of PostgreSQL")),
    };
    Ok(Found::served_by(sure, sight.sender().peer()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::recorder::{believed_from, hex, look, sight};

    #[test]
    fn a_start_or_a_request_for_encryption_is_recognised() {
        // (what, wire, how sure)
        let cases = [
            ("a start", "00000014 00030000 75736572 00 61 00 00 00", Some(95)),
            ("TLS asked for", "00000008 04d2162f", Some(96)),
            ("Kerberos asked for", "00000008 04d21630", Some(96)),
            ("a version there is not", "00000014 00040000 7573", None),
            ("a length there is not", "00010008 04d2162f", None),
        ];
        for (what, wire, sure) in cases {
            let (found, notes) = look(&PROTOCOL, &sight(Over::Tcp, true, 54_320, &hex(wire)));
            let expected = sure.map_or(Look::No, |sure| Look::Is(Found::served_by(sure, Side::Resp)));
            assert_eq!(found, expected, "{what}");
            assert!(notes.notes.is_empty());
        }
        let bytes = hex(cases[0].1);
        assert_eq!(believed_from(&PROTOCOL, &sight(Over::Tcp, true, 5432, &bytes)), Some(9));
    }
}
